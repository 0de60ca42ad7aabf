"""Finding the pitfall that a pasted log shows: by its error text first, then by what it means."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from knowledge.citation import Citation
from knowledge.evidence import Evidence
from knowledge.language import stem, terms
from knowledge.vocabulary import Language
from tools.fault.casebook import LOOKALIKES, Case, Casebook, data, words
from tools.fault.mask import mask
from tools.fault.normalise import Line, folded, lines_of, without_values
from tools.fault.signature import Hit, LogText

Search = Callable[[str, int], Sequence[Evidence]]
By = Literal["signature", "meaning"]

_DEPTH: Final = 40  # passages searched, of which those of pitfalls are kept
_QUERY: Final = 200  # characters of a log that a search takes; embedding more takes longer than a reader waits
_ENOUGH: Final = 4  # distinctive words that tell what happened
_LAST: Final = 20  # telling lines in which another wording is looked for
_LONGEST_LINE: Final = 2000  # characters of such a line
_AT_LEAST: Final = 0.95  # a passage's score from which on a log means its pitfall
_AHEAD: Final = 0.1  # what it has to be ahead of the next pitfall by
_SHARED: Final = 6  # distinctive words that an error and the passages have in common, at the least
_SHARE: Final = 0.5  # of the error's
_NEAREST: Final = 3
_ERROR_LINE: Final = re.compile(
    r"^(?:[\w.]+\.)?[A-Z]\w*(?:Error|Exception|Failure|Interrupt|Unsupported|Failed)\b|^\w*Error:"
)


@dataclass(frozen=True, slots=True)
class _Likeness:
    """How near the passages on a pitfall come to a log, and how near those on what only looks like it.

    `shared` is how many of the words of its last error stand in those passages, of `words` that are not general.
    """

    case: Case
    score: float
    unlike: float
    shared: int
    words: int


@dataclass(frozen=True, slots=True)
class Match:
    """A pitfall that a log shows: why it happens and how it is mended (Markdown), each with its citation.

    `score` is the confidence from 0 to 1; `by` says how it was found, `signature` the error text and `lines` where it
    stands in the log (secrets masked); both are empty where it was found by meaning. `own` tells whose it is.
    """

    pitfall: str
    title: str
    summary: str
    cause: str
    fix: str
    score: float
    source: str
    by: By
    citations: tuple[Citation, ...]
    signature: str = ""
    lines: tuple[Line, ...] = ()
    check: str = ""
    own: bool = False
    checked: str = ""  # ISO date on which its facts were last checked


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What a log shows, the likeliest pitfall first.

    `abstained` says that no pitfall of the notes is shown; `nearest` are then the ones most like it, all in doubt.
    `masked` counts the secrets that the log held, by kind; `log` is the log without them. `error` is the line that most
    likely says what went wrong.
    """

    log: str
    matches: tuple[Match, ...]
    nearest: tuple[Match, ...]
    abstained: bool
    masked: Mapping[str, int]
    error: Line | None = None


def diagnose(log: str, casebook: Casebook, search: Search, language: Language = "en") -> Diagnosis:
    """Find the pitfalls that a log shows; `search` returns the passages of the notes nearest to a text."""
    safe = mask(log)
    lines = lines_of(safe.text)
    text = LogText(lines)
    sure, doubtful = _by_signature(casebook, text)
    if not sure:
        sure = _by_wording(casebook, text, lines)
    matches = [_match(casebook.cases[hit.signature.pitfall], score, language, "signature", hit) for hit, score in sure]
    ranked = [] if matches else _by_meaning(casebook, search, query_of(lines))
    if _is_sure(casebook, text, ranked):
        score = min(0.8, 0.5 + 0.5 * (ranked[0].score - _AT_LEAST))
        matches = [_match(ranked[0].case, round(score, 3), language, "meaning")]
    near = [] if matches else [*(hit.signature.pitfall for hit in doubtful), *(like.case.note.id for like in ranked)]
    nearest = tuple(
        _match(casebook.cases[note], 0.0, language, "meaning") for note in list(dict.fromkeys(near))[:_NEAREST]
    )
    return Diagnosis(safe.text, tuple(matches), nearest, not matches, safe.kinds, _error(lines))


def told(case: Case, language: Language = "en") -> Match:
    """Return what is known of a pitfall, apart from any log."""
    return _match(case, 0.0, language, "signature")


def _by_signature(casebook: Casebook, text: LogText) -> tuple[list[tuple[Hit, float]], list[Hit]]:
    """Return the best hit of each pitfall with its score, and the weak hits that nothing corroborates."""
    best: dict[str, tuple[Hit, float]] = {}
    doubtful: list[Hit] = []
    for case in casebook.cases.values():
        hits = [hit for signature in case.signatures if (hit := text.find(signature))]
        strong = [hit for hit in hits if not hit.signature.weak or casebook.corroborates(case, text)]
        doubtful += [hit for hit in hits[:1] if not strong]
        if strong:
            hit = max(strong, key=_score)
            best[case.note.id] = hit, _score(hit)
    for note_id in best:
        for relation in casebook.cases[note_id].note.relations:
            # The special case tells more than the general one, and the cause more than what it brings about.
            if relation.type in {"is_a", "causes"} and relation.target in best:
                hit, score = best[relation.target]
                best[relation.target] = hit, min(score, best[note_id][1] - 0.01)
    # What a reader wrote about their own systems goes before what is as sure.
    order = sorted(
        best.values(), key=lambda found: (-found[1], not casebook.cases[found[0].signature.pitfall].note.own)
    )
    return order, doubtful


def _by_wording(casebook: Casebook, text: LogText, lines: Sequence[Line]) -> list[tuple[Hit, float]]:
    """Return the pitfall whose error text another version words a little otherwise."""
    telling = [line for line in _telling(lines) if len(line.text) <= _LONGEST_LINE][-_LAST:]
    hits = [
        hit
        for case in casebook.cases.values()
        for signature in case.signatures
        if (hit := text.find_nearly(signature, telling, words("general"))) and casebook.corroborates(case, text)
    ]
    return [(hit, round(0.75 * hit.likeness, 3)) for hit in sorted(hits, key=lambda hit: -hit.likeness)[:1]]


def _score(hit: Hit) -> float:
    """Score a hit: how specific its signature is, whether it is weak, and whether it stands in an error's own line."""
    in_error = any(_ERROR_LINE.match(line.text) for line in hit.lines)
    score = 0.6 + 0.3 * hit.signature.specificity + 0.09 * in_error - 0.3 * hit.signature.weak
    return round(score, 3)


def _telling(lines: Sequence[Line]) -> list[Line]:
    """Return the lines that tell of a failure."""
    failure = _failure()
    return [line for line in lines if not line.is_frame and failure.search(line.text)]


@cache
def _failure() -> re.Pattern[str]:
    return re.compile(data()["failure"])


def _error(lines: Sequence[Line]) -> Line | None:
    """Return the last error, else the last line that tells of a failure, else the last of all."""
    telling = _telling(lines)
    errors = [line for line in telling if _ERROR_LINE.match(line.text)]
    return next((few[-1] for few in (errors, telling, lines) if few), None)


def query_of(lines: Sequence[Line]) -> str:
    """Return what to search for, without what varies: the last error, and more where that tells little."""
    telling = _telling(lines)
    errors = [line for line in telling if _ERROR_LINE.match(line.text)]
    query = ""
    for line in dict.fromkeys([*reversed(errors), *reversed(telling)]):
        query = f"{query}\n{without_values(line.text)}".strip()[:_QUERY]
        if len(_distinctive(query)) >= _ENOUGH:
            break
    return query


def _by_meaning(casebook: Casebook, search: Search, query: str) -> list[_Likeness]:
    """Return the pitfalls whose passages are nearest to what a log tells."""
    like: dict[str, list[Evidence]] = {}
    unlike: dict[str, float] = {}
    for evidence in search(query, _DEPTH) if query else ():
        if evidence.note not in casebook.cases:
            continue
        if folded(evidence.heading) in LOOKALIKES:
            unlike[evidence.note] = max(unlike.get(evidence.note, 0.0), evidence.score)
        else:
            like.setdefault(evidence.note, []).append(evidence)
    said = _distinctive(query)
    found = [_likeness(casebook.cases[note], passages, unlike.get(note, 0.0), said) for note, passages in like.items()]
    return sorted(found, key=lambda likeness: -likeness.score)


def _likeness(case: Case, passages: Sequence[Evidence], unlike: float, said: frozenset[str]) -> _Likeness:
    texts = [*(p.text for p in passages), *(s.text for s in case.signatures), *case.note.names]
    shared = said & _distinctive("\n".join(texts))
    return _Likeness(case, max(passage.score for passage in passages), unlike, len(shared), len(said))


def _distinctive(text: str) -> frozenset[str]:
    """Return the single words of a text that not every program's errors are made of, without their endings."""
    return frozenset(
        stem(term) for term in terms(text) if len(term) > 1 and term.isalnum() and term not in words("general")
    )


def _is_sure(casebook: Casebook, text: LogText, ranked: Sequence[_Likeness]) -> bool:
    """Tell whether a log means the nearest pitfall.

    It has to be near, nearer than others and than what only looks like it; to share words with it that not any error
    has; and the log has to be of the field.
    """
    if not ranked:
        return False
    first = ranked[0]
    others = max((other.score for other in ranked[1:]), default=0.0)
    ahead = first.score - max(others, first.unlike) >= _AHEAD
    alike = first.shared >= _SHARED and first.shared >= _SHARE * first.words
    return first.score >= _AT_LEAST and ahead and alike and casebook.corroborates(first.case, text)


def _match(case: Case, score: float, language: Language, by: By, hit: Hit | None = None) -> Match:
    cause, fix, check = (case.section(part, language) for part in ("cause", "fix", "check"))
    found = [section for section in (cause, fix) if section]
    citations = tuple(case.citation(section, n) for n, section in enumerate(found, 1))
    summary = case.note.summary_in(language)
    return Match(
        pitfall=case.note.id,
        title=case.note.title_in(language),
        summary=summary,
        cause=cause.text if cause else "",
        fix=fix.text if fix else summary,
        score=score,
        source=case.source,
        by=by,
        citations=citations,
        signature=hit.signature.text if hit else "",
        lines=hit.lines if hit else (),
        check=check.text if check else "",
        own=case.note.own,
        checked=case.note.checked.isoformat() if case.note.checked else "",
    )
