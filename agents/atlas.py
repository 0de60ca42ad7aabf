"""The one façade: a question goes in, typed events come out, ending in a cited answer."""

import time
import uuid
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Final

from agents import pasted_log, route
from agents.advice_talk import AdviceTalk
from agents.calculating import calculating
from agents.calculating import follow_up as change_of
from agents.consultation import FollowUp, follow_up, open_consultation
from agents.conversation import GROUNDED, SHOWN, Conversation
from agents.desk import Desk, Turn, checked_session
from agents.events import Answer, ClaimCheck, Done, Event, Rung
from agents.fault_talk import FaultTalk
from agents.guided_lesson import Lesson, open_lesson
from agents.guided_talk import GuidedTalk
from agents.guided_talk import is_reply as goes_on_with
from agents.house import House, Request, seats
from agents.judge import Judge
from agents.ladder import Ladder
from agents.mending import Mender
from agents.quiz_talk import QuizTalk, is_reply
from agents.quizzing import Examiner
from agents.recommending import Recommender
from agents.record_talk import RecordTalk
from agents.sitting import Sitting, open_sitting
from agents.stop import Stop, Stoppable
from agents.trace_keeper import TraceKeeper
from agents.verification import verify
from knowledge import retrieval
from knowledge.errors import AtlasError, ModelFailed, UserMistake
from knowledge.evidence import Evidence
from knowledge.graph import Graph
from knowledge.index import Index
from knowledge.language import question_language, text_language
from knowledge.library import Library
from knowledge.vocabulary import Language
from learner.attempt import ME
from tools.fault.mask import mask
from tools.recommend.reading import read

if TYPE_CHECKING:
    from agents.trace_store import TraceStore
    from learner.store import AttemptStore

# Journeys of words that may answer a quiz's item, and of those that may add to a task.
_MAY_BE_A_REPLY: Final = frozenset({"learn", "talk", "calculate", "recommend", "compare", "fix"})
_MAY_ADD: Final = frozenset({"learn", "talk"})
_MAY_CHANGE: Final = frozenset({"learn", "talk", "recommend"})  # the same for the last calculation


class Atlas:
    """The team behind one door: ask, search, check, examine, recommend, mend. Safe to use from several threads."""

    def __init__(
        self,
        index: Index,
        ladder: Ladder,
        desk: Desk,
        open_store: Callable[[], "AttemptStore"],
        wait_s: float = 0.0,
        clock: Callable[[], float] = time.perf_counter,
        today: Callable[[], date] = date.today,
        open_traces: "Callable[[], TraceStore] | None" = None,
    ) -> None:
        self.index = index
        self.ladder = ladder
        self.desk = desk
        self._wait_s = wait_s
        self._clock = clock
        self._today = today
        self._graph: tuple[Library, Graph] | None = None
        self.examiner = Examiner(index, lambda: self.graph, ladder, open_store, wait_s)
        self.recommender = Recommender(index, lambda: self.examiner.material, today, ladder, wait_s)
        self.mender = Mender(index)
        self.traces = TraceKeeper(desk, open_traces)

    @property
    def graph(self) -> Graph:
        """The graph of the notes as they are now."""
        library = self.index.library
        if self._graph is None or self._graph[0] is not library:
            self._graph = (library, Graph(library))
        return self._graph[1]

    def search(self, query: str, k: int = 10) -> list[Evidence]:
        """Return the best passages for a query.

        Raises UserMistake for an empty or overlong query.
        """
        return retrieval.search(self.index, route.clean(query), k)

    def check(self, claim: str, evidence: str | None = None, stop: Stop | None = None) -> ClaimCheck:
        """Tell whether a claim is supported by the given text, or else by the notes.

        Raises UserMistake for an empty or overlong claim, or an empty text.
        """
        return self._checked(claim, evidence, stop or Stop())[0]

    def answer(self, question: str, session: str | None = None, *, learner: str = ME, guided: bool = False) -> Answer:
        """Return the finished answer.

        Raises what `ask` raises.
        """
        for event in self.ask(question, session, learner=learner, guided=guided):
            if isinstance(event, Done):
                return event.answer
        raise AtlasError("the answer ended without an end.", "Please report this.")

    def ask(
        self,
        question: str,
        session: str | None = None,
        *,
        reader: str = "",
        learner: str = ME,
        guided: bool = False,
        spoken: Language | None = None,
    ) -> Stoppable[Event]:
        """Answer a message; the events come as they happen, the last one is Done.

        `reader` is whose session it is, `learner` whose record grows by the answers to a quiz, `spoken` the language
        for messages that are in none. Secrets in the message are masked before anything is stored or asked.
        Raises UserMistake for an empty or overlong message, an unknown command or an impossible session name. While
        the events run, SetupMissing says that the session cannot be stored. A model's failure raises nothing: a lower
        rung answers.
        """
        safe = mask(route.visible(question))
        message = route.clean(safe.text, route.LONGEST_LOG)
        path = route.route(message, route.Known(self._tools_named, self._shows_error))
        if session is not None:
            checked_session(session)
        request = Request(
            uuid.uuid4().hex,
            path.text,
            question_language(message),
            session,
            reader,
            guided,
            learner,
            spoken,
            safe.kinds,
        )
        house = House(self.index, self.graph, self.ladder, self.desk, self._wait_s, self._clock, self._today)

        def run(stop: Stop) -> Generator[Event]:
            events = self._events(house, path, request, stop)
            return self.traces.following(events, request, path.journey, house.ledger)

        return Stoppable(run)

    def goes_on(self, message: str, session: str, *, reader: str = "") -> bool:
        """Tell whether a message goes on with the guided lesson that its session is in."""
        lesson = open_lesson(self.desk.history(session, reader))
        return lesson is not None and goes_on_with(lesson, message)

    def _events(self, house: House, path: route.Route, request: Request, stop: Stop) -> Generator[Event]:
        turns = [] if request.session is None else self.desk.history(request.session, request.reader)
        request = replace(request, lesson=turns[-1].lesson if turns else "")
        going_on = self._going_on(house, path, request, stop, turns)
        if going_on is not None:
            return going_on
        guided, lesson = GuidedTalk(house, request, stop, self.examiner), open_lesson(turns)
        if request.guided and path.journey == "learn" and self._may_begin(lesson, request):
            return guided.begin()
        advice = AdviceTalk(house, request, stop, self.recommender, open_consultation(turns))
        # Within a session guided lessons ask; what is asked in between is answered as ever.
        request = replace(request, guided=request.guided and request.session is None)
        conversation = Conversation(house, request, stop)
        if path.request is not None:
            return calculating(house, request, stop, path.request)
        quiz = QuizTalk(house, request, stop, self.examiner)
        record = RecordTalk(house, request, stop, self.examiner)
        journeys: Mapping[route.Journey, Callable[[], Generator[Event]]] = {
            "talk": conversation.talk,
            "help": conversation.help,
            "search": conversation.passages,
            "check": lambda: conversation.check(lambda claim, stop: self._checked(claim, None, stop)),
            "quiz": quiz.begin,
            "review": lambda: quiz.begin("due"),
            "guide": guided.begin if path.text else lambda: guided.resume(lesson),
            "progress": record.progress,
            "path": record.path,
            "next": record.next,
            "recommend": lambda: advice.recommend(is_sure=path.is_sure),
            "compare": advice.compare_named if path.is_command else advice.compare,
            "fix": lambda: FaultTalk(house, request, stop, self.mender).fix(),
            "learn": conversation.learn,
            "calculate": conversation.learn,
        }
        return journeys[path.journey]()

    def _going_on(
        self, house: House, path: route.Route, request: Request, stop: Stop, turns: Sequence[Turn]
    ) -> Generator[Event] | None:
        """Return how a message goes on with what its session is in: a quiz, a lesson, a calculation or advice."""
        sitting = self._sitting(path, request, turns)
        if sitting is not None:
            return QuizTalk(house, request, stop, self.examiner).go_on(sitting)
        lesson = open_lesson(turns)
        if lesson is not None and self._goes_on(lesson, path, request):
            return GuidedTalk(house, request, stop, self.examiner).go_on(lesson)
        change = change_of(request.message, turns) if path.journey in _MAY_CHANGE and not path.is_command else None
        if change is not None:
            return calculating(house, request, stop, change)
        added = self._added(path, request, turns)
        advice = AdviceTalk(house, request, stop, self.recommender, open_consultation(turns))
        return None if added is None else advice.go_on(added)

    def _sitting(self, path: route.Route, request: Request, turns: Sequence[Turn]) -> Sitting | None:
        """Return the quiz that a message goes on with, if any; a log of several lines answers no item."""
        if path.is_command or path.journey not in _MAY_BE_A_REPLY:
            return None
        if path.journey == "fix" and "\n" in request.message:
            return None
        sitting = open_sitting(turns)
        if sitting is None or (not sitting.items and request.lesson):  # a quiz that is over does not hold up a lesson
            return None
        return sitting if is_reply(sitting, request.message) else None

    def _goes_on(self, lesson: Lesson, path: route.Route, request: Request) -> bool:
        """Tell whether a message goes on with the lesson that its session is in."""
        if path.is_command or path.journey not in {*_MAY_BE_A_REPLY, "next"} or "\n" in request.message:
            return False
        return goes_on_with(lesson, request.message)

    def _may_begin(self, lesson: Lesson | None, request: Request) -> bool:
        """Tell whether a question of a guided session begins a lesson: where none waits, and the notes have a topic."""
        if request.session is None or (lesson is not None and not lesson.is_paused):
            return False
        found = retrieval.search(self.index, request.message, 1)
        return bool(found) and found[0].ground >= GROUNDED

    def _added(self, path: route.Route, request: Request, turns: Sequence[Turn]) -> FollowUp | None:
        """Return what a message adds to the task that the session has advice on, if any."""
        if path.is_command or path.journey not in _MAY_ADD:
            return None
        consultation = open_consultation(turns)
        return None if consultation is None else follow_up(request.message, consultation, self.index.library)

    def _tools_named(self, text: str) -> Sequence[str]:
        return read(text, self.index.library).named

    def _shows_error(self, text: str) -> bool:
        return pasted_log.shows(self.mender.casebook, text)

    def _checked(self, claim: str, evidence: str | None, stop: Stop) -> tuple[ClaimCheck, Rung]:
        """Return what is found of a claim, and what judged it: the best model that answers, or code alone."""
        claim = route.clean(claim)
        passages = self.search(claim, SHOWN) if evidence is None else [_given(evidence)]
        failures: tuple[str, ...] = ()
        for seat in seats(self.ladder, self._wait_s):
            judge = Judge(seat.endpoint, seat.capabilities)
            stop.aborts(judge.abort)
            try:
                found = verify(claim, passages, judge).check
            except ModelFailed as error:
                if stop.is_set:  # the reader's wish is no failure of the model
                    raise
                self.ladder.failed(seat.endpoint, error)
                failures += (str(error),)
                continue
            return _with_reasons(found, failures), seat.endpoint.rung
        return _with_reasons(verify(claim, passages, None).check, failures), "notes"


def _with_reasons(check: ClaimCheck, more: tuple[str, ...]) -> ClaimCheck:
    return replace(check, reasons=(*check.reasons, *more))


def _given(text: str) -> Evidence:
    """Return a text that came with a claim, as evidence."""
    text = route.visible(text)
    if not text.strip():
        raise UserMistake("the evidence is empty.", "Give the text that the claim is to be checked against.")
    return Evidence("", "", "", text, 0, len(text), text_language(text), 1.0, "", "")
