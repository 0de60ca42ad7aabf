"""A PDF as the text of a note: a heading for each page, so that a citation tells the page, and whole paragraphs.

PDFium reads it (`pypdfium2`): of the libraries compared, it alone gave back Chinese characters as they were typed and
words whole that were hyphenated at the end of a line, in a tenth of the time of the others.
"""

import json
import re
import subprocess
import sys
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from knowledge import note_file
from knowledge.errors import UserMistake
from knowledge.language import CJK, text_language
from knowledge.vocabulary import Language

MOST_PAGES: Final = 2_000
_READER: Final = Path(__file__).with_name("pdf_process.py")
_PATIENCE_S: Final = 120.0
_HEADING: Final[dict[Language, str]] = {"en": "Page {n}", "zh": "第 {n} 页"}
_NO_TITLE: Final = re.compile(
    r"\s*(?:untitled.*|microsoft \w+ - .*|.*\.(?:docx?|tex|dvi|indd|pdf|html?)|)\s*", re.IGNORECASE
)
_SHORT: Final = 0.75  # of a page's usual width: a line that ends there ends its paragraph
_EDGE_LINES: Final = 2  # at the top and the foot of a page, where running heads and page numbers stand
_REPEATED: Final = 0.5  # of all pages
_HYPHENS: Final = re.compile("[\u00ad\ufffe\x02]\n?")  # where PDFium has seen a word go on in the next line
_HIDDEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffe\uffff]")
_ITEM: Final = re.compile(r"(?:[•▪‣·◦–—*-]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s")
_BULLET: Final = re.compile(r"[•▪‣·◦–—]\s+")
_NUMBER: Final = re.compile(r"\d+")
_WIDE: Final = re.compile(rf"[{CJK}]")


@dataclass(frozen=True, slots=True)
class Pdf:
    """What a PDF says: its title, empty where it has none of use, and the text of each page."""

    title: str
    pages: tuple[str, ...]


def note_text(data: bytes, name: str) -> str:
    """Return the text of a note that says what a PDF says; `name` is its title where it has none.

    Raises UserMistake for a file that cannot be read, is locked, too long, or holds pictures instead of text.
    """
    pdf = read(data, name)
    language = text_language("\n".join(pdf.pages))
    paged = [(_HEADING[language].format(n=n), text) for n, text in enumerate(paragraphs(pdf.pages), 1) if text]
    if not paged:
        raise UserMistake(
            f"{name!r} holds no text: its pages are pictures.",
            "Let a program for scans (OCR) add the text, then try again.",
        )
    return note_file.render({"title": {language: pdf.title or name}}, paged)


def read(data: bytes, name: str) -> Pdf:
    """Return what a PDF says, read in a process of its own.

    Raises UserMistake where it cannot be read.
    """
    command = [sys.executable, "-I", str(_READER), str(MOST_PAGES)]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=_PATIENCE_S, check=False)  # noqa: S603 - ours
    except subprocess.TimeoutExpired as error:
        raise UserMistake(f"{name!r} cannot be read within {_PATIENCE_S:.0f} s.", "Split it.") from error
    found: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 and done.stdout else {"error": "broken"}
    match found.get("error"):
        case None:
            title = " ".join(_HIDDEN.sub("", str(found["title"])).split())
            return Pdf("" if _NO_TITLE.fullmatch(title) else title[:200], tuple(map(_tidied, found["pages"])))
        case "locked":
            raise UserMistake(f"{name!r} is locked with a password.", "Save a copy without the password.")
        case "long":
            raise UserMistake(f"{name!r} has more than {MOST_PAGES:,} pages.", "Split it.")
        case _:
            raise UserMistake(
                f"{name!r} is no PDF that can be read.", "Open it and save it anew, or print it to a PDF."
            )


def paragraphs(pages: Sequence[str]) -> list[str]:
    """Return each page's text as paragraphs apart by an empty line, without running heads and page numbers."""
    lined = [[line.strip() for line in page.split("\n") if line.strip()] for page in pages]
    repeated = _repeated(lined)
    return ["\n\n".join(_joined(_within(lines, repeated))) for lines in lined]


def _tidied(page: str) -> str:
    text = page.replace("\r\n", "\n").replace("\r", "\n")
    return _HIDDEN.sub("", _HYPHENS.sub("", text))


def _within(lines: Sequence[str], repeated: frozenset[str]) -> list[str]:
    """Return a page's lines without those at its edges that other pages have too, or that are but a number."""

    edge = _edge(lines)
    return [
        line
        for at, line in enumerate(lines)
        if edge <= at < len(lines) - edge or not (_NUMBER.fullmatch(line) or _shape(line) in repeated)
    ]


def _repeated(pages: Sequence[Sequence[str]]) -> frozenset[str]:
    counts: Counter[str] = Counter()
    for lines in pages:
        edge = _edge(lines)
        counts.update({_shape(line) for line in (*lines[:edge], *lines[len(lines) - edge :])})
    least = max(3, len(pages) * _REPEATED)
    return frozenset(shape for shape, count in counts.items() if count >= least)


def _edge(lines: Sequence[str]) -> int:
    """Return how many lines at either end of a page may be no text; a page of few lines is all text."""
    return min(_EDGE_LINES, len(lines) // 4)


def _shape(line: str) -> str:
    return _NUMBER.sub("#", line)


def _joined(lines: Sequence[str]) -> list[str]:
    """Join the lines of each paragraph: one ends with a short line, and begins anew with an item of a list."""
    widths = sorted(_width(line) for line in lines)
    usual = widths[len(widths) * 9 // 10] if widths else 0
    found: list[str] = []
    open_ = False
    for line in lines:
        if open_ and not _ITEM.match(line):
            found[-1] = _appended(found[-1], line)
        else:
            found.append(_BULLET.sub("- ", line, count=1))
        open_ = _width(line) >= usual * _SHORT
    return found


def _appended(text: str, line: str) -> str:
    wide = _WIDE.match(text[-1]) or _WIDE.match(line[0]) or unicodedata.east_asian_width(text[-1]) in "WF"
    return f"{text}{line}" if wide else f"{text} {line}"


def _width(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in line)
