"""Items on one relation between two notes: which one, which ones, and whether a statement holds.

The key is an edge of the graph whose ends name each other in the text. A wrong answer is a note of the same form for
which `Truth.excluded` proves that the relation does not hold, and which shares no telling word with the question.
"Commonly combined" (works_with) can be proven of nothing, so there the question asks what the notes name, and has no
true-or-false form. What is `UNPROVABLE` is not asked; two notes that are contrasted serve `graph_description` instead.
An order of learning is a fact of the graph: whatever builds on a note is not needed before it.
"""

import random
from collections.abc import Iterator
from typing import Final

from knowledge.graph import Edge
from knowledge.vocabulary import LANGUAGES, RELATIONS, SYMMETRIC, Language
from tools.quiz.graph_evidence import candidates, evidence, first, shuffled
from tools.quiz.graph_form import Choice, Question, chosen, cited, described, hints, joined, judged, reason, word
from tools.quiz.graph_name import names
from tools.quiz.graph_truth import GROUPS, ONE_WAY, UNPROVABLE, truth
from tools.quiz.item import Item, Point
from tools.quiz.material import Material, Sentence

ASKED: Final = tuple(relation for relation in RELATIONS if relation not in UNPROVABLE)
PREREQUISITE: Final = ("prerequisite",)
_OPINION: Final = "works_with"
_CHECKS: Final = {
    "key": "an edge of the graph; one of its ends names the other",
    "distractors": "two edges apart or more, off the learning path, named in neither text, no kin, out of its stage",
}


def make(material: Material, concept: str, language: Language, rng: random.Random) -> Iterator[Item]:
    """Yield items that ask for the other end of one relation of a note, in random order."""
    for edge in shuffled(_edges(material, concept, ASKED), rng):
        yield from _which(material, concept, edge, language, rng)


def make_order(material: Material, concept: str, language: Language, rng: random.Random) -> Iterator[Item]:
    """Yield items that ask what comes directly before or after a note in learning, in random order."""
    for edge in shuffled(_edges(material, concept, PREREQUISITE), rng):
        yield from _which(material, concept, edge, language, rng)


def make_several(material: Material, concept: str, language: Language, rng: random.Random) -> Iterator[Item]:
    """Yield items that ask for all that stand in a relation to a note, in random order."""
    edges = _edges(material, concept, (*ASKED, *PREREQUISITE))
    kinds = list(dict.fromkeys((edge.type, edge.source == concept) for edge in edges))
    for relation, outwards in shuffled(kinds, rng):
        ends = [_other(e, concept) for e in edges if e.type == relation and (e.source == concept) == outwards]
        # What comes before what comes before counts too, where too few come directly before and it is not far.
        open_ends = [end for end in ends if not names(material).gives_away(concept, end)]
        if relation in PREREQUISITE and outwards and len(open_ends) < 2:
            proofs = truth(material)
            ends += sorted(proofs.path(concept) & proofs.near(concept) - proofs.common - set(ends))
        yield from _which_ones(material, concept, relation, outwards, list(dict.fromkeys(ends)), language, rng)


def make_statement(material: Material, concept: str, language: Language, rng: random.Random) -> Iterator[Item]:
    """Yield statements to be judged, true and false ones, in random order."""
    for edge in shuffled(_edges(material, concept, (*ASKED, *PREREQUISITE)), rng):
        if edge.type != _OPINION:
            yield from _is_it_true(material, concept, edge, language, rng)


def stated(material: Material, relation: str, source: str, target: str, language: Language) -> str:
    """Return the sentence that says that a relation holds."""
    told = names(material)
    bare = relation == "is_a"  # one falls under "quantization", not under "a quantization"
    x, y = told.noun(source, language), told.noun(target, language, bare=bare)
    text = word("graph_relation", f"{_wording(material, relation, target)}_statement", language, x=x, y=y)
    for note, noun in ((source, x), (target, y)):
        if text.startswith(noun):
            title = told.option(note, language)
            start = noun[0].upper() + noun[1:] if noun.startswith(("a ", "an ", "the ")) else title
            return text if noun.startswith("“") else start + text[len(noun) :]
    return text


def shown(material: Material, edge: Edge, language: Language) -> Sentence | None:
    """Return the sentence to cite for an edge; for an order of learning the summary will do."""
    found = evidence(material, edge.source, edge.target, language)
    if found is None and edge.type in PREREQUISITE:
        return material.summary(edge.source, language)
    return found


def _edges(material: Material, concept: str, relations: tuple[str, ...]) -> list[Edge]:
    """Return the edges of a note, those of symmetric relations once."""
    graph = material.graph
    edges = [*graph.edges_from(concept, *relations), *graph.edges_to(concept, *relations)]
    kept = {(e.type, e.source, e.target): e for e in edges if e.source == concept or e.type not in SYMMETRIC}
    return list(kept.values())


def _which(material: Material, concept: str, edge: Edge, language: Language, rng: random.Random) -> Iterator[Item]:
    key = _other(edge, concept)
    outwards = edge.source == concept
    sentence = shown(material, edge, language)
    if sentence is None or names(material).gives_away(concept, key) or _is_silly(material, edge, concept):
        return
    if outwards and edge.type not in PREREQUISITE and key in truth(material).common:
        return
    others = _wrong(material, concept, edge.type, outwards, key, rng, 3)
    if len(others) < 3:
        return
    question = Question(
        f"graph.relation.{edge.type}.{'target' if outwards else 'source'}",
        f"{edge.type}:{edge.source}:{edge.target}", concept, 1, language,
        _stem(material, concept, edge.type, outwards, language), _explained(material, edge, key, language),
        cited(material, sentence, material.summary(key, language)), hints(material, key, language), _CHECKS,
    )  # fmt: skip
    wrong = [_choice(material, concept, other, language) for other in others]
    yield chosen(question, [names(material).option(key, language)], wrong, rng)


def _which_ones(
    material: Material,
    concept: str,
    relation: str,
    outwards: bool,
    ends: list[str],
    language: Language,
    rng: random.Random,
) -> Iterator[Item]:
    told = names(material)
    edges = {end: _edge(relation, concept, end, outwards) for end in ends}
    keys = [
        end
        for end in ends
        if shown(material, edges[end], language)
        and not told.gives_away(concept, end)
        and not _is_silly(material, edges[end], concept)
    ]
    if len(keys) < 2:
        return
    keys = rng.sample(keys, rng.choice((2, min(3, len(keys)))))
    others: list[str] = []
    for key in [*keys, *keys][: 5 - len(keys)]:  # a wrong one of the form of each right one, in turn
        found = _wrong(material, concept, relation, outwards, key, rng, 5)
        others += [note for note in found if note not in others][:1]
    if len(others) < 5 - len(keys):
        return
    stem = word("graph", "choose_all", language, stem=_stem(material, concept, relation, outwards, language))
    fact = f"{relation}:{concept}:*" if outwards else f"{relation}:*:{concept}"
    sentences = [shown(material, edges[key], language) for key in keys]
    question = Question(
        f"graph.relation.{relation}.all", fact, concept, 2, language, stem,
        joined([_said(material, edges[key], language) for key in keys], language), cited(material, *sentences),
        hints(material, keys[0], language), _CHECKS,
    )  # fmt: skip
    wrong = [_choice(material, concept, other, language) for other in others]
    yield chosen(question, [told.option(key, language) for key in keys], wrong, rng)


def _is_it_true(material: Material, concept: str, edge: Edge, language: Language, rng: random.Random) -> Iterator[Item]:
    sentence = shown(material, edge, language)
    told = names(material).gives_away(edge.source, edge.target)
    if sentence is None or (told and material.graph.notes[edge.source].kind != "pitfall"):
        return
    turns = [(edge.target, edge.source)] if edge.type in ONE_WAY else []
    swaps = [(edge.source, note) for note in _wrong(material, edge.source, edge.type, True, edge.target, rng, 1)]
    if not turns + swaps:
        return  # of such an edge only true statements could be made, so their truth would show
    holds = rng.random() < 0.5
    source, target = (edge.source, edge.target) if holds else rng.choice(turns + swaps)
    stem = word(
        "graph_relation", "is_it_true", language, statement=stated(material, edge.type, source, target, language)
    )
    right = _said(material, edge, language)
    turned = source != edge.source
    about = edge.target if turned else target
    points = reason(material, sentence, stem) if holds else _correction(material, edge, language, turned=turned)
    question = Question(
        f"graph.statement.{edge.type}", f"{edge.type}:{edge.source}:{edge.target}", concept, 2 if turned else 1,
        language, stem, joined([right, described(material, about, language)], language),
        cited(material, sentence, material.summary(about, language)),
        (word("graph", "hint_named", language, described=described(material, about, language)),), _CHECKS, points,
    )  # fmt: skip
    why = word("graph", "wrong_statement", language, described=described(material, target, language))
    if turned:
        why = word("graph", "wrong_turned", language, right=right)
    yield judged(question, holds=holds, why_wrong=right if holds else why)


def _correction(material: Material, edge: Edge, language: Language, *, turned: bool) -> tuple[Point, ...]:
    """Return what the reason for a false statement should name: what is right, or that it is the other way round."""
    if turned:
        terms = tuple(word("graph_relation", "turned_terms", language).split("|"))
    else:
        terms = tuple(name.lower() for name in material.graph.notes[edge.target].names)
    return (Point(_said(material, edge, language), (terms,)),)


def _wrong(
    material: Material, concept: str, relation: str, outwards: bool, key: str, rng: random.Random, number: int
) -> list[str]:
    """Return notes of the key's form for which the relation to the concept provably does not hold."""
    proofs = truth(material)
    drawn = [note for note in candidates(material, key, [concept], rng) if note != concept]
    if relation in PREREQUISITE:
        drawn.sort(key=lambda note: note not in proofs.near(concept))
    elif outwards:
        drawn = [note for note in drawn if note not in proofs.common]

    def excluded(note: str) -> bool:
        source, target = (concept, note) if outwards else (note, concept)
        return not names(material).gives_away(concept, note) and proofs.excluded(relation, source, target)

    return first(drawn, excluded, number)


def _is_silly(material: Material, edge: Edge, concept: str) -> bool:
    """Tell whether the options of a question would be of another sort than it asks for, or name other software."""
    kinds = [GROUPS[material.graph.notes[note].kind] for note in (edge.source, edge.target)]
    return (edge.type == "is_a" and kinds[1] == "software") or (edge.type == "occurs_in" and edge.target == concept)


def _stem(material: Material, concept: str, relation: str, outwards: bool, language: Language) -> str:
    told = names(material)
    if outwards:
        known = material.graph.edges_from(concept, relation)
        key = f"{_wording(material, relation, known[0].target)}_target"
        return word("graph_relation", key, language, x=told.noun(concept, language))
    noun = told.noun(concept, language, bare=relation == "is_a")
    return word("graph_relation", f"{_wording(material, relation, concept)}_source", language, y=noun)


def _wording(material: Material, relation: str, target: str) -> str:
    """Return the key of a relation's wording: what can be counted (an agent) is built rather than implemented."""
    counted = names(material).noun(target, LANGUAGES[0]).startswith(("a ", "an "))
    return "builds" if relation == "implements" and counted else relation


def _choice(material: Material, concept: str, other: str, language: Language) -> Choice:
    told = names(material)
    why = word(
        "graph", "wrong_relation", language,
        x=told.noun(concept, language), described=described(material, other, language),
    )  # fmt: skip
    return Choice(told.option(other, language), why)


def _said(material: Material, edge: Edge, language: Language) -> str:
    return stated(material, edge.type, edge.source, edge.target, language)


def _explained(material: Material, edge: Edge, key: str, language: Language) -> str:
    return joined([_said(material, edge, language), described(material, key, language)], language)


def _other(edge: Edge, concept: str) -> str:
    return edge.target if edge.source == concept else edge.source


def _edge(relation: str, concept: str, other: str, outwards: bool) -> Edge:
    return Edge(concept, other, relation) if outwards else Edge(other, concept, relation)
