"""The sections of the notes: the passages under one heading, with the sentence-exact places that they are cited by."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from knowledge.catalog import Passage
from knowledge.citation import Citation
from knowledge.note import Note
from knowledge.vocabulary import Language

_FENCE: Final = re.compile(r"^(`{3,}|~{3,})[ ]*(\w*)[^\n]*\n(.*?)^\1[`~]*[ ]*$", re.MULTILINE | re.DOTALL)
_ELSEWHERE: Final = re.compile(r"\b[Tt]he notes? on\b|的笔记")  # sends the reader to another note


@dataclass(frozen=True, slots=True)
class Code:
    """A fenced block of a passage; `kind` is the word after the fence."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Section:
    """What one note says under one heading, in one language; the heading of its summary is empty.

    `name` is what the note is called inside a sentence.
    """

    note: Note
    name: str
    language: Language
    heading: str
    passages: tuple[Passage, ...]

    @property
    def title(self) -> str:
        """The note's title in the section's language."""
        return self.note.title_in(self.language)

    def citations(self) -> list[Citation]:
        """Return the citations of the passages, numbered from 1."""
        return [cited(self.note, passage, n) for n, passage in enumerate(self.passages, 1)]


def sections(
    passages: Iterable[Passage],
    note_of_path: Mapping[str, str],
    notes: Mapping[str, Note],
    name: Callable[[str, Language], str],
) -> list[Section]:
    """Return the sections of all notes in the order of their files, without what sends the reader elsewhere."""
    made: list[Section] = []
    for (path, language, heading), group in groupby(passages, lambda p: (p.path, p.language, p.heading)):
        kept = tuple(passage for passage in group if not _ELSEWHERE.search(passage.text))
        if kept and path in note_of_path:
            note = notes[note_of_path[path]]
            made.append(Section(note, name(note.id, language), language, heading, kept))
    return made


def cited(note: Note, passage: Passage, n: int) -> Citation:
    """Return the citation of a passage under a number."""
    source = next(iter(note.sources), passage.path)
    title = note.title_in(passage.language)
    return Citation(n, note.id, title, passage.heading, passage.text, passage.start, passage.end, source, passage.path)


def codes(text: str) -> list[Code]:
    """Return the fenced blocks of a passage."""
    return [Code(match[2].lower(), match[3].rstrip("\n")) for match in _FENCE.finditer(text)]


def prose_of(text: str) -> str:
    """Return a passage without its fenced blocks."""
    return _FENCE.sub("", text).strip()


def of_notes(made: Sequence[Section], language: Language) -> Iterator[list[Section]]:
    """Yield the sections of one note after the other, in a language."""
    chosen = [section for section in made if section.language == language]
    for _, group in groupby(chosen, lambda section: section.note.id):
        yield list(group)
