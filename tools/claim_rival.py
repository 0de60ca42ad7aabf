"""Numbers and names that a claim has and the passage has not, or has in the place of others."""

import math
from itertools import pairwise
from typing import Final

from rapidfuzz import fuzz

from tools.claim_ground import Clash, Ground, keys_of, whole
from tools.claim_lexicon import LIGHT
from tools.claim_text import Clause, Term, name_key

_NAMED: Final = ("name", "title")


def numbers(clause: Clause, on: Ground) -> list[Clash]:
    """Finds numbers that no passage has, or that a passage has of another thing."""
    found: list[Clash] = []
    stated = [term for other in on.clauses for term in other.terms if term.quantity]
    for term in clause.terms:
        if not term.quantity:
            continue
        comparable = [other for other in stated if other.quantity and term.quantity.comparable(other.quantity)]
        equal = {other.key for other in stated if other.quantity and term.quantity.agrees(other.quantity)}
        if not equal:
            near = ", ".join(dict.fromkeys(other.surface.strip() for other in comparable[:3]))
            said = repr(term.surface.strip())
            reason = f"{said} is not in the passage, which says {near}" if near else f"{said} is not in the passage"
            found.append(Clash("number", reason, hard=bool(near) or not term.quantity.loose, missing=not near))
            continue
        others = {other.key for other in comparable} - equal
        if rival := _rival(clause, term, equal, others, on):
            other = rival.surface.strip()
            reason = f"{term.surface.strip()!r} belongs to another thing; here the passage says {other!r}"
            found.append(Clash("number", reason, instead=rival.key))
    return found


def names(clause: Clause, on: Ground) -> list[Clash]:
    """Finds names that no passage has, or in whose place the passage has another."""
    found: list[Clash] = []
    terms = [term for other in on.clauses for term in other.terms if term.kind != "number"]
    stated = {name_key(term.surface): term.key for term in terms} | {term.key: term.key for term in terms}
    topic = next((term.key for term in on.clauses[0].terms if term.kind in _NAMED), None) if on.clauses else None
    others = {term.key for other in on.clauses for term in other.terms if term.kind in ("name", "title")}
    for term in whole(clause):
        if term.kind not in _NAMED:
            continue
        same = {key for spelled, key in stated.items() if _same_name(term.key, spelled)}
        if not same and not _spelled_out(term, on):
            rival = _rival(clause, term, same, others, on)
            if term.kind == "name" or rival:
                reason = (
                    f"{term.surface!r} is not named in the passage, which speaks of {rival.surface!r}"
                    if rival
                    else f"{term.surface!r} is not named in the passage"
                )
                found.append(Clash("name", reason, missing=rival is None))
        elif topic not in same and same and (rival := _rival(clause, term, same, others - same, on)):
            # What a passage says of a part, it may be saying of its topic; that is left to the judge.
            reason = f"the passage says this of {rival.surface!r}, not of {term.surface!r}"
            found.append(Clash("name", reason, instead=rival.key))
    return found


def _same_name(one: str, other: str) -> bool:
    """Tells whether two name keys are one name, a slip of typing aside; digits must agree."""
    if one == other:
        return True
    if "".join(filter(str.isdigit, one)) != "".join(filter(str.isdigit, other)) or min(len(one), len(other)) < 6:
        return False
    return fuzz.ratio(one, other) >= 88


def _spelled_out(term: Term, on: Ground) -> bool:
    """Tells whether an acronym stands for words that follow one another in a passage."""
    letters = (
        "".join(c for c in term.surface if c.isalpha()).lower().removesuffix("s" if term.surface[-1:] == "s" else "")
    )
    if not 2 <= len(letters) <= 6:
        return False
    return any(letters in "".join(t.surface[:1].lower() for t in clause.terms) for clause in on.clauses)


def _rival(clause: Clause, term: Term, same: set[str], others: set[str], on: Ground) -> Term | None:
    """Returns what stands in a term's place in the clause that the rest of the claim speaks of.

    None where a clause that matches well has the term, or where nothing of its kind stands there instead.
    """
    mentioned = {other.key for other in whole(clause)}
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
        for t in (whole(near) if term in clause.terms else near.terms)
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
