"""What one forward pass has to do: phase, batch, context, number formats, and over how many GPUs."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

from tools.calculators.argument import named, whole
from tools.calculators.kv_cache import UNBOUNDED
from tools.calculators.shape import ModelShape
from tools.calculators.tensor import check_parallel
from tools.calculators.weight_format import find_format

Phase = Literal["prefill", "decode"]
AttentionKernel = Literal["fused", "eager"]
Logits = Literal["last", "all"]

_LARGEST_BATCH: Final = 10**6


@dataclass(frozen=True, slots=True)
class Workload:
    """One forward pass.

    Prefill runs `context` new tokens of each sequence; a decode step runs one, which attends over `context` tokens with
    itself. `weight_format` is empty for the weights as published. `fused` attention keeps its scores on the chip and
    skips what the causal mask hides; `eager` attention does neither. Logits are needed for the last position only,
    except in training or to score a prompt.
    """

    phase: Phase
    batch: int = 1
    context: int = 1
    weight_format: str = ""
    kv_dtype: str = ""
    tensor_parallel: int = 1
    attention: AttentionKernel = "fused"
    logits: Logits = "last"

    @property
    def tokens_per_sequence(self) -> int:
        """New tokens of one sequence."""
        return self.context if self.phase == "prefill" else 1

    @property
    def tokens(self) -> int:
        """New tokens of all sequences: the rows of every matrix multiplication but the head's."""
        return self.batch * self.tokens_per_sequence

    @property
    def positions(self) -> int:
        """Tokens whose logits are computed."""
        return self.tokens if self.logits == "all" else self.batch


def checked(work: Workload, shape: ModelShape) -> Workload:
    """Return the workload if the model can run it; raises UserMistake naming the value that is wrong."""
    named("phase", work.phase, get_args(Phase))
    named("attention kernel", work.attention, get_args(AttentionKernel))
    named("choice of logits", work.logits, get_args(Logits))
    whole("batch", work.batch, 1, _LARGEST_BATCH)
    whole("context", work.context, 1, UNBOUNDED)
    whole("tensor parallel size", work.tensor_parallel, 1, 1024)
    check_parallel(shape, work.tensor_parallel)
    find_format(stored_format(shape, work.weight_format))
    return work


def stored_format(shape: ModelShape, weight_format: str) -> str:
    """Return the format of the weights: the one asked for, else the published one."""
    return weight_format or shape.weight_format or shape.dtype


def activation_dtype(shape: ModelShape, weight_format: str) -> str:
    """Return what activations are kept in: the weights' own format if it is a plain one, else the model's 16 bit."""
    kind = find_format(stored_format(shape, weight_format))
    if kind.scope == "all":
        return kind.name
    return shape.dtype if shape.dtype in {"bf16", "fp16"} else "bf16"


def activation_bytes(dtype: str) -> int:
    """Return the bytes of one activation."""
    return 4 if dtype == "fp32" else 2
