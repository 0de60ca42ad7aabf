"""Cloze items: a sentence of a note in which a name is missing."""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from knowledge.language import content_terms
from knowledge.note import Note
from knowledge.vocabulary import Language
from tools.quiz.item import Item, Level, Misconception, identity
from tools.quiz.material import Material, Sentence
from tools.quiz.text_name import accepted, gapped, gives_away, initial, is_listed, is_name, removed, same
from tools.quiz.text_prose import GAP, index, prose, refers
from tools.quiz.wording import say

_WORDING: Final = "text_cloze"
_ALIKE: Final = 0.5  # a sentence of another note that shares more of the words might be completed by another name
_FITS: Final = 0.7  # a note that uses more of the words might be meant as well
_TELLING: Final[dict[Language, float]] = {"en": 24.0, "zh": 60.0}  # nats; shorter sentences fit many names
_FURTHER: Final = 1.25  # how much more must be told where the gap is not the note's own name
_COMMON: Final = 0.2  # of all notes
_PRONOUN: Final = re.compile(r"\b(?:it|its|they|them|their)\b|它|其")
_UNNAMED: Final = frozenset({"pitfall", "project"})  # their titles are phrases, not names
_PROPER: Final = frozenset({"tool", "platform", "model", "dataset", "benchmark"})
_TIES: Final = ("implements", "uses", "is_a", "part_of", "extends", "reads", "produces", "serves", "measures")


@dataclass(frozen=True, slots=True)
class _Gap:
    """A sentence without the name of `key`, as it is shown."""

    sentence: Sentence
    text: str
    key: Note
    name: str  # as it stands in the sentence
    level: Level
    fact: str


def summaries(material: Material, concept: str, language: Language, rng: random.Random) -> Iterator[Item]:
    """Yield the item that asks for a note's name by its summary."""
    note, sentence = material.graph.notes[concept], material.summary(concept, language)
    if note.kind in _UNNAMED or not is_name(note) or sentence is None or refers(sentence.text):
        return
    text, name = gapped(sentence.text, note), removed(sentence.text, note)
    if not name:
        text, name = say(_WORDING, "defined", language, gap=GAP, summary=sentence.text), note.title_in(language)
    gap = _Gap(sentence, text, note, name, 1, f"name:{note.id}")
    if _is_determined(material, gap):
        yield _item(material, gap, language, rng)


def sentences(material: Material, concept: str, language: Language, rng: random.Random) -> Iterator[Item]:
    """Yield items that ask for the name of a note, or of one it is tied to, in sentences of its text."""
    found = list(prose(material, concept, language))
    rng.shuffle(found)
    own = material.graph.notes[concept]
    there = [edge.target for edge in material.graph.edges_from(concept, *_TIES)]
    back = [edge.source for edge in material.graph.edges_to(concept, *_TIES)]
    tied = [material.graph.notes[other] for other in dict.fromkeys([*there, *back])]
    for sentence in found:
        for key in (own, *tied):
            gap = _gap(material, sentence, key, own)
            if gap is not None:
                yield _item(material, gap, language, rng)
                break  # two gaps in one sentence would give each other away


def _gap(material: Material, sentence: Sentence, key: Note, own: Note) -> _Gap | None:
    name = removed(sentence.text, key)
    if not name or key.kind in _UNNAMED or not is_name(key) or _is_everywhere(material, key, sentence.language):
        return None
    text = gapped(sentence.text, key)
    if f"`{GAP}" in text or is_listed(text) or _PRONOUN.search(text.partition(GAP)[0]):
        return None
    if key.id not in material.library.mentioned(sentence.text):
        return None  # a part of a longer name: the evaluation of "capability evaluation"
    if not _is_anchored(material, text, key, own, sentence.language):
        return None
    mark = sha256(sentence.text.encode()).hexdigest()[:10]
    gap = _Gap(sentence, text, key, name, 1 if key is own else 2, f"named:{key.id}:{own.id}:{mark}")
    return gap if _is_determined(material, gap) else None


def _is_anchored(material: Material, text: str, key: Note, own: Note, language: Language) -> bool:
    """Tell whether a sentence without the key still names the note it stands in, or else something rarer.

    Common words alone do not tell which name is meant.
    """
    named = material.library.mentioned(text)
    if key is not own:
        return own.id in named
    others = (material.graph.notes[note] for note in named if note != own.id)
    return any(not _is_everywhere(material, other, language) for other in others)


def _is_everywhere(material: Material, key: Note, language: Language) -> bool:
    """Tell whether a term is so common that a gap for it says little: evaluation, agent, language model."""
    if key.kind in _PROPER:
        return False
    users = index(material, language).users
    terms = content_terms(key.title_in(language))
    shared = frozenset[str].intersection(*(users.get(term, frozenset()) for term in terms)) if terms else ()
    return len(shared) > _COMMON * len(material.notes)


def _is_determined(material: Material, gap: _Gap) -> bool:
    """Tell whether the words around the gap say enough, and fit no other note that begins so."""
    if gap.text.count(GAP) != 1 or gives_away(gap.text, gap.key):
        return False
    terms = set(content_terms(gap.text))
    known = index(material, gap.sentence.language)
    least = _TELLING[gap.sentence.language] * (1 if gap.key.id == gap.sentence.note else _FURTHER)
    if known.weight(terms) < least or known.like(terms, gap.sentence.note) > _ALIKE:
        return False
    begins = initial(gap.name)
    return not any(
        known.covered(terms, rival.id) > _FITS
        for rival in material.notes
        if rival.id not in (gap.key.id, gap.sentence.note)
        and any(initial(name) == begins for name in same(rival))
        and (rival.kind in _PROPER) == (gap.key.kind in _PROPER)
    )


def _item(material: Material, gap: _Gap, language: Language, rng: random.Random) -> Item:
    note = gap.key
    prompt = say(_WORDING, "name" if note.kind in _PROPER else "term", language, initial=initial(gap.name))
    return Item(
        id=identity("text_cloze", gap.fact, "cloze", language),
        fact=gap.fact,
        type="cloze",
        concept=gap.sentence.note,
        level=gap.level,
        language=language,
        origin="graph",
        stem=f"{prompt}\n\n> {gap.text}",
        explanation=say(_WORDING, "explained", language, title=gap.name, sentence=gap.sentence.text),
        citations=(material.citation(gap.sentence),),
        accepted=accepted(note, gap.name),
        misconceptions=_misconceptions(material, gap, language, rng),
        hints=(
            say(_WORDING, "hint_kind", language, kind=say(_WORDING, f"kind_{note.kind}", language)),
            say(
                _WORDING, "hint_form", language,
                start=gap.name[: 2 if gap.name.isascii() else 1], length=str(len(gap.name)),
            ),
        ),
        checks={
            "key": "the name stands in the cited sentence, or the sentence is the summary of its note",
            "unique": "no other note with such a beginning uses most of the words around the gap",
            "stem": "no other name of the key in it",
        },
    )  # fmt: skip


def _misconceptions(material: Material, gap: _Gap, language: Language, rng: random.Random) -> tuple[Misconception, ...]:
    """Return the names that come to mind instead, each with what it stands for."""
    near = material.graph.edges_from(gap.key.id, "contrasts_with", "alternative_to", "is_a", "part_of", "extends")
    notes = [material.graph.notes[other] for other in dict.fromkeys(edge.target for edge in near)]
    rng.shuffle(notes)
    return tuple(
        Misconception(
            note.title_in(language),
            say(_WORDING, "other", language, title=note.title_in(language), summary=note.summary_in(language)),
        )
        for note in notes[:4]
        if language in note.summary and note.kind not in _UNNAMED
    )
