"""A model file counts only when it is byte for byte the one that was published."""

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest

from agents.weights import CATALOGUE, DEFAULT, SMALL, Weights, default_cache_dir, find, installed, locate, verify
from knowledge.errors import SetupMissing, UserMistake

CONTENT = b"GGUF" + bytes(range(256)) * 40
TINY = replace(SMALL, id="tiny", file="tiny.gguf", bytes=len(CONTENT), sha256=hashlib.sha256(CONTENT).hexdigest())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / TINY.file
    path.write_bytes(CONTENT)
    return path


def hashings(weights: Weights, path: Path) -> int:
    """Returns how many bytes a verification had to read."""
    read = [0]
    verify(weights, path, read.append)
    return max(read)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(CONTENT[:-1], "10,243 bytes instead of 10,244", id="truncated"),
        pytest.param(CONTENT + b"x", "10,245 bytes instead of 10,244", id="too long"),
        pytest.param(b"<html>" + CONTENT[6:], "begins with b'<htm'", id="a web page"),
        pytest.param(b"", "begins with b''", id="empty"),
        pytest.param(CONTENT[:-1] + b"x", "other content", id="one byte changed"),
    ],
)
def test_wrong_file_is_refused_by_name_with_a_remedy(file: Path, content: bytes, message: str) -> None:
    file.write_bytes(content)
    with pytest.raises(SetupMissing) as caught:
        verify(TINY, file)
    assert message in caught.value.message
    assert repr(str(file)) in caught.value.message
    assert "atlas model pull tiny" in caught.value.remedy


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupMissing, match="cannot be read"):
        verify(TINY, tmp_path / "nothing.gguf")


def test_file_is_read_once_and_not_at_later_starts(file: Path) -> None:
    assert hashings(TINY, file) == len(CONTENT)
    assert hashings(TINY, file) == 0


def test_change_after_the_first_check_is_noticed(file: Path) -> None:
    verify(TINY, file)
    file.write_bytes(CONTENT[:-1] + b"x")
    os.utime(file, ns=(1, 1))  # the clock of the file system may be too coarse to show the change
    with pytest.raises(SetupMissing, match="other content"):
        verify(TINY, file)


def test_truncation_after_the_first_check_is_noticed_though_the_time_is_kept(file: Path) -> None:
    verify(TINY, file)
    before = file.stat()
    os.truncate(file, 5000)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(SetupMissing, match="5,000 bytes"):
        verify(TINY, file)


@pytest.mark.parametrize("sidecar", ["", "{", "[]", '{"sha256": "0"}'], ids=["empty", "cut short", "a list", "another"])
def test_broken_sidecar_only_costs_a_reading(file: Path, sidecar: str) -> None:
    verify(TINY, file)
    file.with_name(f"{file.name}.verified.json").write_text(sidecar)
    assert hashings(TINY, file) == len(CONTENT)


def test_models_are_found_by_id_and_by_file(tmp_path: Path) -> None:
    assert find("qwen2.5-coder-0.5b") is SMALL
    assert installed(tmp_path) == ()
    assert locate(SMALL, tmp_path) is None
    (tmp_path / SMALL.file).touch()
    assert installed(tmp_path) == (SMALL,)


def test_unknown_model_is_the_users_mistake_and_the_known_ones_are_listed() -> None:
    with pytest.raises(UserMistake, match=r"'gpt-9'.*qwen2.5-coder-1.5b, qwen2.5-coder-0.5b"):
        find("gpt-9")


def test_default_folder_is_the_users_own_cache_and_is_not_made_by_asking() -> None:
    assert "llm-atlas" in default_cache_dir().parts
    assert DEFAULT is CATALOGUE[0]
    assert all(weights.licence == "Apache-2.0" for weights in CATALOGUE)
