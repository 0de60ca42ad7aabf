"""Ordering items: the steps that a diagram draws one after the other, and what has to be understood first."""

import random
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from knowledge.citation import Citation
from knowledge.vocabulary import Language
from tools.quiz.item import Item, Level, Misconception, identity
from tools.quiz.material import Material
from tools.quiz.text_diagram import Chain, Diagram, chains
from tools.quiz.wording import say

_WORDING: Final = "text_ordering"
_STEPS: Final = 4  # of a row of prerequisites; with the last one named, fewer are guessed easily
_FEWEST: Final = 3  # where a note lies nearer to the root
_ROWS: Final = 2  # of one concept; more would ask much the same


def steps(material: Material, concept: str, language: Language, rng: random.Random) -> Iterator[Item]:
    """Yield items that ask for the order in which a diagram of the note draws its steps, one of each diagram."""
    title = material.graph.notes[concept].title_in(language)
    of_diagram: dict[int, list[Chain]] = {}
    for chain in chains(material, concept, language):
        if _is_clear(material, chain.labels):
            of_diagram.setdefault(chain.diagram.start, []).append(chain)
    for number, found in enumerate(of_diagram.values(), 1):
        chain = rng.choice(found)
        stem = say(_WORDING, "steps", language, title=title)
        citation = _citation(material, concept, language, chain.diagram)
        yield _item(concept, language, f"steps:{concept}:{number}", chain.labels, stem, (citation,), rng)


def prerequisites(material: Material, concept: str, language: Language, rng: random.Random) -> Iterator[Item]:
    """Yield items that ask in which order notes build on each other: up to the note, or from one near the root on."""
    rows = [row for row in _rows_to(material, concept) if len(row) >= _FEWEST]
    rows = rows or [
        row for goal in _builders_on(material, concept) for row in _rows_to(material, goal) if concept in row
    ]
    longest = max(map(len, rows), default=0)
    rows = sorted(row for row in rows if len(row) >= min(longest, _STEPS))
    for row in rng.sample(rows, min(_ROWS, len(rows))):
        notes = [material.graph.notes[note] for note in row]
        cited = [s for note in row if (s := material.summary(note, language)) is not None]
        if len(row) < _FEWEST or any(note.kind == "pitfall" for note in notes[:-1]) or len(cited) < len(row):
            continue
        stem = say(_WORDING, "prerequisites", language, title=notes[-1].title_in(language))
        labels = tuple(note.title_in(language) for note in notes)
        citations = tuple(material.citation(sentence, n) for n, sentence in enumerate(cited, 1))
        yield _item(concept, language, f"build:{'>'.join(row)}", labels, stem, citations, rng)


def _rows_to(material: Material, goal: str) -> Iterator[tuple[str, ...]]:
    """Yield the rows of notes that lead to a goal, each a direct prerequisite of the next."""
    waiting: list[tuple[str, ...]] = [(goal,)]
    while waiting:
        row = waiting.pop()
        yield row
        if len(row) <= _STEPS:
            waiting.extend((first, *row) for first in material.graph.notes[row[0]].prerequisites)


def _builders_on(material: Material, concept: str) -> list[str]:
    """Return the notes one or two steps further on."""
    direct = [edge.source for edge in material.graph.edges_to(concept, "prerequisite")]
    further = [edge.source for note in direct for edge in material.graph.edges_to(note, "prerequisite")]
    return sorted({*direct, *further})


def _is_clear(material: Material, labels: Sequence[str]) -> bool:
    """Tell whether no label names the same as another."""
    names = [named.id if (named := material.library.named(label)) else label.lower() for label in labels]
    return len(set(names)) == len(labels)


def _citation(material: Material, concept: str, language: Language, diagram: Diagram) -> Citation:
    note = material.graph.notes[concept]
    return Citation(
        n=1,
        note=concept,
        title=note.title_in(language),
        heading="",
        quote=diagram.text,
        start=diagram.start,
        end=diagram.end,
        source=next(iter(note.sources), diagram.path),
        path=diagram.path,
    )


def _item(
    concept: str,
    language: Language,
    fact: str,
    labels: tuple[str, ...],
    stem: str,
    citations: tuple[Citation, ...],
    rng: random.Random,
) -> Item:
    options = list(labels)
    while tuple(options) == labels:  # shown in the right order, it would be no question
        rng.shuffle(options)
    drawn = fact.startswith("steps:")
    level: Level = 2 if drawn else 3
    return Item(
        id=identity("text_ordering", fact, "ordering", language),
        fact=fact,
        type="ordering",
        concept=concept,
        level=level,
        language=language,
        origin="graph",
        stem=stem,
        explanation=say(_WORDING, f"{'steps' if drawn else 'build'}_explained", language, order=" → ".join(labels)),
        citations=citations,
        options=tuple(options),
        key=tuple(options.index(label) for label in labels),
        misconceptions=tuple(
            Misconception(after, say(_WORDING, "follows" if drawn else "needs", language, before=before, after=after))
            for before, after in pairwise(labels)
        ),
        hints=(
            say(_WORDING, "first", language, label=labels[0]),
            say(_WORDING, "last", language, label=labels[-1]),
        ),
        checks={
            "key": "an arrow leads from each to the next" if drawn else "each is a prerequisite of the next",
            "unique": "no way leads back, so there is one order only",
        },
    )
