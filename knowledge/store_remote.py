"""Vectors on a server: one collection for each index, whose name the index keeps.

The name is drawn by chance and kept in the index's own folder, so that readers who share a server never share a
collection, and bound to that folder's path, so that neither does a copied home.
"""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from knowledge.errors import AtlasError, SetupMissing
from knowledge.store import BATCH

if TYPE_CHECKING:
    from knowledge.embedding import Vectors

_KEY: Final = "collection.key"
_NEXT_KEY: Final = "collection.key.next"
_Found = TypeVar("_Found")


class Server(Protocol):
    """What a server of vectors can do; may raise whatever its library raises, which `explain` understands."""

    @property
    def url(self) -> str:
        """Where it is, as people write it."""
        ...

    def add(self, name: str, ids: Sequence[str], vectors: "Vectors") -> None:
        """Store at most BATCH vectors in a collection, which is made if it is not there."""
        ...

    def remove(self, name: str, ids: Sequence[str]) -> None:
        """Remove at most BATCH vectors from a collection."""
        ...

    def nearest(self, name: str, vector: "Vectors", k: int) -> dict[str, float]:
        """Return up to k ids with their cosine similarity, the nearest first."""
        ...

    def count(self, name: str) -> int | None:
        """Return the number of vectors in a collection; None where there is no such collection."""
        ...

    def drop(self, name: str) -> None:
        """Remove a collection that is there."""
        ...

    def probe(self) -> str:
        """Ask the server what it is."""
        ...

    def forget(self) -> None:
        """Drop what is remembered of collections."""
        ...

    def close(self) -> None:
        """Disconnect; the next call connects again."""
        ...

    def explain(self, error: Exception) -> AtlasError | None:
        """Return what an error means where it is known: the server is down, or wants another token."""
        ...


class RemoteStore:
    """The vectors of one index on a server.

    Every method raises SetupMissing where the server does not answer, and `nearest` where it has lost the vectors.
    """

    def __init__(self, folder: Path, server: Server) -> None:
        self._folder = folder
        self._server = server

    def add(self, ids: Sequence[str], vectors: "Vectors") -> None:
        """Store vectors of ids that are not there."""
        if not ids:
            return
        name = self._name() or self._new_name()
        for first in range(0, len(ids), BATCH):
            chunk = slice(first, first + BATCH)
            self._ask(lambda chunk=chunk: self._server.add(name, ids[chunk], vectors[chunk]))
            self._keep_name()

    def remove(self, ids: Sequence[str]) -> None:
        """Remove vectors; ids that are not there are no error."""
        if not ids or self._count() is None:
            return
        name = self._name()
        for first in range(0, len(ids), BATCH):
            self._ask(lambda first=first: self._server.remove(name, ids[first : first + BATCH]))

    def nearest(self, vector: "Vectors", k: int) -> dict[str, float]:
        """Return up to k ids with their cosine similarity, the nearest first."""
        name = self._name()
        if not name:
            return {}  # nothing was ever stored
        found = self._ask(lambda: self._server.nearest(name, vector, k), missing_is_lost=True)
        if not found and not self._count():
            raise self._lost()
        return found

    def empty(self) -> bool:
        """Tell whether nothing was ever stored, or what was stored has been deleted behind our back."""
        return not self._count()

    def lost(self, stored: int) -> bool:
        """Tell whether so many vectors were stored but not all of them are there."""
        return stored > (self._count() or 0)

    def clear(self) -> None:
        """Remove all vectors, and forget the name."""
        if self._count() is not None:
            self._ask(lambda: self._server.drop(self._name()))
        (self._folder / _KEY).unlink(missing_ok=True)

    def refresh(self) -> None:
        """Drop what this process remembers of the collection, because another one has written."""
        self._server.forget()

    def close(self) -> None:
        """Disconnect."""
        self._server.close()

    def probe(self) -> str:
        """Ask the server whether it is there, and say what it is."""
        return self._ask(self._server.probe)

    def _count(self) -> int | None:
        name = self._name()
        return self._ask(lambda: self._server.count(name)) if name else None

    def _name(self, file: str = _KEY) -> str:
        """Return the name of the collection, empty before the first vector is stored."""
        try:
            key = (self._folder / file).read_text()
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as error:
            raise self._broken(error) from error
        return f"atlas_{hashlib.sha256(f'{key} {self._folder.resolve()}'.encode()).hexdigest()[:32]}"

    def _new_name(self) -> str:
        """Return the name of a collection that is to be made; what a process that was killed has left in it goes."""
        if not (name := self._name(_NEXT_KEY)):
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                (self._folder / _NEXT_KEY).write_text(secrets.token_hex(16))
            except OSError as error:
                raise self._broken(error) from error
            return self._name(_NEXT_KEY)
        if self._ask(lambda: self._server.count(name)) is not None:
            self._ask(lambda: self._server.drop(name))
        return name

    def _keep_name(self) -> None:
        """Keep a new name once a vector is stored under it: until then, a missing collection is no loss."""
        try:
            (self._folder / _NEXT_KEY).replace(self._folder / _KEY)
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._broken(error) from error

    def _ask(self, what: Callable[[], _Found], *, missing_is_lost: bool = False) -> _Found:
        """Ask the server; once it has failed to answer, the next call connects anew."""
        try:
            return what()
        except AtlasError:
            raise
        except Exception as error:
            self._server.forget()
            if known := self._server.explain(error):
                self._server.close()
                raise known from error
            if missing_is_lost and self._count() is None:
                raise self._lost() from error
            raise self._broken(error) from error

    def _lost(self) -> SetupMissing:
        message = f"the vector store at {self._server.url!r} has lost the vectors of these notes."
        return SetupMissing(message, "Run `atlas index` with the same --notes and --store: it stores them again.")

    def _broken(self, error: Exception) -> SetupMissing:
        remedy = f"If that persists, delete {str(self._folder.parent)!r}: the index is rebuilt from the notes."
        return SetupMissing(f"the vector store at {self._server.url!r} cannot be used: {error}.", remedy)
