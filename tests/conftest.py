"""What all tests share: no network but loopback, notes to write, and an embedder without a model."""

import io
import os
import sys
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING

import offline
import pytest
from command_run import Command, Run, run_here
from hash_embedder import HashEmbedder
from scripted_model import ScriptedModel

from knowledge.embedding import Embedder, embedded
from knowledge.index import VECTORS_OF_BUILT_IN, Index
from knowledge.reader import Folder
from ui import assembly, settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

offline.install()

Write = Callable[[str, str], Path]


@pytest.fixture(autouse=True)
def no_network() -> Generator[Callable[[], None]]:
    """Fail the test if anything in it tried to leave this machine; call the value to ask in between."""

    def assert_none_tried() -> None:
        tried = list(offline.attempts)
        offline.attempts.clear()
        assert not tried, f"the network was tried: {tried}"

    offline.attempts.clear()
    yield assert_none_tried
    assert_none_tried()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """An empty folder for a reader's own notes."""
    path = tmp_path / "notes"
    path.mkdir()
    return Folder(path.resolve(), own=True)


@pytest.fixture
def write(folder: Folder) -> Write:
    """Write a note below the folder, line endings as given."""

    def write_note(name: str, text: str) -> Path:
        path = folder.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        return path

    return write_note


@pytest.fixture
def embedder() -> HashEmbedder:
    return HashEmbedder()


@pytest.fixture
def index(tmp_path: Path, folder: Folder, embedder: HashEmbedder) -> Generator[Index]:
    """The index of the folder, in Chroma."""
    opened = Index(tmp_path / "home", [folder], embedder)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def built_in_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the index of the built-in notes lies, once `built_in` has made it."""
    return tmp_path_factory.mktemp("built-in")


@pytest.fixture(scope="session")
def encoder() -> Embedder:
    """The embedder that commands use, loaded once: that takes a second of each."""
    return embedded(VECTORS_OF_BUILT_IN)


@pytest.fixture(scope="session")
def built_in(built_in_home: Path, encoder: Embedder) -> Generator[Index]:
    """The index of the built-in notes, for tests that only read it."""
    folders = settings.read({}, home=built_in_home).folders
    opened = Index(built_in_home, folders, encoder)
    opened.update()
    yield opened
    opened.close()


@pytest.fixture
def atlas(
    built_in: Index, built_in_home: Path, encoder: Embedder, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str], request: pytest.FixtureRequest,
) -> Command:  # fmt: skip
    """Run a command in this process over the built-in notes, as a learner of the test's own."""
    for name in ("OPENAI_BASE_URL", "OPENAI_MODEL", "OPENAI_API_KEY", "ATLAS_DATABASE", "ATLAS_STORE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ATLAS_HOME", str(built_in_home))
    monkeypatch.setenv("ATLAS_LEARNER", request.node.name[:80])
    monkeypatch.setattr(assembly, "embedder", lambda _: encoder)

    def run_command(*arguments: str | Path, stdin: str = "") -> Run:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        return run_here(capfd, arguments)

    return run_command


@pytest.fixture
def model() -> Generator[ScriptedModel]:
    """A scripted model: replies that nobody asks for, and requests without a reply, fail the test."""
    with ScriptedModel() as scripted:
        yield scripted


@pytest.fixture(scope="module")
def browser() -> Generator["Browser"]:
    """Chromium for the tests of one file: its loop would be in the way of what other files run in this thread."""
    from visits import chromium  # noqa: PLC0415 - tests without a browser need no Gradio

    with chromium() as opened:
        yield opened


@pytest.fixture
def unprivileged() -> Generator[Path]:
    """A folder that belongs to an ordinary user, whose rights the test has: root may read everything."""
    with tempfile.TemporaryDirectory() as name:
        if os.geteuid() == 0:
            os.chown(name, 65534, 65534)
            os.seteuid(65534)
            try:
                yield Path(name).resolve()
            finally:
                os.seteuid(0)
        else:
            yield Path(name).resolve()
