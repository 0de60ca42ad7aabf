import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from knowledge.catalog import FORMAT, Catalog
from knowledge.errors import SetupMissing
from knowledge.language import content_terms
from knowledge.note import Document, Problem
from knowledge.reader import Excerpt, Reading


@pytest.fixture
def catalog(tmp_path: Path):
    opened = Catalog(tmp_path / "index" / "catalog.sqlite")
    yield opened
    opened.close()


def reading(*texts: str, path: str = "/a.md", heading: str = "", shift: int = 0, **document: object) -> Reading:
    excerpts = [
        Excerpt(heading, shift + 100 * i, shift + 100 * i + len(text), text, "en", f"T. {text}")
        for i, text in enumerate(texts)
    ]
    values = {"path": path, "own": True, "language": "en", "id": Path(path).stem} | document
    return Reading(Document.model_validate(values), tuple(excerpts))


def embed_all(catalog: Catalog) -> list[str]:
    texts = [passage.text for passage in catalog.pending(100)]
    catalog.mark_embedded([passage.id for passage in catalog.pending(100)])
    return texts


def test_a_changed_file_waits_only_for_the_vectors_of_what_is_new(catalog: Catalog) -> None:
    catalog.put("/a.md", "1", "x", reading("one", "two", "two"))
    assert embed_all(catalog) == ["one", "two", "two"]
    catalog.put("/a.md", "2", "y", reading("zero", "one", "two", shift=50, heading="H"))
    assert [passage.text for passage in catalog.pending(100)] == ["zero"]
    assert len(catalog.stale()) == 1
    assert catalog.counts() == (3, 2)
    (moved,) = catalog.passages(list(catalog.words(["one"], 9))).values()
    assert (moved.start, moved.heading) == (150, "H")


def test_what_was_removed_and_comes_back_loses_its_vector_before_it_gets_one(catalog: Catalog) -> None:
    catalog.put("/a.md", "1", "x", reading("one"))
    embed_all(catalog)
    catalog.put("/a.md", "2", "y", reading("two"))
    catalog.put("/a.md", "3", "x", reading("one"))
    (waiting,) = catalog.pending(9)
    assert waiting.text == "one"
    assert waiting.id in catalog.stale()
    catalog.mark_removed(catalog.stale())
    embed_all(catalog)
    assert (catalog.stale(), catalog.counts()) == ([], (1, 1))


def test_a_vector_that_may_be_stored_has_to_go_unless_its_passage_is_embedded(catalog: Catalog) -> None:
    catalog.put("/a.md", "1", "x", reading("one", "two"))
    first, second = (passage.id for passage in catalog.pending(9))
    catalog.mark_storing([first, second])
    catalog.mark_embedded([first])
    assert catalog.stale() == [second]


def test_a_passage_that_ceases_to_be_the_entry_is_no_entry_any_more(catalog: Catalog) -> None:
    both = [Excerpt("", 0, 3, "one", "en", "T. one", entry=entry) for entry in (True, False)]
    document = reading().document
    catalog.put("/a.md", "1", "x", Reading(document, tuple(both)))
    assert len(catalog.entries(["/a.md"])) == 1
    catalog.put("/a.md", "2", "y", Reading(document, tuple(both[1:])))
    assert catalog.entries(["/a.md"]) == []


def test_a_heading_that_changes_is_found_by_its_new_words(catalog: Catalog) -> None:
    catalog.put("/a.md", "1", "x", reading("one", heading="Oldheading"))
    catalog.put("/a.md", "2", "y", reading("one", heading="Newheading"))
    assert catalog.words(content_terms("oldheading"), 9) == {}
    assert len(catalog.words(content_terms("newheading"), 9)) == 1


def test_problems_are_kept_letter_by_letter(catalog: Catalog) -> None:
    problems = (Problem(Path("/a.md"), 3, "tab\tline\nbreak", "re\tmedy", "warning"), Problem(Path("/a.md"), 0, "", ""))
    catalog.put("/a.md", "1", "x", Reading(None, problems=problems))
    assert catalog.problems() == list(problems)
    assert catalog.documents() == []
    catalog.put("/a.md", "2", "y", reading("fine"))
    assert catalog.problems() == []


def test_a_removed_file_leaves_nothing_but_vectors_to_remove(catalog: Catalog) -> None:
    catalog.put("/a.md", "1", "x", reading("one"))
    catalog.remove("/a.md")
    assert (catalog.counts(), catalog.stamps(), catalog.words(content_terms("one"), 9)) == ((0, 0), {}, {})
    (stale,) = catalog.stale()
    catalog.mark_removed([stale])
    assert catalog.stale() == []


def test_a_step_that_fails_leaves_everything_as_it_was(catalog: Catalog) -> None:
    catalog.put("/a.md", "1", "x", reading("one"))
    before = catalog.generation()
    with pytest.raises(ZeroDivisionError), catalog.transaction():
        catalog.put("/a.md", "2", "y", reading("two"))
        raise ZeroDivisionError
    assert catalog.stamps() == {"/a.md": ("1", "x")}
    assert list(catalog.words(content_terms("one"), 9))
    assert catalog.generation() == before


def test_the_generation_tells_changes_of_files_from_changes_of_vectors(catalog: Catalog) -> None:
    start = catalog.generation()
    catalog.put("/a.md", "1", "x", reading("one"))
    read = catalog.generation()
    embed_all(catalog)
    assert (start, read, catalog.generation()) == ((0, 0), (1, 0), (1, 1))


@pytest.mark.parametrize(
    "question",
    [
        '"paged', "paged*", "paged NEAR attention", "NEAR(paged attention, 3)", "paged OR", "AND paged", "NOT paged",
        "(paged", "paged)", "{terms}: paged", "terms:paged", "-paged", "^paged", "paged + attention",
        "paged; DROP TABLE file", "🙂 paged", "paged\0attention", "paged " * 600, "'paged'", "％paged", "paged\ud800",
    ],
)  # fmt: skip
def test_the_syntax_of_full_text_search_is_text_in_a_question(question: str, catalog: Catalog) -> None:
    catalog.put("/a.md", "1", "x", reading("paged attention stores the cache in blocks"))
    ((_, share),) = catalog.words(content_terms(question), 9).items()
    assert 0 < share <= 1


@pytest.mark.parametrize("question", ["", "   ", "🙂", "what is it", "怎么", '"', "*", "unheard of"])
def test_a_question_without_known_content_finds_nothing(question: str, catalog: Catalog) -> None:
    catalog.put("/a.md", "1", "x", reading("what is it? it is this"))
    assert catalog.words(content_terms(question), 9) == {}


def test_a_question_of_thousands_of_chinese_characters_is_answered(catalog: Catalog) -> None:
    text = "".join(chr(0x4E00 + i) for i in range(4000))
    catalog.put("/a.md", "1", "x", reading(text))
    assert len(catalog.words(content_terms(text), 9)) == 1


def test_the_best_match_comes_first(catalog: Catalog) -> None:
    catalog.put("/a.md", "1", "x", reading("paged attention", "attention is all you need", "nothing of that kind"))
    found = catalog.words(content_terms("paged attention"), 9)
    assert [catalog.passages([i])[i].text for i in found] == ["paged attention", "attention is all you need"]
    assert list(found.values()) == sorted(found.values(), reverse=True)


def damage_with_garbage(file: Path) -> None:
    file.write_bytes(b"this is no database " * 500)


def damage_by_dropping_tables(file: Path) -> None:
    with sqlite3.connect(file) as db:
        db.execute("DROP TABLE generation")
        db.execute("DROP TABLE passage")
    db.close()


def damage_by_overwriting_pages(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    file.write_bytes(data)


def set_another_format(file: Path) -> None:
    with sqlite3.connect(file) as db:
        db.execute(f"PRAGMA user_version={FORMAT + 1}")
    db.close()


@pytest.mark.parametrize(
    "damage", [damage_with_garbage, damage_by_dropping_tables, damage_by_overwriting_pages, set_another_format]
)
def test_a_damaged_file_is_missing_set_up_with_the_folder_to_delete(damage, tmp_path: Path) -> None:
    file = tmp_path / "catalog.sqlite"
    first = Catalog(file)
    first.put("/a.md", "1", "x", reading("one " * 2000))
    first.close()
    damage(file)
    with pytest.raises(SetupMissing) as caught:
        second = Catalog(file)
        try:
            second.generation()
            second.counts()
            second.documents()
            second.words(content_terms("one"), 9)
        finally:
            second.close()
    assert f"Delete the folder '{tmp_path}'" in caught.value.remedy


def test_a_read_only_home_is_missing_set_up(unprivileged: Path) -> None:
    unprivileged.chmod(0o500)
    with pytest.raises(SetupMissing, match="--home"):
        Catalog(unprivileged / "catalog.sqlite")
    with pytest.raises(SetupMissing, match="--home"):
        Catalog(unprivileged / "deep" / "catalog.sqlite")
    unprivileged.chmod(0o700)


def test_many_open_a_new_file_at_once(tmp_path: Path) -> None:
    for attempt in range(20):
        together = Barrier(4)

        def opened(_: int, file: Path = tmp_path / f"{attempt}.sqlite", together: Barrier = together) -> Catalog:
            together.wait()
            return Catalog(file)

        with ThreadPoolExecutor(4) as pool:
            for catalog in pool.map(opened, range(4)):
                catalog.close()
