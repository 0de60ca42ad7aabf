"""Puts the parts together from the settings: the one place where they are all made."""

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from agents.atlas import Atlas
from agents.desk import Desk
from agents.ladder import Ladder
from knowledge.embedding import Centred, Embedder, EndpointEmbedder, embedded
from knowledge.index import VECTORS_OF_BUILT_IN, Changes, Index
from ui.settings import Settings

if TYPE_CHECKING:
    from agents.recommending import Recommender
    from agents.trace_store import TraceStore
    from learner.store import AttemptStore
    from tools.quiz.material import Material

_INDEX_WAIT_S: Final = 60.0  # a reader's many notes take longer at first; then what is there has to do


def embedder(settings: Settings) -> Embedder:
    """Return the embedder that the settings name."""
    if settings.embedding_url:
        endpoint = EndpointEmbedder(settings.embedding_url, settings.embedding_model, settings.embedding_key)
        return Centred(endpoint)
    return embedded(VECTORS_OF_BUILT_IN)


@contextmanager
def open_index(settings: Settings) -> Generator[Index]:
    """Open the index of the settings' notes, as it is."""
    index = Index(settings.home, settings.folders, embedder(settings), settings.store)
    try:
        yield index
    finally:
        index.close()


@contextmanager
def open_material(settings: Settings) -> Generator[tuple[Index, "Material"]]:
    """Open the notes, brought up to date, and what items and advice are made from."""
    from knowledge.graph import Graph  # noqa: PLC0415 - only what a command needs is loaded
    from tools.quiz.material import Material  # noqa: PLC0415

    with open_index(settings) as index:
        updated(index)
        yield index, Material(index.library, Graph(index.library), index.catalog.all_passages())


@contextmanager
def open_recommender(settings: Settings) -> Generator[tuple["Recommender", "Material"]]:
    """Open what advises, over notes that are brought up to date; the settings' endpoint reads what rules cannot."""
    from agents.recommending import Recommender  # noqa: PLC0415 - only what a command needs is loaded

    with open_material(settings) as (index, material):
        ladder = Ladder(settings.endpoint, None, settings.cache_dir)
        try:
            yield Recommender(index, lambda: material, ladder=ladder), material
        finally:
            ladder.close()


def updated(index: Index, progress: Callable[[int, int], None] = lambda done, total: None) -> Changes:
    """Bring an index up to date; waits for another process that is doing so, since until then it finds too little."""
    return index.update(progress, wait_s=_INDEX_WAIT_S)


@contextmanager
def open_atlas(settings: Settings, *, wait_s: float, update: Callable[[Index], Changes] = updated) -> Generator[Atlas]:
    """Open the whole team over an index that is brought up to date first; the embedded model ends with the block."""
    os.environ.setdefault("CREWAI_STORAGE_DIR", str(settings.home / "crewai"))  # read when CrewAI is imported
    with open_index(settings) as index:
        update(index)
        ladder = Ladder(settings.endpoint, settings.weights, settings.cache_dir)
        try:
            atlas = Atlas(
                index, ladder, Desk(settings.home), lambda: _store(settings), wait_s,
                open_traces=lambda: open_traces(settings),
            )  # fmt: skip
            try:
                yield atlas
            finally:
                atlas.examiner.close()
                atlas.traces.close()
        finally:
            ladder.close()


@contextmanager
def open_records(settings: Settings) -> Generator["AttemptStore"]:
    """Open the learners' records."""
    store = _store(settings)
    try:
        yield store
    finally:
        store.close()


def open_traces(settings: Settings) -> "TraceStore":
    """Return the traces of all answers."""
    from agents.trace_store import TraceStore  # noqa: PLC0415 - loads late, with its library

    return TraceStore(settings.database or settings.home)


def _store(settings: Settings) -> "AttemptStore":
    from learner.store import AttemptStore  # noqa: PLC0415 - loads late, with its library

    return AttemptStore(settings.database or settings.home)
