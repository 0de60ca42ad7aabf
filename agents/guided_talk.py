"""A guided lesson in a chat: it asks before it tells, one step at a time, and teaches each step from the notes."""

import random
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from agents import cited, guided_text, guided_verdict
from agents import reply as replies
from agents.conversation import Conversation
from agents.events import Answer, Cited, Event, EvidenceFound, Marks, Rung, Token
from agents.guided_item import Asker
from agents.guided_lesson import Lesson, kept, planned, probed
from agents.house import House, Request, Seat
from agents.phrases import say
from agents.quiz_talk import is_reply as is_answer
from agents.quizzing import Examiner, Outcome
from agents.reply import Reply
from agents.sitting import ENDED, Sitting
from agents.stop import Stop
from agents.team import Team
from agents.topic import note_named
from knowledge import retrieval
from knowledge.citation import Citation
from knowledge.errors import UserMistake
from knowledge.evidence import Evidence
from tools.quiz.asked import asked
from tools.quiz.item import Item
from tools.quiz.response import LETTERS

_PICKED: Final = frozenset({"single_choice", "true_false", "reading"})
_TAUGHT: Final = 4  # passages that a step is taught from
_QUOTED: Final = 3  # sentences of the notes that teach a step without a model
_DEEP: Final = 30  # passages among which those of the step's own note are looked for


def is_reply(lesson: Lesson, message: str) -> bool:
    """Tell whether a message goes on with the lesson, rather than asking something else."""
    word = guided_text.word(message)
    if lesson.is_paused or lesson.item is None:
        return word == "continue"
    return word is not None or is_answer(Sitting(lesson.id, lesson.language, (lesson.item,)), message)


@dataclass(frozen=True, slots=True)
class _Head:
    """What stands before a lesson's next question, with the sentences it cites."""

    said: tuple[str, ...] = ()
    citations: tuple[Citation, ...] = ()


class GuidedTalk(Conversation):
    """A turn of a lesson."""

    def __init__(
        self, house: House, request: Request, stop: Stop, examiner: Examiner, rng: random.Random | None = None
    ) -> None:
        super().__init__(house, request, stop)
        self._examiner = examiner
        self._rng = rng or random.Random()  # noqa: S311 - no secret
        self._sitting = ENDED  # a quiz in the same session does not wait for the answer
        self._head, self._tail = "", ""
        self._cited: tuple[Citation, ...] = ()
        self._offers: tuple[str, ...] = ()

    def begin(self) -> Generator[Event]:
        """Begin a lesson on what the message names: with a few questions on what leads there.

        Raises UserMistake where the notes have nothing on it.
        """
        graph = self._house.graph
        # A bare name may be in no language; what was written around it in Chinese is.
        if self._language != "zh" and self._house.index.library.named(self._request.message):
            self._language = self._request.spoken or self._language
        goal = note_named(self._house.index, graph, self._request.message, self._language)
        way = [step.concept for step in self._examiner.path(goal.id, self._request.learner, self._language)]
        lesson = Lesson(self._request.id, goal.id, self._language, tuple(way or [goal.id]))
        probes: list[Item] = []
        for concept in probed(lesson.way):
            item = self._asker.probe(concept, [probe.fact for probe in probes])
            probes += [] if item is None else [item]
        lesson = replace(lesson, probes=tuple(probes[1:]))
        if not probes:
            yield from self._forward(planned(lesson, graph), _Head())
            return
        begins = say("guided_begins", self._language, title=goal.title_in(self._language), n=str(len(probes)))
        yield from self._ask(lesson, probes[0], _Head((begins,)))

    def resume(self, lesson: Lesson | None) -> Generator[Event]:
        """Ask again what waits for an answer; without a lesson, say how to begin one."""
        if lesson is None:
            yield from self._show(_Head((say("guided_none", self._language),)), "", None)
            return
        self._language = lesson.language
        lesson = replace(lesson, is_paused=False)
        if lesson.item is None:
            yield from self._forward(lesson, _Head())
        else:
            yield from self._question(lesson, lesson.item, _Head())

    def go_on(self, lesson: Lesson) -> Generator[Event]:
        """Grade the answer that the message is, or do what it says: hint, skip, stop, go on."""
        self._language = lesson.language
        item = lesson.item
        match guided_text.word(self._request.message):
            case "stop":
                lesson = replace(lesson, is_paused=True)
                text = guided_text.summary(lesson, self._house.graph, self._language)
                said = (say("guided_paused", self._language), *text)
                yield from self._show(_Head(said), "", lesson, (say("guided_go_on", self._language),))
            case "continue":
                yield from self.resume(lesson)
            case _ if item is None:
                yield from self.resume(lesson)
            case "skip" if lesson.state == "probing":
                yield from self._probe_next(lesson, ())
            case "skip":
                yield from self._move(replace(lesson, skipped=(*lesson.skipped, lesson.steps[0])), ("guided_skipped",))
            case "hint":
                yield from self._hint(lesson, item, "")
            case "unknown":
                yield from self._told(lesson, item)
            case _:
                yield from self._answer(lesson, item)

    # --- answers ------------------------------------------------------------------------------------------------

    def _answer(self, lesson: Lesson, item: Item) -> Generator[Event]:
        try:
            outcome = self._examiner.answer(
                item, self._request.message, self._request.learner,
                hints=lesson.hints, quiz=lesson.id, tries=lesson.tries, stop=self._stop,
            )  # fmt: skip
        except UserMistake as mistake:
            yield from self._question(lesson, item, _Head((mistake.told(self._language),)))
            return
        self._usage += outcome.usage
        right = outcome.grade.correct
        lesson = _noted(lesson, item, outcome)
        if lesson.state == "probing":
            verdict = say("quiz_right" if right else "guided_not_yet", self._language)
            yield from self._probe_next(lesson, (f"**{verdict}**",))
        elif right:
            yield from self._graded(lesson, item, outcome, f"**{say('quiz_right', self._language)}**")
        elif len(item.options) != 2 and item.hints[lesson.hints :]:  # there is something left to try
            yield from self._hint(lesson, item, say("guided_wrong", self._language))
        else:
            verdict = say("quiz_wrong", self._language, answer=guided_verdict.key_in_short(item))
            yield from self._graded(lesson, item, outcome, f"**{verdict}**")

    def _hint(self, lesson: Lesson, item: Item, verdict: str) -> Generator[Event]:
        """Give the next hint, if there is one left."""
        left = item.hints[lesson.hints :]
        if not left:
            none = say("quiz_no_hint", self._language)
            yield from self._show(_Head((none,)), self._invitation(()), lesson, self._replies(item, lesson))
            return
        lesson = replace(lesson, hints=lesson.hints + 1)
        said = (*((f"**{verdict}**",) if verdict else ()), say("quiz_hint", self._language, hint=left[0]))
        yield from self._show(_Head(said), self._invitation(left[1:]), lesson, self._replies(item, lesson))

    def _invitation(self, hints: Sequence[str]) -> str:
        """Return what a learner may say after a hint; `hints` are those left."""
        return say("guided_hint_again" if hints else "guided_hint_last", self._language)

    def _told(self, lesson: Lesson, item: Item) -> Generator[Event]:
        """Show the answer, which the learner does not know."""
        outcome = self._examiner.give_up(
            item, self._request.learner, hints=lesson.hints, quiz=lesson.id, tries=lesson.tries
        )
        lesson = _noted(lesson, item, outcome)
        if lesson.state == "probing":
            yield from self._probe_next(lesson, (f"**{say('guided_not_yet', self._language)}**",))
            return
        key = say("quiz_key", self._language, answer=guided_verdict.key_in_short(item))
        yield from self._graded(lesson, item, outcome, key)

    # --- from one question to the next ----------------------------------------------------------------------------

    def _probe_next(self, lesson: Lesson, said: tuple[str, ...]) -> Generator[Event]:
        """Ask the next question of the diagnosis, or tell the way and begin with it."""
        if lesson.probes:
            yield from self._ask(replace(lesson, probes=lesson.probes[1:]), lesson.probes[0], _Head(said))
            return
        graph = self._house.graph
        lesson = planned(lesson, graph)
        yield from self._forward(lesson, _Head((*said, *guided_text.plan(lesson, graph, self._language))))

    def _graded(self, lesson: Lesson, item: Item, outcome: Outcome, verdict: str) -> Generator[Event]:
        """Go on after an answer whose key is told; a step that was only asked about so far is taught now."""
        because, citations = guided_verdict.reason(item, outcome.grade.feedback)
        changed = guided_verdict.progress(self._title(item.concept), outcome, self._language)
        head, concept = _Head((verdict, because, *changed), citations), lesson.steps[0]
        if concept in lesson.taught:
            yield from self._forward(lesson, head)
            return
        self._evidence = self._passages(concept)
        self._searched = say("ask_how", self._language, title=self._title(concept))
        self._put(_Head((*head.said, f"### {self._title(concept)}"), head.citations))
        after, self._tail, self._offers = self._following(replace(lesson, taught=(*lesson.taught, concept)))
        self._lesson = kept(after)
        self._first_token_s = self._evidence_s = self._house.clock() - self._began
        yield EvidenceFound(self._evidence, self._searched, self._language, self._evidence_s)
        yield from self._anew()
        yield from self._explain()

    def _move(self, lesson: Lesson, keys: Sequence[str]) -> Generator[Event]:
        """Leave a step behind."""
        title = self._title(lesson.steps[0])
        said = tuple(say(key, self._language, title=title) for key in keys)
        lesson = replace(lesson, steps=lesson.steps[1:], item=None, hints=0)
        yield from self._forward(lesson, _Head(said))

    def _forward(self, lesson: Lesson, head: _Head) -> Generator[Event]:
        """Ask the next question, or sum up."""
        after, question, offers = self._following(lesson)
        yield from self._show(head, question, after, offers)

    def _following(self, lesson: Lesson) -> tuple[Lesson | None, str, tuple[str, ...]]:
        """Return the lesson with its next question, the question's words, and what is offered; or its summary."""
        while lesson.steps:
            concept = lesson.steps[0]
            ask = self._asker.further if concept in lesson.taught else self._asker.first
            item = None if lesson.is_through else ask(concept, lesson.asked)
            if item is not None:
                lesson = lesson.asking(item)
                return lesson, self._worded(lesson, item), self._replies(item, lesson)
            lesson = replace(lesson, steps=lesson.steps[1:], item=None, hints=0)
        graph = self._house.graph
        over = say("guided_over", self._language, title=self._title(lesson.goal))
        lines = (over, *guided_text.summary(lesson, graph, self._language))
        suggested = self._examiner.next(self._request.learner, (lesson.goal,), self._language)
        offers = [say("ask_quiz", self._language, title=self._title(lesson.goal))]
        offers += [say("ask_guide", self._language, title=one.title) for one in suggested[:2]]
        return None, "\n\n".join(lines), tuple(offers)

    # --- questions ------------------------------------------------------------------------------------------------

    @property
    def _asker(self) -> Asker:
        return Asker(self._examiner, self._house.graph, self._request.learner, self._language, self._rng)

    def _ask(self, lesson: Lesson, item: Item, head: _Head) -> Generator[Event]:
        yield from self._question(lesson.asking(item), item, head)

    def _question(self, lesson: Lesson, item: Item, head: _Head) -> Generator[Event]:
        yield from self._show(head, self._worded(lesson, item), lesson, self._replies(item, lesson))

    def _worded(self, lesson: Lesson, item: Item) -> str:
        """Return a question with what stands above it: which one of the diagnosis, or which step."""
        if lesson.state == "probing":
            total = len(lesson.probes) + len(lesson.asked)
            above = [say("guided_probe", self._language, n=str(len(lesson.asked)), total=str(total))]
        else:
            title = self._title(lesson.steps[0])
            number = {"n": str(lesson.number), "total": str(lesson.total)}
            above = [say("guided_step", self._language, title=title, **number)]
        tried = lesson.state == "learning" and lesson.steps[0] not in lesson.taught
        invited = [say("guided_try", self._language)] if tried else []
        return "\n\n".join([f"**{above[0]}**", *invited, asked(item)])

    def _replies(self, item: Item, lesson: Lesson) -> tuple[str, ...]:
        letters = tuple(LETTERS[: len(item.options)]) if item.type in _PICKED else ()
        hint = ("quiz_offer_hint",) if lesson.state == "learning" and item.hints[lesson.hints :] else ()
        words = (*hint, "quiz_offer_unknown", "guided_offer_skip", "guided_offer_stop")
        return (*letters, *(say(key, self._language) for key in words))

    # --- what is said ---------------------------------------------------------------------------------------------

    def _put(self, head: _Head) -> None:
        self._head, self._cited = "\n\n".join(head.said), head.citations

    def _show(self, head: _Head, tail: str, lesson: Lesson | None, offers: tuple[str, ...] = ()) -> Generator[Event]:
        """Say something that needs no teaching, and end the turn."""
        self._put(head)
        self._tail, self._lesson, self._offers = tail, kept(lesson), offers
        self._evidence = cited.passages(head.citations, self._house.graph.notes)
        if lesson is not None:
            self._searched = self._title(lesson.steps[0] if lesson.steps else lesson.goal)
        if self._evidence:
            self._evidence_s = self._house.clock() - self._began
            yield EvidenceFound(self._evidence, self._searched, self._language, self._evidence_s)
        yield Marks(head.citations)
        yield from self._end(Reply("", head.citations), "notes", citations=head.citations)

    def _passages(self, concept: str) -> tuple[Evidence, ...]:
        """Return the first passages of a concept's note, those in the reader's language first."""
        found = retrieval.search(self._house.index, self._title(concept), _DEEP)
        own = sorted((e for e in found if e.note == concept), key=lambda e: (e.path, e.start))
        own.sort(key=lambda passage: passage.language != self._language)
        if own and own[0].language != self._language:
            self._notices += (say("other_language", self._language),)
        return tuple(own[:_TAUGHT])

    def _title(self, concept: str) -> str:
        note = self._house.graph.notes.get(concept)
        return note.title_in(self._language) if note else concept

    # --- where this journey differs -------------------------------------------------------------------------------

    def _teach(self, seat: Seat) -> Generator[Event]:
        """Have the tutor teach the step in one call; what it says is checked as any answer is. Raises ModelFailed."""
        team = Team(seat.endpoint, seat.capabilities)
        self._stop.aborts(team.abort)
        words: list[str] = []
        # A step is a mouthful: asked how a thing works, a small model writes as much as it may.
        question = say("guided_question", self._language, question=self._searched)

        def teach(say_word: Callable[[str], None]) -> list[Evidence]:
            passages = team.fitting(self._evidence, question)
            team.teach(question, passages, self._language, say_word, guided=False)
            return passages

        try:
            passages = yield from self._step("teach", "tutor", "step_teach", teach, words=words)
        finally:
            self._usage += team.usage
        reply = Reply("".join(words), self._cited)
        yield from self._verify(reply, seat, passages)
        if reply.supported:
            yield from self._end(reply, seat.endpoint.rung, said=True)
        else:
            self._notices += (say("mostly_unsupported", self._language),)
            yield from self._quote(seat.endpoint.rung, reply.unsupported)

    def _quote(self, rung: Rung, unsupported: tuple[str, ...] = ()) -> Generator[Event]:
        """Teach the step with the notes' own sentences, those that the answer has not given already."""
        spoken = [passage for passage in self._evidence if passage.language == self._language] or self._evidence
        fresh = [passage for passage in spoken if passage.text not in self._head]
        reply = replies.from_notes(fresh or spoken, limit=_QUOTED, cited=self._cited)
        yield Cited(self._composed(reply), "", "supported", reply.citations)
        yield from self._end(reply, rung, said=True, unsupported=unsupported)

    def _anew(self) -> Iterable[Event]:
        return (Marks(self._cited), Token(f"{self._head}\n\n"))

    def _composed(self, reply: Reply) -> str:
        parts = [self._head, reply.text()]
        rule = ["---"] if self._tail and any(parts) else []
        return "\n\n".join(part for part in (*parts, *rule, self._tail) if part)

    def _finished(self, answer: Answer) -> Answer:
        return replace(answer, next=self._offers)


def _noted(lesson: Lesson, item: Item, outcome: Outcome) -> Lesson:
    before, after = outcome.before.value, outcome.after.value
    lesson = lesson.noted(item.concept, before, after, outcome.due, right=outcome.grade.correct)
    return replace(lesson, tries=lesson.tries + 1)
