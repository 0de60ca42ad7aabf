"""How well a concept is mastered, as far as the attempts on it show, and how sure that is.

Each answer is evidence of a weight

    w = (0.3 + 0.7 * min(1, days since the concept was last answered)) * 0.5 ^ hints * score

A first answer counts as half a day later (w = 0.65); the same fact again within a day counts half. The hints and the
score count for right answers only; a wrong one that was right in part weighs 1 - score / 2 of its delay. What is
known is Beta(0.25 + a, 0.75 + b) with the mean m; a right answer that could be guessed with the chance g counts by the
chance r that it was known:

    right:  a += w * r,  r = m / (m + (1 - m) * g)        b *= 0.8 ^ w
    wrong:  b += w                                        a *= 0.8 ^ w

so that newer evidence makes up for older one; a and b stay below 12. What is known is recalled with the chance
c * R(t): R is FSRS's retrievability, 1 just after an answer; c tells how far the last answers proved that it came back.

    right:  c = c * R + w * (1 - c * R)      wrong:  c = c * R      (R just before; before the first answer c * R = 1)

Mastery is (m - 0.25) / 0.75 * c * R, at least 0: what was shown beyond what is believed of one who has shown nothing.
Its bounds are the same for the 10 % and the 90 % quantile of the Beta distribution in the place of m. So a right answer
never lowers it, a wrong one never raises it, silence lowers it; after a pause one delayed right answer restores what
took many to build, a repetition within minutes of a wrong answer does not.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from learner.attempt import Attempt
from learner.beta import quantile
from learner.schedule import GUESS, GUESS_UNKNOWN, Card, retrievability, review

_PRIOR: Final = (0.25, 0.75)
_PRESUMED: Final = _PRIOR[0] / sum(_PRIOR)
_AT_ONCE: Final = 0.3
_FIRST: Final = 0.65
_REPEATED: Final = 0.5
_PER_HINT: Final = 0.5
_FADE: Final = 0.8
_MOST: Final = 12.0
_SHARES: Final = (0.1, 0.9)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Mastery:
    """How far a concept is mastered now, from 0 to 1, between `low` and `high` with a chance of 80 %.

    `settled` is the lower bound without forgetting: what a refresher would bring back. `retrievability` is the chance
    of recall, 0 where there was no attempt; `last` and `due` are None then.
    """

    value: float
    low: float
    high: float
    settled: float
    attempts: int
    correct: int
    retrievability: float
    last: datetime | None = None
    due: datetime | None = None


@dataclass(frozen=True, slots=True)
class Belief:
    """What the attempts on one concept show: a, b and c after the last, and when the last day's facts were asked."""

    known: float = 0.0
    unknown: float = 0.0
    recalled: float = 1.0
    attempts: int = 0
    correct: int = 0
    asked: Mapping[str, datetime] = field(default_factory=dict[str, datetime])


@dataclass(frozen=True, slots=True)
class Shown:
    """What the attempts until one of them had shown: the mastery when recalled, and what its recall follows from."""

    at: datetime
    value: float
    recalled: float
    card: Card


@dataclass(frozen=True, slots=True)
class Studied:
    """A concept with the attempts on it, in the order of time, and what follows from them; `course` is for each."""

    concept: str
    attempts: tuple[Attempt, ...]
    card: Card
    belief: Belief
    course: tuple[Shown, ...]


def studied(attempts: Iterable[Attempt], before: Studied | None = None) -> Studied | None:
    """Return what follows from attempts on one concept, further to what is known before; None where there are none."""
    given = sorted(attempts, key=_place)
    if not given:
        return before
    if before and _place(given[0]) < _place(before.attempts[-1]):  # one that came late, from a file
        return studied([*before.attempts, *given])
    card, belief = (before.card, before.belief) if before else (None, Belief())
    course: list[Shown] = []
    for attempt in given:
        belief = _believe(belief, card, attempt)
        card = review(card, attempt)
        course.append(Shown(attempt.at, _shown(_mean(belief)), belief.recalled, card))
    assert card is not None
    attempts_before, course_before = (before.attempts, before.course) if before else ((), ())
    return Studied(given[0].concept, (*attempts_before, *given), card, belief, (*course_before, *course))


def mastery(attempts: Iterable[Attempt], now: datetime) -> Mastery:
    """Return how well one concept is mastered now, from the attempts on it."""
    return mastery_of(studied(attempts), now)


def mastery_of(concept: Studied | None, now: datetime) -> Mastery:
    """Return how well a concept is mastered now; None is one without attempts."""
    belief = concept.belief if concept else Belief()
    low, high = (_shown(quantile(share, *_shape(belief))) for share in _SHARES)
    if concept is None:
        return Mastery(0.0, 0.0, high, 0.0, 0, 0, 0.0)
    recall = recall_of(concept, now)
    value = _shown(_mean(belief))
    card = concept.card
    return Mastery(
        value * recall, low * recall, high * recall, low, belief.attempts, belief.correct, recall, card.last, card.due
    )


def recall_of(concept: Studied, now: datetime) -> float:
    """Return the chance that what is known of a concept is recalled now."""
    return concept.belief.recalled * retrievability(concept.card, now)


def value_at(concept: Studied, moment: datetime) -> float:
    """Return the mastery of a concept as it was at a moment, from the attempts until then."""
    count = bisect_right(concept.course, moment, key=lambda shown: shown.at)
    if count == 0:
        return 0.0
    shown = concept.course[count - 1]
    return shown.value * (shown.recalled * retrievability(shown.card, moment))


def weight(attempt: Attempt, previous: datetime | None, asked: Mapping[str, datetime]) -> float:
    """Return how much an answer counts as evidence.

    `previous` is when the concept was last answered, `asked` when each fact was.
    """
    if previous is None:
        delay = _FIRST
    else:
        delay = _AT_ONCE + (1 - _AT_ONCE) * min(1.0, max(0.0, (attempt.at - previous) / _DAY))
    if attempt.fact in asked and attempt.at - asked[attempt.fact] < _DAY:
        delay *= _REPEATED
    if not attempt.correct:
        return delay * (1 - attempt.score / 2)
    # A right answer without a score is one from elsewhere.
    return delay * _PER_HINT**attempt.hints * (attempt.score or 1.0)


def _place(attempt: Attempt) -> tuple[datetime, str]:
    return attempt.at, attempt.id


def _believe(belief: Belief, card: Card | None, attempt: Attempt) -> Belief:
    w = weight(attempt, card.last if card else None, belief.asked)
    recalled = belief.recalled * retrievability(card, attempt.at) if card else 1.0
    known, unknown = belief.known, belief.unknown
    if attempt.correct:
        mean = _mean(belief)
        guess = GUESS.get(attempt.type, GUESS_UNKNOWN)
        known = min(_MOST, known + w * mean / (mean + (1 - mean) * guess))
        unknown *= _FADE**w
        recalled += w * (1 - recalled)
    else:
        known *= _FADE**w
        unknown = min(_MOST, unknown + w)
    asked = {fact: at for fact, at in belief.asked.items() if attempt.at - at < _DAY}
    if attempt.fact:
        asked[attempt.fact] = attempt.at
    return Belief(known, unknown, recalled, belief.attempts + 1, belief.correct + attempt.correct, asked)


def _shape(belief: Belief) -> tuple[float, float]:
    return _PRIOR[0] + belief.known, _PRIOR[1] + belief.unknown


def _mean(belief: Belief) -> float:
    a, b = _shape(belief)
    return a / (a + b)


def _shown(share: float) -> float:
    return max(0.0, (share - _PRESUMED) / (1 - _PRESUMED))
