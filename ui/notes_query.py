"""What a link to the Notes page says: a note and a place in it, words to search for, or the reader's own notes."""

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final
from urllib.parse import parse_qs, urlencode

from knowledge.vocabulary import LANGUAGES, Language

_LONGEST: Final = 300  # characters of a value in a link
_SPAN: Final = re.compile(r"(\d{1,9})-(\d{1,9})")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a link asks for; without a note and without words it is the list of all notes.

    `at` are offsets into the file of the note in `language`, of its main file where that is None. `stage`, `kind` and
    `named` narrow the list; the page's script does that.
    """

    note: str = ""
    at: tuple[int, int] | None = None
    language: Language | None = None
    words: str = ""
    own: bool = False
    stage: str = ""
    kind: str = ""
    named: str = ""

    def query(self) -> str:
        """Return the query of the link."""
        given = {
            "note": self.note, "at": "{}-{}".format(*self.at) if self.at else "", "language": self.language or "",
            "q": self.words, "own": "1" if self.own else "", "stage": self.stage, "kind": self.kind,
            "named": self.named,
        }  # fmt: skip
        return "?" + urlencode([("place", "notes"), *((name, value) for name, value in given.items() if value)])


def wanted(query: str) -> Wanted:
    """Return what a link asks for; what is no value of ours is left out."""
    try:
        parsed = parse_qs(query.removeprefix("?"), max_num_fields=50)
    except ValueError:  # more fields than any link of ours has
        return Wanted()
    given = {name: values[-1][:_LONGEST].strip() for name, values in parsed.items()}
    span = _SPAN.fullmatch(given.get("at", ""))
    at = (int(span[1]), int(span[2])) if span else None
    return Wanted(
        note=given.get("note", ""),
        at=at if at and at[0] < at[1] else None,
        language=next((known for known in LANGUAGES if known == given.get("language")), None),
        words=given.get("q", ""),
        own=given.get("own") == "1",
        stage=given.get("stage", ""),
        kind=given.get("kind", ""),
        named=given.get("named", ""),
    )


def note_query(note: str, path: str = "", start: int = 0, end: int = 0) -> str:
    """Return the query of the link to a note, or to a place in the file of it at `path`."""
    if not path:
        return Wanted(note).query()
    return Wanted(note, (start, end) if start < end else None, language_of(path)).query()


def language_of(path: str) -> Language | None:
    """Return the language that a file's name tells; None where it tells none: it is the main file of its note."""
    stem = PurePath(path).stem
    return next((language for language in LANGUAGES if stem.endswith(f".{language}")), None)
