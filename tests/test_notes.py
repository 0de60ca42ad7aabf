"""The built-in notes are clean: nothing in them is broken, missing or dangling, and they teach what they promise."""

import re
from datetime import date
from pathlib import Path

import pytest

from knowledge import reader
from knowledge.graph import Graph
from knowledge.index import BUILT_IN
from knowledge.library import Library, audit, build
from knowledge.note import Problem
from knowledge.reader import Folder, Reading
from knowledge.sentence import sentences

# Words that need the sentence before them: "each sentence can stand as evidence alone".
LEANING = re.compile(
    r"(?:It|This|These|They|Its|Their|Such|That|Those|He|She)\b|(?:它|它们|这个|这些|这样|其中|两者|此外|这是)"
)


@pytest.fixture(scope="module")
def readings() -> list[tuple[Path, Reading]]:
    folder = Folder(BUILT_IN, own=False)
    return [(path, reader.read(path, folder)) for path in reader.files(folder)]


@pytest.fixture(scope="module")
def library(readings: list[tuple[Path, Reading]]) -> Library:
    return build([reading.document for _, reading in readings if reading.document])


def shown(problems: list[Problem]) -> list[str]:
    return [str(problem).removeprefix(f"{BUILT_IN}/") for problem in problems]


def test_every_note_can_be_read(readings: list[tuple[Path, Reading]]) -> None:
    assert shown([problem for _, reading in readings for problem in reading.problems]) == []


def test_the_notes_agree_with_each_other(library: Library) -> None:
    assert shown(list(library.problems)) == []


def test_every_note_carries_every_field_in_both_languages(library: Library) -> None:
    lacking = [problem for problem in audit(library, date.today()) if problem.severity == "error"]  # noqa: DTZ011 - a day
    assert shown(lacking) == []


def test_every_path_to_a_note_begins_at_a_root(library: Library) -> None:
    graph = Graph(library)
    for note in library.notes:
        path = graph.path_to(note)
        assert path[-1] == note
        known: set[str] = set()
        for step in path:
            assert known.issuperset(library.notes[step].prerequisites), f"{step} on the way to {note}"
            known.add(step)


def test_no_note_stands_alone(library: Library) -> None:
    graph = Graph(library)
    assert [note for note in library.notes if not graph.neighbours(note)] == []


def test_every_note_is_found_by_its_titles(library: Library) -> None:
    titles = [(note.id, title) for note in library.notes.values() for title in note.title.values()]
    assert [(note, title) for note, title in titles if note not in library.names[title.lower()]] == []


def test_no_sentence_leans_on_the_one_before_it(readings: list[tuple[Path, Reading]]) -> None:
    leaning = [
        f"{path.name}: {sentence[:60]}"
        for path, reading in readings
        for excerpt in reading.excerpts
        if "```" not in excerpt.text and not excerpt.text.startswith(("|", "-", "1."))
        for start, end in sentences(excerpt.text)
        if LEANING.match(sentence := excerpt.text[start:end])
    ]
    assert leaning == []


def test_each_excerpt_stands_in_its_file(readings: list[tuple[Path, Reading]]) -> None:
    for path, reading in readings:
        text = path.read_text("utf-8")
        assert all(text[excerpt.start : excerpt.end] == excerpt.text for excerpt in reading.excerpts), path


def test_every_note_has_an_entry_in_both_languages(readings: list[tuple[Path, Reading]]) -> None:
    entries = {
        reading.document.id: {excerpt.language for excerpt in reading.excerpts if excerpt.entry}
        for _, reading in readings
        if reading.document and not reading.document.sibling
    }
    assert {note for note, languages in entries.items() if languages != {"en", "zh"}} == set()
