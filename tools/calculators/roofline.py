"""How long a forward pass takes at least, and whether arithmetic or memory sets the limit, operation by operation."""

from dataclasses import dataclass, replace

from tools.calculators.accelerator import Accelerator
from tools.calculators.argument import real
from tools.calculators.attention import attention_operations
from tools.calculators.collective import Collective, collectives
from tools.calculators.critical_batch import critical_batch
from tools.calculators.derivation import Derivation
from tools.calculators.layer_time import Bound, LayerTime, Roof, added, main_dtype, timed
from tools.calculators.operation import Operation, matrices, matrix_operations, other_operations
from tools.calculators.roofline_derivation import derive
from tools.calculators.shape import ModelShape
from tools.calculators.workload import AttentionKernel, Logits, Phase, Workload, checked


@dataclass(frozen=True, slots=True)
class Roofline:
    """A forward pass on one GPU of `tensor_parallel`; FLOPs and bytes are that GPU's share.

    `time_s` adds up the operations, each the longer of its arithmetic and its traffic, and the communication;
    `overlapped_s` is the longer of all arithmetic and all traffic. `bound` compares `compute_s` with `memory_s`.
    `tokens_per_second` counts prompt tokens in prefill and new tokens in decode. `critical_batch` is where decode's
    weights turn compute-bound, `step_critical_batch` where the whole step does at this context (None: never).
    """

    phase: Phase
    batch: int
    context: int
    tensor_parallel: int
    dtype: str
    flops: float
    bytes: float
    weight_bytes: float
    kv_bytes: float
    activation_bytes: float
    arithmetic_intensity: float
    peak: float
    bandwidth: float
    ridge_point: float
    bound: Bound
    compute_s: float
    memory_s: float
    communication_s: float
    time_s: float
    overlapped_s: float
    tokens_per_second: float
    critical_batch: float
    step_critical_batch: float | None
    layers: tuple[LayerTime, ...]
    collectives: tuple[Collective, ...]
    derivation: Derivation


def roofline(
    shape: ModelShape,
    accelerator: Accelerator,
    phase: Phase,
    batch: int = 1,
    context: int = 1,
    weight_format: str = "",
    kv_dtype: str = "",
    tensor_parallel: int = 1,
    attention: AttentionKernel = "fused",
    logits: Logits = "last",
    compute_efficiency: float = 1.0,
    memory_efficiency: float = 1.0,
) -> Roofline:
    """Bound one forward pass from below: a prefill of `context` tokens, or a decode step that attends over as many.

    Without a weight format, weights are as published; efficiencies of 1 give the hardware's limit, which real kernels
    stay below. Raises UserMistake for a value that cannot be.
    """
    work = checked(Workload(phase, batch, context, weight_format, kv_dtype, tensor_parallel, attention, logits), shape)
    real("compute efficiency", compute_efficiency, 0.01, 1.0)
    real("memory efficiency", memory_efficiency, 0.01, 1.0)
    return _estimate(shape, work, Roof(accelerator, compute_efficiency, memory_efficiency))


def operations(shape: ModelShape, work: Workload) -> tuple[Operation, ...]:
    """List all operations of a forward pass on one GPU: matrices, attention, and the passes between them."""
    return (*matrix_operations(shape, work), *attention_operations(shape, work), *other_operations(shape, work))


def timed_layers(shape: ModelShape, work: Workload, roof: Roof) -> tuple[LayerTime, ...]:
    """Place all operations of a checked workload under the roof."""
    return tuple(timed(part, roof) for part in operations(shape, work))


def _estimate(shape: ModelShape, work: Workload, roof: Roof) -> Roofline:
    layers, sent = timed_layers(shape, work, roof), collectives(shape, work, roof.card)
    communication_s = sum(part.time_s for part in sent)
    total = added(layers, roof, communication_s)
    dtype = main_dtype(layers)
    linear, whole_step = _critical(shape, work, roof)
    return Roofline(
        phase=work.phase,
        batch=work.batch,
        context=work.context,
        tensor_parallel=work.tensor_parallel,
        dtype=dtype,
        flops=total.flops,
        bytes=total.bytes,
        weight_bytes=sum(part.weight_bytes for part in layers),
        kv_bytes=sum(part.kv_bytes for part in layers),
        activation_bytes=sum(part.activation_bytes for part in layers),
        arithmetic_intensity=total.flops / total.bytes,
        peak=roof.peak(dtype),
        bandwidth=roof.bandwidth,
        ridge_point=roof.peak(dtype) / roof.bandwidth,
        bound=total.bound,
        compute_s=total.compute_s,
        memory_s=total.memory_s,
        communication_s=communication_s,
        time_s=total.time_s,
        overlapped_s=max(total.compute_s, total.memory_s),
        tokens_per_second=work.tokens / total.time_s,
        critical_batch=linear,
        step_critical_batch=whole_step,
        layers=layers,
        collectives=sent,
        derivation=derive(shape, work, roof, layers, sent, linear),
    )


def _critical(shape: ModelShape, work: Workload, roof: Roof) -> tuple[float, float | None]:
    """Return the batch from which decode's weights are compute-bound, and the one from which its whole step is."""
    parts = matrices(shape, work.weight_format, work.tensor_parallel, True)
    weights_s = sum(part.flops / roof.peak(part.dtype) for part in parts)
    linear = critical_batch(parts, weights_s, roof.bandwidth)
    assert linear is not None  # weights always multiply
    one = operations(shape, replace(work, phase="decode", batch=1, logits="last"))
    compute_s = sum(part.flops / roof.peak(part.dtype) for part in one)
    own = sum(
        part.kv_bytes + part.activation_bytes + (part.weight_bytes if part.kind == "lookup" else 0) for part in one
    )
    shared = sum(part.weight_bytes for part in one if part.kind == "elementwise")
    return linear, critical_batch(parts, compute_s - own / roof.bandwidth, roof.bandwidth, shared)
