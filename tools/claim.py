"""Checking a claim against passages by code alone: what clashes, and which sentence it rests on."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from rapidfuzz import fuzz

from knowledge.language import text_language
from knowledge.sentence import sentences
from tools.claim_clash import arrangement, clashes
from tools.claim_ground import Clash, Ground, ground
from tools.claim_lexicon import LIGHT
from tools.claim_text import Clause, clauses

Hint = Literal["contradicted", "supported", "unknown"]

_COVERED: Final = 0.8  # share of a claim's ideas that a passage must speak of before code alone calls it supported
# Log-odds of support: what coverage gives, and what a clash takes. A hard clash is found in about 3 of 4 false claims
# and 1 of 20 true ones, which is worth log(15) + log(0.95 / 0.25) = 4; the others are round numbers near their best.
_COVERAGE_WEIGHT: Final = 3.0
_COVERAGE_EVEN: Final = 0.4
HARD_CLASH: Final = 4.0
SOFT_CLASH: Final = 1.5


@dataclass(frozen=True, slots=True)
class Place:
    """A sentence of one of the passages: `passage` is its index, `start` and `end` are character offsets into it."""

    passage: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class CodeCheck:
    """What code can tell of a claim.

    `coverage` is the share (0 to 1) of the claim's ideas that the passages speak of; `place` is where it rests, None
    where nothing of it is said.
    """

    hint: Hint
    clashes: tuple[Clash, ...]
    coverage: float
    place: Place | None

    @property
    def reasons(self) -> tuple[str, ...]:
        """What clashed, in words."""
        return tuple(clash.reason for clash in self.clashes)

    @property
    def penalty(self) -> float:
        """The log-odds that the clashes take from the support of the claim."""
        hard = sum(clash.hard for clash in self.clashes)
        return (HARD_CLASH + hard - 1 if hard else 0.0) + SOFT_CLASH * (len(self.clashes) - hard)

    @property
    def score(self) -> float:
        """The probability of support as far as code can tell."""
        return 1 / (1 + math.exp(self.penalty - _COVERAGE_WEIGHT * (self.coverage - _COVERAGE_EVEN)))


def check(claim: str, passages: Sequence[str]) -> CodeCheck:
    """Checks one claim, in English or Chinese, against passages in either."""
    said = _numbered(passages)
    on = ground([clause for _, clause in said])
    stated = clauses(claim)
    place = best_sentence(claim, passages)
    if place is None or not stated:
        return CodeCheck("unknown", (), 0.0, None)
    near = passages[place.passage]
    same_language = text_language(claim) == text_language(near)
    found = tuple(dict.fromkeys((*clashes(stated, on), *arrangement(claim, near, same_language=same_language))))
    coverage = _coverage(stated, on, same_language=same_language)
    if any(clash.hard and not clash.missing for clash in found):
        return CodeCheck("contradicted", found, coverage, place)
    supported = coverage >= _COVERED and not found
    return CodeCheck("supported" if supported else "unknown", found, coverage, place)


def best_sentence(claim: str, passages: Sequence[str]) -> Place | None:
    """Returns the sentence that shares most with a claim, the earliest of equals; None where the passages hold none."""
    said = _numbered(passages)
    on = ground([clause for _, clause in said])
    stated = clauses(claim)
    best: tuple[float, float, Place] | None = None
    for index, passage in enumerate(passages):
        for start, end in sentences(passage):
            within = [clause for at, clause in said if at == index and start <= clause.start < end]
            shared = sum(_shared(clause, within, on) for clause in stated)
            likeness = fuzz.token_set_ratio(claim.lower(), passage[start:end].lower())
            if best is None or (shared, likeness) > best[:2]:
                best = (shared, likeness, Place(index, start, end))
    return best[2] if best else None


def _shared(stated: Clause, within: Sequence[Clause], on: Ground) -> float:
    if not within:
        return 0.0
    whole = replace(
        within[0],
        terms=tuple(t for c in within for t in c.terms),
        inherited=tuple(t for c in within for t in c.inherited),
    )
    return on.overlap(stated, whole)


def _numbered(passages: Sequence[str]) -> list[tuple[int, Clause]]:
    """Returns the clauses of all passages with the index of theirs; sentences are numbered through."""
    found: list[tuple[int, Clause]] = []
    first = 0
    for index, passage in enumerate(passages):
        found.extend((index, replace(clause, sentence=first + clause.sentence)) for clause in clauses(passage))
        first += len(sentences(passage)) + 1
    return found


def _coverage(stated: Sequence[Clause], on: Ground, *, same_language: bool) -> float:
    """Returns the share of a claim's ideas that the passages have; plain words only count within one language."""
    keys = {t.key for c in stated for t in c.terms if t.key not in LIGHT and (same_language or t.kind != "word")}
    return sum(key in on.weights for key in keys) / len(keys) if keys else 0.0
