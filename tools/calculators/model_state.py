"""What training keeps for each parameter: weight, gradient, optimizer state, and how ZeRO divides it."""

from dataclasses import dataclass
from typing import Final

from knowledge.errors import UserMistake
from tools.calculators.argument import named, real, whole

PRECISIONS: Final = ("mixed", "bf16", "fp32")
OPTIMIZERS: Final = ("adamw", "adamw-32bit", "adamw-8bit", "sgd-momentum", "sgd")
OFFLOADS: Final = ("none", "optimizer", "all")
GRADIENTS: Final = ("", "16-bit", "fp32")
QUANTILE_BLOCK: Final = 256  # values that share one fp32 maximum in bitsandbytes' 8-bit optimizers
_MOST_GPUS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class StateBytes:
    """Bytes that each trained parameter takes; `optimizer` holds the momenta, `master` an fp32 copy of the weight.

    `constants` are the scales of 8-bit momenta.
    """

    weight: int
    gradient: int
    master: int
    optimizer: int
    constants: float

    @property
    def total(self) -> int:
        """Bytes for each trained parameter, scales of 8-bit momenta apart."""
        return self.weight + self.gradient + self.master + self.optimizer


@dataclass(frozen=True, slots=True)
class ModelStates:
    """Bytes of weights, gradients and optimizer (master weights and momenta)."""

    weights: int
    gradients: int
    optimizer: int

    @property
    def total(self) -> int:
        """All three."""
        return self.weights + self.gradients + self.optimizer


def state_bytes(precision: str = "mixed", optimizer: str = "adamw", gradients: str = "") -> StateBytes:
    """Say what one trained parameter takes.

    mixed: 16-bit weight and gradient, fp32 master weight and momenta (16 bytes with AdamW; arXiv:1910.02054). bf16: all
    in 16 bit, momenta too (8 bytes); fp32: all in 32 bit (16 bytes). "adamw-32bit" keeps fp32 momenta under bf16
    too, as bitsandbytes does (12 bytes). `gradients` overrides their format.
    Raises UserMistake for an unknown name.
    """
    named("precision", precision, PRECISIONS)
    named("optimizer", optimizer, OPTIMIZERS)
    named("gradient format", gradients, GRADIENTS)
    weight = 4 if precision == "fp32" else 2
    momentum = {"adamw-32bit": 4, "adamw-8bit": 1}.get(optimizer, 2 if precision == "bf16" else 4)
    momenta = {"sgd": 0, "sgd-momentum": 1}.get(optimizer, 2)
    constants = momenta * 4 / QUANTILE_BLOCK if optimizer == "adamw-8bit" else 0.0
    gradient = {"16-bit": 2, "fp32": 4}.get(gradients, weight)
    return StateBytes(weight, gradient, 4 if precision == "mixed" else 0, momentum * momenta, constants)


def model_states(parameters: float, each: StateBytes) -> ModelStates:
    """Multiply what each trained parameter takes by their number."""
    count = real("number of parameters", parameters)
    optimizer = each.master + each.optimizer + each.constants
    return ModelStates(round(count * each.weight), round(count * each.gradient), round(count * optimizer))


def partition(states: ModelStates, zero: int, gpus: int) -> ModelStates:
    """Divide the states over the GPUs: stage 1 the optimizer's, 2 gradients too, 3 weights too; the largest share.

    Raises UserMistake for another stage or number of GPUs. Source: arXiv:1910.02054.
    """
    whole("ZeRO stage", zero, 0, 3)
    whole("number of GPUs", gpus, 1, _MOST_GPUS)
    return ModelStates(
        share(states.weights, gpus if zero >= 3 else 1),
        share(states.gradients, gpus if zero >= 2 else 1),
        share(states.optimizer, gpus if zero >= 1 else 1),
    )


def share(size: int, gpus: int) -> int:
    """Return the largest share, in whole bytes."""
    return -(-size // gpus)


def check_offload(offload: str, zero: int) -> None:
    """Raise UserMistake if that ZeRO stage cannot move so much to the CPU."""
    named("offload", offload, OFFLOADS)
    if offload == "optimizer" and zero == 0:
        raise UserMistake("Offload 'optimizer' does not work with ZeRO stage 0.", "Use ZeRO stage 1, 2 or 3.")
    if offload == "all" and zero != 3:
        raise UserMistake(
            f"Offload 'all' does not work with ZeRO stage {zero}.", "Use stage 3, or offload 'optimizer'."
        )
