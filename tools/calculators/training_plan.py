"""A checked request for training memory, and what of the model it trains and what it leaves frozen."""

from dataclasses import dataclass
from typing import Final, Literal

from tools.calculators.derivation import Step
from tools.calculators.lora import Adapter
from tools.calculators.model_state import StateBytes
from tools.calculators.shape import ModelShape
from tools.calculators.tensor import tensors
from tools.calculators.weight_format import weights

Method = Literal["full", "lora", "qlora"]

METHODS: Final = ("full", "lora", "qlora")


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """The checked request."""

    shape: ModelShape
    method: Method
    sequence: int
    batch: int
    gpus: int
    zero: int
    offload: str
    each: StateBytes
    precision: str
    optimizer: str
    loss: str
    checkpointing: bool
    flash_attention: bool
    compiled: bool
    accumulation: bool
    optimizer_in_backward: bool
    offload_activations: bool
    adapters: tuple[Adapter, ...]

    @property
    def element(self) -> int:
        """Bytes of a number in the forward pass."""
        return 4 if self.precision == "fp32" else 2

    @property
    def trainable(self) -> int:
        """How many parameters are trained."""
        if self.method == "full":
            return sum(part.parameters for part in tensors(self.shape))
        return sum(part.parameters for part in self.adapters)


@dataclass(frozen=True, slots=True)
class Part:
    """A number of bytes with the lines that lead to it."""

    bytes: int
    lines: tuple[Step, ...]


def base_parameters(shape: ModelShape) -> int:
    """Count the model's parameters, a vision tower with them."""
    return sum(part.parameters for part in tensors(shape)) + shape.other_parameters


def frozen_weights(plan: TrainingPlan) -> tuple[str, int]:
    """Say how frozen weights are counted, and what they take."""
    if plan.method == "qlora":
        return "NF4 with double quantization", weights(plan.shape, "nf4-dq").bytes
    count = plan.shape.other_parameters if plan.method == "full" else base_parameters(plan.shape)
    return f"{8 * plan.element} bit", count * plan.element
