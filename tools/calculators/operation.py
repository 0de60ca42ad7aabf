"""The FLOPs and bytes of each operation of a forward pass, on one GPU, outside attention itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from tools.calculators.gguf_mix import gguf_tensors
from tools.calculators.shape import ModelShape
from tools.calculators.tensor import Tensor, padded_vocabulary, shard, tensors
from tools.calculators.weight_format import find_format, tensor_bits
from tools.calculators.workload import Workload, activation_bytes, activation_dtype, stored_format

OperationKind = Literal["linear", "head", "attention", "elementwise", "lookup"]

# FLOPs per element where no matrix is multiplied; these operations are bound by memory, so the counts only place them.
SOFTMAX_FLOPS: Final = 5  # maximum, subtract, exponential, sum, divide
_NORM_FLOPS: Final = {"rms": 4, "layer": 7}
_GATED_FLOPS: Final = 5  # exponential, add, divide, two products
_ACTIVATION_FLOPS: Final = 4
_ROTARY_FLOPS: Final = 3


@dataclass(frozen=True, slots=True)
class Operation:
    """Equal operations of `count` layers on one GPU, all added up; `dtype` is what the arithmetic runs in."""

    name: str
    kind: OperationKind
    count: int
    flops: float = 0
    weight_bytes: float = 0
    kv_bytes: float = 0
    activation_bytes: float = 0
    dtype: str = "bf16"

    @property
    def bytes(self) -> float:
        """All bytes that travel to or from memory."""
        return self.weight_bytes + self.kv_bytes + self.activation_bytes


@dataclass(frozen=True, slots=True)
class Matrix:
    """A weight of several layers on one GPU; flops and widths are those of one token, over all its layers.

    `weight_bytes` are all experts'; a token passes through `active` of `copies`.
    """

    name: str
    kind: OperationKind
    count: int
    flops: int
    weight_bytes: float
    width: int
    copies: int
    active: int
    dtype: str

    def touched_bytes(self, tokens: int) -> float:
        """Bytes of weights that so many tokens read: each once, of the experts those that any token chooses."""
        return self.weight_bytes * distinct_experts(self.copies, self.active, tokens) / self.copies


def distinct_experts(count: int, per_token: int, tokens: float) -> float:
    """Expect how many of `count` experts are chosen at all if each token chooses evenly: E (1 - (1 - k/E)^n)."""
    return count * (1.0 - (1.0 - per_token / count) ** tokens)


@lru_cache(maxsize=256)
def matrices(shape: ModelShape, weight_format: str, tensor_parallel: int, absorbed: bool = False) -> tuple[Matrix, ...]:
    """List the weights that multiply activations, the head last; a tied head is the embedding read as a matrix.

    `absorbed` says that the latent up-projection of DeepSeek's attention works on queries and results, head by head.
    """
    kind = find_format(stored_format(shape, weight_format))
    base = activation_dtype(shape, weight_format)
    found: list[Matrix] = []
    for tensor in _parts(shape, weight_format):
        head = tensor.kind == "head" or (tensor.kind == "embedding" and shape.tied_embeddings)
        if not head and tensor.kind not in {"linear", "router"}:
            continue
        held = shard(tensor, shape, tensor_parallel)
        bits = tensor_bits(shape, tensor, weight_format)
        matrix = Matrix(
            "lm_head" if head else tensor.role,
            "head" if head else "linear",
            tensor.places,
            2 * held // tensor.copies * tensor.active,
            held * bits / 8,
            _width(shape, tensor, held, tensor_parallel, absorbed) * tensor.places * tensor.active,
            tensor.copies,
            tensor.active,
            kind.compute if bits < 16 or kind.scope == "all" else base,
        )
        found.append(matrix)
    return tuple(sorted(found, key=lambda matrix: matrix.kind == "head"))


def matrix_operations(shape: ModelShape, work: Workload) -> Iterator[Operation]:
    """List the matrix multiplications with weights; every weight is read once however many tokens there are."""
    each = activation_bytes(activation_dtype(shape, work.weight_format))
    for matrix in matrices(shape, work.weight_format, work.tensor_parallel, work.phase == "decode"):
        rows = work.positions if matrix.kind == "head" else work.tokens
        yield Operation(
            matrix.name,
            matrix.kind,
            matrix.count,
            flops=matrix.flops * rows,
            weight_bytes=matrix.touched_bytes(rows),
            activation_bytes=matrix.width * rows * each,
            dtype=matrix.dtype,
        )


def other_operations(shape: ModelShape, work: Workload) -> Iterator[Operation]:
    """List what multiplies no matrix: lookup, norms with their residual sums, rotary embedding, activation function.

    Each is one pass over its data, with the residual sum inside the norm, as vLLM fuses them.
    """
    dtype = activation_dtype(shape, work.weight_format)
    each, n, h, layers = activation_bytes(dtype), work.tokens, shape.hidden, shape.layers
    table, layer_norms, final_norm = _small_weights(shape, work.weight_format, work.tensor_parallel)
    yield Operation("embed_tokens", "lookup", 1, 0, n * table, activation_bytes=n * h * each, dtype=dtype)
    cost = _NORM_FLOPS[shape.norm]
    norms, sums = shape.norms_per_layer, 2
    norm_flops, norm_moved = n * h * layers * (norms * cost + sums), n * h * layers * 2 * (norms + sums) * each
    yield Operation("layer_norms", "elementwise", layers, norm_flops, layer_norms, 0, norm_moved, dtype)
    if shape.final_norm:
        yield Operation("norm", "elementwise", 1, n * h * cost, final_norm, 0, 2 * n * h * each, dtype)
    turned = _rotated(shape, work.tensor_parallel) * layers
    if turned:
        yield Operation("rotary", "elementwise", layers, n * turned * _ROTARY_FLOPS, 0, 0, 2 * n * turned * each, dtype)
    width = _activated(shape, work.tensor_parallel)
    flops, parts = (_GATED_FLOPS, 3) if shape.gated_mlp else (_ACTIVATION_FLOPS, 2)
    yield Operation("activation", "elementwise", layers, n * width * flops, 0, 0, n * width * parts * each, dtype)
    if shape.experts:
        places, k = len(shape.experts.layers), shape.experts.per_token
        size = n * h * places
        yield Operation("experts.combine", "elementwise", places, 2 * k * size, 0, 0, (k + 1) * size * each, dtype)


def _parts(shape: ModelShape, weight_format: str) -> tuple[Tensor, ...]:
    mix = find_format(stored_format(shape, weight_format)).scope == "mix"
    return gguf_tensors(shape) if mix else tensors(shape)


def _width(shape: ModelShape, tensor: Tensor, held: int, tensor_parallel: int, absorbed: bool) -> int:
    """Count what one token brings to and takes from one such matrix on one GPU."""
    latent = shape.latent
    heads = shape.heads // tensor_parallel
    if latent and tensor.role == "k_b_proj":
        return heads * (latent.nope_dim + latent.kv_rank)
    if latent and tensor.role == "v_b_proj":
        return heads * (latent.value_dim + latent.kv_rank)
    if latent and tensor.role == "kv_b_proj" and absorbed:
        return heads * (latent.nope_dim + latent.value_dim + 2 * latent.kv_rank)
    if tensor.split == "columns":
        return tensor.rows + tensor.columns // tensor_parallel
    return held // (tensor.columns * tensor.copies * tensor.places) + tensor.columns


@lru_cache(maxsize=256)
def _small_weights(shape: ModelShape, weight_format: str, tensor_parallel: int) -> tuple[float, float, float]:
    """Return the bytes of one token's rows in the tables, of norms and biases in layers, and of those outside."""
    table = inside = outside = 0.0
    for tensor in _parts(shape, weight_format):
        each = tensor_bits(shape, tensor, weight_format) / 8
        if tensor.kind == "embedding":
            row = tensor.columns * each
            table += row * tensor.rows / padded_vocabulary(tensor.rows, tensor_parallel) / tensor_parallel
        elif tensor.kind == "position":
            table += tensor.columns * each
        elif tensor.kind in {"norm", "bias"} and tensor.layers:
            inside += shard(tensor, shape, tensor_parallel) * each
        elif tensor.kind in {"norm", "bias"}:
            outside += shard(tensor, shape, tensor_parallel) * each
    return table, inside, outside


def _rotated(shape: ModelShape, tensor_parallel: int) -> int:
    """Count the elements of queries and keys of one layer that are rotated on one GPU."""
    if shape.position_rows:
        return 0
    if shape.latent:
        return (shape.heads // tensor_parallel + 1) * shape.latent.rope_dim
    return (shape.query_width + max(shape.kv_width, shape.head_dim * tensor_parallel)) // tensor_parallel


def _activated(shape: ModelShape, tensor_parallel: int) -> int:
    """Count the elements that one token sends through activation functions in all layers."""
    experts = shape.experts
    total = len(shape.dense_layers) * shape.intermediate
    if experts:
        total += len(experts.layers) * (experts.per_token * experts.intermediate + experts.shared_intermediate)
    return total // tensor_parallel
