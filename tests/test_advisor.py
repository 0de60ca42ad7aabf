"""The advisor reads only what can be proven from a person's words, and weighs two tools from what is cited for them."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from quiz_material import material
from scripted_model import Request, ScriptedModel
from small_atlas import answer_probe

from agents.advisor import DEMANDS, Advisor, rivals
from agents.endpoint import Endpoint
from agents.ladder import Ladder
from agents.probe import Capabilities
from agents.prompt import load
from agents.recommending import Recommender
from agents.stop import Stop
from knowledge.errors import ModelFailed
from knowledge.evidence import Evidence
from knowledge.index import Index
from knowledge.vocabulary import TASKS
from tools.recommend.advice import Advice
from tools.recommend.constraints import Constraints, corrected
from tools.recommend.reading import read

ABLE = Capabilities(reachable=True, json_schema=True)
VAGUE = "something fancy for my cousin's shop"  # no rule knows what this is


def of_advisor(request: Request) -> bool:
    return "You are Advisor" in request.prompt


def reads(model: ScriptedModel, tasks: list[str], *demands: tuple[str, str, str]) -> None:
    listed = [dict(zip(("demand", "words", "strength"), one, strict=True)) for one in demands]
    model.reply(json.dumps({"tasks": tasks, "demands": listed}), when=of_advisor)


def advisor(model: ScriptedModel) -> Advisor:
    return Advisor(model.endpoint, ABLE)


def known(text: str) -> Constraints:
    return read(text, material().library)


def test_a_reading_is_asked_under_a_closed_vocabulary_and_the_fixed_part_stands_first(model: ScriptedModel) -> None:
    reads(model, ["build-rag"])
    reads(model, ["outside"])
    for text in ("let it know our handbook", "buy a kite"):
        advisor(model).read(text, Constraints())
    first, other = (request.user for request in model.requests)
    assert other.startswith(first.partition("let it know")[0])
    schema = json.dumps(model.requests[0].schema)
    assert all(f'"{task}"' in schema for task in TASKS)
    assert all(f'"{demand}"' in schema for demand in DEMANDS)
    assert all(f"{task}: " in first for task in TASKS)


def test_examples_of_the_prompt_keep_the_closed_vocabulary() -> None:
    examples = [json.loads(line) for line in load("advisor")["read"].splitlines() if line.startswith("{")]
    assert len(examples) == 3
    for example in examples:
        assert set(example["tasks"]) <= {*TASKS, "outside"}
        assert {one["demand"] for one in example["demands"]} <= set(DEMANDS)


@pytest.mark.parametrize(
    ("text", "demand", "field", "strength"),
    [
        ("our box runs Redmond's finest, it must", ("system: windows", "Redmond's finest", "hard"), "system", "soft"),
        ("it must be Redmond's finest", ("system: windows", "must be Redmond's finest", "hard"), "system", "hard"),
        ("it must be Redmond's finest", ("system: windows", "must be Redmond's finest", "soft"), "system", "soft"),
        ("no cables to the world", ("offline: yes", "no cables to the world", "hard"), "offline", "hard"),
        ("必须是绿色阵营的卡", ("device: nvidia-gpu", "必须是绿色阵营", "hard"), "device", "hard"),
    ],
)
def test_a_demand_is_taken_with_the_words_that_prove_it_and_binds_only_where_they_do(
    model: ScriptedModel, text: str, demand: tuple[str, str, str], field: str, strength: str
) -> None:
    reads(model, ["build-rag"], demand)
    found = advisor(model).read(text, known(text))
    assert found is not None
    assert getattr(found.constraints, field)
    assert found.constraints.said[field].words == demand[1]
    assert found.constraints.said[field].strength == strength


@pytest.mark.parametrize(
    ("text", "demand"),
    [
        ("a shop on Linux", ("system: windows", "on Linux", "hard")),
        ("a shop", ("offline: yes", "no internet", "hard")),
        ("a shop", ("offline: yes", "", "hard")),
        ("a shop", ("colour: red", "shop", "hard")),
        ("one RTX 4090 in the shop", ("cpu_only: yes", "shop", "hard")),
        ("an air-gapped shop", ("place: hosted", "shop", "hard")),
    ],
    ids=["rules read another", "words not said", "no words", "unknown", "against a card", "against offline"],
)
def test_what_cannot_be_proven_or_would_overturn_a_rule_is_dropped(
    model: ScriptedModel, text: str, demand: tuple[str, str, str]
) -> None:
    reads(model, ["build-rag"], demand)
    found = advisor(model).read(text, known(text))
    assert found is not None
    assert found.constraints == known(text)


def test_what_a_person_took_away_is_not_read_again(model: ScriptedModel) -> None:
    reads(model, ["build-rag"], ("offline: yes", "no cables", "hard"))
    text = "no cables"
    found = advisor(model).read(text, corrected(known(text), offline=False), settled={"offline"})
    assert found is not None
    assert not found.constraints.offline


@pytest.mark.parametrize("tasks", [["sing-songs"], []], ids=["outside of the vocabulary", "none"])
def test_a_reading_without_a_task_of_the_vocabulary_is_none(model: ScriptedModel, tasks: list[str]) -> None:
    reads(model, tasks)
    assert advisor(model).read("a shop", Constraints()) is None


def test_an_answer_in_no_shape_is_no_reading(model: ScriptedModel) -> None:
    model.reply("I would buy flowers.", when=of_advisor)
    assert advisor(model).read("a shop", Constraints()) is None


@pytest.fixture
def recommender(built_in: Index, model: ScriptedModel, tmp_path: Path) -> Recommender:
    answer_probe(model, json_schema=True)
    return Recommender(built_in, material, ladder=Ladder(model.endpoint, None, tmp_path))


def test_what_rules_do_not_understand_is_read_again_and_advised_on(
    recommender: Recommender, model: ScriptedModel
) -> None:
    reads(model, ["build-rag"], ("offline: yes", "cousin", "hard"))
    assert recommender.recommend(VAGUE).abstained
    again = recommender.reread(VAGUE)
    assert again is not None
    assert (again.by, again.recommendations[0].tool) == ("model", "llamaindex")
    assert again.constraints.said["offline"].strength == "soft"
    assert recommender.recommend(VAGUE).abstained  # the instant answer stays what it was


@pytest.mark.parametrize(
    "text", ["Serve Qwen3-8B to 500 users on an H100", "Which CRM should my sales team use?"], ids=["task", "outside"]
)
def test_what_rules_are_sure_of_costs_no_call(recommender: Recommender, model: ScriptedModel, text: str) -> None:
    assert recommender.reread(text) is None
    assert not any(of_advisor(request) for request in model.requests)


def test_a_reading_that_says_nothing_new_is_none(recommender: Recommender, model: ScriptedModel) -> None:
    reads(model, ["outside"])
    assert recommender.reread(VAGUE) is None


def test_a_model_that_fails_leaves_the_rules_alone(recommender: Recommender, model: ScriptedModel) -> None:
    model.reply(status=500, when=of_advisor)
    assert recommender.reread(VAGUE) is None


def test_stopping_ends_the_reading(recommender: Recommender, model: ScriptedModel) -> None:
    model.reply(hang=True, when=of_advisor)
    stop = Stop()
    asks: Callable[[], Any] = lambda: next((r for r in model.requests if of_advisor(r)), None)  # noqa: E731

    def stop_once_asked() -> None:
        while asks() is None:
            threading.Event().wait(0.05)
        stop.set()

    threading.Thread(target=stop_once_asked, daemon=True).start()
    with pytest.raises(ModelFailed):
        recommender.reread(VAGUE, stop=stop)


def test_without_a_model_and_with_the_embedded_one_alone_nothing_is_read_again(built_in: Index) -> None:
    assert Recommender(built_in, material).reread(VAGUE) is None
    embedded = Advisor(Endpoint("http://127.0.0.1:9/v1", "m", rung="embedded"), ABLE)
    assert not embedded.can_read
    assert Advisor(Endpoint("http://127.0.0.1:9/v1", "m"), ABLE).can_read


def passages(advice: Advice) -> list[Evidence]:
    """Return each cited sentence with words around it that nobody cited."""
    return [
        Evidence(
            c.note, c.title, c.heading, f"UNCITED. {c.quote}", c.start - 9, c.end, "en", 1.0, c.source, c.path
        )
        for one in advice.recommendations
        for c in one.evidence
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "language"),
    [("high-throughput serving on an A100", "en"), ("多轮对话服务，共享系统提示词，用哪个推理引擎", "zh")],
)
def test_the_first_tool_is_weighed_against_the_next_from_the_cited_sentences(
    built_in: Index, model: ScriptedModel, text: str, language: Any
) -> None:
    advice = Recommender(built_in, material).recommend(text)
    pair = rivals(advice)
    assert pair is not None
    model.reply("vLLM batches. SGLang caches.", when=of_advisor)
    said: list[str] = []
    weighing = Advisor(replace(model.endpoint, rung="embedded"), ABLE)
    weighing.weigh(text, advice, passages(advice), language, said.append)
    assert "".join(said) == "vLLM batches. SGLang caches."
    assert weighing.usage.calls == 1
    prompt = model.requests[0].user
    assert "UNCITED" not in prompt
    for tool in pair:
        assert any(citation.quote in prompt for citation in tool.evidence)


def test_a_tool_without_a_rival_is_not_weighed(built_in: Index, model: ScriptedModel) -> None:
    advice = Recommender(built_in, material).recommend("Turn PDFs into training data, fine-tune Qwen3-8B and serve it")
    assert rivals(advice) is None
    Advisor(model.endpoint, ABLE).weigh(advice.task, advice, passages(advice), "en", pytest.fail)
    assert model.requests == []
