"""The tools: one description each, typed arguments and results, mistakes in words, and a stop that frees the model."""

import json
import threading
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from scripted_model import ScriptedModel
from small_atlas import QUESTION, VERBATIM, embedded_atlas, judge, notes_atlas, of_tutor, small_index

from agents.atlas import Atlas
from agents.tool import Call, Tool
from agents.tool_crewai import for_crewai
from agents.toolkit import toolkit
from knowledge.errors import AtlasError, UserMistake
from knowledge.index import Index
from tools.calculators.calculation import PARAMETERS, calculate

TOOLS = [
    "search_notes", "explain", "check_claim", "recommend_tools", "compare_tools", "make_quiz", "fix_error",
    "calculate_model", "calculate_memory", "calculate_train", "calculate_roofline", "calculate_serve",
]  # fmt: skip
LOG = "RuntimeError: CUDA out of memory. Tried to allocate 2.00 GiB\nHF_TOKEN=hf_" + "aB3" * 12


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with small_index(tmp_path_factory.mktemp("toolkit")) as opened:
        yield opened


@pytest.fixture
def small(index: Index, tmp_path: Path) -> Generator[Atlas]:
    """A team over a handful of notes, without a model."""
    team = notes_atlas(index, tmp_path)
    yield team
    team.examiner.close()


@pytest.fixture
def team(built_in: Index, tmp_path: Path) -> Generator[Atlas]:
    """A team over the built-in notes, without a model."""
    opened = notes_atlas(built_in, tmp_path)
    yield opened
    opened.examiner.close()


def tools_of(atlas: Atlas | None) -> dict[str, Tool[Any]]:
    def opened(_: Call) -> Atlas:
        assert atlas is not None, "no team was wanted"
        return atlas

    return {tool.name: tool for tool in toolkit(opened)}


def used(atlas: Atlas | None, name: str, **arguments: object) -> dict[str, Any]:
    """Return the result of a tool, which is as its schema says."""
    tool = tools_of(atlas)[name]
    result = tool.run(arguments)
    jsonschema.validate(result, tool.gives)
    return json.loads(json.dumps(result))


# --- descriptions -----------------------------------------------------------------------------------------------------


def test_toolkit_offers_each_tool_once() -> None:
    assert [tool.name for tool in toolkit(lambda _: pytest.fail("a description needs no team"))] == TOOLS


@pytest.mark.parametrize("name", TOOLS)
def test_tool_says_what_it_does_and_what_it_takes(name: str) -> None:
    tool = tools_of(None)[name]
    assert len(tool.description) > 60
    jsonschema.Draft202012Validator.check_schema(tool.takes)
    jsonschema.Draft202012Validator.check_schema(tool.gives)
    assert (tool.takes["type"], tool.gives["type"]) == ("object", "object")
    undescribed = [name for name, schema in tool.takes["properties"].items() if not schema.get("description")]
    assert undescribed == []


def test_schemas_of_all_tools_cost_a_client_less_than_five_thousand_tokens() -> None:
    described = [[tool.name, tool.description, tool.takes] for tool in tools_of(None).values()]
    assert len(json.dumps(described)) < 4 * 5000  # about four characters a token


@pytest.mark.parametrize("kind", PARAMETERS)
def test_calculator_takes_what_the_calculation_takes(kind: str) -> None:
    takes = tools_of(None)[f"calculate_{kind}"].takes
    parameters = {parameter.name: parameter for parameter in PARAMETERS[kind]}
    assert set(takes["properties"]) == {*parameters, "language", "steps"}
    assert set(takes["required"]) == {parameter.name for parameter in parameters.values() if parameter.required}
    defaults = {name: takes["properties"][name].get("default") for name in parameters}
    assert defaults == {name: parameter.default for name, parameter in parameters.items()}


# --- what they return -------------------------------------------------------------------------------------------------


def test_search_finds_passages_without_their_place_on_this_machine(small: Atlas) -> None:
    found = used(small, "search_notes", query="blocks of the KV cache", k=2)
    assert found["results"][0]["note"] == "paged-attention"
    assert len(found["results"]) == 2
    assert "path" not in found["results"][0]


def test_explanation_comes_whole_with_its_citations_and_says_who_wrote_it(
    index: Index, model: ScriptedModel, tmp_path: Path
) -> None:
    model.reply(VERBATIM, when=of_tutor)
    judge(model)
    told: list[str] = []
    answer = tools_of(embedded_atlas(index, tmp_path, model))["explain"].run({"question": QUESTION}, Call(told.append))
    assert (answer["answer"], answer["rung"], answer["abstained"]) == (f"{VERBATIM} [1]", "embedded", False)
    assert (answer["citations"][0]["note"], answer["citations"][0]["quote"]) == ("paged-attention", VERBATIM)
    assert any(text.startswith("Search the notes") for text in told)
    assert len(told) >= 3


def test_explanation_without_a_model_is_in_the_words_of_the_notes(small: Atlas) -> None:
    answer = used(small, "explain", question="LoRA 如何减少可训练参数？")
    assert (answer["rung"], answer["language"]) == ("notes", "zh")
    assert "千分之一" in answer["answer"]


def test_explanation_of_what_the_notes_do_not_know_abstains(small: Atlas) -> None:
    answer = used(small, "explain", question="Who won the football match yesterday?")
    assert (answer["abstained"], answer["citations"]) == (True, [])


def test_stopped_explanation_frees_the_model(index: Index, model: ScriptedModel, tmp_path: Path) -> None:
    model.reply("PagedAttention stores " * 20, when=of_tutor, chunk_delay_s=0.05, hang_after=10)
    tool, call = tools_of(embedded_atlas(index, tmp_path, model))["explain"], Call()
    raised: list[AtlasError] = []

    def run() -> None:
        with pytest.raises(AtlasError) as stopped:
            tool.run({"question": QUESTION}, call)
        raised.append(stopped.value)

    thread = threading.Thread(target=run)
    thread.start()
    model.wait_for_requests(1, timeout_s=20.0)
    call.stop.set()
    model.wait_for_disconnect(timeout_s=1.0)
    thread.join(5)
    assert [str(error) for error in raised] == ["the answer was stopped. Ask again."]


@pytest.mark.parametrize(
    ("arguments", "verdict"),
    [
        ({"claim": VERBATIM}, "supported"),
        ({"claim": "PagedAttention stores the KV cache in fixed blocks of 64 tokens."}, "contradicted"),
        ({"claim": "Blocks hold 8 tokens.", "evidence": "Blocks hold 8 tokens."}, "supported"),
    ],
    ids=["in the notes", "against the notes", "in the given text"],
)
def test_claim_is_checked(small: Atlas, arguments: dict[str, str], verdict: str) -> None:
    assert used(small, "check_claim", **arguments)["verdict"] == verdict


def test_recommendation_reads_the_task_and_takes_corrections(team: Atlas) -> None:
    task = "serve a model for many users on one RTX 4090"
    read = used(team, "recommend_tools", task=task)
    assert read["constraints"]["accelerators"]["value"][0]["name"] == "RTX 4090"
    assert len(read["recommendations"]) >= 1
    assert read["recommendations"][0]["evidence"][0]["quote"]
    corrected = used(team, "recommend_tools", task=task, gpu="2x H100", limit=1)
    assert [card["name"] for card in corrected["constraints"]["accelerators"]["value"]] != ["RTX 4090"]
    assert len(corrected["recommendations"]) == 1


def test_correction_can_take_away_what_was_read(team: Atlas) -> None:
    task = "a chat model on my laptop, fully offline"
    assert "offline" in used(team, "recommend_tools", task=task)["constraints"]
    assert "offline" not in used(team, "recommend_tools", task=task, offline=False)["constraints"]


def test_tools_are_compared_side_by_side(team: Atlas) -> None:
    table = used(team, "compare_tools", tools=["vLLM", "SGLang"])
    assert [tool["tool"] for tool in table["tools"]] == ["vllm", "sglang"]
    assert {"licence", "hardware"} <= {row["criterion"] for row in table["rows"]}
    assert all(len(row["cells"]) == 2 for row in table["rows"])


def test_quiz_has_as_many_items_as_wished_with_their_keys(team: Atlas) -> None:
    made = used(team, "make_quiz", topic="LoRA", n=3, seed=7)
    assert len(made["items"]) == 3
    assert all(item["key"] not in ("", None) for item in made["items"])
    assert made["items"] == used(team, "make_quiz", topic="LoRA", n=3, seed=7)["items"]


def test_quiz_keeps_to_type_and_level(team: Atlas) -> None:
    made = used(team, "make_quiz", topic="KV cache", n=2, types=["numeric"], level=2)
    assert {(item["type"], item["level"]) for item in made["items"]} == {("numeric", 2)}


def test_log_is_told_apart_without_its_secrets(team: Atlas) -> None:
    found = used(team, "fix_error", log=LOG)
    assert found["matches"][0]["pitfall"] == "cuda-out-of-memory"
    assert found["matches"][0]["fix"]
    assert sum(found["masked"].values()) == 1
    assert "aB3aB3" not in json.dumps(found)


def test_unknown_log_is_not_guessed_at(team: Atlas) -> None:
    found = used(team, "fix_error", log="FlurbError: the flurb of the gronk is not flarbed")
    assert (found["abstained"], found["matches"]) == (True, [])


def test_calculator_needs_no_team_and_agrees_with_the_calculation() -> None:
    given = {"model": "Qwen3-32B-AWQ", "gpu": "2x RTX 4090", "context": "32k"}
    made = used(None, "calculate_memory", **given)
    expected = calculate("memory", given)
    assert {name: made[name] for name in expected.values} == json.loads(json.dumps(dict(expected.values)))
    assert made["summary"] == expected.summary("en")
    assert "derivation" not in made


def test_calculator_shows_its_steps_and_speaks_chinese_where_asked() -> None:
    made = used(None, "calculate_model", model="qwen3-8b", steps=True, language="zh")
    assert made["derivation"][0]["formula"]
    assert made["summary"] == calculate("model", {"model": "qwen3-8b"}).summary("zh")


# --- mistakes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("search_notes", {}, "'query': Field required. It takes query, k."),
        ("search_notes", {"query": "x", "colour": 1}, "'colour': Extra inputs are not permitted"),
        ("search_notes", {"query": "x", "k": 1000}, "'k': Input should be less than or equal to 20"),
        ("explain", {"question": " "}, "the question is empty"),
        ("compare_tools", {"tools": ["vLLM"]}, "'tools': List should have at least 2 items"),
        ("compare_tools", {"tools": ["Word", "Excel"]}, "'Word' is no tool of the notes"),
        ("recommend_tools", {"task": "serve models", "system": "amiga"}, "'amiga' is no system. Use one of linux"),
        ("recommend_tools", {"task": "serve models", "gpu": "gpu of mine"}, "'gpu of mine'"),
        ("make_quiz", {"topic": "vLLM", "n": 0}, "'n': Input should be greater than or equal to 1"),
        ("make_quiz", {"types": ["riddle"]}, "'types.0': Input should be 'single_choice'"),
        ("fix_error", {"log": "\n"}, "the log is empty"),
        ("calculate_model", {"model": "gpt-17"}, "'gpt-17' is not a known model"),
        ("calculate_roofline", {"model": "qwen3-8b"}, "'gpu': Field required"),
        ("calculate_memory", {"model": "qwen3-8b", "context": "long"}, "'long'"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_mistake_is_told_with_its_remedy(small: Atlas, name: str, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(UserMistake) as told:
        tools_of(small)[name].run(arguments)
    assert message in str(told.value)
    assert told.value.remedy


def test_calculator_opens_no_file(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text('{"hidden_size": 8}', encoding="utf-8")
    with pytest.raises(UserMistake):
        tools_of(None)["calculate_model"].run({"model": str(config)})


def test_mistake_does_not_repeat_a_log() -> None:
    with pytest.raises(UserMistake) as told:
        tools_of(None)["fix_error"].run({"log": [LOG]})
    assert "aB3" not in str(told.value)
    assert told.value.__cause__ is None


# --- CrewAI -----------------------------------------------------------------------------------------------------------


def test_member_of_the_team_uses_the_same_tools(small: Atlas) -> None:
    ours = tools_of(small)
    search, model_size = for_crewai([ours["search_notes"], ours["calculate_model"]])
    assert (search.name, search.args_schema) == ("search_notes", ours["search_notes"].arguments)
    assert json.loads(search.run(query="radix tree"))["results"][0]["note"] == "sglang"
    assert json.loads(model_size.run(model="qwen3-8b"))["parameters"] == 8190735360


def test_member_of_the_team_is_told_of_its_mistake() -> None:
    (tool,) = for_crewai([tools_of(None)["calculate_model"]])
    assert tool.run(model="gpt-17").startswith("'gpt-17' is not a known model")
