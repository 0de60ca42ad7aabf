"""Exports to Anki, read back by Anki itself."""

import json
import re
import zipfile
from collections.abc import Generator
from dataclasses import replace
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from anki.collection import Card, Collection, ImportAnkiPackageOptions, ImportAnkiPackageRequest, Note
from export_items import FIGURE, LOG, NOTES, item, items

from knowledge.vocabulary import LANGUAGES, Language
from tools.export import anki, figure, sheet
from tools.quiz.item import TYPES, Item, ItemType

AT = 1_790_000_000.0


def bring(collection: Collection, package: bytes) -> Any:
    """Import a package as Anki does when it is opened."""
    path = Path(collection.path).with_name("new.apkg")
    path.write_bytes(package)
    request = ImportAnkiPackageRequest(package_path=str(path), options=ImportAnkiPackageOptions(merge_notetypes=True))
    return collection.import_anki_package(request).log


@pytest.fixture
def empty(tmp_path: Path) -> Generator[Collection]:
    collection = Collection(str(tmp_path / "collection.anki2"))
    yield collection
    collection.close()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Generator[Collection]:
    """A collection with every item; tests only read it."""
    collection = Collection(str(tmp_path_factory.mktemp("anki") / "collection.anki2"))
    bring(collection, anki.package(items(), NOTES, AT))
    yield collection
    collection.close()


def note_of(collection: Collection, item: Item) -> Note:
    (found,) = collection.db.list("select id from notes where guid = ?", item.id)  # type: ignore[union-attr]
    return collection.get_note(found)


def card_of(collection: Collection, item: Item) -> Card:
    (card,) = note_of(collection, item).cards()
    return card


def text_of(html: str) -> str:
    """What a reader sees of HTML, judged by another parser than ours."""
    return "".join(ElementTree.fromstring(f"<x>{re.sub('<(br|hr[^>]*|img[^>]*)>', '', html)}</x>").itertext())


def text_of_card(html: str) -> str:
    return unescape(re.sub("<[^>]+>", "", re.sub("<style>.*?</style>", "", html, flags=re.DOTALL)))


def test_anki_imports_every_item_in_both_languages(empty: Collection) -> None:
    log = bring(empty, anki.package(items(), NOTES, AT))
    assert len(log.new) == len(items()) == empty.note_count() == empty.card_count()
    assert not [
        *log.conflicting,
        *log.first_field_match,
        *log.missing_notetype,
        *log.missing_deck,
        *log.empty_first_field,
    ]
    assert empty.fix_integrity()[1]
    names = {deck.name for deck in empty.decks.all_names_and_ids(skip_empty_default=True)}
    assert names == {"LLM Atlas", "LLM Atlas::Inference", "LLM Atlas::推理"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("item_type", TYPES)
def test_fields_and_tags_arrive_as_they_were_sent(filled: Collection, item_type: ItemType, language: Language) -> None:
    asked = item(item_type, language)
    note = note_of(filled, asked)
    fields = dict(note.items())
    assert set(note.tags) == {
        "llm-atlas", "stage::inference", "concept::vllm", f"type::{item_type}", f"origin::{asked.origin}",
        f"level::{asked.level}-{ {1: 'recall', 2: 'apply', 3: 'analyse'}[asked.level]}", f"language::{language}",
    }  # fmt: skip
    shown = text_of(fields["Stem"])
    assert "<script>alert(1)</script>" in shown
    assert "{{c1::no}}" in shown
    assert "🦙" in shown
    assert r"\(x_1 = 2\)" in shown
    assert "[sound:x.mp3]" in shown
    assert "Because of this." in text_of(fields["Explanation"])
    assert 'href="https://docs.vllm.ai/?a=1&amp;b=2"' in fields["Sources"]
    assert text_of(fields["Sources"]).count(asked.citations[0].quote) == 2
    key = text_of(fields["Key"])
    for at in asked.key:
        assert re.sub("<b>|[`$]", "", asked.options[at])[:5].strip() in re.sub(r"<b>|\\\(", "", key)
    assert all(point.text in key for point in asked.points)


def test_nothing_a_note_says_runs_or_plays_in_anki(filled: Collection) -> None:
    for asked in items():
        card = card_of(filled, asked)
        shown = card.question() + card.answer()
        assert "<script" not in shown
        assert not card.question_av_tags()
        assert not card.answer_av_tags()
        for field in note_of(filled, asked).fields:
            text = re.sub(r"\{\{c1::[^{}]*\}\}", "", field)
            assert not re.search(r"[{}]|\[(?:sound|latex|anki|\$)", text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_cloze_hides_its_answer_and_nothing_else(filled: Collection, language: Language) -> None:
    asked = item("cloze", language)
    card = card_of(filled, asked)
    assert card.note_type()["type"] == 1
    front, back = text_of_card(card.question()), text_of_card(card.answer())
    assert "[...] keeps KV in blocks" in front
    assert "a::b}} {x} ~=# keeps KV in blocks" in back
    assert "{{c1::no}}" in front


def test_a_gap_that_the_stem_lacks_is_put_at_its_end(empty: Collection) -> None:
    asked = replace(item("cloze", "en"), stem="What is it?")
    bring(empty, anki.package([asked], NOTES, AT))
    assert "What is it? [...]" in text_of_card(card_of(empty, asked).question())


@pytest.mark.parametrize(
    ("item_type", "typed"),
    [("numeric", "12.5"), ("short_answer", "Model answer \"quoted\", 'single'")],
)
def test_an_answer_is_typed_and_compared(filled: Collection, item_type: ItemType, typed: str) -> None:
    asked = item(item_type, "en")
    card = card_of(filled, asked)
    assert "[[type:Answer]]" in card.question()
    answer = note_of(filled, asked)["Answer"]
    assert text_of(answer).startswith(typed)
    assert "typeBad" not in filled.compare_answer(answer, text_of(answer))
    assert "typeMissed" in filled.compare_answer(answer, "no")


def test_options_stand_on_the_front_in_their_order_and_the_key_does_not(filled: Collection) -> None:
    asked = item("single_choice", "en")
    card = card_of(filled, asked)
    listed = re.findall("<li>(.*?)</li>", re.search('<ol type="A">(.*?)</ol>', card.question(), re.DOTALL)[1])  # type: ignore[index]
    assert len(listed) == 4
    assert text_of(listed[0]) == "--tp 2 = a ~ b"
    assert "B. " not in card.question()
    assert "B. <b>B</b>" in text_of_card(card.answer())


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_log_keeps_each_line_as_it_is(filled: Collection, language: Language) -> None:
    asked = item("reading", language)
    assert text_of(note_of(filled, asked)["Exhibit"]) == LOG


def test_a_plot_arrives_as_a_picture(filled: Collection) -> None:
    plots = [asked for asked in items() if asked.exhibit is not None and asked.exhibit.kind == "plot"]
    assert filled.media.check().missing == []
    assert len(plots) == 2
    for asked in plots:
        name = re.search('src="([^"]+)"', note_of(filled, asked)["Exhibit"])[1]  # type: ignore[index]
        stored = (Path(filled.media.dir()) / name).read_text(encoding="utf-8")
        assert stored == figure.svg(FIGURE)
        assert filled.media.check().unused == []


def test_a_second_import_changes_what_changed_and_keeps_what_was_learnt(empty: Collection) -> None:
    first = items()
    bring(empty, anki.package(first, NOTES, AT))
    asked = first[0]
    card = card_of(empty, asked)
    empty.decks.select(card.did)
    empty.sched.set_due_date([card.id], "12!")
    learnt = card_of(empty, asked)
    assert (learnt.ivl, learnt.type) == (12, 2)
    note = note_of(empty, asked)
    note.add_tag("mine")
    empty.update_note(note)

    changed = [replace(asked, stem="A better question"), *first[1:]]
    log = bring(empty, anki.package(changed, NOTES, 2 * AT))
    assert not log.new
    assert empty.note_count() == len(first)
    assert text_of(note_of(empty, asked)["Stem"]) == "A better question"
    again = card_of(empty, asked)
    assert (again.id, again.ivl, again.type, again.due) == (learnt.id, 12, 2, learnt.due)
    assert len(empty.models.all_names_and_ids()) == len({*empty.models.all_names()})


def test_an_older_package_does_not_undo_what_a_newer_one_brought(empty: Collection) -> None:
    asked = item("single_choice", "en")
    bring(empty, anki.package([replace(asked, stem="newer")], NOTES, AT))
    bring(empty, anki.package([asked], NOTES, AT - 1))
    assert text_of(note_of(empty, asked)["Stem"]) == "newer"


def test_the_same_items_make_the_same_file() -> None:
    assert anki.package(items(), NOTES, AT) == anki.package(items(), NOTES, AT)


def test_a_package_holds_its_media_by_number() -> None:
    with zipfile.ZipFile(BytesIO(anki.package(items(), NOTES, AT))) as archive:
        assert archive.testzip() is None
        named = json.loads(archive.read("media"))
        assert {*archive.namelist()} == {"collection.anki2", "media", *named}


@pytest.mark.parametrize(
    ("given", "drawn"),
    [
        ({"data": [{"type": "bar", "x": ["a <b>", "中"], "y": [1, 3]}]}, ["a &lt;b&gt;", "中", "<rect"]),
        (
            {"data": [{"y": {"dtype": "f8", "bdata": "AAAAAAAA8D8AAAAAAAAAQA=="}, "mode": "markers"}]},
            ["<circle", ">1.6<"],
        ),
        (
            {"data": [{"x": [1, 2], "y": [5, 5], "name": "a"}, {"x": [1], "y": [9], "name": "b"}]},
            ["<polyline", ">a<", ">b<"],
        ),
    ],
    ids=["bars over categories", "numbers in base64", "two lines with a legend"],
)
def test_a_figure_is_drawn(given: dict[str, Any], drawn: list[str]) -> None:
    picture = figure.svg(given)
    ElementTree.fromstring(picture)
    assert [part for part in drawn if part not in picture] == []


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"data": []},
        {"data": [{"type": "heatmap", "z": [[1]]}]},
        {"data": [{"x": [1], "y": [0]}], "layout": {"yaxis": {"type": "log"}}},
    ],
    ids=["empty", "no traces", "another kind", "zero on a logarithmic axis"],
)
def test_what_cannot_be_drawn_makes_no_picture(given: dict[str, Any]) -> None:
    assert figure.svg(given) == ""


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (12.5, "12.5"),
        (1e18, "1000000000000000000"),
        (1e-9, "0.000000001"),
        (0.1 + 0.2, "0.3"),
        (-3.0, "-3"),
        (0.0, "0"),
    ],
)
def test_a_number_is_written_without_an_exponent(value: float, written: str) -> None:
    assert sheet.number(value) == written
