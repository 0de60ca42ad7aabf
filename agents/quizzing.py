"""The examiner: makes quizzes, grades answers, and knows what each learner has shown to know."""

import json
import random
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Lock
from typing import Final

from agents.events import Rung, Usage
from agents.ladder import Ladder
from agents.phrases import say
from agents.standing import Standing
from agents.stop import Stop
from agents.topic import Topic, topic
from knowledge.errors import UserMistake
from knowledge.graph import Graph
from knowledge.index import Index
from knowledge.library import Library
from learner.attempt import Attempt
from learner.mastery import Mastery
from learner.store import AttemptStore
from tools.quiz.grading import Grade, grade, right
from tools.quiz.item import Item, record
from tools.quiz.material import Material
from tools.quiz.quiz import Quiz
from tools.quiz.response import response_of, said
from tools.quiz.selection import select
from tools.quiz.wish import Wish

_REMEMBERED: Final = 200  # facts asked lately, which are not asked again where there are others
_NOTHING: Final = Usage()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an answer that is stored: its grade, and what it changed of the concept's mastery and schedule."""

    attempt: str
    grade: Grade
    before: Mastery
    after: Mastery
    due: datetime
    usage: Usage = _NOTHING
    rung: Rung = "notes"


class Examiner(Standing):
    """Makes quizzes and grades answers for all learners. Safe to use from several threads.

    `wait_s` is how long a request waits for the embedded model to load.
    """

    def __init__(
        self,
        index: Index,
        graph: Callable[[], Graph],
        ladder: Ladder,
        store: AttemptStore,
        wait_s: float = 0.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(index, graph, store, clock)
        self._ladder = ladder
        self._wait_s = wait_s
        self._lock = Lock()
        self._material: tuple[Library, Material] | None = None

    # --- quizzes ------------------------------------------------------------------------------------------------

    @property
    def material(self) -> Material:
        """What items are made from: the notes as they are now."""
        library = self._index.library
        with self._lock:
            if self._material is None or self._material[0] is not library:
                self._material = (library, Material(library, self._graph(), self._index.catalog.all_passages()))
            return self._material[1]

    def quiz(self, wish: Wish, learner: str) -> Quiz:
        """Return a quiz at once: items from the graph and the calculators.

        Raises UserMistake where the notes have nothing on the topic, or no item of the kind wanted.
        """
        rng = random.Random(wish.seed)  # noqa: S311 - no secret
        about = self._about(wish, learner, rng)
        notices: list[str] = []
        known = () if wish.seed is not None else self.store.recent_facts(learner, _REMEMBERED)
        items = self._made(about, wish, rng, known) if about.notes else []
        if not about.notes:
            notices.append(say(f"nothing_{wish.source}", wish.language))
        elif not items:
            kinds = ", ".join(wish.types) or "any kind"
            level = f" at level {wish.level}" if wish.level else ""
            remedy = "Leave the type or the level open, or name a wider topic."
            raise UserMistake(f"there is no item of {kinds}{level} on {about.title or 'the notes'!r}.", remedy)
        elif len(items) < wish.n:
            notices.append(say("fewer_items", wish.language, n=str(len(items)), wanted=str(wish.n)))
        concepts = tuple(dict.fromkeys(item.concept for item in items))
        return Quiz(uuid.uuid4().hex[:12], about.title, concepts, tuple(items), tuple(notices))

    def _about(self, wish: Wish, learner: str, rng: random.Random) -> Topic:
        """Return the notes to be asked on, in the order in which they are used."""
        graph = self._graph()
        if wish.source == "due":
            due = [one.concept for one in self.due(learner) if one.concept in graph.notes]
            return Topic(say("topic_due", wish.language), tuple(due[: wish.n]))
        if wish.source == "weak":
            weak = [one.concept for one in self.progress(learner).weak if one.concept in graph.notes]
            return Topic(say("topic_weak", wish.language), tuple(weak[: wish.n]))
        about = topic(self._index, graph, wish.topic, wish.language)
        notes = [*(about.notes or sorted(graph.notes))]
        if len(notes) > wish.n:
            rng.shuffle(notes)
            return replace(about, notes=tuple(notes[: wish.n]), near=tuple(notes[wish.n :]))
        return replace(about, notes=tuple(notes))

    def _made(self, about: Topic, wish: Wish, rng: random.Random, known: Collection[str]) -> list[Item]:
        """Return items on the topic, then on what is near it; facts asked lately come again only in need."""
        items: list[Item] = []
        again = [(about.notes, ())] if known else []
        for notes, left_out in [(about.notes, known), (about.near, known), *again]:
            if notes and len(items) < wish.n:
                items = select(self.material, notes, wish, rng, left_out, items)
        return items

    # --- answers ------------------------------------------------------------------------------------------------

    def answer(
        self,
        item: Item,
        words: str,
        learner: str,
        *,
        hints: int = 0,
        seconds: float | None = None,
        quiz: str = "",
        stop: Stop | None = None,
    ) -> Outcome:
        """Grade an answer and store it: it is on disk when this returns.

        Where code cannot decide on a short answer, a model does, if one answers.
        Raises UserMistake for words that are no possible answer; nothing is stored then.
        """
        response = response_of(item, words)
        found = grade(item, response, self._index.library.names)
        attempt = self._attempt(item, said(item, response), learner, found, hints, seconds, quiz)
        return self._stored(attempt, found)

    def give_up(self, item: Item, learner: str, *, hints: int = 0, quiz: str = "") -> Outcome:
        """Store that the learner does not know; the grade tells the key."""
        found = Grade(correct=False, score=0.0, right=right(item), feedback=item.explanation)
        return self._stored(self._attempt(item, "", learner, found, hints, None, quiz), found)

    def overrule(self, attempt: str, learner: str) -> Outcome:
        """Count an attempt as right because the learner says so; the first verdict is kept beside it.

        Raises UserMistake where this learner has no such attempt.
        """
        kept = self.store.attempt(attempt, learner)
        if kept is None:
            raise UserMistake(f"{learner!r} has no attempt {attempt!r}.", "Name an attempt of this learner.")
        before = self._mastery(kept.concept, learner)
        self.store.amend(attempt, learner, correct=True)
        after = self._mastery(kept.concept, learner)
        found = Grade(correct=True, score=1.0, right=kept.response, feedback="", grader="learner")
        return Outcome(attempt, found, before, after, after.due or self._clock())

    def _attempt(
        self, item: Item, response: str, learner: str, found: Grade, hints: int, seconds: float | None, quiz: str
    ) -> Attempt:
        return Attempt(
            id=uuid.uuid4().hex, learner=learner, concept=item.concept, correct=found.correct, at=self._clock(),
            item_id=item.id, fact=item.fact, type=item.type, level=item.level, origin=item.origin,
            language=item.language, response=response, score=found.score, hints=hints, seconds=seconds,
            grader=found.grader, quiz=quiz, item=json.dumps(record(item), ensure_ascii=False),
        )  # fmt: skip

    def _stored(self, attempt: Attempt, found: Grade) -> Outcome:
        before = self._mastery(attempt.concept, attempt.learner)
        self.store.add(attempt)
        after = self._mastery(attempt.concept, attempt.learner)
        return Outcome(attempt.id, found, before, after, after.due or attempt.at)
