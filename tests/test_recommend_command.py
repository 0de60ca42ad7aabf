"""Configurations and commands are filled in for the case, and parse."""

import json
import shlex

import pytest
import yaml
from quiz_material import material

from tools.recommend import training_config
from tools.recommend.command import case, first_command
from tools.recommend.constraints import Constraints, corrected
from tools.recommend.training_config import TrainingCase

RUNS = [
    TrainingCase("Qwen/Qwen3-8B", "lora"),
    TrainingCase("Qwen/Qwen3-8B", "qlora", bf16=False),
    TrainingCase("Qwen/Qwen3-8B", "full", gpus=8, zero=3),
    TrainingCase("Qwen/Qwen3-8B", "full", offload=True),
]


@pytest.mark.parametrize("run", RUNS, ids=["lora", "qlora", "full on 8", "offloaded"])
def test_what_is_written_as_yaml_reads_back_as_the_same(run: TrainingCase) -> None:
    for content in (training_config.axolotl(run), training_config.accelerate(run), training_config.llama_factory(run)):
        assert yaml.safe_load(training_config.yaml(content)) == content


def test_a_qlora_run_on_an_old_card_asks_for_four_bits_and_half_precision() -> None:
    content = training_config.axolotl(RUNS[1])
    assert (content["adapter"], content["load_in_4bit"], content["bf16"], content["fp16"]) == (
        "qlora",
        True,
        False,
        True,
    )


def test_offloading_stands_in_the_deepspeed_file() -> None:
    content = json.loads(training_config.deepspeed_json(RUNS[3]))
    assert content["zero_optimization"]["offload_optimizer"]["device"] == "cpu"


@pytest.mark.parametrize(
    ("gpu", "bf16", "gpus"), [("Tesla T4", False, 1), ("RTX 4090", True, 1), ("4x A100 40GB", True, 4)]
)
def test_the_case_follows_the_cards(gpu: str, bf16: bool, gpus: int) -> None:
    run = case(corrected(Constraints(), gpu=gpu, model="qwen3 8b"), None)
    assert (run.model, run.bf16, run.gpus) == ("Qwen/Qwen3-8B", bf16, gpus)


@pytest.mark.parametrize(
    ("tool", "goal", "command"),
    [
        ("vllm", "serve", "vllm serve Qwen/Qwen3-8B"),
        ("sglang", "serve", "sglang serve --model-path Qwen/Qwen3-8B"),
        ("ollama", "serve", "ollama run qwen3:8b"),
        ("shimmy", "serve", "shimmy serve --model-path ./models/qwen3-8b-q4_k_m.gguf"),
        ("llama-cpp", "serve", "llama-server -hf Qwen/Qwen3-8B-GGUF:Q4_K_M -c 8192"),
        ("chroma", "store", "pip install chromadb"),
    ],
)
def test_the_first_command_names_the_model(tool: str, goal: str, command: str) -> None:
    constraints = corrected(Constraints(), model="qwen3 8b")
    assert first_command(material().graph.notes[tool], goal, constraints, None) == command


def test_a_command_without_a_model_is_that_of_the_note() -> None:
    note = material().graph.notes["ollama"]
    assert note.tool is not None
    assert first_command(note, "serve", Constraints(), None) == note.tool.first_command


def test_the_trl_command_is_one_line_for_a_shell() -> None:
    words = shlex.split(first_command(material().graph.notes["trl"], "fine-tune", Constraints(method="qlora"), None))
    assert words[:2] == ["trl", "sft"]
    assert "--load_in_4bit" in words


def test_python_scripts_compile() -> None:
    for run in RUNS[:2]:
        compile(training_config.peft_script(run), "peft", "exec")
        compile(training_config.unsloth(run), "unsloth", "exec")
