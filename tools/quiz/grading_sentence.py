"""What a learner's sentences say: where a term stands in them, and whether it is denied there."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

from knowledge.language import CJK, stem
from tools.claim_lexicon import LIGHT, is_filler
from tools.claim_text import Clause, Term, clauses

_NOT_ONLY: Final = re.compile(r"\bnot (?:only|just|merely|simply)\b|不仅仅?|不只是?|不但|不光", re.IGNORECASE)
_AND_NOT: Final = re.compile(
    r"\s+and\s+(?=(?:do|does|did|is|are|was|were|can|will|has|have)(?:\s*not|n't)\b|never\b|no\b)", re.IGNORECASE
)
_KV: Final = re.compile(r"\bKV\s*缓存|键值\s*缓存", re.IGNORECASE)
_NON: Final = re.compile(r"\bnon-(?=[a-z])", re.IGNORECASE)
_TURNING: Final = frozenset(["eliminate", "avoid", "remove", "skip", "drop", "replace"])  # "avoids storing X"
_WORD: Final = re.compile(r"[A-Za-z0-9]+")
_CJK: Final = re.compile(f"[{CJK}]")
_SMALL_ZH: Final = re.compile(r"[\s的了地得]")
_LISTED: Final = re.compile(r"\s*[,，、;；/|\n]+\s*")
_PIECE: Final = re.compile(rf"[A-Za-z][A-Za-z'-]*|[{CJK}]+")
_JOINING_ZH: Final = re.compile(
    "[的了是把被将让使由与和及从到按不没就也而再]|可以|能够|通过|因为|所以|需要|用于|并且|之后"
)
_RUN: Final = 6  # characters; a longer run of Chinese is a phrase
_HEAP: Final = 3  # words or items; fewer are an answer in a word or two
_ITEM: Final = 2  # words of an item of a mere list, at most
_JOINING: Final = 0.13  # share of the words of a sentence, at the least, that only join others


@dataclass(frozen=True, slots=True)
class Place:
    """A term as it stands in a text: whether it is `denied`, and whether it is what the negation is about."""

    denied: bool
    struck: bool


@dataclass(frozen=True)
class Said:
    """Clauses of a text."""

    text: str
    clauses: tuple[Clause, ...]

    def windows(self) -> Iterator["Said"]:
        """Yield every two sentences that follow each other, or the only one."""
        last = max((clause.sentence for clause in self.clauses), default=0)
        for first in range(max(1, last)):
            yield Said(self.text, tuple(c for c in self.clauses if first <= c.sentence <= first + 1))

    @cached_property
    def keys(self) -> frozenset[str]:
        """The ideas, words and names in it."""
        return frozenset(term.key for clause in self.clauses for term in clause.terms)

    @cached_property
    def is_denied(self) -> bool:
        """Whether something in it is denied."""
        return any(term.denied for clause in self.clauses for term in clause.terms)

    def places(self, term: str, spare: frozenset[str] = frozenset()) -> list[Place]:
        """Return where a term stands, by its idea in either language, or by its words.

        `spare` are ideas that turn no meaning round, because they are themselves asked for: "avoid" in "avoids waste".
        """
        found = self._places(term, spare)
        if not found and term.isascii() and term.isalpha():
            return [Place(not place.denied, place.struck) for place in self._places(f"non{term}", spare)]
        return found

    def _places(self, term: str, spare: frozenset[str]) -> list[Place]:
        keys = said_of(plain(term)).keys
        found: list[Place] = []
        for clause in self.clauses:
            here = [t for t in clause.terms if t.key in keys]
            if not keys or not keys <= {t.key for t in here}:
                here = self._worded(term, clause)
                if here is None:
                    continue
            found.append(_place(here, clause, spare))
        return found

    def _worded(self, term: str, clause: Clause) -> list[Term] | None:
        """Return the terms of a clause at the words of a term, letter by letter; None where it lacks them."""
        span = _span(plain(term), self.text[clause.start : clause.end])
        if span is None:
            return None
        start, end = clause.start + span[0], clause.start + span[1]
        return [t for t in clause.terms if t.start < end and start < t.end]


@lru_cache(maxsize=1024)
def said_of(text: str) -> Said:
    """Return what a text says; see `plain`."""
    return Said(text, clauses(text))


def plain(text: str) -> str:
    """Return a text in full- or half-width as one, without what looks like a negation and is none."""
    text = unicodedata.normalize("NFKC", text).replace("’", "'")
    text = _AND_NOT.sub("; ", _NOT_ONLY.sub(" ", text))  # a negation reaches over "and", to deny what the next denies
    return _NON.sub("non", _KV.sub(" KV cache ", text)).strip()


def news(text: str, stem_: str) -> frozenset[str]:
    """Return the ideas of an answer that its question does not have."""
    return said_of(text).keys - said_of(plain(stem_)).keys - LIGHT


def is_heap(text: str) -> bool:
    """Tell whether a text is a heap of words rather than a sentence: hardly any of them joins the others."""
    pieces = _PIECE.findall(text)
    items = [item for item in _LISTED.split(text) if item]
    # Two Chinese characters are about a word.
    words = sum(1 if piece.isascii() else (len(piece) + 1) // 2 for piece in pieces)
    if len(items) >= _HEAP and words <= _ITEM * len(items):
        return True
    return len(pieces) >= _HEAP and sum(map(_joins, pieces)) < _JOINING * len(pieces)


def _joins(piece: str) -> bool:
    """Tell whether an English word joins others, or a Chinese run is more than a word."""
    if piece.isascii():
        return is_filler(piece.lower())
    return len(piece) >= _RUN or _JOINING_ZH.search(piece) is not None


def _place(here: list[Term], clause: Clause, spare: frozenset[str]) -> Place:
    denied = any(term.denied for term in here)
    bearing = [term for term in clause.terms if term.key not in LIGHT]
    first = min((bearing.index(term) for term in here if term in bearing), default=0)
    before = bearing[first - 1] if first else None
    if before is not None and before.key in _TURNING - spare:
        return Place(not (denied and not before.denied), struck=True)
    struck = denied and (before is None or not before.denied)
    return Place(denied, struck)


def _span(term: str, text: str) -> tuple[int, int] | None:
    """Return where the words of a term stand in a text, whatever their endings."""
    if _CJK.search(term):
        bare = _SMALL_ZH.sub("", term.lower())
        pattern = r"[\s的了地得]*".join(map(re.escape, bare))
        match = re.search(pattern, text.lower()) if bare else None
        return match.span() if match else None
    wanted = [stem(word.lower()) for word in _WORD.findall(term)]
    words = list(_WORD.finditer(text))
    have = [stem(word[0].lower()) for word in words]
    for at in range(len(have) - len(wanted) + 1):
        if wanted and have[at : at + len(wanted)] == wanted:
            return words[at].start(), words[at + len(wanted) - 1].end()
    return None
