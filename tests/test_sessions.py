"""Conversations that are kept: whole after a restart, each its reader's own, findable, and gone when they are deleted."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import nbformat
import pytest
from scripted_model import ScriptedModel
from small_atlas import PARAPHRASE, QUESTION, VERBATIM, embedded_atlas, judge, notes_atlas, of_tutor, small_index

from agents import desk_list
from agents.desk import Desk, Turn
from agents.desk_list import Listed, delete, listed, put_back, rename
from agents.events import Answer
from agents.kept import packed, unpacked
from knowledge.citation import Citation
from knowledge.errors import UserMistake
from ui.chat import Chats
from ui.chat import Turn as Shown
from ui.session_export import file_name, markdown, notebook
from ui.session_list import list_html
from ui.session_turn import restored

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ImportWarning"),
]

ON = date(2026, 11, 22)
CODE = "Load it:\n\n```python\nimport vllm\n```\n\nServe it [2]:\n\n```bash\n$ vllm serve m\n```\n\n```rust\nfn main() {}\n```\n\nDone [1]."


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        self.now += 60
        return self.now


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, Clock())


def said(desk: Desk, session: str, question: str, answer: str = "An answer.", reader: str = "ann") -> None:
    number = f"{session}-{reader}-{question}"
    desk.remember(session, Turn(number, question, question, answer), reader)


def titles(sessions: list[Listed]) -> list[str]:
    return [session.title for session in sessions]


# --- whole after a restart -------------------------------------------------------------------------------------------


def test_an_answer_is_kept_with_its_sources_steps_and_figures(tmp_path: Path) -> None:
    with small_index(tmp_path) as index, ScriptedModel() as model:
        model.reply(f"{VERBATIM} {PARAPHRASE}", when=of_tutor)
        judge(model)
        answer = embedded_atlas(index, tmp_path, model).answer(QUESTION, "s")
    (kept,) = Desk(tmp_path).kept("s")
    assert kept.answer == answer
    assert kept.answer.usage.spent == answer.usage.spent
    assert [(step.id, step.status) for step in kept.steps] == [("search", "done"), ("teach", "done"), ("check", "done")]
    assert [passage.path for passage in kept.answer.evidence] == [passage.path for passage in answer.evidence]


def test_a_calculation_is_made_again_from_what_was_asked(tmp_path: Path) -> None:
    with small_index(tmp_path) as index:
        answer = notes_atlas(index, tmp_path).answer("/calc memory --model Llama-3.1-8B --context 8k --gpu a100", "s")
    assert answer.calculation is not None, answer.text
    (kept,) = Desk(tmp_path).kept("s")
    assert kept.calculated is not None
    assert kept.calculated.calculation.values == answer.calculation.values
    assert answer.text.endswith(kept.calculated.derivation)


@pytest.mark.parametrize("record", [None, '{"version": 999}'], ids=["no record", "a later program's"])
def test_a_turn_without_a_readable_record_still_has_its_words(record: str | None) -> None:
    kept = unpacked("1", "q", "s", "一个答案", 5.0, record)
    assert (kept.answer.text, kept.answer.language, kept.is_whole) == ("一个答案", "zh", False)
    assert restored(kept, {}).text == "一个答案"


def test_a_restored_turn_looks_as_it_did(tmp_path: Path) -> None:
    citation = Citation(1, "lora", "LoRA", "What", "It trains.", 3, 13, "https://a.example/x", "/n/lora.md")
    answer = Answer("It trains [1].", (citation,), (), False, "notes", "en", id="ab" * 16)
    kept = unpacked("ab" * 16, "q", "searched", answer.text, 1.0, packed(answer, (), None))
    turn = restored(kept, {"ab" * 16: "up"})
    assert (turn.id, turn.text, turn.citations, turn.outcome, turn.thumb) == (
        "ab" * 6, answer.text, (citation,), "done", "up",
    )  # fmt: skip


def test_what_is_known_already_is_not_replaced_by_what_was_kept() -> None:
    chats = Chats()
    chats.put("s", Shown("1", "new"))
    assert chats.restore("s", [Shown("0", "old")]) == (Shown("1", "new"),)
    assert chats.restore("t", [Shown("0", "old")]) == (Shown("0", "old"),)


# --- the list --------------------------------------------------------------------------------------------------------


def test_sessions_are_listed_newest_first_with_their_number_of_turns(desk: Desk) -> None:
    for session, question in (("a", "first"), ("b", "second"), ("a", "third")):
        said(desk, session, question)
    assert [(s.session, s.title, s.turns) for s in listed(desk, "ann")] == [("a", "first", 2), ("b", "second", 1)]


def test_readers_see_their_own_sessions_only(desk: Desk) -> None:
    said(desk, "s", "Ann's question", reader="ann")
    said(desk, "s", "Bob's question", reader="bob")
    assert [titles(listed(desk, reader)) for reader in ("ann", "bob", "")] == [
        ["Ann's question"],
        ["Bob's question"],
        [],
    ]
    for act in (lambda: rename(desk, "s", "eve", "mine"), lambda: delete(desk, "s", "eve")):
        with pytest.raises(UserMistake, match="no session"):
            act()
    assert desk.kept("s", "eve") == []


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("lora", ["What is LoRA?"]),
        ("低秩", ["What is LoRA?"]),
        ("分页", ["分页注意力是什么？"]),
        ("100%", ["What is LoRA?"]),
        ("0%m", []),
        ("a_k", []),
        ("  is   LoRA ", ["What is LoRA?"]),
        ("absent", []),
    ],
)
def test_a_search_looks_in_titles_and_texts_of_both_languages(desk: Desk, words: str, found: list[str]) -> None:
    said(desk, "a", "What is LoRA?", "它训练低秩矩阵，节省 100% more.")
    said(desk, "b", "分页注意力是什么？", "Ask about blocks.")
    assert titles(listed(desk, "ann", words=words)) == found


def test_a_new_title_is_listed_and_searched(desk: Desk) -> None:
    said(desk, "a", "question")
    rename(desk, "a", "ann", "  论文  notes ")
    assert titles(listed(desk, "ann", words="论文")) == ["论文 notes"]
    said(desk, "a", "another")
    assert titles(listed(desk, "ann")) == ["论文 notes"]
    for impossible in ("", "  ", "x" * 121, "a\x00b"):
        with pytest.raises(UserMistake, match="no title"):
            rename(desk, "a", "ann", impossible)


def test_a_deleted_session_is_gone_from_the_files_and_can_be_put_back(desk: Desk, tmp_path: Path) -> None:
    said(desk, "a", "plain question", "secret-words " * 400)
    said(desk, "b", "other")
    desk.complete("a", "a-ann-plain question", json.dumps({"version": 0, "x": "secret-words"}), "ann")
    rename(desk, "a", "ann", "secret-title")
    whole = desk.kept("a", "ann")
    removed = delete(desk, "a", "ann")
    left = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"secret-" not in left
    assert titles(listed(desk, "ann")) == ["other"]
    put_back(desk, removed)
    assert titles(listed(Desk(tmp_path), "ann")) == ["other", "secret-title"]
    assert Desk(tmp_path).kept("a", "ann") == whole


def test_many_sessions_come_by_the_page(desk: Desk) -> None:
    for number in range(7):
        said(desk, f"s{number}", f"q{number}")
    assert titles(listed(desk, "ann", limit=3)) == ["q6", "q5", "q4"]
    assert titles(listed(desk, "ann", limit=3, skip=6)) == ["q0"]


def test_the_list_is_divided_by_day_and_nothing_in_it_is_html() -> None:
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    at = [int((noon - timedelta(days=days)).timestamp()) for days in (0, 1, 3, 400)]
    sessions = [Listed(f"{n:032x}", f"<b>{n}</b>", n + 1, when) for n, when in enumerate(at)]
    html = list_html(sessions, sessions[1].session, ON, UTC, "en")
    for day in ("Today", "Yesterday", "19 Nov", "18 Oct 2025"):
        assert f"<h3>{day}</h3>" in html
    assert "<b>" not in html
    assert html.count("aria-current") == 1
    assert "11月19日" in list_html(sessions, "", ON, UTC, "zh")


# --- as files --------------------------------------------------------------------------------------------------------


def exported() -> list[Shown]:
    one = Citation(1, "vllm", "vLLM", "Use", "It serves.", 0, 10, "https://a.example/x", "/home/ann/vllm.md")
    two = Citation(2, "own", "Mine", "", "My own.", 0, 7, "/home/ann/notes/own.md", "/home/ann/notes/own.md")
    first = Shown("1", "What\nnow?", text="It serves [1]. Bad [?] a[7].", citations=(one,), outcome="done")
    return [first, Shown("2", "And code?", text=CODE, citations=(two, one), outcome="done")]


def test_markdown_numbers_the_sources_through_the_conversation() -> None:
    text = markdown("Serving", exported(), ON, "en")
    assert text.startswith("# Serving\n\nFrom LLM Atlas, 2026-11-22\n\n## What now?\n\nIt serves [1]. Bad [?] a[7].")
    assert "Serve it [2]:" in text
    assert "1. vLLM, Use. https://a.example/x\n   > It serves.\n2. Mine. own.md\n   > My own." in text
    assert "Done [2]." not in text
    assert "/home/ann" not in text


def test_a_notebook_runs_python_and_shell_code_only() -> None:
    book = nbformat.reads(notebook("Serving", exported(), ON, "zh"), as_version=4)
    nbformat.validate(book)
    code = [cell.source for cell in book.cells if cell.cell_type == "code"]
    assert code == ["import vllm", "%%bash\nvllm serve m"]
    words = "\n".join(cell.source for cell in book.cells if cell.cell_type == "markdown")
    assert "```rust" in words
    assert "```python" not in words
    assert "资料来源" in words


@pytest.mark.parametrize(
    ("title", "name"),
    [("What is LoRA?", "what-is-lora-2026-11-22.md"), ("../../etc", "etc-2026-11-22.md"), ("分页 注意力", "分页-注意力-2026-11-22.md"), ("?!", "conversation-2026-11-22.md")],
)  # fmt: skip
def test_a_file_is_named_after_the_conversation(title: str, name: str) -> None:
    assert file_name(title, ON, "md") == name


def test_many_conversations_are_searched_quickly(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for number in range(40):
        said(desk, f"s{number}", f"q{number}", "some words " * 300)
    began = datetime.now(UTC)
    assert len(listed(desk, "ann", words="absent", limit=30)) == 0
    assert (datetime.now(UTC) - began).total_seconds() < 5
    assert desk_list.title(desk, "s3", "ann") == "q3"
