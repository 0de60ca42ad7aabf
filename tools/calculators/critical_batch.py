"""From which batch on arithmetic takes longer than memory."""

import math
from collections.abc import Sequence

from tools.calculators.accelerator import Accelerator, ridge
from tools.calculators.derivation import Derivation, Text, step
from tools.calculators.operation import Matrix

_ROUNDS = 60  # Newton's method needs about five


def textbook_critical_batch(card: Accelerator, dtype: str = "", weight_bits: float = 16) -> tuple[float, Derivation]:
    """Return the batch at which a dense layer's reading and multiplying take equally long: 2 B N / P = bits N / 8 / BW.

    `dtype` is what the arithmetic runs in, the card's 16-bit format if empty; raises UserMistake if it lacks it.
    """
    point = ridge(card, dtype)
    value = point.value * weight_bits / 16
    line = step(
        "critical batch", "临界批大小", "P / BW × bits / 16",
        {"P": point.peak, "BW": point.bandwidth, "bits": weight_bits}, value, "tokens",
    )  # fmt: skip
    said = Text("Weights alone are counted, read once per step.", "只计权重，每步读取一次。")
    return value, Derivation((line,), (*point.derivation.assumptions, said), "roofline-model")


def critical_batch(
    parts: Sequence[Matrix], seconds_per_sequence: float, bandwidth: float, other_bytes: float = 0.0
) -> float | None:
    """Solve B × seconds_per_sequence = bytes read once (B) / bandwidth; None if the batch never gets there.

    `seconds_per_sequence` is arithmetic less the traffic that grows with the batch. The experts read once grow with
    the batch towards all of them: a concave curve, which Newton's method meets from above without overshooting.
    """
    if seconds_per_sequence <= 0:
        return None
    slope = seconds_per_sequence * bandwidth
    batch = (other_bytes + sum(part.weight_bytes for part in parts)) / slope
    routed = [part for part in parts if part.copies > part.active]
    once = other_bytes + sum(part.weight_bytes for part in parts if part.copies == part.active)
    for _ in range(_ROUNDS if routed else 0):
        value, steepness = once - slope * batch, -slope
        for part in routed:
            passed_by = 1 - part.active / part.copies
            missed = passed_by**batch
            value += part.weight_bytes * (1 - missed)
            steepness -= part.weight_bytes * missed * math.log(passed_by)
        following = batch - value / steepness
        if abs(following - batch) <= 1e-12 * batch:
            break
        batch = following
    return batch
