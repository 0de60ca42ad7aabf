"""How one learner is getting on: what is due, what will be, what is weak, and what was done.

Days are those of the time zone `zone`; `concepts` are a record's (see `learner.record`).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final, Literal

from learner.attempt import Attempt
from learner.mastery import Mastery, Studied, mastery_of, recall_of

KNOWN: Final = 0.3  # `Mastery.settled` of a known concept: three or four right answers over some days, not one sitting
WEAK: Final = 0.5
_ENOUGH: Final = 3  # attempts before a low mastery counts as a weak spot
_LATELY: Final = timedelta(days=14)
_LAST: Final = 5  # attempts on a concept that wrong answers are counted in

Concepts = Mapping[str, Studied]
WeakReason = Literal["wrong_lately", "low_mastery"]


@dataclass(frozen=True, slots=True)
class Due:
    """A concept to review; `overdue_days` since it was due, `recall` the chance that it is still recalled."""

    concept: str
    due: datetime
    overdue_days: float
    recall: float


@dataclass(frozen=True, slots=True)
class Weak:
    """A concept that goes badly: for a reason of its own, or `needed_by` a weak one that builds on it."""

    concept: str
    reason: WeakReason | Literal["prerequisite"]
    mastery: Mastery
    wrong: int  # of the last five attempts, within the last 14 days
    needed_by: str = ""


@dataclass(frozen=True, slots=True)
class Day:
    """What was done on one day."""

    day: date
    attempts: int
    correct: int
    concepts: int


@dataclass(frozen=True, slots=True)
class Stage:
    """How far a stage is mastered: the mean over all its concepts, those never tried counting as 0."""

    stage: str
    mastery: float
    known: int
    studied: int
    concepts: int


@dataclass(frozen=True, slots=True)
class Progress:
    """All of it at one moment."""

    at: datetime
    attempts: int
    correct: int
    streak: int  # days in a row
    mastery: Mapping[str, Mastery]
    due: Sequence[Due]
    forecast: Sequence[tuple[date, int]]
    weak: Sequence[Weak]
    history: Sequence[Day]
    stages: Sequence[Stage]
    concepts: Concepts  # what all of it follows from


def progress(
    concepts: Concepts,
    now: datetime,
    *,
    stage_of: Mapping[str, str],
    prerequisites: Mapping[str, Sequence[str]],
    zone: tzinfo = UTC,
) -> Progress:
    """Return how a learner is getting on; `stage_of` maps each concept there is to its stage."""
    mastery = {concept: mastery_of(known, now) for concept, known in concepts.items()}
    days = history(concepts, zone)
    return Progress(
        at=now,
        attempts=sum(known.belief.attempts for known in concepts.values()),
        correct=sum(known.belief.correct for known in concepts.values()),
        streak=streak([day.day for day in days], now.astimezone(zone).date()),
        mastery=mastery,
        due=due(concepts, now),
        forecast=forecast(concepts, now, zone=zone),
        weak=weak_spots(concepts, mastery, now, prerequisites),
        history=days,
        stages=stages(mastery, stage_of),
        concepts=concepts,
    )


def due(concepts: Concepts, now: datetime) -> list[Due]:
    """Return the concepts due by now, the one least likely to be recalled first."""
    found = [
        Due(concept, known.card.due, (now - known.card.due) / timedelta(days=1), recall_of(known, now))
        for concept, known in concepts.items()
        if known.card.due <= now
    ]
    return sorted(found, key=lambda one: (one.recall, one.due, one.concept))


def forecast(concepts: Concepts, now: datetime, days: int = 14, zone: tzinfo = UTC) -> list[tuple[date, int]]:
    """Return how many concepts come due on each of the next days, today with all that is overdue first."""
    today = now.astimezone(zone).date()
    count = Counter(max(today, known.card.due.astimezone(zone).date()) for known in concepts.values())
    return [(day, count[day]) for day in (today + timedelta(days=n) for n in range(days))]


def weak_spots(
    concepts: Concepts, mastery: Mapping[str, Mastery], now: datetime, prerequisites: Mapping[str, Sequence[str]]
) -> list[Weak]:
    """Return what goes badly, the most often wrong and least mastered first.

    A concept is weak where two of its last five answers, or the only one, were wrong within 14 days and it is not
    mastered since; or where three attempts or more leave its mastery below one half. What a weak concept builds on
    is weak too, where it is not known.
    """
    own = [weak for concept, known in concepts.items() if (weak := _weak(known, mastery[concept], now))]
    own.sort(key=lambda weak: (-weak.wrong, weak.mastery.value, weak.concept))
    found = {weak.concept: weak for weak in own}
    unseen = mastery_of(None, now)
    for weak in own:
        for needed in prerequisites.get(weak.concept, ()):
            known = mastery.get(needed, unseen)
            if known.settled < KNOWN and needed not in found:
                found[needed] = Weak(needed, "prerequisite", known, 0, weak.concept)
    return list(found.values())


def history(concepts: Concepts, zone: tzinfo = UTC) -> list[Day]:
    """Return what was done on each day with attempts, the first day first."""
    days: dict[date, list[Attempt]] = {}
    for known in concepts.values():
        for attempt in known.attempts:
            days.setdefault(attempt.at.astimezone(zone).date(), []).append(attempt)
    return [
        Day(day, len(done), sum(a.correct for a in done), len({a.concept for a in done}))
        for day, done in sorted(days.items())
    ]


def streak(days: Iterable[date], today: date) -> int:
    """Return on how many days in a row there were attempts, up to today or, where today has none yet, yesterday."""
    done = set(days)
    last = today if today in done else today - timedelta(days=1)
    length = 0
    while last - timedelta(days=length) in done:
        length += 1
    return length


def stages(mastery: Mapping[str, Mastery], stage_of: Mapping[str, str]) -> list[Stage]:
    """Return how far each stage is mastered, in the order in which `stage_of` first names them."""
    members: dict[str, list[str]] = {}
    for concept, stage in stage_of.items():
        members.setdefault(stage, []).append(concept)
    found: list[Stage] = []
    for stage, all_of_it in members.items():
        tried = [mastery[concept] for concept in all_of_it if concept in mastery]
        known = sum(one.settled >= KNOWN for one in tried)
        mean = sum(one.value for one in tried) / len(all_of_it)
        found.append(Stage(stage, mean, known, len(tried), len(all_of_it)))
    return found


def _weak(known: Studied, mastery: Mastery, now: datetime) -> Weak | None:
    lately = [attempt for attempt in known.attempts[-_LAST:] if now - attempt.at <= _LATELY]
    wrong = sum(not attempt.correct for attempt in lately)
    if mastery.value < WEAK and (wrong >= 2 or wrong == len(known.attempts)):
        return Weak(known.concept, "wrong_lately", mastery, wrong)
    if mastery.value < WEAK and mastery.attempts >= _ENOUGH:
        return Weak(known.concept, "low_mastery", mastery, wrong)
    return None
