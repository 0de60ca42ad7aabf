"""What the reader has set on the Choose page, and the link that restores it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final
from urllib.parse import parse_qs, urlencode

from tools.recommend.constraints import Constraints

_NAMES: Final = {"accelerators": "gpu", "place": "where", "language": "code"}  # their own names mean other things here
FIELDS: Final = tuple(one.name for one in fields(Constraints) if one.name != "said")
_SWITCHES: Final = frozenset({"cpu_only", "offline", "no_docker"})
_NUMBERS: Final = frozenset({"users", "items", "context"})
_LISTS: Final = frozenset({"licence", "named", "used", "excluded", "tasks"})
CPU: Final = "cpu"  # said in the place of a GPU's name: there is none
_CARDS: Final = re.compile(r"(\d{1,4})\s*[x×]\s*(\S.*)", re.IGNORECASE)
_LONGEST: Final = 300  # characters of a value in a link
_LONGEST_TASK: Final = 20_000
_DIGITS: Final = 12
_MOST: Final = 8  # tools side by side


@dataclass(frozen=True, slots=True)
class Choice:
    """A task, what corrects its constraints by field (an empty text takes one away), and the tools to compare.

    `compare` is None where the reader has not asked for a table, and empty where it was closed.
    """

    task: str = ""
    changes: Mapping[str, str] = field(default_factory=dict[str, str])
    compare: tuple[str, ...] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to answer."""
        return not self.task and not self.compare

    def arguments(self) -> dict[str, Any]:
        """Return the changes as `corrected` takes them."""
        found: dict[str, Any] = {}
        for name, text in self.changes.items():
            if name == "accelerators":
                found |= _cards(text)
            else:
                found.setdefault(name, _value(name, text))
        return found

    def changed(self, **changes: str) -> "Choice":
        """Return the choice with other values of some fields."""
        return replace(self, changes={**self.changes, **changes})

    def without(self, *names: str) -> "Choice":
        """Return the choice with some constraints taken away."""
        kept = {one: text for one, text in self.changes.items() if "cpu_only" not in names or one != "accelerators"}
        return replace(self, changes={**kept, **dict.fromkeys(names, "")})

    def comparing(self, tools: tuple[str, ...] | None) -> "Choice":
        """Return the choice with other tools in its table."""
        return replace(self, compare=tools)

    def query(self) -> str:
        """Return the link's query."""
        pairs = [("place", "choose")]
        pairs += [("task", self.task)] if self.task else []
        pairs += [(_NAMES.get(name, name), value) for name, value in self.changes.items()]
        pairs += [("compare", ",".join(self.compare))] if self.compare is not None else []
        return "?" + urlencode(pairs)


def from_query(query: str) -> Choice:
    """Return what a link describes; what it says besides is left out."""
    given = parse_qs(query.removeprefix("?"), keep_blank_values=True, max_num_fields=100)
    changes = {
        name: " ".join(given[key][-1].split())[:_LONGEST] for name in FIELDS if (key := _NAMES.get(name, name)) in given
    }
    compare = None
    if "compare" in given:
        names = (name.strip()[:_LONGEST] for name in given["compare"][-1].split(","))
        compare = tuple(dict.fromkeys(name for name in names if name))[:_MOST]
    return Choice(given.get("task", [""])[-1].strip()[:_LONGEST_TASK], changes, compare)


def cards_of(constraints: Constraints) -> str:
    """Return the cards of a task as the form has them: "2x RTX 4090"."""
    if constraints.cpu_only:
        return CPU
    return (
        f"{constraints.accelerators[0].count}x {constraints.accelerators[0].name}" if constraints.accelerators else ""
    )


def split_cards(text: str) -> tuple[str, str]:
    """Return the number and the name in "2x RTX 4090"."""
    found = _CARDS.fullmatch(text)
    return (found[1], found[2]) if found else ("1", text)


def _cards(text: str) -> dict[str, Any]:
    if text.lower() == CPU:
        return {"gpu": "", "cpu_only": True}
    count, name = split_cards(text)
    return {"gpu": f"{count}x {name}" if name else ""}


def _value(name: str, text: str) -> object:
    if name in _SWITCHES:
        return text.lower() in {"yes", "true", "1", "on"}
    if name in _NUMBERS:
        digits = re.sub(r"[,_\s]", "", text)
        return int(digits[:_DIGITS]) if digits.isdecimal() else 0
    if name in _LISTS:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return text
