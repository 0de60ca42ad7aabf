"""Where a claim and a passage clash: numbers, names, opposites, denials, roles and the order of steps."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Final

from tools.claim_ground import GRADED, PLAIN, Clash, Ground, keys_of, whole
from tools.claim_lexicon import LIGHT, MEASURES, UNIVERSAL, UPWARD, lexicon
from tools.claim_order import exchanged, excluded, inverted_ratio, miscompared, misordered
from tools.claim_rival import names, numbers
from tools.claim_text import Clause, Term, clauses

_BLEAK: Final = frozenset(["bad", "wrong", "failure", "dangerous", "different", "eliminate", "rarely", "avoid"])
_NAMED: Final = ("name", "title")


def clashes(claim: Sequence[Clause], on: Ground) -> tuple[Clash, ...]:
    """Returns what speaks against a claim, each disagreement once."""
    finders: tuple[Callable[[Clause, Ground], list[Clash]], ...] = (
        numbers,
        names,
        _opposites,
        _degrees,
        _denials,
        _roles,
        _actors,
        _overclaims,
    )
    spoken_of = frozenset(key for clause in claim for key in keys_of(clause))
    found = [clash for clause in claim for finder in finders for clash in finder(clause, on)]
    # Where a claim itself names what stands in the passage, the clause it was held against may be the wrong one.
    return tuple(dict.fromkeys(replace(c, hard=c.hard and c.instead not in spoken_of) for c in found))


def arrangement(claim: str, passage: str, *, same_language: bool) -> tuple[Clash, ...]:
    """Returns what a claim arranges otherwise: who goes with what, what comes first, what is divided by what."""
    found: list[Clash] = []
    if pair := exchanged(clauses(claim), clauses(passage), same_language=same_language):
        found.append(Clash("role", f"{pair[0]!r} and {pair[1]!r} are exchanged"))
    if steps := misordered(claim, passage):
        found.append(Clash("order", f"in the passage {steps[1]!r} comes before {steps[0]!r}"))
    if sides := miscompared(claim, passage):
        found.append(Clash("role", f"{sides[0]!r} and {sides[1]!r} are compared the other way round"))
    if ratio := inverted_ratio(claim, passage):
        found.append(Clash("role", f"the quotient {ratio!r} is upside down"))
    return tuple(found)


def _opposites(clause: Clause, on: Ground) -> list[Clash]:
    found: list[Clash] = []
    own = {term.key for term in clause.terms}
    for term in clause.terms:
        against = (excluded(term.key) | on.siblings(term.key)) - own
        if not against:
            continue
        nearest = on.nearest(clause, without=against | {term.key})
        if not nearest or any(_says(near, term.key, against) for near in nearest):
            continue
        own_here = {t.key for t in nearest[0].terms}
        telling = {t.key for t in whole(clause) if t.key not in LIGHT and t.key != term.key} & own_here
        for other in nearest[0].terms:
            if other.key in against and other.denied == term.denied:
                contrary = other.key in lexicon().opposites.get(term.key, frozenset[str]())
                hard = len(telling - on.headed(term.key, other.key)) >= (1 if contrary else 2)
                reason = f"the claim says {term.surface!r}, the passage {other.surface!r}"
                found.append(Clash("opposite", reason, hard=hard, instead=other.key))
                break
    return found


def _says(near: Clause, key: str, against: frozenset[str]) -> bool:
    """Tells whether a clause has an idea; one that it only inherits gives way to an opposite of its own."""
    own = {term.key for term in near.terms}
    return key in own or (key in keys_of(near) and not against & own)


def _degrees(clause: Clause, on: Ground) -> list[Clash]:
    graded = [term for term in clause.terms if term.key in GRADED]
    if not graded:
        return []
    nearest = on.nearest(clause, without=GRADED)
    verdicts = [_degree(clause, graded, near) for near in nearest]
    if not verdicts or any(verdict is True for verdict in verdicts):
        return []
    clash = next((verdict for verdict in verdicts if isinstance(verdict, Clash)), None)
    return [clash] if clash else []


def _degree(clause: Clause, graded: list[Term], near: Clause) -> Clash | bool | None:
    """Returns a clash, True where the degrees agree, None where the clause says nothing of them."""
    measures = {MEASURES.get(term.key) for term in graded} | {None}
    stated = [t for t in near.terms if t.key in GRADED and not t.denied]
    if None not in {MEASURES.get(term.key) for term in graded}:
        stated = [t for t in stated if MEASURES.get(t.key) in measures]
    if not stated:
        return None
    if any(term.beside for term in clause.terms) and any(term.beside for term in near.terms):
        return True  # two comparisons: which side is the greater is another question
    claimed, said = [_upward(t) for t in graded], [_upward(t) for t in stated]
    reason = f"the claim says {graded[0].surface!r}, the passage {stated[0].surface!r}"
    if len(set(claimed)) == len(set(said)) == 1:
        return claimed[0] == said[0] or Clash("opposite", reason)
    if len(claimed) == len(said) and sum(claimed) != sum(said):
        return Clash("opposite", reason)
    for term in graded:
        beside = [t for anchor in _beside(clause, term) for t in stated if anchor in _beside(near, t)]
        if beside and all(_upward(t) != _upward(term) for t in beside):
            return Clash("opposite", f"the claim says {term.surface!r} of what the passage calls {beside[0].surface!r}")
    return True


def _upward(term: Term) -> bool:
    return (term.key in UPWARD) != term.denied


def _beside(clause: Clause, term: Term) -> list[str]:
    """Returns what a word of degree can qualify: the idea after it, in Chinese also the one before it."""
    at = clause.terms.index(term)
    chinese = not term.surface.isascii()
    beside = (*(clause.terms[max(0, at - 1) : at] if chinese else ()), *clause.terms[at + 1 : at + 2])
    counts = Counter(other.key for other in clause.terms)
    return [other.key for other in beside if other.key not in PLAIN and counts[other.key] == 1]


def _denials(clause: Clause, on: Ground) -> list[Clash]:
    """Finds what a claim denies and the sentence it speaks of asserts, or the other way round."""
    nearest = on.nearest(clause)
    sentences = {(on.clauses.index(near), near.sentence) for near in nearest}
    if clause.negated and any(near.negated for near in nearest):
        return []
    best: Clash | None = None
    for at, number in sorted(sentences):
        # Clauses of the same sentence stand together; another passage may have a sentence of the same number.
        terms = [
            t for i, other in enumerate(on.clauses) if other.sentence == number and abs(i - at) < 8 for t in other.terms
        ]
        clash = _denial(clause.terms, terms)
        if clash is None:
            return []
        best = best or clash
    return [best] if best else []


def _denial(claim: Sequence[Term], said: Sequence[Term]) -> Clash | None:
    claim, said = [t for t in claim if not _set_beside(t)], [t for t in said if not _set_beside(t)]
    mixed = {term.key for term in said if term.denied} & {term.key for term in said if not term.denied}
    shared = {term.key for term in claim} & {term.key for term in said} - LIGHT - mixed
    mine, theirs = _denied(claim) & shared, _denied(said) & shared
    asserted = {key for key in shared if any(t.key == key and not t.denied for t in (said if mine else claim))}
    if bool(mine) == bool(theirs) or not (mine | theirs) & asserted:
        return None
    if any(term.key in _BLEAK for term in claim) != any(term.key in _BLEAK for term in said):
        return None  # "may be bad" is how "does not guarantee" is put in other words
    key = sorted(mine | theirs)[0]
    hard = len(shared) > 1
    surface = next(term.surface for term in claim if term.key == key)
    return Clash(
        "negation",
        f"the claim {'denies' if mine else 'asserts'} {surface!r}, the passage {'asserts' if mine else 'denies'} it",
        hard=hard,
    )


def _set_beside(term: Term) -> bool:
    return term.beside and term.kind in (*_NAMED, "number")


def _denied(terms: Sequence[Term]) -> set[str]:
    """Returns the ideas that are denied wherever they stand."""
    return {term.key for term in terms if term.denied} - {term.key for term in terms if not term.denied}


def _roles(clause: Clause, on: Ground) -> list[Clash]:
    """Finds two things of one kind that have changed places around the same words."""
    order = _places(clause)
    for near in on.nearest(clause)[:1]:
        if near.passive != clause.passive:
            continue
        there = _places(near)
        kinds = {term.key: term.kind for term in near.terms}
        shared = [key for key in order if key in there and key not in LIGHT]
        for one, other in combinations(shared, 2):
            pair = other in excluded(one) or (kinds[one] in _NAMED and kinds[other] in _NAMED)
            swapped = (order[one] < order[other]) != (there[one] < there[other])
            between = [
                key for key in shared if min(order[one], order[other]) < order[key] < max(order[one], order[other])
            ]
            kept = [
                key for key in between if min(there[one], there[other]) < there[key] < max(there[one], there[other])
            ]
            if pair and swapped and kept:
                return [Clash("role", f"{one!r} and {other!r} have changed places")]
    return []


def _actors(clause: Clause, on: Ground) -> list[Clash]:
    """Finds a doer whose deed the passage gives to the one that the claim makes its object."""
    at = _places(clause)
    for near in on.nearest(clause)[:1]:
        there = _places(near)
        for one, doing in at.items():
            for other in (lexicon().counterparts.get(one, frozenset()) | on.siblings(one)) & at.keys() & there.keys():
                deeds = [key for key in at.keys() & there.keys() if doing < at[key] < at[other]]
                given = len(deeds) > 1 and one not in there and all(there[other] < there[key] for key in deeds)
                if given and near.passive == clause.passive:
                    return [Clash("role", f"the passage says this of {other!r}, not of {one!r}")]
    return []


def _places(clause: Clause) -> dict[str, int]:
    """Returns where each idea of a clause first stands."""
    return {term.key: index for index, term in reversed(list(enumerate(clause.terms)))}


def _overclaims(clause: Clause, on: Ground) -> list[Clash]:
    said = {key for near in on.nearest(clause) for key in keys_of(near)}
    return [
        Clash("overclaim", f"the passage does not say {term.surface!r}", hard=False, missing=True)
        for term in clause.terms
        if term.key in UNIVERSAL and not said & UNIVERSAL and not term.denied
    ]
