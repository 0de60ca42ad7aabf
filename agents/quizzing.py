"""The examiner: makes quizzes, grades answers, and knows what each learner has shown to know."""

import json
import random
import uuid
from collections.abc import Callable, Collection, Generator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import cycle, islice
from math import ceil
from threading import Lock
from typing import TYPE_CHECKING, Final

from agents.answer_grader import AnswerGrader
from agents.events import Rung, Usage
from agents.house import seats
from agents.ladder import Ladder
from agents.phrases import say
from agents.quiz_master import QuizMaster
from agents.standing import Standing
from agents.stop import Stop, Stoppable
from agents.topic import Topic, topic
from knowledge.errors import ModelFailed, UserMistake
from knowledge.graph import Graph
from knowledge.index import Index
from knowledge.library import Library
from learner.attempt import Attempt
from learner.mastery import Mastery
from tools.quiz.grading import Grade, grade, judged, right
from tools.quiz.item import Item, Origin, record
from tools.quiz.material import Material
from tools.quiz.quiz import Quiz
from tools.quiz.response import response_of, said
from tools.quiz.selection import select
from tools.quiz.wish import Wish

if TYPE_CHECKING:
    from learner.store import AttemptStore

_REMEMBERED: Final = 200  # facts asked lately, which are not asked again where there are others
_TRIES: Final = 2  # concepts tried for each item that a model is to write
_NOTHING: Final = Usage()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an answer that is stored: its grade, and what it changed of the concept's mastery and schedule.

    Practice changes nothing: `attempt` is then the earlier one on the same item.
    """

    attempt: str
    grade: Grade
    before: Mastery
    after: Mastery
    due: datetime
    usage: Usage = _NOTHING
    rung: Rung = "notes"
    is_practice: bool = False


class Examiner(Standing):
    """Makes quizzes and grades answers for all learners. Safe to use from several threads.

    `wait_s` is how long a request waits for the embedded model to load.
    """

    def __init__(
        self,
        index: Index,
        graph: Callable[[], Graph],
        ladder: Ladder,
        open_store: Callable[[], "AttemptStore"],
        wait_s: float = 0.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(index, graph, open_store, clock)
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
            zh = f"{about.title or '笔记'} 没有这类题目。请放宽题型或难度，或者换一个更大的主题。"
            raise UserMistake(f"there is no item of {kinds}{level} on {about.title or 'the notes'!r}.", remedy, zh)
        elif len(items) < wish.n:
            notices.append(say("fewer_items", wish.language, n=str(len(items)), wanted=str(wish.n)))
        concepts = tuple(dict.fromkeys(item.concept for item in items))
        return Quiz(uuid.uuid4().hex[:12], about.title, concepts, tuple(items), tuple(notices))

    def written(self, quiz: Quiz, wish: Wish, learner: str) -> Stoppable[Item]:
        """Yield items that a model writes on the quiz's concepts, each as it is accepted; none without a model.

        The embedded model writes only where it is asked for: hardly any draft of a small one is accepted.
        """
        return Stoppable(lambda stop: self._written(quiz, wish, stop))

    def complete(self, wish: Wish, learner: str) -> tuple[Quiz, Usage]:
        """Return a quiz with the items that a model was asked for, or that an endpoint writes unasked, and their cost.

        Items that the model cannot write stay as code made them.
        """
        made = self.quiz(replace(wish, origins=_by_code(wish.origins)), learner)
        wanted = "model" in wish.origins or (not wish.origins and self._ladder.state.endpoint is not None)
        if not made.items or not wanted:
            return made, Usage()
        writing = self._written(made, wish, Stop())
        items: list[Item] = []
        while True:
            try:
                items.append(next(writing))
            except StopIteration as end:
                usage: Usage = end.value
                break
        kept = made.items[: len(made.items) - len(items)]
        return replace(made, items=tuple(sorted([*kept, *items], key=lambda item: item.level))), usage

    def _written(self, quiz: Quiz, wish: Wish, stop: Stop) -> Generator[Item, None, Usage]:
        usage = Usage()
        if wish.origins and "model" not in wish.origins:
            return usage
        rng = random.Random(wish.seed)  # noqa: S311 - no secret
        concepts = [*islice(cycle(quiz.concepts), _share(wish) * _TRIES)]
        left = _share(wish)
        for seat in seats(self._ladder, self._wait_s):
            if seat.endpoint.rung == "embedded" and "model" not in wish.origins:
                return usage
            master = QuizMaster(seat.endpoint, seat.capabilities, self.material)
            stop.aborts(master.abort)
            try:
                for item in islice(master.write(concepts, wish.language, rng, wish.level, quiz.items), left):
                    left -= 1
                    yield item
                return usage + master.report.usage
            except ModelFailed as error:
                if stop.is_set:
                    return usage
                self._ladder.failed(seat.endpoint, error)
            usage += master.report.usage
        return usage

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
        tries: int | None = None,
        stop: Stop | None = None,
    ) -> Outcome:
        """Grade an answer and store it: it is on disk when this returns.

        `tries` are the earlier answers to the item that a chat knows of. Where more are stored, the chat was taken back
        to before them: the answer is practice, since the key has been told, and is not stored again.
        Where code cannot decide on a short answer, a model does, if one answers.
        Raises UserMistake for words that are no possible answer; nothing is stored then.
        """
        response = response_of(item, words)
        found, usage, rung = grade(item, response, self._index.library.names), Usage(), "notes"
        if found.undecided:
            found, usage, rung = self._judged(item, words, found, stop or Stop())
        attempt = self._attempt(item, said(item, response), learner, found, hints, seconds, quiz)
        return replace(self._stored(attempt, found, tries), usage=usage, rung=rung)

    def give_up(self, item: Item, learner: str, *, hints: int = 0, quiz: str = "", tries: int | None = None) -> Outcome:
        """Store that the learner does not know, as `answer` stores an answer; the grade tells the key."""
        found = Grade(correct=False, score=0.0, right=right(item), feedback=item.explanation)
        return self._stored(self._attempt(item, "", learner, found, hints, None, quiz), found, tries)

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

    def _judged(self, item: Item, words: str, found: Grade, stop: Stop) -> tuple[Grade, Usage, Rung]:
        """Have a model judge a short answer point by point; where none answers, what code found stands."""
        usage = Usage()
        for seat in seats(self._ladder, self._wait_s):
            grader = AnswerGrader(seat.endpoint, seat.capabilities)
            stop.aborts(grader.abort)
            try:
                marks = grader.marks(item, words)
            except ModelFailed as error:
                if stop.is_set:  # the learner's wish is no failure of the model
                    raise
                self._ladder.failed(seat.endpoint, error)
                usage += grader.usage
                continue
            said_points = [mark.point for mark in marks if mark.said]
            return judged(item, said_points), usage + grader.usage, seat.endpoint.rung
        return found, usage, "notes"

    def _attempt(
        self, item: Item, response: str, learner: str, found: Grade, hints: int, seconds: float | None, quiz: str
    ) -> Attempt:
        return Attempt(
            id=uuid.uuid4().hex, learner=learner, concept=item.concept, correct=found.correct, at=self._clock(),
            item_id=item.id, fact=item.fact, type=item.type, level=item.level, origin=item.origin,
            language=item.language, response=response, score=found.score, hints=hints, seconds=seconds,
            grader=found.grader, quiz=quiz, item=json.dumps(record(item), ensure_ascii=False),
        )  # fmt: skip

    def _stored(self, attempt: Attempt, found: Grade, tries: int | None) -> Outcome:
        before = self._mastery(attempt.concept, attempt.learner)
        earlier = [] if tries is None else self._earlier(attempt)
        if tries is not None and len(earlier) > tries:
            return Outcome(earlier[-1].id, found, before, before, before.due or attempt.at, is_practice=True)
        self.store.add(attempt)
        after = self._mastery(attempt.concept, attempt.learner)
        return Outcome(attempt.id, found, before, after, after.due or attempt.at)

    def _earlier(self, attempt: Attempt) -> list[Attempt]:
        """Return the attempts on the same item in the same quiz."""
        on_concept = self.store.attempts(attempt.learner, concept=attempt.concept, whole=False)
        return [one for one in on_concept if (one.quiz, one.item_id) == (attempt.quiz, attempt.item_id)]


def _share(wish: Wish) -> int:
    """Return how many items of a quiz a model writes: all it is asked for, else some."""
    if wish.origins == ("model",):
        return wish.n
    return ceil(wish.n * (0.5 if wish.origins else 0.2))


def _by_code(origins: Sequence[Origin]) -> tuple[Origin, ...]:
    return tuple(origin for origin in origins if origin != "model")
