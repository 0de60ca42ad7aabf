"""What one person did with one item: the only thing that is stored; schedule and mastery follow from it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

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
