import os
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from hash_embedder import HashEmbedder
from pdf_file import pdf_file

from knowledge import linked
from knowledge.errors import UserMistake
from knowledge.index import Index
from knowledge.reader import Folder
from knowledge.retrieval import search
from knowledge.shelf import LARGEST, NameTakenError, Shelf
from knowledge.watch import Watch

LONG = "This sentence makes the paragraph long enough to stand alone as a passage."


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """A folder of notes elsewhere on the machine."""
    folder = tmp_path / "vault"
    (folder / ".obsidian").mkdir(parents=True)
    (folder / ".obsidian" / "hidden.md").write_text("Hidden.")
    (folder / "apples.md").write_text(f"Apples grow on trees. {LONG}")
    (folder / "pears.md").write_text(f"Pears hang lower. {LONG} See [[apples]].")
    return folder.resolve()


@pytest.fixture
def shelf(index: Index) -> Shelf:
    return Shelf(index)


def found(index: Index, words: str) -> set[str]:
    return {evidence.note for evidence in search(index, words, 3) if words in evidence.text}


def test_an_added_file_is_found_and_is_ones_own(index: Index, shelf: Shelf) -> None:
    assert shelf.put("My note.md", f"Quinces are sour. {LONG}".encode()) == "My note.md"
    assert [(one.name, one.is_read, one.note) for one in shelf.files()] == [("My note.md", False, None)]
    index.update()
    (one,) = shelf.files()
    assert one.note is not None
    assert (one.note.id, one.note.own, one.is_read) == ("my-note", True, True)
    assert found(index, "Quinces") == {"my-note"}
    assert all(evidence.own for evidence in search(index, "Quinces"))


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("../../etc/passwd.md", "passwd.md"),
        ("C:\\Users\\x\\note.txt", "note.md"),
        ("/etc/cron.d/job.md", "job.md"),
        (".hidden.md", "hidden.md"),
        ("..md", "note.md"),
        ("a\x00b\x1b[2J.md", "a b -2J.md"),
        ("\u202egnp.md", "gnp.md"),
        ("con.md", "note-con.md"),
        ('<img src="x">.md', "img src=-x.md"),
        ("x" * 300 + ".md", "x" * 80 + ".md"),
        ("注意力" * 60 + ".md", "注意力" * 20 + ".md"),
        ("Cafe\u0301.md", "Café.md"),
        ("paper.zh.md", "paper.zh.md"),
    ],
    ids=lambda value: ascii(value)[:24],
)
def test_a_files_name_leads_nowhere_and_hides_nothing(shelf: Shelf, name: str, stored: str) -> None:
    assert shelf.put(name, b"Text.") == stored
    assert [path.name for path in shelf.folder.iterdir() if not path.name.startswith(".")] == [stored]


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("run.exe", b"MZ", "is no note"),
        ("page.html", b"<html>", "is no note"),
        ("README", b"text", "is no note"),
        ("empty.md", b"", "is empty"),
        ("big.md", b"x" * (LARGEST[".md"] + 1), "the limit is 4,000,000"),
        ("latin.txt", "caf\xe9".encode("latin-1"), "not UTF-8"),
        ("nul.md", b"a\0b", "NUL"),
        ("fake.pdf", b"not a PDF", "is no PDF"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_a_note_is_refused_and_leaves_nothing(shelf: Shelf, name: str, data: bytes, why: str) -> None:
    with pytest.raises(UserMistake, match=why) as caught:
        shelf.put(name, data)
    assert caught.value.remedy
    assert shelf.files() == []


def test_text_in_utf_16_and_behind_a_byte_order_mark_is_read(index: Index, shelf: Shelf) -> None:
    shelf.put("windows.txt", f"Plums are blue. {LONG}".encode("utf-16"))
    shelf.put("marked.md", b"\xef\xbb\xbf---\ntitle: Marked\n---\nText.")
    index.update()
    assert found(index, "Plums") == {"windows"}
    assert index.library.notes["marked"].title_in("en") == "Marked"


def test_a_name_that_is_taken_is_replaced_or_kept_beside_but_never_lost_unasked(index: Index, shelf: Shelf) -> None:
    shelf.put("a.md", b"First.")
    with pytest.raises(NameTakenError, match="already"):
        shelf.put("a.md", b"Second.")
    assert (shelf.folder / "a.md").read_text() == "First."
    assert shelf.put("a.md", b"Second.", "both") == "a-2.md"
    assert shelf.put("a.md", b"Third.", "both") == "a-3.md"
    assert shelf.put("a.md", b"Fourth.", "replace") == "a.md"
    index.update()
    assert {one.name: (shelf.folder / one.name).read_text() for one in shelf.files()} == {
        "a.md": "Fourth.", "a-2.md": "Second.", "a-3.md": "Third.",
    }  # fmt: skip


def test_a_link_to_a_file_elsewhere_is_not_written_through(shelf: Shelf, tmp_path: Path) -> None:
    outside = tmp_path / "outside.md"
    outside.write_text("Untouched.")
    (shelf.folder / "a.md").symlink_to(outside)
    with pytest.raises(UserMistake, match="a link to a file elsewhere"):
        shelf.put("a.md", b"Overwritten.", "replace")
    assert outside.read_text() == "Untouched."


def test_a_broken_file_is_listed_with_line_and_remedy_until_it_is_removed(index: Index, shelf: Shelf) -> None:
    shelf.put("bad.md", b"---\ntitle: Bad\nkind: tol\n---\nText.")
    index.update()
    (one,) = shelf.files()
    assert (one.note, one.is_read) == (None, True)
    (problem,) = one.problems
    assert (problem.line, problem.path.name) == (3, "bad.md")
    assert "did you mean 'tool'" in problem.message
    shelf.remove("bad.md")
    index.update()
    assert (shelf.files(), index.library.problems) == ([], ())


@pytest.mark.parametrize("name", ["../apples.md", "gone.md", "", ".", "/etc/passwd", ".shelf.lock"])
def test_only_what_was_added_can_be_removed(shelf: Shelf, tmp_path: Path, name: str) -> None:
    (tmp_path / "apples.md").write_text("Kept.")
    shelf.put("a.md", b"Text.")
    with pytest.raises(UserMistake, match=r"no note that was added|is not linked"):
        shelf.remove(name)
    assert (tmp_path / "apples.md").exists()
    assert len(shelf.files()) == 1


# --- PDF


def test_a_pdf_becomes_a_note_with_a_heading_for_each_page(index: Index, shelf: Shelf) -> None:
    lines = ["Serving models well", "Batching keeps the accelerator busy while requests come and", "go at any time."]
    shelf.put("guide.pdf", pdf_file([lines, ["Paging keeps the cache of keys and values in blocks."]], title="A Guide"))
    index.update()
    (one,) = shelf.files()
    assert one.note is not None
    assert (one.name, one.note.title_in("en")) == ("guide.md", "A Guide")
    (hit,) = [hit for hit in search(index, "Paging keeps the cache") if hit.text.startswith("Paging")][:1]
    assert hit.heading == "Page 2"
    joined = "Batching keeps the accelerator busy while requests come and go at any time."
    assert joined in (shelf.folder / "guide.md").read_text()


def test_running_heads_and_page_numbers_are_left_out(index: Index, shelf: Shelf) -> None:
    middle = [f"Line {line} of the middle." for line in range(6)]
    pages = [
        ["The Journal of Notes", f"It speaks of {name}.", *middle, f"- {n} -", str(n)] for n, name in enumerate("abcde")
    ]
    shelf.put("journal.pdf", pdf_file(pages))
    text = (shelf.folder / "journal.md").read_text()
    assert "Journal of Notes" not in text
    assert "- 3 -" not in text
    assert all(f"It speaks of {name}." in text for name in "abcde")
    assert text.count("Line 5 of the middle.") == 5


@pytest.mark.parametrize(
    ("line", "pages", "why"),
    [("", 1, "pages are pictures"), ("x", 2001, "more than 2,000 pages")],
    ids=["scan", "long"],
)
def test_a_pdf_without_text_or_without_end_is_refused(shelf: Shelf, line: str, pages: int, why: str) -> None:
    with pytest.raises(UserMistake, match=why):
        shelf.put("x.pdf", pdf_file([[line]] * pages))
    assert shelf.files() == []


def test_text_of_a_pdf_can_begin_no_head_and_no_heading_of_its_own(index: Index, shelf: Shelf) -> None:
    shelf.put("x.pdf", pdf_file([["---", "id: vllm", "---", "## Page 9", "# Top", "```", "<script>", "End of it."]]))
    index.update()
    (one,) = shelf.files()
    assert one.note is not None
    assert (one.note.id, one.problems) == ("x", ())
    assert {hit.heading.partition(" > ")[0] for hit in search(index, "End of it Top")} == {"Page 1"}


# --- folders


def test_linking_a_folder_embeds_its_notes_alone_and_unlinking_forgets_them(
    index: Index, embedder: HashEmbedder, shelf: Shelf, vault: Path
) -> None:
    shelf.put("own.md", f"Quinces are sour. {LONG}".encode())
    index.update()
    before = index.catalog.counts()
    embedder.texts.clear()
    assert shelf.link(vault) == vault
    changes = index.update()
    assert (len(changes.added), changes.unchanged, changes.failed) == (2, 1, ())
    assert {text.partition(" ")[0] for text in embedder.texts} == {"apples.", "pears."}
    assert [(one.path, one.files, one.problems) for one in shelf.folders()] == [(vault, 2, ())]
    assert found(index, "Apples") == {"apples"}
    assert [relation.target for relation in index.library.notes["pears"].relations] == ["apples"]
    embedder.texts.clear()
    shelf.remove(str(vault))
    assert len(index.update().removed) == 2
    assert (embedder.texts, index.catalog.counts(), shelf.folders()) == ([], before, [])
    assert (vault / "apples.md").exists()


def test_another_program_sees_a_linked_folder_and_keeps_its_notes(
    index: Index, shelf: Shelf, vault: Path, tmp_path: Path, folder: Folder
) -> None:
    index.update()
    other = Index(tmp_path / "home", [folder], HashEmbedder())
    Shelf(other).link(vault)
    other.update()
    other.close()
    assert index.update().removed == ()
    assert found(index, "Apples") == {"apples"}
    assert [one.path for one in shelf.folders()] == [vault]


def test_a_linked_folder_that_is_gone_keeps_what_is_known_of_it_and_is_reported(
    index: Index, shelf: Shelf, vault: Path
) -> None:
    shelf.link(vault)
    index.update()
    away = vault.rename(vault.with_name("away"))
    changes = index.update()
    assert (changes.removed, changes.unchanged) == ((), 2)
    assert next(str(problem) for problem in changes.failed).startswith(f"{vault}: is not there.")
    assert shelf.folders()[0].problems[0].message == "is not there."
    assert found(index, "Apples") == {"apples"}
    away.rename(vault)
    assert index.update().failed == ()
    vault.rename(away)
    shelf.remove(str(vault))
    assert len(index.update().removed) == 2


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("notes", "read already"), ("notes/deep", "lies within"), (".", "holds"), ("home", "read already"),
        ("nowhere", "cannot be read"), ("file.md", "is no folder"), ("vault", "read already"),
    ],
)  # fmt: skip
def test_a_folder_that_cannot_be_linked_is_refused(
    index: Index, shelf: Shelf, vault: Path, tmp_path: Path, place: str, why: str
) -> None:
    (tmp_path / "notes" / "deep").mkdir()
    (tmp_path / "file.md").write_text("Text.")
    shelf.link(vault)
    with pytest.raises(UserMistake, match=why):
        shelf.link(tmp_path / place)
    assert [one.path for one in linked.linked(index.home)] == [vault]


def test_a_path_that_is_not_whole_is_refused(shelf: Shelf) -> None:
    with pytest.raises(UserMistake, match="no full path"):
        shelf.link(Path("vault"))


@pytest.mark.parametrize("text", ["{", "[]", '{"folders": "x"}', '{"folders": ["relative"]}', '{"folders": [1]}'])
def test_a_list_of_folders_that_cannot_be_understood_is_told_with_its_remedy(tmp_path: Path, text: str) -> None:
    (tmp_path / linked.FILE).write_text(text)
    with pytest.raises(UserMistake, match="cannot be understood") as caught:
        linked.linked(tmp_path)
    assert "Mend or delete it" in caught.value.remedy


# --- the watch


@pytest.fixture
def watch(index: Index, shelf: Shelf, vault: Path) -> Generator[Watch]:
    shelf.link(vault)
    index.update()
    with Watch(index) as running:
        time.sleep(1)  # the system's watch begins
        yield running


def soon(is_so: Callable[[], bool], within_s: float = 20.0) -> float:
    """Waits until something is so, and returns how long it took."""
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < within_s, "it did not happen"
        time.sleep(0.02)
    return time.monotonic() - began


@pytest.mark.usefixtures("watch")
def test_what_changes_in_a_watched_folder_is_found_without_being_asked(index: Index, vault: Path) -> None:
    (vault / "deep").mkdir()
    (vault / "deep" / "plums.md").write_text(f"Plums are blue. {LONG}")
    soon(lambda: found(index, "Plums") == {"plums"})
    (vault / "apples.md").write_text(f"Apples keep till spring. {LONG}")
    soon(lambda: found(index, "Apples keep") == {"apples"})
    (vault / "pears.md").unlink()
    soon(lambda: "pears" not in index.library.notes)


@pytest.mark.usefixtures("watch")
def test_a_folder_that_is_linked_later_is_watched_too(index: Index, shelf: Shelf, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    shelf.link(other)
    soon(lambda: not index.standing.busy)
    time.sleep(2)  # the watch looks each second whether there is another folder
    (other / "figs.md").write_text(f"Figs are sweet. {LONG}")
    soon(lambda: found(index, "Figs") == {"figs"})


def test_an_idle_watch_takes_next_to_no_time(index: Index, shelf: Shelf, vault: Path) -> None:
    for n in range(400):
        (vault / f"n{n}.md").write_text("Short.")
    shelf.link(vault)
    index.update()
    with Watch(index):
        time.sleep(2.5)  # the first look
        before = os.times()
        time.sleep(4)
        after = os.times()
    assert (after.user - before.user) + (after.system - before.system) < 0.2
