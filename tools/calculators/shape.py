"""What a language model is made of, as far as memory and arithmetic care."""

from dataclasses import dataclass, fields
from typing import Final, Literal

from knowledge.errors import UserMistake
from tools.calculators.argument import whole

QkNorm = Literal["none", "head", "projection"]
Norm = Literal["rms", "layer"]

_LARGEST_DIMENSION: Final = 10**8
_LARGEST_LAYER_COUNT: Final = 10_000
_NO_NUMBER: Final = (bool, str, tuple, type(None))


@dataclass(frozen=True, slots=True)
class Experts:
    """The feed-forward layers of a mixture of experts.

    `layers` holds the indices of the layers that have experts; the others have one dense feed-forward network.
    """

    count: int
    per_token: int
    intermediate: int
    layers: tuple[int, ...]
    shared_intermediate: int = 0  # all shared experts together; every token passes through them
    shared_gate: bool = False  # Qwen2-MoE weighs its shared expert by a learned gate
    router_bias: bool = False  # gpt-oss
    correction_bias: bool = False  # DeepSeek-V3 balances the load by a bias per expert


@dataclass(frozen=True, slots=True)
class LatentAttention:
    """Multi-head latent attention (DeepSeek): the cache holds one latent and one rotary key per token."""

    kv_rank: int
    rope_dim: int
    nope_dim: int
    value_dim: int
    query_rank: int = 0  # 0: queries are projected straight from the hidden state


@dataclass(frozen=True, slots=True)
class ModelShape:
    """The dimensions of a decoder-only transformer, in elements.

    `windows` says for each layer how many tokens it attends to, 0 for all of them; empty means 0 everywhere.
    """

    name: str
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int  # of dense feed-forward layers; without effect where every layer has experts
    vocabulary: int
    tied_embeddings: bool
    windows: tuple[int, ...] = ()
    max_context: int = 0  # 0: not stated
    architecture: str = "llama"  # model_type of the Hugging Face config
    dtype: str = "bf16"  # what the model computes in
    weight_format: str = ""  # what the published weights are stored in where that is not `dtype`
    norm: Norm = "rms"
    norms_per_layer: int = 2
    final_norm: bool = True
    qk_norm: QkNorm = "none"
    gated_mlp: bool = True
    qkv_bias: bool = False
    output_bias: bool = False
    mlp_bias: bool = False
    head_bias: bool = False
    fused_qkv: bool = False  # one weight for queries, keys and values (Phi-3, GPT-2)
    fused_gate_up: bool = False  # one weight for gate and up (Phi-3)
    sinks: bool = False  # one learned logit per head (gpt-oss)
    position_rows: int = 0  # rows of a learned position table
    embedding_dim: int = 0  # where it differs from `hidden` (OPT-350M); 0: the same
    experts: Experts | None = None
    latent: LatentAttention | None = None
    prediction_layers: int = 0  # multi-token prediction modules beside the main model
    other_parameters: int = 0  # outside the text model, such as a vision tower
    left_out: str = ""  # a part of the published model that is not counted
    repository: str = ""  # on the model hub, as serving commands name it
    source: str = ""

    @property
    def query_width(self) -> int:
        """The width of all queries together; not the same as `hidden` in many models."""
        return self.heads * (self.latent.nope_dim + self.latent.rope_dim if self.latent else self.head_dim)

    @property
    def value_width(self) -> int:
        """The width of the attention's result before the output projection."""
        return self.heads * (self.latent.value_dim if self.latent else self.head_dim)

    @property
    def kv_width(self) -> int:
        """The width of all keys of one layer; values are as wide."""
        return self.kv_heads * self.head_dim

    @property
    def dense_layers(self) -> tuple[int, ...]:
        """The layers whose feed-forward network is dense."""
        routed = frozenset(self.experts.layers) if self.experts else frozenset[int]()
        return tuple(layer for layer in range(self.layers) if layer not in routed)

    def window(self, layer: int) -> int:
        """How many tokens the layer attends to, 0 for all of them."""
        return self.windows[layer] if self.windows else 0


def validated(shape: ModelShape) -> ModelShape:
    """Return the shape if its numbers can be those of a model; raises UserMistake naming the field."""
    for field in fields(shape):
        value: object = getattr(shape, field.name)
        if not isinstance(value, (*_NO_NUMBER, Experts, LatentAttention)):
            whole(f"{field.name} of {shape.name}", value, *_range(field.name))
    if shape.latent is None and shape.heads % shape.kv_heads:
        raise _impossible(shape, f"{shape.heads} query heads cannot share {shape.kv_heads} KV heads evenly")
    if shape.windows and len(shape.windows) != shape.layers:
        raise _impossible(shape, f"{len(shape.windows)} attention kinds do not fit {shape.layers} layers")
    if shape.intermediate == 0 and shape.dense_layers:
        raise _impossible(shape, "its dense layers have no intermediate size")
    if shape.experts:
        _validate_experts(shape, shape.experts)
    if shape.latent:
        for field in fields(shape.latent):
            whole(f"{field.name} of {shape.name}", getattr(shape.latent, field.name), 0, _LARGEST_DIMENSION)
    return shape


def _range(field: str) -> tuple[int, int]:
    if field == "layers":
        return 1, _LARGEST_LAYER_COUNT
    if field in {"hidden", "heads", "kv_heads", "head_dim", "vocabulary"}:
        return 1, _LARGEST_DIMENSION
    return 0, 10**12 if field == "other_parameters" else _LARGEST_DIMENSION


def _validate_experts(shape: ModelShape, experts: Experts) -> None:
    whole(f"number of experts of {shape.name}", experts.count, 1, 10**6)
    whole(f"experts per token of {shape.name}", experts.per_token, 1, experts.count)
    whole(f"expert intermediate size of {shape.name}", experts.intermediate, 1, _LARGEST_DIMENSION)
    whole(f"shared expert size of {shape.name}", experts.shared_intermediate, 0, _LARGEST_DIMENSION)
    if not experts.layers or min(experts.layers) < 0 or max(experts.layers) >= shape.layers:
        raise _impossible(shape, "its expert layers lie outside the model")


def _impossible(shape: ModelShape, reason: str) -> UserMistake:
    return UserMistake(f"The shape of {shape.name!r} is impossible: {reason}.", "Check the model's config.")
