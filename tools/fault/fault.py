"""Finding the pitfall that a pasted log shows: by its error text first, then by what it means."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from knowledge.citation import Citation
from knowledge.evidence import Evidence
from knowledge.vocabulary import Language
from tools.fault.casebook import Case, Casebook, data
from tools.fault.mask import mask
from tools.fault.normalise import Line, lines_of, without_values
from tools.fault.signature import Hit, LogText

Search = Callable[[str, int], Sequence[Evidence]]
By = Literal["signature", "meaning"]

_DEPTH: Final = 40  # passages searched, of which those of pitfalls are kept
_QUERY: Final = 420  # characters of a log that a search takes
_TELLING: Final = 5  # lines of it
_AT_LEAST: Final = 1.05  # a passage's score from which on a log means its pitfall
_AHEAD: Final = 0.1  # what it has to be ahead of the next pitfall by
_NEAREST: Final = 3
_ERROR_LINE: Final = re.compile(
    r"^(?:[\w.]+\.)?[A-Z]\w*(?:Error|Exception|Failure|Interrupt|Unsupported|Failed)\b|^\w*Error:"
)


@dataclass(frozen=True, slots=True)
class Match:
    """A pitfall that a log shows: why it happens and how it is mended (Markdown), each with its citation.

    `score` is the confidence from 0 to 1; `by` says how it was found, `signature` the error text and `lines` where it
    stands in the log (secrets masked); both are empty where it was found by meaning.
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


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What a log shows, the likeliest pitfall first.

    `abstained` says that no pitfall of the notes is shown; `nearest` are then the ones most like it, all in doubt.
    `masked` counts the secrets that the log held, by kind; `log` is the log without them.
    """

    log: str
    matches: tuple[Match, ...]
    nearest: tuple[Match, ...]
    abstained: bool
    masked: Mapping[str, int]


def diagnose(log: str, casebook: Casebook, search: Search, language: Language = "en") -> Diagnosis:
    """Find the pitfalls that a log shows; `search` returns the passages of the notes nearest to a text."""
    safe = mask(log)
    lines = lines_of(safe.text)
    text = LogText(lines)
    by_signature, doubtful = _by_signature(casebook, text)
    if by_signature:
        matches = tuple(
            _match(casebook.cases[h.signature.pitfall], s, language, "signature", h) for h, s in by_signature
        )
        return Diagnosis(safe.text, matches, (), abstained=False, masked=safe.kinds)
    query = query_of(lines)
    ranked = _by_meaning(casebook, search, query) if query else []
    if ranked and _is_sure(casebook, text, ranked):
        case, score = ranked[0]
        found = _match(case, min(0.85, 0.5 + (score - _AT_LEAST)), language, "meaning")
        return Diagnosis(safe.text, (found,), (), abstained=False, masked=safe.kinds)
    near = [*(casebook.cases[hit.signature.pitfall] for hit in doubtful), *(case for case, _ in ranked)]
    nearest = tuple(_match(case, 0.0, language, "meaning") for case in list(dict.fromkeys(near))[:_NEAREST])
    return Diagnosis(safe.text, (), nearest, abstained=True, masked=safe.kinds)


def query_of(lines: Sequence[Line]) -> str:
    """Return what to search for: the lines that tell of the failure, the last ones first, without what varies."""
    failure = re.compile(data()["failure"])
    telling = [line for line in lines if not line.is_frame and failure.search(line.text)]
    errors = [line for line in telling if _ERROR_LINE.match(line.text)]
    chosen = list(dict.fromkeys([*reversed(errors), *reversed(telling)]))[:_TELLING]
    texts = list(dict.fromkeys(without_values(line.text)[:_QUERY] for line in chosen))
    return "\n".join(texts)[:_QUERY]


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
            if relation.type == "is_a" and relation.target in best:  # the special case tells more than the general one
                hit, score = best[relation.target]
                best[relation.target] = hit, min(score, best[note_id][1] - 0.01)
    return sorted(best.values(), key=lambda found: -found[1]), doubtful


def _score(hit: Hit) -> float:
    """Score a hit: how specific its signature is, whether it is weak, and whether it stands in an error's own line."""
    in_error = any(_ERROR_LINE.match(line.text) for line in hit.lines)
    score = 0.6 + 0.3 * hit.signature.specificity + 0.09 * in_error - 0.3 * hit.signature.weak
    return round(score, 3)


def _by_meaning(casebook: Casebook, search: Search, query: str) -> list[tuple[Case, float]]:
    """Return the pitfalls whose passages are nearest to a text, each with the score of its best passage."""
    best: dict[str, float] = {}
    for evidence in search(query, _DEPTH):
        if evidence.note in casebook.cases:
            best[evidence.note] = max(best.get(evidence.note, 0.0), evidence.score)
    ranked = sorted(best.items(), key=lambda found: -found[1])
    return [(casebook.cases[note_id], score) for note_id, score in ranked]


def _is_sure(casebook: Casebook, text: LogText, ranked: Sequence[tuple[Case, float]]) -> bool:
    case, score = ranked[0]
    next_score = ranked[1][1] if len(ranked) > 1 else 0.0
    return score >= _AT_LEAST and score - next_score >= _AHEAD and casebook.corroborates(case, text)


def _match(case: Case, score: float, language: Language, by: By, hit: Hit | None = None) -> Match:
    sections = [case.section("cause", language), case.section("fix", language)]
    cause, fix = sections
    found = [section for section in sections if section]
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
    )
