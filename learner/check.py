"""What can be kept of a learner: names and attempts that both databases hold unchanged."""

import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, Final, get_args

from knowledge.errors import UserMistake
from learner.attempt import Attempt, Grader

NAME_CHARACTERS: Final = 80
_SHOWN: Final = 60  # characters of a wrong value that a message repeats
_TEXTS: Final[Mapping[str, int]] = {  # the most characters of each text
    "id": 200, "concept": 200, "item_id": 200, "fact": 1000, "type": 40, "origin": 40, "language": 20,
    "response": 100_000, "grader": 20, "quiz": 200, "item": 500_000,
}  # fmt: skip
_NO_TEXT: Final = re.compile("[\0\ud800-\udfff]")  # neither goes into a Postgres text, the second into no UTF-8 file
_NEEDED: Final = frozenset({"id", "concept"})
_WHOLE: Final[Mapping[str, tuple[int, int]]] = {"level": (1, 3), "hints": (0, 1000)}
_FIELDS: Final = tuple(field.name for field in fields(Attempt))
_MOST_SECONDS: Final = 31_536_000.0  # a year


def name(learner: str) -> str:
    """Return a learner's name as it is kept: composed characters, no space around it.

    Raises UserMistake for one that is empty, too long, or holds what cannot be printed.
    """
    kept = unicodedata.normalize("NFC", learner).strip()
    if not 1 <= len(kept) <= NAME_CHARACTERS or not kept.isprintable():
        raise UserMistake(
            f"{shown(learner)} cannot be a learner's name.", f"Use 1 to {NAME_CHARACTERS} printable characters."
        )
    return kept


def check(attempt: Attempt) -> None:
    """Tell that an attempt can be stored as it is.

    Raises UserMistake naming the first field that cannot, by its type or its value.
    """
    flaw = flaw_of({field: getattr(attempt, field) for field in _FIELDS})
    if flaw:
        raise UserMistake(f"the attempt cannot be stored: {flaw}.", "Correct that field; nothing was stored.")


def flaw_of(values: Mapping[str, Any]) -> str:
    """Return what is wrong with the fields of an attempt, or an empty text."""
    flaws = [_flaw_of_text(field, values[field], most) for field, most in _TEXTS.items()]
    flaws += [_flaw_of_whole(field, values[field], *span) for field, span in _WHOLE.items()]
    if values["grader"] not in get_args(Grader):
        flaws.append(f"'grader' is {shown(values['grader'])}, not one of {', '.join(get_args(Grader))}")
    if not isinstance(values["correct"], bool):
        flaws.append(f"'correct' is {shown(values['correct'])}, not true or false")
    flaws.append(_flaw_of_number("score", values["score"], 1.0))
    if values["seconds"] is not None:
        flaws.append(_flaw_of_number("seconds", values["seconds"], _MOST_SECONDS))
    at = values["at"]
    if not isinstance(at, datetime) or at.tzinfo is None:
        flaws.append(f"'at' is {shown(at)}, not a time with its time zone")
    return next((flaw for flaw in flaws if flaw), "")


def shown(value: object) -> str:
    """Return a value as a message repeats it, cut where it is long."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _flaw_of_text(field: str, value: object, most: int) -> str:
    if not isinstance(value, str):
        return f"{field!r} is {shown(value)}, not a text"
    if len(value) > most:
        return f"{field!r} has {len(value)} characters, more than {most}"
    if field in _NEEDED and not value.strip():
        return f"{field!r} is empty"
    if _NO_TEXT.search(value):
        return f"{field!r} holds a character that is no text: {shown(value)}"
    return ""


def _flaw_of_whole(field: str, value: object, least: int, most: int) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return ""
    return f"{field!r} is {shown(value)}, not a whole number from {least} to {most}"


def _flaw_of_number(field: str, value: object, most: float) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and 0 <= value <= most:
        return ""
    return f"{field!r} is {shown(value)}, not a number from 0 to {most:g}"
