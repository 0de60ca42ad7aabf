"""A short answer held against its rubric: which points it says, which it denies, and whether it says anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final, Literal

from tools.claim import check
from tools.quiz.grading_sentence import Said, is_heap, news, plain, said_of
from tools.quiz.item import Point

ENOUGH: Final = 2 / 3  # share of the points that a right answer says
_CLASHES: Final = frozenset(["number", "opposite", "role", "order"])
_SUBSTANCE: Final = 3  # new ideas that make an answer worth a model's judgement
_SLACK: Final = 1e-9  # of shares in floating point

Sign = Literal["said", "doubtful", "denied", "missing"]
_RANK: Final[tuple[Sign, ...]] = ("said", "doubtful", "denied", "missing")


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer says of a rubric.

    `said`, `denied` and `missing` part its points; `score` is the share of those said, less those denied. An answer is
    `loose` where it is a heap of words, an `echo` where it only repeats the question, and a `clash` where it says
    otherwise than the evidence. It is `undecided` where code cannot tell for sure.
    """

    said: tuple[Point, ...]
    denied: tuple[Point, ...]
    missing: tuple[Point, ...]
    score: float
    loose: bool
    echo: bool
    clash: bool
    undecided: bool

    @property
    def enough(self) -> bool:
        """Tell whether the answer is right: enough is said, in sentences, and nothing against the evidence."""
        return suffices(self.score) and not (self.loose or self.clash)


def suffices(score: float) -> bool:
    """Tell whether this share of a rubric is enough for a right answer."""
    return score >= ENOUGH - _SLACK


def read(answer: str, points: Sequence[Point], stem: str, evidence: Sequence[str] = ()) -> Reading:
    """Hold an answer against the points of a rubric, and against the evidence where some is given."""
    text = plain(answer)
    signs = [_sign(point, text, stem) for point in points]
    parts = {sign: tuple(p for p, s in zip(points, signs, strict=True) if s == sign) for sign in _RANK}
    said = tuple(p for p, s in zip(points, signs, strict=True) if s in ("said", "doubtful"))
    new = news(text, stem)
    score = max(0, len(said) - len(parts["denied"])) / len(points) if points else 0.0
    loose, clash = is_heap(text), bool(said) and _clashes(text, evidence)
    echo = bool(text) and not said and not parts["denied"] and not new
    doubtful = bool(parts["doubtful"] or parts["denied"] or loose or clash)
    settled = (suffices(score) and not doubtful) or (not said and not doubtful and len(new) < _SUBSTANCE)
    return Reading(said, parts["denied"], parts["missing"], score, loose, echo, clash, undecided=not settled)


def _sign(point: Point, text: str, stem: str) -> Sign:
    """Return whether a text says a point, in two sentences that follow each other."""
    found = {_sign_in(point, window, text, stem) for window in said_of(text).windows()}
    if {"said", "denied"} <= found:
        return "doubtful"
    for sign in _RANK:
        if sign in found:
            return sign
    return "missing"


def _sign_in(point: Point, window: Said, text: str, stem: str) -> Sign:
    ideas = frozenset(chain.from_iterable(said_of(t).keys for group in point.terms for t in group))
    ideas |= said_of(plain(point.text)).keys
    in_stem, in_point = said_of(plain(stem)), said_of(plain(point.text))
    agreeing, wrong, struck, new, askable = 0, 0, False, False, False
    for group in point.terms:
        places = [(term, place) for term in group for place in window.places(term, spare=ideas)]
        if not places:
            return "missing"
        right = [(t, p) for t, p in places if p.denied == _is_denied(t, in_point)]
        askable = askable or any(not in_stem.places(term) for term in group)
        if right:
            agreeing += 1
            new = new or any(all(p.denied != q.denied for q in in_stem.places(t)) for t, p in right)
        else:
            wrong += 1
            struck = struck or any(p.struck or not p.denied for _, p in places)
    if wrong:
        return "denied" if struck or not agreeing else "doubtful"
    if not new and (askable or len(news(text, stem)) < _SUBSTANCE - 1):
        return "missing"  # the question itself says as much
    return "said"


def _is_denied(term: str, in_point: Said) -> bool:
    """Tell whether a rubric wants a term denied: as its point's text has it, else as the term itself is put."""
    places = in_point.places(term)
    return all(place.denied for place in places) if places else said_of(plain(term)).is_denied


def _clashes(text: str, evidence: Sequence[str]) -> bool:
    if not evidence:
        return False
    return any(c.hard and not c.missing and c.kind in _CLASHES for c in check(text, evidence).clashes)
