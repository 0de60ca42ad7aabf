"""The sessions of a reader as a list: to find, name and delete them.

SQLAlchemy is loaded late, with the desk's database.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from agents.desk import TABLES, Desk, stored_name
from knowledge.errors import SetupMissing, UserMistake

if TYPE_CHECKING:
    from sqlalchemy import Connection

LONGEST_NAME: Final = 120
LONGEST_QUERY: Final = 200

# The words of a turn are those of its question and of its answer.
_LISTED: Final = """
SELECT s.session_id AS name, json_extract(s.session_data, '$.session_name') AS title,
       COUNT(t.run_id) AS turns, MAX(t.created_at) AS at
FROM sessions s JOIN turns t ON t.session_id = s.session_id
WHERE s.user_id IS :reader AND (:words = '' OR title LIKE :words ESCAPE '\\' OR EXISTS (
    SELECT 1 FROM turns w WHERE w.session_id = s.session_id AND (
        json_extract(w.run_data, '$.content') LIKE :words ESCAPE '\\'
        OR json_extract(w.run_data, '$.messages[0].content') LIKE :words ESCAPE '\\')))
GROUP BY s.session_id ORDER BY at DESC, MAX(t.rowid) DESC LIMIT :limit OFFSET :skip
"""


@dataclass(frozen=True, slots=True)
class Listed:
    """One session in a list; `at` is when its last turn was answered, in seconds since 1970."""

    session: str
    title: str
    turns: int
    at: int


@dataclass(frozen=True, slots=True)
class Removed:
    """A session that was deleted, for as long as somebody holds it: it can be put back."""

    session: str
    rows: Mapping[str, Sequence[Mapping[str, Any]]]  # by table


def listed(desk: Desk, reader: str, *, words: str = "", limit: int = 30, skip: int = 0) -> list[Listed]:
    """Return a reader's sessions, the newest first; with words, those whose title or text holds them."""
    from sqlalchemy import text  # noqa: PLC0415 - loads late

    words = " ".join(words.split())[:LONGEST_QUERY]
    given = {
        "reader": reader or None, "words": f"%{_literal(words)}%" if words else "", "limit": limit, "skip": skip,
    }  # fmt: skip
    engine = desk.engine

    def found(_: object) -> list[Listed]:
        with engine.connect() as db:
            rows = db.execute(text(_LISTED), given).all()
        return [Listed(str(row.name).partition("\n")[0], row.title or "", row.turns, int(row.at or 0)) for row in rows]

    return desk.use(found)


def rename(desk: Desk, session: str, reader: str, title: str) -> None:
    """Give a session another title.

    Raises UserMistake for an empty or overlong one, and where this reader has no such session.
    """
    from agno.db.base import SessionType  # noqa: PLC0415 - loads late

    kept = " ".join(title.split())
    if not kept or len(kept) > LONGEST_NAME or not kept.isprintable():
        raise UserMistake(f"{title[:40]!r} is no title for a session.", f"Use 1 to {LONGEST_NAME} characters.")
    name = stored_name(session, reader)
    if desk.use(lambda db: db.rename_session(name, SessionType.AGENT, kept, user_id=reader or None)) is None:
        raise _unknown(session)


def title(desk: Desk, session: str, reader: str) -> str:
    """Return the title of a session.

    Raises UserMistake where this reader has no such session.
    """
    name, engine = stored_name(session, reader), desk.engine

    def found(_: object) -> str | None:
        with engine.connect() as db:
            what = "SELECT json_extract(session_data, '$.session_name') FROM sessions WHERE session_id = ?"
            row = db.exec_driver_sql(what, (name,)).first()
        return None if row is None else str(row[0] or "")

    kept = desk.use(found)
    if kept is None:
        raise _unknown(session)
    return kept


def delete(desk: Desk, session: str, reader: str) -> Removed:
    """Delete a session, also from the file's free space and its log; what is returned can be put back.

    Raises UserMistake where this reader has no such session.
    """
    name, engine = stored_name(session, reader), desk.engine

    def deleted(_: object) -> dict[str, list[Mapping[str, Any]]]:
        with engine.begin() as db:
            rows = {table: _rows(db, table, name) for table in TABLES}
            for table in reversed(TABLES):
                db.exec_driver_sql(f"DELETE FROM {table} WHERE session_id = ?", (name,))  # noqa: S608 - our own names
        with engine.connect() as db:
            is_busy = db.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar_one()
        if is_busy:
            said = "the session was deleted, but traces are left in the log of its file."
            raise SetupMissing(said, "Close the other programs that use it, then delete another one.")
        return rows

    rows = desk.use(deleted)
    if not rows["sessions"]:
        raise _unknown(session)
    return Removed(session, rows)


def put_back(desk: Desk, removed: Removed) -> None:
    """Store a session again that was deleted."""
    engine = desk.engine

    def stored(_: object) -> None:
        with engine.begin() as db:
            for table in TABLES:
                for row in removed.rows[table]:
                    columns = ", ".join(row)
                    marks = ", ".join("?" for _ in row)
                    statement = f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({marks})"  # noqa: S608 - our own names
                    db.exec_driver_sql(statement, tuple(row.values()))

    desk.use(stored)


def _rows(db: "Connection", table: str, name: str) -> list[Mapping[str, Any]]:
    found = db.exec_driver_sql(f"SELECT * FROM {table} WHERE session_id = ?", (name,))  # noqa: S608 - our own names
    return [dict(row) for row in found.mappings()]


def _literal(words: str) -> str:
    """Return words for LIKE in which nothing stands for anything else."""
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _unknown(session: str) -> UserMistake:
    return UserMistake(f"there is no session {session!r}.", "Choose one from the list.")


def take_back(desk: Desk, session: str, reader: str, turns: Sequence[str]) -> None:
    """Remove turns from a session, by their ids or the beginnings of these; the session stays."""
    name, engine = stored_name(session, reader), desk.engine

    def removed(_: object) -> None:
        with engine.begin() as db:
            for turn in turns:
                gone = "DELETE FROM turns WHERE session_id = ? AND substr(run_id, 1, ?) = ?"
                db.exec_driver_sql(gone, (name, len(turn), turn))

    desk.use(removed)
