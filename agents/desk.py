"""The front desk (Agno): remembers each session, and turns a follow-up into a question that stands alone.

All use of Agno is in this module; it is imported when a session or a model is first needed.
"""

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, TypeVar

from agents import prompt
from agents.endpoint import Endpoint, Line, model_failure, strange_answer
from agents.events import Usage
from knowledge.errors import ModelFailed, SetupMissing, UserMistake
from knowledge.vocabulary import Language

if TYPE_CHECKING:
    from agno.db.sqlite import SqliteDb
    from agno.models.openai.like import OpenAILike

T = TypeVar("T")

_AGENT: Final = "desk"
_LONGEST_SESSION_ID: Final = 120
_REMEMBERED_TURNS: Final = 3
_ANSWER_EXCERPT: Final = 300  # characters of an earlier answer that a follow-up may refer to

# Few examples make a small model's rewriting dependable.
_EXAMPLES: Final = (
    (
        ("What is LoRA?", "LoRA trains two low-rank matrices.", "and how much memory does it save?"),
        "How much memory does LoRA save?",
    ),
    (("vLLM 是什么？", "vLLM 是推理引擎。", "它和 SGLang 有什么区别？"), "vLLM 和 SGLang 有什么区别？"),
    (("What is a KV cache?", "It stores keys and values.", "Why?"), "Why does a KV cache store keys and values?"),
)


@dataclass(frozen=True, slots=True)
class Turn:
    """One exchange of a session: the question as it was asked, as it was searched, and the answer's text."""

    id: str
    question: str
    searched: str
    answer: str
    notes: tuple[str, ...] = ()  # the notes the answer rests on
    sitting: str = ""  # the quiz that the session is in, where this turn was part of it
    consultation: str = ""  # the task that this turn gave advice on


class Desk:
    """Sessions in SQLite below `home`.

    Raises SetupMissing where they cannot be stored, UserMistake for an impossible session name.
    """

    def __init__(self, home: Path, clock: Callable[[], float] = time.time) -> None:
        self._file = home / "sessions.sqlite"
        self._clock = clock
        self._db: SqliteDb | None = None
        self._lock = Lock()

    def history(self, session: str, reader: str = "") -> list[Turn]:
        """Return the last turns of a session, the oldest first; none for a session that has not begun."""
        from agno.db.base import SessionType  # noqa: PLC0415 - loads late

        name = _stored_name(session, reader)
        stored: Any = self._stored(lambda db: db.get_session(name, SessionType.AGENT, runs_limit=_REMEMBERED_TURNS))
        runs: list[Any] = (stored.runs or []) if stored else []
        return [_turn_of(run.metadata["turn"]) for run in runs]

    def remember(self, session: str, turn: Turn, reader: str = "", details: Mapping[str, Any] | None = None) -> None:
        """Store a turn; it is on disk when this returns."""
        from agno.db.base import SessionType  # noqa: PLC0415 - loads late
        from agno.models.message import Message  # noqa: PLC0415
        from agno.run.agent import RunOutput  # noqa: PLC0415
        from agno.run.base import RunStatus  # noqa: PLC0415
        from agno.session.agent import AgentSession  # noqa: PLC0415

        name = _stored_name(session, reader)
        record = {field: getattr(turn, field) for field in Turn.__dataclass_fields__}
        run = RunOutput(
            run_id=turn.id,
            agent_id=_AGENT,
            session_id=name,
            user_id=reader or None,
            messages=[Message(role="user", content=turn.question), Message(role="assistant", content=turn.answer)],
            content=turn.answer,
            metadata={"turn": json.dumps(record, ensure_ascii=False), **(details or {})},
            status=RunStatus.completed,
        )

        def store(db: "SqliteDb") -> None:
            if db.get_session(name, SessionType.AGENT, runs_limit=1) is None:
                title = {"session_name": turn.question[:80]}
                now = int(self._clock())
                db.upsert_session(
                    AgentSession(name, agent_id=_AGENT, user_id=reader or None, session_data=title, created_at=now)
                )
            db.upsert_run(run, name, user_id=reader or None)

        self._stored(store)

    def _stored(self, use: Callable[["SqliteDb"], T]) -> T:
        from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - loads late

        try:
            return use(self._open())
        except (OSError, SQLAlchemyError) as error:
            remedy = "Free the disk, or name a writable folder with --home."
            raise SetupMissing(f"the sessions in {str(self._file)!r} cannot be used: {error}.", remedy) from error

    def _open(self) -> "SqliteDb":
        with self._lock:
            if self._db is None:
                from agno.db.sqlite import SqliteDb  # noqa: PLC0415 - loads late: sqlalchemy

                _mute()
                self._file.parent.mkdir(parents=True, exist_ok=True)
                self._db = SqliteDb(db_file=str(self._file), session_table="sessions", runs_table="turns")
            return self._db


class Clerk:
    """The desk's own calls to a model, for one request; `abort` ends them from any thread. Raises ModelFailed."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._line = Line(endpoint)
        self.usage = Usage()

    def abort(self) -> None:
        """End what is under way."""
        self._line.cut()

    def rewrite(self, message: str, history: Sequence[Turn]) -> str:
        """Return the message as a question that stands alone, or an empty text where the model makes nothing of it."""
        last = history[-1]
        examples = [(_turn(*said), question) for said, question in _EXAMPLES]
        asked = _turn(last.searched, last.answer[:_ANSWER_EXCERPT], message)
        words = self._ask(prompt.load("desk")["rewrite"], asked, examples, max_tokens=60)
        question = words.splitlines()[0].strip().strip('"“”') if words else ""
        return question if len(question) <= 4 * len(message) + 200 else ""

    def talk(self, message: str) -> str:
        """Return a reply to small talk."""
        return self._ask(prompt.load("desk")["talk"], message, (), max_tokens=60)

    def _ask(self, instructions: str, message: str, examples: Sequence[tuple[str, str]], max_tokens: int) -> str:
        from agno.agent import Agent  # noqa: PLC0415 - loads late
        from agno.models.message import Message  # noqa: PLC0415
        from agno.run.base import RunStatus  # noqa: PLC0415

        _mute()
        failed: list[Exception] = []
        model = _model(self._endpoint, self._line, max_tokens, failed.append)
        shown = [
            Message(role=role, content=text)
            for pair in examples
            for role, text in zip(("user", "assistant"), pair, strict=True)
        ]
        agent: Agent = Agent(
            model=model,
            system_message=instructions.strip(),
            additional_input=list(shown) or None,
            telemetry=False,
            retries=0,
        )
        run: Any = agent.run(message)  # pyright: ignore[reportUnknownMemberType] - Agno leaves a parameter's type open
        if run.status == RunStatus.error:
            raise _failure(failed[-1] if failed else None, self._endpoint)
        metrics = run.metrics
        self.usage = Usage(
            calls=self.usage.calls + 1,
            prompt_tokens=self.usage.prompt_tokens + int(metrics.input_tokens or 0),
            completion_tokens=self.usage.completion_tokens + int(metrics.output_tokens or 0),
        )
        return str(run.content or "").strip()


def _model(endpoint: Endpoint, line: Line, max_tokens: int, failed: Callable[[Exception], None]) -> "OpenAILike":
    from agno.models.openai.like import OpenAILike  # noqa: PLC0415 - loads late

    class DeskModel(OpenAILike):
        """Agno's OpenAI client, which tells why it failed: Agno itself makes an answer of a failure."""

        def invoke(self, *args: Any, **more: Any) -> Any:  # noqa: ANN401 - passed on as they come
            try:
                return super().invoke(*args, **more)  # pyright: ignore[reportUnknownMemberType] - Agno's types are open
            except Exception as error:
                failed(error)
                raise

    return DeskModel(
        id=endpoint.model,
        base_url=endpoint.base_url,
        api_key=endpoint.api_key or "none",
        max_tokens=max_tokens,
        temperature=0,
        max_retries=0,
        http_client=line,
    )


def _failure(error: Exception | None, endpoint: Endpoint) -> ModelFailed:
    """Return what an error that Agno wrapped means for the reader."""
    cause = error.__cause__ if error is not None and isinstance(error.__cause__, Exception) else error
    return (model_failure(cause, endpoint) if cause is not None else None) or strange_answer(endpoint)


def _mute() -> None:
    """Keep Agno's own log off standard output, which is the answer's; it also repeats what servers answer, keys too."""
    from agno.utils.log import agent_logger  # noqa: PLC0415 - loads late

    agent_logger.handlers[:] = [logging.NullHandler()]


def _stored_name(session: str, reader: str) -> str:
    """Return what a session is stored under: Agno tells sessions apart by this alone, so that it names the reader."""
    return f"{checked_session(session)}\n{reader}" if reader else checked_session(session)


def _turn_of(record: str) -> Turn:
    fields = json.loads(record)
    return Turn(**fields | {"notes": tuple(fields["notes"])})


def checked_session(session: str) -> str:
    """Return a session's name; raise UserMistake for an empty, overlong or unprintable one."""
    if not session.strip() or len(session) > _LONGEST_SESSION_ID or not session.isprintable():
        remedy = f"Use 1 to {_LONGEST_SESSION_ID} printable characters."
        raise UserMistake(f"{session[:40]!r} is no name for a session.", remedy)
    return session


def joined_question(message: str, history: Sequence[Turn], titles: Sequence[str], language: Language) -> str:
    """Return a follow-up made to stand alone without a model: what was talked of is put before it."""
    topic = "、".join(titles) if language == "zh" else ", ".join(titles)
    return f"{topic}: {message}" if topic else f"{history[-1].searched} {message}"


def _turn(question: str, answer: str, message: str) -> str:
    return prompt.render("desk", "turn", question=question, answer=answer, message=message).strip()
