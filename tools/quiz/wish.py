"""What a learner wants to be asked."""

from dataclasses import dataclass
from typing import Final, Literal

from knowledge.errors import UserMistake
from knowledge.vocabulary import Language
from tools.quiz.item import ItemType, Level, Origin

MOST: Final = 50  # items of one quiz

Source = Literal["topic", "due", "weak"]


@dataclass(frozen=True, slots=True)
class Wish:
    """A wish for a quiz: what on, how much of it, of which kinds; what is left open is chosen for variety.

    `topic` is the name of a note or a stage, or free words; empty for anything. A `seed` makes the same quiz again,
    whatever the learner has been asked lately. Raises UserMistake for an impossible number of items.
    """

    topic: str = ""
    source: Source = "topic"
    n: int = 5
    types: tuple[ItemType, ...] = ()
    level: Level | None = None
    language: Language = "en"
    seed: int | None = None
    origins: tuple[Origin, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.n <= MOST:
            raise UserMistake(f"a quiz of {self.n} items cannot be made.", f"Ask for 1 to {MOST}.")

    def allows(self, item_type: ItemType, level: Level) -> bool:
        """Tell whether an item of this type and level is wanted."""
        return (not self.types or item_type in self.types) and self.level in {None, level}
