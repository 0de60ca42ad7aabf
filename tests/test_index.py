"""The index of notes: what an update changes and leaves alone, what goes wrong, and what mends it."""

import os
import shutil
from pathlib import Path
from threading import Thread

import pytest
from hash_embedder import HashEmbedder
from stored_index import LONG, THREE, assert_sound, counts, index_folder

from knowledge.errors import ModelFailed, SetupMissing, UserMistake
from knowledge.index import Changes, Index
from knowledge.reader import Folder
from knowledge.retrieval import search


def test_an_update_counts_what_it_did(index: Index, write) -> None:
    for name in "abc":
        write(f"{name}.md", THREE)
    assert counts(index.update()) == (3, 0, 0, 0)
    assert counts(index.update()) == (0, 0, 0, 3)
    write("a.md", THREE + "\nMore.")
    write("d.md", "New.")
    (index.folders[0].path / "b.md").unlink()
    changes = index.update()
    assert counts(changes) == (1, 1, 1, 1)
    assert [Path(name).name for name in (*changes.added, *changes.changed, *changes.removed)] == [
        "d.md",
        "a.md",
        "b.md",
    ]
    assert (changes.pending, changes.failed, changes.locked) == (0, (), False)
    assert_sound(index)


def test_editing_one_note_embeds_only_its_changed_passages(index: Index, embedder: HashEmbedder, write) -> None:
    write("a.md", THREE)
    write("b.md", THREE)
    index.update()
    embedder.texts.clear()
    write("a.md", THREE.replace("Second.", "2nd."))
    assert index.update().embedded == 1
    assert embedder.texts == [f"T. 2nd. {LONG}"]
    assert_sound(index)


def test_touching_without_change_embeds_nothing(index: Index, embedder: HashEmbedder, write) -> None:
    path = write("a.md", THREE)
    index.update()
    embedder.texts.clear()
    os.utime(path, (1, 1))
    assert counts(index.update()) == (0, 0, 0, 1)
    assert embedder.texts == []


def test_a_change_of_the_same_size_at_the_same_time_is_seen(index: Index, write) -> None:
    path = write("a.md", "One word.")
    os.utime(path, (1, 1))
    index.update()
    write("a.md", "Two word.")
    os.utime(path, (1, 1))
    assert len(index.update().changed) == 1
    assert search(index, "two")[0].text == "Two word."


def test_passages_that_move_are_found_where_they_stand_now(index: Index, embedder: HashEmbedder, write) -> None:
    path = write("a.md", THREE)
    index.update()
    embedder.texts.clear()
    path.write_text(f"# T\n\nBefore it all. {LONG}\n\n## Part\n\n" + THREE.removeprefix("# T\n\n"))
    index.update()
    assert len(embedder.texts) == 2  # what stands first now is new, and it is the entry
    text = path.read_text()
    found = search(index, "third")
    assert all(text[evidence.start : evidence.end] == evidence.text for evidence in found)
    assert {evidence.heading for evidence in found if evidence.text.startswith("Third.")} == {"Part"}
    assert_sound(index)


def test_a_renamed_note_is_removed_and_added(index: Index, write) -> None:
    path = write("a.md", THREE)
    index.update()
    path.rename(path.with_name("b.md"))
    assert counts(index.update()) == (1, 0, 1, 0)
    assert {evidence.note for evidence in search(index, "second")} == {"b"}
    assert_sound(index)


def test_a_deleted_folder_of_notes_leaves_nothing(index: Index, write) -> None:
    write("deep/a.md", THREE)
    write("b.md", "Kept.")
    index.update()
    shutil.rmtree(index.folders[0].path / "deep")
    assert counts(index.update()) == (0, 0, 1, 1)
    assert {evidence.note for evidence in search(index, "first second third kept")} == {"b"}
    assert_sound(index)


def test_a_translation_is_read_again_when_its_main_file_changes(index: Index, write) -> None:
    write("a.md", "---\ntitle: {en: One, zh: 一}\n---\nText.")
    write("a.zh.md", "正文在这里。")
    index.update()
    write("a.md", "---\ntitle: {en: Two, zh: 二}\n---\nText.")
    assert len(index.update().changed) == 2
    assert index.library.notes["a"].title_in("zh") == "二"
    assert search(index, "正文")[0].title == "二"


def test_a_note_that_breaks_is_reported_until_it_is_mended_and_the_others_stay(index: Index, write) -> None:
    write("good.md", "Good text.")
    write("bad.md", "Fine text.")
    index.update()
    write("bad.md", "---\nkind: tol\n---\nFine text.")
    for _ in range(2):
        (problem,) = index.update().failed
        assert str(problem).startswith(f"{index.folders[0].path / 'bad.md'}:2: kind: 'tol' is not a known kind")
        assert [evidence.note for evidence in search(index, "fine text")] == ["good"]
    write("bad.md", "---\nkind: tool\n---\nFine text.")
    assert index.update().failed == ()
    assert_sound(index)


def test_every_kind_of_bad_file_leaves_the_others_readable(index: Index, tmp_path: Path, write) -> None:
    folder = index.folders[0].path
    write("good.md", "Good text.")
    (folder / "latin.md").write_bytes(b"\xff")
    (folder / "nul.md").write_bytes(b"a\0")
    (folder / "big.md").write_bytes(b"x" * 4_000_001)
    (folder / "control.md").write_text("---\nid: \x01\n---\n")
    (tmp_path / "out.md").write_text("secret")
    (folder / "out.md").symlink_to(tmp_path / "out.md")
    (folder / "gone.md").symlink_to(folder / "nowhere.md")
    (folder / "loop.md").symlink_to(folder / "loop.md")
    os.mkfifo(folder / "pipe.md")
    (folder / "folder.md").mkdir()
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.md")).write_text("x")
    for _ in range(2):
        failed = index.update().failed
        assert {problem.path.name for problem in failed} == {
            "latin.md", "nul.md", "big.md", "control.md", "out.md", "gone.md", "loop.md", "pipe.md", "caf\\xe9.md",
        }  # fmt: skip
        assert all(problem.remedy for problem in failed)
    assert [evidence.note for evidence in search(index, "good text")] == ["good"]


def test_one_folder_named_in_two_ways_is_one_index(
    tmp_path: Path, folder: Folder, embedder: HashEmbedder, write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("a.md", THREE)
    (tmp_path / "link").symlink_to(folder.path)
    monkeypatch.chdir(tmp_path)
    for path in [Path("notes"), folder.path, tmp_path / "link", Path("notes/../notes")]:
        index = Index(tmp_path / "home", [Folder(path, own=True)], embedder)
        index.update()
        assert index.library.note_of_path == {str(folder.path / "a.md"): "a"}
        index.close()
    assert len(embedder.texts) == 4  # three passages and the entry, once


def test_a_folder_within_a_folder_is_read_once(tmp_path: Path, folder: Folder, embedder: HashEmbedder, write) -> None:
    write("deep/a.md", "Text.")
    index = Index(tmp_path / "home", [folder, Folder(folder.path / "deep", own=True)], embedder)
    assert counts(index.update()) == (1, 0, 0, 0)
    assert counts(index.update()) == (0, 0, 0, 1)
    index.close()


def test_a_folder_that_is_gone_changes_nothing(index: Index, write) -> None:
    write("a.md", "Text here.")
    index.update()
    index.folders[0].path.rename(index.folders[0].path.with_name("moved"))
    with pytest.raises(UserMistake, match="not a folder"):
        index.update()
    assert [evidence.note for evidence in search(index, "text here")] == ["a"]


def test_an_embedder_that_fails_midway_is_gone_on_with(tmp_path: Path, folder: Folder, write) -> None:
    class FailingEmbedder(HashEmbedder):
        def embed(self, texts, role):
            if len(self.texts) >= 32:
                raise ModelFailed("the endpoint is down.")
            return super().embed(texts, role)

    for i in range(30):
        write(f"{i}.md", f"Note {i}. {LONG}")
    broken = Index(tmp_path / "home", [folder], FailingEmbedder())
    with pytest.raises(ModelFailed):
        broken.update()
    assert broken.catalog.counts() == (60, 32)
    broken.close()
    index = Index(tmp_path / "home", [folder], HashEmbedder())
    changes = index.update()
    assert (counts(changes), changes.embedded) == ((0, 0, 0, 30), 28)
    assert_sound(index)
    index.close()


def test_progress_counts_up_to_all_passages(index: Index, write) -> None:
    for i in range(20):
        write(f"{i}.md", f"Note {i}. {LONG}")
    seen: list[tuple[int, int]] = []
    index.update(lambda done, total: seen.append((done, total)))
    assert seen == [(0, 40), (32, 40), (40, 40)]


def test_another_embedder_has_an_index_of_its_own(tmp_path: Path, folder: Folder, write) -> None:
    write("a.md", "Text.")
    for embedder in [HashEmbedder("one"), HashEmbedder("two", dimensions=32)]:
        index = Index(tmp_path / "home", [folder], embedder)
        assert index.update().embedded == 2
        index.close()


def test_an_embedder_that_changes_its_dimensions_is_missing_set_up(tmp_path: Path, folder: Folder, write) -> None:
    write("a.md", "Text.")
    first = Index(tmp_path / "home", [folder], HashEmbedder())
    first.update()
    first.close()
    write("a.md", "Other text.")
    second = Index(tmp_path / "home", [folder], HashEmbedder(dimensions=32))
    with pytest.raises(SetupMissing, match="delete"):
        second.update()
    second.close()


@pytest.mark.parametrize("part", ["vectors", "catalog.sqlite", ""], ids=["vectors", "catalogue", "both"])
def test_an_index_deleted_in_part_is_made_anew(part: str, tmp_path: Path, folder: Folder, write) -> None:
    write("a.md", THREE)
    write("b.md", THREE)
    first = Index(tmp_path / "home", [folder], HashEmbedder())
    first.update()
    first.close()
    for path in index_folder(first).glob(f"{part}*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    (folder.path / "b.md").unlink()
    second = Index(tmp_path / "home", [folder], HashEmbedder())
    search(second, "second")  # until then, whatever is left is searched
    second.update()
    assert_sound(second)
    assert {evidence.note for evidence in search(second, "second")} == {"a"}
    second.close()


def test_vectors_deleted_under_a_running_index_are_made_anew(index: Index, write) -> None:
    write("a.md", THREE)
    index.update()
    search(index, "second")
    shutil.rmtree(index_folder(index) / "vectors")
    assert index.update().embedded == 4
    assert_sound(index)


def test_a_catalogue_of_garbage_is_missing_set_up_and_its_remedy_mends_it(
    tmp_path: Path, folder: Folder, write
) -> None:
    write("a.md", THREE)
    first = Index(tmp_path / "home", [folder], HashEmbedder())
    first.update()
    first.close()
    (index_folder(first) / "catalog.sqlite").write_bytes(b"garbage " * 999)
    with pytest.raises(SetupMissing) as caught:
        Index(tmp_path / "home", [folder], HashEmbedder())
    assert f"Delete the folder {str(index_folder(first))!r}" in caught.value.remedy
    shutil.rmtree(index_folder(first))
    second = Index(tmp_path / "home", [folder], HashEmbedder())
    second.update()
    assert_sound(second)
    second.close()


def test_a_home_that_cannot_be_written_is_missing_set_up(unprivileged: Path) -> None:
    notes = unprivileged / "notes"
    notes.mkdir()
    (notes / "a.md").write_text("Text.")
    unprivileged.chmod(0o500)
    with pytest.raises(SetupMissing, match="--home"):
        Index(unprivileged / "home", [Folder(notes, own=True)], HashEmbedder())
    unprivileged.chmod(0o700)


def test_an_update_within_an_update_says_that_it_is_locked(index: Index, write) -> None:
    write("a.md", THREE)
    inner: list[Changes] = []
    index.update(lambda done, total: inner.append(index.update()) if not inner else None)
    (changes,) = inner
    assert (changes.locked, counts(changes)) == (True, (0, 0, 0, 1))
    assert_sound(index)


def test_threads_search_while_another_one_updates(index: Index, write) -> None:
    for i in range(60):
        write(f"{i}.md", f"Note {i}. {LONG}")
    index.update()
    failures: list[BaseException] = []
    stopped: list[bool] = []

    def ask() -> None:
        try:
            while not stopped:
                assert search(index, "note paragraph")
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            failures.append(error)

    threads = [Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for revision in range(3):
        for i in range(0, 60, 2):
            write(f"{i}.md", f"Note {i} again {revision}. {LONG}")
        index.update()
    stopped.append(True)
    for thread in threads:
        thread.join()
    assert failures == []
    assert_sound(index)
