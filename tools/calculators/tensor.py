"""The weight tensors of a model, grouped by role, and how tensor parallelism splits them."""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Final, Literal, NamedTuple

from knowledge.errors import UserMistake
from tools.calculators.shape import Experts, LatentAttention, ModelShape

Kind = Literal["embedding", "head", "linear", "router", "norm", "bias", "position"]
Split = Literal["none", "rows", "columns", "kv", "qkv", "vocabulary"]

VOCABULARY_MULTIPLE: Final = 64  # vLLM's DEFAULT_VOCAB_PADDING_SIZE


class Tensor(NamedTuple):
    """Equal weight tensors that stand in several layers; `rows` are outputs, `columns` inputs.

    `copies` counts the experts of one layer, `active` those that one token passes through. `split` says what tensor
    parallelism divides: `kv` by KV heads, which are copied once there are more GPUs than heads.
    """

    role: str
    kind: Kind
    rows: int
    columns: int
    layers: tuple[int, ...] = ()  # empty: one tensor outside the layers
    copies: int = 1
    active: int = 1
    split: Split = "none"

    @property
    def places(self) -> int:
        """In how many places of the model it stands, experts apart."""
        return len(self.layers) or 1

    @property
    def parameters(self) -> int:
        """All its elements, in all layers and experts."""
        return self.rows * self.columns * self.copies * self.places

    @property
    def active_parameters(self) -> int:
        """The elements that one token passes through."""
        return self.rows * self.columns * self.active * self.places


def tensors(shape: ModelShape) -> tuple[Tensor, ...]:
    """List the tensors of the main model; those of prediction modules and vision towers are not among them."""
    return (*_embeddings(shape), *_layer_tensors(shape, tuple(range(shape.layers)), shape.dense_layers, shape.experts))


def prediction_tensors(shape: ModelShape) -> tuple[Tensor, ...]:
    """List the tensors of the multi-token prediction modules; embedding and head are the main model's own."""
    if not shape.prediction_layers:
        return ()
    places = tuple(range(shape.layers, shape.layers + shape.prediction_layers))
    experts = replace(shape.experts, layers=places) if shape.experts else None
    return (
        Tensor("eh_proj", "linear", shape.hidden, 2 * shape.hidden, places),
        Tensor("prediction_norms", "norm", 3 * shape.hidden, 1, places),
        *_layer_tensors(shape, places, () if experts else places, experts),
    )


def padded_vocabulary(vocabulary: int, tensor_parallel: int, multiple: int = VOCABULARY_MULTIPLE) -> int:
    """Round the vocabulary up so that every GPU holds as many rows: vLLM to 64, Megatron-LM to 128 per GPU."""
    step = math.lcm(multiple, tensor_parallel)
    return -(-vocabulary // step) * step


def shard(tensor: Tensor, shape: ModelShape, tensor_parallel: int) -> int:
    """Count the elements of a tensor that one of the GPUs holds."""
    if tensor_parallel == 1 or tensor.split == "none":
        return tensor.parameters
    if tensor.split in {"rows", "columns"}:
        return tensor.parameters // tensor_parallel
    if tensor.split == "vocabulary":
        return padded_vocabulary(tensor.rows, tensor_parallel) // tensor_parallel * tensor.columns
    kv_rows = kv_heads_per_gpu(shape, tensor_parallel) * shape.head_dim
    rows = kv_rows if tensor.split == "kv" else shape.query_width // tensor_parallel + 2 * kv_rows
    return rows * tensor.columns * tensor.copies * tensor.places


def kv_heads_per_gpu(shape: ModelShape, tensor_parallel: int) -> int:
    """How many KV heads each GPU holds: a head is never split, so each GPU has at least one."""
    return max(1, shape.kv_heads // tensor_parallel)


def check_parallel(shape: ModelShape, tensor_parallel: int) -> None:
    """Raise UserMistake with the reason if the model cannot be split over so many GPUs."""
    reason = parallel_refusal(shape, tensor_parallel)
    if reason:
        sizes = [n for n in range(1, min(shape.heads, 1024) + 1) if not parallel_refusal(shape, n)]
        raise UserMistake(reason, f"Use one of {', '.join(map(str, sizes[:10]))}.")


def parallel_refusal(shape: ModelShape, tensor_parallel: int) -> str:
    """Say why the model cannot be split over so many GPUs; an empty text means that it can."""
    n = tensor_parallel
    if n < 1:
        return f"The tensor parallel size {n!r} is below 1."
    if shape.heads % n:
        return f"The {shape.heads} query heads of {shape.name} cannot be divided by the tensor parallel size {n}."
    if shape.latent is None and shape.kv_heads % n and n % shape.kv_heads:
        return f"The {shape.kv_heads} KV heads of {shape.name} neither divide nor are divided by {n}."
    experts = shape.experts
    dense = shape.intermediate if shape.dense_layers else 0
    widths = (dense, experts.intermediate if experts else 0, experts.shared_intermediate if experts else 0)
    for width in widths:
        if width % n:
            return f"The intermediate size {width} of {shape.name} cannot be divided by the tensor parallel size {n}."
    return ""


def _embeddings(shape: ModelShape) -> Iterator[Tensor]:
    width = shape.embedding_dim or shape.hidden
    yield Tensor("embed_tokens", "embedding", shape.vocabulary, width, split="vocabulary")
    if shape.position_rows:
        yield Tensor("embed_positions", "position", shape.position_rows, shape.hidden)
    if width != shape.hidden:
        yield Tensor("project_in", "linear", shape.hidden, width)
        yield Tensor("project_out", "linear", width, shape.hidden)
    if shape.final_norm:
        yield Tensor("norm", "norm", shape.hidden * _norm_vectors(shape), 1)
    if not shape.tied_embeddings:
        yield Tensor("lm_head", "head", shape.vocabulary, width, split="vocabulary")
    if shape.head_bias:
        yield Tensor("lm_head.bias", "bias", shape.vocabulary, 1, split="vocabulary")


def _layer_tensors(
    shape: ModelShape, layers: tuple[int, ...], dense: tuple[int, ...], experts: Experts | None
) -> Iterator[Tensor]:
    yield Tensor("layer_norms", "norm", shape.hidden * _norm_vectors(shape) * shape.norms_per_layer, 1, layers)
    if shape.latent:
        yield from _latent_attention(shape, shape.latent, layers)
    else:
        yield from _attention(shape, layers)
    if dense:
        yield from _feed_forward(shape, "", shape.intermediate, dense)
    if experts:
        yield from _expert_layers(shape, experts)


def _attention(shape: ModelShape, layers: tuple[int, ...]) -> Iterator[Tensor]:
    h, q, kv = shape.hidden, shape.query_width, shape.kv_width
    if shape.fused_qkv:
        parts: tuple[tuple[str, int, Split], ...] = (("qkv_proj", q + 2 * kv, "qkv"),)
    else:
        parts = (("q_proj", q, "rows"), ("k_proj", kv, "kv"), ("v_proj", kv, "kv"))
    for role, rows, split in parts:
        yield Tensor(role, "linear", rows, h, layers, split=split)
        if shape.qkv_bias:
            yield Tensor(f"{role}.bias", "bias", rows, 1, layers, split=split)
    yield Tensor("o_proj", "linear", h, shape.value_width, layers, split="columns")
    if shape.output_bias:
        yield Tensor("o_proj.bias", "bias", h, 1, layers)
    if shape.qk_norm == "head":
        yield Tensor("qk_norms", "norm", 2 * shape.head_dim, 1, layers)
    elif shape.qk_norm == "projection":
        yield Tensor("q_norm", "norm", q, 1, layers, split="rows")
        yield Tensor("k_norm", "norm", kv, 1, layers, split="kv")
    if shape.sinks:
        yield Tensor("sinks", "norm", shape.heads, 1, layers, split="rows")


def _latent_attention(shape: ModelShape, latent: LatentAttention, layers: tuple[int, ...]) -> Iterator[Tensor]:
    h = shape.hidden
    if latent.query_rank:
        yield Tensor("q_a_proj", "linear", latent.query_rank, h, layers)
        yield Tensor("q_a_norm", "norm", latent.query_rank, 1, layers)
        yield Tensor("q_b_proj", "linear", shape.query_width, latent.query_rank, layers, split="rows")
    else:
        yield Tensor("q_proj", "linear", shape.query_width, h, layers, split="rows")
    yield Tensor("kv_a_proj", "linear", latent.kv_rank + latent.rope_dim, h, layers)
    yield Tensor("kv_a_norm", "norm", latent.kv_rank, 1, layers)
    kv_b_rows = shape.heads * (latent.nope_dim + latent.value_dim)
    yield Tensor("kv_b_proj", "linear", kv_b_rows, latent.kv_rank, layers, split="rows")
    yield Tensor("o_proj", "linear", h, shape.value_width, layers, split="columns")


def _feed_forward(
    shape: ModelShape, prefix: str, width: int, layers: tuple[int, ...], copies: int = 1, active: int = 1
) -> Iterator[Tensor]:
    h = shape.hidden
    if shape.gated_mlp and shape.fused_gate_up:
        ups = (("gate_up_proj", 2 * width),)
    elif shape.gated_mlp:
        ups = (("gate_proj", width), ("up_proj", width))
    else:
        ups = (("up_proj", width),)
    for role, rows in ups:
        yield Tensor(prefix + role, "linear", rows, h, layers, copies, active, "rows")
        if shape.mlp_bias:
            yield Tensor(f"{prefix}{role}.bias", "bias", rows, 1, layers, copies, active, "rows")
    yield Tensor(f"{prefix}down_proj", "linear", h, width, layers, copies, active, "columns")
    if shape.mlp_bias:
        yield Tensor(f"{prefix}down_proj.bias", "bias", h, 1, layers, copies, active)


def _expert_layers(shape: ModelShape, experts: Experts) -> Iterator[Tensor]:
    layers = experts.layers
    yield Tensor("router", "router", experts.count, shape.hidden, layers)
    if experts.router_bias:
        yield Tensor("router.bias", "bias", experts.count, 1, layers)
    if experts.correction_bias:
        yield Tensor("router.correction_bias", "bias", experts.count, 1, layers)
    yield from _feed_forward(shape, "experts.", experts.intermediate, layers, experts.count, experts.per_token)
    if experts.shared_intermediate:
        yield from _feed_forward(shape, "shared_expert.", experts.shared_intermediate, layers)
    if experts.shared_gate:
        yield Tensor("shared_expert_gate", "router", 1, shape.hidden, layers)


def _norm_vectors(shape: ModelShape) -> int:
    return 2 if shape.norm == "layer" else 1
