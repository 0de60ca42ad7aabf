"""What a quiz or a path is about: the notes that a learner's words name, or that come near them."""

from dataclasses import dataclass
from typing import Final

from agents.conversation import GROUNDED
from knowledge import retrieval
from knowledge.errors import UserMistake
from knowledge.graph import Graph
from knowledge.index import Index
from knowledge.note import Note
from knowledge.vocabulary import STAGE_TITLES, Language

_SEARCHED: Final = 12  # passages
_WITHIN: Final = 0.65  # notes whose best passage scores less than this share of the best are not meant
_NEAR: Final = 8  # neighbours that complete a quiz on one note


@dataclass(frozen=True, slots=True)
class Topic:
    """Notes, the nearest to what was meant first; `near` are those to fall back on. Both are empty for everything."""

    title: str
    notes: tuple[str, ...] = ()
    near: tuple[str, ...] = ()


def topic(index: Index, graph: Graph, words: str, language: Language) -> Topic:
    """Return what some words are about: a note by its name, a stage, several notes named, or what a search finds.

    Raises UserMistake, with the nearest notes, where the notes have nothing on it.
    """
    words = words.strip()
    if not words:
        return Topic("")
    named = index.library.named(words)
    if named is not None:
        return _about([named], graph, language)
    stage = stage_of(words)
    if stage is not None:
        notes = tuple(sorted(note.id for note in graph.notes.values() if note.stage == stage))
        return Topic(STAGE_TITLES[stage][language], notes)
    mentioned = [graph.notes[note] for note in index.library.mentioned(words)]
    return _about(mentioned or _found(index, graph, words, language), graph, language)


def note_named(index: Index, graph: Graph, words: str, language: Language) -> Note:
    """Return the one note that some words are about.

    Raises UserMistake, with the nearest notes, where there is none.
    """
    named = index.library.named(words.strip())
    mentioned = index.library.mentioned(words)
    if named is None and mentioned:
        longest = max(mentioned, key=lambda note: len(mentioned[note]))
        named = graph.notes[longest]
    return named or _found(index, graph, words, language)[0]


def stage_of(words: str) -> str | None:
    """Return the stage that some words name, by its id or its title in either language."""
    name = words.strip().lower()
    return next((s for s, titles in STAGE_TITLES.items() if name in {s, *(t.lower() for t in titles.values())}), None)


def _about(notes: list[Note], graph: Graph, language: Language) -> Topic:
    ids = tuple(note.id for note in notes)
    near = dict.fromkeys(other for note in ids for other in graph.neighbours(note)[:_NEAR])
    titles = ("、" if language == "zh" else ", ").join(note.title_in(language) for note in notes[:3])
    return Topic(titles, ids, tuple(note for note in near if note not in ids))


def _found(index: Index, graph: Graph, words: str, language: Language) -> list[Note]:
    found = retrieval.search(index, words, _SEARCHED)
    if not found or found[0].ground < GROUNDED:
        nearest = ", ".join(dict.fromkeys(graph.notes[e.note].title_in(language) for e in found[:3])) or "none"
        zh = f"笔记里没有关于“{words}”的内容。最接近的是：{nearest}。"
        raise UserMistake(f"the notes have nothing on {words!r}.", f"The nearest are: {nearest}.", zh)
    near = [evidence.note for evidence in found if evidence.score >= found[0].score * _WITHIN]
    return [graph.notes[note] for note in dict.fromkeys(near)]
