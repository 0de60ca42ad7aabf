"""JSON records out of a text that may be long: one a line, or the elements of one array; none is held but the next."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from io import TextIOBase
from typing import Any, Final

from knowledge.errors import UserMistake

MOST_CHARACTERS: Final = 4_000_000  # of one record: the longest that can be stored, with every character escaped
_PIECE: Final = 65_536  # characters
_WORD: Final = 10  # characters of the longest word or escape of JSON that a piece may end in
_BETWEEN: Final = re.compile(r"[\s,]*")
_BLANK: Final = re.compile(r"\s*")


@dataclass(frozen=True, slots=True)
class JsonRecord:
    """A value and the line it begins on; `flaw` says why it is none."""

    line: int
    value: Any = None
    flaw: str = ""


def read(text: TextIOBase | Iterable[str]) -> Iterator[JsonRecord]:
    """Yield the records of an open file, or of a text that comes in pieces.

    A faulty line is a record with a flaw. Raises UserMistake for a record that is too long, and for an array that is
    not JSON, since what follows the fault cannot be told apart.
    """
    # A file is not read line by line, since a line may have no end.
    pieces = _bounded(iter(partial(text.read, _PIECE), "") if isinstance(text, TextIOBase) else text)
    head = ""
    for piece in pieces:
        head += piece
        if head.strip("\ufeff \t\r\n"):
            break
    head = head.removeprefix("\ufeff")
    if head.lstrip().startswith("["):
        yield from _Array(head, pieces).elements()
    else:
        yield from _lines(head, pieces)


def _bounded(text: Iterable[str]) -> Iterator[str]:
    """Yield the text in pieces of bounded length."""
    try:
        for piece in text:
            yield from (piece[at : at + MOST_CHARACTERS] for at in range(0, len(piece), MOST_CHARACTERS))
    except UnicodeDecodeError as error:
        raise UserMistake(f"the file is not UTF-8 text: {error.reason}.", "Convert it; nothing was stored.") from error


def _lines(head: str, pieces: Iterator[str]) -> Iterator[JsonRecord]:
    number, rest = 1, head
    while True:
        *whole, rest = rest.split("\n")
        for line in whole:
            if line.strip():
                yield _parsed(line, number)
            number += 1
        _check_length(rest, number)
        piece = next(pieces, None)
        if piece is None:
            break
        rest += piece
    if rest.strip():
        yield _parsed(rest, number)


def _parsed(line: str, number: int) -> JsonRecord:
    _check_length(line, number)
    try:
        return JsonRecord(number, _DECODER.decode(line.strip()))
    except (ValueError, RecursionError) as error:
        return JsonRecord(number, flaw=f"it is not JSON: {_reason(error)}")


class _Array:
    """The elements of a JSON array that is read piece by piece."""

    def __init__(self, head: str, pieces: Iterator[str]) -> None:
        self._buffer = head
        self._pieces = pieces
        self._at = head.index("[") + 1
        self._line = 1 + head.count("\n", 0, self._at)

    def elements(self) -> Iterator[JsonRecord]:
        """Yield the elements; raise UserMistake where it ends too soon, or goes on after its end."""
        while self._skip(_BETWEEN) != "]":
            yield self._element()
        self._at += 1
        if self._skip(_BLANK):
            raise self._broken("something follows the end of the array")

    def _element(self) -> JsonRecord:
        line = self._line
        while True:
            try:
                value, end = _DECODER.raw_decode(self._buffer, self._at)
            except (ValueError, RecursionError) as error:
                if not self._may_go_on(error) or not self._more():
                    raise self._broken(_reason(error)) from error
                continue
            # A number at the end of a piece may go on in the next one; an object cannot.
            if end == len(self._buffer) and not isinstance(value, dict | list) and self._more():
                continue
            self._line += self._buffer.count("\n", self._at, end)
            self._at = end
            return JsonRecord(line, value)

    def _may_go_on(self, error: Exception) -> bool:
        """Tell whether the fault may be that the rest is yet to come, rather than in what is there."""
        if not isinstance(error, json.JSONDecodeError):
            return False
        return error.msg.startswith("Unterminated") or error.pos >= len(self._buffer) - _WORD

    def _skip(self, blank: re.Pattern[str]) -> str:
        """Go past what is blank; return the character there, or an empty text at the end."""
        while True:
            found = blank.match(self._buffer, self._at)
            end = found.end() if found else self._at
            self._line += self._buffer.count("\n", self._at, end)
            self._at = end
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._more():
                if blank is _BETWEEN:
                    raise self._broken("the array has no end")
                return ""

    def _more(self) -> bool:
        """Append the next pieces, at least as much as is there, so that no record is parsed too often."""
        self._buffer, self._at = self._buffer[self._at :], 0
        _check_length(self._buffer, self._line)
        wanted = max(1, len(self._buffer))
        added: list[str] = []
        while wanted > 0 and (piece := next(self._pieces, None)) is not None:
            added.append(piece)
            wanted -= len(piece)
        self._buffer += "".join(added)
        return bool(added)

    def _broken(self, reason: str) -> UserMistake:
        return UserMistake(f"the file is not JSON; line {self._line}: {reason}.", "Mend it; nothing was stored.")


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON value")


def _check_length(record: str, line: int) -> None:
    if len(record) > MOST_CHARACTERS:
        remedy = "A record is an object with at least concept and correct; nothing was stored."
        raise UserMistake(f"the record in line {line} has more than {MOST_CHARACTERS:,} characters.", remedy)


def _reason(error: Exception) -> str:
    return error.msg if isinstance(error, json.JSONDecodeError) else str(error) or "it nests too deeply"


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse)
