from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.errors import UserMistake
from tools.calculators.kv_cache import (
    UNBOUNDED,
    fitting_tokens,
    kv_cache,
    largest_batch,
    longest_context,
    request_bytes,
)
from tools.calculators.model_catalogue import find
from tools.calculators.unit import GIB

MODELS = st.sampled_from(["Qwen3-14B", "Gemma-3-27B", "gpt-oss-20b", "DeepSeek-V3", "Mistral-7B-v0.1", "Gemma-2-9B"])


def test_one_token_takes_two_vectors_of_each_kv_head_and_layer() -> None:
    assert kv_cache(find("Qwen3-14B"), 1).bytes == 2 * 40 * 8 * 128 * 2


@pytest.mark.parametrize(
    ("dtype", "bytes_per_token"),
    [
        ("", 163_840),
        ("bf16", 163_840),
        ("fp8", 81_920),
        ("fp8_e4m3", 81_920),
        ("fp32", 327_680),
        ("q8_0", 87_040),
        ("q4_0", 46_080),
    ],
)
def test_the_cache_is_kept_in_its_own_format(dtype: str, bytes_per_token: int) -> None:
    assert kv_cache(find("Qwen3-14B"), 1, dtype=dtype).bytes_per_token == bytes_per_token


@pytest.mark.parametrize(("gpus", "bytes_per_token"), [(1, 163_840), (2, 81_920), (8, 20_480)])
def test_heads_are_shared_out_over_gpus(gpus: int, bytes_per_token: int) -> None:
    assert kv_cache(find("Qwen3-14B"), 1, tensor_parallel=gpus).bytes_per_token == bytes_per_token


def test_a_head_is_never_split() -> None:
    shape = find("Llama-3.1-70B")
    assert kv_cache(shape, 100, tensor_parallel=16).bytes == kv_cache(shape, 100, tensor_parallel=8).bytes


def test_the_latent_stands_whole_on_every_gpu() -> None:
    shape = find("DeepSeek-V3")
    assert kv_cache(shape, 1, tensor_parallel=8).bytes_per_token == kv_cache(shape, 1).bytes_per_token == 70_272


def test_sliding_layers_keep_their_window_only() -> None:
    shape = find("Gemma-3-27B")
    cache = kv_cache(shape, 131_072)
    assert cache.bytes == 8_192 * (10 * 131_072 + 52 * 1_024)
    assert cache.bytes_per_token == 62 * 8_192
    assert cache.growing_bytes_per_token == 10 * 8_192


def test_blocks_round_each_sequence_up() -> None:
    shape = find("Qwen3-14B")
    assert kv_cache(shape, 17, 3, block=16).bytes == 3 * 32 * 163_840


def test_a_hybrid_cache_is_laid_out_in_groups_as_vllm_does() -> None:
    """Log of vLLM 0.19 on an H100: 19.53 GiB, 15,997 blocks in 7 groups, 36,560 tokens."""
    assert fitting_tokens(find("Gemma-3-27B"), round(19.53 * GIB)) == 15_997 // 7 * 16 == 36_560


@pytest.mark.parametrize(
    ("model", "gib", "dtype", "tokens"),
    [
        ("Qwen2.5-7B", 58.53, "", 1_096_000),
        ("Qwen2.5-7B", 58.53, "fp8", 2_192_000),
        ("Llama-3.1-8B", 58.11, "fp8", 952_032),
    ],
)
def test_tokens_are_those_of_real_logs(model: str, gib: float, dtype: str, tokens: int) -> None:
    """github.com/llm-d-incubation/llm-d-planner, accuracy report of vLLM 0.19 on an H100; GiB rounded there."""
    assert fitting_tokens(find(model), round(gib * GIB), dtype) == pytest.approx(tokens, rel=1e-4)


def test_a_request_of_a_sliding_model_also_holds_a_chunk_of_prefill() -> None:
    shape = find("gpt-oss-20b")
    layer = 2 * 8 * 64 * 2
    assert request_bytes(shape, 131_072) == 12 * layer * (131_072 + (-(-(127 + 2_048) // 16) + 1) * 16)
    assert request_bytes(find("Qwen3-14B"), 100) == 7 * 16 * 163_840


@given(MODELS, st.integers(1, 200_000), st.integers(1, 64), st.sampled_from(["bf16", "fp8"]))
def test_the_cache_grows_with_context_and_batch(name: str, context: int, batch: int, dtype: str) -> None:
    shape = find(name)
    here = kv_cache(shape, context, batch, dtype).bytes
    assert kv_cache(shape, context + 1, batch, dtype).bytes >= here
    assert kv_cache(shape, context, batch + 1, dtype).bytes > here
    assert kv_cache(shape, context, batch, dtype, tensor_parallel=2).bytes <= here


@given(MODELS, st.integers(1, 80 * GIB), st.integers(1, 64), st.sampled_from([1, 16]))
def test_the_longest_context_fits_and_one_block_more_does_not(
    name: str, available: int, batch: int, block: int
) -> None:
    shape = find(name)
    longest = longest_context(shape, available, batch, block=block)
    if 0 < longest < UNBOUNDED:
        assert kv_cache(shape, longest, batch, block=block).bytes <= available
    if longest < UNBOUNDED:
        assert kv_cache(shape, longest + block, batch, block=block).bytes > available


@given(MODELS, st.integers(0, 80 * GIB), st.integers(1, 100_000))
def test_the_largest_batch_fits_and_one_more_does_not(name: str, available: int, context: int) -> None:
    shape = find(name)
    largest = largest_batch(shape, available, context)
    if largest:
        assert kv_cache(shape, context, largest, block=16).bytes <= available
    assert kv_cache(shape, context, largest + 1, block=16).bytes > available


def test_where_every_layer_slides_memory_sets_no_limit() -> None:
    shape = find("Mistral-7B-v0.1")
    assert longest_context(shape, 4096 * 131_072) == UNBOUNDED
    assert longest_context(shape, 4095 * 131_072) == 4080
    assert longest_context(replace(shape, windows=()), 8192 * 131_072) == 8192


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"context": 0}, "context 0 is out of range"),
        ({"context": -5}, "context -5"),
        ({"context": "long"}, "context 'long' is not a whole number"),
        ({"context": float("nan")}, "context nan"),
        ({"context": 10**12}, "context 1000000000000 is out of range"),
        ({"context": 10, "batch": 0}, "batch 0"),
        ({"context": 10, "dtype": "fp7"}, "'fp7' is not a known KV cache format. Closest: .*fp8"),
        ({"context": 10, "tensor_parallel": 3}, "40 query heads"),
        ({"context": 10, "block": 0}, "block 0"),
    ],
)
def test_sizes_that_cannot_be_are_refused(arguments: dict[str, int], message: str) -> None:
    with pytest.raises(UserMistake, match=message):
        kv_cache(find("Qwen3-14B"), **arguments)
