"""How long a way will take a learner, going by the pace they have shown; or that it cannot be told yet."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median, quantiles
from typing import Final

from learner.attempt import Attempt
from learner.mastery import Studied, mastery_of, studied
from learner.progress import KNOWN, Concepts

KNOWN_NEEDED: Final = 3  # concepts that became known, before anything is said of the next ones
DAYS_NEEDED: Final = 7  # since the first answer
_LOOKED_AT: Final = 30  # concepts that became known, the latest ones
_WEEK: Final = timedelta(days=7)
_WEEKS: Final = 4
_TIMED_NEEDED: Final = 10
_LONGEST_S: Final = 600.0  # an answer that took longer was left open


@dataclass(frozen=True, slots=True)
class TimeLeft:
    """What is left of a way, each from the lower to the upper quartile of what the learner needed so far.

    `days_high` is None where no end is in sight: some of the last weeks had no answers. `minutes` are those of
    answering, None where too few answers were timed.
    """

    answers: tuple[int, int]
    weekly: tuple[int, int]
    days_low: int
    days_high: int | None
    minutes: tuple[int, int] | None


def time_left(concepts: Concepts, steps: Mapping[str, str], now: datetime) -> TimeLeft | None:
    """Return what is left of a way, if all answers go to it; None where the record is too short to tell.

    `steps` are the concepts on the way with their states: "new", "weak" or "refresh".
    """
    needed = [found for known in _latest(concepts, now) if (found := _needed(known)) is not None]
    attempts = [attempt for known in concepts.values() for attempt in known.attempts]
    first = min((attempt.at for attempt in attempts), default=now)
    if len(needed) < KNOWN_NEEDED or now - first < timedelta(days=DAYS_NEEDED):
        return None
    counts = _quartiles(count for count, _ in needed)
    weekly = _weekly(attempts, first, now)
    if weekly[1] == 0:
        return None
    low, high = (
        math.ceil(sum(_left(concept, state, count, concepts) for concept, state in steps.items())) for count in counts
    )
    # However many answers a day: what comes back after a pause only is known only after it.
    pause = _quartiles(days for _, days in needed)[0] if any(state != "refresh" for state in steps.values()) else 0.0
    return TimeLeft(
        answers=(low, high),
        weekly=(round(weekly[0]), round(weekly[1])),
        days_low=math.ceil(max(low / weekly[1] * 7, pause, 1)),
        days_high=math.ceil(max(high / weekly[0] * 7, pause, 1)) if weekly[0] else None,
        minutes=_minutes(attempts, low, high),
    )


def _latest(concepts: Concepts, now: datetime) -> list[Studied]:
    known = [one for one in concepts.values() if mastery_of(one, now).settled >= KNOWN]
    return sorted(known, key=lambda one: one.attempts[-1].at)[-_LOOKED_AT:]


def _needed(known: Studied) -> tuple[int, float] | None:
    """Return how many answers, and how many days, a concept took to be known for the first time."""
    state: Studied | None = None
    for count, attempt in enumerate(known.attempts, 1):
        state = studied([attempt], state)
        if mastery_of(state, attempt.at).settled >= KNOWN:
            return count, (attempt.at - known.attempts[0].at) / timedelta(days=1)
    return None


def _left(concept: str, state: str, count: float, concepts: Concepts) -> float:
    if state == "refresh":
        return 1.0
    given = len(concepts[concept].attempts) if concept in concepts else 0
    return max(1.0, count - given)


def _weekly(attempts: Sequence[Attempt], first: datetime, now: datetime) -> tuple[float, float]:
    """Return how many answers a week has, going by the last four, or by as many as there were."""
    weeks = min(_WEEKS, (now - first) // _WEEK)
    counts = [sum(now - (n + 1) * _WEEK < attempt.at <= now - n * _WEEK for attempt in attempts) for n in range(weeks)]
    return _quartiles(counts)


def _minutes(attempts: Sequence[Attempt], low: int, high: int) -> tuple[int, int] | None:
    timed = [attempt.seconds for attempt in attempts if attempt.seconds is not None and attempt.seconds <= _LONGEST_S]
    if len(timed) < _TIMED_NEEDED:
        return None
    each = median(timed) / 60
    return math.ceil(low * each), math.ceil(high * each)


def _quartiles(values: Iterable[float]) -> tuple[float, float]:
    held = list(values)
    if len(held) == 1:
        return held[0], held[0]
    lower, _, upper = quantiles(held, n=4, method="inclusive")
    return lower, upper
