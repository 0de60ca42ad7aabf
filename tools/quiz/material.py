"""What items are made from: the graph, and the sentences of the notes with their places."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from knowledge import reader
from knowledge.catalog import Passage
from knowledge.citation import Citation
from knowledge.graph import Graph
from knowledge.library import Library, build
from knowledge.note import Note
from knowledge.reader import Folder
from knowledge.sentence import sentences
from knowledge.vocabulary import Language


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a note; `start` and `end` are offsets into the text of the file at `path`."""

    note: str
    path: str
    heading: str
    start: int
    end: int
    text: str
    language: Language
    is_summary: bool


class Material:
    """The notes as one moment saw them. Safe to use from several threads."""

    def __init__(self, library: Library, graph: Graph, passages: Sequence[Passage]) -> None:
        self.library = library
        self.graph = graph
        self._passages: dict[str, list[Passage]] = defaultdict(list)
        for passage in passages:
            note = library.note_of_path.get(passage.path)
            if note is not None:
                self._passages[note].append(passage)
        self._sentences: dict[tuple[str, Language], tuple[Sentence, ...]] = {}

    @cached_property
    def notes(self) -> tuple[Note, ...]:
        """All notes, in the order of their ids."""
        return tuple(note for _, note in sorted(self.graph.notes.items()))

    def sentences(self, note: str, language: Language) -> tuple[Sentence, ...]:
        """Return the sentences of a note in a language: its summary, then its text in order. Code counts as one."""
        known = self._sentences.get((note, language))
        if known is None:
            passages = [p for p in self._passages.get(note, ()) if p.language == language]
            passages.sort(key=lambda p: (not p.entry, p.path, p.start))
            known = tuple(
                _in(passage, note, start, end) for passage in passages for start, end in sentences(passage.text)
            )
            known = tuple(dict.fromkeys(known))
            self._sentences[note, language] = known
        return known

    def summary(self, note: str, language: Language) -> Sentence | None:
        """Return the first sentence of a note's summary in a language, where it has one."""
        return next((s for s in self.sentences(note, language) if s.is_summary), None)

    def naming(self, note: str, target: str, language: Language) -> Sentence | None:
        """Return the sentence of a note that best shows what it has to do with another: one that names that other.

        A sentence that names both goes first, then the earliest; the summary where none names the other.
        """
        named = [s for s in self.sentences(note, language) if self.mentions(s.text, target)]
        both = [s for s in named if self.mentions(s.text, note)]
        return next(iter(both or named), None) or self.summary(note, language)

    def mentions(self, text: str, note: str) -> bool:
        """Tell whether a text names a note, and not just something with a longer name."""
        lower = text.lower()
        # Looking for all names takes a hundred times as long as looking for these.
        return any(name.lower() in lower for name in self.graph.notes[note].names) and note in self.library.mentioned(
            text
        )

    def citation(self, sentence: Sentence, n: int = 1) -> Citation:
        """Return the citation of a sentence under a number."""
        note = self.graph.notes[sentence.note]
        return Citation(
            n=n,
            note=sentence.note,
            title=note.title_in(sentence.language),
            heading=sentence.heading,
            quote=sentence.text,
            start=sentence.start,
            end=sentence.end,
            source=next(iter(note.sources), sentence.path),
            path=sentence.path,
        )


def read(folder: Folder) -> Material:
    """Return the material of a folder of notes as its files are now, without an index."""
    readings = [(str(path), reader.read(path, folder)) for path in reader.files(folder)]
    library = build([reading.document for _, reading in readings if reading.document])
    passages = [
        Passage(f"{path}:{n}", path, e.heading, e.start, e.end, e.text, e.language, e.lookup, e.entry)
        for path, reading in readings
        for n, e in enumerate(reading.excerpts)
    ]
    return Material(library, Graph(library), passages)


def _in(passage: Passage, note: str, start: int, end: int) -> Sentence:
    return Sentence(
        note, passage.path, passage.heading, passage.start + start, passage.start + end, passage.text[start:end],
        passage.language, passage.entry and not passage.heading,
    )  # fmt: skip
