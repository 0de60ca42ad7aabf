"""When a concept is due again: FSRS over the attempts on it, by the time that really passed between them.

All attempts on a concept go to FSRS, in order, with their own times. Five items on one concept in one sitting are not
five spaced reviews: within 24 hours of the last answer FSRS uses its same-day formula, in which right answers raise a
fresh stability to about two days and leave a higher one as it is, while wrong ones lower it. Only "easy" would still
let it grow, so a same-day answer is never rated easy.

A wrong answer, or a first one with help, brings the concept back within minutes (one learning step); any other right
answer sends it days ahead. The intervals are not fuzzed: the same attempts give the same schedule.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Final, Literal

from learner.attempt import Attempt

if TYPE_CHECKING:
    import fsrs

Rating = Literal["again", "hard", "good", "easy"]

RETENTION: Final = 0.9  # the chance of recall at which a concept is due
SAME_DAY: Final = timedelta(days=1)  # FSRS's own border between its two formulas
FAST_S: Final = 15.0
_STEP: Final = timedelta(minutes=10)
_DAY_S: Final = 86_400.0

# The chance of a right answer by one who does not know: one of two, one of four, or of the many ways to choose, match
# or order four; hardly any where the answer is one's own. An unknown type counts as a choice of four.
GUESS: Final[dict[str, float]] = {
    "true_false": 0.5, "single_choice": 0.25, "reading": 0.25, "multiple_choice": 0.1, "matching": 0.05,
    "ordering": 0.05, "cloze": 0.05, "numeric": 0.02, "short_answer": 0.02,
}  # fmt: skip
GUESS_UNKNOWN: Final = 0.25


@dataclass(frozen=True, slots=True)
class Card:
    """What FSRS knows of a concept; `stability` in days, `difficulty` from 1 to 10."""

    stability: float
    difficulty: float
    due: datetime
    last: datetime
    state: int
    step: int | None


def rating(attempt: Attempt, previous: datetime | None) -> Rating:
    """Return how well an answer went, in FSRS's words; `previous` is when the concept was last answered.

    Wrong is "again"; right with hints or in part is "hard"; right is "good". Right is "easy" where it was retained and
    came without effort: at least a day after the last answer, alone, in full, judged by us, of a type that is hard to
    guess, and at the level of analysis or within 15 seconds. A first answer retained nothing: it is at most "good".
    """
    if not attempt.correct:
        return "again"
    if attempt.hints or 0 < attempt.score < 1:
        return "hard"
    was_retained = previous is not None and attempt.at - previous >= SAME_DAY
    is_sure = attempt.grader != "learner" and GUESS.get(attempt.type, GUESS_UNKNOWN) <= GUESS_UNKNOWN
    was_effortless = attempt.level == 3 or (attempt.seconds is not None and attempt.seconds <= FAST_S)
    return "easy" if was_retained and is_sure and was_effortless else "good"


def card(attempts: Iterable[Attempt]) -> Card | None:
    """Return the state after the attempts on one concept, in the order of time; None where there are none."""
    state: Card | None = None
    for attempt in attempts:
        state = review(state, attempt)
    return state


def review(before: Card | None, attempt: Attempt) -> Card:
    """Return the state after one more attempt, which is not before the last."""
    library, scheduler, ratings = _fsrs()
    at = attempt.at.astimezone(UTC)
    # With an id of its own a card is made at once; without, the library waits a millisecond to make one.
    card = library.Card(card_id=0, due=at)
    if before is not None:
        card.state, card.step = library.State(before.state), before.step
        card.stability, card.difficulty, card.last_review = before.stability, before.difficulty, before.last
    after, _ = scheduler.review_card(card, ratings[rating(attempt, before.last if before else None)], at)
    assert after.stability is not None and after.difficulty is not None
    return Card(after.stability, after.difficulty, after.due, at, after.state, after.step)


def retrievability(state: Card, at: datetime) -> float:
    """Return the chance that the concept can be recalled at a time: FSRS's forgetting curve, between whole days too."""
    days = max(0.0, (at - state.last).total_seconds() / _DAY_S)
    decay, factor = _curve()
    return (1 + factor * days / state.stability) ** decay


@cache
def _fsrs() -> "tuple[ModuleType, fsrs.Scheduler, dict[Rating, fsrs.Rating]]":
    import fsrs  # noqa: PLC0415 - loads late

    scheduler = fsrs.Scheduler(
        desired_retention=RETENTION, learning_steps=(_STEP,), relearning_steps=(_STEP,), enable_fuzzing=False
    )
    ratings: dict[Rating, fsrs.Rating] = {
        "again": fsrs.Rating.Again, "hard": fsrs.Rating.Hard, "good": fsrs.Rating.Good, "easy": fsrs.Rating.Easy
    }  # fmt: skip
    return fsrs, scheduler, ratings


@cache
def _curve() -> tuple[float, float]:
    """Return the decay and the factor of FSRS-6: the curve passes .9 where the days are the stability."""
    decay = -_fsrs()[1].parameters[20]
    return decay, 0.9 ** (1 / decay) - 1
