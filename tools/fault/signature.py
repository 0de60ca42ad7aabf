"""The error texts that pitfalls are known by, and where they stand in a log."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rapidfuzz import fuzz

from tools.fault.normalise import Line, folded

WILDCARD: Final = "<*>"
_GAP: Final = 200  # characters that a wildcard stands for, at most
_WORD: Final = re.compile(r"[a-z]{2,}")
_SURE: Final = 40  # literal characters; a longer signature is no surer
_NEARLY: Final = 80.0  # per cent of a signature that a line has where a version words it otherwise
_LONG: Final = 30  # literal characters that a signature needs for that


@dataclass(frozen=True, slots=True)
class Signature:
    """An error text of a pitfall; `weak` where other software prints the same."""

    pitfall: str
    text: str
    weak: bool = False

    @property
    def literal(self) -> int:
        """How many characters of it are fixed."""
        return len(self.text.replace(WILDCARD, "").strip())

    @property
    def specificity(self) -> float:
        """How sure it makes, from 0 to 1."""
        return min(1.0, self.literal / _SURE)


@dataclass(frozen=True, slots=True)
class Hit:
    """A signature found in a log, with the lines on which it stands; `likeness` is below 1 for another wording."""

    signature: Signature
    lines: tuple[Line, ...]
    likeness: float = 1.0


class LogText:
    """A log as one line, in which signatures are found even where the terminal or a logger broke them."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = lines
        pieces = [folded(line.text) for line in lines]
        self._starts: list[int] = []
        at = 0
        for piece in pieces:
            self._starts.append(at)
            at += len(piece) + 1
        self.text = " ".join(pieces)

    def find(self, signature: Signature) -> Hit | None:
        """Return the last place where a signature stands: the error that ended a run is the last."""
        parts = [folded(part) for part in signature.text.split(WILDCARD)]
        parts = [part for part in parts if part]
        if not parts or any(part not in self.text for part in parts):
            return None
        span = _last_span(parts, self.text)
        if span is None:
            return None
        start, end = span
        first, last = bisect_right(self._starts, start) - 1, bisect_right(self._starts, end - 1) - 1
        return Hit(signature, tuple(self._lines[first : last + 1]))

    def find_nearly(self, signature: Signature, lines: Sequence[Line], general: frozenset[str]) -> Hit | None:
        """Return the line that words a signature a little otherwise, with no other names and no other terms."""
        if signature.weak or signature.literal < _LONG:
            return None
        text = folded(signature.text.replace(WILDCARD, " "))
        words = set(_WORD.findall(text)) - general
        for line in reversed(lines):
            said = folded(line.text)
            if words <= set(_WORD.findall(said)) and len(said) >= len(text) * _NEARLY / 100:
                likeness = fuzz.partial_ratio(text, said, score_cutoff=_NEARLY)
                if likeness:
                    return Hit(signature, (line,), likeness / 100)
        return None


def _last_span(parts: Sequence[str], text: str) -> tuple[int, int] | None:
    """Return where the parts last stand one behind the other with small gaps; the time is linear in the text."""
    spans = [(at, at + len(parts[0])) for at in _places(parts[0], text)]
    for part in parts[1:]:
        further: list[tuple[int, int]] = []
        before = -1  # the last of the spans so far that ends before the part
        for at in _places(part, text):
            while before + 1 < len(spans) and spans[before + 1][1] <= at:
                before += 1
            if before >= 0 and at - spans[before][1] <= _GAP:
                further.append((spans[before][0], at + len(part)))
        spans = further
    return spans[-1] if spans else None


def _places(part: str, text: str) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)


def is_weak(text: str, general: frozenset[str]) -> bool:
    """Tell whether every word of a signature is one that any program's errors are made of."""
    return all(word in general for word in _WORD.findall(folded(text)))
