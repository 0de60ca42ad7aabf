"""How long one operation takes at least under a card's roof."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tools.calculators.accelerator import Accelerator
from tools.calculators.operation import Operation, OperationKind

Bound = Literal["compute", "memory"]


@dataclass(frozen=True, slots=True)
class Roof:
    """What a card is taken to reach: peaks by number format and bandwidth, each times its efficiency."""

    card: Accelerator
    compute_efficiency: float = 1.0
    memory_efficiency: float = 1.0

    @property
    def bandwidth(self) -> float:
        """Bytes per second."""
        return self.card.bandwidth * self.memory_efficiency

    def dtype(self, wanted: str) -> str:
        """Return the format the arithmetic runs in: the one wanted, else 16 bit, else fp32."""
        return next(name for name in (wanted, "bf16", "fp16", "fp32") if name in self.card.peaks)

    def peak(self, wanted: str) -> float:
        """Dense FLOP/s of that arithmetic."""
        return self.card.peaks[self.dtype(wanted)] * self.compute_efficiency


@dataclass(frozen=True, slots=True)
class LayerTime:
    """One point of the roofline plot: equal operations of `count` layers, all added up, on one GPU.

    `attainable` is in FLOP/s: the lower of the roof of `dtype` and bandwidth times intensity.
    """

    name: str
    kind: OperationKind
    count: int
    flops: float
    bytes: float
    weight_bytes: float
    kv_bytes: float
    activation_bytes: float
    arithmetic_intensity: float
    dtype: str
    peak: float
    attainable: float
    bound: Bound
    time_s: float


def timed(part: Operation, roof: Roof) -> LayerTime:
    """Place an operation under the roof."""
    peak, moved = roof.peak(part.dtype), part.bytes
    compute_s, memory_s = part.flops / peak, moved / roof.bandwidth
    intensity = part.flops / moved
    return LayerTime(
        part.name,
        part.kind,
        part.count,
        part.flops,
        moved,
        part.weight_bytes,
        part.kv_bytes,
        part.activation_bytes,
        intensity,
        roof.dtype(part.dtype),
        peak,
        min(peak, intensity * roof.bandwidth),
        "compute" if compute_s >= memory_s else "memory",
        max(compute_s, memory_s),
    )


@dataclass(frozen=True, slots=True)
class Totals:
    """All operations of a pass together; times in seconds."""

    flops: float
    bytes: float
    compute_s: float
    memory_s: float
    time_s: float

    @property
    def bound(self) -> Bound:
        """What takes longer in all: arithmetic or memory."""
        return "compute" if self.compute_s >= self.memory_s else "memory"


def added(layers: Sequence[LayerTime], roof: Roof, communication_s: float) -> Totals:
    """Add up operations, which run one after another and wait for the communication."""
    moved = sum(layer.bytes for layer in layers)
    return Totals(
        sum(layer.flops for layer in layers),
        moved,
        sum(layer.flops / layer.peak for layer in layers),
        moved / roof.bandwidth,
        sum(layer.time_s for layer in layers) + communication_s,
    )


def main_dtype(layers: Sequence[LayerTime]) -> str:
    """Return the format in which most FLOPs of the weights run."""
    sums: dict[str, float] = {}
    for layer in layers:
        if layer.kind == "linear":
            sums[layer.dtype] = sums.get(layer.dtype, 0.0) + layer.flops
    return max(sums, key=lambda dtype: sums[dtype])
