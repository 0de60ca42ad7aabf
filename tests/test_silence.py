"""Nothing reports home: no library looks up a name or opens a connection that was not asked for."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripted_model import ScriptedModel
from small_atlas import QUESTION, VERBATIM, answer_probe, judge, of_tutor, write_notes

SCRIPT = Path(__file__).with_name("silent_process.py")
# Where a process looks for what it may do; none of our switches is among them.
KEPT = ("PATH", "LANG", "LD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR", "VIRTUAL_ENV")


class Silent:
    """A process that loaded everything, answered once with an endpoint and once without a model, and ended."""

    def __init__(self, root: Path) -> None:
        self.person, self.home = root / "person", root / "home"
        self.person.mkdir()
        notes = write_notes(root / "notes").path
        there = ["--json", "--home", str(self.home), "--notes", str(notes), "--only-notes"]
        environment = {name: value for name, value in os.environ.items() if name in KEPT}
        environment |= {"HOME": str(self.person), "PYTHONPATH": os.pathsep.join(sys.path)}
        with ScriptedModel(api_key="sk-secret") as model:
            answer_probe(model, json_schema=True, logprobs=True)
            judge(model)
            model.reply(VERBATIM, when=of_tutor)
            endpoint = ["--base-url", model.base_url, "--model", "m", "--api-key", "sk-secret"]
            commands = [
                "ask",
                QUESTION,
                "--session",
                "s",
                *endpoint,
                *there,
                "--",
                "ask",
                QUESTION,
                "--no-model",
                *there,
            ]
            began = time.monotonic()
            self.ended = subprocess.run(
                [sys.executable, str(SCRIPT), *commands],
                capture_output=True, text=True, timeout=240, env=environment, cwd=root, check=False,
            )  # fmt: skip
            self.seconds = time.monotonic() - began
        self.root = root


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Silent]:
    yield Silent(tmp_path_factory.mktemp("silent"))


def test_every_library_stays_on_this_machine(silent: Silent) -> None:
    assert silent.ended.returncode == 0, silent.ended.stderr
    assert json.loads(silent.ended.stderr.splitlines()[-1]) == []


def test_standard_output_holds_the_answers_alone(silent: Silent) -> None:
    first, second = [json.loads(line) for line in silent.ended.stdout.splitlines()]
    assert (first["rung"], second["rung"]) == ("endpoint", "notes")
    assert first["answer"] == f"{VERBATIM} [1]"


def test_process_ends_without_waiting_for_anyone(silent: Silent) -> None:
    assert silent.seconds < 90  # a library that waits for its telemetry adds its time-outs to a loaded machine's 20 s


def test_files_are_kept_below_home(silent: Silent) -> None:
    assert [path for path in silent.person.rglob("*") if path.is_file()] == []
    assert {path.name for path in silent.root.iterdir()} == {"home", "notes", "person"}


def test_key_is_in_no_file_and_no_output(silent: Silent) -> None:
    assert "sk-secret" not in silent.ended.stdout + silent.ended.stderr
    files = [path for path in silent.root.rglob("*") if path.is_file()]
    assert any(path.name == "sessions.sqlite" for path in files)
    assert [path for path in files if b"sk-secret" in path.read_bytes()] == []
