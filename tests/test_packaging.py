"""What is shipped: our modules are ours, the files speak of the project alone, and the README's commands run."""

import importlib.util
import re
import shlex
import sys
import tomllib
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points, packages_distributions
from pathlib import Path
from typing import Any

import pytest
from hash_embedder import HashEmbedder

from agents import download
from agents.weights import Weights
from ui import assembly, cli

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
MODULES = ("agents", "knowledge", "learner", "tools", "ui")
COMMANDS = re.findall(r"^\.venv/bin/(atlas .+)$", README, re.MULTILINE)


@pytest.mark.parametrize("name", MODULES)
def test_module_is_ours_and_no_other_distribution_has_one_of_its_name(name: str) -> None:
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin == str(ROOT / name / "__init__.py")
    assert set(packages_distributions().get(name, ())) <= {"llm-atlas"}


def test_wheel_holds_the_modules_and_nothing_else() -> None:
    assert tuple(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == MODULES
    assert (ROOT / PROJECT["project"]["license-files"][0]).is_file()


def test_command_atlas_is_installed() -> None:
    (script,) = entry_points(group="console_scripts", name="atlas")
    assert script.load() is cli.main


def test_locks_pin_no_distribution_that_would_take_the_name_of_a_module() -> None:
    locked = (ROOT / "requirements-dev.lock").read_text(encoding="utf-8")
    assert "crewai==" in locked + (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "openai-agents" not in locked


# --- the files speak of the project alone -----------------------------------------------------------------------------

# In two halves, so that this file is not one that it complains of.
FOREIGN = {
    "a package registry": ("py" + "pi.org", "python" + "hosted.org"),
    "a folder beside the project": ("../" + "shared",),
    "a path of some machine": ("/wo" + "rk/", "/ro" + "ot/", "/tm" + "p/"),
}
UNSHIPPED = {".git", ".venv", "__pycache__", "dist"}
BINARY = {".npz", ".png", ".ico", ".gguf"}


def files(folder: Path = ROOT) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        hidden_cache = path.name.startswith(".") and path.name.endswith("_cache")
        if path.name in UNSHIPPED or hidden_cache or path.name == ".hypothesis":
            continue
        if path.is_dir():
            yield from files(path)
        elif path.suffix not in BINARY:
            yield path


@pytest.mark.parametrize("what", FOREIGN)
def test_no_file_names(what: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}: {text}"
        for path in files()
        for text in FOREIGN[what]
        if text in path.read_text(encoding="utf-8", errors="replace")
    ]
    assert found == []


# --- the README -------------------------------------------------------------------------------------------------------


def test_targets_of_make_in_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"^make (\w+)|`make (\w+)`", README, re.MULTILINE))
    targets = {first or second for first, second in named}
    assert {"run", "test"} <= targets
    assert [target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []


def test_files_that_the_readme_links_to_exist() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of a person with notes, in which the commands follow each other."""
    home = tmp_path_factory.mktemp("person")
    (home / "my-notes").mkdir()
    (home / "my-notes" / "lora.md").write_text("# My LoRA\n\nLoRA worked well for me with rank 16.\n", encoding="utf-8")
    return home


@pytest.fixture
def as_person(person: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[list[str]], int]:
    for name in ("OPENAI_BASE_URL", "OPENAI_MODEL", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name, folder in (
        ("HOME", ""),
        ("ATLAS_HOME", "state"),
        ("ATLAS_MODELS", "models"),
        ("CREWAI_STORAGE_DIR", "c"),
    ):
        monkeypatch.setenv(name, str(person / folder))
    monkeypatch.setattr(assembly, "embedder", lambda _: HashEmbedder())

    def pull(weights: Weights, cache_dir: Path, *_: object) -> Path:
        return cache_dir / weights.file  # a download of its own tests

    monkeypatch.setattr(download, "pull", pull)

    def run(arguments: list[str]) -> int:
        with pytest.raises(SystemExit) as ended:
            cli.main([argument.replace("~", str(person)) for argument in arguments])
        assert isinstance(ended.value.code, int)
        return ended.value.code

    return run


def test_readme_shows_every_command() -> None:
    shown = {command.split()[1] for command in COMMANDS}
    assert shown == {
        "ask", "search", "check", "index", "notes", "model", "doctor", "ui", "calc", "quiz", "review", "progress",
        "path", "export", "recommend", "compare", "fix", "mcp", "observe",
    }  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_command_of_the_readme_runs(
    as_person: Callable[[list[str]], int], command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = shlex.split(command)[1:]
    if arguments[0] in {"ui", "mcp"}:  # it would serve until it is interrupted
        arguments.append("--help")
    assert as_person(arguments) == 0
    assert capsys.readouterr().out


def test_python_is_one_that_the_project_declares() -> None:
    assert PROJECT["project"]["requires-python"] == ">=3.11,<3.14"
    assert (3, 11) <= sys.version_info[:2] < (3, 14)
