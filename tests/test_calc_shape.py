"""Shapes, their tensors and how these are split and counted."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.errors import UserMistake
from tools.calculators.model_catalogue import find, names
from tools.calculators.parameter import count, count_per_gpu
from tools.calculators.shape import Experts, ModelShape, validated
from tools.calculators.tensor import (
    check_parallel,
    kv_heads_per_gpu,
    padded_vocabulary,
    parallel_refusal,
    prediction_tensors,
    tensors,
)

SMALL = ModelShape("small", 2, 64, 4, 2, 16, 128, 100, False)


@st.composite
def shapes(draw: st.DrawFn) -> ModelShape:
    kv_heads = draw(st.sampled_from([1, 2, 4, 8]))
    layers = draw(st.integers(1, 12))
    experts = None
    if draw(st.booleans()):
        total = draw(st.integers(2, 16))
        first = draw(st.integers(0, layers - 1))
        experts = Experts(
            total, draw(st.integers(1, total)), 64, tuple(range(first, layers)), draw(st.sampled_from([0, 64]))
        )
    return ModelShape(
        name="drawn",
        layers=layers,
        hidden=draw(st.sampled_from([64, 256, 1024])),
        heads=kv_heads * draw(st.sampled_from([1, 2, 4])),
        kv_heads=kv_heads,
        head_dim=draw(st.sampled_from([16, 64, 128])),
        intermediate=draw(st.sampled_from([128, 512])),
        vocabulary=draw(st.integers(100, 5_000)),
        tied_embeddings=draw(st.booleans()),
        qkv_bias=draw(st.booleans()),
        qk_norm=draw(st.sampled_from(["none", "head", "projection"])),
        experts=experts,
    )


def test_a_small_model_is_counted_by_hand() -> None:
    attention = 64 * (64 + 32 + 32) + 64 * 64
    layer = attention + 3 * 64 * 128 + 2 * 64
    counted = count(SMALL)
    assert counted.total == 2 * layer + 64 + 2 * 100 * 64
    assert counted.non_embedding == 2 * layer + 64
    assert counted.active == counted.total


@given(shapes())
def test_the_total_is_the_sum_of_its_parts(shape: ModelShape) -> None:
    counted = count(validated(shape))
    assert counted.total == counted.non_embedding + counted.embedding
    assert counted.total == sum(part.rows * part.columns * part.copies * part.places for part in tensors(shape))
    assert counted.derivation.steps[-1].value == counted.total
    assert counted.active <= counted.total


@given(shapes(), st.sampled_from(["layers", "intermediate", "vocabulary", "hidden"]))
def test_a_larger_model_has_more_parameters(shape: ModelShape, field: str) -> None:
    larger = replace(shape, **{field: getattr(shape, field) * 2}, experts=None)
    assert count(larger).total > count(replace(shape, experts=None)).total


@given(shapes(), st.sampled_from([2, 4, 8]))
def test_more_gpus_never_hold_more_each(shape: ModelShape, gpus: int) -> None:
    if not parallel_refusal(shape, gpus):
        shape = replace(shape, vocabulary=64 * gpus * 7)  # else the padding of a small vocabulary outweighs the split
        assert count_per_gpu(shape, gpus) <= count_per_gpu(shape, gpus // 2)


@pytest.mark.parametrize(("gpus", "heads"), [(1, 8), (2, 4), (8, 1), (16, 1)])
def test_a_kv_head_is_never_split(gpus: int, heads: int) -> None:
    assert kv_heads_per_gpu(find("Llama-3.1-70B"), gpus) == heads


def test_gpus_beyond_the_kv_heads_hold_copies() -> None:
    shape = find("Llama-3.1-70B")
    kv = 2 * 8192 * 128 * 80
    assert count_per_gpu(shape, 16) == (count(shape).total - 2 * kv * 4 - 161 * 8192) // 16 + kv + 161 * 8192


@pytest.mark.parametrize(
    ("vocabulary", "gpus", "padded"),
    [(151_936, 1, 151_936), (50_272, 1, 50_304), (32_001, 2, 32_064), (32_000, 3, 32_064)],
)
def test_the_vocabulary_is_padded_as_vllm_pads_it(vocabulary: int, gpus: int, padded: int) -> None:
    assert padded_vocabulary(vocabulary, gpus) == padded
    assert padded % gpus == 0


def test_megatron_pads_to_128_rows_for_each_gpu() -> None:
    assert padded_vocabulary(50_257, 8, multiple=128 * 8) == 51_200


@pytest.mark.parametrize(
    ("model", "gpus", "reason"),
    [
        ("Qwen2.5-7B", 8, "28 query heads"),
        ("Qwen3-14B", 3, "40 query heads"),
        ("Phi-4", 4, "10 KV heads"),
        ("GPT-2-XL", 2, "25 query heads"),
        ("Qwen3-14B", 0, "below 1"),
    ],
)
def test_a_split_through_a_head_is_refused(model: str, gpus: int, reason: str) -> None:
    assert reason in parallel_refusal(find(model), gpus)
    with pytest.raises(UserMistake, match="Use one of 1,"):
        check_parallel(find(model), gpus)


@pytest.mark.parametrize("name", names())
def test_every_built_in_model_runs_on_one_gpu(name: str) -> None:
    assert not parallel_refusal(find(name), 1)


def test_head_dim_is_the_configs_and_not_hidden_over_heads() -> None:
    shape = find("Qwen3-0.6B")
    assert shape.query_width == 2048 != shape.hidden


def test_the_prediction_module_of_deepseek_stands_beside_the_main_model() -> None:
    shape = find("DeepSeek-V3")
    assert {61} == {layer for part in prediction_tensors(shape) for layer in part.layers}
    assert prediction_tensors(find("Qwen3-14B")) == ()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layers": 0}, "layers of small 0"),
        ({"hidden": -64}, "hidden of small -64"),
        ({"vocabulary": 10**12}, "vocabulary of small 1000000000000"),
        ({"kv_heads": 3}, "4 query heads cannot share 3 KV heads"),
        ({"windows": (1024,)}, "1 attention kinds do not fit 2 layers"),
        ({"intermediate": 0}, "no intermediate size"),
        ({"experts": Experts(8, 9, 64, (0, 1))}, "experts per token of small 9"),
        ({"experts": Experts(8, 2, 64, (0, 5))}, "outside the model"),
        ({"head_dim": 1.5}, "head_dim of small 1.5"),
    ],
)
def test_an_impossible_shape_is_refused_by_its_field(change: dict[str, object], message: str) -> None:
    with pytest.raises(UserMistake, match=message):
        validated(replace(SMALL, **change))
