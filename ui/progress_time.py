"""How much time a way takes, in words: always as a range, and rounded to what can be known."""

import math
from typing import Final

from knowledge.vocabulary import Language
from learner.pace import TimeLeft
from ui.progress_messages import say

_DAYS_AS_DAYS: Final = 13
_DAYS_AS_WEEKS: Final = 90
_MINUTES_AS_MINUTES: Final = 90


def time_text(left: TimeLeft | None, language: Language) -> str:
    """Return how long a way takes at the learner's pace, or that it cannot be told yet."""
    if left is None:
        return say("time_unknown", language)
    minutes = ""
    if left.minutes is not None:
        minutes = say("time_answering", language, minutes=_minutes(left.minutes, language))
    return _capital(
        say(
            "time_left", language, time=_days(left.days_low, left.days_high, language), weekly=_range(*left.weekly),
            answers=_range(*left.answers), minutes=minutes,
        )
    )  # fmt: skip


def _days(low: int, high: int | None, language: Language) -> str:
    measure = low if high is None else high
    unit, size = "day", 1
    if measure > _DAYS_AS_WEEKS:
        unit, size = "month", 30
    elif measure > _DAYS_AS_DAYS:
        unit, size = "week", 7
    least = max(1, low // size)
    if high is None:
        return say("at_least", language, time=_many(unit, least, least, language))
    return _many(unit, least, math.ceil(high / size), language)


def _minutes(minutes: tuple[int, int], language: Language) -> str:
    low, high = minutes
    if high <= _MINUTES_AS_MINUTES:
        return _many("minute", low, high, language)
    return _many("hour", max(1, low // 60), math.ceil(high / 60), language)


def _many(unit: str, low: int, high: int, language: Language) -> str:
    return say(unit if high == 1 else f"{unit}s", language, n=_range(low, high))


def _range(low: int, high: int) -> str:
    return f"{low}" if low == high else f"{low}–{high}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
