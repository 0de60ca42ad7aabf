"""The pitfalls of the notes as cases: what they are known by, why they happen and how they are mended."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from knowledge.citation import Citation
from knowledge.language import mentions
from knowledge.library import Library
from knowledge.lines import fenced
from knowledge.note import Document, Note
from knowledge.sentence import sentences
from knowledge.vocabulary import Language
from tools.fault.normalise import folded
from tools.fault.signature import LogText, Signature, is_weak

Part = Literal["seen", "cause", "fix", "check"]

_FILE: Final = Path(__file__).with_name("fault.toml")
_HEADINGS: Final[dict[Part, tuple[str, ...]]] = {
    "seen": ("what you see", "现象"),
    "cause": ("why it happens", "cause", "原因"),
    "fix": ("how to fix it", "fix", "solution", "解决方法"),
    "check": ("how to check", "如何确认"),
}
LOOKALIKES: Final = ("looks like it but is not", "容易混淆的情况")  # what stands there speaks of other failures
_HEADING: Final = re.compile(r"^##[ \t]+(.+?)[ \t]*#*$", re.MULTILINE)
_WORD: Final = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Section:
    """A section of a note's file without its heading; `start` and `end` are offsets into the file's text."""

    heading: str
    text: str
    start: int
    end: int
    path: str
    language: Language


@dataclass(frozen=True, slots=True)
class Case:
    """A pitfall with its signatures and the names of what it occurs with."""

    note: Note
    signatures: tuple[Signature, ...]
    company: frozenset[str]  # lower-case names that corroborate a weak signature

    def section(self, part: Part, language: Language) -> Section | None:
        """Return a section in a language, or in another where that is all there is; None where no file has it."""
        documents = sorted(self.note.documents, key=lambda d: d.language != language)
        return next((found for document in documents if (found := _section(document, part))), None)

    def citation(self, section: Section, n: int) -> Citation:
        """Return the citation of the first sentence of a section."""
        start, end = next(iter(sentences(section.text)), (0, len(section.text)))
        return Citation(
            n=n,
            note=self.note.id,
            title=self.note.title_in(section.language),
            heading=section.heading,
            quote=section.text[start:end],
            start=section.start + start,
            end=section.start + end,
            source=self.source,
            path=section.path,
        )

    @property
    def source(self) -> str:
        """Where its facts come from."""
        return next(iter(self.note.sources), self.note.documents[0].path)


class Casebook:
    """All pitfalls of a library. Safe to use from several threads; its files are read when a section is asked for."""

    def __init__(self, library: Library) -> None:
        self.cases: Mapping[str, Case] = {
            note.id: _case(note, library) for note in library.notes.values() if note.pitfall is not None
        }

    def corroborates(self, case: Case, log: LogText) -> bool:
        """Tell whether a log names something of the field, or what the case occurs with."""
        return (
            not words("field").isdisjoint(_WORD.findall(log.text))
            or any(part in log.text for part in data()["field_parts"])
            or any(mentions(name, log.text) for name in case.company)
        )


@cache
def data() -> Mapping[str, Any]:
    """Return the words by which logs are judged."""
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


@cache
def words(name: str) -> frozenset[str]:
    """Return a set of words by which logs are judged."""
    return frozenset(data()[name].split())


def _case(note: Note, library: Library) -> Case:
    """Make a case; a reader's own signatures are never weak, since they chose them for their own systems."""
    texts = note.pitfall.signatures if note.pitfall else ()
    general = words("general")
    signatures = tuple(Signature(note.id, text, weak=not note.own and is_weak(text, general)) for text in texts)
    others = [library.notes[r.target] for r in note.relations if r.target in library.notes]
    names = {name.lower() for other in others if other.pitfall is None for name in other.names}
    return Case(note, signatures, frozenset(name for name in names if not is_weak(name, general)))


def part_of(text: str, part: Part) -> tuple[str, int, int] | None:
    """Return a part's heading in a note's text, and the offsets of what stands below it; None where it has none."""
    fences = list(fenced(text))
    found = [m for m in _HEADING.finditer(text) if not any(a <= m.start() < b for a, b in fences)]
    ends = [*(match.start() for match in found), len(text)][1:]
    for match, end in zip(found, ends, strict=True):
        if folded(match[1]) in _HEADINGS[part]:
            body = text[match.end() : end]
            start = match.end() + len(body) - len(body.lstrip())
            return match[1], start, start + len(body.strip())
    return None


def _section(document: Document, part: Part) -> Section | None:
    try:
        text = Path(document.path).read_text(encoding="utf-8")
    except OSError:  # gone since it was indexed: the note's summary stands in
        return None
    found = part_of(text, part)
    if found is None:
        return None
    heading, start, end = found
    return Section(heading, text[start:end], start, end, document.path, document.language)
