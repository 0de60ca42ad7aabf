"""Rubrics made from a model answer: the few ideas that an answer has to bring, each with its other names."""

from collections.abc import Iterator
from functools import cache
from typing import Final

from knowledge.glossary import ideas
from knowledge.language import content_terms
from knowledge.vocabulary import Language
from tools.claim_lexicon import DOWNWARD, LIGHT, UPWARD
from tools.claim_text import Clause, Term, clauses
from tools.quiz.grading_rubric import read
from tools.quiz.grading_sentence import plain, said_of
from tools.quiz.item import Point
from tools.quiz.material import Material
from tools.quiz.text_prose import has_chinese, index

_MOST: Final = 3
_LEAST: Final = 2
_RARE: Final[dict[Language, float]] = {"en": 1.15, "zh": 1.75}  # nats; what more notes speak of tells too little
_RARE_WORD: Final = 2.2  # a word that is no idea of the field must be rarer
_WORD: Final = 0.6  # and goes after the ideas
_NEARLY: Final = 0.45  # of the weight of the most telling idea of a clause; others tell too little beside it
_EACH: Final = 3  # ideas of a clause, any of which will do
_ALONE: Final = 4  # ideas of an only clause, most of which are wanted
_FORMS: Final = 6  # other names of an idea, at most
_TURNING: Final = frozenset(
    ["avoid", "waste", "eliminate", "remove", "skip", "drop", "replace", "prevent", "disappear", "lose"]
)
# Ideas that say too little for a point.
_EMPTY: Final = (
    LIGHT
    | UPWARD
    | DOWNWARD
    | frozenset(["way", "thing", "part", "kind", "time", "other", "same", "case", "mostly", "working", "best", "good"])
    | frozenset(["stop", "start", "wait", "average", "write", "classic", "correct", "most", "more", "known", "still"])
    | frozenset(["almost", "order", "one", "two", "over", "after", "before", "without", "different", "better", "new"])
    | frozenset(
        ["old", "whole", "exact", "behave", "enough", "multiple", "serial", "size", "final", "general", "human"]
    )
    | frozenset(
        ["length", "step", "result", "number", "option", "effect", "continuous", "people", "possible", "human", "reach"]
    )
)


def points(material: Material, answer: str, stem: str, language: Language) -> tuple[Point, ...]:
    """Return what an answer has to say: of each part of the model answer one of its telling ideas.

    A part is a clause, or clauses next to each other where there are more than three. Where the model answer is a
    single clause, its ideas count one by one. Ideas that the question names do not count.
    Returns nothing where there are fewer than two points.
    """
    answer = plain(answer)
    told = _parts(_told(material, answer, stem, language, _EACH))
    if len(told) >= _LEAST:
        found = [Point(_cut(answer[start:end]), (_merged(terms),)) for start, end, terms in told]
    else:
        alone = _told(material, answer, stem, language, _ALONE)
        found = [Point(term.surface, (forms(term),)) for _, _, terms in alone for term in terms]
    kept = read(answer, found, stem).said  # a point that the model answer itself does not pass would be unfair
    return kept if len(kept) >= _LEAST else ()


def ideas_of(material: Material, text: str, stem: str, language: Language) -> tuple[str, ...]:
    """Return the forms of all telling ideas of a text that the question does not name."""
    return _merged([term for _, _, terms in _told(material, plain(text), stem, language, _EACH) for term in terms])


Part = tuple[int, int, list[Term]]  # where it begins and ends in the answer, and what it tells


def _told(material: Material, answer: str, stem: str, language: Language, most: int) -> list[Part]:
    """Return so many telling ideas of each clause at the most, without those that are asked or told before."""
    asked = plain(stem).lower()
    seen = set(said_of(plain(stem)).keys)
    told: list[Part] = []
    for clause in clauses(answer):
        fit: dict[str, tuple[float, Term]] = {}
        for term in clause.terms if _is_plain(clause) else ():
            weight = _weight(material, term, language)
            if (
                term.surface.lower() not in asked
                and term.key not in seen
                and not term.denied
                and weight > _RARE[language]
            ):
                fit.setdefault(term.key, (weight, term))
        ranked = sorted(fit.values(), key=lambda pair: -pair[0])
        terms = [term for weight, term in ranked if weight >= _NEARLY * ranked[0][0]][:most]
        seen |= {term.key for term in terms}
        if terms:
            told.append((clause.start, clause.end, terms))
    strong = [part for part in told if any(term.kind != "word" for term in part[2])]
    return strong if len(strong) >= _LEAST else told


def _is_plain(clause: Clause) -> bool:
    """Tell whether nothing in a clause is denied, avoided or wasted: that can be said in too many ways."""
    return not clause.negated and all(term.key not in _TURNING for term in clause.terms)


def _parts(told: list[Part]) -> list[Part]:
    """Join the shortest clauses that stand next to each other until there are three parts."""
    parts = list(told)
    while len(parts) > _MOST:
        at = min(range(len(parts) - 1), key=lambda n: parts[n + 1][1] - parts[n][0])
        parts[at : at + 2] = [(parts[at][0], parts[at + 1][1], [*parts[at][2], *parts[at + 1][2]])]
    return parts


def _merged(terms: list[Term]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(form for term in terms for form in forms(term)))


def _cut(clause: str) -> str:
    return clause.strip(" .,;:，。；：")


def _weight(material: Material, term: Term, language: Language) -> float:
    """Return how much an idea tells; 0 for one that is only a word, or that says nothing by itself."""
    if term.key in _EMPTY or term.quantity is not None or len(term.surface) < 2:
        return 0.0
    if term.kind == "word" and (has_chinese(term.surface) or not term.surface.isalpha() or len(term.surface) < 6):
        return 0.0
    known = index(material, language)
    terms = content_terms(term.surface)
    if not terms:
        return 0.0
    rarity = max(known.rarity.get(each, 0.0) for each in terms)
    if term.kind == "word":
        return rarity * _WORD if rarity > _RARE_WORD and not term.surface.endswith("ly") else 0.0
    return rarity


def forms(term: Term) -> tuple[str, ...]:
    """Return how an idea is said, as it stands in the answer first, then in both languages."""
    return tuple(dict.fromkeys([term.surface, *_forms_of().get(term.key, ())]))[:_FORMS]


@cache
def _forms_of() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for english, chinese in ideas():
        found[english[0]] = tuple(_plain_forms((*english[:4], *chinese[:4])))
    return found


def _plain_forms(all_forms: tuple[str, ...]) -> Iterator[str]:
    return (form for form in all_forms if form and "," not in form)
