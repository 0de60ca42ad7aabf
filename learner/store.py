"""The attempts of all learners: each is on disk before it is acknowledged, and no learner sees another's.

SQLAlchemy is loaded with this module: import it late.
"""

import secrets
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

from sqlalchemy import Connection, Row, delete, func, insert, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from knowledge.errors import UserMistake
from learner.attempt import Amendment, Attempt, Grader, amended
from learner.check import check, name, shown
from learner.database import Database
from learner.tables import AMENDMENTS, ATTEMPTS, LEARNERS

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_FIELDS: Final = tuple(field.name for field in fields(Attempt))
_AT: Final = _FIELDS.index("at")
_WHOLE: Final = select(*(ATTEMPTS.c[field] for field in _FIELDS))
_LIGHT: Final = select(*(literal("") if field in {"response", "item"} else ATTEMPTS.c[field] for field in _FIELDS))
_BATCH: Final = 500

Entry = tuple[Attempt, Sequence[Amendment]]  # an attempt as it was first graded, with its later verdicts
Fate = Literal["added", "known", "differs"]  # "differs": the id stands for an attempt that says otherwise


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a learner's record has come: it differs from an earlier one where anything was stored or deleted."""

    born: str = ""
    changes: int = 0


class AttemptStore:
    """Attempts in SQLite below the folder `where`, or in Postgres where it is a URL.

    Safe from several threads and from several processes at once. All methods raise SetupMissing where the database
    cannot be used, and UserMistake for a learner's name that is none.
    """

    def __init__(self, where: Path | str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database = Database(where)
        self._clock = clock

    def add(self, attempt: Attempt) -> None:
        """Store an attempt; it is on disk when this returns.

        Raises UserMistake for one that cannot be stored or is stored already.
        """
        with self.adding(attempt.learner) as add:
            if add([(attempt, ())]) != ["added"]:
                raise UserMistake(f"the attempt {attempt.id!r} is stored already.", "Give each attempt its own id.")

    @contextmanager
    def adding(self, learner: str) -> Generator[Callable[[Sequence[Entry]], list[Fate]]]:
        """Give a function that stores entries as the learner's; all are kept once the block ends, or none.

        The function returns what became of each; the amendments of a known attempt are added to it.
        """
        kept = name(learner)
        with self._database.writing() as db:
            yield partial(_store, db, kept)

    def amend(self, attempt: str, learner: str, *, correct: bool, grader: Grader = "learner") -> None:
        """Store a later verdict on an attempt; the first one is kept beside it.

        Raises UserMistake where this learner has no such attempt.
        """
        kept = name(learner)
        with self._database.writing() as db:
            change = _take_turn(db, kept)
            if attempt not in _known(db, kept, [attempt]):
                remedy = "Name an attempt of this learner."
                raise UserMistake(f"{kept!r} has no attempt {shown(attempt)}.", remedy)
            _amend(db, kept, [(attempt, Amendment(correct, grader, self._clock()))], change)

    def attempts(
        self,
        learner: str,
        *,
        concept: str = "",
        since: datetime | None = None,
        after: int = 0,
        until: int | None = None,
        newest: int | None = None,
        whole: bool = True,
    ) -> list[Attempt]:
        """Return a learner's attempts with the verdicts that stand, the oldest first.

        Those on one concept, not before a time, after one change until another (see `mark`), or only the newest few.
        Without `whole` the responses and items are left empty, which is quicker.
        """
        kept = name(learner)
        found = (_WHOLE if whole else _LIGHT).where(ATTEMPTS.c.learner == kept)
        if concept:
            found = found.where(ATTEMPTS.c.concept == concept)
        if since is not None:
            found = found.where(ATTEMPTS.c.at >= _microseconds(since))
        if after:
            found = found.where(ATTEMPTS.c.change > after)
        if until is not None:
            found = found.where(ATTEMPTS.c.change <= until)
        if newest is None:
            found = found.order_by(ATTEMPTS.c.at, ATTEMPTS.c.change)
        else:
            found = found.order_by(ATTEMPTS.c.at.desc(), ATTEMPTS.c.change.desc()).limit(newest)
        with self._database.reading() as db:
            rows = db.execute(found).all()
            amendments = _amendments(db, kept)
        attempts = [_attempt(row) for row in rows]
        if newest is not None:
            attempts.reverse()
        return [
            amended(attempt, amendments[attempt.id]) if attempt.id in amendments else attempt for attempt in attempts
        ]

    def attempt(self, attempt: str, learner: str) -> Attempt | None:
        """Return one attempt with the verdict that stands, or None where this learner has none of this id."""
        kept = name(learner)
        found = _WHOLE.where(ATTEMPTS.c.learner == kept, ATTEMPTS.c.id == attempt)
        with self._database.reading() as db:
            row = db.execute(found).first()
            return None if row is None else amended(_attempt(row), _amendments(db, kept, [attempt]).get(attempt, ()))

    def history(self, learner: str) -> Iterator[Entry]:
        """Yield each attempt as it was first graded, with its amendments, in the order of storing."""
        kept = name(learner)
        after = 0
        while True:
            page = _WHOLE.add_columns(ATTEMPTS.c.change)
            page = page.where(ATTEMPTS.c.learner == kept, ATTEMPTS.c.change > after).order_by(ATTEMPTS.c.change)
            with self._database.reading() as db:
                rows = db.execute(page.limit(_BATCH)).all()
                amendments = _amendments(db, kept, [row.id for row in rows])
            if not rows:
                return
            after = rows[-1].change
            yield from ((_attempt(row[:-1]), tuple(amendments.get(row.id, ()))) for row in rows)

    def mark(self, learner: str) -> Mark:
        """Return how far the learner's record has come."""
        kept = name(learner)
        with self._database.reading() as db:
            row = db.execute(select(LEARNERS.c.born, LEARNERS.c.changes).where(LEARNERS.c.name == kept)).first()
        return Mark() if row is None else Mark(row.born, row.changes)

    def amended_after(self, learner: str, change: int) -> set[str]:
        """Return the ids of the attempts that were amended after a change (see `mark`)."""
        found = select(AMENDMENTS.c.attempt).where(AMENDMENTS.c.learner == name(learner), AMENDMENTS.c.change > change)
        with self._database.reading() as db:
            return set(db.execute(found).scalars())

    def recent_facts(self, learner: str, limit: int = 100) -> list[str]:
        """Return the facts the learner was last asked, the latest first, each once."""
        last = func.max(ATTEMPTS.c.at)
        found = select(ATTEMPTS.c.fact).where(ATTEMPTS.c.learner == name(learner), ATTEMPTS.c.fact != "")
        with self._database.reading() as db:
            return list(db.execute(found.group_by(ATTEMPTS.c.fact).order_by(last.desc()).limit(limit)).scalars())

    def learners(self) -> list[str]:
        """Return the names of those who have attempts, in alphabetical order."""
        with self._database.reading() as db:
            return sorted(db.execute(select(LEARNERS.c.name)).scalars())

    def delete(self, learner: str) -> int:
        """Delete all that is stored of a learner, also from the file's free space; return how many attempts it was."""
        kept = name(learner)
        with self._database.writing() as db:
            db.execute(delete(AMENDMENTS).where(AMENDMENTS.c.learner == kept))
            attempts = db.execute(delete(ATTEMPTS).where(ATTEMPTS.c.learner == kept)).rowcount
            db.execute(delete(LEARNERS).where(LEARNERS.c.name == kept))
        self._database.forget()
        return attempts

    def close(self) -> None:
        """Close the database; the next use opens it again."""
        self._database.close()


def _store(db: Connection, learner: str, entries: Sequence[Entry]) -> list[Fate]:
    for attempt, _ in entries:
        check(attempt)
    change = _take_turn(db, learner)
    known = _known(db, learner, [attempt.id for attempt, _ in entries])
    fates: list[Fate] = []
    rows: list[dict[str, Any]] = []
    verdicts: list[tuple[str, Amendment]] = []
    for attempt, amendments in entries:
        said = (attempt.concept, attempt.correct)
        if attempt.id not in known:
            rows.append(_row(attempt) | {"learner": learner, "change": change + len(rows) + 1})
            known[attempt.id] = said
            fates.append("added")
        else:
            fates.append("known" if known[attempt.id] == said else "differs")
        if fates[-1] != "differs":
            verdicts += [(attempt.id, amendment) for amendment in amendments]
    if rows:
        db.execute(insert(ATTEMPTS), rows)
    _amend(db, learner, verdicts, change + len(rows))
    return fates


def _amend(db: Connection, learner: str, verdicts: Sequence[tuple[str, Amendment]], change: int) -> None:
    """Add the verdicts that are new, numbered after a change, and end the learner's turn."""
    there = _amendments(db, learner, {attempt for attempt, _ in verdicts})
    told = {(attempt, verdict.at) for attempt, given in there.items() for verdict in given}
    new = {(attempt, verdict.at): verdict for attempt, verdict in verdicts if (attempt, verdict.at) not in told}
    rows = [
        {"learner": learner, "attempt": attempt, "at": _microseconds(at), "change": change + n}
        | {"correct": verdict.correct, "grader": verdict.grader}
        for n, ((attempt, at), verdict) in enumerate(new.items(), 1)
    ]
    if rows:
        db.execute(insert(AMENDMENTS), rows)
    db.execute(update(LEARNERS).where(LEARNERS.c.name == learner).values(changes=change + len(rows)))


def _take_turn(db: Connection, learner: str) -> int:
    """Return the learner's last change, and keep others from the learner's row until the transaction ends."""
    insert_one = postgresql.insert if db.dialect.name == "postgresql" else sqlite.insert
    row = insert_one(LEARNERS).values(name=learner, born=secrets.token_hex(8), changes=0)
    row = row.on_conflict_do_update(index_elements=["name"], set_={"name": learner})
    return db.execute(row.returning(LEARNERS.c.changes)).scalar_one()


def _known(db: Connection, learner: str, ids: Sequence[str]) -> dict[str, tuple[str, bool]]:
    found = select(ATTEMPTS.c.id, ATTEMPTS.c.concept, ATTEMPTS.c.correct).where(ATTEMPTS.c.learner == learner)
    return {row.id: (row.concept, row.correct) for row in db.execute(found.where(ATTEMPTS.c.id.in_(ids)))}


def _amendments(db: Connection, learner: str, attempts: Collection[str] | None = None) -> dict[str, list[Amendment]]:
    found = select(AMENDMENTS).where(AMENDMENTS.c.learner == learner).order_by(AMENDMENTS.c.at)
    if attempts is not None:
        found = found.where(AMENDMENTS.c.attempt.in_(attempts))
    amendments: dict[str, list[Amendment]] = {}
    for row in db.execute(found):
        amendments.setdefault(row.attempt, []).append(Amendment(row.correct, row.grader, _time(row.at)))
    return amendments


def _attempt(row: Row[Any] | tuple[Any, ...]) -> Attempt:
    values: list[Any] = [*row]
    values[_AT] = _time(values[_AT])
    return Attempt(*values)


def _row(attempt: Attempt) -> dict[str, Any]:
    return {field: getattr(attempt, field) for field in _FIELDS} | {"at": _microseconds(attempt.at)}


def _time(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND
