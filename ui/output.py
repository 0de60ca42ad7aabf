"""What the command line prints: one JSON object, or text for people."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from agents.record import answer_json, check_json, evidence_json
from knowledge.errors import AtlasError

if TYPE_CHECKING:  # they load the index and what reads a language, which not every command needs
    from agents.events import Answer, ClaimCheck
    from knowledge.citation import Citation
    from knowledge.evidence import Evidence
    from knowledge.index import Changes
    from knowledge.note import Problem

__all__ = [
    "answer_json", "changes_json", "check_json", "error_json", "evidence_json", "print_answer", "print_check",
    "print_json", "print_passages", "problem_json",
]  # fmt: skip
_MARKS: Final = {"supported": "✓", "contradicted": "✗", "not_found": "?"}


def print_json(value: Mapping[str, Any]) -> None:
    """Print one JSON object on one line of standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def error_json(error: AtlasError) -> dict[str, Any]:
    """Return an error in the form that scripts read."""
    return {"error": {"kind": error.kind, "message": error.message, "remedy": error.remedy}}


def changes_json(changes: "Changes") -> dict[str, Any]:
    """Return what an update of the index did in the form that scripts read."""
    return {
        "added": len(changes.added),
        "changed": len(changes.changed),
        "removed": len(changes.removed),
        "unchanged": changes.unchanged,
        "embedded": changes.embedded,
        "pending": changes.pending,
        "locked": changes.locked,
        "failed": [problem_json(problem) for problem in changes.failed],
    }


def problem_json(problem: "Problem") -> dict[str, Any]:
    """Return a problem of a note in the form that scripts read."""
    return asdict(problem) | {"path": str(problem.path)}


def print_answer(answer: "Answer") -> None:
    """Print an answer with its sources for a person."""
    from agents.reply import UNSUPPORTED_MARK  # noqa: PLC0415 - loads what reads a language

    sys.stdout.write(f"\n{answer.text}\n")
    if answer.citations:
        sys.stdout.write("\n")
    for citation in answer.citations:
        sys.stdout.write(f"  [{citation.n}] {_where(citation)}\n")
    if UNSUPPORTED_MARK in answer.text:
        sys.stdout.write(f"  {UNSUPPORTED_MARK} not supported by the notes\n")
    for notice in answer.notices:
        sys.stdout.write(f"  ! {notice}\n")
    for question in answer.next:
        sys.stdout.write(f"  > {question}\n")


def print_passages(evidence: "Sequence[Evidence]") -> None:
    """Print passages for a person."""
    for passage in evidence:
        place = f"{passage.title} > {passage.heading}" if passage.heading else passage.title
        text = " ".join(passage.text.split())
        sys.stdout.write(f"{passage.score:5.2f}  {place} ({passage.note})\n       {text[:300]}\n")


def print_check(check: "ClaimCheck") -> None:
    """Print what was found of a claim for a person."""
    sys.stdout.write(f"{_MARKS[check.verdict]} {check.verdict} (probability of support {check.score:.2f})\n")
    for reason in check.reasons:
        sys.stdout.write(f"  - {reason}\n")
    for citation in check.citations:
        sys.stdout.write(f"  [{citation.n}] {_where(citation)}\n      {citation.quote}\n")


def _where(citation: "Citation") -> str:
    place = f"{citation.title} > {citation.heading}" if citation.heading else citation.title
    return f"{place}  {citation.source}".strip()
