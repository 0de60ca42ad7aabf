"""One way in for all who calculate: loose words are understood, figures add up, and every line can be redone."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from gguf_header import header
from hypothesis import given, settings
from hypothesis import strategies as st
from test_calc_derivation import redo

from knowledge.errors import UserMistake
from tools.calculators.calculation import PARAMETERS, Calculation, Kind, calculate, explained, recorded
from tools.calculators.serving import ServingPlan

NOTES = Path(__file__).parents[1] / "knowledge" / "notes"

CASES: dict[str, tuple[Kind, dict[str, object]]] = {
    "model": ("model", {"model": "qwen3-14b"}),
    "model of experts": ("model", {"model": "DeepSeek-V3"}),
    "model in a mix": ("model", {"model": "Llama 3.1 8B Q4_K_M"}),
    "memory without a card": ("memory", {"model": "Gemma-3-27B", "context": "128K", "batch": "4"}),
    "memory of two cards": ("memory", {"model": "Qwen3-32B-AWQ", "context": "32k", "gpu": "2x RTX 4090"}),
    "memory that does not fit": ("memory", {"model": "Llama-3.1-70B", "gpu": "a100", "kv_dtype": "fp8"}),
    "full training": ("train", {"model": "llama 3.1 8b", "gpu": "h100", "gpus": 8, "zero": "3", "offload": "all"}),
    "lora": ("train", {"model": "llama-3.1-8b", "method": "LoRA", "targets": "q_proj, v_proj", "gpu": "4090"}),
    "qlora on a named format": ("train", {"model": "Qwen3-14B-AWQ", "method": "qlora", "checkpointing": "no"}),
    "decode": ("roofline", {"model": "Llama-3.1-8B", "gpu": "A100"}),
    "prefill of experts": ("roofline", {"model": "DeepSeek-V3", "gpu": "8x H200", "phase": "prefill", "context": "8k"}),
    "serve": ("serve", {"model": "qwen3-14b", "gpu": "a100", "gpus": "2", "max_model_len": 32000}),
    "serve for a load": (
        "serve",
        {"model": "Qwen2.5-7B", "gpu": "l40s", "requests": 64, "prompt": "2k", "output": 500, "engine": "SGLang"},
    ),
    "serve that is refused": ("serve", {"model": "qwen3-14b", "gpu": "Kaggle T4x2", "max_model_len": "8k"}),
    "serve that cannot be split": ("serve", {"model": "qwen3-14b", "gpu": "a100", "tp": 3}),
}


@pytest.fixture(params=CASES.values(), ids=CASES)
def made(request: pytest.FixtureRequest) -> Calculation:
    return calculate(*request.param)


# --- what every calculation owes --------------------------------------------------------------------------------------


def test_every_line_of_the_derivation_can_be_redone(made: Calculation) -> None:
    for line in made.derivation.steps:
        assert redo(line) == pytest.approx(line.value, rel=1e-4), line
    refused = isinstance(made.figures, ServingPlan) and not made.figures.budget_bytes
    assert made.derivation.steps or refused


def test_every_calculation_names_a_note_that_explains_it(made: Calculation) -> None:
    assert list(NOTES.glob(f"*/{made.note}.md"))


def test_the_answer_is_said_in_both_languages(made: Calculation) -> None:
    assert made.inputs["model"] and str(made.inputs["model"]) in made.summary("en")
    assert any("\u4e00" <= sign <= "\u9fff" for sign in made.summary("zh"))
    assert not any("\u4e00" <= sign <= "\u9fff" for sign in made.summary("en"))


def test_the_explanation_shows_inputs_and_every_step_with_its_numbers(made: Calculation) -> None:
    for language, heading in (("en", "**Inputs**"), ("zh", "**输入**")):
        text = explained(made, language)
        assert text.startswith(made.summary(language))
        assert heading in text
        assert all(f"{line.formula} = {line.substituted}" in text for line in made.derivation.steps)


def test_the_record_is_json_with_derivation_and_note(made: Calculation) -> None:
    record = json.loads(json.dumps(recorded(made, "zh"), allow_nan=False))
    assert set(record) >= {*made.values, "inputs", "derivation", "assumptions", "note", "warnings", "summary", "kind"}
    assert len(record["derivation"]) == len(made.derivation.steps)


PARTS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "memory": ("total_bytes", ("weights_bytes", "kv_bytes", "activation_bytes", "overhead_bytes"), ()),
    "train": (
        "per_gpu_bytes",
        ("parameter_bytes", "gradient_bytes", "optimizer_bytes", "activation_bytes"),
        ("overlap_bytes",),
    ),
    "roofline": ("bytes", ("weight_bytes", "kv_bytes", "activation_bytes"), ()),
    "model": ("parameters", ("parameters_non_embedding", "parameters_embedding"), ()),
}


def test_the_total_is_the_sum_of_its_parts(made: Calculation) -> None:
    if made.kind == "serve":
        pool = made.values
        used = pool["weights_bytes"] + pool["activation_bytes"] + pool["overhead_bytes"] + pool["kv_cache_bytes"]
        assert used == pool["budget_bytes"] or not pool["kv_cache_bytes"]
        return
    total, parts, less = PARTS[made.kind]
    summed = sum(made.values[part] for part in parts) - sum(made.values[part] for part in less)
    assert summed == pytest.approx(made.values[total], rel=1e-12)


def test_layers_of_a_roofline_add_up() -> None:
    values = calculate("roofline", {"model": "Qwen3-30B-A3B", "gpu": "H100", "batch": 16}).values
    assert sum(layer["time_s"] for layer in values["layers"]) == pytest.approx(values["time_s"])
    assert sum(layer["flops"] for layer in values["layers"]) == pytest.approx(values["flops"])


# --- known figures ----------------------------------------------------------------------------------------------------

KNOWN: dict[str, tuple[str, Mapping[str, Any]]] = {
    "Qwen3-14B": (
        "model",
        {"parameters": 14_768_307_200, "parameters_non_embedding": 13_212_482_560, "kv_bytes_per_token": 163_840},
    ),
    "memory of two cards": ("memory of two cards", {"tensor_parallel": 2, "fits": True, "kv_bytes": 32_000 * 262_144}),
    "LoRA of Llama": ("lora", {"trainable_parameters": 6_815_744, "fits": True}),  # PEFT: r=16 on q and v
    "decode on an A100": ("decode", {"bound": "memory", "ridge_point": 312e12 / 2039e9, "tensor_parallel": 1}),
    "two cards for 32,000 tokens": ("serve", {"fits": True, "tensor_parallel": 2, "gpus": 2}),
    "a T4 for a large model": ("serve that is refused", {"fits": False, "gpus": 2, "command": ""}),
    "forty heads on three cards": ("serve that cannot be split", {"fits": False, "command": ""}),
}


@pytest.mark.parametrize(("case", "expected"), KNOWN.values(), ids=KNOWN)
def test_known_figures_come_out(case: str, expected: Mapping[str, Any]) -> None:
    values = calculate(*CASES.get(case, ("model", {"model": "Qwen3-14B"}))).values
    assert {name: values[name] for name in expected} == expected


def test_the_command_of_two_cards_serves_as_asked() -> None:
    asked = {
        "model": "qwen3-14b", "gpu": "A100", "gpus": 2, "max_model_len": 32_000, "served_name": "qwen3-14b",
        "port": 8051, "path": "/models/qwen3-14b", "devices": "6,7",
    }  # fmt: skip
    assert calculate("serve", asked).values["command"] == (
        "CUDA_VISIBLE_DEVICES=6,7 vllm serve /models/qwen3-14b --served-model-name qwen3-14b "
        "--tensor-parallel-size 2 --max-model-len 32000 --port 8051"
    )


# --- what is understood -----------------------------------------------------------------------------------------------

UNDERSTOOD: dict[str, tuple[Kind, dict[str, object], dict[str, object]]] = {
    "full names": ("memory", {"model": "qwen3 14b", "gpu": "4090"}, {"model": "Qwen3-14B", "gpu": "RTX 4090"}),
    "decimal and binary": (
        "memory",
        {"model": "gpt2", "context": "32k", "batch": "1,000"},
        {"context": 32_000, "batch": 1000},
    ),
    "vLLM's K": ("memory", {"model": "gpt2", "context": "32K"}, {"context": 32_768}),
    "a format in the name": ("memory", {"model": "Qwen3-14B-AWQ"}, {"quant": "awq", "model": "Qwen3-14B"}),
    "a format beside the name": ("memory", {"model": "Qwen3-14B-AWQ", "quant": "fp8"}, {"quant": "fp8"}),
    "no quantization": ("memory", {"model": "Qwen3-14B", "quant": "none"}, {"quant": "none"}),
    "plain numbers": ("memory", {"model": "Qwen3-14B", "dtype": "float32"}, {"quant": "fp32"}),
    "several cards": ("memory", {"model": "Qwen3-14B", "gpu": "2 x A100"}, {"tp": 2, "gpus": 2}),
    "a machine": ("memory", {"model": "Qwen3-14B", "gpu": "kaggle t4x2"}, {"gpu": "T4", "tp": 2}),
    "a number over the name's": ("memory", {"model": "Qwen3-14B", "gpu": "2x A100", "tp": 4}, {"tp": 4}),
    "a share in per cent": ("memory", {"model": "Qwen3-14B", "utilization": "90%"}, {"utilization": 0.9}),
    "yes and no": ("memory", {"model": "Qwen3-14B", "enforce_eager": "Yes"}, {"enforce_eager": True}),
    "spelling of choices": ("train", {"model": "gpt2", "optimizer": "AdamW"}, {"optimizer": "adamw"}),
    "what is empty": ("memory", {"model": "gpt2", "gpu": "", "batch": None, "quant": " "}, {"gpu": None, "batch": 1}),
}


@pytest.mark.parametrize(("kind", "asked", "inputs"), UNDERSTOOD.values(), ids=UNDERSTOOD)
def test_loose_words_are_understood(kind: Kind, asked: dict[str, object], inputs: dict[str, object]) -> None:
    understood = calculate(kind, asked).inputs
    assert {name: understood[name] for name in inputs} == inputs


def test_weights_follow_quant_then_name_then_dtype() -> None:
    sizes = [
        calculate("model", {"model": name, "quant": quant, "dtype": dtype}).values["weight_format"]
        for name, quant, dtype in (
            ("Qwen3-14B", None, None),
            ("Qwen3-14B", None, "fp32"),
            ("Qwen3-14B-AWQ", None, "fp16"),
            ("Qwen3-14B-AWQ", "Q4_K_M", None),
            ("DeepSeek-V3", None, None),
            ("DeepSeek-V3", None, "bf16"),
        )
    ]
    assert sizes == ["bf16", "fp32", "awq", "Q4_K_M", "fp8-block", "bf16"]


def test_a_config_on_disk_is_a_model_and_its_folder_is_what_is_served(tmp_path: Path) -> None:
    config = {
        "model_type": "qwen3", "hidden_size": 1024, "num_hidden_layers": 28, "num_attention_heads": 16,
        "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 3072, "vocab_size": 151_936,
        "tie_word_embeddings": True, "torch_dtype": "bfloat16",
    }  # fmt: skip
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config))
    for model in (folder, folder / "config.json"):
        assert (
            calculate("model", {"model": str(model)}, files=True).values["parameters"] == 596_049_920
        )  # as Qwen3-0.6B
    plan = calculate("serve", {"model": str(folder), "gpu": "4090", "max_model_len": 4096}, files=True)
    assert f"vllm serve {folder} " in plan.values["command"]


def test_more_tokens_than_the_model_was_made_for_are_a_warning() -> None:
    (said,) = calculate("memory", {"model": "gpt2", "context": 4096}).warnings
    assert "1,024" in said.en and "1,024" in said.zh


# --- what is refused --------------------------------------------------------------------------------------------------

REFUSED: dict[str, tuple[str, dict[str, object], str, str]] = {
    "another calculation": ("cost", {}, "'cost'", "model, memory"),
    "no model": ("memory", {}, "model", "config.json"),
    "no card": ("roofline", {"model": "gpt2"}, "gpu", "RTX 4090"),
    "unknown argument": ("memory", {"model": "gpt2", "contxt": 1}, "'contxt'", "context"),
    "argument of another kind": ("memory", {"model": "gpt2", "zero": 1}, "'zero'", "utilization"),
    "unknown model": ("memory", {"model": "qwen3-14"}, "'qwen3-14'", "Qwen3-14B"),
    "unknown card": ("memory", {"model": "gpt2", "gpu": "RTX 4900"}, "'RTX 4900'", "RTX 4090"),
    "many of an unknown card": ("memory", {"model": "gpt2", "gpu": "2x RTX 4900"}, "'RTX 4900'", "RTX 4090"),
    "no cards": ("memory", {"model": "gpt2", "gpu": "0x RTX 4090"}, "number of GPUs 0", "from 1"),
    "unknown format": ("memory", {"model": "gpt2", "quant": "awk"}, "'awk'", "awq"),
    "unknown cache format": ("memory", {"model": "gpt2", "kv_dtype": "fp6"}, "'fp6'", "fp8"),
    "two formats": ("memory", {"model": "gpt2", "quant": "awq", "dtype": "fp8"}, "'awq' and 'fp8'", "dtype"),
    "unknown phase": ("roofline", {"model": "gpt2", "gpu": "t4", "phase": "prefil"}, "'prefil'", "prefill"),
    "unknown method": ("train", {"model": "gpt2", "method": "dora"}, "'dora'", "lora"),
    "unknown target": ("train", {"model": "llama-3.1-8b", "method": "lora", "targets": "query"}, "'query'", "q_proj"),
    "stage four": ("train", {"model": "gpt2", "zero": 4}, "4", "3"),
    "offload without stages": ("train", {"model": "gpt2", "offload": "all"}, "'all'", "stage 3"),
    "negative context": ("memory", {"model": "gpt2", "context": -1}, "-1", "zero or more"),
    "no context": ("memory", {"model": "gpt2", "context": 0}, "context 0", "from 1"),
    "endless context": ("memory", {"model": "gpt2", "context": "1e30"}, "'1e30'", "zeros"),
    "infinite batch": ("memory", {"model": "gpt2", "batch": math.inf}, "inf", "counted"),
    "batch that is no number": ("memory", {"model": "gpt2", "batch": math.nan}, "nan", "counted"),
    "text for a number": ("memory", {"model": "gpt2", "batch": "many"}, "'many'", "32000"),
    "half a sequence": ("memory", {"model": "gpt2", "batch": 2.5}, "2.5", "fraction"),
    "half a sequence in text": ("memory", {"model": "gpt2", "batch": "2.5"}, "'2.5'", "fraction"),
    "yes for a number": ("memory", {"model": "gpt2", "batch": True}, "True", "number"),
    "a list for a number": ("memory", {"model": "gpt2", "batch": [2]}, "[2]", "number"),
    "a number for a name": ("memory", {"model": 14}, "14", "text"),
    "maybe": ("memory", {"model": "gpt2", "enforce_eager": "maybe"}, "'maybe'", "true or false"),
    "share above one": ("memory", {"model": "gpt2", "utilization": 1.5}, "1.5", "0.01 to 1"),
    "share in words": ("memory", {"model": "gpt2", "utilization": "most"}, "'most'", "0.01 to 1"),
    "tp against gpus": ("memory", {"model": "gpt2", "tp": 2, "gpus": 4}, "4 GPUs", "one of tp and gpus"),
    "heads on three cards": ("memory", {"model": "qwen3-14b", "tp": 3}, "3", "2"),
    "no GPUs": ("serve", {"model": "gpt2", "gpu": "t4", "gpus": 0}, "gpus 0", "from 1"),
    "half a load": ("serve", {"model": "gpt2", "gpu": "t4", "requests": 2}, "half", "prompt and output"),
    "a port beyond all": ("serve", {"model": "gpt2", "gpu": "t4", "port": 70_000}, "70000", "65,535"),
    "a file that is not there": ("model", {"model": "nowhere.gguf"}, "'nowhere.gguf'", "GGUF"),
    "a name beyond reason": ("model", {"model": "x" * 10_000}, "xxx", "short"),
    "a name with a null": ("model", {"model": "a\0b"}, "'a\\x00b'", "config.json"),
}


@pytest.mark.parametrize(("kind", "asked", "value", "remedy"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_is_refused_with_the_value_and_the_remedy(
    kind: Any, asked: dict[str, object], value: str, remedy: str
) -> None:
    with pytest.raises(UserMistake) as refused:
        calculate(kind, asked, files=True)
    assert value in refused.value.message
    assert remedy in refused.value.remedy
    assert len(str(refused.value)) < 600


def test_a_config_that_lacks_fields_is_refused_by_their_names(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"model_type": "llama", "hidden_size": 64}')
    with pytest.raises(UserMistake, match=r"num_hidden_layers.*num_attention_heads.*vocab_size"):
        calculate("memory", {"model": str(path)}, files=True)


def test_a_hostile_gguf_header_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "evil.gguf"
    content = bytearray(header({"general.architecture": "llama"}, {"token_embd.weight": (64, 32_000)}))
    content[8:16] = (2**60).to_bytes(8, "little")  # how many tensors it claims
    path.write_bytes(content)
    with pytest.raises(UserMistake, match="claims 1,152,921,504,606,846,976 tensors"):
        calculate("memory", {"model": str(path)}, files=True)


@given(
    st.sampled_from(sorted(PARAMETERS)),
    st.dictionaries(
        st.sampled_from(sorted({parameter.name for several in PARAMETERS.values() for parameter in several})),
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.just("32k")),
        max_size=4,
    ),
)
@settings(max_examples=150, deadline=None)
def test_any_arguments_are_a_calculation_or_a_mistake_of_the_user(kind: Kind, asked: dict[str, object]) -> None:
    known = {parameter.name for parameter in PARAMETERS[kind]}
    base: dict[str, object] = {"model": "Qwen3-0.6B", "gpu": "RTX 4090"}
    given_ = {name: value for name, value in (base | asked).items() if name in known and name != "model"}
    try:
        made = calculate(kind, given_ | {"model": "Qwen3-0.6B"})
    except UserMistake as mistake:
        assert mistake.remedy
    else:
        json.dumps(recorded(made, "en"), allow_nan=False)


# --- the parameters themselves ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", PARAMETERS)
def test_every_parameter_is_named_once_and_meant_in_both_languages(kind: Kind) -> None:
    names = [parameter.name for parameter in PARAMETERS[kind]]
    assert len(names) == len(set(names))
    for parameter in PARAMETERS[kind]:
        assert parameter.meaning.en.endswith(".") and parameter.meaning.zh.endswith("。")
        assert parameter.default is None or not parameter.choices or parameter.default in parameter.choices


def test_no_file_is_opened_unless_files_are_allowed(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text("{}")
    with pytest.raises(UserMistake, match="is not a known model"):
        calculate("memory", {"model": str(path)})
