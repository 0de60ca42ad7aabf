"""Items on what a thing is: its description in the notes, without its name, against those of its neighbours.

A description belongs to one note, so another note is a wrong answer where it provably is another thing: not a kind,
a part or a carrier of what is described (nor the other way round), not named in the description, and with a description
of its own that says little of the same (`_MOST_SHARED`, in either language). Such neighbours may be as near as
alternatives are; the nearer, the better the question. What is often confused is asked about at level 3.
"""

import random
from collections.abc import Iterable, Iterator
from typing import Final

from knowledge.vocabulary import Language
from tools.quiz.graph_evidence import candidates, shuffled
from tools.quiz.graph_form import (
    Choice,
    Question,
    chosen,
    cited,
    described,
    hints,
    judged,
    matched,
    reason,
    within,
    word,
)
from tools.quiz.graph_name import names
from tools.quiz.graph_truth import GROUPS, HIERARCHY, truth
from tools.quiz.item import Item
from tools.quiz.material import Material

_MOST_SHARED: Final = 0.25  # of the content words of the shorter description
_LIKE_LENGTH: Final = 0.6  # the shortest description of an item has at least this share of the longest's length
_LOOKED_AT: Final = 90  # neighbours that are looked at before an item is given up
_CONFUSED: Final = ("contrasts_with", "alternative_to")
_PROOF: Final = "is no kind, part or carrier of what is described, is not named there, and is described otherwise"
_CHECKS: Final = {"key": "the description is the summary of its note", "distractors": _PROOF}


def make(material: Material, concept: str, language: Language, rng: random.Random) -> Iterator[Item]:
    """Yield items on what a note is, in random order."""
    text = names(material).blanked(concept, language)
    if text is None or names(material).leaks(concept, text, language):
        return
    for form in shuffled((_which_one, _which_description, _which_not_other, _is_description), rng):
        yield from form(material, concept, language, rng)


def make_matching(material: Material, concept: str, language: Language, rng: random.Random) -> Iterator[Item]:
    """Yield an item that asks which description belongs to which of four neighbours."""
    told = names(material)
    chosen_notes: list[str] = []
    texts: dict[str, str] = {}
    stage = [note.id for note in material.notes if note.stage == material.graph.notes[concept].stage]
    for other in (concept, *_others(material, concept, rng), *shuffled(stage, rng)):
        if other in texts:
            continue
        text = told.blanked(other, language)
        if text is None or told.leaks(other, text, language):
            continue
        if all(_another(material, one, other, language) for one in chosen_notes):
            chosen_notes.append(other)
            texts[other] = text
        if len(chosen_notes) == 4:
            break
    if len(chosen_notes) < 4 or chosen_notes[0] != concept:
        return
    rng.shuffle(chosen_notes)
    pairs = [
        (told.option(note, language), Choice(texts[note], _belongs(material, note, language))) for note in chosen_notes
    ]
    summaries = [material.summary(note, language) for note in (concept, *(n for n in chosen_notes if n != concept))]
    explanation = "\n\n".join(described(material, note, language) for note in chosen_notes)
    yield matched(
        Question(
            "graph.description.match", f"summaries:{concept}", concept, 2, language,
            word("graph_description", "match", language), explanation, cited(material, *summaries),
            (), _CHECKS,
        ),
        pairs,
        rng,
        own=told.option(concept, language),
    )  # fmt: skip


def _which_one(material: Material, concept: str, language: Language, rng: random.Random) -> Iterator[Item]:
    told = names(material)
    text = told.blanked(concept, language) or ""
    others = _three(material, concept, _others(material, concept, rng), language)
    if len(others) < 3:
        return
    why = [
        word("graph_description", "wrong_name", language, described=described(material, note, language))
        for note in others
    ]
    wrong = [Choice(told.option(note, language), because) for note, because in zip(others, why, strict=True)]
    first_hint = hints(material, concept, language)[:1]
    letter = word("graph_description", "hint_letter", language, letter=told.option(concept, language)[0])
    stem = word("graph_description", "which_one", language, summary=text)
    yield chosen(
        _question("which_one", material, concept, language, stem, (*first_hint, letter)),
        [told.option(concept, language)],
        wrong,
        rng,
    )


def _which_description(material: Material, concept: str, language: Language, rng: random.Random) -> Iterator[Item]:
    others = _three(material, concept, _others(material, concept, rng), language, alike=True)
    stem = word("graph_description", "which_description", language, x=names(material).noun(concept, language))
    yield from _by_description("which_description", material, concept, language, stem, others, rng)


def _which_not_other(material: Material, concept: str, language: Language, rng: random.Random) -> Iterator[Item]:
    graph = material.graph
    for edge in shuffled(graph.edges_from(concept, *_CONFUSED), rng):
        rest = [note for note in _others(material, concept, rng) if note != edge.target]
        others = _three(material, concept, [edge.target, *rest], language, alike=True)
        if not others or others[0] != edge.target:
            continue
        told = names(material)
        stem = word(
            "graph_description", "which_not_other", language,
            x=told.noun(concept, language), y=told.noun(edge.target, language),
        )  # fmt: skip
        fact = f"difference:{concept}:{edge.target}"
        yield from _by_description("which_not_other", material, concept, language, stem, others, rng, fact)


def _by_description(
    template: str,
    material: Material,
    concept: str,
    language: Language,
    stem: str,
    others: list[str],
    rng: random.Random,
    fact: str = "",
) -> Iterator[Item]:
    told = names(material)
    text = told.blanked(concept, language) or ""
    texts = {note: told.blanked(note, language) or "" for note in others}
    if len(others) < 3:
        return
    wrong = [Choice(texts[note], _belongs(material, note, language)) for note in others]
    question = _question(
        template, material, concept, language, stem, _clues(material, concept, language), fact=fact, others=others
    )
    yield chosen(question, [text], wrong, rng)


def _is_description(material: Material, concept: str, language: Language, rng: random.Random) -> Iterator[Item]:
    told = names(material)
    holds = rng.random() < 0.5
    shown = concept
    if not holds:
        others = _three(material, concept, _others(material, concept, rng), language)
        if not others:
            return
        shown = others[0]
    text = told.blanked(shown, language) or ""
    if told.leaks(concept, text, language):
        return
    noun = told.noun(concept, language)
    stem = word("graph_description", "is_description", language, x=noun, summary=text)
    right = word("graph_description", "is_described", language, x=told.noun(shown, language))
    letter = word("graph_description", "hint_letter", language, letter=told.option(shown, language)[0])
    clues = (*_clues(material, concept, language)[1:], letter)
    question = _question("is_description", material, concept, language, stem, clues, others=[shown], lead=right)
    yield judged(question, holds=holds, why_wrong=right)


def _question(
    template: str,
    material: Material,
    concept: str,
    language: Language,
    stem: str,
    clues: tuple[str, ...],
    *,
    fact: str = "",
    others: Iterable[str] = (),
    lead: str = "",
) -> Question:
    own = material.summary(concept, language)
    citations = cited(material, own, *(material.summary(note, language) for note in others))
    points = reason(material, own, stem) if own and template == "is_description" else ()
    explanation = described(material, concept, language)
    return Question(
        f"graph.description.{template}", fact or f"summary:{concept}", concept, 3 if fact else 1, language, stem,
        f"{lead} {explanation}".strip() if language == "en" else lead + explanation, citations, clues, _CHECKS,
        points,
    )  # fmt: skip


def _clues(material: Material, concept: str, language: Language) -> tuple[str, ...]:
    first = hints(material, concept, language)[:1]
    before = material.graph.edges_from(concept, "prerequisite")
    if not before:
        return first
    known = names(material).noun(before[0].target, language)
    return (*first, word("graph_description", "hint_prerequisite", language, y=known))


def _belongs(material: Material, note: str, language: Language) -> str:
    return word("graph_description", "wrong_description", language, x=names(material).noun(note, language))


def _others(material: Material, concept: str, rng: random.Random) -> list[str]:
    """Return what a note could be taken for: what it is compared with, then its neighbours, then its stage."""
    graph = material.graph
    group = GROUPS[graph.notes[concept].kind]
    compared = [e.target for e in graph.edges_from(concept, *_CONFUSED) if GROUPS[graph.notes[e.target].kind] == group]
    near = [note for note in sorted(truth(material).near(concept)) if GROUPS[graph.notes[note].kind] == group]
    stage = graph.notes[concept].stage
    near = [note for note in near if graph.notes[note].stage == stage]
    rng.shuffle(compared)
    rng.shuffle(near)
    ranked = dict.fromkeys([*compared, *near, *candidates(material, concept, (), rng)])
    return [note for note in ranked if note != concept][:_LOOKED_AT]


def _three(
    material: Material, concept: str, others: Iterable[str], language: Language, *, alike: bool = False
) -> list[str]:
    told = names(material)
    kept: list[str] = []
    for other in others:
        texts = [told.blanked(note, language) or "" for note in (concept, *kept, other)]
        lengths = [len(text) for text in texts]
        if alike and not within((min(lengths), max(lengths)), texts[-1], _LIKE_LENGTH):
            continue
        if _another(material, concept, other, language):
            kept.append(other)
        if len(kept) == 3:
            break
    return kept


def _another(material: Material, one: str, other: str, language: Language) -> bool:
    """Tell whether two notes are provably different things with different descriptions."""
    graph, told = material.graph, names(material)
    if told.blanked(other, language) is None:
        return False
    if any(e.target == b for a, b in ((one, other), (other, one)) for e in graph.edges_from(a, *HIERARCHY)):
        return False
    if told.speaks_of(one, other) or told.speaks_of(other, one):
        return False
    return told.shared(one, other) <= _MOST_SHARED
