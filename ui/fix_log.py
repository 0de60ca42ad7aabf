"""The lines of a log around an error as HTML: the error marked, a little around it in sight, more of it folded."""

from collections.abc import Sequence
from html import escape
from typing import Final

from knowledge.vocabulary import Language
from tools.fault.normalise import Line, shown
from ui.fix_messages import say

_NEAR: Final = 2  # lines in sight before and after the error
_FOLDED: Final = 60  # more lines that can be unfolded on either side
_MOST: Final = 24  # lines of the error itself
_WIDEST: Final = 600  # characters of a line


def log_html(log: str, lines: Sequence[Line], language: Language, title: str = "") -> str:
    """Return the part of a log where some lines stand, under a title; nothing where there are none."""
    if not lines:
        return ""
    rows = log.replace("\r\n", "\n").rstrip("\n").split("\n")
    first, last = lines[0].number, min(lines[-1].number, lines[0].number + _MOST - 1)
    marked = {line.number for line in lines}
    top, bottom = max(1, first - _NEAR), min(len(rows), last + _NEAR)
    above, below = max(1, top - _FOLDED), min(len(rows), bottom + _FOLDED)
    where = say("line", language, n=first) if first == last else say("lines", language, first=first, last=last)
    title = escape(title or say("in_log", language))
    return (
        f'<section class="fix-where"><h3>{title} <small>{escape(where)}</small></h3>'
        f'<div class="fix-log" tabindex="0" role="region" aria-label="{title}">'
        f"{_folded(rows, above, top - 1, say('before', language, n=top - above), above - 1, language)}"
        f"{_rows(rows, top, bottom, marked)}"
        f"{_folded(rows, bottom + 1, below, say('after', language, n=below - bottom), len(rows) - below, language)}"
        "</div></section>"
    )


def _folded(rows: Sequence[str], first: int, last: int, title: str, beyond: int, language: Language) -> str:
    """Return lines that are to be unfolded; `beyond` counts those that are not shown at all."""
    if first > last:
        return ""
    more = f'<p class="beyond">{escape(say("left_out", language, n=f"{beyond:,}"))}</p>' if beyond else ""
    before, after = (more, "") if first == 1 + beyond else ("", more)
    return (
        f"<details><summary>{escape(title)}</summary>{before}{_rows(rows, first, last, frozenset())}{after}</details>"
    )


def _rows(rows: Sequence[str], first: int, last: int, marked: frozenset[int] | set[int]) -> str:
    parts: list[str] = []
    for number in range(first, last + 1):
        text = shown(rows[number - 1])
        words = escape(text[:_WIDEST] + ("…" if len(text) > _WIDEST else ""))
        words = f"<mark>{words}</mark>" if number in marked else words
        parts.append(f'<div class="row"><i aria-hidden="true">{number}</i><code>{words or "&nbsp;"}</code></div>')
    return "".join(parts)
