"""The index of a set of note folders: kept up to date by content, written by one process at a time."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from knowledge import library as libraries
from knowledge import reader
from knowledge.catalog import Catalog, Passage
from knowledge.embedding import Embedder
from knowledge.errors import SetupMissing
from knowledge.library import Library
from knowledge.note import Problem
from knowledge.reader import Folder
from knowledge.store import ChromaStore, VectorStore

BUILT_IN: Final = Path(__file__).with_name("notes")
VECTORS_OF_BUILT_IN: Final = Path(__file__).with_name("vectors.npz")
_EMBED_BATCH: Final = 32  # progress and cancellation between batches


@dataclass(frozen=True, slots=True)
class Changes:
    """What an update of the index did, in files; `pending` counts passages that still wait for their vectors."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: int = 0
    embedded: int = 0
    pending: int = 0
    failed: tuple[Problem, ...] = ()
    locked: bool = False  # another process is writing; nothing was done


class Index:
    """The passages of some folders of notes, found by words and by meaning.

    The state lives in a folder of its own below `home` for each set of note folders and each embedder.
    Raises SetupMissing where `home` cannot be written.
    """

    def __init__(
        self,
        home: Path,
        folders: Sequence[Folder],
        embedder: Embedder,
        open_store: Callable[[Path], VectorStore] = ChromaStore,
    ) -> None:
        self.folders = tuple(folders)
        self.embedder = embedder
        key = "\0".join([embedder.id, *(str(folder.path.resolve()) for folder in folders)])
        self._folder = home / "index" / hashlib.sha256(key.encode()).hexdigest()[:16]
        self.catalog = Catalog(self._folder / "catalog.sqlite")
        self.store = open_store(self._folder / "vectors")
        self._seen_generation = self.catalog.generation()
        self._library: Library | None = None

    def close(self) -> None:
        """Close the catalogue."""
        self.catalog.close()

    @property
    def library(self) -> Library:
        """The notes as of the last look at the catalogue."""
        self.look()
        if self._library is None:
            built = libraries.build(self.catalog.documents())
            problems = (*self.catalog.problems(), *built.problems)
            self._library = Library(built.notes, built.note_of_path, problems, built.names)
        return self._library

    def look(self) -> None:
        """Notice what another process has changed."""
        generation = self.catalog.generation()
        if generation != self._seen_generation:
            self._seen_generation = generation
            self._library = None
            self.store.refresh()

    def update(self, progress: Callable[[int, int], None] = lambda done, total: None, *, wait_s: float = 0) -> Changes:
        """Bring the index up to date with the folders; only what changed is read and embedded.

        `progress` gets passages embedded and passages in all. Where another process is writing, waits `wait_s` seconds
        and then does nothing but say so. May be killed at any moment; the next update finishes the work.
        Raises UserMistake for a folder that does not exist, ModelFailed where an embedding endpoint fails.
        """
        try:
            with FileLock(self._folder / "writer.lock", timeout=wait_s):
                changes = self._read_files()
                return self._embed(changes, progress)
        except Timeout:
            return Changes(unchanged=len(self.catalog.stamps()), locked=True)
        except OSError as error:
            raise SetupMissing(
                f"the index in {str(self._folder)!r} cannot be written: {error}.", "Use --home with a writable folder."
            ) from error

    def _read_files(self) -> Changes:
        known = self.catalog.stamps()
        added: list[str] = []
        changed: list[str] = []
        unchanged = 0
        present: set[str] = set()
        for folder in self.folders:
            for path in reader.files(folder):
                name = str(path)
                present.add(name)
                stamp = _stamp(path)
                if name in known and known[name][0] == stamp:
                    unchanged += 1
                    continue
                digest = _digest(path)
                with self.catalog.transaction():
                    if name in known and known[name][1] == digest:
                        self.catalog.restamp(name, stamp)
                        unchanged += 1
                        continue
                    self.catalog.put(name, stamp, digest, reader.read(path, folder))
                (changed if name in known else added).append(name)
        removed = sorted(known.keys() - present)
        for name in removed:
            with self.catalog.transaction():
                self.catalog.remove(name)
        return Changes(tuple(added), tuple(changed), tuple(removed), unchanged)

    def _embed(self, changes: Changes, progress: Callable[[int, int], None]) -> Changes:
        stale = self.catalog.stale()
        if stale:
            self.store.remove(stale)
            self.catalog.mark_removed(stale)
        done = 0
        total, embedded = self.catalog.counts()
        while batch := self.catalog.pending(_EMBED_BATCH):
            progress(embedded + done, total)
            vectors = self.embedder.embed([passage.lookup for passage in batch], "passage")
            self.store.add([p.id for p in batch], [p.text for p in batch], vectors)
            self.catalog.mark_embedded([p.id for p in batch])
            done += len(batch)
        progress(embedded + done, total)
        return Changes(
            changes.added, changes.changed, changes.removed, changes.unchanged,
            embedded=done, pending=total - embedded - done, failed=self.library.problems,
        )  # fmt: skip

    def passages(self, ids: Sequence[str]) -> dict[str, Passage]:
        """Return passages by id."""
        return self.catalog.passages(ids)


def _stamp(path: Path) -> str:
    """Return what changes when a file does: size and time, for a translation those of the main file too."""
    parts: list[str] = []
    for file in [path, reader.main_file(path)]:
        try:
            status = file.stat() if file else None
        except OSError:
            status = None  # a dangling link: `reader.read` reports it
        parts.append(f"{status.st_size}-{status.st_mtime_ns}" if status else "")
    return "/".join(parts)


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    for file in [path, reader.main_file(path)]:
        try:
            digest.update(file.read_bytes() if file else b"")
        except OSError as error:
            digest.update(repr(error).encode())
    return digest.hexdigest()
