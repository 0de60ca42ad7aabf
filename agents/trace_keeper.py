"""Keeps what comes of each answer: the whole of it with its session, and its trace."""

import logging
import time
from collections.abc import Callable, Generator
from dataclasses import replace
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING

from agents.desk import Desk
from agents.events import Answer, Done, Event
from agents.house import Ledger, Request
from agents.kept import packed
from agents.recording import Recording
from agents.trace import Outcome, Trace
from knowledge.errors import AtlasError

if TYPE_CHECKING:
    from agents.trace_store import TraceStore

_LOG = logging.getLogger(__name__)


class TraceKeeper:
    """Keeps answers with the desk and, where traces are wanted at all, in the store that `open_traces` opens."""

    def __init__(
        self,
        desk: Desk,
        open_traces: "Callable[[], TraceStore] | None",
        clock: Callable[[], float] = time.perf_counter,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._desk, self._open_traces, self._clock, self._now = desk, open_traces, clock, now
        self._store: TraceStore | None = None
        self._lock = Lock()

    @property
    def store(self) -> "TraceStore | None":
        """The traces of all answers; None where none are kept."""
        with self._lock:
            if self._store is None and self._open_traces is not None:
                self._store = self._open_traces()
            return self._store

    def close(self) -> None:
        """Close the store; the next use opens it again."""
        with self._lock:
            if self._store is not None:
                self._store.close()
                self._store = None

    def following(self, events: Generator[Event], request: Request, journey: str, ledger: Ledger) -> Generator[Event]:
        """Pass on the events of an answer; before its end, it is kept. One that is stopped or fails is traced too.

        `ledger` holds what the answer has taken, also where it never comes to its end.
        """
        recording, at = Recording(self._clock), self._now()
        done: Done | None = None
        try:
            for event in events:
                recording.note(event)
                if isinstance(event, Done):
                    done = event
                    break
                yield event
        except GeneratorExit:
            events.close()  # only now is it known what the model was asked
            self._traced(_trace(recording, request, journey, at, "stopped", ledger))
            raise
        except Exception:
            self._traced(_trace(recording, request, journey, at, "failed", ledger))
            raise
        finally:
            events.close()
        if done is not None:
            yield Done(self._kept(done.answer, recording, request, journey, at))

    def _kept(self, answer: Answer, recording: Recording, request: Request, journey: str, at: datetime) -> Answer:
        """Keep an answer; return it with a notice where its trace could not be stored: it is worth more than that."""
        if request.session is not None:
            details = packed(answer, recording.steps, recording.calculated)
            self._desk.complete(request.session, request.id, details, request.reader)
        problem = self._traced(_trace(recording, request, journey, at, "done", Ledger(answer.usage), answer))
        return replace(answer, notices=(*answer.notices, problem)) if problem else answer

    def _traced(self, trace: Trace) -> str:
        """Store a trace; return why it could not be stored, if so."""
        try:
            if self.store is not None:
                self.store.add(trace)
        except AtlasError as error:
            _LOG.warning("a trace is lost: %s", error)
            return str(error)
        return ""


def _trace(
    recording: Recording, request: Request, journey: str, at: datetime, outcome: Outcome, ledger: Ledger,
    answer: Answer | None = None,
) -> Trace:  # fmt: skip
    calls = ledger.usage.spent
    return Trace(
        id=request.id,
        learner=request.learner,
        session=request.session or "",
        at=at,
        journey=journey,
        outcome=outcome,
        rung=answer.rung if answer is not None else calls[-1].rung if calls else "notes",
        language=answer.language if answer is not None else request.language,
        seconds=recording.seconds,
        spans=recording.spans(calls, journey, is_failed=outcome == "failed"),
        question=request.message,
        text=answer.text if answer is not None else "",
        abstained=answer.abstained if answer is not None else False,
        evidence_s=recording.evidence_s,
        first_token_s=recording.first_token_s,
        notices=answer.notices if answer is not None else (),
    )
