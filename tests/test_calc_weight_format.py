from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.errors import UserMistake
from tools.calculators.model_catalogue import find, names
from tools.calculators.parameter import count
from tools.calculators.tensor import tensors
from tools.calculators.unit import GIB
from tools.calculators.weight_format import find_format, format_names, tensor_bits, weights


@pytest.mark.parametrize(
    ("typed", "name", "bits"),
    [
        ("bf16", "bf16", 16),
        ("float32", "fp32", 32),
        ("AWQ", "awq", 4.15625),
        ("gptq-int4-g128", "gptq", 4.15625),
        ("GPTQ g32", "gptq-g32", 4.625),
        ("gptq-int8", "gptq-int8", 8.1875),
        ("awq-g64", "awq-g64", 4.3125),
        ("NF4", "nf4", 4.5),
        ("nf4 double quant", "nf4-dq", 4.126953125),
        ("MXFP4", "mxfp4", 4.25),
        ("nvfp4", "nvfp4", 4.5),
        ("fp8", "fp8", 8),
        ("q4_k_m", "Q4_K_M", 4.5),
        ("GGUF Q8_0", "Q8_0", 8.5),
        ("IQ4_XS", "IQ4_XS", 4.25),
    ],
)
def test_a_format_is_found_in_any_spelling(typed: str, name: str, bits: float) -> None:
    found = find_format(typed)
    assert (found.name, found.bits) == (name, bits)


@pytest.mark.parametrize("name", ["", "q4", "q4_k_x", "awq-g0", "gptq-g99999999", "int3", "x" * 9_999])
def test_text_that_names_no_format_is_refused(name: str) -> None:
    with pytest.raises(UserMistake):
        find_format(name)


REAL_FILES = {
    # the sums of the tensors in the published files Qwen2.5-Coder-*-Instruct-GGUF, q4_k_m
    ("Qwen2.5-Coder-1.5B", "Q4_K_M"): 1_111_370_240,
    ("Qwen2.5-Coder-0.5B", "Q4_K_M"): 485_452_288,
}


@pytest.mark.parametrize(("model", "kind"), REAL_FILES)
def test_a_mix_is_exact_to_the_byte(model: str, kind: str) -> None:
    """These files hold the tied head a second time; the 0.5B has rows that K-quants do not divide."""
    assert weights(replace(find(model), tied_embeddings=False), kind).bytes == REAL_FILES[model, kind]


LLAMA_TABLE = {
    "IQ2_XXS": 2.3824, "IQ2_XS": 2.5882, "IQ2_S": 2.7403, "IQ2_M": 2.9294, "IQ3_XXS": 3.2548, "IQ3_XS": 3.4977,
    "IQ3_S": 3.6606, "IQ3_M": 3.7628, "Q2_K": 3.1593, "Q3_K_S": 3.6429, "Q3_K_M": 3.9960, "Q3_K_L": 4.2979,
    "IQ4_XS": 4.4597, "IQ4_NL": 4.6818, "Q4_K_S": 4.6672, "Q4_K_M": 4.8944, "Q5_K_S": 5.5704, "Q5_K_M": 5.7036,
    "Q6_K": 6.5633, "Q8_0": 8.5008, "F16": 16.0005,
}  # fmt: skip
"""Bits per weight of Llama-3.1-8B in the table of llama.cpp's tools/quantize/README.md."""


@pytest.mark.parametrize("kind", LLAMA_TABLE)
def test_llama_cpps_own_table_is_met(kind: str) -> None:
    assert weights(find("Llama-3.1-8B"), kind).bits_per_weight == pytest.approx(LLAMA_TABLE[kind], rel=5e-4)


@pytest.mark.parametrize(
    ("model", "kind", "gpus", "gib"),
    [
        ("Llama-3.1-8B", "bf16", 1, 14.99),
        ("Llama-3.1-8B", "bf16", 2, 7.51),
        ("Llama-3.1-8B", "bf16", 4, 3.77),
        ("Llama-3.1-8B", "fp32", 1, 29.98),
        ("Llama-3.1-8B", "fp8", 1, 8.49),
        ("Qwen2.5-7B", "bf16", 1, 14.25),
        ("Qwen2.5-7B", "bf16", 2, 7.12),
        ("Qwen2.5-7B", "bf16", 4, 3.55),
        ("Qwen3-0.6B", "bf16", 1, 1.12),
        ("Gemma-3-27B", "bf16", 1, 51.45),
    ],
)
def test_weights_are_those_of_real_logs(model: str, kind: str, gpus: int, gib: float) -> None:
    """github.com/llm-d-incubation/llm-d-planner, logs of vLLM 0.19 on H100s; vLLM adds buffers below 1%."""
    assert weights(find(model), kind, gpus).bytes == pytest.approx(gib * GIB, rel=0.01)


def test_embeddings_head_and_norms_stay_at_16_bit_in_group_quantization() -> None:
    parts = {part.name: part.format for part in weights(find("Qwen3-14B"), "awq").parts}
    assert parts == {
        "embedding": "bf16",
        "head": "bf16",
        "norms, biases, routers": "bf16",
        "attention": "awq",
        "feed-forward": "awq",
    }


def test_only_experts_are_mxfp4_in_the_published_gpt_oss() -> None:
    size = weights(find("gpt-oss-20b"))
    assert size.format == "mxfp4"
    assert {part.name for part in size.parts if part.format == "mxfp4"} == {"experts"}
    assert size.bytes == pytest.approx(13.76e9, rel=0.005)  # the files on the model hub


def test_deepseek_is_published_in_fp8_blocks() -> None:
    assert weights(find("DeepSeek-V3")).format == "fp8-block"
    assert weights(find("DeepSeek-V3")).bytes == pytest.approx(671e9, rel=0.01)


def test_a_vision_tower_is_weighed_but_not_counted_as_text() -> None:
    shape = find("Gemma-3-4B")
    assert weights(shape).bytes == 2 * (count(shape).total + shape.other_parameters)


@pytest.mark.parametrize("kind", format_names())
def test_parts_sum_to_the_whole_in_every_format(kind: str) -> None:
    for model in ("Qwen3-30B-A3B", "OPT-350M", "DeepSeek-V2-Lite"):
        shape = find(model)
        size = weights(shape, kind)
        assert size.bytes == sum(part.bytes for part in size.parts)
        assert size.parameters == sum(part.parameters for part in size.parts) == count(shape).total
        assert size.derivation.steps[-1].value == size.bytes


@pytest.mark.parametrize("kind", ["bf16", "awq", "nf4", "Q4_K_M"])
def test_bits_of_tensors_sum_to_the_whole(kind: str) -> None:
    shape = find("Mixtral-8x7B")
    total = sum(part.parameters * tensor_bits(shape, part, kind) / 8 for part in tensors(shape))
    assert total == pytest.approx(weights(shape, kind).bytes, rel=1e-9)


@given(st.sampled_from(names()), st.sampled_from(["bf16", "awq", "fp8", "Q4_K_M"]), st.sampled_from([2, 4, 8]))
def test_more_gpus_never_weigh_more_each(name: str, kind: str, gpus: int) -> None:
    shape = find(name)
    try:
        split, before = weights(shape, kind, gpus), weights(shape, kind, gpus // 2)
    except UserMistake as refusal:
        assert "divide" in refusal.message
        return
    padding = 2 * 64 * gpus * shape.hidden * 2  # the vocabulary's, of both matrices
    assert split.bytes <= before.bytes + padding


@given(st.sampled_from(["Qwen3-8B", "Llama-3.1-70B", "Mixtral-8x7B", "Gemma-3-27B"]))
def test_fewer_bits_never_weigh_more(name: str) -> None:
    shape = find(name)
    ladder = ["fp32", "bf16", "int8", "Q6_K", "Q5_K_M", "Q4_K_M", "Q3_K_M", "Q2_K"]
    sizes = [weights(shape, kind).bytes for kind in ladder]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("gpus", [0, -1, 3, 1.5, True])
def test_a_number_of_gpus_that_cannot_be_is_refused(gpus: int) -> None:
    with pytest.raises(UserMistake):
        weights(find("Qwen3-14B"), "bf16", gpus)
