"""An index that several processes share: one writes, others read, wait or are killed."""

import json
import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import IO

import pytest
from stored_index import LONG, THREE, assert_sound, counts

from knowledge.index import Index
from knowledge.reader import Folder

ROOT = Path(__file__).parents[1]


def start(command: str, home: Path, folder: Folder) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("index_process.py")), command, str(home), str(folder.path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip


@pytest.fixture
def looker(tmp_path: Path, folder: Folder) -> Generator["Looker"]:
    """Another process that only reads the index."""
    with start("look", tmp_path / "home", folder) as process:
        yield Looker(process)
        assert process.stdin
        process.stdin.close()
        assert process.wait(30) == 0, process.stderr and process.stderr.read()


class Looker:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def look(self, text: str) -> tuple[int, bool]:
        write, read = self._process.stdin, self._process.stdout
        assert write is not None
        assert read is not None
        return answer(write, read, text)


def answer(write: IO[str], read: IO[str], text: str) -> tuple[int, bool]:
    write.write(f"{text}\n")
    write.flush()
    found = json.loads(read.readline())
    return found["notes"], found["found"]


def test_a_reading_process_sees_what_the_writer_changed_and_does_not_disturb_it(
    index: Index, looker: Looker, write
) -> None:
    write("a.md", "Apples grow here.")
    index.update()
    assert looker.look("Apples grow here.") == (1, True)
    for i in range(40):
        write(f"{i}.md", f"Pear {i} grows there. {LONG}")
        if i % 4 == 0:
            index.update()
            assert looker.look(f"Pear {i} grows there. {LONG}") == (2 + i, True)
    (index.folders[0].path / "a.md").unlink()
    index.update()
    assert looker.look("Apples grow here.") == (40, False)
    assert_sound(index)


def test_of_two_updating_processes_one_does_it_and_the_other_says_locked(
    tmp_path: Path, folder: Folder, index: Index, write
) -> None:
    for i in range(40):
        write(f"{i}.md", f"Note {i}. {LONG}")
    with start("update", tmp_path / "home", folder) as other:
        assert other.stderr is not None
        assert other.stderr.readline() == "started\n"
        mine = index.update()
        out, _ = other.communicate("\n", timeout=60)
    assert (mine.locked, mine.embedded) == (True, 0)
    assert json.loads(out)["embedded"] == 80
    assert counts(index.update()) == (0, 0, 0, 40)
    assert_sound(index)


def test_waiting_for_the_other_process_ends_with_nothing_left_to_do(
    tmp_path: Path, folder: Folder, index: Index, write
) -> None:
    write("a.md", THREE)
    with start("update", tmp_path / "home", folder) as other:
        assert other.stdin is not None
        assert other.stderr is not None
        assert other.stderr.readline() == "started\n"
        other.stdin.write("\n")
        other.stdin.flush()
        mine = index.update(wait_s=60)
    assert (mine.locked, counts(mine), mine.embedded) == (False, (0, 0, 0, 1), 0)
    assert_sound(index)


def test_killed_at_any_moment_the_next_update_leaves_exactly_the_right_state(
    tmp_path: Path, folder: Folder, index: Index
) -> None:
    with start("survive", tmp_path / "home", folder) as process:
        out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    outcome = json.loads(out)
    assert outcome["killed"] >= 8
    assert (outcome["locked"], outcome["pending"]) == (False, 0)
    files = [path.read_text() for path in folder.path.glob("*.md")]
    assert counts(index.update()) == (0, 0, 0, len(files))
    assert index.catalog.counts()[0] == sum(text.count("\n\n") + 2 for text in files)
    assert_sound(index)
