"""The reference is py-fsrs: its own tests (tests/test_basic.py at 3abe686, version 6.3.1, MIT) and its library."""

from datetime import UTC, datetime, timedelta
from typing import Any

import fsrs
import pytest
from hypothesis import given, settings
from hypothesis.strategies import booleans, floats, lists, tuples
from learner_stores import NOON, attempt

from learner.attempt import Attempt
from learner.schedule import SAME_DAY, card, rating, retrievability

REFERENCE_START = datetime(2022, 11, 29, 12, 30, tzinfo=UTC)


def answers(gaps: list[tuple[float, bool]]) -> list[Attempt]:
    """Answers, each so many hours after the one before."""
    hours, made = 0.0, list[Attempt]()
    for n, (gap, correct) in enumerate(gaps):
        hours += gap
        made.append(attempt(f"{n:03}", hours=hours, correct=correct))
    return made


def test_stability_and_difficulty_are_those_of_the_reference() -> None:
    # test_memo_state: again, then good after 0, 1, 3, 8 and 21 days.
    days = [0, 0, 1, 3, 8, 21]
    state = card(answers([(24.0 * gap, n > 0) for n, gap in enumerate(days)]))
    assert state is not None
    assert state.stability == pytest.approx(53.62691, abs=1e-4)
    assert state.difficulty == pytest.approx(6.3574867, abs=1e-4)


def test_intervals_are_those_of_the_reference() -> None:
    # test_review_card: each answer when it is due. Its first interval is ten minutes (a second learning step); ours is
    # two days, so the second answer is given after ten minutes all the same.
    at, given_so_far, intervals = REFERENCE_START, list[Attempt](), list[int]()
    for n, correct in enumerate([True] * 6 + [False] * 2 + [True] * 5):
        given_so_far.append(Attempt(f"{n:02}", "anna", "kv-cache", correct, at, score=float(correct)))
        state = card(given_so_far)
        assert state is not None
        intervals.append((state.due - at).days)
        at = state.due if n else at + timedelta(minutes=10)
    assert intervals == [2, 2, 11, 46, 163, 498, 0, 0, 2, 4, 7, 12, 21]


@settings(deadline=None)  # the library is loaded in the first example
@given(lists(tuples(floats(0, 2000), booleans()), min_size=1, max_size=15))
def test_the_library_given_the_same_ratings_and_times_says_the_same(gaps: list[tuple[float, bool]]) -> None:
    step = (timedelta(minutes=10),)
    scheduler = fsrs.Scheduler(learning_steps=step, relearning_steps=step, enable_fuzzing=False)
    expected = fsrs.Card(card_id=1, due=NOON)
    for one in answers(gaps):
        grade = fsrs.Rating.Good if one.correct else fsrs.Rating.Again
        expected, _ = scheduler.review_card(expected, grade, one.at)
    state = card(answers(gaps))
    assert state is not None
    assert (state.stability, state.difficulty, state.due) == (expected.stability, expected.difficulty, expected.due)
    for days in (0, 1, 10, 400):
        at = state.last + timedelta(days=days)
        assert retrievability(state, at) == pytest.approx(scheduler.get_card_retrievability(expected, at), abs=1e-12)


@pytest.mark.parametrize(
    ("fields", "gap", "expected"),
    [
        ({"correct": False}, timedelta(days=3), "again"),
        ({"correct": False, "score": 0.8, "hints": 1}, None, "again"),
        ({"hints": 1}, timedelta(days=3), "hard"),
        ({"score": 0.5, "level": 3}, timedelta(days=3), "hard"),
        ({}, None, "good"),
        ({}, timedelta(days=3), "good"),
        ({"score": 0.0}, timedelta(days=3), "good"),
        ({"level": 3}, timedelta(days=3), "easy"),
        ({"level": 3}, SAME_DAY, "easy"),
        ({"level": 3}, timedelta(hours=23), "good"),
        ({"level": 3}, None, "good"),
        ({"level": 3, "type": "true_false"}, timedelta(days=3), "good"),
        ({"level": 3, "grader": "learner"}, timedelta(days=3), "good"),
        ({"level": 3, "hints": 1}, timedelta(days=3), "hard"),
        ({"seconds": 15.0, "type": "numeric"}, timedelta(days=3), "easy"),
        ({"seconds": 0.0, "type": "cloze"}, timedelta(days=3), "easy"),
        ({"seconds": 16.0}, timedelta(days=3), "good"),
        ({"seconds": 5.0}, timedelta(hours=1), "good"),
        ({"seconds": 5.0, "type": "true_false"}, timedelta(days=3), "good"),
    ],
)
def test_an_answer_is_rated(fields: dict[str, Any], gap: timedelta | None, expected: str) -> None:
    given_now = attempt("1", **fields)
    assert rating(given_now, None if gap is None else given_now.at - gap) == expected


def test_items_of_one_sitting_are_not_so_many_spaced_reviews() -> None:
    once = card(answers([(0, True)]))
    sitting = card([attempt(str(n), hours=n / 60, level=3, seconds=3.0, type="numeric") for n in range(8)])
    spaced = card(answers([(48.0, True)] * 8))
    assert once is not None and sitting is not None and spaced is not None
    assert sitting.stability == once.stability == 2.3065  # the initial stability of a good answer in FSRS-6
    assert spaced.stability > 20 * sitting.stability


def test_a_wrong_answer_brings_a_concept_back_within_minutes_and_a_right_one_after_days() -> None:
    wrong = card(answers([(0, False)]))
    mended = card(answers([(0, False), (0.2, True)]))
    assert wrong is not None and mended is not None
    assert wrong.due - wrong.last == timedelta(minutes=10)
    assert mended.due - mended.last == timedelta(days=1)


def test_what_really_passed_counts_not_what_was_planned() -> None:
    early, late = card(answers([(0, True), (24, True)])), card(answers([(0, True), (240, True)]))
    assert early is not None and late is not None
    assert late.stability > early.stability


def test_recall_falls_between_whole_days_and_is_nine_tenths_at_the_stability() -> None:
    state = card(answers([(0, True)]))
    assert state is not None
    recall = [retrievability(state, state.last + timedelta(hours=hours)) for hours in range(0, 72, 6)]
    assert recall == sorted(recall, reverse=True) and len(set(recall)) == len(recall)
    assert retrievability(state, state.last + timedelta(days=state.stability)) == pytest.approx(0.9, abs=1e-9)
    assert retrievability(state, state.last - timedelta(days=5)) == 1


def test_no_attempts_make_no_card() -> None:
    assert card([]) is None
