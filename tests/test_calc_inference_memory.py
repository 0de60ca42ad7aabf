from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_calc_derivation import redo

from knowledge.errors import UserMistake
from tools.calculators.accelerator import find as find_card
from tools.calculators.inference_memory import InferenceMemory, inference_memory
from tools.calculators.kv_cache import UNBOUNDED
from tools.calculators.model_catalogue import find
from tools.calculators.piecewise import largest
from tools.calculators.tensor import parallel_refusal
from tools.calculators.unit import GIB
from tools.calculators.weight_format import weights
from tools.calculators.working_memory import Step, default_step, step_cost

MODELS = st.sampled_from(["Qwen3-14B", "Gemma-3-27B", "gpt-oss-20b", "Qwen3-30B-A3B", "Mistral-7B-v0.1", "Qwen3-0.6B"])
CARDS = st.sampled_from(["RTX 4090", "H100 SXM", "A100 80GB", "T4", "L40S"])
FORMATS = st.sampled_from(["", "awq", "fp8", "Q4_K_M"])


@pytest.mark.parametrize(
    ("model", "gib"),
    [
        ("Qwen2.5-7B", 2.21),
        ("Qwen3-8B", 2.21),
        ("Qwen3-14B", 2.23),
        ("Llama-3.1-8B", 1.89),
        ("Gemma-2-2B", 3.62),
        ("Gemma-2-27B", 3.66),
        ("Phi-4", 1.52),
        ("DeepSeek-V2-Lite", 1.93),
        ("Qwen3-30B-A3B", 2.68),
        ("Gemma-3-27B", 3.99),
    ],
)
def test_activations_are_those_of_real_logs(model: str, gib: float) -> None:
    """github.com/llm-d-incubation/llm-d-planner, accuracy report of vLLM 0.19: 8,192 tokens, 1,024 sequences."""
    assert step_cost(find(model)).activation(8192, 1024) / GIB == pytest.approx(gib, rel=0.07)


def test_the_parts_of_a_worked_case() -> None:
    """Qwen3-14B on two RTX 4090 with one request of 32,000 tokens."""
    memory = inference_memory(find("Qwen3-14B"), 32_000, 1, tensor_parallel=2, card=find_card("RTX 4090"))
    assert memory.kv == 2 * 2_621_440_000
    assert memory.weights == 2 * weights(find("Qwen3-14B"), "", 2).bytes
    assert memory.limit == int(0.92 * find_card("RTX 4090").reported_memory)
    assert memory.fits
    assert memory.model_context == 40_960


def test_without_a_card_nothing_is_said_of_limits() -> None:
    memory = inference_memory(find("Qwen3-14B"), 32_000)
    assert (memory.limit, memory.fits, memory.max_context, memory.max_batch) == (None, None, None, None)


@pytest.mark.parametrize(
    ("model", "stored", "cards", "card", "fits"),
    [
        ("Qwen3-32B", "awq", 2, "RTX 4090", True),
        ("Qwen3-32B", "", 2, "RTX 4090", False),
        ("Qwen3-14B", "", 1, "RTX 4090", False),
        ("Qwen3-14B", "awq", 1, "RTX 4090", True),
        ("Llama-3.1-70B", "", 2, "H100 SXM", False),
        ("Llama-3.1-70B", "fp8", 2, "H100 SXM", True),
        ("Llama-3.1-8B", "", 1, "RTX 3090", True),
    ],
)
def test_known_cases_fit_or_do_not(model: str, stored: str, cards: int, card: str, fits: bool) -> None:
    memory = inference_memory(find(model), 20_000, 1, stored, "", cards, find_card(card))
    assert memory.fits is fits


@given(MODELS, FORMATS, st.integers(1, 200_000), st.integers(1, 300), st.sampled_from([1, 2, 4]), CARDS)
def test_the_total_is_the_sum_of_the_parts(
    name: str, stored: str, context: int, batch: int, cards: int, card: str
) -> None:
    memory = inference_memory(find(name), context, batch, stored, "", cards, find_card(card))
    assert memory.total == memory.weights + memory.kv + memory.activation + memory.overhead
    assert memory.total == memory.per_gpu * cards
    assert memory.fits is (memory.limit is not None and memory.per_gpu <= memory.limit)


@given(MODELS, st.integers(1, 200_000), st.integers(1, 3_000), st.integers(1, 5_000), CARDS)
def test_memory_grows_with_context_and_batch(name: str, context: int, batch: int, more: int, card: str) -> None:
    shape, gpu = find(name), find_card(card)
    here = inference_memory(shape, context, batch, card=gpu).per_gpu
    assert inference_memory(shape, context + more, batch, card=gpu).per_gpu >= here
    assert inference_memory(shape, context, batch + more, card=gpu).per_gpu >= here


@given(MODELS, FORMATS, st.integers(1, 200_000), st.integers(1, 300), st.sampled_from([1, 2, 4]))
def test_more_gpus_never_need_more_on_each_but_for_their_exchange(
    name: str, stored: str, context: int, batch: int, cards: int
) -> None:
    shape = find(name)
    if parallel_refusal(shape, 2 * cards):
        return
    one = inference_memory(shape, context, batch, stored, "", cards)
    two = inference_memory(shape, context, batch, stored, "", 2 * cards)
    exchange = 160 * 2**20 if cards == 1 else 0
    assert two.per_gpu - exchange <= one.per_gpu


def _fits(name: str, stored: str, cards: int, card: str, context: int, batch: int) -> InferenceMemory:
    return inference_memory(find(name), context, batch, stored, "", cards, find_card(card))


@settings(max_examples=150)
@given(MODELS, FORMATS, CARDS, st.sampled_from([1, 2]), st.integers(1, 3_000), st.integers(1, 60_000))
def test_the_longest_context_and_largest_batch_fit_and_one_more_does_not(
    name: str, stored: str, card: str, cards: int, batch: int, context: int
) -> None:
    memory = _fits(name, stored, cards, card, context, batch)
    longest, most = memory.max_context, memory.max_batch
    assert longest is not None
    assert most is not None
    if longest:
        assert _fits(name, stored, cards, card, longest, batch).fits
    if longest < UNBOUNDED:
        assert not _fits(name, stored, cards, card, longest + 1, batch).fits
    if most:
        assert _fits(name, stored, cards, card, context, most).fits
    if most < UNBOUNDED:
        assert not _fits(name, stored, cards, card, context, most + 1).fits
    assert memory.fits == (longest >= context) == (most >= batch)


@given(
    st.lists(st.tuples(st.integers(1, 500), st.integers(0, 50)), min_size=1, max_size=4),
    st.integers(0, 60_000),
    st.integers(1, 3_000),
)
def test_solving_equals_a_search_by_steps(pieces: list[tuple[int, int]], limit: int, most: int) -> None:
    """Each piece costs its slope for every step up to where it bends; the last grows on."""

    def cost(x: int) -> int:
        return 7 + x + sum(slope * min(x, bend) for bend, slope in pieces)

    stepped = max((x for x in range(1, most + 1) if cost(x) <= limit), default=0)
    assert largest(cost, [bend for bend, _ in pieces], limit, most) == stepped


def test_every_step_carries_its_numbers_and_the_last_is_the_limit() -> None:
    memory = inference_memory(find("Qwen3-30B-A3B"), 32_000, 4, card=find_card("L40S"))
    steps = {line.name.en: line for line in memory.derivation.steps}
    assert steps["memory on one GPU"].value == memory.per_gpu
    assert steps["memory on all GPUs"].value == memory.total
    assert steps["what one GPU may give"].value == memory.limit
    assert all(line.name.zh and line.unit for line in memory.derivation.steps)
    for line in memory.derivation.steps:
        assert redo(line) == pytest.approx(line.value, rel=1e-5, abs=16), line
    assert memory.derivation.note == "vllm-memory"


@pytest.mark.parametrize(
    ("card", "tokens", "sequences"),
    [("H100 SXM", 8192, 1024), ("A100 80GB", 2048, 256), ("RTX 4090", 2048, 256), ("MI300X", 16_384, 1024)],
)
def test_a_step_has_the_size_that_vllm_gives_it_on_that_card(card: str, tokens: int, sequences: int) -> None:
    assert default_step(find_card(card)) == Step(tokens, sequences)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"context": 0}, "context 0"),
        ({"context": -1}, "context -1"),
        ({"context": "long"}, "context 'long' is not a whole number"),
        ({"context": 10**10}, "context 10000000000"),
        ({"context": 1, "batch": 0}, "batch 0"),
        ({"context": 1, "batch": 1.5}, "batch 1.5"),
        ({"context": 1, "utilization": 0.0}, "memory utilization 0.0"),
        ({"context": 1, "utilization": 1.2}, "memory utilization 1.2"),
        ({"context": 1, "utilization": float("nan")}, "memory utilization nan"),
        ({"context": 1, "tensor_parallel": 3}, "40 query heads"),
        ({"context": 1, "weight_format": "q9"}, "'q9' is not a known weight format"),
        ({"context": 1, "kv_dtype": "fp7"}, "'fp7' is not a known KV cache format"),
    ],
)
def test_input_that_cannot_be_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(UserMistake, match=message):
        inference_memory(find("Qwen3-14B"), **arguments)
