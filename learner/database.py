"""A database of ours, as the one that attempts are kept in: SQLite in a folder, or a Postgres server.

What a transaction wrote is on disk when it ends. SQLAlchemy is loaded with this module: import it late.
"""

import sqlite3
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, MetaData, create_engine, event, insert, inspect, make_url, select, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from knowledge.errors import SetupMissing, UserMistake
from learner.tables import ABOUT, METADATA, SCHEMA

FILE: Final = "learner.sqlite"
_WAIT_S: Final = 30  # for another process's write, and for a server's answer
_FORGET_MS: Final = 3000
_CREATION_LOCK: Final = 4_207_849_484  # any number that no other program's advisory lock on the server is likely to use
_PRAGMAS: Final = (
    f"PRAGMA busy_timeout={_WAIT_S * 1000}",
    "PRAGMA synchronous=FULL",  # a commit waits for the disk
    "PRAGMA secure_delete=ON",  # what is deleted is overwritten
)


@dataclass(frozen=True, slots=True)
class Contents:
    """What a database holds: its name for people, its file, and its tables with their version."""

    what: str
    file: str
    metadata: MetaData
    key: str  # under which the version stands: several share a server
    schema: int


ATTEMPTS: Final = Contents("attempts", FILE, METADATA, key="schema", schema=SCHEMA)


class Database:
    """Opens on first use; safe from several threads, and from several processes at once.

    Raises UserMistake for an address that is none, SetupMissing where the database cannot be used.
    """

    def __init__(self, where: Path | str, contents: Contents = ATTEMPTS) -> None:
        self._contents = contents
        self._url = _url(where, contents)
        self._opening = threading.Lock()
        self._engine: Engine | None = None

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file of ours."""
        return self._url.get_backend_name() == "sqlite"

    @contextmanager
    def reading(self) -> Generator[Connection]:
        """Give a connection that sees one state of the database."""
        with self._translated(), self._opened().connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Generator[Connection]:
        """Give a connection whose writes are all kept, on disk, once the block ends; or none, where it raises."""
        with self._translated(), _writing(self._opened()) as connection:
            yield connection

    def forget(self) -> None:
        """Empty SQLite's log, which still holds what was deleted.

        Raises SetupMissing where another program reads on and on, so that it cannot be emptied.
        """
        if not self.is_sqlite:
            return
        with self._translated(), self._opened().connect() as connection:
            raw: Any = connection.connection.driver_connection
            raw.execute(f"PRAGMA busy_timeout={_FORGET_MS}").close()
            is_busy = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            raw.execute(_PRAGMAS[0]).close()
        if is_busy:
            said = f"all was deleted, but traces are left in the log of {str(self._url.database)!r}."
            raise SetupMissing(said, "Close the other programs that use it, and delete again.")

    def close(self) -> None:
        """Close the connections; the next use opens it again."""
        with self._opening:
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None

    def _opened(self) -> Engine:
        with self._opening:
            if self._engine is None:
                if self.is_sqlite and self._url.database:
                    Path(self._url.database).parent.mkdir(parents=True, exist_ok=True)
                engine = _engine(self._url)
                try:
                    _prepare(engine, self._contents)
                except BaseException:
                    engine.dispose()
                    raise
                self._engine = engine
            return self._engine

    @contextmanager
    def _translated(self) -> Generator[None]:
        try:
            yield
        except ImportError as error:
            remedy = "Install it with: pip install 'psycopg[binary]>=3.2'. Or leave the URL out: SQLite needs nothing."
            raise SetupMissing(f"the driver for Postgres is missing: {error}.", remedy) from error
        except (OSError, SQLAlchemyError) as error:
            remedy = (
                "Free the disk, or name a writable folder with --home."
                if self.is_sqlite
                else "Start the server, or correct its URL."
            )
            raise SetupMissing(
                f"the {self._contents.what} in {self._shown()!r} cannot be used: {self._said(error)}.", remedy
            ) from (
                None if self._url.password else error  # a driver's error may repeat what it was given
            )

    def _shown(self) -> str:
        url = self._url
        if self.is_sqlite:
            return str(url.database)
        return f"postgresql://{url.host or 'localhost'}{f':{url.port}' if url.port else ''}/{url.database or ''}"

    def _said(self, error: Exception) -> str:
        said = str(getattr(error, "orig", None) or error).strip() or type(error).__name__
        said = said.splitlines()[0].rstrip(".")
        return said.replace(str(self._url.password), "***") if self._url.password else said


def _url(where: Path | str, contents: Contents) -> URL:
    if isinstance(where, Path) or "://" not in where:
        return URL.create("sqlite+pysqlite", database=str(Path(where).expanduser() / contents.file))
    scheme = where.split("://", 1)[0]
    if scheme not in {"postgresql", "postgres", "postgresql+psycopg"}:
        remedy = "Use postgresql://user:password@host/database, or leave it out for SQLite."
        raise UserMistake(f"{contents.what} cannot be kept at {scheme + '://…'!r}.", remedy)
    remedy = "Use postgresql://user:password@host/database; in the password write @ as %40, / as %2F and : as %3A."
    try:
        url = make_url(where)
    except (ArgumentError, ValueError):
        raise UserMistake("the URL of the learners' database cannot be read.", remedy) from None
    if "@" in (url.host or ""):
        raise UserMistake("the URL of the learners' database holds more than one '@'.", remedy)
    return url.set(drivername="postgresql+psycopg")


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"timeout": _WAIT_S}, hide_parameters=True)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    timeouts = {"connect_timeout": _WAIT_S, "client_encoding": "utf8"}
    engine = create_engine(url, connect_args=timeouts, pool_pre_ping=True, hide_parameters=True)
    event.listen(engine, "connect", _prepare_postgres)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own
    connection.isolation_level = None  # transactions begin where we say, not at the first write
    for pragma in _PRAGMAS:
        connection.execute(pragma).close()
    until = time.monotonic() + _WAIT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
            return
        except sqlite3.OperationalError as error:
            # The first to open a new file turns it into one with a log; SQLite lets the others fail at once, not wait.
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)


def _begin_sqlite(connection: Connection) -> None:
    # A reader that turns into a writer would fail at once where another has written since; a writer says so first.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _prepare_postgres(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own
    connection.autocommit = True
    connection.execute("SET synchronous_commit TO on")  # whatever the server's default: a commit waits for the disk
    connection.autocommit = False


@contextmanager
def _writing(engine: Engine) -> Generator[Connection]:
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        yield connection


def _prepare(engine: Engine, contents: Contents) -> None:
    """Make the tables where there are none; raise SetupMissing for those of another version."""
    with engine.connect() as connection, connection.begin():
        found = _schema(connection, contents)
    if found is None:  # only then does it wait for others who write
        with _writing(engine) as connection:
            found = _made(connection, contents)
    if found != str(contents.schema):
        said = f"the {contents.what} were stored in schema {found!r}; this program reads {contents.schema}."
        raise SetupMissing(said, "Update it.")


def _schema(connection: Connection, contents: Contents) -> str | None:
    if not inspect(connection).has_table(ABOUT.name):
        return None
    return connection.execute(select(ABOUT.c.value).where(ABOUT.c.key == contents.key)).scalar()


def _made(connection: Connection, contents: Contents) -> str:
    """Make the tables, unless another process has just done so; return their schema."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _CREATION_LOCK})
    found = _schema(connection, contents)
    if found is None:
        contents.metadata.create_all(connection)
        connection.execute(insert(ABOUT).values(key=contents.key, value=str(contents.schema)))
    return found or str(contents.schema)
