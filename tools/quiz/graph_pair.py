"""Items on several edges of one relation at once: pairs to match, and pairs of which all but one are turned round.

Pairs: each of the four options provably fits its own prompt only (`Truth.excluded` for each of the twelve others).
Turned statements: "a part of", "a special kind of", "develops further" and "is learned before" cannot hold both ways,
so a true statement turned round is false whatever the notes leave out.
"""

import random
from collections.abc import Iterator
from typing import Final

from knowledge.graph import Edge
from knowledge.vocabulary import Language
from tools.quiz.graph_evidence import shuffled
from tools.quiz.graph_form import Choice, Question, chosen, cited, hints, joined, matched, word
from tools.quiz.graph_name import names
from tools.quiz.graph_relation import shown, stated
from tools.quiz.graph_truth import GROUPS, ONE_WAY, truth
from tools.quiz.item import Item
from tools.quiz.material import Material

_MATCHED: Final = (
    "implements", "is_a", "part_of", "measures", "occurs_in", "mitigated_by", "alternative_to", "prerequisite",
)  # fmt: skip
_LOOKED_AT: Final = 40  # pairs
_PAIRS: Final = {"key": "edges of the graph", "distractors": "each option is excluded for the three other prompts"}
_TURNED: Final = {"key": "an edge of the graph", "distractors": "true statements turned round; none holds both ways"}


def make_matching(material: Material, concept: str, language: Language, rng: random.Random) -> Iterator[Item]:
    """Yield items that ask which note belongs to which by one relation, in random order."""
    for edge in shuffled(_own(material, concept, _MATCHED), rng):
        pairs = _four(material, edge, language, rng)
        if len(pairs) == 4:
            yield _matching(material, concept, pairs, language, rng)


def make_turned(material: Material, concept: str, language: Language, rng: random.Random) -> Iterator[Item]:
    """Yield items that ask which of four statements is not turned round, in random order."""
    for edge in shuffled(_own(material, concept, tuple(sorted(ONE_WAY))), rng):
        sentence = shown(material, edge, language)
        others = [e for e in _alike(material, edge, rng) if not {e.source, e.target} & {edge.source, edge.target}]
        others = [e for e in others if not truth(material).has(e.type, e.target, e.source)]
        if sentence is None or len(others) < 3 or material.graph.notes[edge.source].kind == "pitfall":
            continue  # of failures one sees at once that nothing rests on them
        right = stated(material, edge.type, edge.source, edge.target, language)
        wrong = [_turned(material, e, language) for e in others[:3]]
        stem = word(
            "graph_relation", "turned_prerequisite" if edge.type == "prerequisite" else "which_statement", language
        )
        question = Question(
            f"graph.turned.{edge.type}", _fact(edge), concept, 3, language, stem, right,
            cited(material, sentence, material.summary(edge.source, language)),
            hints(material, concept, language)[1:], _TURNED,
        )  # fmt: skip
        yield chosen(question, [right], wrong, rng)


def _matching(material: Material, concept: str, pairs: list[Edge], language: Language, rng: random.Random) -> Item:
    told = names(material)
    relation = pairs[0].type
    said = [stated(material, relation, e.source, e.target, language) for e in pairs]
    sentences = [shown(material, e, language) for e in pairs]
    choices = [
        (
            told.option(e.source, language),
            Choice(
                told.option(e.target, language),
                word("graph_relation", "wrong_match", language, x=told.noun(e.source, language), statement=statement),
            ),
        )
        for e, statement in zip(pairs, said, strict=True)
    ]
    rng.shuffle(choices)
    question = Question(
        f"graph.match.{relation}", f"match:{_fact(pairs[0])}", concept, 2, language,
        word("graph_relation", f"match_{relation}", language), joined(said, language),
        cited(material, *sentences), hints(material, pairs[0].target, language)[1:], _PAIRS,
    )  # fmt: skip
    return matched(question, choices, rng)


def _four(material: Material, edge: Edge, language: Language, rng: random.Random) -> list[Edge]:
    """Return an edge and three others of its relation, each end of each at most once, no end fitting another's."""
    kept: list[Edge] = []
    for other in [edge, *_alike(material, edge, rng)[:_LOOKED_AT]]:
        if all(_fit_only_themselves(material, one, other) for one in kept) and _can_stand(material, other, language):
            kept.append(other)
        if len(kept) == 4 or not kept:
            break
    return kept


def _can_stand(material: Material, edge: Edge, language: Language) -> bool:
    notes = material.graph.notes
    if edge.type == "implements" and GROUPS[notes[edge.source].kind] != "software":
        return False
    return not names(material).gives_away(edge.source, edge.target) and shown(material, edge, language) is not None


def _fit_only_themselves(material: Material, one: Edge, other: Edge) -> bool:
    proofs = truth(material)
    apart = len({one.source, one.target, other.source, other.target}) == 4
    return (
        apart
        and proofs.excluded(one.type, one.source, other.target)
        and proofs.excluded(one.type, other.source, one.target)
    )


def _alike(material: Material, edge: Edge, rng: random.Random) -> list[Edge]:
    """Return the other edges of a relation between notes of the same forms, those of the same stage first."""
    notes = material.graph.notes
    ends = (GROUPS[notes[edge.source].kind], GROUPS[notes[edge.target].kind])
    groups = {note.id: GROUPS[note.kind] for note in material.notes}
    found = [
        other
        for other in truth(material).edges(edge.type)
        if other != edge and (groups[other.source], groups[other.target]) == ends
    ]
    drawn = {other: rng.random() for other in found}
    stage = notes[edge.source].stage
    return sorted(drawn, key=lambda e: (notes[e.source].stage != stage, drawn[e]))


def _own(material: Material, concept: str, relations: tuple[str, ...]) -> list[Edge]:
    return [*material.graph.edges_from(concept, *relations), *material.graph.edges_to(concept, *relations)]


def _turned(material: Material, edge: Edge, language: Language) -> Choice:
    right = stated(material, edge.type, edge.source, edge.target, language)
    why = word("graph", "wrong_turned", language, right=right)
    return Choice(stated(material, edge.type, edge.target, edge.source, language), why)


def _fact(edge: Edge) -> str:
    return f"{edge.type}:{edge.source}:{edge.target}"
