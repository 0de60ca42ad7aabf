"""Checks a claim against evidence: by code, then by the judge, and says which sentence it rests on."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from agents.events import ClaimCheck
from agents.judge import Judge, verdict
from agents.reply import Place, citation, plain
from knowledge.evidence import Evidence
from knowledge.sentence import sentences
from tools.claim import best_sentence

_SPACE: Final = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found of a claim, the place it rests on, and whether the judge was asked."""

    check: ClaimCheck
    place: Place | None
    asked: bool


def verify(claim: str, evidence: Sequence[Evidence], judge: Judge | None) -> Checked:
    """Check one claim against the passage that speaks of it most.

    A claim that quotes a whole sentence is supported without further ado. The judge sees that one passage only: it
    judges short texts better, and claims on the same passage share its cached prompt. Raises ModelFailed.
    """
    quoted = _quoted(claim, evidence)
    if quoted is not None:
        return Checked(_cited(ClaimCheck("supported", 1.0, scores={"code": 1.0}), quoted), quoted, asked=False)
    texts = [passage.text for passage in evidence]
    best = best_sentence(claim, texts)
    if best is None:
        return Checked(verdict(claim, texts, None).check, None, asked=False)
    passage = evidence[best.passage]
    finding = verdict(claim, [passage.text], judge)
    place = None if finding.place is None else Place(passage, finding.place.start, finding.place.end)
    return Checked(_cited(finding.check, place), place, asked=judge is not None and "model" in finding.check.scores)


def _quoted(claim: str, evidence: Sequence[Evidence]) -> Place | None:
    wanted = _folded(claim)
    for passage in evidence:
        for start, end in sentences(passage.text):
            if _folded(passage.text[start:end]) == wanted:
                return Place(passage, start, end)
    return None


def _folded(text: str) -> str:
    return _SPACE.sub("", unicodedata.normalize("NFKC", plain(text))).casefold().rstrip(".。")


def _cited(check: ClaimCheck, place: Place | None) -> ClaimCheck:
    """Cite the place that supports or contradicts the claim."""
    if place is None or check.verdict == "not_found":
        return check
    return replace(check, citations=(citation(1, place),))
