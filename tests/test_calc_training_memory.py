"""Training memory: exact adapters, states by ZeRO stage, activations by the paper, and a total that is the sum."""

import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_calc_derivation import redo

from knowledge.errors import UserMistake
from tools.calculators.accelerator import find as find_card
from tools.calculators.activation import Setting, layer_activations
from tools.calculators.deepspeed import zero2, zero3
from tools.calculators.lora import adapters
from tools.calculators.model_catalogue import find, names
from tools.calculators.model_state import ModelStates, model_states, partition, state_bytes
from tools.calculators.parameter import count
from tools.calculators.training_flops import training_flops
from tools.calculators.training_memory import TrainingMemory, training_memory

MODELS = ("Llama-3.1-8B", "Qwen3-30B-A3B", "GPT-2", "DeepSeek-V2-Lite", "Gemma-3-4B", "OPT-350M", "gpt-oss-20b")
CHOICES: dict[str, Any] = {
    "method": st.sampled_from(["full", "lora", "qlora"]),
    "rank": st.integers(1, 128),
    "sequence": st.integers(1, 8192),
    "batch": st.integers(1, 16),
    "gpus": st.integers(1, 64),
    "zero": st.integers(0, 3),
    "optimizer": st.sampled_from(["adamw", "adamw-32bit", "adamw-8bit", "sgd-momentum", "sgd"]),
    "precision": st.sampled_from(["mixed", "bf16", "fp32"]),
    "checkpointing": st.booleans(),
    "flash_attention": st.booleans(),
    "loss": st.sampled_from(["plain", "chunked", "fused"]),
    "compiled": st.booleans(),
    "accumulation": st.booleans(),
    "optimizer_in_backward": st.booleans(),
    "offload_activations": st.booleans(),
}


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    chosen: dict[str, Any] = {name: draw(strategy) for name, strategy in CHOICES.items()}
    offloads = ["none", *(["optimizer"] if chosen["zero"] else []), *(["all"] if chosen["zero"] == 3 else [])]
    return chosen | {"offload": draw(st.sampled_from(offloads))}


@given(st.sampled_from(MODELS), requests())
@settings(max_examples=150, deadline=None)
def test_the_total_is_the_sum_of_its_parts(model: str, request: dict[str, Any]) -> None:
    held = training_memory(find(model), **request)
    states = held.parameter_bytes + held.gradient_bytes + held.optimizer_bytes
    assert held.per_gpu_bytes == states + held.activation_bytes - held.overlap_bytes
    working = max(held.loss_bytes, held.recomputed_bytes)
    assert held.activation_bytes == held.stored_bytes + working + held.buffer_bytes
    assert 0 <= held.overlap_bytes <= held.gradient_bytes


@given(st.sampled_from(MODELS), requests())
@settings(max_examples=100, deadline=None)
def test_every_line_of_the_derivation_evaluates_to_its_value(model: str, request: dict[str, Any]) -> None:
    for line in training_memory(find(model), **request).derivation.steps:
        assert redo(line) == pytest.approx(line.value, rel=1e-5), line


@given(st.sampled_from(MODELS), requests(), st.sampled_from(["sequence", "batch"]), st.integers(1, 1000))
@settings(max_examples=100, deadline=None)
def test_more_tokens_never_need_less(model: str, request: dict[str, Any], what: str, more: int) -> None:
    longer = request | {what: request[what] + more}
    shape = find(model)
    assert training_memory(shape, **longer).per_gpu_bytes >= training_memory(shape, **request).per_gpu_bytes


@given(st.sampled_from(MODELS), requests(), st.integers(1, 64))
@settings(max_examples=60, deadline=None)
def test_a_higher_rank_never_needs_less(model: str, request: dict[str, Any], more: int) -> None:
    higher = request | {"rank": request["rank"] + more}
    shape = find(model)
    assert training_memory(shape, **higher).per_gpu_bytes >= training_memory(shape, **request).per_gpu_bytes


@given(st.integers(0, 10**12), st.integers(0, 3), st.integers(1, 10_000), st.integers(1, 100))
def test_more_gpus_and_higher_stages_never_hold_more_states(n: int, zero: int, gpus: int, more: int) -> None:
    states = model_states(n, state_bytes())
    assert partition(states, zero, gpus + more).total <= partition(states, zero, gpus).total <= states.total
    assert partition(states, min(3, zero + 1), gpus).total <= partition(states, zero, gpus).total
    assert partition(states, 3, gpus).total * gpus >= states.total


@given(st.sampled_from(MODELS), requests())
@settings(max_examples=60, deadline=None)
def test_each_saving_saves(model: str, request: dict[str, Any]) -> None:
    shape = find(model)
    request["sequence"] += 128  # below, flash attention's own output outweighs the scores
    for name, better in (("flash_attention", True), ("compiled", True), ("accumulation", False)):
        saving: dict[str, Any] = {**request, name: better}
        without: dict[str, Any] = {**request, name: not better}
        saved = training_memory(shape, **saving).per_gpu_bytes
        assert saved <= training_memory(shape, **without).per_gpu_bytes, name


@pytest.mark.parametrize("name", names())
def test_every_model_of_the_catalogue_can_be_calculated(name: str) -> None:
    shape = find(name)
    full, lora, qlora = (training_memory(shape, method) for method in ("full", "lora", "qlora"))
    assert full.trainable_parameters == count(shape).total
    assert full.optimizer_bytes == 12 * full.trainable_parameters
    assert qlora.per_gpu_bytes < lora.per_gpu_bytes < full.per_gpu_bytes
    assert 0 < lora.trainable_parameters < full.trainable_parameters / 5


@pytest.mark.parametrize(
    ("model", "rank", "targets", "parameters"),
    [
        pytest.param("Llama-2-7B", 8, "q_proj,v_proj", 4_194_304, id="llama-2-attention"),
        pytest.param("Llama-3.1-8B", 16, "all-linear", 41_943_040, id="llama-3-gqa"),
        pytest.param("Llama-3.1-8B", 8, ("q_proj", "v_proj"), 3_407_872, id="llama-3-gqa-q-and-v"),
        pytest.param("Qwen3-14B", 8, "q_proj", 8 * (5120 + 5120) * 40, id="qwen3-q"),
        pytest.param("Qwen3-30B-A3B", 4, "k_proj", 4 * (2048 + 512) * 48, id="kv-heads"),
        pytest.param("Mixtral-8x7B", 8, "down_proj", 8 * (14336 + 4096) * 8 * 32, id="experts"),
        pytest.param("GPT-2", 8, "qkv_proj", 8 * (768 + 3 * 768) * 12, id="fused"),
        pytest.param("DeepSeek-V2-Lite", 8, "kv_b_proj", 8 * (512 + 16 * 256) * 27, id="latent"),
        pytest.param("Llama-3.1-8B", 8, "lm_head", 8 * (4096 + 128_256), id="head"),
    ],
)  # fmt: skip
def test_adapters_have_exactly_these_parameters(model: str, rank: int, targets: Any, parameters: int) -> None:
    assert sum(part.parameters for part in adapters(find(model), rank, targets)) == parameters
    assert training_memory(find(model), "lora", rank, targets).trainable_parameters == parameters


@pytest.mark.parametrize(
    ("precision", "optimizer", "gradients", "total"),
    [
        ("mixed", "adamw", "", 16), ("mixed", "adamw", "fp32", 18), ("mixed", "adamw-8bit", "", 10),
        ("bf16", "adamw", "", 8), ("bf16", "adamw-32bit", "", 12), ("bf16", "adamw-8bit", "", 6),
        ("fp32", "adamw", "", 16), ("mixed", "sgd", "", 8), ("fp32", "sgd-momentum", "", 12), ("fp32", "sgd", "", 8),
    ],
)  # fmt: skip
def test_a_trained_parameter_takes_so_many_bytes(precision: str, optimizer: str, gradients: str, total: int) -> None:
    assert state_bytes(precision, optimizer, gradients).total == total


def test_scales_of_8_bit_momenta_are_counted() -> None:
    assert model_states(2560, state_bytes("bf16", "adamw-8bit")).optimizer == 2 * 2560 + 2 * 4 * 10


@pytest.mark.parametrize("flash", [False, True])
def test_activations_of_gpt_3_are_those_of_the_paper(flash: bool) -> None:
    shape, sequence = find("GPT-3-175B"), 2048
    (layer,) = layer_activations(shape, Setting(sequence, 1, flash_attention=flash))
    h, a = shape.hidden, shape.heads
    scores = 4 * a if flash else 5 * a * sequence
    assert layer.per_token == 34 * h + scores
    whole = training_memory(shape, checkpointing=False, flash_attention=flash, sequence=sequence, batch=3)
    assert whole.stored_bytes == 96 * sequence * 3 * (34 * h + scores)


def test_swiglu_keeps_four_tensors_and_three_when_fused() -> None:
    shape = find("Llama-3.1-8B")
    wider = replace(shape, intermediate=shape.intermediate + 1)

    def per_element(compiled: bool) -> int:
        setting = Setting(128, 1, compiled=compiled)
        return layer_activations(wider, setting)[0].per_token - layer_activations(shape, setting)[0].per_token

    assert (per_element(compiled=False), per_element(compiled=True)) == (8, 6)


def test_checkpointing_keeps_the_input_of_each_layer() -> None:
    held = training_memory(find("Llama-3.1-8B"), sequence=4096, batch=2)
    assert held.stored_bytes == 32 * 8192 * 4096 * 2
    assert held.loss_bytes == 8192 * 128_256 * (4 + 4 + 2)
    assert (
        training_memory(find("Llama-3.1-8B"), sequence=4096, batch=2, precision="fp32").loss_bytes == 8192 * 128_256 * 8
    )


def test_experts_keep_what_their_tokens_pass_through() -> None:
    shape = find("Qwen3-30B-A3B")
    assert shape.experts is not None
    more = replace(shape, experts=replace(shape.experts, per_token=9))

    def kept(of: Any) -> int:
        return layer_activations(of, Setting(128, 1))[0].per_token

    assert kept(more) - kept(shape) == 2 * (2048 + 4 * 768 + 2048)


def test_qlora_holds_the_base_in_nf4_and_the_rest_in_16_bit() -> None:
    shape = find("Llama-3.1-8B")
    held = training_memory(shape, "qlora", 16)
    linear = 32 * (2 * 4096 * 4096 + 2 * 4096 * 1024 + 3 * 4096 * 14336)
    rest = count(shape).total - linear
    base = linear * (4 + 8 / 64 + 32 / (64 * 256)) / 8 + 2 * rest
    assert held.parameter_bytes == pytest.approx(base + 4 * 41_943_040, abs=10)
    assert held.optimizer_bytes == 8 * 41_943_040


def test_offloading_moves_states_to_the_cpu() -> None:
    shape = find("Llama-2-7B")
    n = count(shape).total
    optimizer = training_memory(shape, gpus=4, zero=3, offload="optimizer")
    everything = training_memory(shape, gpus=4, zero=3, offload="all")
    assert (optimizer.parameter_bytes, optimizer.gradient_bytes, optimizer.optimizer_bytes) == (n * 2 // 4, 0, 0)
    assert everything.parameter_bytes == 0
    assert optimizer.cpu_bytes == zero3(n, 0, 4, offload_parameters=False).cpu
    assert everything.cpu_bytes == zero3(n, 0, 4).cpu
    assert training_memory(shape, gpus=4, zero=2, offload="optimizer").parameter_bytes == zero2(n, 4).gpu


@pytest.mark.parametrize(
    ("estimate", "cpu", "gpu"),
    [
        pytest.param(zero3(2851e6, 32e6, 8), 71.71, 0.12, id="t5-3b-all"),
        pytest.param(zero3(6805e6, 131e6, 4), 171.13, 0.49, id="offload-both"),
        pytest.param(zero3(6805e6, 131e6, 4, offload_parameters=False), 152.11, 3.66, id="offload-optimizer"),
        pytest.param(zero3(6805e6, 131e6, 4, offload_optimizer=False), 2.93, 29.01, id="on-the-gpus"),
        pytest.param(zero3(6805e6, 131e6, 4, offload_optimizer=False, zero_init=False), 152.11, 29.01, id="no-init"),
    ],
)  # fmt: skip
def test_deepspeed_prints_the_same(estimate: tuple[int, int], cpu: float, gpu: float) -> None:
    assert estimate[1] / 2**30 == pytest.approx(cpu, rel=0.01)
    assert estimate[0] / 2**30 == pytest.approx(gpu, rel=0.03)


def test_gradient_accumulation_keeps_gradients_beside_activations() -> None:
    shape = find("Llama-3.2-3B")

    def held(accumulation: bool) -> TrainingMemory:
        return training_memory(shape, precision="bf16", sequence=4096, batch=2, accumulation=accumulation)

    assert held(accumulation=True).overlap_bytes == 0
    assert held(accumulation=False).overlap_bytes > 0
    states = held(accumulation=False)
    assert states.per_gpu_bytes > states.parameter_bytes + states.gradient_bytes + states.optimizer_bytes


def test_a_24_gb_card_takes_qlora_of_8b_but_no_full_fine_tuning() -> None:
    shape, card = find("Llama-3.1-8B"), find_card("RTX 4090")
    assert training_memory(shape, "qlora", accelerator=card).fits
    assert training_memory(shape, "full", accelerator=card).fits is False
    assert training_memory(shape, "qlora").fits is None


def test_a_card_without_bf16_brings_a_warning() -> None:
    shape = find("Qwen2.5-0.5B")
    assert any("fp16" in text.en for text in training_memory(shape, accelerator=find_card("T4")).warnings)
    assert training_memory(shape, accelerator=find_card("A100 80GB SXM")).warnings == ()
    assert any("ZeRO" in text.en for text in training_memory(shape, zero=2).warnings)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"method": "lorra"}, "'lorra' is not a known training method"),
        ({"method": "lora", "rank": 0}, "The LoRA rank 0 is out of range"),
        ({"method": "lora", "targets": "q_prj"}, "'q_prj' is not a known linear layer of Llama-3.1-8B"),
        ({"method": "lora", "targets": ""}, "No LoRA target is named"),
        ({"zero": 4}, "The ZeRO stage 4 is out of range"),
        ({"offload": "optimizer"}, "Offload 'optimizer' does not work with ZeRO stage 0"),
        ({"offload": "all", "zero": 2}, "Offload 'all' does not work with ZeRO stage 2"),
        ({"offload": "disk"}, "'disk' is not a known offload"),
        ({"gpus": 0}, "The number of GPUs 0 is out of range"),
        ({"sequence": "2048"}, "The sequence length '2048' is not a whole number"),
        ({"sequence": 10**12}, "The sequence length 1000000000000 is out of range"),
        ({"batch": -1}, "The batch size -1 is out of range"),
        ({"batch": float("nan")}, "The batch size nan is not a whole number"),
        ({"precision": "fp8"}, "'fp8' is not a known precision"),
        ({"optimizer": "adam"}, "'adam' is not a known optimizer"),
        ({"gradients": "fp8"}, "'fp8' is not a known gradient format"),
        ({"loss": "none"}, "'none' is not a known loss"),
    ],
    ids=str,
)
def test_a_wrong_request_is_refused(request_: dict[str, Any], message: str) -> None:
    with pytest.raises(UserMistake) as caught:
        training_memory(find("Llama-3.1-8B"), **request_)
    assert caught.value.message.startswith(message)
    assert caught.value.remedy


def test_training_operations_are_six_a_parameter_and_causal_attention() -> None:
    shape = find("Llama-2-7B")
    done = training_flops(shape, 4096)
    active = count(shape).total - 32_000 * 4096
    assert done.matrices == 6 * active
    assert done.attention == 6 * 32 * (4096 + 4096) * 4096 / 2
    assert done.per_token == done.matrices + done.attention
    assert done.recomputed == done.per_token * 4 / 3


@given(st.integers(1, 100_000), st.integers(1, 100_000))
def test_longer_sequences_cost_more_for_each_token(sequence: int, more: int) -> None:
    for model in ("Llama-3.1-8B", "Gemma-3-4B"):
        shape = find(model)
        assert training_flops(shape, sequence).per_token < training_flops(shape, sequence + more).per_token


def test_states_of_nothing_are_nothing() -> None:
    assert partition(model_states(0, state_bytes()), 3, 8) == ModelStates(0, 0, 0)


def test_a_calculation_takes_under_a_millisecond() -> None:
    shape = find("Llama-3.1-8B")
    training_memory(shape, "qlora")
    fastest = min(_seconds(shape) for _ in range(20))
    assert fastest < 1e-3


def _seconds(shape: Any) -> float:
    start = time.perf_counter()
    training_memory(shape, "qlora", checkpointing=False)
    return time.perf_counter() - start
