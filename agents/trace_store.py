"""The traces of answers: in SQLite below a folder, or in Postgres; each is on disk when it is stored.

SQLAlchemy is loaded with this module: import it late.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from agents.trace import Span, Trace
from agents.trace_tables import CONTENTS, SPANS, TEXTLESS, TRACES
from learner.database import Database

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_SPAN_FIELDS: Final = tuple(field.name for field in fields(Span))
_BATCH: Final = 400  # traces whose spans are asked for at once


class TraceStore:
    """Traces below the folder `where`, or at a Postgres URL. Safe from several threads and processes.

    All methods raise SetupMissing where the database cannot be used. An empty learner stands for all of them.
    """

    def __init__(self, where: Path | str) -> None:
        self._database = Database(where, CONTENTS)
        self._writing = Lock()  # threads take turns: SQLite lets one that waits for another sleep ever longer

    def add(self, trace: Trace) -> None:
        """Store a trace, without its texts where its learner keeps none; one of the same answer is replaced."""
        with self._writing, self._database.writing() as db:
            if _textless(db, trace.learner):
                trace = without_texts(trace)
            for table, column in ((SPANS, SPANS.c.trace), (TRACES, TRACES.c.id)):
                db.execute(delete(table).where(column == trace.id))
            db.execute(insert(TRACES), _row(trace))
            if trace.spans:
                rows = [{"trace": trace.id, "n": n, **asdict(span)} for n, span in enumerate(trace.spans)]
                db.execute(insert(SPANS), rows)

    def traces(self, learner: str = "", *, since: datetime | None = None, newest: int | None = None) -> list[Trace]:
        """Return traces, the newest first: those since a time, or only so many."""
        found = select(TRACES).order_by(TRACES.c.at.desc(), TRACES.c.id)
        if learner:
            found = found.where(TRACES.c.learner == learner)
        if since is not None:
            found = found.where(TRACES.c.at >= _microseconds(since))
        if newest is not None:
            found = found.limit(newest)
        with self._database.reading() as db:
            rows = db.execute(found).mappings().all()
            spans = _spans(db, [row["id"] for row in rows])
        return [_trace(row, spans.get(row["id"], ())) for row in rows]

    def trace(self, answer: str, learner: str = "") -> Trace | None:
        """Return the trace of one answer, or None where there is none of this learner's."""
        found = select(TRACES).where(TRACES.c.id == answer)
        if learner:
            found = found.where(TRACES.c.learner == learner)
        with self._database.reading() as db:
            row = db.execute(found).mappings().first()
            return None if row is None else _trace(row, _spans(db, [answer]).get(answer, ()))

    def keeps_texts(self, learner: str) -> bool:
        """Tell whether questions and answers of a learner are kept with their traces."""
        with self._database.reading() as db:
            return not _textless(db, learner)

    def keep_texts(self, learner: str, *, keep: bool) -> None:
        """Keep a learner's texts from now on, or keep none and erase those that there are."""
        with self._database.writing() as db:
            if keep:
                db.execute(delete(TEXTLESS).where(TEXTLESS.c.learner == learner))
            else:
                insert_one = postgresql.insert if db.dialect.name == "postgresql" else sqlite.insert
                db.execute(insert_one(TEXTLESS).values(learner=learner).on_conflict_do_nothing())
                _erase(db, [trace for (trace,) in db.execute(select(TRACES.c.id).where(TRACES.c.learner == learner))])
        if not keep:
            self._database.forget()

    def forget_session(self, learner: str, session: str) -> None:
        """Erase the texts of a session that its learner deletes; what its answers cost stays."""
        its = select(TRACES.c.id).where(TRACES.c.learner == learner, TRACES.c.session == session)
        with self._database.writing() as db:
            _erase(db, [trace for (trace,) in db.execute(its)])
        self._database.forget()

    def delete(self, learner: str = "") -> int:
        """Delete all traces of a learner, also from the file's free space; return how many there were."""
        its = select(TRACES.c.id).where(TRACES.c.learner == learner) if learner else select(TRACES.c.id)
        with self._database.writing() as db:
            db.execute(delete(SPANS).where(SPANS.c.trace.in_(its)))
            count = db.execute(delete(TRACES).where(TRACES.c.id.in_(its))).rowcount
        self._database.forget()
        return count

    def close(self) -> None:
        """Close the database; the next use opens it again."""
        self._database.close()


def without_texts(trace: Trace) -> Trace:
    """Return a trace that tells nothing of what was said."""
    return replace(trace, question="", text="", notices=(), spans=tuple(replace(s, detail="") for s in trace.spans))


def _textless(db: Connection, learner: str) -> bool:
    return db.execute(select(TEXTLESS.c.learner).where(TEXTLESS.c.learner == learner)).first() is not None


def _erase(db: Connection, traces: Sequence[str]) -> None:
    for start in range(0, len(traces), _BATCH):
        batch = traces[start : start + _BATCH]
        db.execute(update(TRACES).where(TRACES.c.id.in_(batch)).values(question="", text="", notices="[]"))
        db.execute(update(SPANS).where(SPANS.c.trace.in_(batch)).values(detail=""))


def _spans(db: Connection, traces: Sequence[str]) -> dict[str, list[Span]]:
    spans: dict[str, list[Span]] = {}
    for start in range(0, len(traces), _BATCH):
        found = (
            select(SPANS).where(SPANS.c.trace.in_(traces[start : start + _BATCH])).order_by(SPANS.c.trace, SPANS.c.n)
        )
        for row in db.execute(found).mappings():
            spans.setdefault(row["trace"], []).append(Span(**{field: row[field] for field in _SPAN_FIELDS}))
    return spans


def _trace(row: Mapping[Any, Any], spans: Sequence[Span]) -> Trace:
    read: dict[str, Any] = dict(row)
    read |= {"at": _EPOCH + row["at"] * _MICROSECOND, "notices": tuple(json.loads(row["notices"]))}
    return Trace(**read, spans=tuple(spans))


def _row(trace: Trace) -> dict[str, Any]:
    row = {field.name: getattr(trace, field.name) for field in fields(Trace) if field.name != "spans"}
    return row | {"at": _microseconds(trace.at), "notices": json.dumps(trace.notices, ensure_ascii=False)}


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND
