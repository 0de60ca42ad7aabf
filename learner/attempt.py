"""What one person did with one item: the only thing that is stored; schedule and mastery follow from it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

ME: Final = "me"  # the learner where none is named

Grader = Literal["code", "model", "learner"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """An answer to an item, as graded.

    `at` is in UTC; `score` is from 0 to 1; `seconds` is None where the time taken is not known; `hints` counts those
    seen before the answer; `item` is the item as a JSON object, empty where it is not known (an imported attempt).
    """

    id: str
    learner: str
    concept: str  # the id of a note
    correct: bool
    at: datetime
    item_id: str = ""
    fact: str = ""  # what was asked; items on one fact are alike
    type: str = ""
    level: int = 1
    origin: str = ""
    language: str = "en"
    response: str = ""
    score: float = 0.0
    hints: int = 0
    seconds: float | None = None
    grader: Grader = "code"
    quiz: str = ""  # the quiz it was part of
    item: str = ""


@dataclass(frozen=True, slots=True)
class Amendment:
    """A later verdict on an attempt; `at` is in UTC."""

    correct: bool
    grader: Grader
    at: datetime


def amended(attempt: Attempt, amendments: Sequence[Amendment]) -> Attempt:
    """Return the attempt with the verdict that stands: the latest; an overruled one scores all or nothing."""
    if not amendments:
        return attempt
    last = max(amendments, key=lambda amendment: amendment.at)
    return replace(attempt, correct=last.correct, grader=last.grader, score=float(last.correct))
