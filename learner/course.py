"""How a learner's mastery came about: what each stage would have shown on the days that are past."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

from learner.mastery import value_at
from learner.progress import Concepts

MOMENTS: Final = 40


@dataclass(frozen=True, slots=True)
class Moment:
    """Each stage's mastery at the end of a day: the mean over all its concepts, those not tried yet counting as 0."""

    day: date
    stages: Mapping[str, float]


def course(
    concepts: Concepts, stage_of: Mapping[str, str], now: datetime, zone: tzinfo = UTC, moments: int = MOMENTS
) -> list[Moment]:
    """Return how the mastery of each stage with attempts went, from the day before the first attempt until now.

    What was forgotten in between shows; `stage_of` maps each concept there is to its stage.
    """
    tried = {concept: known for concept, known in concepts.items() if concept in stage_of}
    if not tried:
        return []
    first = min(known.attempts[0].at for known in tried.values())
    days = _days(first.astimezone(zone).date() - timedelta(days=1), now.astimezone(zone).date(), moments)
    ends = [min(now, datetime.combine(day + timedelta(days=1), time(), zone)) for day in days]
    sums: dict[str, list[float]] = {stage_of[concept]: [0.0] * len(ends) for concept in tried}
    for concept, known in tried.items():
        line = sums[stage_of[concept]]
        for n, end in enumerate(ends):
            line[n] += value_at(known, end)
    members = {stage: sum(1 for other in stage_of.values() if other == stage) for stage in sums}
    return [
        Moment(day, {stage: line[n] / members[stage] for stage, line in sums.items()}) for n, day in enumerate(days)
    ]


def _days(first: date, last: date, most: int) -> list[date]:
    """Return days from the first to the last, both among them, evenly apart."""
    span = (last - first).days
    count = min(span, most - 1)
    return list(dict.fromkeys(first + timedelta(days=round(n * span / count)) for n in range(count + 1)))
