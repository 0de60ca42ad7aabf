"""What the forward pass keeps for the backward pass, layer by layer, and what the loss needs.

Follows Korthikanti et al., "Reducing Activation Recomputation in Large Transformer Models" (arXiv:2205.05198), whose
sbh(34 + 5as/h) comes out for GPT-3, and extends it to gated feed-forwards, GQA, experts, latent attention and adapters.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from tools.calculators.derivation import Step, Text, step
from tools.calculators.lora import Adapter
from tools.calculators.shape import Experts, LatentAttention, ModelShape

LOSSES: Final = ("plain", "chunked", "fused")
_CHUNKS: Final = 8  # torchtune's num_output_chunks
_ATTENTION_INPUTS: Final = frozenset({"q_proj", "k_proj", "v_proj", "qkv_proj", "q_a_proj", "kv_a_proj"})


@dataclass(frozen=True, slots=True)
class Setting:
    """What decides which tensors are kept.

    `trained` names the matrices whose own gradient is needed (None: all), `adapters` those beside frozen matrices;
    `own_copies` says that each adapter casts its input to its own format first, as PEFT's fp32 adapters do.
    """

    sequence: int
    batch: int
    element: int = 2  # bytes of a 16-bit number
    flash_attention: bool = True
    compiled: bool = False
    trained: frozenset[str] | None = None
    adapters: tuple[Adapter, ...] = ()
    own_copies: bool = False

    @property
    def tokens(self) -> int:
        """All tokens of a micro-batch."""
        return self.sequence * self.batch

    def needs_input(self, *roles: str) -> bool:
        """Whether a matrix of these roles needs its input for its gradient."""
        return self.trained is None or not self.trained.isdisjoint(roles)


@dataclass(frozen=True, slots=True)
class Kept:
    """Tensors kept for one token in one layer: `factor` bytes for each of `width` elements, `times` (experts) over."""

    factor: int
    symbol: str
    width: int
    times: int = 1

    @property
    def bytes(self) -> int:
        """All of them."""
        return self.factor * self.width * self.times


@dataclass(frozen=True, slots=True)
class LayerActivations:
    """Bytes that a layer keeps for one token; `layers` layers are alike."""

    name: Text
    layers: int
    per_token: int
    kept: tuple[Kept, ...]

    def step(self) -> Step:
        """Write the sum with its widths."""
        symbols = {entry.symbol: entry.width for entry in self.kept} | {"k": max(entry.times for entry in self.kept)}
        merged: dict[tuple[str, bool], int] = {}
        for entry in self.kept:
            key = (entry.symbol, entry.times > 1)
            merged[key] = merged.get(key, 0) + entry.factor
        formula = " + ".join(f"{f} × {symbol}{' × k' if many else ''}" for (symbol, many), f in merged.items())
        english, chinese = f"kept per token in a {self.name.en}", f"{self.name.zh}每 token 保留"
        return step(english, chinese, formula, symbols, self.per_token, "B")


def layer_activations(shape: ModelShape, setting: Setting) -> tuple[LayerActivations, ...]:
    """List the kinds of layers of the model with what each keeps."""
    dense, experts = len(shape.dense_layers), shape.experts
    found: list[LayerActivations] = []
    if dense:
        kept = (*_around(shape, setting), *_dense(shape, setting), *_adapters(shape, setting, routed=False))
        found.append(_layer(Text("dense layer", "稠密层"), dense, kept))
    if experts:
        kept = (*_around(shape, setting), *_experts(shape, experts, setting), *_adapters(shape, setting, routed=True))
        found.append(_layer(Text("layer with experts", "专家层"), len(experts.layers), kept))
    return tuple(found)


def has_dropout(shape: ModelShape) -> bool:
    """Whether models of this kind train with dropout: GPT-2, GPT-3 and OPT do, later families do not."""
    return shape.norm == "layer" and not shape.gated_mlp


def score_bytes(shape: ModelShape, setting: Setting) -> int:
    """Bytes for each attention score when the matrix of scores is materialized.

    With dropout the paper's 5: softmax and its dropped copy in 16 bit, a mask of one byte. Without: an fp32 softmax and
    its 16-bit copy, as in Transformers' eager attention.
    """
    return 2 * setting.element + 1 if has_dropout(shape) else 4 + setting.element


def loss_bytes(shape: ModelShape, setting: Setting, kind: str) -> tuple[str, dict[str, float], int]:
    """Return formula, symbols and bytes that logits and cross-entropy need at their peak.

    plain: logits, their fp32 copy, and its gradient. chunked: logits, and the gradient of one chunk of eight.
    fused: the logits of one chunk, as in Liger's fused linear cross-entropy, and the gradient of the hidden states.
    """
    e, tokens, vocabulary, hidden = setting.element, setting.tokens, shape.vocabulary, shape.hidden
    symbols: dict[str, float] = {"T": tokens, "V": vocabulary, "e": e}
    if kind == "plain":
        upcast = e if e < 4 else 0
        return ("(8 + c) × T × V", symbols | {"c": upcast}, (8 + upcast) * tokens * vocabulary)
    if kind == "chunked":
        size = e * tokens * vocabulary + -(-e * tokens * vocabulary // _CHUNKS)
        return ("e × T × V + ceil(e × T × V / c)", symbols | {"c": _CHUNKS}, size)
    chunks = max(1, -(-vocabulary // hidden))
    rows = -(-tokens // chunks)
    formula = "(4 + e) × V × ceil(T / c) + e × T × h"
    return (formula, symbols | {"c": chunks, "h": hidden}, (4 + e) * vocabulary * rows + e * tokens * hidden)


def adapter_bytes_per_token(adapter: Adapter, element: int = 2, own_copy: bool = True) -> int:
    """Bytes that adapters of one role keep for a token in one layer: A's output, and their own copy of the input."""
    return element * (adapter.rank + (adapter.columns if own_copy else 0)) * adapter.active


def _layer(name: Text, layers: int, kept: tuple[Kept, ...]) -> LayerActivations:
    return LayerActivations(name, layers, sum(entry.bytes for entry in kept), kept)


def _around(shape: ModelShape, setting: Setting) -> Iterator[Kept]:
    """Norms and attention, which every layer has."""
    e = setting.element
    norm = _norm_bytes(shape, setting)
    yield Kept(norm * shape.norms_per_layer, "h", shape.hidden)
    if setting.needs_input(*_ATTENTION_INPUTS):
        yield Kept(e, "h", shape.hidden)
    yield from _latent(shape, shape.latent, setting) if shape.latent else _heads(shape, setting)
    if setting.flash_attention:
        yield Kept(4, "a", shape.heads)  # log of the softmax's sum, fp32
    else:
        yield Kept(score_bytes(shape, setting) * shape.heads, "s", setting.sequence)
    if setting.flash_attention or setting.needs_input("o_proj"):
        yield Kept(e, "o", shape.value_width)
    if has_dropout(shape):
        yield Kept(1, "h", shape.hidden)


def _norm_bytes(shape: ModelShape, setting: Setting) -> int:
    """A fused norm keeps its input; a plain RMS norm an fp32 copy, and what its own weight's gradient needs."""
    if shape.norm == "layer" or setting.compiled:
        return setting.element
    return 4 + (setting.element if setting.trained is None else 0)


def _heads(shape: ModelShape, setting: Setting) -> Iterator[Kept]:
    yield Kept(setting.element, "q", shape.query_width)
    yield Kept(2 * setting.element, "kv", shape.kv_width)
    if shape.qk_norm != "none":
        norm = _norm_bytes(replace(shape, norm="rms"), setting)
        yield Kept(norm, "q", shape.query_width)
        yield Kept(norm, "kv", shape.kv_width)


def _latent(shape: ModelShape, latent: LatentAttention, setting: Setting) -> Iterator[Kept]:
    """Latents before and after their norms, and the full queries, keys and values that the kernel reads."""
    e, norm = setting.element, _norm_bytes(shape, setting)
    if latent.query_rank:
        yield Kept(norm + (e if setting.needs_input("q_b_proj") else 0), "cq", latent.query_rank)
    yield Kept(norm + (e if setting.needs_input("kv_b_proj") else 0), "ckv", latent.kv_rank)
    yield Kept(2 * e, "q", shape.query_width)
    yield Kept(e, "v", shape.value_width)


def _dense(shape: ModelShape, setting: Setting) -> Iterator[Kept]:
    if setting.needs_input("gate_proj", "up_proj", "gate_up_proj"):
        yield Kept(setting.element, "h", shape.hidden)
    yield Kept(_feed_forward(shape, setting, ""), "f", shape.intermediate)
    if has_dropout(shape):
        yield Kept(1, "h", shape.hidden)


def _experts(shape: ModelShape, experts: Experts, setting: Setting) -> Iterator[Kept]:
    e, k = setting.element, experts.per_token
    yield Kept(4, "E", experts.count)  # the router's softmax, fp32
    if setting.trained is None:
        yield Kept(e, "h", shape.hidden)  # the router's input
    if setting.needs_input("experts.gate_proj", "experts.up_proj", "experts.gate_up_proj"):
        yield Kept(e, "h", shape.hidden, k)
    yield Kept(_feed_forward(shape, setting, "experts."), "f", experts.intermediate, k)
    yield Kept(e, "h", shape.hidden, k)  # expert outputs, for the gradient of their weighting
    if experts.shared_intermediate:
        if setting.needs_input("shared_expert.gate_proj", "shared_expert.up_proj", "shared_expert.gate_up_proj"):
            yield Kept(e, "h", shape.hidden)
        yield Kept(_feed_forward(shape, setting, "shared_expert."), "fs", experts.shared_intermediate)


def _feed_forward(shape: ModelShape, setting: Setting, prefix: str) -> int:
    """Bytes per intermediate element.

    Gated: gate, up, the activated gate (recomputed by a fused kernel), and their product. Plain: before and after.
    """
    before = (2 if setting.compiled else 3) if shape.gated_mlp else 1
    return setting.element * (before + (1 if setting.needs_input(f"{prefix}down_proj") else 0))


def _adapters(shape: ModelShape, setting: Setting, routed: bool) -> Iterator[Kept]:
    """What adapters keep in a layer; those of experts only where experts are."""
    rank = copies = 0
    dense = ("gate_proj", "up_proj", "gate_up_proj", "down_proj")
    for part in setting.adapters:
        of_experts = part.role.startswith(("experts.", "shared_expert."))
        if part.places == 1 and part.role in {"lm_head", "project_in", "project_out"}:
            continue
        if (part.role in dense and routed) or (of_experts and not routed):
            continue
        rank += part.rank * part.active
        copies += part.columns * part.active if setting.own_copies else 0
    if rank:
        yield Kept(setting.element, "ranks", rank)
    if copies:
        yield Kept(setting.element, "inputs", copies)
