"""Exported files: the JSON form that loses nothing, and writing whole or not at all."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from export_items import items

from knowledge.errors import UserMistake
from tools.export import file, quiz_file


def test_items_come_back_as_they_went() -> None:
    assert quiz_file.loaded(quiz_file.dumped(items())) == items()


def test_what_a_quiz_prints_can_be_read_too() -> None:
    stored = json.loads(quiz_file.dumped(items()[:2]))
    assert quiz_file.loaded(json.dumps({"topic": "vLLM", "items": stored["items"]})) == items()[:2]


def change(**fields: Any) -> str:
    stored = json.loads(quiz_file.dumped(items()[:2]))
    stored["items"][1] |= fields
    return json.dumps(stored)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("nothing", "no quiz file"),
        ("[]", "no list of items"),
        ('{"items": 3}', "no list of items"),
        ('{"items": [1]}', "item 1 of the quiz file"),
        (change(type="riddle"), "item 2 of the quiz file"),
        (change(positions=[9]), "its key is not among its options"),
        (change(positions=[]), "item 2 of the quiz file cannot be read: it has no key"),
        (change(type="numeric"), "it has no key"),
        (change(type="cloze"), "it has no key"),
        (change(type="matching"), "one option for each prompt"),
        (change(id='"><script>'), "its id is"),
        (change(stem=""), "it asks nothing"),
        ('{"items": [NaN]}', "NaN is no number"),
        ('{"format": "llm-atlas-quiz", "version": 2, "items": []}', "version 2"),
        ('{"format": "cards", "items": []}', "'cards'"),
    ],
)
def test_another_file_is_refused_with_what_is_wrong(text: str, complaint: str) -> None:
    with pytest.raises(UserMistake, match=complaint):
        quiz_file.loaded(text)


def test_a_file_is_written_with_the_rights_that_files_get(tmp_path: Path) -> None:
    path = tmp_path / "out.md"
    assert file.write(path, [b"ab", b"c"], force=False) == 3
    (tmp_path / "other").touch()
    assert path.read_bytes() == b"abc"
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((tmp_path / "other").stat().st_mode)


def test_a_file_that_is_there_is_replaced_only_by_force(tmp_path: Path) -> None:
    path = tmp_path / "out.md"
    path.write_text("mine")
    with pytest.raises(UserMistake, match="--force"):
        file.write(path, [b"new"], force=False)
    assert path.read_text() == "mine"
    file.write(path, [b"new"], force=True)
    assert path.read_text() == "new"


def test_a_failure_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "out.md"
    path.write_text("mine")

    def parts() -> Iterator[bytes]:
        yield b"half"
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        file.write(path, parts(), force=True)
    assert [p.name for p in tmp_path.iterdir()] == ["out.md"]
    assert path.read_text() == "mine"


@pytest.mark.parametrize(("name", "complaint"), [("no/out.md", "does not exist"), ("folder", "is not a file")])
def test_a_place_where_no_file_can_be_is_refused(tmp_path: Path, name: str, complaint: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserMistake, match=complaint):
        file.write(tmp_path / name, [b""], force=True)


def test_a_folder_that_cannot_be_written_is_a_mistake_of_the_user(unprivileged: Path) -> None:
    unprivileged.chmod(0o500)
    with pytest.raises(UserMistake, match="cannot be written"):
        file.write(unprivileged / "out.md", [b""], force=False)
    unprivileged.chmod(0o700)
