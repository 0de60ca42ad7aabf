"""Vectors by passage id, in LlamaIndex's vector store over Chroma.

Chroma lets two writing processes corrupt it without a word, so writers go one at a time (a lock beside the folder), and
readers keep out while one writes. All access to LlamaIndex's stores is in this module.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Protocol

from knowledge.errors import SetupMissing

if TYPE_CHECKING:
    from filelock import ReadWriteLock
    from llama_index.vector_stores.chroma import ChromaVectorStore

    from knowledge.embedding import Vectors

_COLLECTION: Final = "passages"
BATCH: Final = 512  # Chroma refuses more than 5,461 at once


class VectorStore(Protocol):
    """Stores unit vectors by id and finds the nearest ones."""

    def add(self, ids: Sequence[str], texts: Sequence[str], vectors: "Vectors") -> None:
        """Store vectors, replacing those of the same ids."""
        ...

    def remove(self, ids: Sequence[str]) -> None:
        """Remove vectors; ids that are not there are no error."""
        ...

    def nearest(self, vector: "Vectors", k: int) -> dict[str, float]:
        """Return up to k ids with their cosine similarity, the nearest first."""
        ...

    def refresh(self) -> None:
        """Drop what this process remembers of the store, because another one has written."""
        ...


class ChromaStore:
    """Chroma embedded in a folder.

    Raises SetupMissing where the folder cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._store: ChromaVectorStore | None = None
        self._opening = Lock()
        self._lock: ReadWriteLock | None = None

    def add(self, ids: Sequence[str], texts: Sequence[str], vectors: "Vectors") -> None:
        """Store vectors, replacing those of the same ids."""
        from llama_index.core.schema import TextNode  # noqa: PLC0415 - loads late: a second and a half

        with self._exclusive():
            store = self._open()
            store.delete_nodes(list(ids))
            for first in range(0, len(ids), BATCH):
                chunk = range(first, min(first + BATCH, len(ids)))
                store.add([TextNode(id_=ids[i], text=texts[i], embedding=vectors[i].tolist()) for i in chunk])

    def remove(self, ids: Sequence[str]) -> None:
        """Remove vectors; ids that are not there are no error."""
        with self._exclusive():
            for first in range(0, len(ids), BATCH):
                self._open().delete_nodes(list(ids[first : first + BATCH]))

    def nearest(self, vector: "Vectors", k: int) -> dict[str, float]:
        """Return up to k ids with their cosine similarity, the nearest first."""
        from llama_index.core.vector_stores.types import VectorStoreQuery  # noqa: PLC0415 - loads late

        with self._shared():
            result = self._open().query(VectorStoreQuery(query_embedding=vector.tolist(), similarity_top_k=k))
        # The store reports exp(-distance), and the distance is 1 - cosine.
        return {i: 1 + math.log(s) for i, s in zip(result.ids or [], result.similarities or [], strict=True)}

    def refresh(self) -> None:
        """Drop what this process remembers of the store, because another one has written."""
        with self._opening:
            if self._store is not None:
                from chromadb.api.client import SharedSystemClient  # noqa: PLC0415 - loads late

                SharedSystemClient.clear_system_cache()
                self._store = None

    def _open(self) -> "ChromaVectorStore":
        with self._opening:
            if self._store is None:
                self._store = _chroma(self._folder)
            return self._store

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        with self._guard().write_lock():
            yield

    @contextmanager
    def _shared(self) -> Iterator[None]:
        with self._guard().read_lock():
            yield

    def _guard(self) -> "ReadWriteLock":
        if self._lock is None:
            from filelock import ReadWriteLock  # noqa: PLC0415 - 60 ms

            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock = ReadWriteLock(str(self._folder / "access.lock"), timeout=60)
        return self._lock


def _chroma(folder: Path) -> "ChromaVectorStore":
    import chromadb  # noqa: PLC0415 - loads late: a second
    from chromadb.config import Settings  # noqa: PLC0415
    from llama_index.vector_stores.chroma import ChromaVectorStore  # noqa: PLC0415 - a second and a half

    try:
        client = chromadb.PersistentClient(str(folder), Settings(anonymized_telemetry=False))
        collection: Any = client.get_or_create_collection(
            _COLLECTION, embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
        )
    except Exception as error:
        remedy = "Name a writable folder with --home, or delete this one: the index is rebuilt from the notes."
        raise SetupMissing(f"the vector store in {str(folder)!r} cannot be opened: {error}.", remedy) from error
    return ChromaVectorStore(chroma_collection=collection)
