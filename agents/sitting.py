"""A quiz in a chat: how far it has come, kept with the turns of the session so that it outlives the program."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from pydantic import TypeAdapter

from agents.desk import Turn
from knowledge.vocabulary import Language
from tools.quiz.item import Item

ENDED: Final = "ended"  # what the turn keeps that ends a quiz; turns before it hold the quiz as it was


@dataclass(frozen=True, slots=True)
class Sitting:
    """The items that are still to be answered, the first of them now; `hints` counts those seen of it."""

    quiz: str
    language: Language
    items: tuple[Item, ...]
    asked: int = 0
    right: int = 0
    hints: int = 0
    missed: tuple[str, ...] = ()  # concepts answered wrong
    attempt: str = ""  # the last one stored, which the learner may overrule

    @property
    def total(self) -> int:
        """How many items the quiz has."""
        return self.asked + len(self.items)

    def moved(self, *, right: bool, attempt: str = "") -> "Sitting":
        """Return the sitting with its first item answered, or skipped."""
        missed = self.missed if right else (*self.missed, self.items[0].concept)
        return replace(
            self, items=self.items[1:], asked=self.asked + 1, right=self.right + right, hints=0, missed=missed,
            attempt=attempt,
        )  # fmt: skip


_adapter: Final = TypeAdapter(Sitting)


def kept(sitting: Sitting | None) -> str:
    """Return what a turn keeps of a quiz; None ends it."""
    return ENDED if sitting is None else _adapter.dump_json(sitting).decode()


def open_sitting(turns: Sequence[Turn]) -> Sitting | None:
    """Return the quiz that a session is in, which other questions may have interrupted."""
    latest = next((turn.sitting for turn in reversed(turns) if turn.sitting), ENDED)
    return None if latest == ENDED else _adapter.validate_json(latest)
