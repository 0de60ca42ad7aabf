"""What the `model_type` of a Hugging Face config says about a model beyond its numbers.

Source: the configuration and modelling files of transformers 4.57.1, one folder per family.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from tools.calculators.shape import Norm, QkNorm

WindowRule = Literal["none", "all", "pattern", "late"]


@dataclass(frozen=True, slots=True)
class Family:
    """One way of building a decoder.

    `defaults` stand in for fields that published configs leave out. `windows` says which layers slide: all of them, all
    but each n-th (`pattern`), or those from `max_window_layers` on (`late`, only if `use_sliding_window`).
    """

    norm: Norm = "rms"
    norms_per_layer: int = 2
    qk_norm: QkNorm = "none"
    optional_qk_norm: QkNorm = "head"  # what `use_qk_norm` switches on
    gated_mlp: bool = True
    qkv_bias: bool | str = False  # a text names the config's field
    output_bias: bool | str = False
    mlp_bias: bool | str = False
    head_bias: bool | str = False
    tied: bool = False
    fused_qkv: bool = False
    fused_gate_up: bool = False
    sinks: bool = False
    router_bias: bool = False
    correction_bias: bool = False
    shared_gate: bool = False
    latent: bool = False
    final_norm: bool = True
    positions: int = -1  # rows of the position table beyond max_position_embeddings; -1: no table
    windows: WindowRule = "none"
    pattern: int = 0
    defaults: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    renamed: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


_LLAMA: Final = Family(qkv_bias="attention_bias", output_bias="attention_bias", mlp_bias="mlp_bias")
_DEEPSEEK: Final = Family(latent=True, defaults={"first_k_dense_replace": 0, "moe_layer_freq": 1})
_GEMMA3: Final = Family(
    norms_per_layer=4,
    qk_norm="head",
    tied=True,
    windows="pattern",
    pattern=6,
    defaults={
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "head_dim": 256,
        "vocab_size": 262_208,
        "max_position_embeddings": 131_072,
        "sliding_window": 4096,
    },
)
_GPT2: Final = Family(
    norm="layer",
    gated_mlp=False,
    qkv_bias=True,
    output_bias=True,
    mlp_bias=True,
    tied=True,
    fused_qkv=True,
    positions=0,
    renamed={
        "hidden_size": "n_embd",
        "num_hidden_layers": "n_layer",
        "num_attention_heads": "n_head",
        "max_position_embeddings": "n_positions",
        "intermediate_size": "n_inner",
    },
)

_QWEN2: Final = Family(qkv_bias=True, windows="late")
_QWEN3: Final = Family(qk_norm="head", qkv_bias="attention_bias", output_bias="attention_bias", windows="late")
_LLAMA4: Final = Family(  # its queries and keys are normalised without weights
    qkv_bias="attention_bias",
    output_bias="attention_bias",
    windows="pattern",
    pattern=4,
    renamed={
        "intermediate_size": "intermediate_size_mlp",
        "moe_intermediate_size": "intermediate_size",
        "shared_expert_intermediate_size": "intermediate_size",
        "decoder_sparse_step": "interleave_moe_layer_step",
        "sliding_window": "attention_chunk_size",
    },
)

FAMILIES: Final[dict[str, Family]] = {
    "llama": _LLAMA,
    "mistral": Family(windows="all"),
    "mixtral": Family(windows="all"),
    "ministral": Family(windows="all"),
    "llama4_text": _LLAMA4,
    "qwen2": _QWEN2,
    "qwen2_vl": _QWEN2,
    "qwen2_vl_text": _QWEN2,
    "qwen2_5_vl": _QWEN2,
    "qwen2_5_vl_text": _QWEN2,
    "qwen2_moe": Family(qkv_bias=True, windows="late", shared_gate=True),
    "qwen3": _QWEN3,
    "qwen3_moe": _QWEN3,
    "qwen3_vl_text": _QWEN3,
    "qwen3_vl_moe_text": _QWEN3,
    "gemma": Family(tied=True, qkv_bias="attention_bias", output_bias="attention_bias"),
    "gemma2": Family(norms_per_layer=4, tied=True, windows="pattern", pattern=2),
    "gemma3": _GEMMA3,
    "gemma3_text": _GEMMA3,
    "phi": Family(
        norm="layer", norms_per_layer=1, gated_mlp=False, qkv_bias=True, output_bias=True, mlp_bias=True, head_bias=True
    ),
    "phi3": Family(fused_qkv=True, fused_gate_up=True, windows="all"),
    "phimoe": Family(norm="layer", qkv_bias="attention_bias", output_bias="attention_bias", head_bias="lm_head_bias"),
    "olmo": Family(norms_per_layer=0, final_norm=False),
    "olmo2": Family(qk_norm="projection"),
    "olmo3": Family(qk_norm="projection", windows="pattern", pattern=4),
    "olmoe": Family(qk_norm="projection"),
    "deepseek_v2": _DEEPSEEK,
    "deepseek_v3": Family(latent=True, correction_bias=True, defaults=_DEEPSEEK.defaults),
    "kimi_k2": Family(latent=True, correction_bias=True, defaults=_DEEPSEEK.defaults),
    "gpt_oss": Family(
        qkv_bias=True, output_bias=True, mlp_bias=True, router_bias=True, sinks=True, windows="pattern", pattern=2
    ),
    "glm": Family(qkv_bias="attention_bias", fused_gate_up=True),
    "glm4": Family(qkv_bias="attention_bias", fused_gate_up=True, norms_per_layer=4),
    "glm4_moe": Family(
        qkv_bias="attention_bias", correction_bias=True, defaults={"first_k_dense_replace": 1, "moe_layer_freq": 1}
    ),
    "smollm3": Family(qkv_bias="attention_bias", output_bias="attention_bias", mlp_bias="mlp_bias", tied=True),
    "granite": _LLAMA,
    "cohere": Family(
        norms_per_layer=1,
        optional_qk_norm="projection",
        tied=True,
        qkv_bias="attention_bias",
        output_bias="attention_bias",
    ),
    "cohere2": Family(norms_per_layer=1, tied=True, windows="pattern", pattern=4),
    "starcoder2": Family(
        norm="layer",
        gated_mlp=False,
        qkv_bias="use_bias",
        output_bias="use_bias",
        mlp_bias="use_bias",
        tied=True,
        windows="all",
    ),
    "gpt2": _GPT2,
    "gpt_neox": Family(norm="layer", gated_mlp=False, qkv_bias=True, output_bias=True, mlp_bias=True, fused_qkv=True),
    "opt": Family(
        norm="layer",
        gated_mlp=False,
        qkv_bias=True,
        output_bias=True,
        mlp_bias=True,
        tied=True,
        positions=2,
        renamed={"intermediate_size": "ffn_dim"},
    ),
}
