from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from learner_stores import NOON, attempt

from learner.attempt import Attempt
from learner.mastery import Mastery, mastery, studied, weight
from learner.schedule import GUESS

DAY = timedelta(days=1)


def spaced(correct: str, days: float = 3, **fields: Any) -> list[Attempt]:
    """Answers some days apart: "+" is right, "-" is wrong; each on a fact of its own."""
    return [
        attempt(str(n), hours=24 * days * n, correct=sign == "+", **({"type": "numeric", "fact": f"f{n}"} | fields))
        for n, sign in enumerate(correct)
    ]


def at_last(attempts: list[Attempt]) -> Mastery:
    return mastery(attempts, attempts[-1].at)


def test_nothing_tried_is_nothing_shown_and_all_open() -> None:
    # The bounds of Beta(0.25, 0.75): 0.000152 and 0.790604, beyond a presumed 0.25.
    nothing = mastery([], NOON)
    assert (nothing.value, nothing.low, nothing.settled, nothing.attempts) == (0, 0, 0, 0)
    assert nothing.high == pytest.approx((0.790603620174074 - 0.25) / 0.75, abs=1e-9)
    assert (nothing.last, nothing.due, nothing.retrievability) == (None, None, 0)


def test_the_first_right_answer_counts_by_the_formula() -> None:
    # w = 0.65; r = 0.25 / (0.25 + 0.75 * 0.02) = 0.943396; a = 0.613208; m = 0.863208 / 1.613208 = 0.535088.
    assert at_last(spaced("+")).value == pytest.approx((0.5350877 - 0.25) / 0.75, abs=1e-6)


def test_a_delayed_second_answer_counts_by_the_formula() -> None:
    # w = 1; m = 0.535088 before, r = 0.535088 / (0.535088 + 0.464912 * 0.02) = 0.982918; a = 1.596126;
    # m = 1.846126 / 2.596126 = 0.711108. Recall is 1 again: c = R + 1 * (1 - R).
    found = at_last(spaced("++"))
    assert found.value == pytest.approx((0.7111080 - 0.25) / 0.75, abs=1e-6)
    assert found.retrievability == 1


def test_a_wrong_answer_counts_by_the_formula_and_restores_no_recall() -> None:
    # b = 1; a = 0.613208 * 0.8 = 0.490566; m = 0.740566 / 2.490566 = 0.297349. R after 3 days at a stability of 2.3065:
    # (1 + (0.9 ^ (-1 / 0.1542) - 1) * 3 / 2.3065) ^ -0.1542 = 0.880948.
    found = at_last(spaced("+-"))
    assert found.retrievability == pytest.approx(0.880948, abs=1e-6)
    assert found.value == pytest.approx((0.2973485 - 0.25) / 0.75 * 0.880948, abs=1e-6)


@pytest.mark.parametrize(
    ("fields", "hours_ago", "expected"),
    [
        ({}, None, 0.65),
        ({}, 0, 0.3),
        ({}, 12, 0.65),
        ({}, 24, 1.0),
        ({}, 2400, 1.0),
        ({"hints": 1}, 24, 0.5),
        ({"hints": 2}, 24, 0.25),
        ({"score": 0.5}, 24, 0.5),
        ({"score": 0.0}, 24, 1.0),
        ({"correct": False}, 24, 1.0),
        ({"correct": False, "hints": 2}, 24, 1.0),
        ({"correct": False, "score": 0.5}, 24, 0.75),
        ({"fact": "same"}, 0, 0.15),
        ({"fact": "same"}, 48, 1.0),
        ({"fact": "other"}, 0, 0.3),
    ],
)
def test_an_answer_weighs(fields: dict[str, Any], hours_ago: float | None, expected: float) -> None:
    now = attempt("2", **fields)
    previous = None if hours_ago is None else now.at - timedelta(hours=hours_ago)
    asked = {} if previous is None else {"same": previous}
    assert weight(now, previous, asked) == pytest.approx(expected)


def test_delayed_answers_count_for_more_than_immediate_ones() -> None:
    first = at_last(spaced("+")).value
    delayed, at_once = at_last(spaced("+++")).value, at_last(spaced("+++", days=1 / 1440)).value
    assert delayed - first > 2 * (at_once - first) > 0


def test_hinted_answers_count_for_less() -> None:
    assert at_last(spaced("+++", hints=2)).value < 0.7 * at_last(spaced("+++")).value


def test_an_answer_counts_for_less_the_easier_it_is_guessed() -> None:
    values = {kind: at_last(spaced("++", type=kind)).value for kind in GUESS}
    assert sorted(values, key=values.__getitem__) == sorted(GUESS, key=lambda kind: -GUESS[kind])
    assert values["true_false"] < 0.75 * values["numeric"]
    assert at_last(spaced("++", type="from elsewhere")).value == values["single_choice"]


def test_mastery_rises_with_success_and_becomes_surer() -> None:
    found = [at_last(spaced("+" * n)) for n in range(1, 8)]
    assert [round(one.value, 2) for one in found] == [0.38, 0.61, 0.72, 0.78, 0.82, 0.85, 0.87]
    widths = [one.high - one.low for one in found]
    assert widths[1:] == sorted(widths[1:], reverse=True)


def test_mastery_decays_in_silence() -> None:
    history = spaced("++++")
    values = [mastery(history, history[-1].at + days * DAY).value for days in (0, 1, 10, 30, 100, 1000)]
    assert values == sorted(values, reverse=True) and len(set(values)) == len(values)
    assert values[-1] < 0.8 * values[0]


def test_a_refresher_restores_at_once_what_took_many_answers() -> None:
    history = spaced("+++++", days=2)
    before = at_last(history).value
    later = history[-1].at + 200 * DAY
    assert mastery(history, later).value < 0.85 * before
    refreshed = mastery([*history, replace(history[-1], id="9", at=later)], later)
    assert refreshed.value > before
    assert at_last(history[:1]).value < before / 2


def test_settled_is_what_a_refresher_would_bring_back() -> None:
    history = spaced("+++++")
    now, later = at_last(history), mastery(history, history[-1].at + 300 * DAY)
    assert later.settled == now.settled == now.low > later.low


def test_a_repetition_right_after_a_wrong_answer_mends_little() -> None:
    history = spaced("++++", days=2)
    lapse = replace(history[-1], id="8", at=history[-1].at + 60 * DAY, correct=False, score=0.0, fact="z")
    again = replace(lapse, id="9", at=lapse.at + timedelta(minutes=2), correct=True, score=1.0)
    next_week = replace(again, id="10", at=lapse.at + 7 * DAY)
    values = [at_last(one).value for one in ([*history, lapse], [*history, lapse, again], [*history, lapse, next_week])]
    before = at_last(history).value
    assert values[0] < values[1] < (before + values[0]) / 2 < values[2]


def test_attempts_are_taken_in_the_order_of_time_whatever_the_order_given() -> None:
    history = spaced("+-++-")
    assert mastery(history[::-1], NOON + 90 * DAY) == mastery(history, NOON + 90 * DAY)


@pytest.mark.parametrize("split", [[0, 2, 5], [0, 5], [0, 1, 2, 3, 4, 5]], ids=str)
def test_attempts_may_come_bit_by_bit_and_late(split: list[int]) -> None:
    history = spaced("+-++-")
    parts = [history[a:b] for a, b in pairwise(split)]
    for order in (parts, parts[::-1]):
        state = None
        for part in order:
            state = studied(part, state)
        assert state == studied(history)


answered = st.builds(
    attempt,
    st.uuids().map(str),
    hours=st.floats(0, 5000),
    correct=st.booleans(),
    type=st.sampled_from([*GUESS, ""]),
    hints=st.integers(0, 5),
    fact=st.sampled_from(["", "a", "b"]),
    level=st.integers(1, 3),
    seconds=st.none() | st.floats(0, 1000),
)
histories = st.lists(answered, min_size=1, max_size=12)


@settings(max_examples=150, deadline=None)
@given(histories, st.floats(0, 4000))
def test_mastery_lies_within_its_bounds_and_never_rises_in_silence(history: list[Attempt], days: float) -> None:
    now = mastery(history, NOON + timedelta(hours=5000))
    later = mastery(history, NOON + timedelta(hours=5000) + days * DAY)
    for one in (now, later):
        assert 0 <= one.low <= one.value <= one.high <= 1
        assert 0 < one.retrievability <= 1
    assert later.value <= now.value and later.high <= now.high


@settings(max_examples=150, deadline=None)
@given(histories, answered, st.floats(0, 3000))
def test_a_right_answer_never_lowers_mastery_and_a_wrong_one_never_raises_it(
    history: list[Attempt], one: Attempt, hours: float
) -> None:
    at = NOON + timedelta(hours=5000 + hours)
    before = mastery(history, at)
    one = replace(one, id="~", at=at)  # the last one, also where another came at the same moment
    right = mastery([*history, replace(one, correct=True, score=1.0)], at)
    wrong = mastery([*history, replace(one, correct=False, score=0.0)], at)
    tiny = 1e-9
    assert right.value >= before.value - tiny and right.low >= before.low - tiny and right.high >= before.high - tiny
    assert wrong.value <= before.value + tiny and wrong.low <= before.low + tiny and wrong.high <= before.high + tiny
