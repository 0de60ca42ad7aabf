"""Rubrics made from a model answer: the few ideas that an answer has to bring, each with its other names."""

from collections.abc import Iterator
from functools import cache
from typing import Final

from knowledge.glossary import ideas
from knowledge.language import content_terms
from knowledge.vocabulary import Language
from tools.claim_lexicon import DOWNWARD, LIGHT, UPWARD
from tools.claim_text import Clause, Term, clauses
from tools.quiz.grading_sentence import plain, said_of
from tools.quiz.item import Point
from tools.quiz.material import Material
from tools.quiz.text_prose import has_chinese, index

_MOST: Final = 4
_LEAST: Final = 2
_RARE: Final[dict[Language, float]] = {"en": 0.75, "zh": 1.2}  # nats; what more notes speak of tells too little
_RARE_WORD: Final = 2.2  # a word that is no idea of the field must be rarer
_WORD: Final = 0.6  # and goes after the ideas
_EACH: Final = 3  # ideas of a clause, any of which will do
_FORMS: Final = 6  # other names of an idea, at most
_EMPTY: Final = (LIGHT | UPWARD | DOWNWARD) | frozenset(
    "way thing part kind time other same case mostly working best good stop start wait average write classic correct "
    "most more known still almost order one two over after before without different better new old whole exact".split()
)  # fmt: skip


def points(material: Material, answer: str, stem: str, language: Language) -> tuple[Point, ...]:
    """Return what an answer has to say: of each clause of the model answer one of its telling ideas.

    Where the model answer is a single clause, its ideas count one by one. Ideas that the question names do not count.
    Returns nothing where there are fewer than two points.
    """
    answer = plain(answer)
    told = _told(material, answer, stem, language)
    if len(told) < _LEAST:
        return tuple(Point(term.surface, (forms(term),)) for _, terms in told for term in terms) if _rich(told) else ()
    best = sorted(told, key=lambda each: -_best(material, each[1], language))[:_MOST]
    return tuple(
        Point(_cut(answer[clause.start : clause.end]), (_merged(terms),))
        for clause, terms in sorted(best, key=lambda each: each[0].start)
    )


def ideas_of(material: Material, text: str, stem: str, language: Language) -> tuple[str, ...]:
    """Return the forms of all telling ideas of a text that the question does not name."""
    return _merged([term for _, terms in _told(material, plain(text), stem, language) for term in terms])


Told = list[tuple[Clause, list[Term]]]


def _told(material: Material, answer: str, stem: str, language: Language) -> Told:
    """Return the most telling ideas of each clause, without those that are asked or told before."""
    seen = set(said_of(plain(stem)).keys)
    told: Told = []
    for clause in clauses(answer):
        fit: dict[str, Term] = {}
        for term in clause.terms:
            if term.key not in seen and not term.denied and _weight(material, term, language) > _RARE[language]:
                fit.setdefault(term.key, term)
        terms = sorted(fit.values(), key=lambda term: -_weight(material, term, language))[:_EACH]
        seen |= {term.key for term in terms}
        if terms:
            told.append((clause, terms))
    return told


def _rich(told: Told) -> bool:
    return bool(told) and len(told[0][1]) >= _LEAST


def _best(material: Material, terms: list[Term], language: Language) -> float:
    return max(_weight(material, term, language) for term in terms)


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
