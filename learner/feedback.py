"""What readers said of answers, in SQLite: a thumb is on disk before it is acknowledged."""

import sqlite3
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from knowledge.errors import SetupMissing

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS feedback(
    answer TEXT, session TEXT, thumb TEXT NOT NULL, reason TEXT NOT NULL, at TEXT NOT NULL,
    PRIMARY KEY (answer, session))
"""

Thumb = Literal["up", "down"]


@dataclass(frozen=True, slots=True)
class Feedback:
    """One reader's word on one answer."""

    answer: str  # the answer's id
    session: str
    thumb: Thumb
    reason: str
    at: datetime


class FeedbackStore:
    """The feedback below `home`; the latest word on an answer stands.

    Raises SetupMissing where it cannot be stored or read.
    """

    def __init__(self, home: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._file = home / "feedback.sqlite"
        self._clock = clock

    def add(self, answer: str, session: str, thumb: Thumb, reason: str = "") -> None:
        """Store a thumb; a later one on the same answer in the same session replaces it."""
        values = (answer, session, thumb, reason, self._clock().isoformat())
        with self._opened() as db:
            db.execute("INSERT OR REPLACE INTO feedback VALUES (?, ?, ?, ?, ?)", values)

    def all(self) -> list[Feedback]:
        """Return all feedback, the oldest first."""
        with self._opened() as db:
            rows = db.execute("SELECT answer, session, thumb, reason, at FROM feedback ORDER BY at, rowid").fetchall()
        return [Feedback(a, s, t, r, datetime.fromisoformat(at)) for a, s, t, r, at in rows]

    @contextmanager
    def _opened(self) -> Generator[sqlite3.Connection]:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._file, timeout=30)) as db:
                db.execute("PRAGMA journal_mode=WAL")
                db.execute(_SCHEMA)
                with db:
                    yield db
        except (OSError, sqlite3.Error) as error:
            remedy = "Free the disk, or name a writable folder with --home."
            raise SetupMissing(f"the feedback in {str(self._file)!r} cannot be used: {error}.", remedy) from error
