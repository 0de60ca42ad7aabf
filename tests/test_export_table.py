"""Exports to spreadsheets."""

import csv
from io import StringIO

import pytest
from export_items import LOG, NASTY, item, items

from knowledge.vocabulary import LANGUAGES, Language
from tools.export import table
from tools.quiz.item import TYPES, ItemType


def rows(text: str) -> list[dict[str, str]]:
    assert text.startswith("\ufeff")
    return list(csv.DictReader(StringIO(text.removeprefix("\ufeff"), newline=""), strict=True))


def test_one_row_an_item_with_lines_ended_as_the_standard_says() -> None:
    text = table.csv_text(items())
    read = rows(text)
    assert len(read) == len(items())
    assert [row["id"] for row in read] == [asked.id for asked in items()]
    assert {None} & {key for row in read for key in row} == set()
    records = list(csv.reader(StringIO(text, newline="")))
    assert text.count("\r\n") == len(records)
    assert {len(record) for record in records} == {len(table.COLUMNS)}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("item_type", TYPES)
def test_cells_say_what_the_item_says(item_type: ItemType, language: Language) -> None:
    asked = item(item_type, language)
    (row,) = rows(table.csv_text([asked]))
    shown = NASTY.replace("&amp;", "&")
    assert shown in row["question"]
    assert row["explanation"] == f"Because of this. {shown}"
    assert row["sources"].count(asked.citations[0].quote) == 2
    assert row["sources"].count("https://docs.vllm.ai/?a=1&b=2") == 2
    assert (row["type"], row["language"], row["level"]) == (item_type, language, str(asked.level))


KEYS = {
    "single_choice": "B. <b>B</b> {{c2::x}} -> :: 显存里的 KV 缓存按块分配，“块”里有 16 个 token。",
    "true_false": "B. False\n- names the block # 1",
    "cloze": "a::b}} {x} ~=#\nalso: *paged*, -1 -> x",
    "numeric": "12.5 GiB (±5 %)",
    "reading": "C. -5 # }",
}


@pytest.mark.parametrize("item_type", KEYS)
def test_the_key_stands_in_words(item_type: ItemType) -> None:
    (row,) = rows(table.csv_text([item(item_type, "en")]))
    assert row["answer"] == KEYS[item_type]


def test_a_log_keeps_its_lines() -> None:
    (row,) = rows(table.csv_text([item("reading", "en")]))
    assert row["exhibit"] == LOG


@pytest.mark.parametrize(
    ("said", "stored"),
    [
        ("=1+1", "'=1+1"), ("+1-1", "'+1-1"), ("-2+3", "'-2+3"), ("@SUM(A1)", "'@SUM(A1)"), ("  =1", "'  =1"),
        ("＝1", "'＝1"), ("|calc", "'|calc"), ("-5", "-5"), ("+3.5", "+3.5"), ("a=1", "a=1"), ("--tp 2", "'--tp 2"),
    ],
)  # fmt: skip
def test_no_cell_is_a_formula(said: str, stored: str) -> None:
    (row,) = rows(table.csv_text([item("cloze", "en", accepted=(said,))]))
    assert row["answer"] == stored
