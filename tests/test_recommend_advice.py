"""The advisor ranks, cites, rules out, computes, joins, asks back and abstains."""

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from quiz_material import material

import evals
from knowledge.asking import Asking
from knowledge.evidence import Evidence
from knowledge.index import Index
from knowledge.retrieval import search
from tools.recommend.advice import Advice, recommend
from tools.recommend.comparison import compare
from tools.recommend.constraints import corrected
from tools.recommend.meaning import meaning
from tools.recommend.reading import read
from tools.recommend.record import record, tabled

TASKS: list[dict[str, Any]] = [
    json.loads(line)
    for line in (Path(evals.__file__).parent / "data" / "tasks.jsonl").read_text(encoding="utf-8").splitlines()
]


class Advisor:
    """Advice on the built-in notes."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._asking = Asking(index.embedder)

    def search(self, text: str, k: int) -> Sequence[Evidence]:
        return search(self._index, text, k)

    def __call__(self, text: str, **options: Any) -> Advice:
        return recommend(text, material(), self.search, means=lambda said: meaning(said, self._asking), **options)


@pytest.fixture(scope="module")
def advise(built_in: Index) -> Advisor:
    return Advisor(built_in)


def tools(advice: Advice) -> list[str]:
    return [one.tool for one in advice.recommendations]


def test_no_labelled_task_gets_a_tool_that_its_constraints_forbid(advise: Advisor) -> None:
    inside = [row for row in TASKS if not row.get("outside") and row["split"] != "fresh"]
    assert [row["id"] for row in inside if set(row["must_not"]) & set(tools(advise(row["text"])))] == []


def test_tasks_outside_the_notes_get_no_tool_but_the_nearest_notes(advise: Advisor) -> None:
    for row in TASKS:
        if row.get("outside") and row["id"][0] in "oq":  # the others are measured, not asserted
            advice = advise(row["text"])
            assert advice.abstained, row["text"]
            assert not advice.recommendations
            assert advice.nearest


def test_every_citation_stands_in_its_file_and_is_marked(advise: Advisor) -> None:
    advice = advise("Serve Qwen3-14B to 200 users on two A100 80GB")
    cited = [citation for one in advice.recommendations for citation in one.evidence]
    assert [citation.n for citation in cited] == list(range(1, len(cited) + 1))
    for one in advice.recommendations:
        assert one.evidence
        for citation in one.evidence:
            assert Path(citation.path).read_text(encoding="utf-8")[citation.start : citation.end] == citation.quote
            assert f"[{citation.n}]" in one.why


@pytest.mark.parametrize(
    ("text", "tool", "code"),
    [
        ("high-throughput serving of a 7B model, not vLLM", "vllm", "excluded"),
        ("serve a 7B model on Windows to 50 users", "vllm", "system"),
        ("serve this GGUF file to 50 users", "vllm", "format"),
        ("部署 Qwen2.5-72B-Instruct-AWQ 给多用户", "llama-cpp", "format"),
        ("LoRA fine-tuning without a GPU", "axolotl", "no_gpu"),
        ("fine-tune a 3B model with LoRA on a Mac with an M2 Max", "axolotl", "device"),
        ("track training runs on an air-gapped cluster", "wandb", "offline"),
        ("a notebook with a GPU, self-hosted", "colab", "hosted"),
        ("a managed vector database", "faiss", "not_hosted"),
        ("trace LLM calls, strictly open source", "phoenix", "licence"),
        ("dashboard for vLLM metrics, no AGPL", "grafana", "licence"),
        ("RAG framework for a TypeScript project", "llamaindex", "language"),
    ],
)
def test_a_hard_constraint_rules_a_tool_out_and_says_why(advise: Advisor, text: str, tool: str, code: str) -> None:
    advice = advise(text)
    found = next(one for one in advice.ruled_out if one.tool == tool)
    assert found.code == code
    assert found.title in found.reason("en")
    assert found.title in found.reason("zh")
    assert tool not in tools(advice)


def test_a_soft_constraint_rules_nothing_out(advise: Advisor) -> None:
    advice = advise("trace LLM calls of my app; open source would be nice")
    assert not advice.ruled_out


def test_a_correction_changes_the_advice(advise: Advisor) -> None:
    text = "serve an 8B model to 100 users on Windows"
    before = advise(text)
    after = advise(text, constraints=corrected(before.constraints, system="linux"))
    assert "vllm" not in tools(before)
    assert tools(after)[0] == "vllm"


def test_the_format_that_fits_is_computed_and_stands_in_the_command(advise: Advisor) -> None:
    best = advise("Serve Qwen3-14B to 20 users on one RTX 4090").recommendations[0]
    assert best.tool == "vllm"
    assert best.fit is not None
    assert (best.fit.verdict, best.fit.format) == ("fits", "fp8")
    assert best.fit.needed < best.fit.available
    assert best.first_command.startswith("vllm serve Qwen/Qwen3-14B")
    assert "--quantization fp8_per_tensor" in best.first_command


def test_a_model_that_fits_in_no_format_is_said_not_to(advise: Advisor) -> None:
    best = advise("serve Llama 3.1 405B to many users on one RTX 4090").recommendations[0]
    assert best.fit is not None
    assert best.fit.verdict == "does not fit"
    assert any("does not fit" in caveat for caveat in best.caveats)


def test_qlora_is_chosen_where_lora_does_not_fit(advise: Advisor) -> None:
    best = next(
        one
        for one in advise("fine-tune a 14B model on a single RTX 4090").recommendations
        if one.tool in {"unsloth", "peft", "trl", "llama-factory", "axolotl"}
    )
    assert best.fit is not None
    assert (best.fit.verdict, best.fit.method) == ("fits", "qlora")


def test_without_a_model_it_says_that_nothing_was_computed(advise: Advisor) -> None:
    fit = advise("serve a chat model to many users on an A100").recommendations[0].fit
    assert fit is not None
    assert fit.verdict == "not computed"


def test_a_pipeline_gets_a_tool_for_each_step_and_how_they_join(advise: Advisor) -> None:
    advice = advise("Turn PDFs into training data, fine-tune Qwen3-8B with LoRA on one 4090 and serve it to 100 users")
    assert [one.goal for one in advice.recommendations] == ["extract", "fine-tune", "serve"]
    loading = advise("extract text from PDFs, then load the datasets for training")
    assert [one.said_in("en", material().graph) for one in loading.together] == [
        "MinerU works with Datasets (Datasets loads the JSON that MinerU writes)."
    ]


def test_it_asks_back_only_where_the_answer_hangs_on_it(advise: Advisor) -> None:
    assert "hardware" in advise("How should I deploy an LLM?").question
    assert advise("Serve Qwen3-8B to 500 users on an H100").question == ""


def test_old_facts_are_marked(advise: Advisor) -> None:
    fresh = advise("count tokens of GPT-4o prompts", today=date(2026, 12, 1)).recommendations[0]
    stale = advise("count tokens of GPT-4o prompts", today=date(2028, 12, 1)).recommendations[0]
    assert not fresh.is_stale
    assert stale.is_stale
    assert any(stale.checked in caveat for caveat in stale.caveats)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_record_is_json_with_the_fields_of_the_contract(advise: Advisor, language: Any) -> None:
    advice = advise("Fine-tune Qwen3-8B with LoRA on one RTX 4090, not Unsloth")
    found = json.loads(json.dumps(record(advice, material().graph, language)))
    assert {"constraints", "recommendations", "ruled_out", "abstained", "together", "question"} <= set(found)
    best = found["recommendations"][0]
    assert {"tool", "title", "score", "why", "evidence", "caveats", "fit", "first_command", "trade_off"} <= set(best)
    assert found["constraints"]["excluded"] == {"value": ["unsloth"], "words": "unsloth", "strength": "hard"}


def test_chinese_tasks_are_answered_in_chinese(advise: Advisor) -> None:
    best = advise("单张 RTX 4090 微调 Qwen3-8B").recommendations[0]
    assert any("\u4e00" <= character <= "\u9fff" for character in best.why + best.trade_off)


def test_a_comparison_has_a_sourced_cell_for_each_tool(advise: Advisor) -> None:
    table = tabled(compare(["vLLM", "sglang", "Shimmy"], "200 users on an A100", material(), advise.search))
    assert [tool["tool"] for tool in table["tools"]] == ["vllm", "sglang", "shimmy"]
    rows = {row["criterion"]: row["cells"] for row in table["rows"]}
    assert [cell["text"] for cell in rows["licence"]] == ["Apache-2.0", "Apache-2.0", "MIT"]
    assert all(cell["source"].startswith("https://") for cells in rows.values() for cell in cells)
    assert rows["best"][2]["citation"]["quote"].startswith("Shimmy")


def test_tools_that_serve_the_goal_of_a_task_have_a_place_in_a_comparison_after_those_for_the_task(
    advise: Advisor,
) -> None:
    task = "serve a 7B model to many users"
    (row,) = [row for row in compare(["Shimmy", "vLLM"], task, material(), advise.search).rows if row[0] == "verdict"]
    assert [cell.text for cell in row[1]] == ["rank 2", "rank 1"]
    windows = corrected(read(task, material().library), system="windows")
    table = compare(["Shimmy", "vLLM"], task, material(), advise.search, constraints=windows)
    (row,) = [row for row in table.rows if row[0] == "verdict"]
    assert row[1][0].text == "rank 1"
    assert "Windows" in row[1][1].text


@pytest.mark.parametrize(
    ("text", "field", "freed"),
    [
        ("pretrain a model from scratch on TPU", "device", "olmo"),
        ("train agents by reinforcement learning on Windows", "system", "agent-lightning"),
    ],
)
def test_what_rules_every_tool_out_is_said_and_what_there_would_be_without_it(
    advise: Advisor, text: str, field: str, freed: str
) -> None:
    advice = advise(text)
    assert not advice.recommendations
    assert not advice.abstained
    (blocking,) = advice.blocking
    assert field in blocking.constraints
    assert freed in [tool for tool, _ in blocking.tools[blocking.constraints.index(field)]]
    for language in ("en", "zh"):
        found = record(advice, material().graph, language)["blocking"][0]
        assert found["constraints"][0]["tools"][0]["title"] in found["text"]


def test_constraints_that_block_only_together_are_named_together(advise: Advisor) -> None:
    (blocking,) = advise("pretrain a model from scratch on TPU, not PyTorch, on Android").blocking
    assert blocking.together
    assert {"device", "system"} <= set(blocking.constraints)


def test_advice_that_leaves_a_tool_blocks_nothing(advise: Advisor) -> None:
    assert advise("Serve Qwen3-8B to 500 users on an H100").blocking == ()


@pytest.mark.parametrize(
    ("text", "tool"),
    [
        ("an assistant that keeps in mind what each visitor told it", {"agno", "langchain", "langgraph", "crewai"}),
        ("把几百份合同交给 AI，问一句就给出答案", {"llamaindex", "langchain"}),
        ("the heads of department want to know how much money each team spends on AI", {"langfuse", "grafana"}),
    ],
)
def test_everyday_words_are_understood_by_what_they_mean(advise: Advisor, text: str, tool: set[str]) -> None:
    advice = advise(text)
    assert advice.by in {"meaning", "likely"}
    assert tools(advice)[0] in tool


def test_what_rules_are_sure_of_is_not_asked_of_its_meaning(advise: Advisor) -> None:
    assert advise("quantize my model to GGUF").by == "phrases"


def test_a_person_says_the_task_that_was_not_understood(advise: Advisor) -> None:
    text = "something for my cousin"
    assert advise(text).abstained
    told = advise(text, constraints=corrected(advise(text).constraints, tasks=["build-rag"]))
    assert (told.by, tools(told)[0]) == ("said", "llamaindex")


def test_a_pipeline_of_four_steps_gets_four_tools(advise: Advisor) -> None:
    text = "Parse our PDFs, fine-tune Qwen3-8B with LoRA on a 4090, then evaluate it on MMLU and deploy the model to 100 users"
    assert [one.goal for one in advise(text).recommendations] == ["extract", "fine-tune", "serve", "evaluate"]


def test_a_command_never_uses_docker_where_it_is_excluded(advise: Advisor) -> None:
    best = advise("monitor latency of our vLLM server without Docker").recommendations[0]
    assert best.tool in {"prometheus", "grafana"}
    assert "docker" not in best.first_command
    assert any("https://" in caveat for caveat in best.caveats)


def test_a_service_with_a_server_of_ones_own_is_not_ruled_out_but_says_so(advise: Advisor) -> None:
    advice = advise("track training runs with sweeps and sharing, self-hosted, W&B", limit=5)
    assert "wandb" not in [one.tool for one in advice.ruled_out]
    found = next(one for one in advice.recommendations if one.tool == "wandb")
    assert any("self-managed" in caveat for caveat in found.caveats)


def test_the_nearest_notes_carry_the_readers_titles(advise: Advisor) -> None:
    nearest = advise("怎么做红烧肉").nearest
    assert [title for _, title in nearest] == [material().graph.notes[note].title_in("zh") for note, _ in nearest]


def test_reasons_are_written_in_words(advise: Advisor) -> None:
    advice = advise("LoRA fine-tuning on a Mac with an M2 Max")
    assert all("-gpu" not in one.reason(language) for one in advice.ruled_out for language in ("en", "zh"))


@pytest.mark.parametrize(
    ("text", "goal"),
    [
        ("想让模型只说公司的话术，一张 4090", "fine-tune"),
        ("机器人回复要像老板的腔调", "fine-tune"),
        ("the model should only speak in our brand voice, one RTX 4090", "fine-tune"),
        ("make the model stick to our support scripts, I have a single 3090", "fine-tune"),
        ("模型只能按照公司的手册内容来回答，一张 4090", "rag"),
        ("一张 4090，自己在家跟模型聊天", "serve"),
        ("把意思一样的留言归到一起，一张 3090", "embed"),
    ],
)
def test_a_card_beside_everyday_words_does_not_tell_the_task(advise: Advisor, text: str, goal: str) -> None:
    assert [one.goal for one in advise(text).recommendations[:1]] == [goal]
