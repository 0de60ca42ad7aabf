"""Where the vectors of an index live: what every store can do, and the address that chooses one.

The stores themselves are in modules of their own, one for each library, loaded when an address opens them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Protocol
from urllib.parse import SplitResult, urlsplit

from knowledge.errors import UserMistake

if TYPE_CHECKING:
    from knowledge.embedding import Vectors

BATCH: Final = 512  # vectors written at once; Chroma refuses more than 5,461
_FORMS: Final = (
    "Write http://HOST:8000 or https://HOST for a Chroma server, a path that ends in .db (or milvus:///PATH.db) for "
    "Milvus Lite, milvus+http://HOST:19530 or milvus+https://HOST for a Milvus cluster; or leave it out: "
    "then the vectors stay beside the index."
)


class VectorStore(Protocol):
    """Stores unit vectors by id and finds the nearest ones.

    A store that does not answer raises SetupMissing; it never returns less than it holds.
    """

    def add(self, ids: Sequence[str], vectors: "Vectors") -> None:
        """Store vectors of ids that are not there."""
        ...

    def remove(self, ids: Sequence[str]) -> None:
        """Remove vectors; ids that are not there are no error."""
        ...

    def nearest(self, vector: "Vectors", k: int) -> dict[str, float]:
        """Return up to k ids with their cosine similarity, the nearest first."""
        ...

    def empty(self) -> bool:
        """Tell whether there is surely nothing: none was ever stored, or all was deleted behind our back."""
        ...

    def lost(self, stored: int) -> bool:
        """Tell whether so many vectors were stored but not all of them are there."""
        ...

    def clear(self) -> None:
        """Remove all vectors."""
        ...

    def refresh(self) -> None:
        """Drop what this process remembers of the store, because another one has written."""
        ...

    def close(self) -> None:
        """Let go of the store; the next call opens it again."""
        ...

    def probe(self) -> str:
        """Ask the store whether it is there, and say what it is."""
        ...


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """Which store holds the vectors; `url` is empty for Chroma embedded beside the index, a path for Milvus Lite."""

    kind: Literal["embedded", "chroma", "milvus-lite", "milvus"] = "embedded"
    url: str = ""
    token: str = field(default="", repr=False)

    def open(self, folder: Path) -> VectorStore:
        """Return the store of the index whose own files are in `folder`; nothing is connected yet."""
        # Each module loads the libraries of its own kind of store, which the others do without.
        if self.kind == "chroma":
            from knowledge.store_chroma_server import ChromaServer  # noqa: PLC0415
            from knowledge.store_remote import RemoteStore  # noqa: PLC0415

            return RemoteStore(folder, ChromaServer(self.url, self.token))
        if self.kind in {"milvus", "milvus-lite"}:
            from knowledge.store_milvus import Milvus, cluster, lite  # noqa: PLC0415
            from knowledge.store_remote import RemoteStore  # noqa: PLC0415

            server = cluster(self.url, self.token) if self.kind == "milvus" else lite(Path(self.url))
            return RemoteStore(folder, Milvus(server))
        from knowledge.store_chroma import ChromaStore  # noqa: PLC0415

        return ChromaStore(folder)


EMBEDDED: Final = StoreAddress()


def address(text: str, token: str = "") -> StoreAddress:
    """Return the address that a person wrote; an empty one is the embedded store.

    Raises UserMistake for what is no address, without repeating a password that stands in it.
    """
    if not text:
        return EMBEDDED
    scheme = text.partition("://")[0].lower() if "://" in text else ""
    if scheme in {"", "milvus"} and text.endswith(".db"):
        path = text.partition("://")[2] if scheme else text
        if scheme and not path.startswith("/"):
            raise UserMistake(f"{text!r} names no file.", "Write three slashes before its path: milvus:///PATH.db.")
        return StoreAddress("milvus-lite", str(Path(path).expanduser().absolute()))
    parts = _parts(text)
    where = f"{parts.netloc.lower()}{parts.path.rstrip('/')}"
    if scheme in {"http", "https"}:
        return StoreAddress("chroma", f"{scheme}://{where}", token)
    if scheme in {"milvus+http", "milvus+https"}:
        return StoreAddress("milvus", f"{scheme.removeprefix('milvus+')}://{where}", token)
    raise UserMistake(f"{text!r} is not the address of a vector store.", _FORMS)


def _parts(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        known = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        known, parts = False, SplitResult("", "", "", "", "")
    if "@" in text.partition("://")[2].partition("/")[0]:
        raise UserMistake("the address of the vector store holds a password.", "Put it into ATLAS_STORE_TOKEN instead.")
    if not known or parts.query or parts.fragment:
        raise UserMistake(f"{text!r} is not the address of a vector store.", _FORMS)
    return parts
