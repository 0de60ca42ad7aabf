from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from learner.attempt import Attempt
from learner.mastery import Studied, studied
from learner.pace import time_left

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NEW = {"kv-cache": "new", "vllm": "new"}


def concept(id: str, days_ago: Sequence[float], *, correct: bool = True, seconds: float | None = None) -> Studied:
    known = studied(
        Attempt(f"{id}{n}", "me", id, correct, NOW - timedelta(days=ago), fact=f"{n}", score=float(correct), seconds=seconds)
        for n, ago in enumerate(days_ago)
    )  # fmt: skip
    assert known is not None
    return known


def record(*known: Studied) -> dict[str, Studied]:
    return {one.concept: one for one in known}


def learned(id: str, first_days_ago: float, seconds: float | None = None) -> Studied:
    """A concept that was answered right every other day, five times."""
    return concept(id, [first_days_ago - 2 * n for n in range(5)], seconds=seconds)


@pytest.fixture
def steady() -> dict[str, Studied]:
    """Five answers in the last week, six in the one before, five in the one before that: four concepts known."""
    return record(*(learned(f"c{n}", 27 - 7 * n, seconds=30.0) for n in (0, 1, 2)), learned("c3", 8.5, seconds=30.0))


def test_a_way_takes_as_many_answers_as_the_known_concepts_took(steady: dict[str, Studied]) -> None:
    left = time_left(steady, NEW, NOW)
    assert left is not None
    assert left.answers == (8, 8)  # each of the four was known at its fourth answer
    assert left.weekly == (5, 6)  # the quartiles of 5, 6 and 5 are 5 and 5.5
    assert (left.days_low, left.days_high) == (11, 12)  # 8 answers at 5.5 and at 5 a week
    assert left.minutes == (4, 4)


def test_answers_given_already_count_and_a_refresher_takes_one(steady: dict[str, Studied]) -> None:
    held = steady | record(concept("kv-cache", [3]))
    left = time_left(held, {"kv-cache": "weak", "c0": "refresh"}, NOW)
    assert left is not None and left.answers == (4, 4)


def test_a_week_without_answers_leaves_the_end_open() -> None:
    held = record(learned("a", 27), learned("b", 26), learned("c", 25))
    left = time_left(held, NEW, NOW)
    assert left is not None
    assert left.days_high is None


def test_it_takes_no_less_than_the_pauses_between_the_answers(steady: dict[str, Studied]) -> None:
    left = time_left(steady, {"kv-cache": "new"}, NOW)
    assert left is not None and left.days_low >= 6  # the fourth answer came six days after the first


@pytest.mark.parametrize(
    "held",
    [
        pytest.param({}, id="nothing answered"),
        pytest.param(record(learned("a", 27), learned("b", 20)), id="two concepts known"),
        pytest.param(
            record(*(concept(id, [27 - n for n in range(9)], correct=False) for id in "abcd")), id="all wrong"
        ),
        pytest.param(record(*(concept(id, [4, 3, 2, 1, 0.5, 0]) for id in "abcd")), id="less than a week"),
        pytest.param(record(*(learned(id, 90) for id in "abcd")), id="nothing for months"),
    ],
)
def test_nothing_is_said_of_a_record_that_is_too_short(held: dict[str, Studied]) -> None:
    assert time_left(held, NEW, NOW) is None


def test_minutes_are_told_only_where_answers_were_timed() -> None:
    left = time_left(record(*(learned(f"c{n}", 27 - 6 * n) for n in range(4))), NEW, NOW)
    assert left is not None and left.minutes is None
