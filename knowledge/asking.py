"""How near a text comes to what people ask for in everyday words: the tasks of the vocabulary, and what is outside."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Final

from knowledge.embedding import Embedder, Vectors
from knowledge.vocabulary import TASKS

_FILE: Final = Path(__file__).with_name("asking.toml")
_NEAREST: Final = 2  # phrases of a task whose similarity counts: one alone may be near by chance


@cache
def phrases() -> Mapping[str, tuple[str, ...]]:
    """Return everyday phrases by task; those that lie outside stand under the empty name."""
    stored = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {"": tuple(stored["outside"]["phrases"]), **{task: tuple(stored["tasks"][task]) for task in TASKS}}


@dataclass(frozen=True, slots=True)
class Nearness:
    """The tasks that a text comes near to, the nearest first, each with its similarity, and that to what is outside."""

    tasks: tuple[tuple[str, float], ...]
    outside: float


class Asking:
    """Holds texts against the phrases by meaning. Safe to use from several threads."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._lock = Lock()
        self._vectors: Vectors | None = None

    def nearness(self, text: str) -> Nearness:
        """Return how near a text comes to each task."""
        names = [task for task, listed in phrases().items() for _ in listed]
        similarities = self._phrases() @ self._embedder.embed([text], "query")[0]
        by_task: dict[str, list[float]] = {}
        for name, similarity in zip(names, similarities.tolist(), strict=True):
            by_task.setdefault(name, []).append(similarity)
        mean = {task: sum(sorted(found)[-_NEAREST:]) / _NEAREST for task, found in by_task.items()}
        outside = mean.pop("")
        return Nearness(tuple(sorted(mean.items(), key=lambda pair: -pair[1])), outside)

    def _phrases(self) -> Vectors:
        with self._lock:
            if self._vectors is None:
                texts: Sequence[str] = [phrase for listed in phrases().values() for phrase in listed]
                self._vectors = self._embedder.embed(texts, "passage")
            return self._vectors
