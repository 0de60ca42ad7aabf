"""A chat: the turns of each session as far as they have come, and the answers that are being made now."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, assert_never

from agents.events import Answer, Calculated, Cited, Done, Event, EvidenceFound, Failed, Marks, Step, Token
from knowledge.citation import Citation
from knowledge.evidence import Evidence
from learner.feedback import Thumb

SESSIONS: Final = 200  # remembered for reloads while the program runs
TURNS: Final = 60  # shown of one session


@dataclass(frozen=True, slots=True)
class Turn:
    """One question, and what has come of it so far."""

    id: str
    question: str
    steps: tuple[Step, ...] = ()
    spent: Mapping[str, float] = field(default_factory=dict[str, float])  # seconds in earlier rounds of a step
    evidence: tuple[Evidence, ...] = ()
    searched: str = ""
    calculated: Calculated | None = None  # begins the text
    text: str = ""
    citations: tuple[Citation, ...] = ()
    checked: bool = False  # the text carries marks; words that come now begin it anew
    answer: Answer | None = None
    outcome: Literal["open", "done", "stopped", "failed"] = "open"
    problem: str = ""  # why it failed
    thumb: Thumb | None = None


def advanced(turn: Turn, event: Event) -> Turn:
    """Return a turn with what an event adds."""
    match event:
        case EvidenceFound() | Calculated() | Marks():
            return _found(turn, event)
        case Step():
            return _stepped(turn, event)
        case Token():
            fresh = turn.checked  # these words replace the checked ones
            text = event.text if fresh else turn.text + event.text
            return replace(turn, text=text, checked=False, citations=() if fresh else turn.citations)
        case Cited():
            return replace(turn, text=event.text, citations=event.citations, checked=True)
        case Failed():
            return replace(turn, text="", citations=(), checked=False)
        case Done():
            answer = event.answer
            return replace(
                turn, text=answer.text, citations=answer.citations, evidence=answer.evidence or turn.evidence,
                answer=answer, outcome="done", checked=True,
            )  # fmt: skip
        case _:
            assert_never(event)


def ended(turn: Turn, outcome: Literal["stopped", "failed"], problem: str = "") -> Turn:
    """Return a turn that ended before its answer was complete; none of its steps runs on."""
    steps = tuple(replace(step, status="failed") if step.status == "running" else step for step in turn.steps)
    return replace(turn, steps=steps, outcome=outcome, problem=problem)


def rated(turn: Turn, thumb: Thumb) -> Turn:
    """Return a turn with the reader's thumb on it."""
    return replace(turn, thumb=thumb)


def _found(turn: Turn, event: EvidenceFound | Calculated | Marks) -> Turn:
    if isinstance(event, Calculated):
        return replace(turn, calculated=event)
    if isinstance(event, Marks):
        return replace(turn, citations=event.citations)
    return replace(turn, evidence=event.evidence, searched=event.question)


def _stepped(turn: Turn, step: Step) -> Turn:
    """Return a turn with a step as it is now; a step that begins anew goes on counting."""
    known = next((known for known in turn.steps if known.id == step.id), None)
    if known is None:
        return replace(turn, steps=(*turn.steps, step))
    spent = turn.spent
    if known.status == "done" and step.status == "running":
        spent = {**spent, step.id: known.seconds or 0.0}
    seconds = None if step.seconds is None else step.seconds + spent.get(step.id, 0.0)
    latest = replace(step, seconds=seconds, detail=step.detail or known.detail)
    return replace(turn, steps=tuple(latest if s.id == step.id else s for s in turn.steps), spent=spent)


class Chats:
    """The turns of each session, kept while the program runs; the sessions used longest ago are forgotten."""

    def __init__(self, sessions: int = SESSIONS, turns: int = TURNS) -> None:
        self._most_sessions, self._most_turns = sessions, turns
        self._turns: OrderedDict[str, tuple[Turn, ...]] = OrderedDict()
        self._longer: set[str] = set()  # sessions with turns before these
        self._lock = threading.Lock()

    def turns(self, session: str, *, goes_on: bool = True) -> tuple[Turn, ...]:
        """Return the turns of a session, the oldest first; where nothing `goes_on`, all of them have ended."""
        with self._lock:
            turns = self._turns.get(session, ())
        if goes_on:
            return turns
        return tuple(ended(turn, "stopped") if turn.outcome == "open" else turn for turn in turns)

    def restore(self, session: str, turns: Sequence[Turn]) -> tuple[Turn, ...]:
        """Return the turns of a session, which are the last of these where none are known."""
        with self._lock:
            if session not in self._turns and len(turns) > self._most_turns:
                self._longer.add(session)
            return self._turns.setdefault(session, tuple(turns)[-self._most_turns :])

    def has_earlier(self, session: str) -> bool:
        """Tell whether a session has turns before those that are known here."""
        with self._lock:
            return session in self._longer

    def extend(self, session: str, earlier: Sequence[Turn], *, has_more: bool) -> None:
        """Put earlier turns before those of a session, until its next question; `has_more` tells of still others."""
        with self._lock:
            known = self._turns.get(session, ())
            ids = {turn.id for turn in known}
            self._turns[session] = (*(turn for turn in earlier if turn.id not in ids), *known)
            if not has_more:
                self._longer.discard(session)

    def forget(self, session: str) -> None:
        """Forget a session."""
        with self._lock:
            self._drop(session)

    def cut(self, session: str, turn_id: str) -> tuple[Turn, ...]:
        """Remove a turn and all that came after it; returns what was removed."""
        with self._lock:
            turns = self._turns.get(session, ())
            at = next((n for n, turn in enumerate(turns) if turn.id == turn_id), len(turns))
            if session in self._turns:
                self._turns[session] = turns[:at]
            return turns[at:]

    def find(self, session: str, turn_id: str) -> Turn | None:
        """Return one turn of a session."""
        return next((turn for turn in self.turns(session) if turn.id == turn_id), None)

    def put(self, session: str, turn: Turn) -> tuple[Turn, ...]:
        """Add a turn, or replace the one with its id; returns the session's turns."""
        with self._lock:
            turns = self._turns.pop(session, ())
            if any(known.id == turn.id for known in turns):
                turns = tuple(turn if known.id == turn.id else known for known in turns)
            else:
                if len(turns) >= self._most_turns:
                    self._longer.add(session)
                turns = (*turns, turn)[-self._most_turns :]
            self._turns[session] = turns
            while len(self._turns) > self._most_sessions:
                self._drop(next(iter(self._turns)))
            return turns

    def _drop(self, session: str) -> None:
        self._turns.pop(session, None)
        self._longer.discard(session)


class Asking:
    """One answer that is being made in a chat; `stop` may be called from any thread, also before it has begun."""

    def __init__(self, chat: str = "") -> None:
        self.chat = chat
        self._lock = threading.Lock()
        self._close: Callable[[], None] | None = None
        self._stopped = threading.Event()
        self._left = threading.Event()

    @property
    def is_left(self) -> bool:
        """Whether its page shows another conversation by now."""
        return self._left.is_set()

    def leave(self) -> None:
        """End it at once, and show nothing more of it."""
        self._left.set()
        self.stop()

    @property
    def stopped(self) -> bool:
        """Whether it is to end."""
        return self._stopped.is_set()

    def begins(self, close: Callable[[], None]) -> None:
        """Call `close` when it is to end, or now if it is."""
        with self._lock:
            self._close = close
            if not self._stopped.is_set():
                return
        close()

    def stop(self) -> None:
        """End it at once."""
        with self._lock:
            self._stopped.set()
            close = self._close
        if close is not None:
            close()


class Live:
    """The answers that are being made now, by page: a page that is closed stops its own."""

    def __init__(self) -> None:
        self._askings: dict[str, Asking] = {}
        self._lock = threading.Lock()

    def is_answering(self, chat: str) -> bool:
        """Tell whether a chat is being answered, on whichever page."""
        with self._lock:
            return any(asking.chat == chat and not asking.stopped for asking in self._askings.values())

    def begin(self, page: str, chat: str = "") -> Asking:
        """Note a new answer of a page; one that it was still making ends."""
        asking = Asking(chat)
        with self._lock:
            before = self._askings.get(page)
            self._askings[page] = asking
        if before is not None:
            before.stop()
        return asking

    def end(self, page: str, asking: Asking) -> None:
        """Forget an answer that is complete."""
        with self._lock:
            if self._askings.get(page) is asking:
                del self._askings[page]

    def stop(self, page: str) -> None:
        """Stop what a page is being answered, if anything."""
        with self._lock:
            asking = self._askings.pop(page, None)
        if asking is not None:
            asking.stop()

    def leave(self, page: str) -> None:
        """Stop what a page is being answered, if anything: it shows another conversation."""
        with self._lock:
            asking = self._askings.pop(page, None)
        if asking is not None:
            asking.leave()

    def stop_all(self) -> None:
        """Stop every answer."""
        with self._lock:
            askings, self._askings = list(self._askings.values()), {}
        for asking in askings:
            asking.stop()
