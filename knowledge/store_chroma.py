"""Vectors in Chroma, embedded in a folder, written through LlamaIndex's vector store.

Chroma lets two writing processes corrupt it without a word, so writers go one at a time (a lock beside the folder), and
readers keep out while one writes.
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, Final, Literal

from filelock import ReadWriteLock, Timeout

from knowledge.errors import SetupMissing
from knowledge.store import BATCH

if TYPE_CHECKING:
    from llama_index.vector_stores.chroma import ChromaVectorStore

    from knowledge.embedding import Vectors

COSINE: Final = {"hnsw": {"space": "cosine"}}
_COLLECTION: Final = "passages"
_LONGEST_WAIT_S: Final = 60.0


class ChromaStore:
    """Chroma embedded in a folder; any number of them in any number of threads may share one.

    Every method but `empty` and `lost` raises SetupMissing where the folder cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shared = _shared(folder.resolve())

    def add(self, ids: Sequence[str], vectors: "Vectors") -> None:
        """Store vectors of ids that are not there."""
        with self._access("write") as collection:
            add_to(collection, ids, vectors)

    def remove(self, ids: Sequence[str]) -> None:
        """Remove vectors; ids that are not there are no error."""
        with self._access("write") as collection:
            remove_from(collection, ids)

    def nearest(self, vector: "Vectors", k: int) -> dict[str, float]:
        """Return up to k ids with their cosine similarity, the nearest first."""
        if self.empty():
            return {}
        with self._access("read") as collection:
            return nearest_in(collection, vector, k)

    def empty(self) -> bool:
        """Tell whether nothing was ever stored, or what was stored has been deleted behind our back."""
        return not (self._folder / "chroma.sqlite3").exists()

    def lost(self, stored: int) -> bool:
        """Tell whether the folder is gone though so many vectors were stored; asking Chroma would take a second."""
        return stored > 0 and self.empty()

    def clear(self) -> None:
        """Remove all vectors."""
        if self.empty():
            self.refresh()
            return
        with self._access("write"):
            self._shared.drop()

    def refresh(self) -> None:
        """Drop what this process remembers of the store, because another one has written."""
        with self._shared.busy:
            self._shared.close()

    def close(self) -> None:
        """Let go of the store, for all that share it in this process; the next call opens it again."""
        self.refresh()

    def probe(self) -> str:
        """Say what the store is; its folder is made with the first vector."""
        return f"Chroma, embedded, in {str(self._folder)!r}"

    @contextmanager
    def _access(self, mode: Literal["read", "write"]) -> Generator[Any]:
        """Yield Chroma's collection; it has no types."""
        from chromadb.errors import ChromaError  # noqa: PLC0415 - loads late: a second

        with self._shared.busy:
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                lock = self._shared.lock(self._folder)
                with lock.read_lock() if mode == "read" else lock.write_lock():
                    yield self._shared.open(self._folder)
            except Timeout as error:
                message = f"the vector store in {str(self._folder)!r} is in use by another process."
                raise SetupMissing(message, "Wait until that one has ended, or end it.") from error
            except (ChromaError, OSError) as error:
                raise _unusable(self._folder, error) from error


class _Shared:
    """What the stores of one folder have in common: Chroma keeps one client for each folder of a process."""

    def __init__(self) -> None:
        self.busy = RLock()  # the lock between processes does not admit a second thread
        self._client: Any = None
        self._collection: Any = None
        self._lock: ReadWriteLock | None = None

    def lock(self, folder: Path) -> ReadWriteLock:
        """Return the lock between processes."""
        if self._lock is None:
            self._lock = ReadWriteLock(str(folder / "access.lock"), timeout=_LONGEST_WAIT_S)
        return self._lock

    def open(self, folder: Path) -> Any:  # noqa: ANN401 - Chroma's collection has no types
        """Return the collection, opened if it was not."""
        if self._collection is None:
            import chromadb  # noqa: PLC0415 - loads late: a second
            from chromadb.config import Settings  # noqa: PLC0415

            try:
                self._client = chromadb.PersistentClient(str(folder), Settings(anonymized_telemetry=False))
                self._collection = self._client.get_or_create_collection(
                    _COLLECTION, embedding_function=None, configuration=COSINE
                )
            except Exception as error:
                self.close()
                raise _unusable(folder, error) from error
        return self._collection

    def drop(self) -> None:
        """Remove the collection, which frees its number of dimensions too."""
        self._client.delete_collection(_COLLECTION)
        self.close()

    def close(self) -> None:
        """Close the client, and with it all that it remembers."""
        client, self._client, self._collection = self._client, None, None
        if client is not None:
            client.close()


def add_to(collection: Any, ids: Sequence[str], vectors: "Vectors") -> None:  # noqa: ANN401 - Chroma's has no types
    """Store vectors in a collection of Chroma; the texts stay in the catalogue, which halves the time."""
    from llama_index.core.schema import TextNode  # noqa: PLC0415 - loads late: a second and a half

    store = _llama_index(collection)
    for first in range(0, len(ids), BATCH):
        chunk = range(first, min(first + BATCH, len(ids)))
        store.add([TextNode(id_=ids[i], embedding=vectors[i].tolist()) for i in chunk])


def remove_from(collection: Any, ids: Sequence[str]) -> None:  # noqa: ANN401 - as above
    """Remove vectors from a collection of Chroma."""
    store = _llama_index(collection)
    for first in range(0, len(ids), BATCH):
        store.delete_nodes(list(ids[first : first + BATCH]))


def nearest_in(collection: Any, vector: "Vectors", k: int) -> dict[str, float]:  # noqa: ANN401 - as above
    """Return up to k ids of a collection of Chroma with their cosine similarity, the nearest first.

    Chroma itself is asked: a search needs no nodes, and a command without LlamaIndex starts a second sooner.
    """
    found = collection.query(query_embeddings=[vector.tolist()], n_results=k, include=["distances"])
    return {i: 1 - distance for i, distance in zip(found["ids"][0], found["distances"][0], strict=True)}


def _llama_index(collection: Any) -> "ChromaVectorStore":  # noqa: ANN401 - as above
    from llama_index.vector_stores.chroma import ChromaVectorStore  # noqa: PLC0415 - a second and a half

    return ChromaVectorStore(chroma_collection=collection)


@cache
def _shared(_folder: Path) -> _Shared:
    return _Shared()


def _unusable(folder: Path, error: Exception) -> SetupMissing:
    remedy = f"Name a writable folder with --home, or delete {str(folder.parent)!r}: it is rebuilt from the notes."
    return SetupMissing(f"the vector store in {str(folder)!r} cannot be used: {error}.", remedy)
