"""Sentences of a text, with their exact places."""

import re
from typing import Final

from knowledge.lines import fenced, unified

# A full stop ends a sentence only before white space, and not after these.
_ABBREVIATION: Final = re.compile(
    r"(?:\b(?:e\.g|i\.e|vs|cf|etc|al|fig|eq|no|approx|resp|dr|mr|ms|st|v)|\b[A-Z])\.$", re.IGNORECASE
)
_END: Final = re.compile(
    r"""[.!?]+["'”’)\]*_`]*(?=\s)|[。！？]+[”’」』）\])*_`]*|\n(?=\s*(?:[-*+]|\d{1,9}[.)]|\||\#{1,6})\s)|\n\s*\n"""
)
_SPACE_OR_BULLET: Final = re.compile(r"\s+|(?:[-*+]|>|\#{1,6})\s+")
_NUMBER: Final = re.compile(r"\d{1,9}[.)]\s+")
_NUMBER_BEFORE: Final = re.compile(r"(?<![^\s>*+-])(\d{1,9})\.$")
_FAR: Final = 2000  # characters; how far back the item before a list item is looked for
_NUMBERED_LINE: Final = re.compile(r"^[ \t>]*\d{1,9}[.)]\s", re.MULTILINE)


def sentences(text: str) -> tuple[tuple[int, int], ...]:
    """Return the (start, end) offsets of the sentences of Markdown text, without white space and list markers.

    Sentences end at `.`, `!`, `?` before white space, at `。！？`, at blank lines and where a list item or table row
    begins. Fenced code counts as one sentence.
    """
    text = unified(text)
    spans: list[tuple[int, int]] = []
    for piece_start, piece_end, is_code in _pieces(text):
        if is_code:
            spans.append((piece_start, piece_end))
            continue
        start = piece_start
        for end in _ends(text, piece_start, piece_end):
            _keep(spans, text, start, end)
            start = end
    return tuple(spans)


def _pieces(text: str) -> list[tuple[int, int, bool]]:
    """Cut text into prose and fenced code."""
    pieces: list[tuple[int, int, bool]] = []
    at = 0
    for start, end in fenced(text):
        pieces.append((at, start, False))
        pieces.append((start, end, True))
        at = end
    pieces.append((at, len(text), False))
    return pieces


def _ends(text: str, start: int, end: int) -> list[int]:
    return [*(match.end() for match in _END.finditer(text, start, end) if not _goes_on(text, start, match)), end]


def _goes_on(text: str, start: int, end: re.Match[str]) -> bool:
    """Tell whether what looks like the end of a sentence is none."""
    if end[0] == ".":
        number = _NUMBER_BEFORE.search(text, max(start, end.end() - 11), end.end())
        return bool(
            _ABBREVIATION.search(text, max(start, end.end() - 8), end.end())
            or (number and _numbers_an_item(text, number.start(1)))
        )
    number = _NUMBER.match(text, end.end()) if end[0] == "\n" else None
    return bool(number and not _numbers_an_item(text, number.start()))


def _keep(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    start = _after_markers(text, start, end)
    end = start + len(text[start:end].rstrip())
    if start < end and any(character.isalnum() for character in text[start:end]):
        spans.append((start, end))


def _after_markers(text: str, start: int, end: int) -> int:
    """Skip white space and the markers of quotes, lists and headings; a number is a marker only where a list is."""
    while match := _SPACE_OR_BULLET.match(text, start, end) or _NUMBER.match(text, start, end):
        if text[start].isdigit() and not _numbers_an_item(text, start):
            break
        start = match.end()
    return start


def _numbers_an_item(text: str, at: int) -> bool:
    """Tell whether the number at `at` begins a list item, not a line that goes on with "2019. Then ..."."""
    line_start = text.rfind("\n", 0, at) + 1
    if text[line_start:at].strip(" \t>*+-"):
        return False
    block_start = text.rfind("\n\n", max(0, line_start - _FAR), line_start) + 1
    above = text[max(block_start, line_start - _FAR) : line_start]
    return not above.strip() or text.startswith(("1.", "1)"), at) or bool(_NUMBERED_LINE.search(above))
