"""Tools side by side for a terminal: an aligned table whose cells are wrapped."""

import unicodedata
from collections.abc import Sequence
from itertools import zip_longest
from typing import Final

from knowledge.vocabulary import Language
from tools.recommend.comparison import Comparison
from tools.recommend.wording import say as advise
from ui.advice_messages import say
from ui.comparison_table import worded

_LEAST: Final = 18  # columns of a cell
_GAP: Final = "  "


def comparison_text(comparison: Comparison, language: Language, width: int = 120) -> str:
    """Return the table in about `width` columns, with the sources of its sentences below, ending in a newline."""
    rows = [["", *(title for _, title in comparison.tools)]]
    for criterion, cells in comparison.rows:
        texts = (worded(criterion, cell.text, language) for cell in cells)
        rows.append([advise(f"criterion_{criterion}", language), *(text or "-" for text in texts)])
    first = max(columns(row[0]) for row in rows)
    rest = max(_LEAST, (width - first) // len(comparison.tools) - len(_GAP))
    lines = [line for row in rows for line in _aligned(row, [first, *[rest] * len(comparison.tools)])]
    cited = {
        f"  {cell.citation.title} > {cell.citation.heading or say('summary', language)}  {cell.source}"
        for _, cells in comparison.rows
        for cell in cells
        if cell.citation
    }
    return "\n".join([*lines, "", *sorted(cited)]).rstrip() + "\n"


def columns(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def _aligned(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    wrapped = [_wrapped(text, width) for text, width in zip(row, widths, strict=True)]
    lines = zip_longest(*wrapped, fillvalue="")
    return [
        _GAP.join(_padded(text, width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines
    ]


def _padded(text: str, width: int) -> str:
    return text + " " * (width - columns(text))


def _wrapped(text: str, width: int) -> list[str]:
    """Return a text in lines of at most `width` columns; it breaks at spaces, and anywhere where there are none."""
    lines = [""]
    for word in text.split(" "):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if columns(joined) <= width:
            lines[-1] = joined
            continue
        rest = joined if columns(word) > width else word
        lines = lines[:-1] if columns(word) > width else lines
        while columns(rest) > width:
            at = next(n for n in range(len(rest), 0, -1) if columns(rest[:n]) <= width)
            lines.append(rest[:at])
            rest = rest[at:]
        lines.append(rest)
    return lines
