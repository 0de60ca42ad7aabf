"""The command line in this process, with an embedder that needs no model.

@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Generator[Command]:
    with commands(monkeypatch, capfd, tmp_path) as run:
        yield run
"""

import gc
import io
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from command_run import Command, Run, run_here
from hash_embedder import HashEmbedder

from ui import assembly


@contextmanager
def unset(monkeypatch: pytest.MonkeyPatch, home: Path) -> Generator[None]:
    """No endpoint and no model in the environment, and no traces of a command in this process."""
    for name in ("OPENAI_BASE_URL", "OPENAI_MODEL", "OPENAI_API_KEY", "ATLAS_EMBEDDING_URL", "ATLAS_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ATLAS_MODELS", str(home / "models"))
    monkeypatch.setenv("CREWAI_STORAGE_DIR", str(home / "crewai"))
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)


@contextmanager
def commands(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], home: Path) -> Generator[Command]:
    """Runs commands in this process; models are looked for below `home`."""
    monkeypatch.setattr(assembly, "embedder", lambda _: HashEmbedder(dimensions=4096))

    def run_command(*arguments: str | Path, stdin: bytes = b"") -> Run:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        return run_here(capfd, arguments)

    with unset(monkeypatch, home):
        yield run_command
