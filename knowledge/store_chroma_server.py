"""Vectors on a Chroma server, written through LlamaIndex's vector store."""

from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from knowledge.errors import AtlasError, SetupMissing
from knowledge.store_chroma import COSINE, add_to, nearest_in, remove_from

if TYPE_CHECKING:
    from knowledge.embedding import Vectors

_CONNECT_S: Final = 5.0
_ANSWER_S: Final = 60.0


class ChromaServer:
    """A Chroma server, with its collections by name."""

    def __init__(self, url: str, token: str = "") -> None:
        self.url = url
        # Chroma's own header, and the one that a proxy in front of it knows.
        self._headers = {"X-Chroma-Token": token, "Authorization": f"Bearer {token}"} if token else {}
        self._opening = Lock()
        self._client: Any = None
        self._collections: dict[str, Any] = {}

    def add(self, name: str, ids: Sequence[str], vectors: "Vectors") -> None:
        """Store at most BATCH vectors in a collection, which is made if it is not there."""
        collection = self._collections.get(name)
        if collection is None:
            collection = self._open().get_or_create_collection(name, embedding_function=None, configuration=COSINE)
            self._collections[name] = collection
        add_to(collection, ids, vectors)

    def remove(self, name: str, ids: Sequence[str]) -> None:
        """Remove at most BATCH vectors from a collection."""
        remove_from(self._collection(name), ids)

    def nearest(self, name: str, vector: "Vectors", k: int) -> dict[str, float]:
        """Return up to k ids with their cosine similarity, the nearest first."""
        return nearest_in(self._collection(name), vector, k)

    def count(self, name: str) -> int | None:
        """Return the number of vectors in a collection; None where there is no such collection."""
        from chromadb.errors import NotFoundError  # noqa: PLC0415 - loads late: a second

        try:
            # By name, not from what is remembered: another collection may have its name by now.
            return int(self._open().get_collection(name, embedding_function=None).count())
        except NotFoundError:
            return None

    def drop(self, name: str) -> None:
        """Remove a collection that is there."""
        self._collections.pop(name, None)
        self._open().delete_collection(name)

    def probe(self) -> str:
        """Ask the server what it is."""
        return f"Chroma {self._open().get_version()} at {self.url}"

    def forget(self) -> None:
        """Drop what is remembered of collections."""
        self._collections = {}

    def close(self) -> None:
        """Disconnect; the next call connects again."""
        with self._opening:
            client, self._client, self._collections = self._client, None, {}
        if client is not None:
            client.close()

    def explain(self, error: Exception) -> AtlasError | None:
        """Return what an error means where it is known."""
        import httpx  # noqa: PLC0415 - loaded with Chroma
        from chromadb.errors import AuthorizationError, ChromaAuthError  # noqa: PLC0415

        if isinstance(error, ChromaAuthError | AuthorizationError):
            return self._refused()
        if isinstance(error, httpx.HTTPError):
            return self._down(type(error).__name__)
        return None

    def _collection(self, name: str) -> Any:  # noqa: ANN401 - Chroma's collection has no types
        collection = self._collections.get(name)
        if collection is None:
            collection = self._collections[name] = self._open().get_collection(name, embedding_function=None)
        return collection

    def _open(self) -> Any:  # noqa: ANN401 - as above
        with self._opening:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def _connect(self) -> Any:  # noqa: ANN401 - as above
        self._knock()
        import chromadb  # noqa: PLC0415 - loads late: a second
        from chromadb.config import Settings  # noqa: PLC0415

        settings = Settings(anonymized_telemetry=False)
        client: Any = chromadb.HttpClient(self.url, self._port(), headers=dict(self._headers), settings=settings)
        # Chroma would wait for ever; it has no setting for this.
        client._server._session.timeout = _ANSWER_S
        return client

    def _port(self) -> int:
        return 443 if self.url.startswith("https") else 80  # read only where the URL has none

    def _knock(self) -> None:
        """See that a Chroma server answers, for Chroma's client would wait for one for minutes, and ask in vain."""
        import httpx  # noqa: PLC0415 - a third of a second

        try:
            answer = httpx.get(f"{self.url}/api/v2/heartbeat", headers=self._headers, timeout=_CONNECT_S)
        except httpx.HTTPError as error:
            raise self._down(type(error).__name__) from error
        if answer.status_code in {401, 403}:
            raise self._refused()
        if not answer.is_success or "nanosecond heartbeat" not in answer.text:
            message = f"what answers at {self.url!r} is no Chroma server (status {answer.status_code})."
            raise SetupMissing(message, "Correct --store; for Milvus it begins with milvus+http://.")

    def _down(self, reason: str) -> SetupMissing:
        remedy = "Start it (`chroma run`), correct --store, or leave --store out to keep the vectors here."
        return SetupMissing(f"the Chroma server at {self.url!r} does not answer ({reason}).", remedy)

    def _refused(self) -> SetupMissing:
        return SetupMissing(f"the Chroma server at {self.url!r} refuses access.", "Set ATLAS_STORE_TOKEN to its token.")
