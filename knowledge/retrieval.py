"""Hybrid retrieval: names, words and meaning in one score.

The score is the similarity of the question to the passage (the sum over two encoders), to which naming the note and
sharing rare words add, in the question's language or translated. The weights were set by the questions of
`evals/retrieval.py`; the result is the same over a wide range around them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from knowledge.catalog import Passage
from knowledge.evidence import Evidence
from knowledge.glossary import translated_terms
from knowledge.index import Index
from knowledge.language import content_terms, question_language, terms
from knowledge.library import Library

if TYPE_CHECKING:
    from llama_index.core.retrievers import BaseRetriever

CANDIDATES: Final = 64
_SIMILARITY: Final = 1.0  # the two encoders' similarities, added
_WORDS: Final = 1.13  # the question's rare words stand in the passage
_TRANSLATED: Final = 1.09  # their translations do: the only words that cross languages
_WORDS_OF_FILE: Final = 0.84  # the question's rare words stand anywhere in the note's file
_TRANSLATED_OF_FILE: Final = 0.94
_NAMED: Final = 0.05  # the question names the note
_NAMED_SHARE: Final = 0.09  # times the share of the question that the name makes up
_ENTRY: Final = 0.09  # the passage says what the note is about, and the question is little but its name
_LITTLE_ELSE: Final = 0.7
_GROUND_DEPTH: Final = 10  # passages whose similarity tells whether the notes speak of a question at all
_UNKNOWN: Final = 0.13  # how much a question loses there whose words stand nowhere in the notes


@dataclass(frozen=True, slots=True)
class Ranking:
    """The candidate passages with their scores, the best first, and how near the notes come to the question at all."""

    passages: list[tuple[Passage, "Scores"]]
    ground: float


@dataclass(frozen=True, slots=True)
class Scores:
    """What a passage's score is made of."""

    meaning: float
    words: float
    name: float

    @property
    def total(self) -> float:
        """The score that passages are ranked by."""
        return self.meaning + self.words + self.name


def search(index: Index, question: str, k: int = 10) -> list[Evidence]:
    """Return the best k passages, the best first and no place twice; empty for a question without content."""
    library = index.library
    found: list[Evidence] = []
    places: set[tuple[str, int]] = set()
    ranking = rank(index, question)
    for passage, scores in ranking.passages:
        note_id = library.note_of_path.get(passage.path)
        if note_id is None or (passage.path, passage.start) in places:
            continue  # the note's id clashes with another's, or the place was found by another text
        places.add((passage.path, passage.start))
        note = library.notes[note_id]
        found.append(
            Evidence(
                note=note_id,
                title=note.title_in(passage.language),
                heading=passage.heading,
                text=passage.text,
                start=passage.start,
                end=passage.end,
                language=passage.language,
                score=round(scores.total, 4),
                source=note.sources[0] if note.sources else passage.path,
                path=passage.path,
                own=note.own,
                ground=ranking.ground,
                checked=note.checked.isoformat() if note.checked else "",
            )
        )
        if len(found) == k:
            break
    return found


def rank(index: Index, question: str) -> Ranking:
    """Rank the candidate passages; the reader's language breaks ties."""
    if not question.strip():
        return Ranking([], 0.0)
    library, catalog = index.library, index.catalog
    names = _named(library, question)
    content, others = content_terms(question), translated_terms(question)
    words = catalog.words(content, CANDIDATES)
    translated = catalog.words(others, CANDIDATES, of=content)
    words_of_file = catalog.words_of_files(content, CANDIDATES)
    translated_of_file = catalog.words_of_files(others, CANDIDATES, of=content)
    meaning = index.store.nearest(index.embedder.embed([question], "query")[0], CANDIDATES)
    # What was not among the nearest is at most as near as the farthest of them.
    floor = min(meaning.values(), default=0.0)
    paths = [document.path for note in names for document in library.notes[note].documents]
    passages = index.passages(list(dict.fromkeys([*meaning, *words, *translated])))
    passages |= {entry.id: entry for entry in catalog.entries(paths)}

    def scores(passage: Passage) -> Scores:
        return Scores(
            meaning=_SIMILARITY * meaning.get(passage.id, floor),
            words=_WORDS * words.get(passage.id, 0.0)
            + _TRANSLATED * translated.get(passage.id, 0.0)
            + _WORDS_OF_FILE * words_of_file.get(passage.path, 0.0)
            + _TRANSLATED_OF_FILE * translated_of_file.get(passage.path, 0.0),
            name=_name_score(names.get(library.note_of_path.get(passage.path, "")), is_entry=passage.entry),
        )

    language = question_language(question)
    ranked = sorted(
        ((passage, scores(passage)) for passage in passages.values()),
        key=lambda item: (-item[1].total, item[0].language != language, item[0].path, item[0].start),
    )
    little_but_a_name = max(names.values(), default=0.0) > _LITTLE_ELSE
    return Ranking(ranked, 1.0 if little_but_a_name else _ground(index, content, list(meaning.values())))


def _ground(index: Index, content: Sequence[str], similarities: Sequence[float]) -> float:
    """Return how near the notes come to a question: the nearest passages' mean similarity, less for strange words.

    Few notes have few passages on anything, and lack most words: there the nearest passage alone has to tell.
    """
    total = index.catalog.size()
    depth = min(_GROUND_DEPTH, 1 + total // 200)
    strange = _UNKNOWN * min(1.0, total / 1000) * index.catalog.unknown_share(content)
    return sum(similarities[:depth]) / depth - strange


def _named(library: Library, question: str) -> Mapping[str, float]:
    """Return the notes that the question names, each with the share of the question that the name makes up."""
    mentioned = library.mentioned(question)
    content = len(content_terms(question)) or 1
    return {note: min(1.0, len(terms(name)) / content) for note, name in mentioned.items()}


def _name_score(share: float | None, *, is_entry: bool) -> float:
    if share is None:
        return 0.0
    return _NAMED + _NAMED_SHARE * share + (_ENTRY if is_entry and share > _LITTLE_ELSE else 0.0)


def as_llama_index(index: Index, k: int = 10) -> "BaseRetriever":
    """Return the same search as a LlamaIndex retriever, for engines built on LlamaIndex."""
    from llama_index.core.retrievers import BaseRetriever  # noqa: PLC0415 - loads late
    from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode  # noqa: PLC0415

    class NoteRetriever(BaseRetriever):
        """Hybrid retrieval over the notes."""

        def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
            def node(evidence: Evidence) -> NodeWithScore:
                metadata: dict[str, Any] = {
                    name: getattr(evidence, name) for name in ("note", "title", "heading", "source", "path")
                }
                text = TextNode(
                    text=evidence.text, metadata=metadata, start_char_idx=evidence.start, end_char_idx=evidence.end
                )
                return NodeWithScore(node=text, score=evidence.score)

            return [node(evidence) for evidence in search(index, query_bundle.query_str, k)]

    return NoteRetriever()
