"""How many floating-point operations training takes for each token."""

from dataclasses import dataclass

from tools.calculators.argument import whole
from tools.calculators.derivation import Derivation, Text, step
from tools.calculators.shape import ModelShape
from tools.calculators.tensor import tensors


@dataclass(frozen=True, slots=True)
class TrainingFlops:
    """Operations for one token, forward and backward; `recomputed` adds the second forward pass of checkpointing."""

    per_token: float
    recomputed: float
    matrices: float
    attention: float
    derivation: Derivation


def training_flops(shape: ModelShape, sequence: int) -> TrainingFlops:
    """Count two operations for each multiply-add, three times the forward pass, causal attention as half the square.

    Raises UserMistake if the sequence is not a positive whole number.
    """
    whole("sequence length", sequence)
    parts = tensors(shape)
    lookup = 0 if shape.tied_embeddings else sum(part.parameters for part in parts if part.kind == "embedding")
    positions = sum(part.parameters for part in parts if part.kind == "position")
    active = sum(part.active_parameters for part in parts) - lookup - positions
    seen = sum((_mean_seen(sequence, shape.window(layer)) for layer in range(shape.layers)), 0.0)
    widths = shape.query_width + shape.value_width
    matrices, attention = 6.0 * active, 6.0 * widths * seen
    total, again = matrices + attention, (matrices + attention) * 4 / 3
    lines = (
        step("weights", "权重", "6 × N", {"N": active}, matrices, "FLOP/token"),
        step("attention scores and values", "注意力得分与加权", "6 × (q + v) × t", {"q": shape.query_width,
             "v": shape.value_width, "t": seen}, attention, "FLOP/token"),
        step("total", "总计", "W + A", {"W": matrices, "A": attention}, total, "FLOP/token"),
        step("with full recomputation", "含全量重计算", "F × 4 / 3", {"F": total}, again, "FLOP/token"),
    )  # fmt: skip
    assumptions = (
        Text("N: parameters a token passes through, embedding table apart.", "N 为 token 经过的参数，不含词嵌入表。"),
        Text("t: tokens attended to, half a sequence a layer.", "t 为各层可见 token 之和，每层平均半个序列。"),
        Text("The backward pass costs twice the forward pass.", "反向传播的计算量是前向的两倍。"),
    )  # fmt: skip
    return TrainingFlops(total, again, matrices, attention, Derivation(lines, assumptions, "transformer"))


def _mean_seen(sequence: int, window: int) -> float:
    """Average over a sequence how many tokens one token attends to, half of itself aside."""
    if not window or window >= sequence:
        return sequence / 2
    return window - window * window / (2 * sequence)
