"""A diagnosis as the team speaks of it: Markdown with marks, written by no model."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from agents.advice_text import Head
from agents.phrases import say
from knowledge.citation import Citation
from knowledge.vocabulary import Language
from tools.fault.fault import Diagnosis, Match

_SURE: Final[Mapping[str, float]] = {
    "fault_sure": 0.9,
    "fault_likely": 0.7,
}  # the words of a confidence, from so much on
_FENCE: Final = re.compile(r"^\s*(?:```|~~~)")
_SAFE: Final = "/:?#=&%@+,;~!$*'"  # signs of an address that Markdown leaves alone
_SHOWN: Final = 6  # lines of the log that show the error
_LONGEST: Final = 300  # characters of one of them


def diagnosed(diagnosis: Diagnosis, language: Language) -> Head:
    """Return what a log shows: the likeliest pitfall with cause and fix, and what else it may be."""
    first, *others = diagnosis.matches
    score = say(_words(first), language, score=f"{first.score:.0%}")
    parts = [f"**{first.title}** · {score}"]
    if first.lines:
        parts.append(_fenced([line.text for line in first.lines]))
    citations = list(first.citations)
    if first.cause:
        parts += [f"**{say('fault_cause', language)}**", _marked(first.cause, citations[0])]
    parts.append(f"**{say('fault_fix', language)}**")
    parts.append(_marked(first.fix, citations[-1]) if citations else first.fix)
    if first.check:
        parts += [f"**{say('fault_check', language)}**", first.check]
    parts.append(say("fault_source", language, source=_link(first.source)))
    if others:
        titles = [f"- {one.title} ({one.score:.0%})" for one in others]
        parts.append("\n".join([f"**{say('fault_others', language)}**\n", *titles]))
    return Head("\n\n".join(parts), tuple(citations))


def unknown(diagnosis: Diagnosis, language: Language) -> Head:
    """Return that a log shows nothing known, and what comes nearest, in doubt."""
    parts = [f"**{say('fault_unknown', language)}**"]
    if diagnosis.error is not None:
        parts.append(_fenced([diagnosis.error.text]))
    citations: list[Citation] = []
    if diagnosis.nearest:
        lines = [f"{say('fault_nearest', language)}\n"]
        for one in diagnosis.nearest:
            lines.append(f"- **{one.title}**: {one.summary}")
            if one.citations:
                citations.append(replace(one.citations[0], n=len(citations) + 1))
                lines[-1] += f" [{len(citations)}]"
        parts.append("\n".join(lines))
    return Head("\n\n".join(parts), tuple(citations))


def _words(match: Match) -> str:
    if match.by == "meaning":
        return "fault_meaning"
    return next((key for key, least in _SURE.items() if match.score >= least), "fault_perhaps")


def _marked(section: str, citation: Citation) -> str:
    """Put the mark behind the sentence that is cited, or below the section where code is."""
    at = section.find(citation.quote)
    if at < 0 or _FENCE.match(citation.quote):
        return f"{section}\n\n[{citation.n}]"
    # A backtick behind a full stop begins the code of the next sentence.
    end = at + len(citation.quote.rstrip("`") if citation.quote.count("`") % 2 else citation.quote)
    if section[end - 1] in "。！？":
        return f"{section[:end]}[{citation.n}] {section[end:].lstrip(' ')}"
    return f"{section[:end]} [{citation.n}]{section[end:]}"


def _fenced(lines: Sequence[str]) -> str:
    """Return lines of a log in a fence that nothing in them can close."""
    shown = [" ".join(line.split())[:_LONGEST] for line in lines[-_SHOWN:]]
    ticks = max((len(run) for line in shown for run in re.findall(r"`+", line)), default=0)
    fence = "`" * max(3, ticks + 1)
    return "\n".join([f"{fence}text", *shown, fence])


def _link(source: str) -> str:
    if not source.startswith(("https://", "http://")):
        return f"`{source}`"
    return f"[{source.partition('://')[2]}]({quote(source, safe=_SAFE)})"
