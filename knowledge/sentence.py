"""Sentences of a text, with their exact places."""

import re
from typing import Final

# A full stop ends a sentence only before white space, and not after these.
_ABBREVIATION: Final = re.compile(
    r"(?:\b(?:e\.g|i\.e|vs|cf|etc|al|fig|eq|no|approx|resp|dr|mr|ms|st|v)|\b[A-Z]|(?:^|\n)[ ]*\d+)\.$", re.IGNORECASE
)
_END: Final = re.compile(
    r"""[.!?]+["'”’)\]*_`]*(?=\s)|[。！？]+[”’」』）\])*_`]*|\n(?=\s*(?:[-*+]|\d+[.)]|\||\#{1,6})\s)|\n\s*\n"""
)
_LEAD: Final = re.compile(r"\s*(?:(?:[-*+]|\d+[.)]|>|\#{1,6})\s+)*")


def sentences(text: str) -> tuple[tuple[int, int], ...]:
    """Return the (start, end) offsets of the sentences of Markdown text, without white space and list markers.

    Sentences end at `.`, `!`, `?` before white space, at `。！？`, at blank lines and where a list item or table row
    begins. Fenced code counts as one sentence.
    """
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
    for fence in re.finditer(r"^[ ]{0,3}(`{3,}|~{3,}).*?(?:^[ ]{0,3}\1[ \t]*$|\Z)", text, re.MULTILINE | re.DOTALL):
        pieces.append((at, fence.start(), False))
        pieces.append((fence.start(), fence.end(), True))
        at = fence.end()
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
    lead = _LEAD.match(text, start, end)
    start = lead.end() if lead else start
    end = start + len(text[start:end].rstrip())
    if start < end and any(character.isalnum() for character in text[start:end]):
        spans.append((start, end))
