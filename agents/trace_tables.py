"""The tables that traces are kept in, the same in SQLite and Postgres."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, MetaData, Table, Text

from learner.database import Contents
from learner.tables import about

METADATA: Final = MetaData()
ABOUT: Final = about(METADATA)

# Times are microseconds since 1970 in UTC.
TRACES: Final = Table(
    "traces",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("learner", Text, nullable=False),
    Column("session", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("journey", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("rung", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("question", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("abstained", Boolean, nullable=False),
    Column("evidence_s", Double, nullable=True),
    Column("first_token_s", Double, nullable=True),
    Column("notices", Text, nullable=False),  # a JSON list
    Index("traces_by_time", "learner", "at"),
)

SPANS: Final = Table(
    "trace_spans",
    METADATA,
    Column("trace", Text, primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("began_s", Double, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("parent", Integer, nullable=True),
    Column("agent", Text, nullable=False),
    Column("is_failed", Boolean, nullable=False),
    Column("detail", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("rung", Text, nullable=True),
    Column("prompt_tokens", Integer, nullable=False),
    Column("completion_tokens", Integer, nullable=False),
    Column("first_token_s", Double, nullable=True),
)

# Who does not want texts to be kept.
TEXTLESS: Final = Table("trace_textless", METADATA, Column("learner", Text, primary_key=True))

CONTENTS: Final = Contents("traces", "traces.sqlite", METADATA, key="traces", schema=1)
