"""The catalogue of an index: which files were read, their passages, and full-text search over them (SQLite FTS5).

It is also the journal for the vectors: a passage is `embedded` only once its vector is stored, and the id of a vector
that may be stored without being wanted is `stale` until it is removed, so that a process killed at any moment leaves
nothing that the next start cannot finish.
"""

import hashlib
import json
import sqlite3
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from pathlib import Path
from threading import local
from typing import Any, Final, cast
from weakref import WeakSet

from filelock import FileLock

from knowledge.errors import SetupMissing
from knowledge.fulltext import FullText
from knowledge.language import stem, stems
from knowledge.note import Document, Problem
from knowledge.reader import Reading
from knowledge.vocabulary import Language

FORMAT: Final = 4  # of the file and of what is read from notes; an index of another format is another index
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS file(
    number INTEGER PRIMARY KEY, path TEXT UNIQUE NOT NULL, stamp TEXT NOT NULL, hash TEXT NOT NULL,
    document TEXT, problems TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS passage(
    number INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, path TEXT NOT NULL, heading TEXT NOT NULL,
    start INTEGER NOT NULL, end INTEGER NOT NULL, text TEXT NOT NULL, language TEXT NOT NULL, lookup TEXT NOT NULL,
    entry INTEGER NOT NULL, embedded INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS passage_path ON passage(path);
CREATE INDEX IF NOT EXISTS passage_pending ON passage(entry DESC, number) WHERE embedded = 0;
CREATE TABLE IF NOT EXISTS stale(id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS generation(files INTEGER NOT NULL, vectors INTEGER NOT NULL);
INSERT INTO generation SELECT 0, 0 WHERE NOT EXISTS (SELECT 1 FROM generation);
"""
_COLUMNS: Final = ("id", "path", "heading", "start", "end", "text", "language", "lookup", "entry")

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """A stored passage; `id` depends on what it says and in which file, not on where it stands there."""

    id: str
    path: str
    heading: str
    start: int
    end: int
    text: str
    language: Language
    lookup: str
    entry: bool


_values: Final = attrgetter(*_COLUMNS)


class _Connection(sqlite3.Connection):
    """A connection that can be held weakly."""


class Catalog:
    """The SQLite side of an index. Readers never block the writer, nor does a thread see what another has half done.

    Every method raises SetupMissing where the file cannot be opened, read or written.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._mine = local()  # a connection for each thread: one that is shared aborts queries while it writes
        self._all: WeakSet[_Connection] = WeakSet()  # those of ended threads are gone
        self._words_of_passages = FullText(self._run, "passage_words")
        self._words_of_files = FullText(self._run, "file_words")
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    @property
    def _db(self) -> "_Connection":
        connection: _Connection | None = getattr(self._mine, "connection", None)
        if connection is None:
            try:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                connection = sqlite3.connect(
                    self._file, timeout=30, isolation_level=None, check_same_thread=False, factory=_Connection
                )
                connection.execute("PRAGMA synchronous=NORMAL")
            except (OSError, sqlite3.Error) as error:
                raise self._failure(error) from error
            self._mine.connection = connection
            self._all.add(connection)
        return connection

    def _prepare(self) -> None:
        if self._version() == FORMAT:
            return
        try:
            # SQLite does not wait for another process to change the journal's mode, but says that the file is locked.
            with FileLock(f"{self._file}-lock"):
                self._make()
        except OSError as error:
            raise self._failure(error) from error

    def _make(self) -> None:
        """Make the tables, unless another process has made them in the meantime."""
        version = self._version()
        if version == FORMAT:
            return
        if version != 0:
            remedy = f"Delete the folder {str(self._file.parent)!r}: it is rebuilt from the notes."
            raise SetupMissing(f"the index {str(self._file)!r} has format {version}, not {FORMAT}.", remedy)
        self._run("PRAGMA journal_mode=WAL")
        with self.transaction():
            for statement in _SCHEMA.split(";\n"):
                self._run(statement)
            self._words_of_passages.create()
            self._words_of_files.create()
            self._run(f"PRAGMA user_version={FORMAT}")

    def _version(self) -> int:
        return int(self._run("PRAGMA user_version")[0][0])

    def close(self) -> None:
        """Close the file, for all threads."""
        self._mine = local()
        for connection in list(self._all):
            connection.close()

    @contextmanager
    def transaction(self) -> Generator[None]:
        """Make what happens inside one step: all of it or nothing."""
        self._run("BEGIN IMMEDIATE")
        try:
            yield
            self._run("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # a full disk has ended it already
                self._run("ROLLBACK")
            raise

    def stamps(self) -> dict[str, tuple[str, str]]:
        """Return each file's stamp and content hash."""
        return {path: (stamp, digest) for path, stamp, digest in self._run("SELECT path, stamp, hash FROM file")}

    def restamp(self, path: str, stamp: str) -> None:
        """Note that a file was touched without being changed."""
        self._run("UPDATE file SET stamp = ? WHERE path = ?", (stamp, path))

    def put(self, path: str, stamp: str, digest: str, reading: Reading) -> None:
        """Replace all that is known of a file; unchanged passages keep their vectors."""
        passages = {passage.id: passage for passage in _passages(path, reading)}
        stems_of = {passage.id: stems(f"{passage.heading} {passage.lookup}") for passage in passages.values()}
        old = {
            passage_id: (number, words)
            for number, passage_id, *words in self._run(
                "SELECT number, id, heading, text FROM passage WHERE path = ?", (path,)
            )
        }
        self._forget({i: number for i, (number, _) in old.items() if i not in passages})
        for passage in passages.values():
            number, words = old.get(passage.id, (None, None))
            if number is None:
                number = self._insert(passage)
            else:
                places = ", ".join(f"{column} = ?" for column in _COLUMNS)
                self._run(f"UPDATE passage SET {places} WHERE number = ?", (*_values(passage), number))  # noqa: S608 - fixed names
            if words != [passage.heading, passage.text]:
                self._words_of_passages.put(number, stems_of[passage.id])
        document = reading.document.model_dump_json() if reading.document else None
        problems = [(p.line, p.message, p.remedy, p.severity) for p in reading.problems]
        stored = json.dumps(problems) if problems else ""
        ((file_number,),) = self._run(
            "INSERT INTO file(path, stamp, hash, document, problems) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT(path) DO UPDATE SET stamp = excluded.stamp, hash = excluded.hash, "
            "document = excluded.document, problems = excluded.problems RETURNING number",
            (path, stamp, digest, document, stored),
        )
        self._words_of_files.put(file_number, chain.from_iterable(stems_of.values()))
        self._run("UPDATE generation SET files = files + 1")

    def remove(self, path: str) -> None:
        """Forget a file."""
        self._forget(dict(self._run("SELECT id, number FROM passage WHERE path = ?", (path,))))
        for (number,) in self._run("DELETE FROM file WHERE path = ? RETURNING number", (path,)):
            self._words_of_files.remove(number)
        self._run("UPDATE generation SET files = files + 1")

    def _insert(self, passage: Passage) -> int:
        marks = ", ".join("?" * len(_COLUMNS))
        sql = f"INSERT INTO passage({', '.join(_COLUMNS)}) VALUES ({marks}) RETURNING number"  # noqa: S608 - fixed names
        return int(self._run(sql, _values(passage))[0][0])

    def _forget(self, numbers: dict[str, int]) -> None:
        for number in numbers.values():
            self._words_of_passages.remove(number)
        self._run_each("DELETE FROM passage WHERE number = ?", [(n,) for n in numbers.values()])
        self._run_each("INSERT OR IGNORE INTO stale VALUES (?)", [(i,) for i in numbers])

    def documents(self) -> list[Document]:
        """Return what was read of each file, in the order of their paths."""
        found = self._run("SELECT document FROM file WHERE document IS NOT NULL ORDER BY path")
        return [Document.model_validate_json(document) for (document,) in found]

    def problems(self) -> list[Problem]:
        """Return what was wrong with any file."""
        found = self._run("SELECT path, problems FROM file WHERE problems <> '' ORDER BY path")
        return [Problem(Path(path), *problem) for path, problems in found for problem in json.loads(problems)]

    def pending(self, limit: int) -> list[Passage]:
        """Return passages whose vectors are not stored yet."""
        return self._found("WHERE embedded = 0 ORDER BY entry DESC, number LIMIT ?", (limit,))

    def mark_storing(self, ids: Sequence[str]) -> None:
        """Note that these vectors may be stored from now on; unless they are marked as embedded, they have to go."""
        with self.transaction():
            self._run_each("INSERT OR IGNORE INTO stale VALUES (?)", [(i,) for i in ids])

    def mark_embedded(self, ids: Sequence[str]) -> None:
        """Note that the vectors of these passages are stored."""
        with self.transaction():
            self._run_each("DELETE FROM stale WHERE id = ?", [(i,) for i in ids])
            self._run_each("UPDATE passage SET embedded = 1 WHERE id = ?", [(i,) for i in ids])
            self._run("UPDATE generation SET vectors = vectors + 1")

    def mark_lost(self) -> None:
        """Note that no vector is stored any more."""
        with self.transaction():
            self._run("DELETE FROM stale")
            self._run("UPDATE passage SET embedded = 0")
            self._run("UPDATE generation SET vectors = vectors + 1")

    def stale(self) -> list[str]:
        """Return the ids whose vectors have to go."""
        return [i for (i,) in self._run("SELECT id FROM stale")]

    def mark_removed(self, ids: Sequence[str]) -> None:
        """Note that these vectors are gone."""
        with self.transaction():
            self._run_each("DELETE FROM stale WHERE id = ?", [(i,) for i in ids])
            self._run("UPDATE generation SET vectors = vectors + 1")

    def counts(self) -> tuple[int, int]:
        """Return the number of passages and how many of them have their vector."""
        total, pending = self._run(
            "SELECT (SELECT count(*) FROM passage), (SELECT count(*) FROM passage WHERE embedded = 0)"
        )[0]
        return int(total), int(total) - int(pending)

    def generation(self) -> tuple[int, int]:
        """Return two numbers: one grows with each change of the files, one with each change of the vectors."""
        return cast("tuple[int, int]", self._run("SELECT files, vectors FROM generation")[0])

    def passages(self, ids: Sequence[str]) -> dict[str, Passage]:
        """Return passages by id."""
        return {p.id: p for p in self._found(f"WHERE id IN ({_marks(ids)})", ids)}

    def all_passages(self) -> list[Passage]:
        """Return every passage, in the order of their files."""
        return self._found("ORDER BY path, start", ())

    def entries(self, paths: Sequence[str]) -> list[Passage]:
        """Return the passages that say what the notes in these files are about as a whole."""
        return self._found(f"WHERE entry = 1 AND path IN ({_marks(paths)})", paths)

    def words(self, wanted: Sequence[str], limit: int, of: Sequence[str] = ()) -> dict[str, float]:
        """Return the best passages by BM25 for these terms, as id -> share of the most they could reach (0 to 1).

        `of` are terms that they stand for: where those weigh more, the share is of their weight.
        """
        found = self._shares(self._words_of_passages, wanted, limit, of)
        ids = dict(self._run(f"SELECT number, id FROM passage WHERE number IN ({_marks([*found])})", [*found]))  # noqa: S608 - marks
        return {ids[number]: share for number, share in found.items() if number in ids}

    def words_of_files(self, wanted: Sequence[str], limit: int, of: Sequence[str] = ()) -> dict[str, float]:
        """Return the best files as wholes, as path -> share; the rest is as for `words`."""
        found = self._shares(self._words_of_files, wanted, limit, of)
        paths = dict(self._run(f"SELECT number, path FROM file WHERE number IN ({_marks([*found])})", [*found]))  # noqa: S608 - marks
        return {paths[number]: share for number, share in found.items() if number in paths}

    def unknown_share(self, asked: Sequence[str]) -> float:
        """Return which share of the weight of some terms is that of terms that no passage holds (0 to 1)."""
        files, _ = self.generation()
        return self._words_of_passages.unknown_share(_stems(asked), files)

    def size(self) -> int:
        """Return the number of passages, remembered until the files change."""
        files, _ = self.generation()
        return self._words_of_passages.total(files)

    def _shares(self, index: FullText, wanted: Sequence[str], limit: int, of: Sequence[str]) -> dict[int, float]:
        files, _ = self.generation()
        return index.shares(_stems(wanted), files, limit, _stems(of))

    def _found(self, condition: str, values: Sequence[object]) -> list[Passage]:
        found = self._run(f"SELECT {', '.join(_COLUMNS)} FROM passage {condition}", values)  # noqa: S608 - conditions stand above
        return [Passage(*row[:-1], entry=bool(row[-1])) for row in found]

    def _run(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        try:
            return self._db.execute(sql, tuple(values)).fetchall()
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def _run_each(self, sql: str, rows: Iterable[Row]) -> None:
        try:
            self._db.executemany(sql, rows)
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def _failure(self, error: Exception) -> SetupMissing:
        broken = ("SQLITE_NOTADB", "SQLITE_CORRUPT", "SQLITE_ERROR", "SQLITE_IOERR_SHORT_READ")
        if getattr(error, "sqlite_errorname", "").startswith(broken):
            remedy = f"Delete the folder {str(self._file.parent)!r}: it is rebuilt from the notes."
        else:
            remedy = "Free the disk or name a writable folder with --home."
        return SetupMissing(f"the index {str(self._file)!r} cannot be used: {error}.", remedy)


def _stems(asked: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(map(stem, asked)))


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))


def _passages(path: str, reading: Reading) -> Iterator[Passage]:
    seen: dict[str, int] = {}
    for excerpt in reading.excerpts:
        digest = hashlib.sha256(f"{path}\0{excerpt.language}\0{excerpt.lookup}".encode()).hexdigest()[:24]
        seen[digest] = seen.get(digest, -1) + 1
        yield Passage(
            f"{digest}-{seen[digest]}", path, excerpt.heading, excerpt.start, excerpt.end, excerpt.text,
            excerpt.language, excerpt.lookup, excerpt.entry,
        )  # fmt: skip
