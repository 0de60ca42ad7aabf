"""How a result was reached: formula, the same with numbers, unit, assumptions, and the note that explains it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from knowledge.vocabulary import Language

_SYMBOL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Text(NamedTuple):
    """A sentence or name in both languages of the product."""

    en: str
    zh: str

    def said_in(self, language: Language) -> str:
        """Return it for a reader of `language`."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a calculation; `formula` speaks in symbols, `substituted` in their values."""

    name: Text
    formula: str
    substituted: str
    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class Derivation:
    """All lines of a calculation in order, what they take for granted, and the id of the note that explains them."""

    steps: tuple[Step, ...] = ()
    assumptions: tuple[Text, ...] = ()
    note: str = ""


def step(en: str, zh: str, formula: str, symbols: Mapping[str, float], value: float, unit: str) -> Step:
    """Write one line, with every symbol of `formula` that `symbols` knows replaced by its value.

    Other words (min, max, ceil) stay. A formula uses ×, /, +, -, parentheses and these three words only.
    """

    def number(match: re.Match[str]) -> str:
        word = match.group()
        return plain(symbols[word]) if word in symbols else word

    return Step(Text(en, zh), formula, _SYMBOL.sub(number, formula), value, unit)


def plain(value: float) -> str:
    """Write a number without losing what matters: whole with thousands marks, others to six digits or tenths."""
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15):
        return f"{int(value):,}"
    return f"{value:,.1f}" if 1e6 <= abs(value) < 1e15 else f"{value:.6g}"


def joined(note: str, *parts: Derivation) -> Derivation:
    """Put derivations in a row under one note, each assumption said once."""
    steps = tuple(line for part in parts for line in part.steps)
    assumptions = tuple(dict.fromkeys(text for part in parts for text in part.assumptions))
    return Derivation(steps, assumptions, note)
