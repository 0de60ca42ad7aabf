"""The catalogue of an index: which files were read, their passages, and full-text search over them (SQLite FTS5).

It is also the journal for the vectors: a passage is `embedded` only once its vector is stored, and a vector is
forgotten only once it is removed, so that a process killed at any moment leaves nothing that the next start cannot
finish.
"""

import hashlib
import math
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from knowledge.errors import SetupMissing
from knowledge.language import content_terms, terms
from knowledge.note import Document, Problem
from knowledge.reader import Reading
from knowledge.vocabulary import Language

_SCHEMA_VERSION: Final = 1
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS file(
    path TEXT PRIMARY KEY, stamp TEXT NOT NULL, hash TEXT NOT NULL, document TEXT, problems TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS passage(
    number INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, path TEXT NOT NULL, heading TEXT NOT NULL,
    start INTEGER NOT NULL, end INTEGER NOT NULL, text TEXT NOT NULL, language TEXT NOT NULL, lookup TEXT NOT NULL, entry INTEGER NOT NULL,
    embedded INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS passage_path ON passage(path);
CREATE INDEX IF NOT EXISTS passage_pending ON passage(embedded) WHERE embedded = 0;
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(terms, tokenize = "unicode61 tokenchars '.+#_-'");
CREATE VIRTUAL TABLE IF NOT EXISTS vocabulary USING fts5vocab(words, row);
CREATE TABLE IF NOT EXISTS stale(id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS generation(number INTEGER NOT NULL);
INSERT INTO generation SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM generation);
"""
_SATURATION: Final = 2.2  # k1 + 1 of BM25 as FTS5 computes it: the most one term can add, in units of its IDF


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


class Catalog:
    """The SQLite side of an index. Each thread should open its own; readers never block the writer.

    Raises SetupMissing where the file cannot be opened.
    """

    def __init__(self, file: Path) -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(file, timeout=30, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            version = cast("int", self._db.execute("PRAGMA user_version").fetchone()[0])
            if version not in {0, _SCHEMA_VERSION}:
                raise SetupMissing(
                    f"the index {str(file)!r} has format {version}, not {_SCHEMA_VERSION}.", "Delete its folder."
                )
            if version == 0:
                self._db.executescript(_SCHEMA)
                self._db.execute(f"PRAGMA user_version={_SCHEMA_VERSION}")
        except (OSError, sqlite3.Error) as error:
            remedy = "Free the disk or name a writable folder with --home."
            raise SetupMissing(f"the index {str(file)!r} cannot be opened: {error}.", remedy) from error

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what happens inside one step: all of it or nothing."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def stamps(self) -> dict[str, tuple[str, str]]:
        """Return each file's stamp and content hash."""
        return {path: (stamp, digest) for path, stamp, digest in self._db.execute("SELECT path, stamp, hash FROM file")}

    def restamp(self, path: str, stamp: str) -> None:
        """Note that a file was touched without being changed."""
        self._db.execute("UPDATE file SET stamp = ? WHERE path = ?", (stamp, path))

    def put(self, path: str, stamp: str, digest: str, reading: Reading) -> None:
        """Replace all that is known of a file; unchanged passages keep their vectors."""
        rows = list(_rows(path, reading))
        kept = {cast("str", row[0]) for row in rows}
        old = {
            cast("str", row[0]): row[1:]
            for row in self._db.execute("SELECT id, number, embedded FROM passage WHERE path = ?", (path,))
        }
        self._forget({i: number for i, (number, _) in old.items() if i not in kept})
        for row in rows:
            if row[0] in old:
                self._db.execute(
                    "UPDATE passage SET heading = ?, start = ?, end = ? WHERE id = ?", (row[2], row[3], row[4], row[0])
                )
                continue
            number = self._db.execute("INSERT INTO passage VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)", row).lastrowid
            self._db.execute(
                "INSERT INTO words(rowid, terms) VALUES (?, ?)", (number, " ".join(terms(f"{row[2]} {row[7]}")))
            )
            self._db.execute("DELETE FROM stale WHERE id = ?", (row[0],))
        document = reading.document.model_dump_json() if reading.document else None
        problems = "\n".join(f"{p.line}\t{p.severity}\t{p.message}\t{p.remedy}" for p in reading.problems)
        self._db.execute(
            "INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?)", (path, stamp, digest, document, problems)
        )
        self._db.execute("UPDATE generation SET number = number + 1")

    def remove(self, path: str) -> None:
        """Forget a file."""
        self._forget(dict(self._db.execute("SELECT id, number FROM passage WHERE path = ?", (path,))))
        self._db.execute("DELETE FROM file WHERE path = ?", (path,))
        self._db.execute("UPDATE generation SET number = number + 1")

    def _forget(self, numbers: dict[str, int]) -> None:
        self._db.executemany("DELETE FROM words WHERE rowid = ?", [(n,) for n in numbers.values()])
        self._db.executemany("DELETE FROM passage WHERE number = ?", [(n,) for n in numbers.values()])
        self._db.executemany("INSERT OR IGNORE INTO stale VALUES (?)", [(i,) for i in numbers])

    def documents(self) -> list[Document]:
        """Return what was read of each file, in the order of their paths."""
        found = self._db.execute("SELECT document FROM file WHERE document IS NOT NULL ORDER BY path")
        return [Document.model_validate_json(document) for (document,) in found]

    def problems(self) -> list[Problem]:
        """Return what was wrong with any file."""
        found: list[Problem] = []
        for path, lines in self._db.execute("SELECT path, problems FROM file WHERE problems <> '' ORDER BY path"):
            for line in lines.split("\n"):
                number, severity, message, remedy = line.split("\t")
                found.append(Problem(Path(path), int(number), message, remedy, severity))
        return found

    def pending(self, limit: int) -> list[Passage]:
        """Return passages whose vectors are not stored yet."""
        return self._passages("WHERE embedded = 0 ORDER BY entry DESC, number LIMIT ?", (limit,))

    def mark_embedded(self, ids: Sequence[str]) -> None:
        """Note that the vectors of these passages are stored."""
        with self.transaction():
            self._db.executemany("UPDATE passage SET embedded = 1 WHERE id = ?", [(i,) for i in ids])
            self._db.execute("UPDATE generation SET number = number + 1")

    def stale(self) -> list[str]:
        """Return the ids whose vectors have to go."""
        return [i for (i,) in self._db.execute("SELECT id FROM stale")]

    def mark_removed(self, ids: Sequence[str]) -> None:
        """Note that these vectors are gone."""
        with self.transaction():
            self._db.executemany("DELETE FROM stale WHERE id = ?", [(i,) for i in ids])

    def counts(self) -> tuple[int, int]:
        """Return the number of passages and how many of them have their vector."""
        total, embedded = self._db.execute("SELECT count(*), coalesce(sum(embedded), 0) FROM passage").fetchone()
        return int(total), int(embedded)

    def generation(self) -> int:
        """Return a number that grows with each change."""
        return int(self._db.execute("SELECT number FROM generation").fetchone()[0])

    def passages(self, ids: Sequence[str]) -> dict[str, Passage]:
        """Return passages by id."""
        marks = ",".join("?" * len(ids))
        return {p.id: p for p in self._passages(f"WHERE id IN ({marks})", tuple(ids))}

    def entries(self, paths: Sequence[str]) -> list[Passage]:
        """Return the passages that say what the notes in these files are about as a whole."""
        marks = ",".join("?" * len(paths))
        return self._passages(f"WHERE entry = 1 AND path IN ({marks})", tuple(paths))

    def words(self, question: str, limit: int) -> dict[str, float]:
        """Return the best passages by BM25, as id -> share of the most that this question could reach (0 to 1)."""
        wanted = content_terms(question)
        if not wanted:
            return {}
        total = max(1, int(self._db.execute("SELECT count(*) FROM passage").fetchone()[0]))
        marks = ",".join("?" * len(wanted))
        frequency = dict(self._db.execute(f"SELECT term, doc FROM vocabulary WHERE term IN ({marks})", wanted))  # noqa: S608 - marks
        most = _SATURATION * sum(math.log(1 + (total - (n := frequency.get(t, 0)) + 0.5) / (n + 0.5)) for t in wanted)
        known = [term for term in wanted if term in frequency]
        query = " OR ".join(f'"{term}"' for term in known)
        if not query:
            return {}
        found = self._db.execute(
            "SELECT passage.id, -bm25(words) FROM words JOIN passage ON passage.number = words.rowid "
            "WHERE words MATCH ? ORDER BY bm25(words) LIMIT ?",
            (query, limit),
        )
        return {i: min(1.0, max(0.0, score) / most) for i, score in found}

    def _passages(self, condition: str, values: tuple[object, ...]) -> list[Passage]:
        columns = "id, path, heading, start, end, text, language, lookup, entry"
        found = self._db.execute(f"SELECT {columns} FROM passage {condition}", values)  # noqa: S608 - conditions stand above
        return [Passage(*row[:8], entry=bool(row[8])) for row in found]


def _rows(path: str, reading: Reading) -> Iterator[tuple[object, ...]]:
    seen: dict[str, int] = {}
    for excerpt in reading.excerpts:
        digest = hashlib.sha256(f"{path}\0{excerpt.language}\0{excerpt.lookup}".encode()).hexdigest()[:24]
        seen[digest] = seen.get(digest, -1) + 1
        passage_id = f"{digest}-{seen[digest]}"
        yield (
            passage_id, path, excerpt.heading, excerpt.start, excerpt.end, excerpt.text, excerpt.language, excerpt.lookup, int(excerpt.entry),
        )  # fmt: skip
