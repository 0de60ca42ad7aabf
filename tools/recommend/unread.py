"""The demands of a text that no rule understands, in its own words: what an adviser has to own up to."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from knowledge.language import mentions
from knowledge.library import Library
from tools.recommend.constraints import Constraints
from tools.recommend.reading import CLAUSE, rule_spans
from tools.recommend.scoring import need_spans
from tools.recommend.task import task_spans
from tools.recommend.wording import load, mixed

_LONGEST: Final = 80  # characters of a demand that is shown
_EDGES: Final = " \t\n\"'“”‘’（）()"


def unread(text: str, constraints: Constraints, library: Library) -> tuple[str, ...]:
    """Return the clauses that sound like demands and of which nothing was read."""
    words = _demands()
    rules = [*rule_spans(text), *need_spans(text)]
    unwanted = [name for name, ids in library.names.items() if set(ids) & set(constraints.excluded)]
    known = [name for name, ids in library.names.items() if set(ids) & {*constraints.named, *constraints.used}]
    found: list[str] = []
    for start, end in _clauses(text):
        clause = text[start:end].lower()
        denial = words["denying"].search(text, start, end)
        if denial is not None:
            is_read = _touches(rules, denial.start(), denial.end()) or any(mentions(n, clause) for n in unwanted)
            found += [] if is_read else [text[denial.start() : end]]
        elif words["binding"].search(text, start, end):
            is_read = _touches([*rules, *task_spans(text)], start, end) or any(
                mentions(name, clause) for name in (*known, *unwanted)
            )
            found += [] if is_read or _names_hardware(clause, constraints) else [text[start:end]]
    return tuple(one.strip(_EDGES)[:_LONGEST] for one in found if one.strip(_EDGES))


def _names_hardware(clause: str, constraints: Constraints) -> bool:
    """Tell whether a clause holds the words of something that was read by its number: a card, a model, users."""
    fields = ("accelerators", "model", "users", "items", "context")
    return any(constraints.said[name].words.lower() in clause for name in fields if name in constraints.said)


def _clauses(text: str) -> list[tuple[int, int]]:
    starts = [0, *(match.end() for match in CLAUSE.finditer(text))]
    ends = [*(match.start() for match in CLAUSE.finditer(text)), len(text)]
    return list(zip(starts, ends, strict=True))


def _touches(spans: list[tuple[int, int]], start: int, end: int) -> bool:
    return any(first < end and last > start for first, last in spans)


@cache
def _demands() -> Mapping[str, re.Pattern[str]]:
    listed: Mapping[str, list[str]] = load("constraints")["demand"]
    return {name: mixed(words) for name, words in listed.items()}
