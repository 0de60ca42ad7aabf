"""What every journey of a message shares: its steps, the models it may ask, and its end."""

import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Final, TypeVar

from agents.desk import Turn
from agents.events import Answer, Done, Event, Failed, Rung, Step, Timings, Token, Usage
from agents.house import House, Request, Seat, seats
from agents.phrases import say
from agents.reply import Reply
from agents.stop import Stop, watched
from agents.suggestion import next_questions
from knowledge.citation import Citation
from knowledge.errors import ModelFailed
from knowledge.evidence import Evidence
from knowledge.library import STALE_AFTER
from knowledge.vocabulary import Language

R = TypeVar("R")
_MASK: Final = re.compile(r"\s*‹masked:[\w-]+›\s*")  # what stands for a secret is no word to look up


class Journey:
    """One request and what has come of it so far. It may run once."""

    def __init__(self, house: House, request: Request, stop: Stop) -> None:
        self._house = house
        self._request = request
        self._language: Language = request.language
        self._stop = stop
        self._began = house.clock()
        self._searched = _MASK.sub(" ", request.message)
        self._evidence: tuple[Evidence, ...] = ()
        self._evidence_s: float | None = None
        self._first_token_s: float | None = None
        self._notices: tuple[str, ...] = masked(request.masked, request.language)
        self._sitting = ""  # what the turn keeps of a quiz
        self._consultation = ""  # what the turn keeps of a task that advice was given on
        self._figures = ""  # what the turn keeps of a calculation
        self._lesson = request.lesson  # what the turn keeps of a guided lesson: other questions leave it as it is

    @property
    def _usage(self) -> Usage:
        return self._house.ledger.usage

    @_usage.setter
    def _usage(self, usage: Usage) -> None:
        self._house.ledger.usage = usage

    # --- what a journey may do in its own way -------------------------------------------------------------------

    def _composed(self, reply: Reply) -> str:
        """Return the answer as the reader sees it."""
        return reply.text()

    def _finished(self, answer: Answer) -> Answer:
        """Return the answer with what only this journey adds."""
        return answer

    # --- what the journeys share --------------------------------------------------------------------------------

    def _step(
        self,
        name: str,
        agent: str,
        title_key: str,
        work: Callable[[Callable[[str], None]], R],
        *,
        words: list[str] | None = None,
        detail: Callable[[R], str] = lambda _: "",
    ) -> Generator[Event, None, R]:
        """Run a step in a thread; show that it runs, pass on the words it says, and show how long it took."""
        title, began = say(title_key, self._language), self._house.clock()
        yield Step(name, agent, title, "running", 0.0)
        try:
            run = watched(work, self._stop, agent)
            while True:
                try:
                    word = next(run)
                except StopIteration as end:
                    result: R = end.value
                    break
                if word is None:
                    yield Step(name, agent, title, "running", self._house.clock() - began)
                    continue
                if self._first_token_s is None:
                    self._first_token_s = self._house.clock() - self._began
                if words is not None:
                    words.append(word)
                yield Token(word)
        except ModelFailed:
            yield Step(name, agent, title, "failed", self._house.clock() - began)
            raise
        yield Step(name, agent, title, "done", self._house.clock() - began, detail(result))
        return result

    def _seats(self) -> Iterator[Seat]:
        return seats(self._house.ladder, self._house.wait_s)

    def _next_seat(
        self, rungs: Iterator[Seat], name: str, agent: str, title_key: str
    ) -> Generator[Event, None, Seat | None]:
        """Return the next model that can be asked; the step it is for is shown as running where it has to wake up.

        An endpoint that is left out is told of, and its failure shown where it has only now been noticed.
        """
        title, began, shown = say(title_key, self._language), self._house.clock(), False
        known_problem = self._house.ladder.state.endpoint_problem

        def pick(_: Callable[[None], None]) -> Seat | None:
            return next(rungs, None)

        waiting = watched(pick, self._stop, "ladder")
        while True:
            try:
                next(waiting)
            except StopIteration as end:
                seat: Seat | None = end.value
                break
            shown = True
            yield Step(name, agent, title, "running", self._house.clock() - began)
        if shown and seat is None:
            yield Step(name, agent, title, "failed", self._house.clock() - began)
        problem = self._house.ladder.state.endpoint_problem
        if problem and problem not in self._notices and (seat is None or seat.endpoint.rung != "endpoint"):
            self._notices += (problem,)
            if problem != known_problem:
                yield Failed(ModelFailed(problem), "endpoint")
        return seat

    def _fallen(self, seat: Seat, error: ModelFailed) -> Failed:
        """Note that a rung failed; what it said is void."""
        self._house.ladder.failed(seat.endpoint, error)
        self._notices += (str(error),)
        self._first_token_s = None
        return Failed(error, seat.endpoint.rung)

    def _end(
        self,
        reply: Reply,
        rung: Rung,
        *,
        said: bool = False,
        abstained: bool = False,
        unsupported: tuple[str, ...] = (),
        citations: tuple[Citation, ...] = (),
    ) -> Generator[Event]:
        """Store the turn and end with the answer; a text that no model said is said first."""
        text = self._composed(reply)
        if not said:
            self._first_token_s = self._house.clock() - self._began
            yield Token(text)
        citations = citations or reply.citations
        notes = tuple(dict.fromkeys(citation.note for citation in citations if citation.note))
        if self._request.session is not None:
            turn = Turn(
                self._request.id, self._request.message, self._searched, text, notes, self._sitting,
                self._consultation, self._figures, self._lesson,
            )  # fmt: skip
            self._house.desk.remember(self._request.session, turn, self._request.reader)
        answer = Answer(
            text=text,
            citations=citations,
            evidence=self._evidence,
            abstained=abstained,
            rung=rung,
            language=self._language,
            unsupported=unsupported or reply.unsupported,
            next=(
                *([say("guided_go_on", self._language)] if self._lesson else []),
                *next_questions(self._house.graph, notes or [e.note for e in self._evidence[:2]], self._language),
            ),
            usage=self._usage,
            timings=Timings(self._evidence_s, self._first_token_s, self._house.clock() - self._began),
            notices=self._notices + self._stale(notes),
            id=self._request.id,
        )
        yield Done(self._finished(answer))

    def _stale(self, cited: Sequence[str]) -> tuple[str, ...]:
        """Say which of the cited notes were last checked long ago."""
        notes = [self._house.graph.notes[note] for note in cited if note in self._house.graph.notes]
        return tuple(
            say("stale", self._language, title=note.title_in(self._language), date=note.checked.isoformat())
            for note in notes
            if note.checked is not None and self._house.today() - note.checked > STALE_AFTER
        )


def masked(kinds: Mapping[str, int], language: Language) -> tuple[str, ...]:
    """Say which secrets were taken out of a message."""
    if not kinds:
        return ()
    return (say("masked", language, n=str(sum(kinds.values())), kinds=", ".join(kinds)),)
