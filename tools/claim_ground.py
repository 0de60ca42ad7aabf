"""The ground a claim is checked on: the clauses of passages, which of them a claim speaks of, and how it clashes."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from tools.claim_lexicon import DOWNWARD, LIGHT, UPWARD
from tools.claim_text import Clause, Term

ClashKind = Literal["number", "name", "opposite", "negation", "role", "order", "overclaim"]
GRADED: Final = UPWARD | DOWNWARD
PLAIN: Final = GRADED | LIGHT
_ALIKE: Final = 0.5  # a clause that shares less of a claim's weight does not speak of the same
_RIVAL: Final = 0.75  # a clause that matches this share of what the best one matches may be what the claim speaks of


@dataclass(frozen=True, slots=True)
class Clash:
    """One disagreement; `hard` if it decides by itself, `missing` if the passages are silent rather than opposed."""

    kind: ClashKind
    reason: str
    hard: bool = True
    missing: bool = False
    instead: str = ""  # the idea that the passage has in the place of the claim's


@dataclass(frozen=True, slots=True)
class Ground:
    """The clauses of all passages, and how telling each idea is among them."""

    clauses: tuple[Clause, ...]
    weights: dict[str, float]
    heads: dict[str, frozenset[str]]  # what stands right before an idea: "static" and "continuous" before "batch"

    def siblings(self, key: str) -> frozenset[str]:
        """Returns the ideas that the passages set beside an idea ("static batching, continuous batching")."""
        return frozenset[str]().union(*(group for group in self.heads.values() if key in group)) - {key}

    def overlap(self, claim: Clause, clause: Clause, without: frozenset[str] = frozenset()) -> float:
        """Returns the weight of the ideas that two clauses share; what is only inherited counts half."""
        mine = _halved(claim, without)
        theirs = _halved(clause, without)
        return sum(self.weights.get(key, 0.0) * mine[key] * theirs[key] for key in mine.keys() & theirs.keys())

    def nearest(self, claim: Clause, without: frozenset[str] = frozenset()) -> list[Clause]:
        """Returns the clauses that a claim's clause may speak of, best first; none where nothing is shared."""
        scored = sorted(((self.overlap(claim, c, without), -i) for i, c in enumerate(self.clauses)), reverse=True)
        best = scored[0][0] if scored else 0.0
        if best < _ALIKE * self._possible(claim, without):
            return []
        return [self.clauses[-i] for score, i in scored if score > 0 and score >= _RIVAL * best]

    def _possible(self, claim: Clause, without: frozenset[str]) -> float:
        """Returns what a clause that shared all would share; words that the passages lack weigh as the rarest do."""
        rarest = max(self.weights.values(), default=0.0)
        kinds = {term.key: term.kind for term in (*claim.inherited, *claim.terms)}
        unknown = {key: 0.0 if kinds[key] == "word" else 0.3 * rarest if key in LIGHT else rarest for key in kinds}
        return sum(share * self.weights.get(key, unknown[key]) for key, share in _halved(claim, without).items())

    def headed(self, one: str, other: str) -> frozenset[str]:
        """Returns the heads that two ideas share."""
        return frozenset(head for head, group in self.heads.items() if one in group and other in group)


def _halved(clause: Clause, without: frozenset[str]) -> dict[str, float]:
    lent = {term.key: 0.5 for term in clause.inherited if term.key not in without}
    return lent | {term.key: 1.0 for term in clause.terms if term.key not in without}


def ground(stated: Sequence[Clause]) -> Ground:
    """Returns the ground that claims are checked on; an idea found in many clauses weighs little."""
    counts = Counter(key for clause in stated for key in keys_of(clause))
    weights = {key: math.log(1 + len(stated) / n) * (0.3 if key in LIGHT else 1.0) for key, n in counts.items()}
    heads: dict[str, set[str]] = {}
    for clause in stated:
        for one, head in pairwise(clause.terms):
            if _modifies(one, head):
                heads.setdefault(head.key, set()).add(one.key)
    return Ground(tuple(stated), weights, {head: frozenset(ones) for head, ones in heads.items() if len(ones) > 1})


def _modifies(one: Term, head: Term) -> bool:
    plain = {one.kind, head.kind} <= {"idea", "word"} and not {one.key, head.key} & PLAIN
    return plain and head.start - one.end <= 1


def keys_of(clause: Clause) -> frozenset[str]:
    """Returns the ideas of a clause, with the subject that it leaves unsaid."""
    return frozenset(term.key for term in (*clause.terms, *clause.inherited))


def whole(clause: Clause) -> tuple[Term, ...]:
    """Returns the terms of a clause after those it inherits."""
    return (*clause.inherited, *clause.terms)
