"""Wherever the vectors live, the same questions have the same answers, and the index keeps its promises."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from hash_embedder import HashEmbedder
from store_servers import KINDS, Process, address_of, server

from knowledge.errors import SetupMissing, UserMistake
from knowledge.index import Index
from knowledge.reader import Folder
from knowledge.retrieval import search
from knowledge.store import StoreAddress, address
from ui import settings
from ui.doctor import examine

ROOT = Path(__file__).parents[1]
SUBJECTS = [
    "attention", "tokenizer", "gradient", "quantization", "retrieval", "sampling", "cache", "adapter", "optimizer",
    "checkpoint", "parallelism", "embedding",
]  # fmt: skip
FACTS = [
    "The {0} keeps its state in blocks of {1} entries, and each block is allocated when the first entry needs it.",
    "A larger {0} costs more memory than {1} does, but it lowers the latency that a reader of the page notices.",
    "When the {0} overflows, the scheduler evicts what was used least and recomputes it from the {1} afterwards.",
    "Teams measure the {0} by throughput, by the share of {1} it saves, and by how often it has to be restarted.",
]
LETTERS = [first + second for first in "bdfgklmnprst" for second in ("ab", "el", "in", "ot", "um")]
QUESTIONS = [
    "attention blocks", "which tokenizer costs memory?", "what happens when the gradient overflows",
    "how do teams measure quantization", "retrieval latency", "sampling and the cache", "who evicts the adapter?",
    "optimizer throughput", "checkpoint restarted", "parallelism", "embedding state", "scheduler recomputes afterwards",
]  # fmt: skip


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Generator[dict[str, Process]]:
    place = tmp_path_factory.mktemp("servers")
    with server("chroma", place / "chroma") as chroma, server("milvus", place / "milvus") as milvus:
        yield {"chroma": chroma, "milvus": milvus}


@pytest.fixture
def indexes(tmp_path: Path, folder: Folder, servers: dict[str, Process]) -> Generator[dict[str, Index]]:
    """One index of the same notes for each kind of store."""
    opened = {kind: open_index(tmp_path, folder, address_of(kind, tmp_path, servers)) for kind in KINDS}
    yield opened
    for index in opened.values():
        index.close()


def open_index(home: Path, folder: Folder, store: StoreAddress) -> Index:
    return Index(home / "home", [folder], HashEmbedder(dimensions=896), store)


def write_notes(folder: Folder, subjects: list[str]) -> None:
    for subject in subjects:
        chance = random.Random(subject)  # no two passages are equally near a question: their order would be chance
        facts = [
            f"{fact.format(subject, *chance.sample(SUBJECTS, 1))} {' '.join(chance.choices(LETTERS, k=9)).capitalize()}."
            for fact in FACTS
        ]
        (folder.path / f"{subject}.md").write_text(f"# {subject}\n\n" + "\n\n".join(facts) + "\n")


def assert_same_answers(indexes: dict[str, Index]) -> None:
    for question in QUESTIONS:
        expected = search(indexes["embedded"], question)
        assert expected, question
        for kind, index in indexes.items():
            found = search(index, question)
            assert [(e.note, e.start) for e in found] == [(e.note, e.start) for e in expected], (kind, question)
            assert [e.score for e in found] == pytest.approx([e.score for e in expected], abs=1e-4), (kind, question)
            nearest, reference = (
                i.store.nearest(i.embedder.embed([question], "query")[0], 99) for i in (index, indexes["embedded"])
            )
            assert nearest == pytest.approx(reference, abs=1e-4), (kind, question)


def test_every_store_gives_the_same_answers_after_restart_change_and_removal(
    tmp_path: Path, folder: Folder, indexes: dict[str, Index], servers: dict[str, Process]
) -> None:
    write_notes(folder, SUBJECTS)
    for index in indexes.values():
        assert len(index.update().added) == len(SUBJECTS)
    assert_same_answers(indexes)

    for index in indexes.values():
        index.close()
    for process in servers.values():
        process.kill()
        process.start()
    reopened = {kind: open_index(tmp_path, folder, address_of(kind, tmp_path, servers)) for kind in KINDS}
    for index in reopened.values():
        changes = index.update()
        assert (changes.unchanged, changes.embedded) == (len(SUBJECTS), 0)
    assert_same_answers(reopened)

    (folder.path / "cache.md").unlink()
    write_notes(folder, ["warmup"])
    changed = folder.path / "sampling.md"
    changed.write_text(changed.read_text().replace("measure", "judge"))
    for index in reopened.values():
        changes = index.update()
        assert tuple(len(files) for files in (changes.added, changes.changed, changes.removed)) == (1, 1, 1)
        assert 0 < changes.embedded < 10
        assert not {e.note for question in QUESTIONS for e in search(index, question)} & {"cache"}
    assert_same_answers(reopened)
    for index in reopened.values():
        index.close()


@pytest.mark.parametrize("kind", KINDS)
def test_another_process_finds_what_this_one_wrote(
    kind: str, tmp_path: Path, folder: Folder, indexes: dict[str, Index], servers: dict[str, Process]
) -> None:
    write_notes(folder, SUBJECTS[:3])
    index = indexes[kind]
    index.update()
    expected = [evidence.note for evidence in search(index, "tokenizer memory")]
    program = (
        "import json, sys; from pathlib import Path; from hash_embedder import HashEmbedder;"
        "from knowledge.index import Index; from knowledge.reader import Folder; from knowledge.retrieval import search;"
        "from knowledge.store import address;"
        "index = Index(Path(sys.argv[1]), [Folder(Path(sys.argv[2]), own=True)], HashEmbedder(dimensions=896), address(sys.argv[3]));"
        "changes = index.update(); print(json.dumps([changes.unchanged, changes.embedded,"
        "[e.note for e in search(index, 'tokenizer memory')]])); index.close()"
    )
    there = address_of(kind, tmp_path, servers)
    said = {"embedded": "", "milvus": f"milvus+{there.url}"}.get(kind, there.url)
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "home"), str(folder.path), said],
        capture_output=True, text=True, timeout=120, check=False,
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [3, 0, expected]
    assert [evidence.note for evidence in search(index, "tokenizer memory")] == expected


@pytest.mark.parametrize("kind", ["chroma", "milvus", "milvus-lite"])
def test_vectors_that_were_lost_are_stored_again_by_the_next_update(
    kind: str, folder: Folder, indexes: dict[str, Index]
) -> None:
    write_notes(folder, SUBJECTS[:2])
    index = indexes[kind]
    stored = index.update().embedded
    before = [evidence.note for evidence in search(index, "tokenizer memory")]
    index.store._server.drop(index.store._name())  # type: ignore[attr-defined]
    with pytest.raises(SetupMissing, match="has lost the vectors"):
        search(index, "tokenizer memory")
    assert index.update().embedded == stored
    assert [evidence.note for evidence in search(index, "tokenizer memory")] == before


def test_the_doctor_says_where_the_vectors_are_and_whether_the_store_answers(
    tmp_path: Path, servers: dict[str, Process]
) -> None:
    notes = tmp_path / "own"
    notes.mkdir()
    wanted = {"home": tmp_path, "notes": [notes], "only_notes": True, "no_model": True}
    there = settings.read({"ATLAS_STORE": "http://127.0.0.1:1"}, **wanted, store=servers["chroma"].url)  # type: ignore[arg-type]
    (store,) = [finding for finding in examine(there) if finding["what"] == "store"]
    assert store["ok"]
    assert store["state"].endswith(servers["chroma"].url)
    gone = settings.read({"ATLAS_STORE": "http://127.0.0.1:1", "ATLAS_STORE_TOKEN": "s3cret"}, **wanted)  # type: ignore[arg-type]
    (notes / "a.md").write_text("Text.")
    for finding in examine(gone):
        if finding["what"] in {"store", "notes"}:
            assert not finding["ok"]
            assert "'http://127.0.0.1:1' does not answer" in finding["state"]
            assert "Start it" in finding["remedy"]
    assert "s3cret" not in repr(gone)


@pytest.mark.parametrize(
    ("text", "kind", "url"),
    [
        ("", "embedded", ""),
        ("http://Box:8000/", "chroma", "http://box:8000"),
        ("https://vectors.example.org/team", "chroma", "https://vectors.example.org/team"),
        ("http://[::1]:8000", "chroma", "http://[::1]:8000"),
        ("milvus:///data/atlas.db", "milvus-lite", "/data/atlas.db"),
        ("/data/atlas.db", "milvus-lite", "/data/atlas.db"),
        ("atlas.db", "milvus-lite", str(Path("atlas.db").absolute())),
        ("~/atlas.db", "milvus-lite", str(Path.home() / "atlas.db")),
        ("milvus+http://box:19530", "milvus", "http://box:19530"),
        ("milvus+https://box/team", "milvus", "https://box/team"),
    ],
)
def test_an_address_names_a_kind_of_store(text: str, kind: str, url: str) -> None:
    assert address(text, "token") == StoreAddress(kind, url, "token" if kind in {"chroma", "milvus"} else "")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "localhost:8000", "ftp://box", "http://", "http://box:99999", "http://box:port", "milvus://box:19530",
        "milvus+http://", "http://box?tenant=a", "http://box#a", "http://[::1", "atlas", "redis://box:6379", "milvus://atlas.db",
    ],
)  # fmt: skip
def test_what_is_no_address_is_the_users_mistake_with_the_forms_there_are(text: str) -> None:
    with pytest.raises(UserMistake, match=r"milvus.*://") as caught:
        address(text)
    assert repr(text) in str(caught.value)


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    for text in ("http://me:s3cret@box:8000", "milvus+http://me:s3cret@box:99999", "milvus://me:s3cret@box"):
        with pytest.raises(UserMistake, match="ATLAS_STORE_TOKEN") as caught:
            address(text)
        assert "s3cret" not in str(caught.value)
