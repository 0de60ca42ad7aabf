"""What a claim arranges otherwise than a passage: bindings, steps, comparisons, quotients."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import combinations, pairwise
from typing import Final

from knowledge.sentence import sentences
from tools.claim_lexicon import DOWNWARD, LIGHT, UPWARD, lexicon
from tools.claim_text import Clause, Term, clauses

_BEFORE: Final = re.compile(r"\bbefore\b|\bprior to\b|\bahead of\b", re.IGNORECASE)
_AFTER: Final = re.compile(r"\bafter\b|\bonce\b", re.IGNORECASE)
_BEFORE_ZH: Final = re.compile(r"之前|以前|前先")
_AFTER_ZH: Final = re.compile(r"之后|以后|后再|完成后")
_STEPS: Final = re.compile(
    r"(?<!a )(?<!the )\bfirst\b(?=,| \w+s\b)|\b(?:runs?|comes?|is|are|was|were)(?: \w+)? first\b"
    r"|\b(?:then|finally|afterwards|next|later|follows|followed by)\b|先|再|然后|接着|随后|最后|之后",
    re.IGNORECASE,
)
_ORDER_WORDS: Final = ("before", "after", "last", "then", "first")
_THAN: Final = re.compile(r"\bthan\b|\bas (?:much|many|large|long|fast|high) as\b|\btimes (?:the|as)\b", re.IGNORECASE)
_THAN_ZH: Final = re.compile(r"(?<![对相])比(?![例值率特较如])|(?<=[高低多少快慢大小优])于")
# Where the two sides of a comparison end: a comparison binds no further than its own part of the sentence.
_APART: Final = re.compile(
    r"[,，;；。:：]|\b(?:because|since|so|as|which|while|whereas|when|where|if|but|and)\b|因为|所以|因此|从而|而且|但|如果|则",
    re.IGNORECASE,
)
_BREAK: Final = re.compile(r"[,，;；。]|\.(?=\s|$)")
_RATIO: Final = re.compile(
    r"(?P<top>[^,;，；]*?)\s*(?:\bdivided by\b|\bover the\b|除以)\s*(?P<bottom>[^,;，；]*)", re.IGNORECASE
)
_RATIO_OF: Final = re.compile(
    r"\bratio (?:of|between)\s+(?P<top>.+?)\s+(?:to|and)\s+(?P<bottom>[^,;，；]*)"
    r"|(?P<zh_top>[^,;，；]*?)[与和](?P<zh_bottom>[^,;，；]*?)(?:之比|的比值|的比率)",
    re.IGNORECASE,
)
_NEAR: Final = 3  # terms from a thing to what it is bound to
_ATOM: Final = re.compile(r"[A-Za-z]+|\d+")


def exchanged(
    claim: Sequence[Clause], passage: Sequence[Clause], *, same_language: bool = True
) -> tuple[str, str] | None:
    """Returns two things that a claim binds crosswise to what a passage binds them to.

    Only where both list them as pairs ("A x, B y"), so that nearness tells what belongs together in either language.
    """
    near = _NEAR if same_language else 1
    mine = _unique([term for clause in claim for term in clause.terms])
    for window in _windows(passage):
        theirs = _unique([term for clause in window for term in clause.terms])
        if same_language and (pair := _swapped_neighbours(claim, window)):
            return pair
        shared = [key for key in mine if key in theirs and key not in LIGHT]
        for one, other in combinations(shared, 2):
            if not _like(mine[one][1], mine[other][1]):
                continue
            votes: Counter[int] = Counter(
                _binding(mine, one, other, x, y, near) * _binding(theirs, one, other, x, y, near)
                for x, y in combinations([key for key in shared if key not in (one, other)], 2)
            )
            if votes[-1] > votes[1]:
                return mine[one][1].surface, mine[other][1].surface
    return None


def _swapped_neighbours(claim: Sequence[Clause], window: Sequence[Clause]) -> tuple[str, str] | None:
    """Returns two ideas that stand next to each other's partner ("copies the model, splits the batch")."""
    mine, theirs = _neighbours(claim), _neighbours(window)
    for (a, p), (b, q) in combinations(sorted(mine), 2):
        if len({a, b, p, q}) == 4 and (a, q) in theirs and (b, p) in theirs and not {(a, p), (b, q)} & theirs:
            return a, b
    return None


def _neighbours(stated: Sequence[Clause]) -> set[tuple[str, str]]:
    return {
        (one.key, other.key)
        for clause in stated
        for one, other in pairwise([term for term in clause.terms if term.key not in LIGHT and term.kind != "number"])
    }


def _windows(passage: Sequence[Clause]) -> list[list[Clause]]:
    last = max((clause.sentence for clause in passage), default=0)
    return [[c for c in passage if n <= c.sentence <= n + 1] for n in range(max(1, last))]


def _unique(terms: Sequence[Term]) -> dict[str, tuple[int, Term]]:
    counts = Counter(term.key for term in terms)
    return {term.key: (index, term) for index, term in enumerate(terms) if counts[term.key] == 1}


def _like(one: Term, other: Term) -> bool:
    """Tells whether one of two terms could stand in the place of the other."""
    if one.quantity and other.quantity:
        return one.quantity.dimension == other.quantity.dimension
    names = ("name", "title")
    return (one.kind in names and other.kind in names) or other.key in excluded(one.key)


def excluded(key: str) -> frozenset[str]:
    """Returns the ideas that cannot stand in for an idea: its opposites and its counterparts."""
    return lexicon().opposites.get(key, frozenset[str]()) | lexicon().counterparts.get(key, frozenset[str]())


def _binding(at: dict[str, tuple[int, Term]], one: str, other: str, x: str, y: str, near: int) -> int:
    """Returns 1 where `one` goes with `x` and `other` with `y`, -1 where crosswise, 0 where the order does not tell."""
    a, b, p, q = (at[key][0] for key in (one, other, x, y))
    ranked = sorted([(a, "t"), (b, "t"), (p, "c"), (q, "c")])
    if "".join(kind for _, kind in ranked) not in ("tctc", "ctct", "tcct", "cttc"):
        return 0
    pairs = "".join(kind for _, kind in ranked)
    if ranked[1][0] - ranked[0][0] > near or ranked[3][0] - ranked[2][0] > near:
        return 0
    if pairs in ("tcct", "cttc") and ranked[2][0] - ranked[1][0] <= max(
        ranked[1][0] - ranked[0][0], ranked[3][0] - ranked[2][0]
    ):
        return 0
    return 1 if (a < b) == (p < q) else -1


def misordered(claim: str, passage: str) -> tuple[str, str] | None:
    """Returns two steps that a claim puts in the other order than the passage; None where either sets no order."""
    for early, late in _sides(claim):
        for first, second in _sides(passage):
            crossed = [(a, b) for a in early & second for b in (late & first) or {""}] or [
                ("", b) for b in late & first
            ]
            if len(early & second) + len(late & first) > len(early & first) + len(late & second):
                return crossed[0][0] or "/".join(sorted(early)), crossed[0][1] or "/".join(sorted(late))
    claimed, said = _timeline(claim), _timeline(passage)
    agree, against, pair = 0, 0, ("", "")
    for (early_key, t), (late_key, u) in combinations(sorted(claimed.items(), key=lambda item: item[1]), 2):
        if t == u or early_key not in said or late_key not in said or said[early_key] == said[late_key]:
            continue
        if said[early_key] < said[late_key]:
            agree += 1
        else:
            against, pair = against + 1, (early_key, late_key)
    return pair if against > agree else None


def _sides(text: str) -> list[tuple[set[str], set[str]]]:
    """Returns, for each clause with "before" or "after" inside it, the ideas that come early and those after."""
    found: list[tuple[set[str], set[str]]] = []
    for start, end in sentences(text):
        for clause in clauses(text):
            if start <= clause.start < end:
                shift = _marked(text, clause, start)[0]
                times = {
                    term.key: shift(term.start)
                    for term in clause.terms
                    if term.key not in _ORDER_WORDS and term.key not in LIGHT
                }
                if len(set(times.values())) == 2:
                    low = min(times.values())
                    found.append(({k for k, t in times.items() if t == low}, {k for k, t in times.items() if t != low}))
    return found


def _timeline(text: str) -> dict[str, float]:
    """Returns when each idea that occurs at one time only happens; empty where the text has no word of order."""
    times: dict[str, set[float]] = {}
    ordered = False
    at = 0.0
    for start, end in sentences(text):
        for clause in clauses(text):
            if not start <= clause.start < end:
                continue
            at += 10
            where, marked = _marked(text, clause, start)
            ordered = ordered or marked
            for term in clause.terms:
                if term.key not in LIGHT and term.key not in _ORDER_WORDS:
                    times.setdefault(term.key, set()).add(at + where(term.start))
    return {key: min(found) for key, found in times.items() if len(found) == 1} if ordered else {}


def _marked(text: str, clause: Clause, sentence_start: int) -> tuple[Callable[[int], float], bool]:
    """Returns how far each place of a clause lies from the clause's own time, and whether it has a word of order."""
    breaks = [match.end() for match in _BREAK.finditer(text, sentence_start, clause.start)]
    begin = breaks[-1] if breaks else sentence_start
    stop = _BREAK.search(text, clause.end)
    end = stop.start() if stop else len(text)
    for pattern, sign in ((_BEFORE, 1.0), (_AFTER, -1.0)):
        if match := pattern.search(text, begin, end):
            opens = match.start() - begin <= 2
            return _shift(match.start(), end, sign, whole=opens), opens
    for pattern, sign in ((_BEFORE_ZH, 1.0), (_AFTER_ZH, -1.0)):
        if (match := pattern.search(text, begin, end)) and match.start() - begin > 1:
            rest = any(term.start > match.start() for term in clause.terms)
            opening = max(begin, text.rfind("在", begin, match.start()))
            return _shift(opening, match.start(), sign, whole=not rest), not rest
    return _shift(0, 0, 0.0, whole=True), bool(_STEPS.search(text, begin, end))


def _shift(start: int, end: int, sign: float, *, whole: bool) -> Callable[[int], float]:
    """Returns the shift that "before" (1) or "after" (-1) gives to a span of a clause, or past the neighbour to all."""

    def shift(place: int) -> float:
        if whole:
            return 15.0 * sign
        return 3.0 * sign if start <= place < end else 0.0

    return shift


def inverted_ratio(claim: str, passage: str) -> str | None:
    """Returns the quotient of a claim whose numerator is more like the passage's denominator."""
    said = _ratios(passage)
    for top, bottom in _ratios(claim):
        for their_top, their_bottom in said:
            straight = _alike(top, their_top) + _alike(bottom, their_bottom)
            crossed = _alike(top, their_bottom) + _alike(bottom, their_top)
            if crossed > straight:
                return f"{top.strip()} / {bottom.strip()}"
    return None


def _ratios(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for start, end in sentences(text):
        for pattern in (_RATIO, _RATIO_OF):
            for match in pattern.finditer(text, start, end):
                sides = [side for side in match.groups() if side]
                if len(sides) == 2:
                    found.append((sides[0], sides[1]))
    return found


def _alike(one: str, other: str) -> float:
    mine, theirs = _atoms(one), _atoms(other)
    return sum((mine & theirs).values()) / max(1, sum((mine | theirs).values()))


def _atoms(text: str) -> Counter[str]:
    """Returns the ideas of one side of a quotient, single letters of a formula included."""
    ideas = Counter(term.key for clause in clauses(text) for term in clause.terms if term.kind != "number")
    return ideas + Counter(atom for atom in _ATOM.findall(text) if len(atom) == 1 or atom.isdigit())


def miscompared(claim: str, passage: str) -> tuple[str, str] | None:
    """Returns the two sides of a comparison that a claim makes the other way round than the passage."""
    for left, right, upward in _comparisons(claim):
        for their_left, their_right, their_upward in _comparisons(passage):
            straight = len((left - right) & (their_left - their_right)) + len(
                (right - left) & (their_right - their_left)
            )
            crossed = len((left - right) & (their_right - their_left)) + len(
                (right - left) & (their_left - their_right)
            )
            turned = crossed > straight and (right & their_left or not their_left & left)
            matched = straight > crossed and left & their_left and right & their_right
            if turned if upward == their_upward else matched:
                return "/".join(sorted(left - right)), "/".join(sorted(right - left))
    return None


def _comparisons(text: str) -> list[tuple[set[str], set[str], bool]]:
    """Returns what stands left and right of each comparison, and whether the left side is said to be the greater."""
    found: list[tuple[set[str], set[str], bool]] = []
    for start, end in sentences(text):
        terms = [term for clause in clauses(text) if start <= clause.start < end for term in clause.terms]
        for pattern, chinese in ((_THAN, False), (_THAN_ZH, True)):
            for match in pattern.finditer(text, start, end):
                graded = [t for t in terms if t.key in UPWARD | DOWNWARD]
                near = min(graded, key=lambda t: abs(t.start - match.start()), default=None)
                plain = [
                    t for t in terms if t.key not in LIGHT and t.key not in UPWARD | DOWNWARD and t.kind != "number"
                ]
                begin = max((apart.end() for apart in _APART.finditer(text, start, match.start())), default=start)
                apart = _APART.search(text, match.end(), end)
                left = {t.key for t in plain if begin <= t.start < match.start()}
                right = [t for t in plain if match.end() <= t.start < (apart.start() if apart else end)]
                right = right[:1] if chinese else right[:3]
                if left and right:
                    found.append((left, {t.key for t in right}, near is None or near.key in UPWARD))
    return found
