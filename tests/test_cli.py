"""The command line: one JSON object on standard output, an exit status that scripts can trust, and nothing else."""

import json
import os
import subprocess
import sys
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from command_run import Command
from scripted_model import ScriptedModel, refusing_url
from small_atlas import QUESTION, VERBATIM, answer_probe, write_notes
from small_cli import commands, unset

from agents.weights import CATALOGUE, DEFAULT, SMALL
from ui import cli


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A home, kept for the commands of this file, and a folder of notes."""
    root = tmp_path_factory.mktemp("cli")
    return root / "home", write_notes(root / "notes").path


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Generator[Command]:
    with commands(monkeypatch, capfd, tmp_path) as run:
        yield run


@pytest.fixture
def atlas(run: Command, places: tuple[Path, Path]) -> Command:
    """Runs a command on the small notes."""
    home, notes = places
    return lambda *arguments, **more: run(*arguments, "--home", home, "--notes", notes, "--only-notes", **more)


# --- mistakes -------------------------------------------------------------------------------------------------------

MISTAKES: dict[str, tuple[list[str], int, str]] = {
    "unknown command": (["frobnicate"], 2, "frobnicate"),
    "no question": (["ask"], 2, "question"),
    "unknown option": (["ask", "hi", "--jsno"], 2, "--jsno"),
    "k of nothing": (["search", "x", "-k", "0"], 2, "-k"),
    "k of no number": (["search", "x", "-k", "many"], 2, "-k"),
    "empty question": (["ask", "", "--no-model"], 2, "empty"),
    "endless question": (["ask", "x" * 20_000, "--no-model"], 2, "20,000 characters"),
    "unknown slash command": (["ask", "/dance", "--no-model"], 2, "/dance"),
    "bad session": (["ask", "hi", "--session", "", "--no-model"], 2, "session"),
    "empty evidence": (["check", "a b c", "--evidence", "", "--no-model"], 2, "evidence is empty"),
    "notes that are no folder": (["ask", "hi", "--notes", "nowhere"], 2, "'nowhere' is not a folder"),
    "no notes at all": (["search", "x", "--only-notes"], 2, "--only-notes"),
    "model without a server": (["ask", "hi", "--model", "gpt-x"], 2, "'gpt-x' has no server"),
    "address without a scheme": (["ask", "hi", "--base-url", "localhost:1"], 2, "'localhost:1'"),
    "unknown embedded model": (["model", "path", "llama"], 2, "'llama'"),
    "model that is not here": (["model", "path"], 3, "atlas model pull"),
    "weights from nowhere": (["model", "pull", "--from", "nowhere.gguf"], 2, "'nowhere.gguf'"),
    "weights that are none": (["model", "pull", "--from", __file__], 2, "no GGUF file"),
    "index of nowhere": (["index", "nowhere"], 2, "nowhere' is not a folder"),
}


@pytest.mark.parametrize(("arguments", "status", "message"), MISTAKES.values(), ids=MISTAKES)
def test_mistake_is_one_object_with_its_remedy(
    run: Command, places: tuple[Path, Path], arguments: list[str], status: int, message: str
) -> None:
    home, notes = places
    small = ["--notes", notes, "--only-notes"] if "--no-model" in arguments else []
    done = run(*arguments, "--json", *(["--home", home] if arguments[0] != "frobnicate" else []), *small)
    assert done.status == status
    (error,) = done.json.values()
    assert set(error) == {"kind", "message", "remedy"}
    assert error["kind"] == {2: "user_mistake", 3: "setup_missing"}[status]
    assert message in error["message"] + error["remedy"]
    assert error["remedy"]


def test_mistake_goes_to_standard_error_for_people(atlas: Command) -> None:
    done = atlas("ask", "", "--no-model")
    assert (done.status, done.out) == (2, "")
    assert done.err == "atlas: the question is empty. Ask in words, in English or Chinese.\n"


@pytest.mark.parametrize("group", [[], ["notes"], ["model"]], ids=["atlas", "notes", "model"])
def test_command_without_arguments_shows_its_help(run: Command, group: list[str]) -> None:
    done = run(*group)
    assert done.status == 2
    assert "Usage:" in done.out
    assert done.err == ""


def test_home_that_may_not_be_written_is_missing_set_up(run: Command, unprivileged: Path) -> None:
    unprivileged.chmod(0o500)
    done = run("ask", "hi", "--json", "--no-model", "--home", unprivileged)
    assert (done.status, done.json["error"]["kind"]) == (3, "setup_missing")


def test_index_that_may_not_be_written_is_missing_set_up(run: Command, tmp_path: Path) -> None:
    (tmp_path / "index").touch()
    done = run("search", "x", "--json", "--home", tmp_path, "--notes", write_notes(tmp_path / "n").path, "--only-notes")
    assert (done.status, done.json["error"]["kind"]) == (3, "setup_missing")


def test_failing_embedding_endpoint_is_the_models_failure(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with unset(monkeypatch, tmp_path), refusing_url() as url:
        monkeypatch.setenv("ATLAS_EMBEDDING_URL", url)
        monkeypatch.setenv("ATLAS_EMBEDDING_MODEL", "m")
        monkeypatch.setenv("ATLAS_EMBEDDING_KEY", "sk-secret")
        with pytest.raises(SystemExit) as ended:
            notes = str(write_notes(tmp_path / "n").path)
            cli.main(["index", "--json", "--home", str(tmp_path), "--notes", notes, "--only-notes"])
    printed = capfd.readouterr()
    assert ended.value.code == 4
    assert json.loads(printed.out)["error"]["kind"] == "model_failed"
    assert "sk-secret" not in printed.out + printed.err


# --- the notes and the models ---------------------------------------------------------------------------------------


def test_index_counts_what_changed(run: Command, tmp_path: Path) -> None:
    notes = write_notes(tmp_path / "notes").path
    there = ["--home", tmp_path, "--notes", notes, "--only-notes"]
    first = run("index", "--json", *there).json
    assert (first["added"], first["changed"], first["removed"], first["pending"]) == (5, 0, 0, 0)
    assert first["embedded"] > 0
    (notes / "vllm.md").unlink()
    (notes / "new.md").write_text("# New\n\nSomething new stands here.\n")
    second = run("index", *there)
    assert second.out.startswith("1 added, 0 changed, 1 removed, 4 unchanged files")


def test_notes_check_reports_each_fault_with_its_place(run: Command, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "bad.md").write_text("---\nid: BAD ID\nkind: nonsense\n---\n\ntext\n")
    (broken / "bytes.md").write_bytes(b"\xff\xfe\x00")
    (broken / "good.md").write_text("# Good\n\nThis is fine.\n")
    there = ["--home", tmp_path, "--notes", broken, "--only-notes"]
    done = run("notes", "check", "--json", *there)
    assert done.status == 2
    assert (done.json["notes"], done.json["files"]) == (1, 3)
    faults = {(Path(problem["path"]).name, problem["line"]) for problem in done.json["problems"]}
    assert faults == {("bad.md", 2), ("bad.md", 3), ("bytes.md", 1)}
    assert all(problem["remedy"] and problem["severity"] == "error" for problem in done.json["problems"])
    text = run("notes", "check", *there)
    assert text.status == 2
    assert "bad.md:2:" in text.out
    assert "1 notes in 3 files, 3 errors, 0 warnings" in text.out


def test_notes_check_of_sound_notes_is_status_0(atlas: Command) -> None:
    done = atlas("notes", "check", "--json")
    assert (done.status, done.json["problems"]) == (0, [])


def test_model_list_names_the_catalogue_and_what_is_here(run: Command, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / SMALL.file).write_bytes(b"GGUF")
    listed = run("model", "list", "--json", "--home", tmp_path).json["models"]
    assert [model["id"] for model in listed] == [weights.id for weights in CATALOGUE]
    assert {model["id"]: model["installed"] for model in listed} == {DEFAULT.id: False, SMALL.id: True}
    assert f"{SMALL.id}  0.49 GB  Apache-2.0  installed" in run("model", "list", "--home", tmp_path).out


def test_model_path_prints_where_it_lies(run: Command, tmp_path: Path) -> None:
    file = tmp_path / "models" / SMALL.file
    file.parent.mkdir()
    file.write_bytes(b"GGUF")
    assert run("model", "path", SMALL.id, "--home", tmp_path).out == f"{file}\n"
    assert run("model", "path", SMALL.id, "--json", "--home", tmp_path).json == {"model": SMALL.id, "path": str(file)}
    assert run("model", "path", "--model", SMALL.id, "--home", tmp_path).out == f"{file}\n"


def test_doctor_says_what_is_well_and_what_is_not(run: Command, places: tuple[Path, Path]) -> None:
    home, notes = places
    with refusing_url() as url:
        there = ["--home", home, "--notes", notes, "--only-notes", "--base-url", url, "--model", "m"]
        done = run("doctor", "--json", *there, "--api-key", "sk-secret")
    findings = {finding["what"]: finding for finding in done.json["findings"]}
    assert (done.status, done.json["ok"]) == (0, False)
    assert findings["crewai"]["ok"]
    assert findings["notes"]["state"].startswith("4 notes")
    assert "atlas model pull" in findings["embedded model"]["remedy"]
    assert "Nothing answers" in findings["endpoint"]["remedy"]
    assert "sk-secret" not in done.out + done.err


def test_doctor_tells_what_an_endpoint_can_do(atlas: Command) -> None:
    with ScriptedModel() as model:
        answer_probe(model, tools=True, json_schema=True)
        done = atlas("doctor", "--base-url", model.base_url)
    assert f"✓ endpoint: scripted at {model.base_url}: tools, json_schema" in done.out


# --- whole processes ------------------------------------------------------------------------------------------------


PROGRAM = """
from hash_embedder import HashEmbedder
from ui import assembly, cli
assembly.embedder = lambda _: HashEmbedder(dimensions=4096)
cli.main()
"""


def process(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "ATLAS_"))}
    keep["PYTHONPATH"] = os.pathsep.join(sys.path)
    command = [sys.executable, "-c", PROGRAM, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=keep, check=False)


def test_two_processes_share_one_home(tmp_path: Path) -> None:
    notes = write_notes(tmp_path / "notes").path
    there = ["--home", tmp_path / "home", "--notes", notes, "--only-notes", "--no-model", "--json"]
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda name: process("ask", QUESTION, "--session", name, *there), ["one", "two"]))
    assert [run.returncode for run in runs] == [0, 0], runs
    for run in runs:
        answer = json.loads(run.stdout)
        assert answer["answer"].startswith(f"{VERBATIM} [1]")


def test_reader_who_stops_reading_is_no_error(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for number in range(1000):
        (broken / f"{number}.md").write_bytes(b"\xff")
    check = f'"{sys.executable}" -c "from ui.cli import main; main()" notes check --home "{tmp_path}"'
    command = f'{check} --notes "{broken}" --only-notes | head -n 1'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.startswith("error: ")
    assert done.stderr == ""
