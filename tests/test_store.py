from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from hash_embedder import HashEmbedder

from knowledge.errors import SetupMissing
from knowledge.store import BATCH
from knowledge.store_chroma import ChromaStore

TEXTS = ["paged attention", "rotary embedding", "gradient checkpointing"]


@pytest.fixture
def store(tmp_path: Path):
    opened = ChromaStore(tmp_path / "vectors")
    yield opened
    opened.refresh()


def vectors(texts: list[str]):
    return HashEmbedder().embed(texts, "query")


def test_the_nearest_come_first_with_their_cosine(store: ChromaStore) -> None:
    store.add(["a", "b", "c"], vectors(TEXTS))
    query = vectors(["paged attention please"])[0]
    found = store.nearest(query, 2)
    assert list(found) == ["a", next(i for i in found if i != "a")]
    assert found["a"] == pytest.approx(float(query @ vectors(TEXTS)[0]), abs=1e-5)
    assert len(store.nearest(query, 99)) == 3


def test_more_is_stored_and_removed_than_chroma_takes_at_once(store: ChromaStore) -> None:
    count = 11 * BATCH + 1
    ids = [f"n{i}" for i in range(count)]
    many = np.random.default_rng(0).normal(size=(count, 8)).astype(np.float32)
    store.add(ids, many)
    assert next(iter(store.nearest(many[-1], 1))) == ids[-1]
    store.remove(ids[1:])
    assert list(store.nearest(many[-1], 9)) == ["n0"]


def test_removing_what_is_not_there_is_no_error(store: ChromaStore) -> None:
    store.remove([])
    store.remove(["nothing"])
    store.add([], vectors([]))
    assert store.nearest(vectors(TEXTS)[0], 3) == {}


def test_a_store_never_written_is_empty_and_stays_unwritten(tmp_path: Path) -> None:
    store = ChromaStore(tmp_path / "vectors")
    assert store.empty()
    assert store.nearest(vectors(TEXTS)[0], 3) == {}
    assert not (tmp_path / "vectors").exists()


def test_a_cleared_store_takes_vectors_of_another_size(store: ChromaStore) -> None:
    store.add(["a"], HashEmbedder().embed(["x"], "query"))
    with pytest.raises(SetupMissing, match="dimension"):
        store.add(["b"], HashEmbedder(dimensions=8).embed(["x"], "query"))
    store.clear()
    store.add(["b"], HashEmbedder(dimensions=8).embed(["x"], "query"))
    assert list(store.nearest(HashEmbedder(dimensions=8).embed(["x"], "query")[0], 9)) == ["b"]


def test_two_stores_of_one_folder_see_each_other_from_any_thread(tmp_path: Path, store: ChromaStore) -> None:
    other = ChromaStore(tmp_path / "vectors")
    failures: list[BaseException] = []

    def use(mine: ChromaStore, name: str) -> None:
        try:
            for i in range(10):
                mine.add([f"{name}{i}"], vectors([f"{name}{i}"]))
                mine.refresh()
                assert f"{name}{i}" in mine.nearest(vectors([f"{name}{i}"])[0], 1)
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            failures.append(error)

    threads = [Thread(target=use, args=(mine, name)) for name, mine in {"a": store, "b": other, "c": store}.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(store.nearest(vectors(["a0"])[0], 99)) == 30


def test_opening_anew_again_and_again_leaves_nothing_open(store: ChromaStore) -> None:
    store.add(["a"], vectors(["x"]))
    for _ in range(3):
        store.refresh()
        store.nearest(vectors(["x"])[0], 1)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(10):
        store.refresh()
        store.nearest(vectors(["x"])[0], 1)
    assert len(list(Path("/proc/self/fd").iterdir())) < before + 10  # a client holds about ten


def test_a_folder_of_garbage_is_missing_set_up_with_the_folder_to_delete(tmp_path: Path) -> None:
    folder = tmp_path / "index" / "vectors"
    folder.mkdir(parents=True)
    (folder / "chroma.sqlite3").write_bytes(b"garbage " * 500)
    store = ChromaStore(folder)
    with pytest.raises(SetupMissing) as caught:
        store.nearest(vectors(["x"])[0], 1)
    assert f"delete '{tmp_path / 'index'}'" in caught.value.remedy


def test_a_folder_that_cannot_be_written_is_missing_set_up(unprivileged: Path) -> None:
    unprivileged.chmod(0o500)
    with pytest.raises(SetupMissing, match="--home"):
        ChromaStore(unprivileged / "vectors").add(["a"], vectors(["x"]))
    unprivileged.chmod(0o700)
