"""The index of a set of note folders: kept up to date by content, written by one process at a time."""

import hashlib
import os
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from filelock import FileLock, Timeout

from knowledge import library as libraries
from knowledge import linked, reader
from knowledge.catalog import FORMAT, Catalog, Passage
from knowledge.embedding import Embedder, Vectors
from knowledge.errors import AtlasError, SetupMissing
from knowledge.library import Library
from knowledge.note import Problem
from knowledge.reader import Folder
from knowledge.store import BATCH, EMBEDDED, StoreAddress

BUILT_IN: Final = Path(__file__).with_name("notes")
VECTORS_OF_BUILT_IN: Final = Path(__file__).with_name("vectors.npz")
_EMBED_BATCH: Final = 32  # progress and cancellation between batches
_STORE_EVERY_S: Final = 1.0  # the store takes many vectors in little more time than a few
_FILE_BATCH: Final = 64  # files read in one transaction
_CLOCK_TICK_NS: Final = 50_000_000  # file times advance in steps of up to 10 ms


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


@dataclass(frozen=True, slots=True)
class Standing:
    """How far an update by this process has come, in passages with vectors; `problem` is why the last one failed."""

    busy: bool = False
    done: int = 0
    total: int = 0
    problem: str = ""


class Index:
    """The passages of some folders of notes, found by words and by meaning.

    The folders are those given, which stay, and those linked in the home, which may come and go meanwhile.
    The state lives in a folder of its own below `home` for each set of given folders, each embedder and each store:
    to link a folder embeds nothing but its own notes.
    Raises SetupMissing where `home` cannot be written.
    """

    def __init__(
        self,
        home: Path,
        folders: Sequence[Folder],
        embedder: Embedder,
        store: StoreAddress = EMBEDDED,
    ) -> None:
        self.folders = tuple(Folder(folder.path.resolve(), folder.own) for folder in folders)
        self.home = home
        self.embedder = embedder
        self.standing = Standing()
        # The embedded store adds nothing: an index that was made before there were others is still the same.
        places = [*(f"{folder.own} {folder.path}" for folder in self.folders), *([store.url] if store.url else [])]
        key = "\0".join([str(FORMAT), embedder.id, *places])
        self._folder = home / "index" / hashlib.sha256(key.encode(errors="surrogateescape")).hexdigest()[:16]
        self.catalog = Catalog(self._folder / "catalog.sqlite")
        self.store = store.open(self._folder / "vectors")
        self._seen = self.catalog.generation()
        self._library: Library | None = None

    @property
    def linked(self) -> tuple[Folder, ...]:
        """The folders that are linked now, there or not."""
        return linked.linked(self.home)

    def close(self) -> None:
        """Close the catalogue and the store."""
        self.store.close()
        self.catalog.close()

    @property
    def library(self) -> Library:
        """The notes as of the last look at the catalogue."""
        self.look()
        current = self._library  # another thread's look may drop it
        if current is None:
            built = libraries.build(self.catalog.documents())
            current = replace(built, problems=(*self.catalog.problems(), *built.problems))
            self._library = current
        return current

    def look(self) -> None:
        """Notice what another process has changed."""
        files, vectors = self.catalog.generation()
        seen_files, seen_vectors = self._seen
        self._seen = files, vectors
        if files != seen_files:
            self._library = None
        if vectors != seen_vectors:
            self.store.refresh()

    def update(self, progress: Callable[[int, int], None] = lambda done, total: None, *, wait_s: float = 0) -> Changes:
        """Bring the index up to date with the folders; only what changed is read and embedded.

        `progress` gets passages embedded and passages in all. Where another process is writing, waits `wait_s` seconds
        and then does nothing but say so. May be killed at any moment; the next update finishes the work.
        Raises UserMistake for a given folder that does not exist, ModelFailed where an embedding endpoint fails.
        """
        try:
            with FileLock(self._folder / "writer.lock", timeout=wait_s), self._told(progress) as tell:
                self.look()
                changes = self._read_files()
                return self._embed(changes, tell)
        except Timeout:
            return Changes(unchanged=len(self.catalog.stamps()), locked=True)
        except OSError as error:
            raise SetupMissing(
                f"the index in {str(self._folder)!r} cannot be written: {error}.", "Use --home with a writable folder."
            ) from error

    @contextmanager
    def _told(self, progress: Callable[[int, int], None]) -> Generator[Callable[[int, int], None]]:
        """Let `standing` tell how far an update is, and why it ended where it failed."""

        def tell(done: int, total: int) -> None:
            self.standing = Standing(busy=True, done=done, total=total)
            progress(done, total)

        self.standing = Standing(busy=True)
        try:
            yield tell
        except AtlasError as error:
            self.standing = Standing(problem=str(error))
            raise
        finally:
            self.standing = replace(self.standing, busy=False)

    def _read_files(self) -> Changes:
        known = self.catalog.stamps()
        if not known and not self.store.empty():
            self.store.clear()  # the catalogue they belonged to has been deleted
        here, gone = _there(self.linked)
        folders = (*here, *self.folders)
        present = {reader.printable(path): (path, folder) for folder in folders for path in reader.files(folder)}
        stamps = {name: _stamp(path) for name, (path, _) in present.items()}
        touched = [name for name, stamp in stamps.items() if name not in known or known[name][0] != stamp]
        changed: list[str] = []
        for first in range(0, len(touched), _FILE_BATCH):
            with self.catalog.transaction():
                for name in touched[first : first + _FILE_BATCH]:
                    if self._read_file(name, *present[name], stamps[name], known.get(name, ("", ""))[1]):
                        changed.append(name)
        # A disk that is not plugged in takes its notes with it, but not what is known of them.
        kept = {name for name in known for folder in gone if name.startswith(f"{folder.path}{os.sep}")}
        removed = sorted(known.keys() - present.keys() - kept)
        with self.catalog.transaction():
            for name in removed:
                self.catalog.remove(name)
        return Changes(
            added=tuple(name for name in changed if name not in known),
            changed=tuple(name for name in changed if name in known),
            removed=tuple(removed),
            unchanged=len(present) - len(changed) + len(kept - present.keys()),
            failed=tuple(absent(folder) for folder in gone),
        )

    def _read_file(self, name: str, path: Path, folder: Folder, stamp: str, known_digest: str) -> bool:
        """Read a file if its content has changed, and tell whether it has."""
        digest = _digest(path, folder)
        if digest == known_digest:
            self.catalog.restamp(name, stamp)
            return False
        self.catalog.put(name, stamp, digest, reader.read(path, folder))
        return True

    def _embed(self, changes: Changes, progress: Callable[[int, int], None]) -> Changes:
        if self.store.lost(self.catalog.counts()[1]):
            self.store.clear()
            self.catalog.mark_lost()
        if stale := self.catalog.stale():
            self.store.remove(stale)
            self.catalog.mark_removed(stale)
        done = 0
        total, embedded = self.catalog.counts()
        while pending := self.catalog.pending(BATCH):
            done += self._embed_some(pending, partial(_advance, progress, embedded + done, total))
        # While the lock is ours, these changes are ours: the store need not be opened anew for them.
        self._seen = self._seen[0], self.catalog.generation()[1]
        progress(embedded + done, total)
        return replace(
            changes, embedded=done, pending=total - embedded - done, failed=(*changes.failed, *self.library.problems)
        )

    def _embed_some(self, pending: Sequence[Passage], progress: Callable[[int], None]) -> int:
        """Embed the first of these passages, for about as long as a reader may have to do without them; store them."""
        until = time.monotonic() + _STORE_EVERY_S
        vectors: list[Vectors] = []
        ids: list[str] = []
        try:
            for first in range(0, len(pending), _EMBED_BATCH):
                progress(first)
                batch = pending[first : first + _EMBED_BATCH]
                vectors.append(self.embedder.embed([passage.lookup for passage in batch], "passage"))
                ids += [passage.id for passage in batch]
                if time.monotonic() > until:
                    break
        finally:  # what is embedded is stored, also where the next batch fails or is cancelled
            if ids:
                self.catalog.mark_storing(ids)
                self.store.add(ids, np.concatenate(vectors))
                self.catalog.mark_embedded(ids)
                self._seen = self._seen[0], self.catalog.generation()[1]
        return len(ids)

    def passages(self, ids: Sequence[str]) -> dict[str, Passage]:
        """Return passages by id."""
        return self.catalog.passages(ids)


def absent(folder: Folder) -> Problem:
    """Return what is wrong with a linked folder that is not there."""
    return Problem(folder.path, 0, "is not there.", "Bring the folder back, or remove it from your notes.")


def _there(folders: Sequence[Folder]) -> tuple[list[Folder], list[Folder]]:
    """Return those of some folders that are there, and those that are not."""
    here = [folder for folder in folders if folder.path.is_dir()]
    return here, [folder for folder in folders if folder not in here]


def _advance(progress: Callable[[int, int], None], before: int, total: int, done: int) -> None:
    progress(before + done, total)


def _stamp(path: Path) -> str:
    """Return what changes when a file does: size and times, for a translation those of the main file too."""
    parts: list[str] = []
    for file in [path, reader.main_file(path)]:
        try:
            status = file.stat() if file else None
        except OSError:
            status = None  # a dangling link: `reader.read` reports it
        parts.append(f"{status.st_size}-{status.st_mtime_ns}-{status.st_ctime_ns}" if status else "")
        if status and time.time_ns() - status.st_ctime_ns < _CLOCK_TICK_NS:
            parts.append("just written")  # a second write within the clock's tick would leave the same times
    return "/".join(parts)


def _digest(path: Path, folder: Folder) -> str:
    digest = hashlib.sha256()
    for file in [path, reader.main_file(path)]:
        data = reader.content(file, folder) if file else b""
        digest.update(data if isinstance(data, bytes) else str(data).encode())
    return digest.hexdigest()
