import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.errors import UserMistake
from tools.calculators.config_file import read_config, shape_from_config
from tools.calculators.family import FAMILIES
from tools.calculators.parameter import count
from tools.calculators.weight_format import weights

LLAMA: dict[str, Any] = {
    "model_type": "llama",
    "hidden_size": 2048,
    "num_hidden_layers": 16,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 64,
    "intermediate_size": 8192,
    "vocab_size": 128256,
    "tie_word_embeddings": True,
    "max_position_embeddings": 131072,
    "torch_dtype": "bfloat16",
}
GEMMA3_TEXT = {
    "hidden_size": 2560,
    "intermediate_size": 10240,
    "model_type": "gemma3_text",
    "num_hidden_layers": 34,
    "sliding_window": 1024,
}
SIGLIP = {
    "hidden_size": 1152,
    "image_size": 896,
    "intermediate_size": 4304,
    "model_type": "siglip_vision_model",
    "num_attention_heads": 16,
    "num_hidden_layers": 27,
    "patch_size": 14,
}


def shape(**change: Any):
    config = {key: value for key, value in {**LLAMA, **change}.items() if value is not ...}
    return shape_from_config(config, "m")


def compressed(**weights: Any) -> dict[str, Any]:
    return {"quant_method": "compressed-tensors", "config_groups": {"group_0": {"weights": weights}}}


def test_a_llama_config_gives_the_published_count() -> None:
    assert count(shape()).total == 1_235_814_400


def test_head_dim_is_derived_only_where_the_config_is_silent() -> None:
    assert shape(head_dim=128).head_dim == 128
    assert shape(head_dim=...).head_dim == shape(head_dim=None).head_dim == 64


def test_kv_heads_default_to_the_query_heads() -> None:
    assert shape(num_key_value_heads=...).kv_heads == 32


def test_a_nested_text_config_is_completed_by_its_family() -> None:
    """Google's published Gemma-3 configs leave out heads, head_dim and vocabulary."""
    config = {"model_type": "gemma3", "text_config": GEMMA3_TEXT, "vision_config": SIGLIP, "torch_dtype": "bfloat16"}
    gemma = shape_from_config(config, "gemma-3-4b")
    assert (gemma.heads, gemma.kv_heads, gemma.head_dim, gemma.vocabulary) == (8, 4, 256, 262_208)
    assert gemma.other_parameters == 416_866_032 + 2_950_272
    assert 2 * (count(gemma).total + gemma.other_parameters) == 8_600_158_944


@pytest.mark.parametrize(
    ("change", "windows"),
    [
        ({"model_type": "mistral", "sliding_window": 4096}, (4096,) * 16),
        ({"model_type": "mistral", "sliding_window": None}, ()),
        ({"model_type": "mistral", "sliding_window": 262_144}, ()),
        ({"model_type": "gemma2", "sliding_window": 4096}, (4096, 0) * 8),
        ({"model_type": "gemma3_text", "sliding_window": 512}, ((512,) * 5 + (0,)) * 2 + (512,) * 4),
        ({"model_type": "gemma3_text", "sliding_window": 512, "sliding_window_pattern": 2}, (512, 0) * 8),
        ({"model_type": "qwen2", "sliding_window": 4096, "use_sliding_window": False}, ()),
        (
            {"model_type": "qwen2", "sliding_window": 4096, "use_sliding_window": True, "max_window_layers": 12},
            (0,) * 12 + (4096,) * 4,
        ),
        (
            {
                "model_type": "gpt_oss",
                "sliding_window": 128,
                "layer_types": ["full_attention", "sliding_attention"] * 8,
            },
            (0, 128) * 8,
        ),
    ],
)
def test_layers_slide_as_the_family_and_the_config_say(change: dict[str, Any], windows: tuple[int, ...]) -> None:
    assert shape(**change).windows == windows


@pytest.mark.parametrize(
    ("change", "layers"),
    [
        ({"model_type": "qwen3_moe", "decoder_sparse_step": 2}, tuple(range(1, 16, 2))),
        ({"model_type": "qwen3_moe", "mlp_only_layers": [0, 5]}, tuple(n for n in range(16) if n not in (0, 5))),
        ({"model_type": "glm4_moe", "first_k_dense_replace": 3}, tuple(range(3, 16))),
        ({"model_type": "mixtral"}, tuple(range(16))),
    ],
)
def test_experts_stand_in_the_layers_the_config_names(change: dict[str, Any], layers: tuple[int, ...]) -> None:
    read = shape(num_experts=8, num_experts_per_tok=2, moe_intermediate_size=512, **change)
    assert read.experts is not None
    assert read.experts.layers == layers


@pytest.mark.parametrize(
    ("quantization", "stored"),
    [
        ({"quant_method": "awq", "bits": 4, "group_size": 128}, "awq-g128"),
        ({"quant_method": "gptq", "bits": 4, "group_size": 32}, "gptq-g32"),
        ({"quant_method": "gptq", "bits": 8, "group_size": -1}, "gptq-int8-channel"),
        ({"quant_method": "fp8", "weight_block_size": [128, 128]}, "fp8-block"),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_use_double_quant": True}, "nf4-dq"),
        ({"quant_method": "mxfp4"}, "mxfp4"),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, "nvfp4"),
        (compressed(num_bits=4, type="int", group_size=128), "awq-g128"),
        (compressed(num_bits=8, type="int"), "int8"),
        (compressed(num_bits=8, type="float"), "fp8"),
        ({"quant_method": "compressed-tensors"}, "compressed-tensors"),
        ({"quant_method": "aqlm"}, "aqlm"),
        (None, ""),
    ],
)
def test_the_stored_format_is_read_off_the_config(quantization: dict[str, Any] | None, stored: str) -> None:
    assert shape(quantization_config=quantization).weight_format == stored


def test_weights_in_an_unknown_format_are_refused_when_they_are_asked_for() -> None:
    read = shape(quantization_config={"quant_method": "aqlm"})
    with pytest.raises(UserMistake, match="'aqlm' is not a known weight format"):
        weights(read)
    assert weights(read, "bf16").bytes == 2 * count(read).total


def test_a_vision_tower_that_is_not_counted_is_said_to_be_left_out() -> None:
    read = shape_from_config(
        {"model_type": "mistral3", "text_config": LLAMA, "vision_config": {"model_type": "pixtral"}}, "m"
    )
    assert (read.other_parameters, read.left_out) == (0, "vision tower")
    assert any("vision tower" in said.en for said in weights(read).derivation.assumptions)


def test_every_missing_field_is_named() -> None:
    with pytest.raises(UserMistake, match=r"'m' lacks hidden_size, num_attention_heads, vocab_size\."):
        shape(hidden_size=..., num_attention_heads=..., vocab_size=...)


def test_missing_fields_are_named_as_the_family_spells_them() -> None:
    with pytest.raises(UserMistake, match="lacks n_embd, n_layer"):
        shape_from_config({"model_type": "gpt2", "n_head": 12, "vocab_size": 50257}, "m")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "llamma"}, "'llamma' is not a known model_type of a config. Closest: llama"),
        ({"model_type": ...}, "None is not a known model_type"),
        ({"hidden_size": "2048"}, "hidden_size of m '2048' is not a whole number"),
        ({"hidden_size": 0}, "hidden_size of m 0"),
        ({"num_hidden_layers": 10**9}, "num_hidden_layers of m 1000000000"),
        ({"num_attention_heads": -1}, "num_attention_heads of m -1"),
        ({"vocab_size": float("nan")}, "vocab_size of m nan"),
        ({"head_dim": ..., "num_attention_heads": 7, "num_key_value_heads": 7}, "no multiple of 7 heads"),
        ({"intermediate_size": ...}, "lacks intermediate_size"),
        ({"layer_types": ["linear_attention"] * 16}, "'linear_attention'"),
        ({"model_type": "deepseek_v3"}, "lacks kv_lora_rank, qk_rope_head_dim"),
        ({"num_attention_heads": 0, "head_dim": ...}, "num_attention_heads of m 0"),
    ],
)
def test_a_config_that_cannot_be_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(UserMistake, match=message):
        shape(**change)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "is not JSON"),
        (b"[]", "holds no JSON object"),
        (b"\xff\xfe", "cannot be read"),
        (b"[" * 100_000, "is not JSON"),
        (b" " * (5 * 2**20), "bytes: no config is like that"),
    ],
)
def test_a_file_that_is_no_config_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(content)
    with pytest.raises(UserMistake, match=message):
        read_config(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match="is no file"):
        read_config(tmp_path / "config.json")


def test_a_model_is_named_after_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "my-model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(LLAMA))
    assert read_config(folder / "config.json").name == "my-model"


VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=5)
    | st.lists(st.integers(), max_size=3)
)


@given(
    st.sampled_from(sorted(FAMILIES)), st.dictionaries(st.sampled_from(sorted(LLAMA.keys() - {"model_type"})), VALUES)
)
def test_any_config_is_a_shape_or_a_mistake_of_the_user(model_type: str, change: dict[str, Any]) -> None:
    try:
        assert count(shape(**{**change, "model_type": model_type})).total > 0
    except UserMistake as refusal:
        assert refusal.remedy
