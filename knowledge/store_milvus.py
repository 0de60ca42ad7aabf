"""Vectors in Milvus, a cluster or Milvus Lite in a local folder, written through LlamaIndex's vector store.

All reads are strongly consistent, so that what was written is found without flushing, which clusters ration.
"""

import atexit
import logging
import os
import time
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from threading import RLock, Timer
from typing import TYPE_CHECKING, Any, Final, Protocol

from knowledge.errors import AtlasError, SetupMissing

if TYPE_CHECKING:
    from knowledge.embedding import Vectors

_FIELD: Final = "embedding"
_INDEX: Final = {"index_type": "HNSW", "M": 16, "efConstruction": 200}
_SEARCH: Final = {"metric_type": "COSINE", "params": {"ef": 128}}
_CONNECT_S: Final = 5.0
_CONNECTION: Final[dict[str, Any]] = {
    "dedicated": True,  # one that is shared with other clients is never closed
    # Else a server that is back is shunned for up to two minutes.
    "grpc_options": {"grpc.use_local_subchannel_pool": 1},
}
_READ_S: Final = 10.0  # a reader waits
_WRITE_S: Final = 60.0
_IDLE_S: Final = 1.0  # another process may be waiting; opening takes some milliseconds
_LONGEST_WAIT_S: Final = 60.0
_PATIENCE_S: Final = 0.05


def cluster(url: str, token: str) -> "Access":
    """Return the way to a Milvus cluster."""
    return _Cluster(url, token)


@cache
def lite(path: Path) -> "Access":
    """Return the way to Milvus Lite in a folder, one for all of this process."""
    return _Lite(path)


@dataclass(frozen=True, slots=True)
class Opened:
    """A connection: Milvus's client, what it was made with, and the collections that are known to be loaded."""

    client: Any
    uri: str
    token: str
    loaded: set[str] = field(default_factory=set[str])

    def load(self, name: str) -> None:
        """See that a collection can be searched; Milvus Lite forgets that it was, when it is closed."""
        if name not in self.loaded:
            self.client.load_collection(name, timeout=_WRITE_S)
            self.loaded.add(name)


class Access(Protocol):
    """A way to Milvus."""

    @property
    def url(self) -> str:
        """Where it is, as people write it."""
        ...

    def open(self) -> AbstractContextManager["Opened"]:
        """Give a connection for the time of a call."""
        ...

    def forget(self) -> None:
        """Drop what is remembered of collections."""
        ...

    def close(self) -> None:
        """Disconnect."""
        ...


class Milvus:
    """A server of Milvus, with its collections by name."""

    def __init__(self, access: Access) -> None:
        self._access = access

    @property
    def url(self) -> str:
        """Where it is, as people write it."""
        return self._access.url

    def add(self, name: str, ids: Sequence[str], vectors: "Vectors") -> None:
        """Store at most BATCH vectors in a collection, which is made if it is not there."""
        from llama_index.core.schema import TextNode  # noqa: PLC0415 - loads late: a second and a half

        with self._store(name, vectors.shape[1]) as store:
            store.add([TextNode(id_=i, embedding=vector.tolist()) for i, vector in zip(ids, vectors, strict=True)])

    def remove(self, name: str, ids: Sequence[str]) -> None:
        """Remove at most BATCH vectors from a collection."""
        with self._store(name) as store:
            store.delete_nodes(list(ids), timeout=_WRITE_S)

    def nearest(self, name: str, vector: "Vectors", k: int) -> dict[str, float]:
        """Return up to k ids with their cosine similarity, the nearest first.

        Milvus itself is asked: a search needs no nodes, and LlamaIndex takes a second and a half to load.
        """
        with self._access.open() as opened:
            opened.load(name)
            (found,) = opened.client.search(
                name, data=[vector.tolist()], anns_field=_FIELD, limit=k, output_fields=["id"],
                search_params=_SEARCH, consistency_level="Strong", timeout=_READ_S,
            )  # fmt: skip
        return {hit["id"]: hit["distance"] for hit in found}

    def count(self, name: str) -> int | None:
        """Return the number of vectors in a collection; None where there is no such collection."""
        with self._access.open() as opened:
            if not opened.client.has_collection(name, timeout=_READ_S):
                return None
            opened.load(name)
            # The collection's own statistics count what was deleted, too.
            (row,) = opened.client.query(name, output_fields=["count(*)"], consistency_level="Strong", timeout=_READ_S)
            return int(row["count(*)"])

    def drop(self, name: str) -> None:
        """Remove a collection that is there."""
        with self._access.open() as opened:
            opened.loaded.discard(name)
            opened.client.drop_collection(name, timeout=_WRITE_S)

    def probe(self) -> str:
        """Ask the server what it is."""
        with self._access.open() as opened:
            return f"Milvus {opened.client.get_server_version(timeout=_READ_S)} at {self.url}"

    def forget(self) -> None:
        """Drop what is remembered of collections: someone else has changed them."""
        self._access.forget()

    def close(self) -> None:
        """Disconnect; the next call connects again."""
        self._access.close()

    def explain(self, error: Exception) -> AtlasError | None:
        """Return what an error means where it is known."""
        from pymilvus.exceptions import MilvusException  # noqa: PLC0415 - loads late: a second

        if not isinstance(error, MilvusException):
            return None
        text = f"{error.code} {error.message}".lower()
        if "unauthenticated" in text or "auth check failure" in text or "permission deny" in text:
            return SetupMissing(f"Milvus at {self.url!r} refuses access.", "Set ATLAS_STORE_TOKEN to its token.")
        if any(sign in text for sign in ("unavailable", "fail connecting", "deadline", "retry timeout")):
            remedy = "Start it, correct --store, or leave --store out to keep the vectors here."
            return SetupMissing(f"Milvus at {self.url!r} does not answer.", remedy)
        return None

    @contextmanager
    def _store(self, name: str, dimensions: int | None = None) -> Generator[Any]:
        from llama_index.vector_stores.milvus import MilvusVectorStore  # noqa: PLC0415 - a second and a half

        with self._access.open() as opened:
            opened.client.get_server_version(timeout=_CONNECT_S)  # LlamaIndex asks a server that is gone for minutes
            store: Any = MilvusVectorStore(
                uri=opened.uri, token=opened.token, collection_name=name, dim=dimensions, embedding_field=_FIELD,
                similarity_metric="COSINE", index_config=_INDEX, consistency_level="Strong", use_async_client=False,
                batch_size=10_000, **_CONNECTION,
            )  # fmt: skip
            # Without a time limit, a server that goes away is asked 75 times.
            store.client.insert = partial(store.client.insert, timeout=_WRITE_S)
            try:
                yield store
            finally:
                store.client.close()


class _Cluster:
    """A way to a cluster: one client, kept open."""

    def __init__(self, url: str, token: str) -> None:
        self.url = f"milvus+{url}"
        self._uri = url
        self._token = token
        self._opening = RLock()
        self._opened: Opened | None = None

    @contextmanager
    def open(self) -> Generator[Opened]:
        """Give the connection."""
        with self._opening:
            if self._opened is None:
                self._opened = _connect(self._uri, self._token)
            opened = self._opened
        yield opened

    def forget(self) -> None:
        """Drop what is remembered of collections."""
        with self._opening:
            if self._opened is not None:
                self._opened.loaded.clear()

    def close(self) -> None:
        """Disconnect."""
        with self._opening:
            opened, self._opened = self._opened, None
        if opened is not None:
            opened.client.close()


class _Lite:
    """A way to Milvus Lite, which serves its folder to this process over loopback, one call at a time.

    Only one process at a time can have it open. So it is closed once it has not been asked for a while, and a process
    that finds it open waits.
    """

    def __init__(self, path: Path) -> None:
        self.url = str(path)
        self._path = path
        self._busy = RLock()
        self._opened: tuple[Opened, Any, Any] | None = None  # with its server and its database
        self._asked = 0.0
        self._watch: Timer | None = None

    @contextmanager
    def open(self) -> Generator[Opened]:
        """Give a connection, once no other process has it open."""
        with self._busy:
            if self._opened is None:
                self._opened = self._start()
                atexit.register(self.close)
            try:
                yield self._opened[0]
            finally:
                self._asked = time.monotonic()
                if self._watch is None:
                    self._watch_for_rest(_IDLE_S)

    def forget(self) -> None:
        """Drop what is remembered of collections."""
        with self._busy:
            if self._opened is not None:
                self._opened[0].loaded.clear()

    def close(self) -> None:
        """Let other processes open it."""
        with self._busy:
            opened, self._opened = self._opened, None
            if self._watch is not None:
                self._watch.cancel()
                self._watch = None
            if opened is not None:
                atexit.unregister(self.close)
                connection, server, database = opened
                connection.client.close()
                server.stop(grace=None).wait()
                database.close()

    def _start(self) -> tuple[Opened, Any, Any]:
        with _milvus_installed():
            from milvus_lite.adapter.grpc.server import start_server_in_thread  # noqa: PLC0415 - half a second
            from milvus_lite.exceptions import DataDirLockedError  # noqa: PLC0415

        start: Any = start_server_in_thread
        until = time.monotonic() + _LONGEST_WAIT_S
        while True:
            try:
                server, database, port = start(str(self._path), "127.0.0.1", 0)
                break
            except DataDirLockedError as error:
                if time.monotonic() > until:
                    message = f"Milvus Lite at {self.url!r} is in use by another process."
                    remedy = f"End that one, or let both ask a server: `milvus-lite server --data-dir {self.url}`."
                    raise SetupMissing(message, remedy) from error
                time.sleep(_PATIENCE_S)
        try:
            return _connect(f"http://127.0.0.1:{port}", ""), server, database
        except BaseException:
            server.stop(grace=None).wait()
            database.close()
            raise

    def _watch_for_rest(self, seconds: float) -> None:
        self._watch = Timer(seconds, self._rest)
        self._watch.daemon = True
        self._watch.start()

    def _rest(self) -> None:
        """Close if nothing was asked for long enough, else look again later."""
        with self._busy:
            left = self._asked + _IDLE_S - time.monotonic()
            if self._opened is None:
                self._watch = None
            elif left > 0:
                self._watch_for_rest(left)
            else:
                self.close()


def _connect(uri: str, token: str) -> Opened:
    with _milvus_installed():
        from pymilvus import MilvusClient  # noqa: PLC0415 - loads late: a second

    # What fails is raised; Milvus's client and Lite's server would print its stack as well, past our own logging.
    for name in ("pymilvus", "pymilvus.milvus_client", "milvus_lite", "grpc._server"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return Opened(MilvusClient(uri=uri, token=token, timeout=_CONNECT_S, **_CONNECTION), uri, token)


@contextmanager
def _milvus_installed() -> Generator[None]:
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")  # else it tells standard error of each connection that ends
    try:
        yield
    except ImportError as error:
        message = f"the packages for Milvus, the extra llm-atlas[milvus], are not installed: {error}."
        remedy = "Run `.venv/bin/uv pip install --link-mode copy -e '.[milvus]'` in the folder of the project."
        raise SetupMissing(message, remedy) from error
