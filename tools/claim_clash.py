"""Where a claim and a passage clash: numbers, names, opposites, denials, roles and the order of steps."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from typing import Final, Literal

from rapidfuzz import fuzz

from tools.claim_ground import GRADED, PLAIN, Ground, keys_of
from tools.claim_lexicon import LIGHT, UNIVERSAL, UPWARD, lexicon
from tools.claim_order import exchanged, excluded, inverted_ratio, miscompared, misordered
from tools.claim_text import Clause, Term, clauses, name_key

ClashKind = Literal["number", "name", "opposite", "negation", "role", "order", "overclaim"]
_BLEAK: Final = frozenset(["bad", "wrong", "failure", "dangerous", "different", "eliminate", "rarely", "avoid"])
_NAMED: Final = ("name", "title")


@dataclass(frozen=True, slots=True)
class Clash:
    """One disagreement; `hard` if it decides by itself, `missing` if the passages are silent rather than opposed."""

    kind: ClashKind
    reason: str
    hard: bool = True
    missing: bool = False
    instead: str = ""  # the idea that the passage has in the place of the claim's


def clashes(claim: Sequence[Clause], on: Ground) -> tuple[Clash, ...]:
    """Returns what speaks against a claim, each disagreement once."""
    finders: tuple[Callable[[Clause, Ground], list[Clash]], ...] = (
        _numbers,
        _names,
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


def _whole(clause: Clause) -> tuple[Term, ...]:
    return (*clause.inherited, *clause.terms)


def _numbers(clause: Clause, on: Ground) -> list[Clash]:
    found: list[Clash] = []
    stated = [term for other in on.clauses for term in other.terms if term.quantity]
    for term in clause.terms:
        if not term.quantity:
            continue
        comparable = [other for other in stated if other.quantity and term.quantity.comparable(other.quantity)]
        equal = {other.key for other in stated if other.quantity and term.quantity.agrees(other.quantity)}
        if not equal:
            near = ", ".join(dict.fromkeys(other.surface.strip() for other in comparable[:3]))
            reason = f"{term.surface.strip()!r} is not in the passage" + (f", which says {near}" if near else "")
            found.append(Clash("number", reason, hard=bool(near) or not term.quantity.loose, missing=not near))
            continue
        others = {other.key for other in comparable} - equal
        if rival := _rival(clause, term, equal, others, on):
            other = rival.surface.strip()
            reason = f"{term.surface.strip()!r} belongs to another thing; here the passage says {other!r}"
            found.append(Clash("number", reason, instead=rival.key))
    return found


def _names(clause: Clause, on: Ground) -> list[Clash]:
    found: list[Clash] = []
    terms = [term for other in on.clauses for term in other.terms if term.kind != "number"]
    stated = {name_key(term.surface): term.key for term in terms} | {term.key: term.key for term in terms}
    names = {term.key for other in on.clauses for term in other.terms if term.kind in ("name", "title")}
    for term in _whole(clause):
        if term.kind not in _NAMED:
            continue
        same = {key for spelled, key in stated.items() if same_name(term.key, spelled)}
        if not same and not _spelled_out(term, on):
            rival = _rival(clause, term, same, names, on)
            if term.kind == "name" or rival:
                reason = f"{term.surface!r} is not named in the passage" + (
                    f", which speaks of {rival.surface!r}" if rival else ""
                )
                found.append(Clash("name", reason, missing=rival is None))
        elif same and (rival := _rival(clause, term, same, names - same, on)):
            reason = f"the passage says this of {rival.surface!r}, not of {term.surface!r}"
            found.append(Clash("name", reason, instead=rival.key))
    return found


def same_name(one: str, other: str) -> bool:
    """Tells whether two name keys are one name, a slip of typing aside; digits must agree."""
    if one == other:
        return True
    if "".join(filter(str.isdigit, one)) != "".join(filter(str.isdigit, other)) or min(len(one), len(other)) < 6:
        return False
    return fuzz.ratio(one, other) >= 88


def _spelled_out(term: Term, on: Ground) -> bool:
    """Tells whether an acronym stands for words that follow one another in a passage, or is itself a known idea."""
    letters = (
        "".join(c for c in term.surface if c.isalpha()).lower().removesuffix("s" if term.surface[-1:] == "s" else "")
    )
    if not 2 <= len(letters) <= 6:
        return False
    return any(letters in initials for initials in on_initials(on))


def on_initials(on: Ground) -> list[str]:
    """Returns the initials of each clause's words."""
    return ["".join(part[0] for term in clause.terms for part in term.surface.lower().split()) for clause in on.clauses]


def _rival(clause: Clause, term: Term, same: set[str], others: set[str], on: Ground) -> Term | None:
    """Returns what stands in a term's place in the clause that the rest of the claim speaks of.

    None where a clause that matches well has the term, or where nothing of its kind stands there instead.
    """
    mentioned = {other.key for other in _whole(clause)}
    nearest = on.nearest(clause, without=frozenset(same | {term.key}))
    if not nearest or any(same & keys_of(near) for near in nearest):
        return None
    near = nearest[0]
    telling = {key for key in mentioned - same - {term.key} if key not in LIGHT and key in keys_of(near)}
    if len(telling) < 2 and not any(on.weights[key] > math.log(1 + len(on.clauses) / 2) for key in telling):
        return None
    named = {
        t.key
        for pair in pairwise(near.terms)
        if {pair[0].key, pair[1].key} & mentioned
        for t in pair
        if pair[0].kind in _NAMED
    }
    rivals = [
        t
        for t in _whole(near)
        if t.key in others - mentioned - named and not t.beside and _codelike(t) == _codelike(term)
    ]
    return next((rival for rival in rivals if term.quantity or _same_slot(clause, term, near, rival)), None)


def _same_slot(clause: Clause, term: Term, near: Clause, rival: Term) -> bool:
    """Tells whether a name and its rival stand in the same place: as what is spoken of, or beside the same word."""
    mine, theirs = _neighbours(clause, term), _neighbours(near, rival)
    return (mine is None and theirs is None) or bool(mine and theirs and mine & theirs)


def _neighbours(clause: Clause, term: Term) -> set[str] | None:
    """Returns the ideas beside a term; None where it is what the clause speaks of."""
    own = [t for t in clause.terms if t.key not in LIGHT or t is term]
    if term not in own or all(t.kind in _NAMED for t in own[: own.index(term)]):
        return None
    at = own.index(term)
    return {t.key for t in (*own[max(0, at - 2) : at], *own[at + 1 : at + 3])}


def _codelike(term: Term) -> bool:
    """Tells whether a name is of code (`torch.cuda`, `NCCL_DEBUG=INFO`), which never stands for a product."""
    return any(mark in term.surface for mark in "._=")


def _opposites(clause: Clause, on: Ground) -> list[Clash]:
    found: list[Clash] = []
    own = {term.key for term in clause.terms}
    for term in clause.terms:
        against = (excluded(term.key) | on.siblings(term.key)) - own
        if not against:
            continue
        nearest = on.nearest(clause, without=against | {term.key})
        if not nearest or any(term.key in keys_of(near) for near in nearest):
            continue
        own_here = {t.key for t in nearest[0].terms}
        telling = {t.key for t in _whole(clause) if t.key not in LIGHT and t.key != term.key} & own_here
        for other in nearest[0].terms:
            if other.key in against and other.denied == term.denied:
                contrary = other.key in lexicon().opposites.get(term.key, frozenset[str]())
                hard = len(telling - on.headed(term.key, other.key)) >= (1 if contrary else 2)
                reason = f"the claim says {term.surface!r}, the passage {other.surface!r}"
                found.append(Clash("opposite", reason, hard=hard, instead=other.key))
                break
    return found


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
    stated = [term for term in near.terms if term.key in GRADED and not term.denied]
    if not stated:
        return None
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
