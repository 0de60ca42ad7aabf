"""The link below advice and diagnoses leads to the page where they can be changed."""

import re
from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from agents.events import Answer, Opens
from knowledge.citation import Citation
from knowledge.index import Index
from ui.advice_query import from_query
from ui.chat import Turn
from ui.opened import CALCULATED, leads, link, rows
from ui.render import shown

TURN = Turn("abc123", "which tool?", text="vLLM.")


def done(opens: Opens | None) -> Turn:
    return replace(TURN, answer=Answer("vLLM.", (), (), False, "notes", "en", opens=opens), outcome="done")


def test_choose_link_restores_the_task_and_the_tools() -> None:
    choice = from_query(link(Opens("choose", "serve a & b with <x>?", ("vllm", "sglang"))))
    assert (choice.task, choice.compare) == ("serve a & b with <x>?", ("vllm", "sglang"))
    assert from_query(link(Opens("choose", "serve"))).compare is None


def test_fix_link_names_the_pitfall_and_never_the_log() -> None:
    assert link(Opens("fix", "cuda-out-of-memory")) == "?place=fix&pitfall=cuda-out-of-memory"
    assert link(Opens("fix")) == "?place=fix"


@pytest.mark.parametrize(
    ("opens", "words"),
    [
        (Opens("choose", "serve"), "Change the conditions"),
        (Opens("choose", "serve", ("vllm", "sglang")), "Add tools to the table"),
        (Opens("fix", "disk-full"), "Open it on the Fix page"),
        (Opens("fix"), "Add it on the Fix page"),
    ],
    ids=["advice", "comparison", "pitfall", "unknown error"],
)
def test_link_says_what_it_opens(opens: Opens, words: str) -> None:
    (row,) = rows(done(opens), "en")
    assert words in row["content"]


def test_task_cannot_break_out_of_the_link() -> None:
    (row,) = rows(done(Opens("choose", '"><script>alert(1)</script>')), "en")
    assert "<script" not in row["content"]
    assert row["content"].count('"') == 4


def test_answer_that_leads_nowhere_has_no_link() -> None:
    assert rows(done(None), "en") == []
    assert rows(TURN, "en") == []


def test_long_question_is_shown_by_its_beginning_and_end() -> None:
    log = "\n".join(f"line {n}" for n in range(5000))
    said = shown([replace(TURN, question=log)], "en").messages[0]["content"]
    assert said.startswith("line 0")
    assert said.endswith("line 4999")
    assert len(said) < 1000


def cited(note: str, **fields: Any) -> Turn:
    citation = Citation(1, note, "The note", "How", "It works.", 5, 14, "", f"/n/{note}.zh.md")
    return replace(TURN, citations=(citation,), searched="q", outcome="done", **fields)


def test_an_answer_leads_to_the_note_at_its_sentence_a_quiz_the_map_and_the_calculator() -> None:
    links = [unescape(link) for link in re.findall('href="([^"]+)"', leads(cited("kv-cache"), "en"))]
    assert links == [
        "?place=notes&note=kv-cache&at=5-14&language=zh", "?place=quiz&topic=kv-cache&n=3", "?place=map&note=kv-cache",
        "?place=calculate&kind=memory",
    ]  # fmt: skip


def test_what_no_calculator_computes_leads_to_none() -> None:
    assert "calculate" not in leads(cited("tokenization"), "zh")


def test_an_answer_of_a_quiz_leads_to_its_note_alone() -> None:
    assert re.findall("place=([a-z]+)", leads(replace(cited("vllm"), searched=""), "en")) == ["notes"]


@pytest.mark.parametrize("outcome", ["open", "stopped", "failed"])
def test_an_answer_that_is_not_complete_leads_nowhere(outcome: Any) -> None:
    assert leads(replace(cited("vllm"), outcome=outcome), "en") == ""


def test_the_notes_that_lead_to_a_calculator_exist(built_in: Index) -> None:
    assert set(CALCULATED) <= set(built_in.library.notes)
