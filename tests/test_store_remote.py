"""Every kind of store keeps the same promises; a server that fails is named, with what to do."""

import shutil
import sys
from collections.abc import Callable, Generator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socket import socket
from threading import Thread

import numpy as np
import pytest
from hash_embedder import HashEmbedder
from store_servers import KINDS, SERVERS, Process, address_of, free_port, server

from knowledge.errors import SetupMissing
from knowledge.store import BATCH, VectorStore, address

TEXTS = ["paged attention", "rotary embedding", "gradient checkpointing"]
Open = Callable[[str], VectorStore]


def vectors(texts: list[str], dimensions: int = 64):
    return HashEmbedder(dimensions=dimensions).embed(texts, "query")


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Generator[dict[str, Process]]:
    place = tmp_path_factory.mktemp("servers")
    with server("chroma", place / "chroma") as chroma, server("milvus", place / "milvus") as milvus:
        yield {"chroma": chroma, "milvus": milvus}


@pytest.fixture(params=KINDS)
def open_store(request: pytest.FixtureRequest, tmp_path: Path, servers: dict[str, Process]) -> Generator[Open]:
    """Open the store of an index, by the index's name."""
    opened: list[VectorStore] = []

    def open_one(name: str) -> VectorStore:
        opened.append(address_of(request.param, tmp_path, servers).open(tmp_path / name / "vectors"))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: Open) -> VectorStore:
    return open_store("index")


def test_the_nearest_come_first_with_their_cosine(store: VectorStore) -> None:
    store.add(["a", "b", "c"], vectors(TEXTS))
    query = vectors(["paged attention please"])[0]
    found = store.nearest(query, 2)
    assert next(iter(found)) == "a"
    assert found["a"] == pytest.approx(float(query @ vectors(TEXTS)[0]), abs=1e-5)
    assert (len(found), len(store.nearest(query, 99))) == (2, 3)


def test_more_is_stored_and_removed_than_is_written_at_once(store: VectorStore) -> None:
    count = 2 * BATCH + 1
    ids = [f"n{i}" for i in range(count)]
    many = np.random.default_rng(0).normal(size=(count, 8)).astype(np.float32)
    store.add(ids, many)
    assert next(iter(store.nearest(many[-1], 1))) == ids[-1]
    store.remove(ids[1:])
    assert list(store.nearest(many[-1], 9)) == ["n0"]
    store.add(ids[-1:], many[-1:])
    assert list(store.nearest(many[-1], 1)) == ids[-1:]


def test_removing_what_is_not_there_is_no_error(store: VectorStore) -> None:
    store.remove([])
    store.remove(["nothing"])
    store.add([], vectors([]))
    assert store.nearest(vectors(TEXTS)[0], 3) == {}
    store.add(["a"], vectors(["x"]))
    store.remove(["nothing"])
    assert list(store.nearest(vectors(["x"])[0], 3)) == ["a"]


def test_a_store_never_written_is_empty_and_stays_unwritten(store: VectorStore, tmp_path: Path) -> None:
    assert (store.empty(), store.lost(0), store.lost(1)) == (True, False, True)
    assert store.nearest(vectors(TEXTS)[0], 3) == {}
    assert not (tmp_path / "index").exists()


def test_a_store_whose_last_vector_was_removed_is_searched_without_complaint(open_store: Open) -> None:
    store = open_store("index")
    store.add(["a", "b"], vectors(["x", "y"]))
    store.remove(["b"])
    assert list(store.nearest(vectors(["y"])[0], 3)) == ["a"]
    assert not store.lost(1)


def test_a_cleared_store_takes_vectors_of_another_size(store: VectorStore) -> None:
    store.add(["a"], vectors(["x"]))
    with pytest.raises(SetupMissing, match=r"dim.*delete"):
        store.add(["b"], vectors(["x"], 8))
    store.clear()
    assert store.nearest(vectors(["x"])[0], 1) == {}
    store.clear()
    store.add(["b"], vectors(["x"], 8))
    assert list(store.nearest(vectors(["x"], 8)[0], 9)) == ["b"]


def test_readers_who_share_a_server_find_only_their_own(open_store: Open) -> None:
    mine, yours = open_store("mine"), open_store("yours")
    mine.add(["a"], vectors(["x"]))
    yours.add(["b"], vectors(["x"]))
    assert [list(store.nearest(vectors(["x"])[0], 9)) for store in (mine, yours)] == [["a"], ["b"]]
    mine.clear()
    assert list(yours.nearest(vectors(["x"])[0], 9)) == ["b"]


def test_the_same_index_opened_twice_is_one(open_store: Open) -> None:
    first, second = open_store("index"), open_store("index")
    first.add(["a"], vectors(["x"]))
    second.add(["b"], vectors(["y"]))
    first.refresh()
    assert sorted(first.nearest(vectors(["x"])[0], 9)) == ["a", "b"]
    first.clear()
    second.refresh()
    assert second.nearest(vectors(["x"])[0], 9) == {}


def test_stores_are_used_from_any_thread(open_store: Open) -> None:
    stores = [open_store("index"), open_store("index")]
    stores[0].add(["first"], vectors(["first"]))
    failures: list[BaseException] = []

    def use(mine: VectorStore, name: str) -> None:
        try:
            for i in range(5):
                mine.refresh()
                assert "first" in mine.nearest(vectors(["first"])[0], 99)
                assert next(iter(mine.nearest(vectors([name])[0], 1))), i
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            failures.append(error)

    threads = [Thread(target=use, args=(stores[i % 2], f"t{i}")) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_probe_says_what_answers_and_where(store: VectorStore, request: pytest.FixtureRequest) -> None:
    kind = request.node.callspec.params["open_store"]
    expected = {"embedded": "embedded", "chroma": "http://127", "milvus": "milvus+http://127", "milvus-lite": "lite.db"}
    assert expected[kind] in store.probe()


@pytest.fixture(params=[kind for kind in KINDS if kind != "embedded"])
def remote(request: pytest.FixtureRequest, tmp_path: Path, servers: dict[str, Process]) -> Generator[Open]:
    """Open a store that is not beside the index, by the index's name."""
    there = address_of(request.param, tmp_path, servers)
    yield lambda name: there.open(tmp_path / name / "vectors")
    there.open(tmp_path / "close").close()


def test_a_copied_home_gets_a_collection_of_its_own(remote: Open, tmp_path: Path) -> None:
    first = remote("index")
    first.add(["a"], vectors(["x"]))
    shutil.copytree(tmp_path / "index", tmp_path / "copy")
    copied = remote("copy")
    assert copied.lost(1)
    copied.clear()
    copied.add(["b"], vectors(["x"]))
    assert [list(store.nearest(vectors(["x"])[0], 9)) for store in (first, copied)] == [["a"], ["b"]]
    first.close()
    copied.close()


def test_vectors_that_a_server_has_lost_are_an_error_and_no_empty_answer(remote: Open) -> None:
    store = remote("index")
    store.add(["a", "b"], vectors(["x", "y"]))
    lose(store)
    assert (store.lost(2), store.empty()) == (True, True)
    with pytest.raises(SetupMissing, match=r"has lost the vectors.*atlas index"):
        store.nearest(vectors(["x"])[0], 1)
    store.clear()
    store.add(["a", "b"], vectors(["x", "y"]))
    assert next(iter(store.nearest(vectors(["x"])[0], 1))) == "a"
    store.close()


def test_a_store_whose_first_write_failed_is_still_empty(
    remote: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = remote("index")

    def end(self: Path, target: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Path, "replace", end)  # as if the process ended once the vector was stored
        store.add(["a"], vectors(["x"]))
    assert (store.nearest(vectors(["x"])[0], 1), store.empty()) == ({}, True)
    store.add(["b"], vectors(["y"]))
    assert list(store.nearest(vectors(["x"])[0], 9)) == ["b"]
    store.close()


def test_vectors_lost_in_part_are_noticed(remote: Open) -> None:
    store = remote("index")
    store.add(["a", "b"], vectors(["x", "y"]))
    assert not store.lost(2)
    store.remove(["b"])
    assert (store.lost(2), store.lost(1)) == (True, False)
    store.remove(["a"])
    with pytest.raises(SetupMissing, match="has lost"):
        store.nearest(vectors(["x"])[0], 1)
    store.close()


def lose(store: VectorStore) -> None:
    """Remove its collection behind its back."""
    store._server.drop(store._name())  # type: ignore[attr-defined]
    store.close()


@pytest.mark.parametrize("kind", SERVERS)
def test_a_server_that_dies_is_named_and_used_again_when_it_is_back(kind: str, tmp_path: Path) -> None:
    with server(kind, tmp_path / "data") as there:
        store = address(there.url).open(tmp_path / "index" / "vectors")
        store.add(["a"], vectors(["x"]))
        there.kill()
        for ask in (lambda: store.nearest(vectors(["x"])[0], 1), store.empty, store.probe, store.clear):
            with pytest.raises(SetupMissing, match=r"does not answer.*Start it") as caught:
                ask()
            assert there.url in str(caught.value)
        with pytest.raises(SetupMissing, match="does not answer"):
            store.add(["b"], vectors(["y"]))
        there.start()
        assert list(store.nearest(vectors(["x"])[0], 9)) == ["a"]
        store.close()


@pytest.mark.parametrize(("kind", "scheme"), [("chroma", "http"), ("milvus", "milvus+http")], ids=SERVERS)
def test_a_server_that_never_answers_is_given_up(
    kind: str, scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = "store_chroma_server" if kind == "chroma" else "store_milvus"
    monkeypatch.setattr(f"knowledge.{module}._CONNECT_S", 0.3)
    with socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        store = address(f"{scheme}://127.0.0.1:{silent.getsockname()[1]}").open(tmp_path / "index" / "vectors")
        with pytest.raises(SetupMissing, match="does not answer"):
            store.add(["a"], vectors(["x"]))


@pytest.fixture
def doorkeeper() -> Generator[HTTPServer]:
    """What stands before a server that wants a token; `seen` holds the headers it was shown."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(dict(self.headers))
            self.send_response(401 if self.path.startswith("/api/v2") else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    seen: list[dict[str, str]] = []
    with HTTPServer(("127.0.0.1", 0), Handler) as door:
        door.seen = seen  # type: ignore[attr-defined]
        thread = Thread(target=door.serve_forever, args=(0.05,))
        thread.start()
        yield door
        door.shutdown()
        thread.join()


def test_a_server_that_refuses_is_shown_the_token_and_the_reader_is_not(doorkeeper: HTTPServer, tmp_path: Path) -> None:
    there = address(f"http://127.0.0.1:{doorkeeper.server_port}", "s3cret")
    with pytest.raises(SetupMissing, match=r"refuses access.*ATLAS_STORE_TOKEN") as caught:
        there.open(tmp_path / "vectors").probe()
    (headers,) = doorkeeper.seen  # type: ignore[attr-defined]
    assert (headers["X-Chroma-Token"], headers["Authorization"]) == ("s3cret", "Bearer s3cret")
    assert "s3cret" not in f"{there!r} {caught.value} {caught.value.__cause__!r}"


def test_another_kind_of_server_is_no_chroma_server(doorkeeper: HTTPServer, tmp_path: Path) -> None:
    store = address(f"http://127.0.0.1:{doorkeeper.server_port}/other").open(tmp_path / "vectors")
    with pytest.raises(SetupMissing, match=r"no Chroma server \(status 404\).*milvus\+http"):
        store.probe()


@pytest.mark.parametrize("text", ["notes.db", f"milvus+http://127.0.0.1:{free_port()}"], ids=["lite", "cluster"])
def test_milvus_that_is_not_installed_is_missing_set_up(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for module in ("pymilvus", "milvus_lite.adapter.grpc.server"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(SetupMissing, match=r"llm-atlas\[milvus\], are not installed.*uv pip install"):
        address(text).open(tmp_path / "vectors").probe()
