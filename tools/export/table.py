"""Items as a table for spreadsheets (CSV): one row an item."""

import csv
import re
from collections.abc import Sequence
from io import StringIO
from typing import Final

from tools.export import prose, sheet
from tools.quiz.item import Item

COLUMNS: Final = (
    "id", "type", "concept", "level", "language", "origin", "question", "exhibit", "options", "answer", "explanation",
    "misconceptions", "hints", "sources",
)  # fmt: skip
_BOM: Final = "\ufeff"  # Excel takes a file without it for one in the code page of the country
_NUMBER: Final = re.compile(r"[+-]?\d+(?:\.\d+)?")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "＝", "＋", "－", "＠")


def csv_text(items: Sequence[Item]) -> str:
    """Return items as CSV (RFC 4180) with a header, for Excel and others.

    Text that a spreadsheet would calculate gets an apostrophe before it.
    """
    stored = StringIO(newline="")
    writer = csv.writer(stored, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([_safe(cell) for cell in _row(item)] for item in items)
    return _BOM + stored.getvalue()


def _row(item: Item) -> tuple[str, ...]:
    options = [f"{sheet.letter(at)}. {prose.plain(option)}" for at, option in enumerate(item.options)]
    prompts = [f"{place}. {prose.plain(prompt)}" for place, prompt in enumerate(item.prompts, 1)]
    plain_key = item.type == "cloze"
    key = [line if plain_key else prose.plain(line) for line in sheet.key_lines(item)]
    _, points = sheet.points(item)
    told = [f"{prose.plain(answer)}: {prose.plain(why)}" for answer, why in sheet.misconceptions(item)]
    return (
        item.id,
        item.type,
        item.concept,
        str(item.level),
        item.language,
        item.origin,
        prose.plain(item.stem),
        item.exhibit.text if item.exhibit is not None else "",
        "\n".join([*prompts, *options]),
        "\n".join([*key, *(f"- {prose.plain(point)}" for point in points)]),
        prose.plain(item.explanation),
        "\n".join(told),
        "\n".join(prose.plain(hint) for hint in item.hints),
        "\n".join(
            f"{prose.plain(c.quote)} ({' '.join([sheet.place(c), sheet.web_address(c)]).strip()})"
            for c in sheet.sources(item)
        ),
    )


def _safe(cell: str) -> str:
    # A spreadsheet looks past spaces for the sign that begins a formula.
    risky = cell.lstrip(" ").startswith(_FORMULA) and _NUMBER.fullmatch(cell) is None
    return f"'{cell}" if risky else cell
