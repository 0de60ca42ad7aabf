"""Gradio, imported without what the page does not use."""

import subprocess
import sys
from pathlib import Path

import pytest

_COMPONENT = "import gradio as gr\n\nclass Mine(gr.HTML):\n    pass\n"


def told(code: str, folder: Path) -> str:
    """Return what a program of its own prints: here Gradio may have been imported already."""
    run = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(_COMPONENT, encoding="utf-8")
    return tmp_path


def program(*lines: str) -> str:
    root = str(Path(__file__).parents[1])
    return "\n".join([f"import sys; sys.path[:0] = ['.', {root!r}]", "from ui import framework", *lines])


def test_the_libraries_that_the_page_does_not_use_are_left_out(folder: Path) -> None:
    names = "[name for name in ('mcp', 'pandas', 'gradio.cli', 'tomlkit') if name in sys.modules]"
    assert told(program("framework.load()", "import gradio", f"print({names})"), folder) == "[]"


@pytest.mark.parametrize("name", ["mcp.types", "pandas", "gradio.cli"])
def test_who_needs_one_of_them_imports_it_afterwards(name: str, folder: Path) -> None:
    assert told(program("framework.load()", f"import {name}", f"print({name}.__name__)"), folder) == name


def test_pandas_comes_where_gradio_itself_asks_for_it(folder: Path) -> None:
    asks = ("from gradio import caching", "print(caching.pd.DataFrame({'a': [1]}).shape, 'pandas' in sys.modules)")
    assert told(program("framework.load()", *asks), folder) == "(1, 1) True"


def test_no_interface_is_written_beside_the_source_of_a_component(folder: Path) -> None:
    assert told(program("framework.load()", "import mine", "print(mine.Mine('x').value)"), folder) == "x"
    assert [file.name for file in folder.glob("*.pyi")] == []


def test_a_second_call_leaves_gradio_as_it_is(folder: Path) -> None:
    calls = ("framework.load()", "import gradio", "first = gradio.Blocks", "framework.load()")
    assert told(program(*calls, "import gradio", "print(gradio.Blocks is first)"), folder) == "True"


def test_gradio_that_was_imported_before_stays_as_it_is(folder: Path) -> None:
    calls = ("import gradio", "framework.load()", "print(gradio.deploy is not None, 'pandas' in sys.modules)")
    assert told(program(*calls), folder) == "True True"
