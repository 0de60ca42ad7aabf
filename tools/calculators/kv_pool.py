"""The pool of KV cache that a serving engine keeps on each GPU, and what it holds."""

from collections.abc import Iterator
from dataclasses import dataclass

from tools.calculators.accelerator import Accelerator
from tools.calculators.derivation import Derivation, Text, joined, step
from tools.calculators.derivation import Step as Line
from tools.calculators.engine import CUDA_CONTEXT, EngineName
from tools.calculators.kv_cache import BLOCK, UNBOUNDED, fitting_tokens, kv_cache, request_bytes
from tools.calculators.piecewise import largest
from tools.calculators.shape import ModelShape
from tools.calculators.weight_format import WeightSize, find_format, weights
from tools.calculators.working_memory import Step, overhead_bytes, step_cost, working_memory


@dataclass(frozen=True, slots=True)
class Split:
    """How a model is stored and spread: weight format, KV format, tensor- and pipeline-parallel size."""

    weight_format: str = ""
    kv_dtype: str = ""
    tensor_parallel: int = 1
    pipeline_parallel: int = 1


@dataclass(frozen=True, slots=True)
class KvPool:
    """One GPU's memory in bytes: `budget` = weights + activation + overhead + `room`; `room` below 0 is what lacks.

    `tokens` is what vLLM logs as "GPU KV cache size"; `request` what one request of the full length needs.
    """

    budget: int
    weights: int
    activation: int
    overhead: int
    room: int
    tokens: int
    request: int
    concurrency: float
    longest: int
    derivation: Derivation

    @property
    def fits(self) -> bool:
        """Whether one request of the full length fits, which is what vLLM asks for at its start."""
        return self.room >= self.request


def kv_pool(
    shape: ModelShape,
    card: Accelerator,
    split: Split,
    length: int,
    work: Step,
    utilization: float,
    engine: EngineName = "vllm",
    graphs: bool = True,
) -> KvPool:
    """Work out the pool that is left beside weights and working memory, for requests of up to `length` tokens.

    SGLang keeps working memory outside its budget, so activation and overhead are 0 there.
    """
    base, budget, stage, activation, overhead = _parts(shape, card, split, work, utilization, engine, graphs)
    room = budget - stage - activation - overhead
    layers = _stage_layers(shape, split) / shape.layers
    tokens, request, concurrency = held(shape, room, length, split, work.tokens, layers)
    longest = _longest(shape, room, split, work.tokens, layers)
    stored = weights(shape, split.weight_format, split.tensor_parallel)
    said = [stored.derivation, _stage_lines(shape, stored, split)]
    if engine == "vllm":
        size = number_bytes(shape, split)
        used = working_memory(shape, work, split.tensor_parallel, card, size, graphs, split.pipeline_parallel)
        said.append(used.derivation)
    symbols = {"u": utilization, "R": base, "W": stage, "A": activation, "O": overhead, "M": budget}
    lines = [
        step("memory the engine may take", "引擎可用显存", "floor(u × R)", symbols, budget, "B"),
        step("left for the KV cache", "留给 KV 缓存", "M - W - A - O", symbols, room, "B"),
    ]
    lines += _held_lines(shape, split, length, room, tokens, request, concurrency)
    own = Derivation(tuple(lines), (_reported(card),), "vllm-memory")
    derivation = joined("vllm-memory", *said, own)
    return KvPool(
        budget, stage, activation, overhead, room, tokens, request, concurrency, longest, derivation
    )  # fmt: skip


def one_request_fits(
    shape: ModelShape,
    card: Accelerator,
    split: Split,
    length: int,
    work: Step,
    utilization: float,
    engine: EngineName = "vllm",
    graphs: bool = True,
) -> bool:
    """Say whether one request of the full length fits, without the derivation."""
    _, budget, *used = _parts(shape, card, split, work, utilization, engine, graphs)
    needed = request_bytes(shape, length, split.kv_dtype, split.tensor_parallel, BLOCK, work.tokens)
    return budget - sum(used) >= round(needed * _stage_layers(shape, split) / shape.layers)


def number_bytes(shape: ModelShape, split: Split) -> int:
    """How many bytes a number takes that the model computes with."""
    kind = find_format(split.weight_format or shape.weight_format or shape.dtype)
    return 4 if kind.compute == "fp32" else 2


def _parts(
    shape: ModelShape, card: Accelerator, split: Split, work: Step, utilization: float, engine: EngineName, graphs: bool
) -> tuple[int, int, int, int, int]:
    """Return the memory the share is taken of, the budget, and weights, activations and overhead within it."""
    stage = _stage(shape, weights(shape, split.weight_format, split.tensor_parallel), split)
    if engine == "sglang":
        base = card.reported_memory - CUDA_CONTEXT
        return base, int(utilization * base), stage, 0, 0
    cost = step_cost(shape, split.tensor_parallel, number_bytes(shape, split))
    activation = cost.activation(work.tokens, work.sequences)
    overhead = overhead_bytes(shape, split.tensor_parallel, card, graphs, split.pipeline_parallel)
    return card.reported_memory, int(utilization * card.reported_memory), stage, activation, overhead


def held(
    shape: ModelShape, room: int, length: int, split: Split, step_tokens: int, share: float = 1.0
) -> tuple[int, int, float]:
    """Return how many tokens the room holds, what one request of that length needs, and how many of them fit at once.

    `share` is the part of the layers that one pipeline stage has.
    """
    available = max(0, int(room / share))
    tokens = fitting_tokens(shape, available, split.kv_dtype, split.tensor_parallel)
    request = request_bytes(shape, length, split.kv_dtype, split.tensor_parallel, BLOCK, step_tokens)
    full_blocks = -(-length // BLOCK) * BLOCK
    concurrency = available / request if any(shape.windows) else tokens / full_blocks
    return tokens, round(request * share), concurrency


def _longest(shape: ModelShape, room: int, split: Split, step_tokens: int, share: float) -> int:
    """Solve for the longest request that fits, in whole blocks."""

    def cost(blocks: int) -> int:
        tokens = blocks * BLOCK
        needed = request_bytes(shape, tokens, split.kv_dtype, split.tensor_parallel, BLOCK, step_tokens)
        return round(needed * share)

    bends = [(window - 1 + step_tokens) / BLOCK for window in set(shape.windows) if window]
    return largest(cost, bends, room, UNBOUNDED // BLOCK) * BLOCK


def _stage_layers(shape: ModelShape, split: Split) -> int:
    return -(-shape.layers // split.pipeline_parallel)


def _ends(stored: WeightSize) -> tuple[int, int]:
    """Return the bytes of the larger of embedding and head, and of everything between them."""
    sizes = {"embedding": 0, "head": 0}
    for part in stored.parts:
        if part.name in sizes:
            sizes[part.name] += part.bytes
    return max(sizes.values()), stored.bytes - sum(sizes.values())


def _stage(shape: ModelShape, stored: WeightSize, split: Split) -> int:
    """Return the weights of the fullest pipeline stage: its layers, with the embedding or the head."""
    if split.pipeline_parallel == 1:
        return stored.bytes
    ends, layers = _ends(stored)
    return ends + layers * _stage_layers(shape, split) // shape.layers


def _stage_lines(shape: ModelShape, stored: WeightSize, split: Split) -> Derivation:
    if split.pipeline_parallel == 1:
        return Derivation()
    ends, layers = _ends(stored)
    symbols = {"E": ends, "Y": layers, "l": _stage_layers(shape, split), "L": shape.layers}
    size = _stage(shape, stored, split)
    line = step("weights of the fullest stage", "最满的流水线级的权重", "floor(E + Y × l / L)", symbols, size, "B")
    said = Text(
        "A pipeline stage holds its share of the layers, the first the embedding, the last the head.",
        "每个流水线级持有一部分层，首级含词嵌入，末级含输出层。",
    )
    return Derivation((line,), (said,))


def _held_lines(
    shape: ModelShape,
    split: Split,
    length: int,
    room: int,
    tokens: int,
    request: int,
    concurrency: float,
) -> Iterator[Line]:
    layer = kv_cache(shape, 1, 1, split.kv_dtype, split.tensor_parallel).bytes_per_token / shape.layers
    per_token = layer * _stage_layers(shape, split)
    if any(shape.windows):
        symbols: dict[str, float] = {"K": max(0, room), "q": request}
        yield step("requests of full length at once", "满长请求并发数", "K / q", symbols, concurrency, "x")
        return
    symbols = {"K": max(0, room), "k": per_token, "g": BLOCK, "T": length}
    inner = {"a": layer, "l": _stage_layers(shape, split)}
    yield step("KV of one token on one GPU", "每卡每 token 的 KV", "a × l", inner, per_token, "B")
    yield step("tokens in the cache", "缓存可容纳 token 数", "floor(K / (k × g)) × g", symbols, tokens, "tokens")
    symbols = {"N": tokens, "T": length, "g": BLOCK}
    yield step("requests of full length at once", "满长请求并发数", "N / (ceil(T / g) × g)", symbols, concurrency, "x")


def _reported(card: Accelerator) -> Text:
    kind = Text("logged by programs", "来自程序日志") if card.reported_is_measured else Text("estimated", "估计值")
    return Text(
        f"{card.name}: the memory that CUDA reports ({kind.en}), not the number on the box.",
        f"{card.name}：按 CUDA 报告的显存（{kind.zh}）计算，而非标称值。",
    )
