"""The answer grader: where code cannot decide on a short answer, a model says of each point whether it is said.

The learner's text is data. What in it speaks to the grader is left out, the model only says yes or no to one point, a
decoy shows whether it was talked into saying yes, and code keeps the last word on what the evidence contradicts.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from agents.endpoint import Endpoint
from agents.events import Usage
from agents.probe import Capabilities
from agents.prompt import load, render
from agents.quiz_oracle import Oracle
from knowledge.sentence import sentences
from tools.claim_lexicon import LIGHT
from tools.quiz.grading_rubric import read
from tools.quiz.grading_sentence import plain, said_of
from tools.quiz.item import Item, Point

SAID: Final = 0.7  # probability of yes from which a point counts as said
TALKED: Final = 0.6  # probability of yes to the decoy above which nothing the model says counts
# Log-odds by which a point must be likelier than the decoy. The small model gives a decoy .37 to .46 and a paraphrase
# .55 to .87: it recognizes few, but those for sure, and the learner may say "I was right".
MARGIN: Final = 1.0
LONGEST: Final = 1500  # characters of an answer that are looked at
_WORDS: Final = {
    "yes": ("yes", "y", "true", "是", "是的", "有", "对"),
    "no": ("no", "n", "false", "否", "不", "没有", "不是"),
}
_MARKS: Final = re.compile(r"[<>]{2,}|```|~~~")
# A sentence that speaks to the grader, or about the grade, and not about the subject.
_ADDRESSED: Final = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:above|previous|prior|instructions?|rules?|rubric|points?)\b"
    r"|\b(?:mark|grade|score|rate|count|accept|treat|consider|judge)\b.{0,30}\b(?:correct|right|true|full|said|yes|pass)"
    r"|\b(?:full marks|say yes|answer yes|reply yes|output yes|reply with)\b"
    r"|\b(?:you are (?:now|a|an|the)|as the grader)\b"
    r"|\b(?:system|assistant|user|grader|instructions?)\s*:|\bthis (?:answer|response) (?:is|says|covers|contains)\b"
    r"|\bthe (?:learner|student|answer) (?:says|said|has said|covers|is right)\b"
    r"|忽略.{0,12}(?:以上|上述|前面|之前|指令|规则|要求)|(?:判|算|记|视|评)(?:为|作|成)?.{0,6}(?:正确|对|满分|通过)"
    r"|请?(?:回答|回复|输出|只说)[“\"']?(?:是|yes)|满分|你(?:现在)?是|(?:系统|评分者|助手)[:：]|(?:本|这个|该)?(?:回答|答案)(?:是|完全)?正确",
    re.IGNORECASE,
)

Grounds = Literal["code", "model"]


@dataclass(frozen=True, slots=True)
class Mark:
    """Whether one point is said: by whom this was decided, how likely it is, and why, in English for the record."""

    point: Point
    said: bool
    probability: float
    grounds: Grounds
    reason: str


class AnswerGrader:
    """Marks short answers at one endpoint. `abort` ends a question under way and refuses later ones."""

    def __init__(self, endpoint: Endpoint, capabilities: Capabilities) -> None:
        self._oracle = Oracle(endpoint, capabilities, "grader")

    @property
    def usage(self) -> Usage:
        """What the one-token questions took so far."""
        return self._oracle.tally.usage

    def abort(self) -> None:
        """End the question under way and refuse later ones."""
        self._oracle.abort()

    def marks(self, item: Item, text: str) -> tuple[Mark, ...]:
        """Return for each point of an item's rubric whether a learner's text says it.

        Code decides where it can; the model is asked about the others. Raises ModelFailed.
        """
        answer = addressed_to_none(text[:LONGEST], item)
        evidence = [*item.accepted[:1], *(citation.quote for citation in item.citations)]
        reading = read(answer, item.points, item.stem, evidence)
        marks = {
            point.text: Mark(point, said=True, probability=1.0, grounds="code", reason="") for point in reading.said
        }
        open_points = [point for point in item.points if point.text not in marks]
        if reading.clash:
            return tuple(_not(point, "the answer contradicts the evidence") for point in item.points)
        asked: list[Point] = []
        for point in open_points:
            if point in reading.denied:
                marks[point.text] = _not(point, "the answer denies it")
            elif not _speaks_of(point, answer, item):
                marks[point.text] = _not(point, "the answer has nothing of it")
            else:
                asked.append(point)
        marks |= {mark.point.text: mark for mark in self._asked(asked, answer, item)}
        return tuple(marks[point.text] for point in item.points)

    def _asked(self, points: Sequence[Point], answer: str, item: Item) -> list[Mark]:
        chances = {point.text: self._chance(point.text, answer, item) for point in points}
        decoy = 0.0
        if any(chance >= SAID for chance in chances.values()):
            decoy = self._chance(load("grader")["decoy"], answer, item)
        if decoy > TALKED:
            return [_not(point, f"the model also finds said what nobody said ({decoy:.2f})") for point in points]
        return [_compared(point, chances[point.text], decoy) for point in points]

    def _chance(self, point: str, answer: str, item: Item) -> float:
        turn = render("grader", "turn", question=item.stem, answer=answer, point=point).strip()
        return self._oracle.ask(load("grader")["system"].strip(), turn, _WORDS).probabilities["yes"]


def _compared(point: Point, chance: float, decoy: float) -> Mark:
    said = chance >= SAID and _log_odds(chance) - _log_odds(decoy) >= MARGIN
    return Mark(point, said, chance, "model", f"the model finds it said with {chance:.2f}, a decoy with {decoy:.2f}")


def _log_odds(probability: float) -> float:
    p = min(1 - 1e-6, max(1e-6, probability))
    return math.log(p / (1 - p))


def addressed_to_none(text: str, item: Item) -> str:
    """Return a learner's text without the sentences that speak to the grader, and without our marks.

    Where the rubric itself speaks of such sentences, as one on prompt injection does, they stay.
    """
    text = _MARKS.sub(" ", text)
    about = " ".join([item.stem, *item.accepted, *(point.text for point in item.points)])
    if _ADDRESSED.search(about):
        return text.strip()
    kept = [text[start:end] for start, end in sentences(text) if not _ADDRESSED.search(text[start:end])]
    return " ".join(kept).strip()


def _speaks_of(point: Point, answer: str, item: Item) -> bool:
    """Tell whether an answer has an idea of the point, or of what is cited for it, that the question does not have."""
    asked = said_of(plain(item.stem)).keys | LIGHT
    evidence = " ".join([point.text, *item.accepted[:1], *(citation.quote for citation in item.citations)])
    return bool((said_of(plain(evidence)).keys - asked) & said_of(plain(answer)).keys)


def _not(point: Point, reason: str) -> Mark:
    return Mark(point, said=False, probability=0.0, grounds="code", reason=reason)
