"""Lower bounds on the time of a forward pass: FLOPs, bytes, bounds and their sums."""

import math
import time
from dataclasses import replace
from itertools import pairwise

import pytest
from calculator_rows import rows
from hypothesis import given
from hypothesis import strategies as st
from rows_roofline import decode
from test_calc_derivation import redo

from knowledge.errors import UserMistake
from tools.calculators.accelerator import find as find_card
from tools.calculators.accelerator import peak
from tools.calculators.critical_batch import textbook_critical_batch
from tools.calculators.kv_cache import kv_cache
from tools.calculators.model_catalogue import find, names
from tools.calculators.operation import distinct_experts
from tools.calculators.parameter import count
from tools.calculators.roofline import Roofline, roofline
from tools.calculators.shape import ModelShape
from tools.calculators.sweep import spread, sweep
from tools.calculators.training_flops import training_flops
from tools.calculators.weight_format import weights
from tools.calculators.workload import Phase, Workload

H100 = find_card("H100")
A100 = find_card("A100")
LLAMA = find("Llama-3.1-8B")
MODELS = ("Llama-2-7B", "Llama-3.1-8B", "Qwen3-30B-A3B", "Gemma-3-12B", "DeepSeek-V2-Lite", "gpt-oss-20b", "GPT-2")
PHASES: tuple[Phase, Phase] = ("prefill", "decode")


def flops(found: Roofline, *kinds: str) -> float:
    return sum(layer.flops for layer in found.layers if layer.kind in kinds)


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("name", MODELS)
@given(batch=st.integers(1, 512), context=st.integers(1, 16_384))
def test_totals_are_the_sums_of_their_parts(name: str, phase: Phase, batch: int, context: int) -> None:
    found = roofline(find(name), H100, phase, batch, context)
    assert found.flops == pytest.approx(sum(layer.flops for layer in found.layers))
    assert found.bytes == pytest.approx(found.weight_bytes + found.kv_bytes + found.activation_bytes)
    assert found.time_s == pytest.approx(sum(layer.time_s for layer in found.layers))
    assert found.time_s >= found.overlapped_s * (1 - 1e-12)
    assert found.overlapped_s == max(found.compute_s, found.memory_s)
    for layer in found.layers:
        assert layer.time_s == pytest.approx(max(layer.flops / layer.peak, layer.bytes / found.bandwidth))
        assert layer.attainable <= layer.peak
        assert layer.bound == ("compute" if layer.arithmetic_intensity >= layer.peak / found.bandwidth else "memory")


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("name", MODELS)
@given(batch=st.integers(1, 500), context=st.integers(1, 16_000), more=st.integers(1, 100))
def test_more_work_never_takes_less_time(name: str, phase: Phase, batch: int, context: int, more: int) -> None:
    shape = find(name)
    one = roofline(shape, H100, phase, batch, context)
    for other in (
        roofline(shape, H100, phase, batch + more, context),
        roofline(shape, H100, phase, batch, context + more),
    ):
        assert other.time_s >= one.time_s * (1 - 1e-12)
        assert other.flops >= one.flops
        assert other.bytes >= one.bytes * (1 - 1e-12)


@pytest.mark.parametrize("name", ["Llama-3.1-8B", "Qwen3-30B-A3B", "DeepSeek-V2-Lite", "Gemma-3-12B"])
@given(batch=st.integers(1, 300), context=st.integers(1, 9_000), phase=st.sampled_from(PHASES))
def test_more_gpus_never_leave_one_of_them_more_to_do(name: str, batch: int, context: int, phase: Phase) -> None:
    runs = [roofline(find(name), H100, phase, batch, context, tensor_parallel=n) for n in (1, 2, 4, 8)]
    for fewer, more in pairwise(runs):
        assert more.flops <= fewer.flops * (1 + 1e-3)  # the padded vocabulary adds rows
        assert more.bytes <= fewer.bytes * (1 + 1e-3)
        assert more.communication_s > fewer.communication_s or fewer.tensor_parallel > 1


@pytest.mark.parametrize("name", MODELS)
def test_decode_reads_each_weight_once_and_of_the_input_embedding_one_row(name: str) -> None:
    shape = find(name)
    found = roofline(shape, A100, "decode", 1_000, 64)  # so many tokens that all experts are met
    tables = 0 if shape.tied_embeddings else shape.vocabulary * shape.hidden * 2
    tables += shape.position_rows * shape.hidden * 2
    rows_read = sum(layer.weight_bytes for layer in found.layers if layer.kind == "lookup")
    whole = weights(shape).bytes - tables - (shape.other_parameters * 2)
    assert found.weight_bytes - rows_read == pytest.approx(whole, rel=1e-6)


def test_prefill_costs_two_flops_for_each_weight_and_token_plus_half_the_square_of_attention() -> None:
    found = roofline(LLAMA, A100, "prefill", 2, 4096)
    body = count(LLAMA).non_embedding - (2 * LLAMA.layers + 1) * LLAMA.hidden  # norms multiply no matrix
    assert flops(found, "linear") == 2 * body * 2 * 4096
    assert flops(found, "head") == 2 * LLAMA.vocabulary * LLAMA.hidden * 2  # one position for each sequence
    assert flops(found, "attention") == 2 * 32 * (4 * 4096) * (4096 * 4097 // 2)
    eager = roofline(LLAMA, A100, "prefill", 2, 4096, attention="eager")
    assert flops(eager, "attention") == 2 * 32 * (4 * 4096) * 4096**2


def test_decode_reads_the_cache_of_kv_heads_and_computes_for_query_heads() -> None:
    found = roofline(LLAMA, A100, "decode", 8, 4096)
    cache = kv_cache(LLAMA, 4096, 8)
    assert found.kv_bytes == cache.bytes + 8 * cache.bytes_per_token  # and writes the new token's
    attention = next(layer for layer in found.layers if layer.kind == "attention")
    assert attention.flops == 8 * 32 * 4 * 4096 * 4096
    assert attention.arithmetic_intensity == pytest.approx(4, rel=0.02)  # four query heads share a KV head
    narrow = roofline(LLAMA, A100, "decode", 8, 4096, kv_dtype="fp8")
    assert narrow.kv_bytes == found.kv_bytes / 2


def test_a_sliding_window_caps_the_work_of_its_layers_alone() -> None:
    shape = find("Gemma-3-12B")
    window = max(shape.windows)
    short, long = (roofline(shape, H100, "decode", 1, length) for length in (window, 4 * window))
    parts = {layer.name: layer for layer in short.layers if layer.kind == "attention"}
    assert {layer.count for layer in parts.values()} == {8, 40}
    for layer in long.layers:
        if layer.kind == "attention":
            assert layer.flops == parts[layer.name].flops * (1 if "window" in layer.name else 4)
    prefill = roofline(shape, H100, "prefill", 1, 4 * window)
    sliding = next(layer for layer in prefill.layers if "window" in layer.name)
    visible = sum(min(position, window) for position in range(1, 4 * window + 1))
    assert sliding.flops == 40 * 4 * shape.query_width * visible


def test_latent_attention_reads_one_latent_for_all_heads() -> None:
    shape = find("DeepSeek-V3")
    found = roofline(shape, find_card("H200"), "decode", 1, 4096, tensor_parallel=8)
    attention = next(layer for layer in found.layers if layer.kind == "attention")
    assert attention.flops == 61 * 16 * 2 * (512 + 64 + 512) * 4096
    assert attention.kv_bytes == 61 * (512 + 64) * 2 * 4097
    prefill = roofline(shape, find_card("H200"), "prefill", 1, 4096, tensor_parallel=8)
    expanded = next(layer for layer in prefill.layers if layer.kind == "attention")
    assert expanded.flops == 61 * 16 * 2 * (128 + 64 + 128) * (4096 * 4097 // 2)


@pytest.mark.parametrize("name", names())
def test_every_model_has_a_bound_in_both_phases_up_to_absurd_sizes(name: str) -> None:
    shape = find(name)
    for phase in PHASES:
        for batch, context in ((1, 1), (64, 4096), (10**6, 10**9)):
            found = roofline(shape, H100, phase, batch, context)
            assert 0 < found.time_s < math.inf
            assert 0 < found.tokens_per_second < math.inf
            assert 0 < found.critical_batch < math.inf
            assert len(found.layers) < 40


@given(experts=st.integers(2, 512), tokens=st.integers(1, 10_000), data=st.data())
def test_a_batch_meets_between_one_tokens_experts_and_all(experts: int, tokens: int, data: st.DataObject) -> None:
    each = data.draw(st.integers(1, experts))
    met = distinct_experts(experts, each, tokens)
    assert each * (1 - 1e-12) <= met <= min(experts, each * tokens) * (1 + 1e-12)


def test_experts_are_read_as_far_as_a_batch_chooses_them() -> None:
    shape = find("Qwen3-30B-A3B")
    held = 128 * 3 * 2048 * 768 * 48 * 2
    for batch, share in ((1, 8 / 128), (32, 1 - (120 / 128) ** 32), (5_000, 1.0)):
        found = roofline(shape, H100, "decode", batch, 16)
        read = sum(layer.weight_bytes for layer in found.layers if layer.name.startswith("experts."))
        assert read == pytest.approx(share * held)


@pytest.mark.parametrize(
    ("card", "form", "dtype"),
    [
        ("H100", "", "bf16"),
        ("H100", "fp8", "fp8"),
        ("A100", "fp8", "bf16"),  # the card lacks it: weights are widened
        ("H100", "awq", "bf16"),
        ("A100", "int8", "int8"),
        ("A100", "nf4", "bf16"),
        ("T4", "", "fp16"),
        ("A100", "fp32", "fp32"),
        ("M3 Pro", "Q4_K_M", "fp16"),
    ],
)
def test_the_roof_is_that_of_the_arithmetic_not_of_the_storage(card: str, form: str, dtype: str) -> None:
    gpu = find_card(card)
    found = roofline(LLAMA, gpu, "decode", 4, 512, form)
    assert found.dtype == dtype
    assert found.ridge_point == peak(gpu, dtype) / gpu.bandwidth
    attention = next(layer for layer in found.layers if layer.kind == "attention")
    assert attention.dtype == (dtype if form == "fp32" else "bf16" if gpu.bf16 else "fp16")


@pytest.mark.parametrize(("form", "share"), [("", 1.0), ("fp8", 0.5), ("awq", 4.15625 / 16)])
def test_decode_weights_turn_compute_bound_at_the_ridge_times_their_width(form: str, share: float) -> None:
    shape = replace(LLAMA, vocabulary=128)  # a head too small to matter, as it stays at 16 bit
    found = roofline(shape, A100, "decode", 1, 16, form)
    assert found.critical_batch == pytest.approx(153.016 * share, rel=0.002)
    assert found.critical_batch == pytest.approx(textbook_critical_batch(A100, "", 16 * share)[0], rel=0.002)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("card", ["H100", "T4", "L40S"])
def test_the_critical_batches_are_where_both_times_meet(name: str, card: str) -> None:
    shape, gpu = find(name), find_card(card)
    found = roofline(shape, gpu, "decode", 1, 1)
    for batch, bound in (
        (math.floor(found.critical_batch), "memory"),
        (math.ceil(found.critical_batch) + 1, "compute"),
    ):
        step = roofline(shape, gpu, "decode", max(1, batch), 1)
        weighted = [layer for layer in step.layers if layer.kind in {"linear", "head"}]
        arithmetic = sum(layer.flops / layer.peak for layer in weighted)
        reading = sum(layer.weight_bytes for layer in weighted) / step.bandwidth
        assert ("compute" if arithmetic >= reading else "memory") == bound
    if found.step_critical_batch is not None:
        turned = math.ceil(found.step_critical_batch)
        assert roofline(shape, gpu, "decode", turned + 1, 1).bound == "compute"
        assert roofline(shape, gpu, "decode", max(1, turned - 2), 1).bound == "memory"


def test_long_contexts_keep_decode_memory_bound_at_any_batch() -> None:
    assert roofline(LLAMA, A100, "decode", 1, 8192).step_critical_batch is None
    assert roofline(LLAMA, A100, "decode", 20_000, 8192).bound == "memory"
    assert roofline(LLAMA, A100, "prefill", 1, 8192).bound == "compute"


def test_tensor_parallel_adds_what_a_ring_sends() -> None:
    found = roofline(LLAMA, H100, "decode", 4, 1024, tensor_parallel=4)
    reduce, gather = found.collectives
    assert (reduce.count, reduce.payload) == (65, 4 * 4096 * 2)
    assert reduce.sent == 65 * 4 * 4096 * 2 * 2 * 3 / 4
    assert gather.sent == 4 * 128_256 * 2 * 3 / 4
    assert found.communication_s == (reduce.sent + gather.sent) / H100.link.bandwidth
    assert found.time_s == pytest.approx(sum(layer.time_s for layer in found.layers) + found.communication_s)
    assert roofline(LLAMA, H100, "decode", 4, 1024).collectives == ()


def test_efficiencies_stretch_each_side() -> None:
    ideal = roofline(LLAMA, A100, "decode", 1, 1024)
    real = roofline(LLAMA, A100, "decode", 1, 1024, memory_efficiency=0.5)
    assert real.memory_s == pytest.approx(2 * ideal.memory_s)
    assert real.compute_s == ideal.compute_s
    assert any("50% of bandwidth" in text.en for text in real.derivation.assumptions)


@pytest.mark.parametrize(
    ("name", "published"), [("DeepSeek-V2", 155e9), ("DeepSeek-V3", 250e9), ("Llama-3.1-405B", 2448e9)]
)
def test_three_passes_with_all_logits_are_the_training_of_the_deepseek_paper(name: str, published: float) -> None:
    found = roofline(find(name), H100, "prefill", 1, 4096, logits="all")  # arXiv:2505.09343, table 2
    trained = 3 * flops(found, "linear", "head", "attention") / 4096
    assert trained == pytest.approx(published, rel=0.012)
    assert trained == pytest.approx(training_flops(find(name), 4096).per_token, rel=0.001)


def test_the_book_on_scaling_agrees_once_its_parameters_are_taken() -> None:
    lists = [row for row in rows() if row.quantity == "decode_step_time"]
    assert lists
    for row in lists:
        found, base = decode(row), find("Llama-2-13B")
        kept = 2 * (40 - 8) * 128 * base.hidden * base.layers * 2 + base.vocabulary * base.hidden * 2
        step = (found.weight_bytes + found.kv_bytes + kept / 8) / found.bandwidth
        assert row.accepts(step), (row.id, step)


@pytest.mark.parametrize(
    ("start", "low", "high"), [("gf-7b-", 0.35, 0.75), ("gf-70b", 0.35, 0.75), ("apple", 0.65, 0.9)]
)
def test_measured_throughput_is_a_plausible_part_of_the_bound(start: str, low: float, high: float) -> None:
    measured = [row for row in rows() if row.id.startswith(start) and row.quantity == "decode_throughput"]
    assert measured
    for row in measured:
        share = row.value / decode(row).tokens_per_second
        assert (low if "tp8" not in row.id else 0.2) <= share <= high, (row.id, share)


CASES: dict[str, tuple[str, str, dict[str, object]]] = {
    "prefill": ("Llama-3.1-8B", "prefill", {"batch": 2, "context": 4096}),
    "decode": ("Llama-3.1-8B", "decode", {"batch": 16, "context": 4096, "weight_format": "awq"}),
    "eager": ("Llama-2-7B", "prefill", {"context": 512, "attention": "eager"}),
    "experts": ("Qwen3-30B-A3B", "decode", {"batch": 16, "context": 512}),
    "latent": ("DeepSeek-V2-Lite", "decode", {"batch": 3, "context": 5_000, "weight_format": "Q4_K_M"}),
    "windows": ("Gemma-3-12B", "prefill", {"context": 9_000}),
    "two peaks": ("Llama-3.1-8B", "prefill", {"context": 1024, "weight_format": "fp8", "tensor_parallel": 2}),
}


@pytest.mark.parametrize(("name", "phase", "settings"), CASES.values(), ids=CASES.keys())
def test_every_line_of_the_derivation_can_be_redone(name: str, phase: Phase, settings: dict[str, object]) -> None:
    found = roofline(find(name), H100, phase, **settings)  # pyright: ignore[reportArgumentType]
    lines = {line.name.en: line for line in found.derivation.steps}
    for line in lines.values():
        assert redo(line) == pytest.approx(line.value, rel=2e-5), line
        assert line.unit
    for text in (*(line.name for line in lines.values()), *found.derivation.assumptions):
        assert text.en and any("\u4e00" <= sign <= "\u9fff" for sign in text.zh), text
    assert lines["FLOPs"].value == pytest.approx(found.flops)
    assert lines["bytes"].value == pytest.approx(found.bytes)
    assert lines["sum over operations of the longer time"].value == pytest.approx(found.time_s)
    assert lines["tokens per second"].value == pytest.approx(found.tokens_per_second)
    assert found.derivation.note == "roofline-model"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"phase": "train"}, "'train' is not a known phase"),
        ({"batch": 0}, r"batch 0 is out of range"),
        ({"batch": -3}, r"batch -3 is out of range"),
        ({"batch": 10**30}, "out of range"),
        ({"batch": "4"}, "batch '4' is not a whole number"),
        ({"context": 0}, "context 0 is out of range"),
        ({"context": math.nan}, "context nan is not a whole number"),
        ({"weight_format": "q9"}, "'q9' is not a known weight format"),
        ({"kv_dtype": "fp9"}, "'fp9' is not a known KV cache format"),
        ({"tensor_parallel": 3}, "cannot be divided by the tensor parallel size 3"),
        ({"memory_efficiency": 1.5}, "memory efficiency 1.5 is out of range"),
        ({"compute_efficiency": math.inf}, "compute efficiency inf is not a finite number"),
        ({"attention": "linear"}, "'linear' is not a known attention kernel"),
    ],
)
def test_what_cannot_be_is_refused(settings: dict[str, object], message: str) -> None:
    asked: dict[str, object] = {"phase": "decode", "batch": 1, "context": 16, **settings}
    with pytest.raises(UserMistake, match=message):
        roofline(LLAMA, A100, **asked)  # pyright: ignore[reportArgumentType]


def test_cards_without_a_link_cannot_share_a_model() -> None:
    with pytest.raises(UserMistake, match="M3 Pro has no link"):
        roofline(LLAMA, find_card("M3 Pro"), "decode", tensor_parallel=2)


def test_a_sweep_gives_the_same_figures_as_single_calculations() -> None:
    work = Workload("decode", 1, 4096, "awq")
    points = sweep(LLAMA, H100, work, "batch", (1, 8, 64))
    for point in points:
        one = roofline(LLAMA, H100, "decode", point.value, 4096, "awq")
        assert (point.time_s, point.flops, point.bytes, point.bound) == (one.time_s, one.flops, one.bytes, one.bound)
    assert [point.value for point in sweep(LLAMA, H100, work, "context", (1, 10))] == [1, 10]
    with pytest.raises(UserMistake, match="batch 0"):
        sweep(LLAMA, H100, work, "batch", (0,))


@given(least=st.integers(1, 1000), extra=st.integers(0, 10**6), points=st.integers(2, 200))
def test_spread_values_rise_from_least_to_most(least: int, extra: int, points: int) -> None:
    values = spread(least, least + extra, points)
    assert values[0] == least and values[-1] == least + extra
    assert list(values) == sorted(set(values)) and len(values) <= points


@pytest.mark.parametrize("name", ["Llama-3.1-8B", "DeepSeek-V3", "Gemma-3-27B"])
def test_a_sweep_of_a_hundred_points_answers_at_once(name: str) -> None:
    def elapsed(shape: ModelShape) -> float:
        begun = time.perf_counter()
        sweep(shape, H100, Workload("decode", 1, 4096), "context", range(1_000, 101_000, 1_000))
        return time.perf_counter() - begun

    assert min(elapsed(find(name)) for _ in range(3)) < 0.05
