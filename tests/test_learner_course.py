from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from learner.attempt import Attempt
from learner.course import course
from learner.mastery import Studied, mastery, studied

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
STAGES = {"attention": "foundations", "loss": "foundations", "lora": "fine-tuning", "vllm": "inference"}


def answers(concept: str, *days_ago: float, correct: bool = True) -> list[Attempt]:
    return [
        Attempt(f"{concept}{n}", "me", concept, correct, NOW - timedelta(days=ago), fact=f"{n}", score=float(correct))
        for n, ago in enumerate(days_ago)
    ]


def concepts(*attempts: list[Attempt]) -> dict[str, Studied]:
    known = [studied(given) for given in attempts]
    return {one.concept: one for one in known if one is not None}


def test_it_ends_with_what_is_mastered_now_and_begins_with_nothing() -> None:
    given = answers("attention", 9, 6, 2)
    moments = course(concepts(given), STAGES, NOW)
    assert (moments[0].day, moments[-1].day) == (date(2026, 11, 12), date(2026, 11, 22))
    assert moments[0].stages == {"foundations": 0.0}
    assert moments[-1].stages["foundations"] == mastery(given, NOW).value / 2  # of two concepts


def test_each_day_shows_what_the_answers_until_its_end_had_shown() -> None:
    given = answers("attention", 9, 6, 2)
    moments = {moment.day: moment.stages["foundations"] for moment in course(concepts(given), STAGES, NOW)}
    end = datetime(2026, 11, 18, tzinfo=UTC)
    assert moments[date(2026, 11, 17)] == mastery([one for one in given if one.at <= end], end).value / 2


def test_what_is_not_practised_is_forgotten() -> None:
    line = [moment.stages["foundations"] for moment in course(concepts(answers("attention", 30, 28)), STAGES, NOW)]
    assert max(line) > line[-1] > 0
    assert line[-5:] == sorted(line[-5:], reverse=True)


def test_only_stages_with_answers_have_a_line() -> None:
    moments = course(concepts(answers("lora", 3), answers("vllm", 1)), STAGES, NOW)
    assert moments[-1].stages.keys() == {"fine-tuning", "inference"}
    assert [moment.stages["inference"] for moment in moments if moment.day < date(2026, 11, 21)] == [0.0, 0.0, 0.0]


def test_a_long_record_is_told_at_so_many_moments_and_no_more() -> None:
    moments = course(concepts(answers("attention", 700, 1)), STAGES, NOW, moments=40)
    assert len(moments) == 40
    assert (moments[0].day, moments[-1].day) == (date(2024, 12, 21), date(2026, 11, 22))


def test_days_are_those_of_the_readers_time_zone() -> None:
    east = timezone(timedelta(hours=14))
    assert course(concepts(answers("lora", 0)), STAGES, NOW, east)[-1].day == date(2026, 11, 23)


@pytest.mark.parametrize(
    "held", [pytest.param({}, id="nothing"), pytest.param(concepts(answers("gone", 3)), id="a note that is gone")]
)
def test_there_is_no_course_of_what_no_note_is_on(held: dict[str, Studied]) -> None:
    assert course(held, STAGES, NOW) == []
