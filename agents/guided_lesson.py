"""A guided lesson in a chat: how far it has come, kept with the session so that it outlives the program."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

from pydantic import TypeAdapter

from agents.desk import Turn
from knowledge.graph import Graph
from knowledge.vocabulary import Language
from tools.quiz.item import Item

STEPS: Final = 5  # of one lesson: the last ones on the way to its goal
FIRM: Final = 0.25  # mastery from which a lesson goes on: one right answer without a hint that was no mere guess
_IN_A_ROW: Final = 2  # right answers that let it go on as well, where earlier mistakes still weigh
_MOST: Final = 3  # questions on one concept


@dataclass(frozen=True, slots=True)
class Shown:
    """What a learner showed of one concept in a lesson: mastery before and now, and when it comes back."""

    concept: str
    before: float
    after: float
    due: datetime
    asked: int = 1
    right: int = 0
    in_a_row: int = 0

    @property
    def is_firm(self) -> bool:
        """Whether enough was shown to go on."""
        return self.after >= FIRM or self.in_a_row >= _IN_A_ROW


@dataclass(frozen=True, slots=True)
class Lesson:
    """A goal, the questions of the diagnosis still to be answered, the concepts still to be learned, the first now.

    `item` is the question that waits for an answer; `hints` counts those seen of it, `tries` the answers given to it
    so far; `asked` holds the facts asked.
    """

    id: str
    goal: str
    language: Language
    way: tuple[str, ...]  # all that is missing for the goal, the goal last
    steps: tuple[str, ...] = ()
    total: int = 0  # steps of the lesson; 0 while it is diagnosed where to begin
    probes: tuple[Item, ...] = ()
    item: Item | None = None
    hints: int = 0
    tries: int = 0
    taught: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    shown: tuple[Shown, ...] = ()
    state: Literal["probing", "learning"] = "probing"
    is_paused: bool = False

    def of(self, concept: str) -> Shown | None:
        """Return what was shown of a concept so far."""
        return next((one for one in self.shown if one.concept == concept), None)

    def noted(self, concept: str, before: float, after: float, due: datetime, *, right: bool) -> "Lesson":
        """Return the lesson with one more answer on a concept."""
        known = self.of(concept)
        one = known or Shown(concept, before, after, due, 0)
        one = replace(
            one, after=after, due=due, asked=one.asked + 1, right=one.right + right,
            in_a_row=one.in_a_row + 1 if right else 0,
        )  # fmt: skip
        return replace(self, shown=(*(other for other in self.shown if other.concept != concept), one))

    def asking(self, item: Item) -> "Lesson":
        """Return the lesson with a question that waits for an answer."""
        return replace(self, item=item, hints=0, tries=0, asked=(*self.asked, item.fact), is_paused=False)

    @property
    def is_through(self) -> bool:
        """Whether the first step is done: enough was shown, or enough was asked."""
        one = self.of(self.steps[0]) if self.steps else None
        return one is not None and self.steps[0] in self.taught and (one.is_firm or one.asked >= _MOST)

    @property
    def number(self) -> int:
        """Which of the steps it is at, from 1."""
        return self.total - len(self.steps) + 1


def probed(way: Sequence[str]) -> tuple[str, ...]:
    """Return the concepts that tell where to begin: half way, just before the goal, and the goal itself.

    A goal that all the rest is known of is asked about twice.
    """
    if len(way) == 1:
        return (way[0], way[0])
    return tuple(way[place] for place in sorted({len(way) // 2 - 1, len(way) - 2, len(way) - 1}))


def planned(lesson: Lesson, graph: Graph) -> Lesson:
    """Return the lesson with its steps: the way without what the diagnosis showed, and what that builds on."""
    known = {one.concept for one in lesson.shown if one.right == one.asked and one.concept != lesson.goal}
    behind = {step for concept in known if concept in graph.notes for step in graph.path_to(concept)}
    steps = tuple(step for step in lesson.way if step not in behind or step == lesson.goal)[-STEPS:]
    return replace(lesson, steps=steps, total=len(steps), state="learning", item=None, probes=())


_adapter: Final = TypeAdapter(Lesson)


def kept(lesson: Lesson | None) -> str:
    """Return what a turn keeps of a lesson; nothing where it is over."""
    return "" if lesson is None else _adapter.dump_json(lesson).decode()


def open_lesson(turns: Sequence[Turn]) -> Lesson | None:
    """Return the lesson that a session is in: each turn keeps it on until it is over."""
    latest = turns[-1].lesson if turns else ""
    return _adapter.validate_json(latest) if latest else None
