"""How much memory a model needs to serve so many sequences, and the longest context and largest batch that fit."""

from dataclasses import dataclass
from typing import Final

from tools.calculators.accelerator import Accelerator
from tools.calculators.argument import real, whole
from tools.calculators.derivation import Derivation, Text, joined, step
from tools.calculators.derivation import Step as Line
from tools.calculators.kv_cache import UNBOUNDED, cache_bytes, kv_cache
from tools.calculators.piecewise import largest
from tools.calculators.shape import ModelShape
from tools.calculators.weight_format import find_format, weights
from tools.calculators.working_memory import Step, StepCost, default_step, step_cost, working_memory

UTILIZATION: Final = 0.92  # vLLM 0.33.0's --gpu-memory-utilization; 0.90 in earlier versions


@dataclass(frozen=True, slots=True)
class InferenceMemory:
    """Memory of one server in bytes; the parts are sums over all its GPUs, `per_gpu` is one GPU's share of them.

    `limit` is what one GPU may give; without a GPU it is None, as are `fits`, `max_context` and `max_batch`.
    `max_context` is what memory allows, whether or not the model was made for it.
    """

    weights: int
    kv: int
    activation: int
    overhead: int
    total: int
    per_gpu: int
    tensor_parallel: int
    limit: int | None
    fits: bool | None
    max_context: int | None
    max_batch: int | None
    model_context: int
    derivation: Derivation


@dataclass(frozen=True, slots=True)
class _Case:
    """All that stays the same while context and batch are varied."""

    shape: ModelShape
    kv_dtype: str
    tensor_parallel: int
    cost: StepCost
    step_tokens: int
    weights: int

    def work(self, context: int, batch: int) -> Step:
        return Step(min(context * batch, self.step_tokens), min(batch, self.step_tokens))

    def variable(self, context: int, batch: int) -> int:
        """Everything on one GPU that is no fixed overhead."""
        work = self.work(context, batch)
        cache = cache_bytes(self.shape, context, batch, self.kv_dtype, self.tensor_parallel)
        return self.weights + cache + self.cost.activation(work.tokens, work.sequences)

    def bends(self, per_step: int) -> list[float]:
        """Where activations bend as context or batch grows: at a full step, and where sampling overtakes the layers."""
        tokens_per_sequence = self.cost.sampling / (self.cost.forward - self.cost.kept)
        return [self.step_tokens / per_step, self.step_tokens / tokens_per_sequence, tokens_per_sequence]


def inference_memory(
    shape: ModelShape,
    context: int,
    batch: int = 1,
    weight_format: str = "",
    kv_dtype: str = "",
    tensor_parallel: int = 1,
    card: Accelerator | None = None,
    utilization: float = UTILIZATION,
    graphs: bool = True,
) -> InferenceMemory:
    """Add up weights, cache, activations and overhead of `batch` sequences of `context` tokens each.

    The engine computes steps of bounded size (chunked prefill) as vLLM does. Raises UserMistake for sizes that cannot
    be, unknown formats, or a model that cannot be split over so many GPUs.
    """
    whole("context", context, 1, UNBOUNDED)
    whole("batch", batch, 1, UNBOUNDED)
    share = real("memory utilization", utilization, 0.01, 1.0)
    stored = weights(shape, weight_format, tensor_parallel)
    number_bytes = 4 if find_format(stored.format).compute == "fp32" else 2
    kv_dtype = cache_dtype(shape, weight_format, kv_dtype)
    tokens = default_step(card).tokens
    cost = step_cost(shape, tensor_parallel, number_bytes)
    case = _Case(shape, kv_dtype, tensor_parallel, cost, tokens, stored.bytes)
    cache = kv_cache(shape, context, batch, kv_dtype, tensor_parallel)
    work = working_memory(shape, case.work(context, batch), tensor_parallel, card, number_bytes, graphs)
    per_gpu = stored.bytes + cache.bytes + work.activation + work.overhead
    limit = int(share * card.reported_memory) if card else None
    own = _lines(stored.bytes, cache.bytes, work.activation, work.overhead, tensor_parallel, card, share, limit)
    longest = None if limit is None else _longest_context(case, batch, limit - work.overhead)
    derivation = joined("vllm-memory", stored.derivation, cache.derivation, work.derivation, own)
    return InferenceMemory(
        weights=stored.bytes * tensor_parallel,
        kv=cache.bytes * tensor_parallel,
        activation=work.activation * tensor_parallel,
        overhead=work.overhead * tensor_parallel,
        total=per_gpu * tensor_parallel,
        per_gpu=per_gpu,
        tensor_parallel=tensor_parallel,
        limit=limit,
        fits=None if limit is None else per_gpu <= limit,
        max_context=longest,
        max_batch=None if limit is None else _largest_batch(case, context, limit - work.overhead),
        model_context=shape.max_context,
        derivation=derivation,
    )


def cache_dtype(shape: ModelShape, weight_format: str, kv_dtype: str) -> str:
    """Return the format of the cache where none is named: the one the model computes in."""
    if kv_dtype not in {"", "auto"}:
        return kv_dtype
    kind = find_format(weight_format or shape.weight_format or shape.dtype)
    return "fp32" if kind.compute == "fp32" else "bf16"


def _longest_context(case: _Case, batch: int, limit: int) -> int:
    return largest(
        lambda context: case.variable(context, batch), [*case.bends(batch), *case.shape.windows], limit, UNBOUNDED
    )


def _largest_batch(case: _Case, context: int, limit: int) -> int:
    bends = [*case.bends(context), float(case.step_tokens)]
    return largest(lambda batch: case.variable(context, batch), bends, limit, UNBOUNDED)


def _lines(
    stored: int,
    cache: int,
    activation: int,
    overhead: int,
    tensor_parallel: int,
    card: Accelerator | None,
    share: float,
    limit: int | None,
) -> Derivation:
    per_gpu = stored + cache + activation + overhead
    symbols = {"W": stored, "K": cache, "A": activation, "O": overhead}
    lines: list[Line] = [step("memory on one GPU", "每卡显存", "W + K + A + O", symbols, per_gpu, "B")]
    whole_server = {"p": tensor_parallel, "M": per_gpu}
    lines.append(step("memory on all GPUs", "全部显存", "p × M", whole_server, per_gpu * tensor_parallel, "B"))
    said: list[Text] = []
    if card and limit is not None:
        numbers = {"u": share, "R": card.reported_memory}
        lines.append(step("what one GPU may give", "单卡可用上限", "floor(u × R)", numbers, limit, "B"))
        source = (
            Text("logged by programs", "来自程序日志") if card.reported_is_measured else Text("estimated", "估计值")
        )
        said.append(
            Text(
                f"{card.name}: the memory that CUDA reports ({source.en}), not the number on the box.",
                f"{card.name}：按 CUDA 报告的显存（{source.zh}）计算，而非标称值。",
            )
        )
    return Derivation(tuple(lines), tuple(said), "vllm-memory")
