"""The mender: a pitfall of one's own is found at once, everywhere, until it is removed; a failure leaves nothing."""

import threading
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from conftest import Write
from filelock import FileLock
from hash_embedder import HashEmbedder
from small_atlas import notes_atlas, small_index
from test_fault_own_pitfall import MINE as WITH_TOOL

from agents import mending
from agents.mending import LONGEST_LOG, Mender, last_part
from knowledge.embedding import Role, Vectors
from knowledge.errors import ModelFailed, SetupMissing, UserMistake
from knowledge.index import Index
from knowledge.reader import Folder
from knowledge.retrieval import search

MINE = replace(WITH_TOOL, related=())
LOG = "starting\nFrobnicationError: the frobnicator at 10.0.0.3 refused\nbye"


def files(folder: Folder) -> set[str]:
    return {path.name for path in folder.path.rglob("*") if path.is_file() and path.name != ".lock"}


def test_an_added_pitfall_is_found_at_once(index: Index, folder: Folder, embedder: HashEmbedder) -> None:
    mender = Mender(index, today=lambda: date(2026, 11, 22))
    assert mender.diagnose(LOG).abstained
    added = mender.add(MINE)
    match = mender.diagnose(LOG).matches[0]
    assert (match.pitfall, match.own, match.by, match.checked) == (added.note, True, "signature", "2026-11-22")
    assert (match.cause, match.fix, match.check) == (MINE.cause, MINE.fix, MINE.check)
    assert [line.number for line in match.lines] == [2]
    assert added.path == folder.path / "pitfalls" / f"{added.note}.md"
    assert [note.id for note in mender.added] == [added.note]
    assert search(index, "frobnicator sleeps")[0].note == added.note
    assert mender.pitfall(added.note).fix == MINE.fix


def test_the_chat_knows_it_too(tmp_path: Path) -> None:
    with small_index(tmp_path) as index:
        atlas = notes_atlas(index, tmp_path)
        assert atlas.answer(LOG).abstained
        atlas.mender.add(MINE)
        answer = atlas.answer(LOG)
        assert "frob wake" in answer.text
        assert not answer.abstained


def test_only_the_added_note_is_embedded(index: Index, write: Write, embedder: HashEmbedder) -> None:
    write("other.md", "# Other\n\nSomething else entirely stands here.")
    index.update()
    before = len(embedder.texts)
    Mender(index).add(MINE)
    assert embedder.texts[before:]
    assert all("frobnicat" in text.lower() for text in embedder.texts[before:])


def test_another_process_notices_what_was_added(index: Index, tmp_path: Path, folder: Folder) -> None:
    index.update()
    elsewhere = Index(tmp_path / "home", [folder], HashEmbedder())
    other = Mender(elsewhere)
    assert other.diagnose(LOG).abstained
    mender = Mender(index)
    note = mender.add(MINE).note
    assert [match.pitfall for match in other.diagnose(LOG).matches] == [note]
    mender.remove(note)
    assert other.diagnose(LOG).abstained
    elsewhere.close()


def test_what_was_removed_is_found_no_more(index: Index, folder: Folder) -> None:
    mender = Mender(index)
    note = mender.add(MINE).note
    exported = mender.exported(note)
    mender.remove(note)
    assert mender.diagnose(LOG).abstained
    assert (mender.added, files(folder)) == ((), set())
    assert mender.add(MINE).note == note
    assert mender.exported(note) == exported


def test_only_what_was_added_here_can_be_removed(index: Index, write: Write, folder: Folder) -> None:
    write(
        "pit.md",
        '---\nkind: pitfall\ntitle: Mine\npitfall: {signatures: ["frobnicator exploded"]}\n---\n# Mine\n\nText.',
    )
    index.update()
    mender = Mender(index)
    for name in ("pit", "nothing", "../pit", "pitfalls/../../x"):
        with pytest.raises(UserMistake):
            mender.remove(name)
    assert files(folder) == {"pit.md"}


def test_a_refused_pitfall_leaves_nothing(index: Index, folder: Folder) -> None:
    index.update()
    with pytest.raises(UserMistake):
        Mender(index).add(replace(MINE, signatures=("error",)))
    assert files(folder) == set()


def test_the_same_error_cannot_be_added_twice(index: Index, folder: Folder) -> None:
    mender = Mender(index)
    mender.add(MINE)
    with pytest.raises(UserMistake, match="already"):
        mender.add(MINE)
    with pytest.raises(UserMistake, match="already"):
        mender.add(replace(MINE, title="Another name"))
    assert len(files(folder)) == 1


def test_two_at_once_both_arrive(index: Index) -> None:
    mender = Mender(index)
    texts = [f"{name} broke beyond all repair" for name in ("sprocket", "gearbox", "flywheel", "camshaft")]
    each = [replace(MINE, title=text, signatures=(text,)) for text in texts]
    threads = [threading.Thread(target=mender.add, args=(pitfall,)) for pitfall in each]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(mender.added) == len(each)
    assert all(mender.diagnose(text).matches for text in texts)


class Failing(HashEmbedder):
    broken = False

    def embed(self, texts: list[str], role: Role) -> Vectors:  # type: ignore[override]
        if self.broken and role == "passage":
            raise ModelFailed("the embeddings are down.", "Start them.")
        return super().embed(texts, role)


def test_an_index_that_fails_leaves_nothing(tmp_path: Path, folder: Folder) -> None:
    embedder = Failing()
    index = Index(tmp_path / "home", [folder], embedder)
    index.update()
    mender = Mender(index)
    embedder.broken = True
    with pytest.raises(ModelFailed):
        mender.add(MINE)
    assert (files(folder), mender.added) == (set(), ())
    embedder.broken = False
    note = mender.add(MINE).note
    assert files(folder) == {f"{note}.md"}
    index.close()


def test_where_another_program_keeps_the_index_nothing_changes(
    index: Index, tmp_path: Path, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mending, "_PATIENCE_S", 0.1)
    mender = Mender(index)
    note = mender.add(MINE).note
    (writer,) = (tmp_path / "home").rglob("writer.lock")
    with FileLock(writer):
        with pytest.raises(SetupMissing, match="another program"):
            mender.add(replace(MINE, title="Another failure", signatures=("sprocket broke beyond repair",)))
        with pytest.raises(SetupMissing, match="another program"):
            mender.remove(note)
    assert files(folder) == {f"{note}.md"}
    assert mender.diagnose(LOG).matches


def test_without_a_folder_of_ones_own_nothing_can_be_added(tmp_path: Path) -> None:
    (tmp_path / "built-in").mkdir()
    index = Index(tmp_path / "home", [Folder(tmp_path / "built-in", own=False)], HashEmbedder())
    with pytest.raises(SetupMissing, match="notes of your own"):
        Mender(index).add(MINE)
    index.close()


@pytest.mark.parametrize(
    "log", ["\ud800 frob \udfff", "\x00\x01\xff" * 50, "\u202e\u200b\x1b[31m", "[" * 5000, "é" * 3000], ids=repr
)
def test_junk_is_no_known_failure_and_no_crash(index: Index, log: str) -> None:
    found = Mender(index).diagnose(log)
    assert found.abstained
    found.log.encode()


@pytest.mark.parametrize("log", ["", " \n\t", "x" * (LONGEST_LOG + 1)], ids=["empty", "blank", "long"])
def test_what_cannot_be_read_is_refused(index: Index, log: str) -> None:
    with pytest.raises(UserMistake):
        Mender(index).diagnose(log)


def test_of_a_long_log_the_last_part_is_read_from_a_line_on(index: Index) -> None:
    long = "step ok\n" * (LONGEST_LOG // 8) + "FrobnicationError: the frobnicator at h refused\n"
    part = last_part(long)
    assert len(part) <= LONGEST_LOG
    assert part.startswith("step ok\n")
    assert part.endswith(long[-100:])
    assert last_part(LOG) == LOG
    key = "sk-" + "a" * 40
    assert "aaaa" not in last_part(f"{key} " + "x " * (LONGEST_LOG // 2 - 5))
    assert last_part("y" * (LONGEST_LOG + 5)) == "y" * LONGEST_LOG


def test_lines_of_a_long_log_keep_their_numbers(index: Index) -> None:
    mender = Mender(index)
    mender.add(MINE)
    log = "step ok 12345\n" * 40_000 + LOG
    match = mender.diagnose(log).matches[0]
    assert log.split("\n")[match.lines[0].number - 1] == match.lines[0].pasted
