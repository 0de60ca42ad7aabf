"""A roofline over many batches or contexts, for sliders and plots."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from tools.calculators.accelerator import Accelerator
from tools.calculators.argument import named, whole
from tools.calculators.collective import collectives
from tools.calculators.layer_time import Bound, Roof, added
from tools.calculators.roofline import timed_layers
from tools.calculators.shape import ModelShape
from tools.calculators.workload import Workload, checked

Variable = Literal["batch", "context"]


@dataclass(frozen=True, slots=True)
class SweepPoint:
    """The roofline at one value of the variable; times in seconds."""

    value: int
    flops: float
    bytes: float
    arithmetic_intensity: float
    bound: Bound
    time_s: float
    tokens_per_second: float


def sweep(
    shape: ModelShape, accelerator: Accelerator, work: Workload, variable: Variable, values: Sequence[int]
) -> tuple[SweepPoint, ...]:
    """Evaluate the workload with its batch or context at each value; raises UserMistake for one that cannot be."""
    named("variable", variable, get_args(Variable))
    roof = Roof(accelerator)
    return tuple(_point(shape, checked(_at(work, variable, value), shape), roof, value) for value in values)


def spread(least: int, most: int, points: int = 100) -> tuple[int, ...]:
    """Return whole numbers from least to most in equal ratios, each once: what a logarithmic axis wants."""
    whole("least value", least)
    whole("greatest value", most, least)
    whole("number of points", points, 2, 10_000)
    ratio = (most / least) ** (1 / (points - 1))
    inner = (min(most, round(least * ratio**number)) for number in range(points - 1))
    return tuple(dict.fromkeys((*inner, most)))


def _at(work: Workload, variable: Variable, value: int) -> Workload:
    return replace(work, batch=value) if variable == "batch" else replace(work, context=value)


def _point(shape: ModelShape, work: Workload, roof: Roof, value: int) -> SweepPoint:
    layers = timed_layers(shape, work, roof)
    total = added(layers, roof, sum(part.time_s for part in collectives(shape, work, roof.card)))
    return SweepPoint(
        value,
        total.flops,
        total.bytes,
        total.flops / total.bytes,
        total.bound,
        total.time_s,
        work.tokens / total.time_s,
    )
