"""The front desk (Agno): keeps each session, whole, and turns a follow-up into a question that stands alone.

Agno is used here, in `desk_list` and in `clerk` alone; it is imported when a session or a model is first needed.
"""

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, TypeVar

from filelock import FileLock

from agents.kept import Kept, unpacked
from knowledge.errors import SetupMissing, UserMistake
from knowledge.vocabulary import Language

if TYPE_CHECKING:
    from agno.db.sqlite import SqliteDb
    from sqlalchemy import Engine

T = TypeVar("T")

TABLES: Final = ("sessions", "turns")
_AGENT: Final = "desk"
_LONGEST_SESSION_ID: Final = 120
_LONGEST_TITLE: Final = 80
_REMEMBERED_TURNS: Final = 3


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
    calculation: str = ""  # what this turn calculated, and with which arguments
    lesson: str = ""  # the guided lesson that the session is in, also where this turn was no part of it


class Desk:
    """Sessions in SQLite below `home`; each belongs to one reader, and no other one sees it.

    Raises SetupMissing where they cannot be stored, UserMistake for an impossible session name.
    """

    def __init__(self, home: Path, clock: Callable[[], float] = time.time) -> None:
        self._file = home / "sessions.sqlite"
        self._clock = clock
        self._db: SqliteDb | None = None
        self._lock = Lock()
        self._writing = Lock()  # threads take turns: SQLite lets one that waits for another sleep ever longer

    def history(self, session: str, reader: str = "") -> list[Turn]:
        """Return the last turns of a session, the oldest first; none for a session that has not begun."""
        return [_turn_of(run.metadata["turn"]) for run in self._runs(session, reader, _REMEMBERED_TURNS)]

    def kept(self, session: str, reader: str = "", limit: int | None = None) -> list[Kept]:
        """Return the turns of a session as they were answered, the oldest first; with a limit, the last ones."""
        return [_kept(run) for run in self._runs(session, reader, limit)]

    def remember(self, session: str, turn: Turn, reader: str = "") -> None:
        """Store a turn; it is on disk when this returns."""
        from agno.db.base import SessionType  # noqa: PLC0415 - loads late
        from agno.models.message import Message  # noqa: PLC0415
        from agno.run.agent import RunOutput  # noqa: PLC0415
        from agno.run.base import RunStatus  # noqa: PLC0415
        from agno.session.agent import AgentSession  # noqa: PLC0415

        name = stored_name(session, reader)
        record = {field: getattr(turn, field) for field in Turn.__dataclass_fields__}
        run = RunOutput(
            run_id=turn.id,
            agent_id=_AGENT,
            session_id=name,
            user_id=reader or None,
            messages=[Message(role="user", content=turn.question), Message(role="assistant", content=turn.answer)],
            content=turn.answer,
            metadata={"turn": json.dumps(record, ensure_ascii=False)},
            status=RunStatus.completed,
            created_at=int(self._clock()),
        )

        def store(db: "SqliteDb") -> None:
            if db.get_session(name, SessionType.AGENT, runs_limit=1) is None:
                title = {"session_name": " ".join(turn.question.split())[:_LONGEST_TITLE]}
                now = int(self._clock())
                db.upsert_session(
                    AgentSession(name, agent_id=_AGENT, user_id=reader or None, session_data=title, created_at=now)
                )
            db.upsert_run(run, name, user_id=reader or None)

        with self._writing:
            self.use(store)

    def complete(self, session: str, turn: str, details: str, reader: str = "") -> None:
        """Store the whole answer beside the words of a remembered turn (see `kept.packed`)."""

        def store(db: "SqliteDb") -> None:
            run: Any = db.get_run(turn)
            if run is not None:  # deleted meanwhile
                run.metadata["whole"] = details
                db.upsert_run(run, stored_name(session, reader), user_id=reader or None)

        with self._writing:
            self.use(store)

    @property
    def engine(self) -> "Engine":
        """The connections to the file with the tables of sessions and their turns."""
        return self.use(lambda db: db.db_engine)

    def use(self, use: Callable[["SqliteDb"], T]) -> T:
        """Do something with the database; raise SetupMissing where it cannot be used."""
        from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - loads late

        try:
            return use(self._open())
        except (OSError, SQLAlchemyError) as error:
            remedy = "Free the disk, or name a writable folder with --home."
            raise SetupMissing(f"the sessions in {str(self._file)!r} cannot be used: {error}.", remedy) from error

    def _runs(self, session: str, reader: str, limit: int | None) -> list[Any]:
        from agno.db.base import SessionType  # noqa: PLC0415 - loads late

        name = stored_name(session, reader)
        stored: Any = self.use(lambda db: db.get_session(name, SessionType.AGENT, runs_limit=limit))
        return (stored.runs or []) if stored else []

    def _open(self) -> "SqliteDb":
        with self._lock:
            if self._db is None:
                from agno.db.sqlite import SqliteDb  # noqa: PLC0415 - loads late: sqlalchemy
                from sqlalchemy import event  # noqa: PLC0415

                mute()
                self._file.parent.mkdir(parents=True, exist_ok=True)
                sessions, turns = TABLES
                db = SqliteDb(db_file=str(self._file), session_table=sessions, runs_table=turns)
                event.listen(db.db_engine, "connect", _overwrite)
                # Agno looks for a table and then makes it; another process may make it in between.
                with FileLock(f"{self._file}-lock"):
                    for table in ("sessions", "runs"):
                        db._get_table(table, create_table_if_not_found=True)  # pyright: ignore[reportPrivateUsage, reportUnknownMemberType] - lists join them
                self._db = db
            return self._db


def mute() -> None:
    """Keep Agno's own log off standard output, which is the answer's; it also repeats what servers answer, keys too."""
    from agno.utils.log import agent_logger  # noqa: PLC0415 - loads late

    agent_logger.handlers[:] = [logging.NullHandler()]


def _overwrite(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own
    connection.execute("PRAGMA secure_delete=ON").close()  # what is deleted is not left in the file
    connection.execute("PRAGMA busy_timeout=30000").close()


def stored_name(session: str, reader: str) -> str:
    """Return what a session is stored under: Agno tells sessions apart by this alone, so that it names the reader."""
    return f"{checked_session(session)}\n{reader}" if reader else checked_session(session)


def _turn_of(record: str) -> Turn:
    fields = json.loads(record)
    return Turn(**fields | {"notes": tuple(fields["notes"])})


def _kept(run: Any) -> Kept:  # noqa: ANN401 - Agno's own
    details: Mapping[str, str] = run.metadata
    turn = _turn_of(details["turn"])
    return unpacked(turn.id, turn.question, turn.searched, turn.answer, float(run.created_at), details.get("whole"))


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
