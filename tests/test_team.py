"""The team: one call per agent, a prompt within its budget, and failures that say what is wrong."""

import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scripted_model import ScriptedModel
from small_atlas import QUESTION, VERBATIM

from agents.endpoint import Endpoint
from agents.events import Rung, Usage
from agents.probe import Capabilities, estimate_tokens
from agents.team import ANSWER_TOKENS, Choice, Nonsense, Team, load
from knowledge.errors import ModelFailed
from knowledge.evidence import Evidence
from knowledge.vocabulary import Language

PLAIN = Capabilities(True)
SCHEMA = Capabilities(True, json_schema=True)
TOOLS = Capabilities(True, tools=True, json_schema=True)


def passage(text: str, note: str = "n", language: Language = "en") -> Evidence:
    return Evidence(note, note.upper(), "H", text, 100, 100 + len(text), language, 1.0, "src", f"{note}.md")


EVIDENCE = [passage("Blocks hold 16 tokens.", "a"), passage("Trees share prefixes.", "b"), passage("More.", "c")]
LONG = "PagedAttention stores the KV cache in blocks, each of which holds 16 tokens of one sequence. " * 12
LONG_ZH = "分页注意力把键值缓存存放在固定大小的块里，每个块保存十六个词元。" * 36


@pytest.fixture
def model() -> Iterator[ScriptedModel]:
    with ScriptedModel(api_key="sk-secret") as scripted:
        yield scripted


def team(model: ScriptedModel, able: Capabilities = PLAIN, rung: Rung = "embedded", timeout_s: float = 10.0) -> Team:
    return Team(replace(model.endpoint, rung=rung, timeout_s=timeout_s), able)


def taught(team: Team, evidence: Sequence[Evidence] = EVIDENCE, question: str = QUESTION, **how: Any) -> list[str]:
    words: list[str] = []
    team.teach(question, evidence, how.get("language", "en"), words.append, guided=how.get("guided", False))
    return words


# --- the tutor ------------------------------------------------------------------------------------------------------


def test_tutor_speaks_word_by_word_in_one_call(model: ScriptedModel) -> None:
    model.reply(VERBATIM, usage={"prompt_tokens": 321, "completion_tokens": 12, "total_tokens": 333})
    asked = team(model)
    words = taught(asked)
    assert "".join(words) == VERBATIM
    assert len(words) > 5
    assert asked.usage == Usage(calls=1, prompt_tokens=321, completion_tokens=12)
    assert (model.requests[0].stream, model.requests[0].max_tokens) == (True, ANSWER_TOKENS)


def test_tutor_reads_numbered_passages_before_the_question(model: ScriptedModel) -> None:
    model.reply("Fine.")
    taught(team(model), [passage("Blocks\nhold  16 tokens.", "a"), EVIDENCE[1]])
    prompt = model.requests[0].user
    assert "[1] A: Blocks hold 16 tokens.\n[2] B: Trees share prefixes." in prompt
    assert prompt.index("[2]") < prompt.index(QUESTION)


def test_fixed_part_of_the_prompt_stands_first_and_is_the_same_for_every_question(model: ScriptedModel) -> None:
    model.reply("Fine.", times=2)
    taught(team(model), EVIDENCE[:1], "What holds tokens?")
    taught(team(model), EVIDENCE[1:], "Who shares prefixes?")
    first, second = model.requests
    assert first.system == second.system
    assert first.system.startswith("You are Tutor.")
    head = first.user.partition("[1]")[0]
    assert head.strip()
    assert second.user.startswith(head)


def test_embedded_model_keeps_answers_in_a_slot_of_their_own(model: ScriptedModel) -> None:
    model.reply("Fine.", times=2)
    taught(team(model))
    taught(team(model, rung="endpoint"))
    assert (model.requests[0].body["id_slot"], model.requests[0].body["cache_prompt"]) == (0, True)
    assert "id_slot" not in model.requests[1].body


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"language": "en"}, "Answer in English"),
        ({"language": "zh"}, "用中文回答"),
        ({"language": "en", "guided": True}, "one step at a time"),
        ({"language": "zh", "guided": True}, "一步一步地教"),
    ],
    ids=["en", "zh", "guided en", "guided zh"],
)
def test_tutor_is_told_language_and_manner(model: ScriptedModel, how: dict[str, Any], words: str) -> None:
    model.reply("Fine.")
    taught(team(model), **how)
    assert words in model.requests[0].user


@pytest.mark.parametrize(
    ("text", "language"), [(LONG, "en"), (LONG_ZH, "zh")], ids=["english", "chinese"]
)  # fmt: skip
def test_twelve_long_passages_leave_the_prompt_within_700_tokens(
    model: ScriptedModel, text: str, language: Language
) -> None:
    model.reply("Fine.")
    asked = team(model)
    evidence = asked.fitting([passage(text, f"n{i}", language) for i in range(12)], QUESTION)
    taught(asked, evidence, language=language)
    assert 350 < estimate_tokens(model.requests[0].prompt) < 700


def test_longer_question_leaves_less_room_for_evidence(model: ScriptedModel) -> None:
    asked, evidence = team(model), [passage("Blocks hold 16 tokens of one sequence. " * 4, f"n{i}") for i in range(12)]
    usual, long = asked.fitting(evidence, QUESTION), asked.fitting(evidence, "Why does " + QUESTION * 20)
    assert len(usual) > len(long) >= 1


def test_first_passage_that_is_too_long_is_cut_after_a_sentence_and_keeps_its_place(model: ScriptedModel) -> None:
    (kept,) = team(model).fitting([passage(LONG_ZH, language="zh")], QUESTION)
    assert LONG_ZH.startswith(kept.text)
    assert kept.text.endswith("。")
    assert (kept.start, kept.end) == (100, 100 + len(kept.text))


def test_passages_that_fit_are_all_kept_as_they_are(model: ScriptedModel) -> None:
    assert team(model).fitting(EVIDENCE, QUESTION) == EVIDENCE
    assert team(model).fitting([], QUESTION) == []


def test_tokens_are_counted_by_the_server_where_it_can() -> None:
    with ScriptedModel(tokenizer=True) as counting:
        able = replace(PLAIN, tokenize=True)
        evidence = [passage("one two three four. " * 30, f"n{i}") for i in range(12)]
        words_each = 30 * 5 + 5  # and "[0] N1:"
        assert len(team(counting, able).fitting(evidence, QUESTION)) == 430 // words_each


# --- failures -------------------------------------------------------------------------------------------------------

FAULTS = {
    "hanging": ({"hang": True}, "sent nothing for 0.4 s"),
    "hanging in the middle": ({"text": "a b c d", "hang_after": 3}, "sent nothing for 0.4 s"),
    "closing at once": ({"text": "a b c d", "close_after": 0}, "closed the connection"),
    "closing in the middle": ({"text": "a b c d", "close_after": 3}, "closed the connection"),
    "ending without an end": ({"text": "a b c d", "end_after": 3}, "stopped in the middle"),
    "malformed": ({"text": "a b c d", "malformed": True}, "outside of OpenAI's protocol"),
    "empty": ({"text": ""}, "empty answer"),
    "blank": ({"text": " \n "}, "empty answer"),
    "refusing": ({"status": 400}, "HTTP 400"),
    "not there": ({"status": 404}, "does not know the model"),
    "overloaded": ({"status": 429}, "HTTP 429"),
    "broken": ({"status": 500, "message": "boom with sk-secret"}, "HTTP 500"),
}


@pytest.mark.parametrize(("fault", "message"), FAULTS.values(), ids=FAULTS)
def test_failure_of_the_model_is_told_at_once_and_asked_but_once(
    model: ScriptedModel, capfd: pytest.CaptureFixture[str], fault: dict[str, Any], message: str
) -> None:
    model.reply(**fault)
    began = time.monotonic()
    with pytest.raises(ModelFailed, match=message) as failed:
        taught(team(model, timeout_s=0.4))
    assert time.monotonic() - began < 30  # CrewAI may have to load
    assert len(model.requests) == 1
    printed = capfd.readouterr()
    assert printed.out == ""
    assert "sk-secret" not in printed.err + str(failed.value) + repr(failed.value.__cause__)


def test_refused_key_is_not_repeated_in_any_log(
    model: ScriptedModel, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    stranger = Endpoint(model.base_url, "scripted", "sk-stolen")  # the server's refusal repeats it
    with pytest.raises(ModelFailed, match="refused the key") as failed:
        taught(Team(stranger, PLAIN))
    printed = capfd.readouterr()
    assert "sk-stolen" not in printed.out + printed.err + str(failed.value)
    assert [record for record in caplog.records if "sk-stolen" in record.getMessage()] == []


def test_usage_counts_what_was_asked_before_a_failure(model: ScriptedModel) -> None:
    model.reply('{"helpful": [1], "missing": ""}')
    model.fail(500)
    asked = team(model, SCHEMA, "endpoint")
    asked.research(QUESTION, EVIDENCE, lambda _: [])
    with pytest.raises(ModelFailed):
        taught(asked)
    assert asked.usage.calls == 1


def test_file_that_crewai_cannot_write_is_no_crash(
    model: ScriptedModel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    load()
    monkeypatch.setenv("CREWAI_STORAGE_DIR", str(tmp_path / "file" / "below"))
    with pytest.raises(ModelFailed, match="The team failed"):
        taught(team(model))
    assert model.requests == []


def test_team_loads_where_the_person_has_no_home(tmp_path: Path) -> None:
    environment = os.environ | {"HOME": "/dev/null/nobody", "CREWAI_STORAGE_DIR": str(tmp_path / "crewai")}
    command = [sys.executable, "-W", "ignore", "-c", "from agents import team; team.load()"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "crewai" / "credentials").is_dir()


# --- the researcher -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("able", "rung", "can"),
    [
        (PLAIN, "endpoint", False), (SCHEMA, "endpoint", True), (TOOLS, "endpoint", True),
        (SCHEMA, "embedded", False),
    ],
    ids=["plain", "schema", "tools", "embedded"],
)  # fmt: skip
def test_researcher_works_where_the_model_is_able(
    model: ScriptedModel, able: Capabilities, rung: Rung, can: bool
) -> None:
    assert team(model, able, rung).can_research is can


def test_researcher_chooses_under_a_schema_in_one_call(model: ScriptedModel) -> None:
    model.reply('{"helpful": [3, 1, 3, 9], "missing": ""}')
    asked = team(model, SCHEMA, "endpoint")
    found = asked.research(QUESTION, EVIDENCE, lambda _: pytest.fail("nothing is missing"))
    assert [evidence.note for evidence in found] == ["c", "a", "b"]
    (request,) = model.requests
    assert request.schema is not None
    assert set(request.schema["properties"]) == set(Choice.model_fields)
    assert request.tools == []
    assert asked.usage.calls == 1


def test_what_the_researcher_misses_is_searched_for(model: ScriptedModel) -> None:
    model.reply('{"helpful": [2], "missing": "low-rank matrices"}')
    searched: list[str] = []

    def search(query: str) -> list[Evidence]:
        searched.append(query)
        return [passage("LoRA trains matrices.", "lora"), EVIDENCE[0]]

    found = team(model, SCHEMA, "endpoint").research(QUESTION, EVIDENCE, search)
    assert searched == ["low-rank matrices"]
    assert [evidence.note for evidence in found] == ["b", "lora", "a", "c"]


def test_researcher_searches_with_native_tools(model: ScriptedModel) -> None:
    model.reply(tool_calls=[("search_notes", {"query": "low-rank matrices"})])
    model.reply("done")
    lora = passage("LoRA trains two low-rank matrices.", "lora")
    asked = team(model, TOOLS, "endpoint")
    found = asked.research(QUESTION, EVIDENCE[:1], lambda query: [lora] if query == "low-rank matrices" else [])
    assert [evidence.note for evidence in found] == ["lora", "a"]
    first, second = model.requests
    assert (first.tools, first.schema) == (["search_notes", "calculate"], None)
    assert "LoRA trains two low-rank matrices." in second.messages[-1]["content"]
    assert asked.usage.calls == 2


def test_tool_that_does_not_exist_is_not_run(model: ScriptedModel) -> None:
    model.reply(tool_calls=[("delete_notes", {"query": "*"})])
    model.reply("done")
    found = team(model, TOOLS, "endpoint").research(QUESTION, EVIDENCE[:1], lambda _: pytest.fail("nobody asked"))
    assert found == EVIDENCE[:1]
    assert model.requests[1].tools == ["search_notes", "calculate"]


@pytest.mark.parametrize("answer", ["I think the second.", '{"helpful": "all"}', '{"helpful": [1'])
def test_answer_outside_of_the_schema_is_nonsense(model: ScriptedModel, answer: str) -> None:
    model.reply(answer)
    with pytest.raises(Nonsense, match="something else than it was asked for"):
        team(model, SCHEMA, "endpoint").research(QUESTION, EVIDENCE, lambda _: [])


@pytest.mark.parametrize("able", [SCHEMA, TOOLS], ids=["schema", "tools"])
@pytest.mark.parametrize("fault", ["hanging", "closing at once", "malformed", "not there", "overloaded", "broken"])
def test_failure_under_the_researcher_is_the_models_and_no_nonsense(
    model: ScriptedModel, able: Capabilities, fault: str, capfd: pytest.CaptureFixture[str]
) -> None:
    options, message = FAULTS[fault]
    model.reply(**options)
    with pytest.raises(ModelFailed, match=message) as failed:
        team(model, able, "endpoint", timeout_s=0.4).research(QUESTION, EVIDENCE, lambda _: [])
    assert not isinstance(failed.value, Nonsense)
    assert len(model.requests) == 1
    printed = capfd.readouterr()
    assert (printed.out, "sk-secret" in printed.err) == ("", False)


# --- stopping -------------------------------------------------------------------------------------------------------


def test_abort_frees_the_model_in_the_middle_of_its_words(model: ScriptedModel) -> None:
    model.reply("one two three four five six", chunk_delay_s=0.1, hang_after=4)
    asked = team(model)
    heard: list[str] = []

    def hear(word: str) -> None:
        heard.append(word)
        if len(heard) == 2:
            asked.abort()

    with pytest.raises(ModelFailed):
        asked.teach(QUESTION, EVIDENCE, "en", hear, guided=False)
    assert len(heard) <= 3
    model.wait_for_disconnect(timeout_s=1.0)


def test_team_that_was_aborted_asks_nothing(model: ScriptedModel) -> None:
    asked = team(model)
    asked.abort()
    with pytest.raises(ModelFailed):
        taught(asked)
    assert model.requests == []


def test_requests_of_two_teams_do_not_mix(model: ScriptedModel) -> None:
    model.reply("first answer here", when=lambda request: "FIRST" in request.user)
    model.reply("second answer here", when=lambda request: "SECOND" in request.user)
    assert "".join(taught(team(model), question="FIRST")) == "first answer here"
    assert "".join(taught(team(model), question="SECOND")) == "second answer here"
