from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from learner_stores import NOON, attempt

from learner.attempt import Attempt
from learner.mastery import Studied, mastery_of, studied
from learner.progress import Day, due, forecast, history, progress, stages, streak, weak_spots

DAY = timedelta(days=1)


def concepts(**answers: list[Attempt]) -> Mapping[str, Studied]:
    found = {name.replace("_", "-"): studied(given) for name, given in answers.items()}
    return {name: one for name, one in found.items() if one}


def on(concept: str, signs: str, *, days: float = 3, first: float = 0) -> list[Attempt]:
    """Answers on a concept some days apart, the first one so many days after noon: "+" is right, "-" is wrong."""
    return [
        attempt(
            f"{concept}{n}",
            concept=concept,
            hours=24 * (first + days * n),
            correct=sign == "+",
            type="numeric",
            fact=str(n),
        )
        for n, sign in enumerate(signs)
    ]


def test_what_is_due_comes_the_least_likely_recalled_first() -> None:
    known = concepts(
        old=on("old", "+"),
        older=on("older", "+", first=-20),
        new=on("new", "+", first=6),
        wrong=on("wrong", "+-", days=6),
    )
    now = NOON + timedelta(days=7)
    found = due(known, now)
    assert [one.concept for one in found] == ["older", "wrong", "old"]
    assert [round(one.overdue_days, 2) for one in found] == [25.0, 0.99, 5.0]
    assert [one.recall for one in found] == [
        mastery_of(known[one.concept], now).retrievability for one in found
    ] and found[0].recall < found[1].recall  # fmt: skip


def test_nothing_is_due_before_its_time_and_it_is_at_its_time() -> None:
    known = concepts(a=on("a", "+"))
    at = known["a"].card.due
    assert due(known, at - timedelta(seconds=1)) == []
    assert [one.overdue_days for one in due(known, at)] == [0]
    assert due({}, at) == []


def test_the_forecast_counts_what_is_overdue_today_and_each_concept_once() -> None:
    known = concepts(
        late=on("late", "+", first=-9), today=on("today", "+", first=-2), soon=on("soon", "+"), far=on("far", "++++")
    )
    assert known["soon"].card.due == NOON + 2 * DAY
    assert forecast(known, NOON, days=4) == [
        (date(2026, 3, 1), 2), (date(2026, 3, 2), 0), (date(2026, 3, 3), 1), (date(2026, 3, 4), 0),
    ]  # fmt: skip


def test_days_are_those_of_the_readers_zone() -> None:
    late = concepts(a=[attempt("1", hours=11.5)])  # 23:30 in UTC
    assert history(late) == [Day(date(2026, 3, 1), 1, 1, 1)]
    assert history(late, timezone(timedelta(hours=8))) == [Day(date(2026, 3, 2), 1, 1, 1)]
    assert forecast(late, NOON + DAY / 2, 1, timezone(timedelta(hours=8)))[0] == (date(2026, 3, 2), 0)


def test_the_history_counts_each_day_over_all_concepts() -> None:
    known = concepts(a=on("a", "+-+", days=0.1), b=on("b", "-+", days=1))
    assert history(known) == [Day(date(2026, 3, 1), 4, 2, 2), Day(date(2026, 3, 2), 1, 1, 1)]


@pytest.mark.parametrize(
    ("days", "length"),
    [([], 0), ([9, 8, 7, 5], 3), ([8, 7], 2), ([7, 6], 0), ([9], 1), ([10], 0)],
    ids=["never", "until today", "until yesterday", "until before", "only today", "only tomorrow"],
)
def test_a_streak_is_of_days_in_a_row_until_today_or_yesterday(days: list[int], length: int) -> None:
    assert streak([date(2026, 3, day) for day in days], date(2026, 3, 9)) == length


PREREQUISITES = {"wrong": ["base", "known", "tried"], "shaky": ["base"], "strong": ["other"]}


def test_weak_spots_are_what_goes_wrong_and_what_it_builds_on() -> None:
    known = concepts(
        wrong=on("wrong", "+--", days=1, first=17),
        once=on("once", "-", first=19),
        shaky=on("shaky", "+-+-+-", days=5, first=-20),
        strong=on("strong", "+++++", days=4),
        mended=on("mended", "--+++++", days=2, first=5),
        fresh=on("fresh", "+", first=19),
        known=on("known", "+++++", days=4),
        tried=on("tried", "++", days=2, first=17),
    )
    now = NOON + 20 * DAY
    mastery = {concept: mastery_of(one, now) for concept, one in known.items()}
    found = weak_spots(known, mastery, now, PREREQUISITES)
    assert [(weak.concept, weak.reason, weak.wrong, weak.needed_by) for weak in found] == [
        ("wrong", "wrong_lately", 2, ""),
        ("once", "wrong_lately", 1, ""),
        ("shaky", "low_mastery", 0, ""),
        ("base", "prerequisite", 0, "wrong"),
        ("tried", "prerequisite", 0, "wrong"),
    ]
    assert found[0].mastery == mastery["wrong"]
    assert found[3].mastery.attempts == 0


def test_a_weak_spot_that_is_mended_is_none() -> None:
    wrong = on("a", "--", days=1)
    right = [attempt(f"r{n}", concept="a", hours=24 * (3 + 3 * n), type="numeric", fact=f"r{n}") for n in range(5)]
    for answers, weak in ((wrong, ["a"]), (wrong + right, [])):
        known = concepts(a=answers)
        now = answers[-1].at + DAY
        found = weak_spots(known, {"a": mastery_of(known["a"], now)}, now, {})
        assert [one.concept for one in found] == weak


def test_a_stage_counts_what_was_never_tried_as_nothing() -> None:
    known = concepts(a=on("a", "+++++"), b=on("b", "+"), gone=on("gone", "+"))
    mastery = {concept: mastery_of(one, NOON + 20 * DAY) for concept, one in known.items()}
    found = stages(mastery, {"a": "inference", "x": "inference", "b": "foundations", "y": "evaluation"})
    assert [(one.stage, one.known, one.studied, one.concepts) for one in found] == [
        ("inference", 1, 1, 2), ("foundations", 0, 1, 1), ("evaluation", 0, 0, 1),
    ]  # fmt: skip
    assert found[0].mastery == mastery["a"].value / 2
    assert found[2].mastery == 0


def test_progress_is_all_of_it_at_one_moment() -> None:
    known = concepts(a=on("a", "+-"), b=on("b", "+", first=3))
    now = datetime(2026, 3, 5, tzinfo=UTC)
    found = progress(known, now, stage_of={"a": "inference"}, prerequisites={})
    assert (found.attempts, found.correct, found.streak) == (3, 2, 1)
    assert found.mastery == {concept: mastery_of(one, now) for concept, one in known.items()}
    assert [one.concept for one in found.due] == ["a"]
    assert [day.attempts for day in found.history] == [1, 2]
    assert sum(count for _, count in found.forecast) == 2
    assert found.stages[0].studied == 1


def test_progress_of_nothing_is_empty_but_whole() -> None:
    found = progress({}, NOON, stage_of={"a": "inference"}, prerequisites={})
    assert (found.attempts, found.streak, found.due, found.weak, found.history) == (0, 0, [], [], [])
    assert [one.concepts for one in found.stages] == [1]
    assert len(found.forecast) == 14
