"""The tables that attempts are kept in, the same in SQLite and Postgres."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, MetaData, Table, Text

SCHEMA: Final = 1  # rises with every change that an older program could not read

METADATA: Final = MetaData()


def about(metadata: MetaData) -> Table:
    """Return the table that tells which versions of which tables there are."""
    return Table("about", metadata, Column("key", Text, primary_key=True), Column("value", Text, nullable=False))


ABOUT: Final = about(METADATA)

# `changes` rises by one with each row that is added for the learner, which carries it as its `change`; `born` tells one
# who was deleted and came back from the one before.
LEARNERS: Final = Table(
    "learners",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("born", Text, nullable=False),
    Column("changes", BigInteger, nullable=False),
)

# An attempt as it was first graded. Its id is unique within one learner, so that two may import the same file.
# Times are microseconds since 1970 in UTC: exact, and in one order whatever a server's collation.
ATTEMPTS: Final = Table(
    "attempts",
    METADATA,
    Column("learner", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("change", BigInteger, nullable=False),
    Column("concept", Text, nullable=False),
    Column("correct", Boolean, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("item_id", Text, nullable=False),
    Column("fact", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("level", Integer, nullable=False),
    Column("origin", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("response", Text, nullable=False),
    Column("score", Double, nullable=False),
    Column("hints", Integer, nullable=False),
    Column("seconds", Double, nullable=True),
    Column("grader", Text, nullable=False),
    Column("quiz", Text, nullable=False),
    Column("item", Text, nullable=False),
    Index("attempts_by_change", "learner", "change"),
    Index("attempts_by_time", "learner", "at"),
    Index("attempts_by_concept", "learner", "concept", "at"),
)

# Later verdicts; the last one stands.
AMENDMENTS: Final = Table(
    "amendments",
    METADATA,
    Column("learner", Text, primary_key=True),
    Column("attempt", Text, primary_key=True),
    Column("at", BigInteger, primary_key=True),
    Column("change", BigInteger, nullable=False),
    Column("correct", Boolean, nullable=False),
    Column("grader", Text, nullable=False),
    Index("amendments_by_change", "learner", "change"),
)
