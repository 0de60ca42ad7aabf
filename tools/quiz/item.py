"""What a quiz is made of: items in one form, whatever they were made from."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from pydantic import TypeAdapter

from knowledge.citation import Citation
from knowledge.vocabulary import Language

ItemType = Literal[
    "single_choice", "multiple_choice", "true_false", "cloze", "matching", "ordering", "numeric", "short_answer",
    "reading",
]  # fmt: skip
Level = Literal[1, 2, 3]
Origin = Literal["graph", "calculator", "model"]

TYPES: Final[tuple[ItemType, ...]] = get_args(ItemType)
LEVELS: Final[dict[Level, str]] = {1: "recall", 2: "apply", 3: "analyse"}
ORIGINS: Final[tuple[Origin, ...]] = get_args(Origin)


@dataclass(frozen=True, slots=True)
class Exhibit:
    """What an item shows to be read: a log or a command as text, or a plot as a Plotly figure (its JSON object)."""

    kind: Literal["log", "command", "plot"]
    text: str
    figure: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Quantity:
    """The key of a numeric item; an answer within `tolerance` (relative, 0.05 is 5 %) is right."""

    value: float
    unit: str
    tolerance: float


@dataclass(frozen=True, slots=True)
class Misconception:
    """Why someone gives a certain wrong answer: that option, or for a numeric item that `value` in the key's unit."""

    answer: str
    why: str
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """One thing a short answer must say: it counts as said where, of each group of terms, one occurs.

    `text` is what the learner is told was missing.
    """

    text: str
    terms: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Item:
    """A question with its proven key.

    `key` holds positions: of the right option or options (in rising order); for matching, of the right option for each
    of `prompts`; for ordering, of the options in their right order. A cloze is right with any text of `accepted` (the
    first is shown), `quantity` is the key of a numeric item, `points` the rubric of a short answer (its model answer is
    `accepted[0]`) and, for true or false, of the reason a learner may add.
    `fact` names what is asked, the same in both languages: no quiz holds two items on one fact.
    """

    id: str
    fact: str
    type: ItemType
    concept: str  # the id of the note it belongs to
    level: Level
    language: Language
    origin: Origin
    stem: str  # Markdown; a cloze has its gap as ____
    explanation: str
    citations: tuple[Citation, ...]
    options: tuple[str, ...] = ()
    key: tuple[int, ...] = ()
    prompts: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()
    quantity: Quantity | None = None
    points: tuple[Point, ...] = ()
    exhibit: Exhibit | None = None
    misconceptions: tuple[Misconception, ...] = ()
    hints: tuple[str, ...] = ()  # from the gentlest to the one that nearly tells
    checks: Mapping[str, bool | float | str] = field(default_factory=dict[str, bool | float | str])

    def misconception_of(self, answer: str) -> str:
        """Return why someone gives this wrong answer, or an empty text."""
        return next((m.why for m in self.misconceptions if m.answer == answer), "")


def identity(template: str, fact: str, item_type: ItemType, language: Language) -> str:
    """Return an item's id: the same whenever the same question is made again, whatever its distractors."""
    text = "\0".join([template, fact, item_type, language])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


_adapter: Final = TypeAdapter(Item)


def record(item: Item) -> dict[str, Any]:
    """Return an item as a JSON object; `key` is the answer in words or as a number, `positions` are its places."""
    stored: dict[str, Any] = _adapter.dump_python(item, mode="json")
    stored["positions"] = stored.pop("key")
    stored["explained"] = stored.pop("misconceptions")
    misconceptions = {m.answer: m.why for m in item.misconceptions}
    return stored | {"key": key_of(item), "misconceptions": misconceptions}


def from_record(stored: Mapping[str, Any]) -> Item:
    """Return the item that `record` wrote.

    Raises ValueError where it is none.
    """
    fields = dict(stored)
    fields["key"] = fields.pop("positions", ())
    fields["misconceptions"] = fields.pop("explained", ())
    return _adapter.validate_python(fields)


def key_of(item: Item) -> Any:  # noqa: ANN401 - JSON: a text, a number, a list or an object by the item's type
    """Return the key as it is said: the option, the options, the pairs, the order, the number or the model answer."""
    match item.type:
        case "single_choice" | "true_false" | "reading":
            return item.options[item.key[0]]
        case "multiple_choice" | "ordering":
            return [item.options[position] for position in item.key]
        case "matching":
            return {prompt: item.options[at] for prompt, at in zip(item.prompts, item.key, strict=True)}
        case "numeric":
            return item.quantity.value if item.quantity else None
        case "cloze" | "short_answer":
            return item.accepted[0]
