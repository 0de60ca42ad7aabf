"""Items as a JSON file that loses nothing: what one person exports, another can be asked."""

import json
import re
from collections.abc import Sequence
from typing import Any, Final, cast

from knowledge.errors import UserMistake
from tools.quiz.item import Item, from_record, record

FORMAT: Final = "llm-atlas-quiz"
VERSION: Final = 1
_ID: Final = re.compile(r"[\w-]{1,64}")  # becomes the name of a file, a tag, part of a link
_REMEDY: Final = "Write one with `atlas export json`."


def dumped(items: Sequence[Item]) -> str:
    """Return items as the text of a file."""
    stored = {"format": FORMAT, "version": VERSION, "items": [record(item) for item in items]}
    return json.dumps(stored, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def loaded(text: str) -> tuple[Item, ...]:
    """Return the items of a file that `dumped` wrote, or of what `atlas quiz --json` printed.

    Raises UserMistake where it is neither, and names the item that is wrong.
    """
    try:
        stored: Any = json.loads(text, parse_constant=_no_number)
    except ValueError as error:
        raise UserMistake(f"this is no quiz file: {error}.", _REMEDY) from error
    if not isinstance(stored, dict) or not isinstance(cast("dict[str, Any]", stored).get("items"), list):
        raise UserMistake("this is no quiz file: it has no list of items.", _REMEDY)
    fields = cast("dict[str, Any]", stored)
    version = fields.get("version", VERSION)
    if fields.get("format", FORMAT) != FORMAT or version != VERSION:
        what = f"{fields.get('format', FORMAT)!r}, version {version!r}"
        raise UserMistake(f"the quiz file has the format {what}.", f"This Atlas reads {FORMAT!r}, version {VERSION}.")
    return tuple(_item(given, place) for place, given in enumerate(fields["items"], 1))


def _item(given: Any, place: int) -> Item:  # noqa: ANN401 - whatever stands in the file
    try:
        item = from_record(given)
        _check(item)
    except (ValueError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())
        raise UserMistake(f"item {place} of the quiz file cannot be read: {reason[:300]}.", _REMEDY) from error
    return item


def _check(item: Item) -> None:
    if _ID.fullmatch(item.id) is None:
        raise ValueError(f"its id is {item.id!r}")
    if not item.stem:
        raise ValueError("it asks nothing")
    if any(not 0 <= at < len(item.options) for at in item.key):
        raise ValueError("its key is not among its options")
    has_key = {"numeric": item.quantity, "cloze": item.accepted, "short_answer": item.accepted}
    if not has_key.get(item.type, item.key):
        raise ValueError("it has no key")
    if item.type == "matching" and len(item.key) != len(item.prompts):
        raise ValueError("its key is not one option for each prompt")


def _no_number(sign: str) -> float:
    raise ValueError(f"{sign} is no number")
