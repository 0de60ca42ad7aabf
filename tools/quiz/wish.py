"""What a learner wants to be asked."""

import re
from dataclasses import dataclass
from typing import Final, Literal, cast

from knowledge.errors import UserMistake
from knowledge.vocabulary import Language
from tools.quiz.item import ItemType, Level, Origin

MOST: Final = 50  # items of one quiz

_COUNT: Final = re.compile(
    r"(?:\b(\d{1,3})|\b(?:an?|some)|几|一些)\s*(?:(?:道|个)(?:题)?|(?:\w+ )?(?:quiz|questions?|items?)\b)",
    re.IGNORECASE,
)
_LEVEL: Final = re.compile(r"(?:\blevel|难度|级别)\s*[:：]?\s*([1-3])\b", re.IGNORECASE)

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
            zh = f"不能出 {self.n} 道题的测验，请选 1 到 {MOST} 道。"
            raise UserMistake(f"a quiz of {self.n} items cannot be made.", f"Ask for 1 to {MOST}.", zh)

    def allows(self, item_type: ItemType, level: Level) -> bool:
        """Tell whether an item of this type and level is wanted."""
        return (not self.types or item_type in self.types) and self.level in {None, level}


def wished(words: str, language: Language) -> Wish:
    """Return the wish in some words: "5 questions on LoRA, level 2", "5道 注意力".

    Raises UserMistake for an impossible number.
    """
    count, level = _COUNT.search(words), _LEVEL.search(words)
    topic = _LEVEL.sub(" ", _COUNT.sub(" ", words, count=1))
    return Wish(
        topic=topic.strip(" ,，、:："),
        n=int(count[1]) if count and count[1] else 5,
        level=cast("Level", int(level[1])) if level else None,
        language=language,
    )
