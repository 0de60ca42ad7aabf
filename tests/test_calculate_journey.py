"""A question that a calculator answers: its figures stand in the answer, whoever explains them or nobody."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripted_model import ScriptedModel
from small_atlas import (
    NOTES,
    OFF_NOTES,
    answer_of,
    answer_probe,
    embedded_atlas,
    endpoint_atlas,
    judge,
    notes_atlas,
    of_tutor,
    only,
    real_atlas,
    small_index,
    steps,
)

from agents import conversation
from agents.atlas import Atlas
from agents.events import Calculated, Cited, EvidenceFound, Failed, Step, Token
from knowledge.errors import UserMistake
from knowledge.index import Index
from tools.calculators.calculation import calculate
from ui.chat import Turn, advanced
from ui.output import answer_json

QUESTION = "Does Qwen3-32B in AWQ with 32k context fit on two RTX 4090?"
ROOFLINE = "为什么 decode 是 memory-bound？给我算一下 Llama-3.1-8B 在 A100 上"
MEMORY_NOTE = """---
title: {en: vLLM memory, zh: vLLM 显存}
---

## What it is

vLLM memory is divided into weights, KV cache, activations and overhead. The KV cache gets what the others leave.
"""
SAYS = "Qwen3-32B in AWQ fits on two RTX 4090."
WRONG = "Each GPU needs 99.5 GiB."
RIGHT = "Each GPU needs 14.33 GiB."
FITS = calculate("memory", {"model": "Qwen3-32B-AWQ", "gpu": "RTX 4090", "gpus": 2, "context": "32k"})


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    notes = {**NOTES, "vllm-memory": MEMORY_NOTE}
    with small_index(tmp_path_factory.mktemp("calculate"), notes) as opened:
        yield opened


# --- without a model -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "kind", "words"),
    [
        (QUESTION, "memory", ["fits on 2 × RTX 4090", "14.33 GiB (15.39 GB)", "N × bits / 8", "**Inputs**"]),
        (ROOFLINE, "roofline", ["memory-bound", "153.0 FLOP/byte", "屋脊点", "每个序列 4,096 token"]),
        ("How much memory does QLoRA of a 70B Llama take?", "train", ["207,093,760", "is taken for Llama-3.3-70B"]),
        ("Qwen2.5-7B 的 KV cache 每个 token 多大", "model", ["57,344 字节", "7,615,616,512"]),
        ("what vLLM command for qwen3-14b on 2 GPUs with 32000 tokens", "serve",
         ["vllm serve Qwen/Qwen3-14B", "--max-model-len 32000", "--tensor-parallel-size 2", "no GPU is named"]),
        ("/calc memory qwen3-8b 24GB 4090 16k", "memory", ["Qwen3-8B", "16,000 tokens", "RTX 4090"]),
    ],
)  # fmt: skip
def test_question_ends_in_figures_with_their_derivation(
    index: Index, tmp_path: Path, question: str, kind: str, words: list[str]
) -> None:
    answer = notes_atlas(index, tmp_path).answer(question)
    assert (answer.rung, answer.abstained, answer.usage.calls) == ("notes", False, 0)
    assert answer.calculation is not None
    assert answer.calculation.kind == kind
    assert answer.calculation.summary(answer.language) in answer.text
    assert [word for word in words if word not in answer.text] == []


def test_figures_come_after_the_evidence_and_before_any_words(index: Index, tmp_path: Path) -> None:
    events = list(notes_atlas(index, tmp_path).ask(QUESTION))
    order = [kind for kind in dict.fromkeys(type(event) for event in events) if kind is not Step]
    assert order == [EvidenceFound, Calculated, Token, type(events[-1])]
    assert ("calculate", "done") in steps(events)
    assert [step.agent for step in only(events, Step) if step.id == "calculate"] == ["calculator"]
    (calculated,) = only(events, Calculated)
    said = "".join(token.text for token in only(events, Token))
    answer = answer_of(events)
    assert said.startswith(calculated.head)
    assert answer.text == f"{said.rstrip()}\n\n{calculated.derivation}"


def test_note_that_explains_the_calculation_stands_beside_it_and_is_quoted(index: Index, tmp_path: Path) -> None:
    answer = notes_atlas(index, tmp_path).answer("/calc memory Phi-4")
    assert "vllm-memory" in [evidence.note for evidence in answer.evidence]
    assert "vLLM memory is divided into weights, KV cache, activations and overhead. [1]" in answer.text
    assert answer.citations[0].note == "vllm-memory"
    assert all(Path(evidence.path).is_file() for evidence in answer.evidence)


def test_figures_need_no_notes_at_all(tmp_path: Path) -> None:
    with small_index(tmp_path, {}) as empty:
        answer = notes_atlas(empty, tmp_path).answer(QUESTION)
    assert "14.33 GiB" in answer.text
    assert (answer.abstained, answer.citations, answer.evidence) == (False, (), ())


def test_question_that_cannot_be_calculated_says_why(index: Index, tmp_path: Path) -> None:
    answer = notes_atlas(index, tmp_path).answer("Does Qwen3-14B fit on three RTX 4090?")
    assert "The 40 query heads of Qwen3-14B cannot be divided by the tensor parallel size 3" in answer.text
    assert (answer.abstained, answer.calculation) == (False, None)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("/calc memory qwen9-8b", "'qwen9-8b' is not a known model"),
        ("/calc memory qwen3-14b 3x 4090", "cannot be divided"),
        ("/calc memory qwen3-8b batch=no", "'no'"),
        ("/calc memory qwen3-8b colour=red", "'colour' is not a known argument"),
        ("/calc", "needs a text"),
    ],
)
def test_command_that_cannot_be_calculated_is_refused(index: Index, tmp_path: Path, command: str, message: str) -> None:
    with pytest.raises(UserMistake, match=message):
        notes_atlas(index, tmp_path).ask(command)


def test_ask_command_is_taught_and_not_calculated(index: Index, tmp_path: Path) -> None:
    assert notes_atlas(index, tmp_path).answer(f"/ask {QUESTION}").calculation is None


def test_scripts_get_the_calculation_beside_the_answer(index: Index, tmp_path: Path) -> None:
    atlas = notes_atlas(index, tmp_path)
    fields = json.loads(json.dumps(answer_json(atlas.answer(QUESTION))))
    assert fields["calculation"]["kind"] == "memory"
    assert fields["calculation"]["inputs"]["model"] == "Qwen3-32B"
    assert fields["calculation"]["values"] == json.loads(json.dumps(dict(FITS.values)))
    assert fields["calculation"]["note"] == "vllm-memory"
    assert answer_json(atlas.answer("What is LoRA?"))["calculation"] is None


# --- with a model ----------------------------------------------------------------------------------------------------


def test_tutor_explains_in_one_call_from_the_figures_and_the_notes(
    index: Index, model: ScriptedModel, tmp_path: Path
) -> None:
    judge(model)
    model.reply(SAYS, when=of_tutor, usage={"prompt_tokens": 500, "completion_tokens": 12})
    answer = embedded_atlas(index, tmp_path, model).answer(QUESTION)
    (asked,) = [request for request in model.requests if of_tutor(request)]
    assert f"[1] Calculation: {FITS.summary('en')}" in asked.prompt
    assert "[2] " in asked.prompt
    assert (answer.usage.calls, answer.rung) == (1, "embedded")


def test_words_are_checked_against_the_figures_and_cite_them(
    index: Index, model: ScriptedModel, tmp_path: Path
) -> None:
    judge(model, 0.97, about="14.33")
    judge(model, 0.6, about="99.5", times=None)
    model.reply(f"{RIGHT} {WRONG}", when=of_tutor)
    events = list(embedded_atlas(index, tmp_path, model).ask(QUESTION))
    assert [cited.verdict == "supported" for cited in only(events, Cited)] == [True, False]
    answer = answer_of(events)
    assert f"{RIGHT} [1]" in answer.text
    (citation,) = answer.citations
    assert (citation.title, citation.note, citation.path) == ("Calculation", "", "")
    assert "14.33 GiB" in citation.quote
    assert answer.unsupported == (WRONG,)


def test_what_a_model_says_never_changes_the_figures(index: Index, model: ScriptedModel, tmp_path: Path) -> None:
    judge(model, 0.02)
    model.reply(f"{WRONG} {OFF_NOTES}", when=of_tutor)
    events = list(embedded_atlas(index, tmp_path, model).ask(QUESTION))
    (calculated,) = only(events, Calculated)
    answer = answer_of(events)
    assert answer.text.startswith(calculated.head)
    assert answer.text.endswith(calculated.derivation)
    assert WRONG not in answer.text
    assert all(cited.text.startswith(calculated.head) for cited in only(events, Cited))


def test_figures_outlive_a_model_that_breaks_off(index: Index, model: ScriptedModel, tmp_path: Path) -> None:
    model.reply("The first words of", close_after=3, when=of_tutor)
    events = list(embedded_atlas(index, tmp_path, model).ask(QUESTION))
    turn = Turn("t", QUESTION)
    after_failure = ""
    for event in events:
        turn = advanced(turn, event)
        if isinstance(event, Failed):
            assert turn.text == ""
        elif isinstance(event, Token) and only(events[: events.index(event)], Failed):
            after_failure = after_failure or turn.text
    (calculated,) = only(events, Calculated)
    assert after_failure.startswith(calculated.head)
    answer = answer_of(events)
    assert answer.rung == "notes"
    assert "The first words" not in answer.text
    assert turn.text == answer.text


def test_prompt_of_a_small_model_stays_within_its_budget(index: Index, model: ScriptedModel, tmp_path: Path) -> None:
    judge(model)
    model.reply(SAYS, when=of_tutor, times=None)
    atlas = embedded_atlas(index, tmp_path, model)
    for question in (QUESTION, ROOFLINE, "How much memory does QLoRA of a 70B Llama take?"):
        atlas.answer(question)
    asked = [request.prompt for request in model.requests if of_tutor(request)]
    assert len(asked) == 3
    assert max(len(prompt) for prompt in asked) < 3400  # characters; about 700 tokens in English


def test_researcher_with_tools_can_calculate(
    index: Index, model: ScriptedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation, "CONFIDENT", 100.0)
    answer_probe(model, tools=True, json_schema=True)

    def of_researcher(request: object) -> bool:
        return "You are Researcher" in getattr(request, "prompt", "")

    model.reply(tool_calls=[("calculate", {"request": "model qwen2.5-7b"})], when=of_researcher)
    model.reply(tool_calls=[("calculate", {"request": "model qwen9"})], when=of_researcher)
    model.reply("done", when=of_researcher)
    model.reply("Qwen2.5-7B (bf16) has 7,615,616,512 parameters (7.62 B).", when=of_tutor)
    events = list(endpoint_atlas(index, tmp_path, model.endpoint).ask("How does PagedAttention serve a small Qwen?"))
    told = [request for request in model.requests if of_researcher(request)]
    assert "57,344 bytes per token" in str(told[1].messages[-1]["content"])
    assert "is not a known model" in str(told[2].messages[-1]["content"])
    answer = answer_of(events)
    assert answer.text == "Qwen2.5-7B (bf16) has 7,615,616,512 parameters (7.62 B). [1]"
    assert answer.citations[0].title == "Calculation"


# --- the real model -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(index: Index, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Atlas]:
    """A team with the small embedded model."""
    with real_atlas(index, tmp_path_factory.mktemp("real")) as opened:
        yield opened


@pytest.mark.model
@pytest.mark.parametrize("question", [QUESTION, ROOFLINE], ids=["memory", "roofline"])
def test_small_model_explains_figures_that_stay_the_calculators_own(real: Atlas, question: str) -> None:
    events = list(real.ask(question))
    (calculated,) = only(events, Calculated)
    answer = answer_of(events)
    assert answer.text.startswith(calculated.head)
    assert answer.text.endswith(calculated.derivation)
    assert (answer.rung, answer.usage.calls) == ("embedded", 1)
    assert answer.usage.prompt_tokens < 700
    assert answer.citations


def test_a_follow_up_changes_the_last_calculation(index: Index, tmp_path: Path) -> None:
    atlas = notes_atlas(index, tmp_path)
    atlas.answer("Does Qwen3-14B fit on a 4090 with 32k of context?", "s")
    atlas.answer("What is vLLM?", "s")
    longer = atlas.answer("and with 64k?", "s").calculation
    assert longer is not None
    assert (longer.inputs["model"], longer.inputs["context"]) == ("Qwen3-14B", 64000)
    other = atlas.answer("换成 A100 呢？", "s").calculation
    assert other is not None
    assert (other.inputs["gpu"], other.inputs["context"]) == ("A100 SXM 80GB", 64000)
    assert atlas.answer("and with 64k?", "another").calculation is None
