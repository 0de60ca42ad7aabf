"""A conversation that goes on, and the journeys beside an answer: small talk, help, search, and the check of a claim."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scripted_model import ScriptedModel
from small_atlas import (
    FALSE,
    OFF_NOTES,
    PARAPHRASE,
    QUESTION,
    VERBATIM,
    answer_of,
    embedded_atlas,
    judge,
    notes_atlas,
    of_desk,
    of_tutor,
    only,
    small_index,
)

from agents.desk import Turn
from agents.events import EvidenceFound, Failed
from knowledge.index import Index

RUNS = "vLLM runs many sequences at once with PagedAttention in memory."  # of another note than VERBATIM


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with small_index(tmp_path_factory.mktemp("conversation")) as opened:
        yield opened


# --- sessions -------------------------------------------------------------------------------------------------------


def test_follow_up_is_rewritten_and_searched_as_rewritten(index: Index, model: ScriptedModel, tmp_path: Path) -> None:
    model.reply(RUNS, when=of_tutor)
    judge(model)
    atlas = embedded_atlas(index, tmp_path, model)
    atlas.answer("What is vLLM?", "lesson")
    model.reply("How does PagedAttention of vLLM store the KV cache?", when=of_desk)
    model.reply(VERBATIM, when=of_tutor)
    events = list(atlas.ask("How does it store the KV cache?", "lesson"))
    _, found = only(events, EvidenceFound)  # the first is there before the model has rewritten anything
    assert found.question == "How does PagedAttention of vLLM store the KV cache?"
    tutored = [request for request in model.requests if of_tutor(request)][-1]
    assert "Question: How does PagedAttention of vLLM store the KV cache?" in tutored.prompt
    asked = [request for request in model.requests if of_desk(request)]
    assert len(asked) == 1
    assert "Earlier question: What is vLLM?" in asked[0].user
    assert answer_of(events).usage.calls == 2
    assert [turn.searched for turn in atlas.desk.history("lesson")][-1] == found.question


def test_without_a_model_a_follow_up_is_joined_with_its_topic(index: Index, tmp_path: Path) -> None:
    atlas = notes_atlas(index, tmp_path)
    atlas.answer("What is LoRA?", "lesson")
    events = list(atlas.ask("how many parameters does it cut?", "lesson"))
    assert only(events, EvidenceFound)[-1].question == "LoRA: how many parameters does it cut?"
    assert "factor of 1000" in answer_of(events).text


@pytest.mark.parametrize(
    ("fault", "message"), [({"status": 500}, "HTTP 500"), ({"text": " "}, "")], ids=["broken", "blank"]
)
def test_rewriting_that_fails_leaves_the_joined_question(
    index: Index, tmp_path: Path, model: ScriptedModel, fault: dict[str, Any], message: str
) -> None:
    atlas = embedded_atlas(index, tmp_path, model)
    atlas.desk.remember("lesson", Turn("1", "What is LoRA?", "What is LoRA?", "Two matrices.", ("lora",)))
    model.reply(when=of_desk, **fault)
    model.reply("LoRA trains two small low-rank matrices beside each frozen weight matrix.", when=of_tutor)
    follow_up = "and which two small matrices does it train beside each frozen weight matrix?"
    events = list(atlas.ask(follow_up, "lesson"))
    assert only(events, EvidenceFound)[-1].question == f"LoRA: {follow_up}"
    assert message in "".join(answer_of(events).notices)
    assert len(only(events, Failed)) == bool(message)


def test_question_that_stands_alone_is_not_rewritten(index: Index, model: ScriptedModel, tmp_path: Path) -> None:
    model.reply(VERBATIM, when=of_tutor, times=2)
    atlas = embedded_atlas(index, tmp_path, model)
    atlas.answer(QUESTION, "lesson")
    assert atlas.answer(QUESTION, "lesson").usage.calls == 1


def test_two_sessions_and_two_readers_do_not_mix(index: Index, tmp_path: Path) -> None:
    atlas = notes_atlas(index, tmp_path)

    def ask(question: str, session: str | None, reader: str) -> str:
        return only(atlas.ask(question, session, reader=reader), EvidenceFound)[-1].question

    ask("What is LoRA?", "lesson", "alice")
    ask("What is vLLM?", "lesson", "bob")
    ask("What is SGLang?", "other", "alice")
    assert ask("and what does it do?", "lesson", "alice") == "LoRA: and what does it do?"
    assert ask("and what does it do?", "lesson", "bob").startswith("vLLM")
    assert ask("and what does it do?", "other", "alice").startswith("SGLang")
    assert ask("and what does it do?", "lesson", "") == "and what does it do?"
    assert ask("and what does it do?", None, "alice") == "and what does it do?"


def test_session_goes_on_after_reopening(index: Index, tmp_path: Path) -> None:
    notes_atlas(index, tmp_path).answer("What is LoRA?", "lesson")
    events = list(notes_atlas(index, tmp_path).ask("and what does it cut?", "lesson"))
    assert only(events, EvidenceFound)[-1].question == "LoRA: and what does it cut?"


def test_question_without_a_session_is_not_stored(index: Index, tmp_path: Path) -> None:
    notes_atlas(index, tmp_path).answer(QUESTION)
    assert not (tmp_path / "sessions.sqlite").exists()


# --- the other journeys ---------------------------------------------------------------------------------------------


def test_small_talk_is_answered_by_the_model_in_one_call(index: Index, model: ScriptedModel, tmp_path: Path) -> None:
    model.reply("Hello! What shall we look at?", when=of_desk)
    answer = embedded_atlas(index, tmp_path, model).answer("hello")
    assert (answer.text, answer.rung, answer.usage.calls) == ("Hello! What shall we look at?", "embedded", 1)
    assert (answer.citations, answer.evidence, answer.abstained) == ((), (), False)


@pytest.mark.parametrize(("greeting", "reply"), [("hi!", "Hello! Ask me anything"), ("谢谢", "你好！")])
def test_small_talk_needs_no_model(index: Index, tmp_path: Path, greeting: str, reply: str) -> None:
    answer = notes_atlas(index, tmp_path).answer(greeting)
    assert answer.text.startswith(reply)
    assert answer.rung == "notes"


def test_small_talk_survives_a_failing_model(index: Index, model: ScriptedModel, tmp_path: Path) -> None:
    model.fail(500, when=of_desk)
    answer = embedded_atlas(index, tmp_path, model).answer("thanks")
    assert answer.text.startswith("Hello!")
    assert "HTTP 500" in answer.notices[0]


def test_help_names_the_commands(index: Index, tmp_path: Path) -> None:
    assert "/check CLAIM" in notes_atlas(index, tmp_path).answer("/help").text


def test_search_command_lists_passages_without_a_model(index: Index, model: ScriptedModel, tmp_path: Path) -> None:
    answer = embedded_atlas(index, tmp_path, model).answer("/search KV cache blocks of PagedAttention")
    assert VERBATIM in answer.text
    assert (answer.rung, answer.usage.calls) == ("notes", 0)


def test_search_command_that_finds_nothing_says_so(tmp_path: Path) -> None:
    with small_index(tmp_path, {}) as empty:
        answer = notes_atlas(empty, tmp_path).answer("/search anything")
    assert (answer.abstained, answer.citations) == (True, ())


@pytest.mark.parametrize(
    ("claim", "words", "cited"),
    [(VERBATIM, "The notes support this.", 1), (FALSE, "The notes contradict this.", 1), (OFF_NOTES, "neither", 0)],
    ids=["supported", "contradicted", "not found"],
)
def test_check_command_gives_a_verdict(index: Index, tmp_path: Path, claim: str, words: str, cited: int) -> None:
    answer = notes_atlas(index, tmp_path).answer(f"/check {claim}")
    assert words in answer.text
    assert len(answer.citations) == cited


def test_check_command_counts_the_check_and_names_the_rung(index: Index, model: ScriptedModel, tmp_path: Path) -> None:
    judge(model)
    answer = embedded_atlas(index, tmp_path, model).answer(f"is it true that {PARAPHRASE}")
    assert answer.text.startswith("**The notes support this.** [1]")
    assert (answer.rung, answer.usage.checks, answer.usage.calls) == ("embedded", 1, 0)
