"""What one step of a serving engine needs on a GPU beside weights and cache: activations, graphs, buffers.

The shape of the formula follows vLLM's profile run; its constants are fitted to the memory that vLLM 0.17 to 0.28
logged for 20 models (github.com/llm-d-incubation/llm-d-planner, accuracy report of vLLM 0.19 on an H100; logs of
vLLM 0.28 on L40S and L4). It meets the logged activations of dense models within 1%, others within 7%.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tools.calculators.accelerator import Accelerator
from tools.calculators.derivation import Derivation, Text, step
from tools.calculators.derivation import Step as Line
from tools.calculators.shape import ModelShape
from tools.calculators.unit import GIB, MIB

SAMPLER_BYTES: Final = 12.4  # per logit: the fp32 copy, and what sorting for top-k and top-p takes
FIXED_ACTIVATION: Final = 64 * MIB
NON_TORCH: Final = GIB // 4  # 0.25 GiB logged on an H100 by vLLM 0.19
GRAPH_BYTES_PER_LAYER: Final = 24 * MIB  # 1.76 GiB beside weights and cache for Qwen3-14B on an L40S, vLLM 0.28
PCIE_COMMUNICATION: Final = 160 * MIB
NVLINK_COMMUNICATION: Final = round(1.82 * GIB)  # non-torch 2.07 GiB with two H100, 2.13 GiB with four
NVLINK_COMMUNICATION_PER_GPU: Final = 30 * MIB

_GIB_70: Final = 70 * GIB
_GIB_160: Final = 160 * GIB


@dataclass(frozen=True, slots=True)
class Step:
    """How many tokens one step of the engine computes at most, and for how many sequences it samples."""

    tokens: int
    sequences: int


@dataclass(frozen=True, slots=True)
class WorkingMemory:
    """Bytes on one GPU; `overhead` is what PyTorch's allocator does not see, and CUDA graphs."""

    activation: int
    overhead: int
    derivation: Derivation


@dataclass(frozen=True, slots=True)
class StepCost:
    """The activations of a step as straight lines: bytes per token of each phase, and per sequence of sampling."""

    experts: float
    forward: float
    kept: float
    sampling: float

    def activation(self, tokens: int, sequences: int) -> int:
        """Return the peak: expert buffers stay, and either the layers or the sampler come on top."""
        layers = self.forward * tokens
        sampler = self.sampling * sequences + self.kept * tokens
        return round(self.experts * tokens + max(layers, sampler)) + FIXED_ACTIVATION


def default_step(card: Accelerator | None) -> Step:
    """Return the step of vLLM 0.33.0's server by default; without a card, that of a card below 70 GiB."""
    if card is None or card.reported_memory < _GIB_70 or "A100" in card.name:
        return Step(2048, 256)
    return Step(16_384 if card.reported_memory >= _GIB_160 else 8192, 1024)


def step_cost(shape: ModelShape, tensor_parallel: int = 1, number_bytes: int = 2) -> StepCost:
    """Return what a token and a sequence add to the activations on one GPU."""
    b, h = number_bytes, shape.hidden
    experts = 0.0
    if shape.experts:
        width = shape.experts.intermediate
        experts = shape.experts.per_token * (max(2 * width, h) + width) * b / tensor_parallel
    return StepCost(
        experts, b * (3 * h + _layer_width(shape) / tensor_parallel), b * h, shape.vocabulary * (b + SAMPLER_BYTES)
    )


def working_memory(
    shape: ModelShape,
    work: Step,
    tensor_parallel: int = 1,
    card: Accelerator | None = None,
    number_bytes: int = 2,
    graphs: bool = True,
    pipeline_parallel: int = 1,
) -> WorkingMemory:
    """Estimate what a step needs on one GPU of a tensor-parallel group."""
    cost = step_cost(shape, tensor_parallel, number_bytes)
    activation = cost.activation(work.tokens, work.sequences)
    overhead = overhead_bytes(shape, tensor_parallel, card, graphs, pipeline_parallel)
    talk = communication(tensor_parallel, card)
    lines = [*_activation_lines(shape, work, tensor_parallel, number_bytes, cost)]
    symbols = {"N": NON_TORCH, "C": talk, "G": overhead - NON_TORCH - talk}
    lines.append(step("CUDA libraries, links, graphs", "CUDA 库、通信与图", "N + C + G", symbols, overhead, "B"))
    return WorkingMemory(activation, overhead, Derivation(tuple(lines), _assumptions(work), "vllm-memory"))


def overhead_bytes(
    shape: ModelShape, tensor_parallel: int, card: Accelerator | None, graphs: bool = True, pipeline_parallel: int = 1
) -> int:
    """Return what CUDA libraries, exchange between GPUs and captured graphs take on one GPU."""
    graph = GRAPH_BYTES_PER_LAYER * shape.layers // (tensor_parallel * pipeline_parallel) if graphs else 0
    return NON_TORCH + communication(tensor_parallel, card) + graph


def communication(tensor_parallel: int, card: Accelerator | None) -> int:
    """Return the buffers for exchange between GPUs; large where Hopper and later talk over NVLink."""
    if tensor_parallel == 1:
        return 0
    capability = card.compute_capability if card else None
    if card is None or "NVLink" not in card.link.name or capability is None or capability < (9, 0):
        return PCIE_COMMUNICATION
    return NVLINK_COMMUNICATION + NVLINK_COMMUNICATION_PER_GPU * (tensor_parallel - 2)


def _layer_width(shape: ModelShape) -> int:
    """Return the most elements per token within a layer: gate, up and their product, or q, k, v and output."""
    shared = shape.experts.shared_intermediate if shape.experts else 0
    dense = shape.intermediate if shape.dense_layers else 0
    feed_forward = (3 if shape.gated_mlp else 2) * max(dense, shared)
    attention = shape.query_width + shape.value_width + (0 if shape.latent else 2 * shape.kv_width)
    return max(feed_forward, attention)


def _activation_lines(
    shape: ModelShape, work: Step, tensor_parallel: int, number_bytes: int, cost: StepCost
) -> Iterator[Line]:
    t, b = work.tokens, number_bytes
    symbols: dict[str, float] = {"t": t, "b": b, "h": shape.hidden, "w": _layer_width(shape), "p": tensor_parallel}
    forward = cost.forward * t
    yield step(
        "one layer on all tokens of a step", "一步内单层的中间结果", "t × b × (3 × h + w / p)", symbols, forward, "B"
    )
    symbols = {"s": work.sequences, "V": shape.vocabulary, "b": b, "c": SAMPLER_BYTES, "t": t, "h": shape.hidden}
    sampler = cost.sampling * work.sequences + cost.kept * t
    yield step("logits and sampling", "logits 与采样", "s × V × (b + c) + t × h × b", symbols, sampler, "B")
    routed = cost.experts * t
    if shape.experts:
        i, k = shape.experts.intermediate, shape.experts.per_token
        symbols = {"t": t, "k": k, "i": i, "h": shape.hidden, "b": b, "p": tensor_parallel}
        yield step("buffers of the experts", "专家缓冲区", "t × k × (max(2 × i, h) + i) × b / p", symbols, routed, "B")
    symbols = {"X": routed, "F": forward, "S": sampler, "c": FIXED_ACTIVATION}
    peak = cost.activation(t, work.sequences)
    yield step("activations at their peak", "激活峰值", "X + max(F, S) + c", symbols, peak, "B")


def _assumptions(work: Step) -> tuple[Text, ...]:
    return (
        Text(
            f"A step computes up to {work.tokens:,} tokens and samples for {work.sequences:,} sequences.",
            f"一步最多计算 {work.tokens:,} 个 token，为 {work.sequences:,} 条序列采样。",
        ),
        Text(
            "Activations, graphs and buffers are fitted to logs of vLLM 0.17 to 0.28; other versions differ.",
            "激活、CUDA 图与缓冲区按 vLLM 0.17 至 0.28 的日志拟合，其他版本会有出入。",
        ),
    )
