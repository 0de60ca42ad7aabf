"""Constraints are read from free text in both languages, with their words and strength, and can be corrected."""

from typing import Any

import pytest
from quiz_material import material

from knowledge.errors import UserMistake
from tools.recommend.constraints import Constraints, corrected
from tools.recommend.licence import licence
from tools.recommend.reading import read, strength_in
from tools.recommend.unread import unread


def understood(text: str) -> Constraints:
    return read(text, material().library)


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("no GPU here, serve a model", "cpu_only", True),
        ("我没有显卡，想本地跑模型", "cpu_only", True),
        ("run a model on my MacBook", "system", "macos"),
        ("run a model on my MacBook", "device", "apple-gpu"),
        ("on Windows 11", "system", "windows"),
        ("a Windows server, no WSL and no Linux", "system", "windows"),
        ("under WSL2 on Windows", "system", "linux"),
        ("AMD Radeon card", "device", "amd-gpu"),
        ("在昇腾 NPU 上微调", "device", "npu"),
        ("open source only", "licence", ("open source",)),
        ("no AGPL please", "licence", ("no copyleft",)),
        ("Apache or MIT licence", "licence", ("Apache-2.0 or MIT",)),
        ("air-gapped cluster", "offline", True),
        ("服务器不能联网", "offline", True),
        ("数据不能出公司", "place", "own"),
        ("a managed vector database", "place", "hosted"),
        ("不想装 Python", "language", "no python"),
        ("for a TypeScript project", "language", "javascript"),
        ("serve this GGUF file", "format", "gguf"),
        ("部署 AWQ 权重", "format", "safetensors"),
        ("200 concurrent users", "users", 200),
        ("500 million embeddings", "items", 500_000_000),
        ("一亿条向量", "items", 0),
        ("3亿条向量", "items", 300_000_000),
        ("full fine-tuning of Qwen3-8B", "model", "Qwen3-8B"),
        ("QLoRA on one card", "method", "qlora"),
        ("not vLLM", "excluded", ("vllm",)),
        ("monitoring without Docker", "no_docker", True),
        ("不用 Docker", "no_docker", True),
        ("除了 vLLM 和 SGLang 以外", "excluded", ("vllm", "sglang")),
        ("vLLM or SGLang?", "named", ("vllm", "sglang")),
        ("we use LangChain already", "used", ("langchain",)),
        ("load large datasets", "named", ()),
    ],
)
def test_a_text_yields_its_constraint(text: str, field: str, value: object) -> None:
    assert getattr(understood(text), field) == value


@pytest.mark.parametrize(
    ("text", "name", "count"),
    [
        ("Serve Qwen3-14B on two A100 80GB", "A100 SXM 80GB", 2),
        ("4 张 H100 部署", "H100 SXM", 4),
        ("one RTX 4090", "RTX 4090", 1),
        ("fine-tune on a free Colab T4", "T4", 1),
    ],
)
def test_cards_are_those_of_the_catalogue(text: str, name: str, count: int) -> None:
    card = understood(text).accelerators[0]
    assert (card.name, card.count) == (name, count)


def test_the_memory_of_a_computer_is_no_card() -> None:
    assert understood("a laptop with 16 GB of RAM").accelerators == ()


@pytest.mark.parametrize(
    ("text", "field", "strength"),
    [
        ("it must be open source", "licence", "hard"),
        ("open source would be nice", "licence", "soft"),
        ("最好是开源的", "licence", "soft"),
        ("preferably on Windows, ideally self-hosted", "place", "soft"),
        ("self-hosted", "place", "hard"),
        ("in Python", "language", "soft"),
        ("Windows, ideally with a web page", "system", "hard"),
    ],
)
def test_the_words_of_the_clause_say_how_binding_it_is(text: str, field: str, strength: str) -> None:
    assert understood(text).said[field].strength == strength


def test_each_constraint_carries_the_words_it_was_read_from() -> None:
    assert understood("I have an air-gapped cluster").said["offline"].words == "air-gapped"


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"system": "windows"}, "system", "windows"),
        ({"licence": "MIT"}, "licence", ("MIT",)),
        ({"model": "qwen3 14b"}, "model", "Qwen3-14B"),
        ({"offline": False}, "offline", False),
        ({"gpu": "2x RTX 4090"}, "device", "nvidia-gpu"),
    ],
)
def test_a_person_corrects_what_was_read(changes: dict[str, Any], field: str, value: object) -> None:
    mended = corrected(understood("an air-gapped Linux server without a GPU"), **changes)
    assert getattr(mended, field) == value
    assert mended.is_hard(field) is bool(value)


def test_cards_that_are_corrected_take_away_that_there_are_none() -> None:
    mended = corrected(understood("no GPU"), gpu="2x RTX 4090")
    assert (mended.cpu_only, mended.accelerators[0].count) == (False, 2)
    assert not mended.is_hard("cpu_only")


@pytest.mark.parametrize("changes", [{"colour": "red"}, {"system": "beos"}, {"gpu": "Voodoo 2"}, {"licence": "WTFPL"}])
def test_a_correction_that_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(UserMistake):
        corrected(Constraints(), **changes)


@pytest.mark.parametrize(
    ("text", "met", "broken"),
    [
        ("Apache-2.0", ["open source", "commercial use", "no copyleft", "Apache-2.0"], ["MIT"]),
        ("AGPL-3.0", ["open source", "commercial use"], ["no copyleft", "Apache-2.0 or MIT"]),
        ("Elastic-2.0", ["no copyleft", "commercial use"], ["open source", "Apache-2.0 or MIT"]),
        ("MIT for the client, proprietary service", [], ["open source", "commercial use", "MIT"]),
        ("Apache-2.0 with additional conditions (X)", ["no copyleft"], ["open source", "Apache-2.0", "commercial use"]),
        ("BSD-3-Clause", ["open source", "Apache-2.0 or MIT"], ["MIT"]),
        ("MIT, some enterprise folders excepted", ["open source", "MIT"], []),
        ("proprietary service", ["no copyleft"], ["open source", "commercial use"]),
    ],
)
def test_a_licence_meets_what_it_may(text: str, met: list[str], broken: list[str]) -> None:
    read_licence = licence(text)
    assert [demand for demand in met if not read_licence.meets(demand)] == []
    assert [demand for demand in broken if read_licence.meets(demand)] == []


@pytest.mark.parametrize(
    ("text", "demands"),
    [
        ("serve a model, nothing from Meta", ("nothing from Meta",)),
        ("embed text, can't use Chinese tools", ("can't use Chinese tools",)),
        ("不能用国产的工具，监控训练", ("不能用国产的工具",)),
        ("fine-tune a model, it must have been made in Europe", ("it must have been made in Europe",)),
        ("run a model, no tools from Mars", ("no tools from Mars",)),
        ("run a model, not Python", ()),
        ("monitoring without Docker", ()),
        ("high-throughput serving, but not vLLM", ()),
        ("no GPU here, serve a model", ()),
        ("a Windows server, no WSL and no Linux", ()),
        ("数据不能出公司，记录训练", ()),
        ("fine-tune without writing any code", ()),
        ("it must run on two A100", ()),
        ("I have no idea which model server to use", ()),
    ],
)
def test_a_demand_that_no_rule_understands_is_owned_up_to(text: str, demands: tuple[str, ...]) -> None:
    assert unread(text, understood(text), material().library) == demands


@pytest.mark.parametrize(
    ("text", "words", "strength"),
    [
        ("we must stay on Linux", "stay on Linux", "hard"),
        ("Linux would be nice", "Linux", "soft"),
        ("our people like Linux", "Linux", "soft"),
        ("not said at all", "Windows", "soft"),
    ],
)
def test_words_bind_only_where_their_clause_says_so(text: str, words: str, strength: str) -> None:
    assert strength_in(text, words) == strength


def test_tasks_that_a_person_names_are_of_the_vocabulary() -> None:
    assert corrected(Constraints(), tasks="serve-models").tasks == ("serve-models",)
    with pytest.raises(UserMistake, match="sing-songs"):
        corrected(Constraints(), tasks=["sing-songs"])
