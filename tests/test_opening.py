"""A team that opens behind the page: indexed, prepared, closed in the middle, or told why it cannot open."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hash_embedder import HashEmbedder
from small_atlas import QUESTION, write_notes

from agents.atlas import Atlas
from agents.desk import Desk
from agents.ladder import Ladder
from knowledge.errors import SetupMissing
from knowledge.index import Changes, Index
from learner.store import AttemptStore
from ui.opening import BackgroundTeam

pytestmark = [
    # CrewAI uses what it deprecates itself, and imports its parts in an odd order.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ImportWarning"),
]


def waited_for(condition: Any, timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)


@contextmanager
def unindexed(home: Path) -> Generator[Atlas]:
    index = Index(home / "home", [write_notes(home / "notes")], HashEmbedder(dimensions=4096))
    ladder = Ladder(None, None, home)
    yield Atlas(index, ladder, Desk(home), lambda: AttemptStore(home))
    ladder.close()
    index.close()


def test_the_team_opens_indexes_and_prepares_behind_the_page(tmp_path: Path) -> None:
    prepared: list[Atlas] = []
    rehearsed: list[str] = []

    def rehearse(atlas: Atlas) -> None:
        rehearsed.extend(evidence.note for evidence in atlas.search("LoRA", 1))  # the notes are read by now
        assert background.atlas(0) is None

    background = BackgroundTeam(lambda: unindexed(tmp_path), prepared.append, rehearse)
    assert (background.atlas(0), background.state) == (None, None)
    background.start()
    atlas = background.atlas(20)
    assert atlas is not None
    waited_for(lambda: prepared == [atlas] and not background.opening.indexing)
    assert rehearsed == ["lora"]
    assert atlas.search(QUESTION)[0].note == "paged-attention"
    assert background.state is not None
    background.close()


def test_a_team_that_cannot_open_says_why(tmp_path: Path) -> None:
    @contextmanager
    def broken() -> Generator[Atlas]:
        raise SetupMissing("no encoder.", "Install it.")
        yield

    background = BackgroundTeam(broken)
    background.start()
    with pytest.raises(SetupMissing, match=r"no encoder"):
        background.atlas(20)
    assert background.opening.problem == "no encoder. Install it."
    background.close()


def test_closing_ends_an_update_under_way(tmp_path: Path) -> None:
    @contextmanager
    def slow() -> Generator[Atlas]:
        with unindexed(tmp_path) as atlas:

            def update(progress: Any, *, wait_s: float) -> Changes:
                for _ in range(10_000):
                    progress(1, 2)
                    time.sleep(0.01)
                return Changes()

            atlas.index.update = update
            yield atlas

    background = BackgroundTeam(slow)
    background.start()
    waited_for(lambda: background.opening.indexing)
    began = time.monotonic()
    background.close()
    assert time.monotonic() - began < 2
