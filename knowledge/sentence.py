"""Sentences of a text, with their exact places."""

import re
from typing import Final

from knowledge.lines import fenced, unified

# A full stop ends a sentence only before white space, and not after these.
_ABBREVIATION: Final = re.compile(
    r"(?:\b(?:e\.g|i\.e|vs|cf|etc|al|fig|eq|no|approx|resp|dr|mr|ms|st|v)|\b[A-Z]|(?:^|\n)[ ]*\d+)\.$", re.IGNORECASE
)
_END: Final = re.compile(
    r"""[.!?]+["'”’)\]*_`]*(?=\s)|[。！？]+[”’」』）\])*_`]*|\n(?=\s*(?:[-*+]|\d{1,9}[.)]|\||\#{1,6})\s)|\n\s*\n"""
)
_BULLET: Final = re.compile(r"(?:[-*+]|>|\#{1,6})\s+")
_NUMBER: Final = re.compile(r"\d{1,9}[.)]\s+")
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
    ends = [
        match.end()
        for match in _END.finditer(text, start, end)
        if not (match[0] == "." and _ABBREVIATION.search(text, max(start, match.end() - 8), match.end()))
    ]
    return [*ends, end]


def _keep(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    start = _after_markers(text, start, end)
    end = start + len(text[start:end].rstrip())
    if start < end and any(character.isalnum() for character in text[start:end]):
        spans.append((start, end))


def _after_markers(text: str, start: int, end: int) -> int:
    """Skip white space and the markers of quotes, lists and headings; a number is a marker only where a list is."""
    while start < end:
        if text[start].isspace():
            start += 1
        elif marker := _BULLET.match(text, start, end):
            start = marker.end()
        elif (marker := _NUMBER.match(text, start, end)) and _numbers_an_item(text, start):
            start = marker.end()
        else:
            break
    return start


def _numbers_an_item(text: str, at: int) -> bool:
    """Tell whether the number at `at` begins a list item, not a line that goes on with "2019. Then ..."."""
    line_start = text.rfind("\n", 0, at) + 1
    if text[line_start:at].strip(" \t>-*+"):
        return False
    block_start = text.rfind("\n\n", 0, line_start) + 1
    above = text[block_start:line_start]
    return not above.strip() or text[at:].startswith(("1.", "1)")) or bool(_NUMBERED_LINE.search(above))
