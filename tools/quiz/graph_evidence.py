"""The sentence that shows a relation between two notes, and the wrong answers that provably have none."""

import random
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar
from weakref import WeakKeyDictionary

from knowledge.vocabulary import LANGUAGES, Language
from tools.quiz.graph_form import prose
from tools.quiz.graph_truth import GROUPS, truth
from tools.quiz.material import Material, Sentence

_Value = TypeVar("_Value")

# What may stand beside what among the options of one item.
_BESIDE: Final = {
    "software": ("software",), "idea": ("idea",), "measure": ("measure", "idea"), "model": ("model",),
    "pitfall": ("pitfall",),
}  # fmt: skip


_known: Final[WeakKeyDictionary[Material, dict[tuple[str, str, Language], Sentence | None]]] = WeakKeyDictionary()


def evidence(material: Material, source: str, target: str, language: Language) -> Sentence | None:
    """Return the sentence of either note that names the other, or None where neither does; found once, remembered.

    The reader's language goes first, then the source's note, then a sentence that names both.
    """
    known = _known.setdefault(material, {})
    key = (source, target, language)
    if key not in known:
        known[key] = _sought(material, source, target, language)
    return known[key]


def _sought(material: Material, source: str, target: str, language: Language) -> Sentence | None:
    proofs = truth(material)
    for spoken in in_order(language):
        for note, other in ((source, target), (target, source)):
            if not proofs.names(note, other):
                continue
            found = material.naming(note, other, spoken)
            if found is not None and prose(found.text) and material.mentions(found.text, other):
                return found
    return None


def in_order(language: Language) -> tuple[Language, ...]:
    """Return the languages, the reader's first."""
    return (language, *(other for other in LANGUAGES if other != language))


def candidates(material: Material, like: str, near: Iterable[str], rng: random.Random) -> list[str]:
    """Return the notes of the same form as a key, those of the same stages first, otherwise in random order."""
    notes = material.graph.notes
    groups = _BESIDE[GROUPS[notes[like].kind]]
    stages = {notes[note].stage for note in (like, *near)}
    fitting = [note for note in material.notes if GROUPS[note.kind] in groups and note.id != like]
    drawn = {note.id: rng.random() for note in fitting}
    fitting.sort(key=lambda n: (groups.index(GROUPS[n.kind]), n.stage not in stages, drawn[n.id]))
    return [note.id for note in fitting]


def first(candidates: Iterable[str], wrong: Callable[[str], bool], number: int) -> list[str]:
    """Return the first so many candidates that are provably wrong; fewer where there are no more."""
    found: list[str] = []
    for candidate in candidates:
        if wrong(candidate):
            found.append(candidate)
            if len(found) == number:
                break
    return found


def shuffled(values: Iterable[_Value], rng: random.Random) -> Iterator[_Value]:
    """Yield values in random order."""
    drawn = list(values)
    rng.shuffle(drawn)
    yield from drawn
