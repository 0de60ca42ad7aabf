"""A deterministic embedder without a model: texts that share terms are near each other."""

from collections.abc import Sequence
from zlib import crc32

import numpy as np

from knowledge.embedding import Role, Vectors
from knowledge.language import terms


class HashEmbedder:
    """Counts each term into one of `dimensions` places; `texts` are the passages embedded so far."""

    def __init__(self, id: str = "hash", dimensions: int = 64) -> None:
        self.id = id
        self._dimensions = dimensions
        self.texts: list[str] = []

    def embed(self, texts: Sequence[str], role: Role) -> Vectors:
        if role == "passage":
            self.texts += texts
        vectors = np.zeros((len(texts), self._dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            for term in [text, *terms(text)]:  # the text itself, so that no vector is zero
                digest = crc32(term.encode())
                vectors[row, digest % self._dimensions] += 1 if digest & 0x10000 else -1
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / np.where(norms == 0, 1, norms)
