"""Writes the ready-made vectors that ship with the built-in notes: `python -m knowledge.ready` (minutes)."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from knowledge import asking, reader
from knowledge.embedding import Embedder, Remembered, Role, base_embedders, generic_sentences, key
from knowledge.index import BUILT_IN, VECTORS_OF_BUILT_IN
from knowledge.reader import Folder

_BATCH: Final = 16
_ROLES: Final[tuple[Role, ...]] = ("query", "passage")


def texts() -> list[tuple[str, Role]]:
    """Return all that an index of the built-in notes embeds, phrases of tasks, and what languages are centred by."""
    folder = Folder(BUILT_IN, own=False)
    passages = [excerpt.lookup for path in reader.files(folder) for excerpt in reader.read(path, folder).excerpts]
    generic = [text for sentences in generic_sentences().values() for text in sentences]
    found: list[tuple[str, Role]] = [(text, role) for text in generic for role in _ROLES]
    found.extend((text, "passage") for text in passages)
    found.extend((phrase, "passage") for listed in asking.phrases().values() for phrase in listed)
    return found


def missing(file: Path, embedders: Sequence[Embedder]) -> int:
    """Return how many vectors the file lacks."""
    known = [(embedder, Remembered(embedder, file).known()) for embedder in embedders]
    return sum(key(embedder.id, text, role) not in found for embedder, found in known for text, role in texts())


def write(file: Path, embedders: Sequence[Embedder]) -> int:
    """Write the vectors to `file`, those that it lacks embedded anew; return how many these were."""
    arrays: dict[str, NDArray[Any]] = {}
    fresh = 0
    for embedder in embedders:
        vectors = dict(Remembered(embedder, file).known())
        wanted = {key(embedder.id, text, role): (text, role) for text, role in texts()}
        for role in _ROLES:
            lacking = [name for name, (_, its_role) in wanted.items() if its_role == role and name not in vectors]
            for first in range(0, len(lacking), _BATCH):
                names = lacking[first : first + _BATCH]
                vectors |= zip(names, embedder.embed([wanted[name][0] for name in names], role), strict=True)
            fresh += len(lacking)
        names = sorted(wanted)
        arrays[embedder.id] = np.stack([vectors[name] for name in names]).astype(np.float16)
        arrays[f"{embedder.id}:keys"] = np.array(names, dtype="V12")
    draft = file.with_name(f"{file.name}.part")
    with draft.open("wb") as stream:
        np.savez(stream, **arrays)  # pyright: ignore[reportArgumentType] - numpy's stub takes them for options
    draft.replace(file)
    return fresh


if __name__ == "__main__":
    if "--check" in sys.argv:
        lacking = missing(VECTORS_OF_BUILT_IN, base_embedders())
        sys.exit(f"{lacking} vectors are missing; run `make vectors`." if lacking else 0)
    sys.stdout.write(f"{write(VECTORS_OF_BUILT_IN, base_embedders())} vectors embedded\n")
