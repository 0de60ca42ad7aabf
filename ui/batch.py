"""Many requests in one process: one a line on standard input, one JSON object a line out."""

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from knowledge.errors import AtlasError, UserMistake
from ui import output

T = TypeVar("T")


def batch(answer: Callable[[str, dict[str, Any]], dict[str, Any]]) -> None:
    """Answer one request a line; a bad one gets an error object and the others go on."""
    for given in _requests():
        try:
            result = answer(text_of(given, "text", ""), given)
        except AtlasError as error:
            result = output.error_json(error)
        named = {"id": given["id"]} if "id" in given else {}
        output.print_json(named | result | named)  # an answer has an id of its own


def text_of(given: dict[str, Any], name: str, default: T) -> str | T:
    """Return the text that a request has under a name, or the default where it has none.

    Raises UserMistake where it is no text.
    """
    value = given.get(name, default)
    if value is not default and not isinstance(value, str):
        remedy = 'Write plain text or {"id": ..., "text": ...}.'
        raise UserMistake(f"the {name} of a request is {value!r}, not a text.", remedy)
    return value


def _requests() -> Iterator[dict[str, Any]]:
    for line in sys.stdin:
        text = line.strip()
        if not text:
            continue
        try:
            parsed = json.loads(text) if text.startswith("{") else None
        except ValueError:
            parsed = None
        yield parsed if isinstance(parsed, dict) else {"text": text}
