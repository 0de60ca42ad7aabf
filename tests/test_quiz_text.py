"""All items from the notes' texts together: each is valid, proven by its source, and made the same again."""

import random
from collections import Counter
from functools import cache
from itertools import combinations
from pathlib import Path

import pytest
from quiz_material import material

from knowledge import reader
from knowledge.catalog import Passage
from knowledge.graph import Graph
from knowledge.library import build
from knowledge.reader import Folder
from knowledge.vocabulary import LANGUAGES, STAGES, Language
from tools.quiz.item import Item, from_record, record
from tools.quiz.material import Material
from tools.quiz.text import MAKERS

CHOICES = ("reading",)
CHI_SQUARED = 11.34  # three degrees of freedom, 1 %


@cache
def items(language: Language) -> tuple[Item, ...]:
    """Return all items on all notes, made with the seed of the note's place."""
    return tuple(
        item
        for seed, note in enumerate(material().notes)
        for make in MAKERS
        for item in make(material(), note.id, language, random.Random(seed))
    )


@cache
def text_of(path: str) -> str:
    return Path(path).read_bytes().decode()


@pytest.mark.parametrize(("language", "least"), [("en", 2), ("zh", 1)])
def test_every_note_yields_enough_items(language: Language, least: int) -> None:
    counts = Counter(item.concept for item in items(language))
    assert {note.id: counts[note.id] for note in material().notes if counts[note.id] < least} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_stage_has_items_of_several_types(language: Language) -> None:
    stage = {note.id: note.stage for note in material().notes}
    types = {each: {item.type for item in items(language) if stage[item.concept] == each} for each in STAGES}
    assert all(len(found) >= 3 for found in types.values()), types


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_citation_is_what_stands_at_its_place(language: Language) -> None:
    for item in items(language):
        assert item.citations
        for citation in item.citations:
            assert text_of(citation.path)[citation.start : citation.end] == citation.quote
            assert citation.note in material().graph.notes


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_item_is_whole(language: Language) -> None:
    for item in items(language):
        assert item.language == language
        assert item.origin == "graph"
        assert item.stem and item.explanation and item.checks
        assert 1 <= len(item.hints) <= 2 and all(item.hints)
        assert all("$" not in text or "$" in str(item.citations) for text in (item.stem, *item.hints))
        assert from_record(record(item)) == item


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_note_asks_one_fact_twice(language: Language) -> None:
    asked = Counter((item.concept, item.fact, item.type) for item in items(language))
    assert [key for key, count in asked.items() if count > 1] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_options_are_distinct_and_every_wrong_one_is_explained(language: Language) -> None:
    for item in items(language):
        if item.type in CHOICES:
            assert len(item.options) == 4 == len({option.lower() for option in item.options})
            wrong = {option for at, option in enumerate(item.options) if at not in item.key}
            assert {m.answer for m in item.misconceptions} == wrong
            assert all(m.why for m in item.misconceptions)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_place_of_the_key_tells_nothing(language: Language) -> None:
    places = Counter(item.key[0] for item in items(language) if item.type in CHOICES)
    expected = places.total() / 4
    statistic = sum((places[at] - expected) ** 2 / expected for at in range(4))
    assert statistic < CHI_SQUARED, places


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_length_of_the_key_tells_little(language: Language) -> None:
    choices = [item for item in items(language) if item.type in CHOICES]
    longest = [item for item in choices if len(item.options[item.key[0]]) == max(map(len, item.options))]
    shortest = [item for item in choices if len(item.options[item.key[0]]) == min(map(len, item.options))]
    assert 0.12 < len(longest) / len(choices) < 0.38, len(longest) / len(choices)
    assert 0.12 < len(shortest) / len(choices) < 0.38, len(shortest) / len(choices)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_same_seed_makes_the_same_items(language: Language) -> None:
    for note in material().notes[::23]:
        for make in MAKERS:
            first, second = (list(make(material(), note.id, language, random.Random(7))) for _ in range(2))
            assert first == second


def test_an_item_keeps_its_id_whatever_the_seed() -> None:
    for note in material().notes[::31]:
        for make in MAKERS:
            one, other = ({i.id for i in make(material(), note.id, "en", random.Random(s))} for s in (1, 2))
            assert one == other or make.__name__ == "prerequisites"


def test_ids_of_different_questions_differ() -> None:
    facts: dict[str, set[tuple[str, str]]] = {}
    for language in LANGUAGES:
        for item in items(language):
            facts.setdefault(item.id, set()).add((item.fact, item.language))
    assert [key for key, found in facts.items() if len(found) > 1] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_stem_stands_twice_with_another_key(language: Language) -> None:
    seen: dict[str, set[tuple[str, ...]]] = {}
    for item in items(language):
        if item.type == "cloze":
            seen.setdefault(item.stem, set()).add(item.accepted)
    assert [stem for stem, keys in seen.items() if len(keys) > 1] == []


def test_distractors_are_pairwise_different_texts() -> None:
    for item in items("en"):
        if item.type in CHOICES:
            assert all(one.lower() not in other.lower() for one, other in combinations(item.options, 2))


OWN_NOTES = {
    "plain.md": "Only words, without a heading or a title.\n",
    "empty.md": "",
    "C++.md": "# C++\n\nC++ is a language of 1985 with ____ and `code` and $x$.\n\n```bash\nvllm serve X --max-model-len 9\n```\n",
    "broken.md": "# Broken\n\n```mermaid\nflowchart LR\n  A[One --> B\n```\n\n```mermaid\nsequenceDiagram\nA->>B: hi\n```\n",
    "steps.md": "# Steps\n\n```mermaid\nflowchart LR\n  A[Mix] --> B[Knead]\n  B --> C[Rise]\n  C --> D[Bake]\n```\n",
    "笔记.md": "# 我的笔记\n\n[[Steps]] 之后才能写这条笔记，它一共有 12 个字节。\n",
    "failure.md": "---\nkind: pitfall\ntitle: Oops\npitfall: {signatures: ['(Oops', '<*>']}\nsummary: It fails; mend it.\n---\n"
    "## What you see\n\n```text\n(Oops\n```\n",
}


def test_a_readers_own_notes_never_raise_and_a_diagram_of_theirs_is_asked(tmp_path: Path) -> None:
    for name, text in OWN_NOTES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    own = of_folder(Folder(tmp_path, own=True))
    made = [
        item
        for note in own.notes
        for language in LANGUAGES
        for make in MAKERS
        for item in make(own, note.id, language, random.Random(1))
    ]
    assert [[item.options[at] for at in item.key] for item in made if item.type == "ordering"] == [
        ["Mix", "Knead", "Rise", "Bake"]
    ]


def of_folder(folder: Folder) -> Material:
    readings = [(str(path), reader.read(path, folder)) for path in reader.files(folder)]
    library = build([reading.document for _, reading in readings if reading.document])
    passages = [
        Passage(f"{path}:{n}", path, e.heading, e.start, e.end, e.text, e.language, e.lookup, e.entry)
        for path, reading in readings
        for n, e in enumerate(reading.excerpts)
    ]
    return Material(library, Graph(library), passages)
