"""What GPUs of a tensor parallel group send each other in one forward pass."""

from dataclasses import dataclass

from knowledge.errors import UserMistake
from tools.calculators.accelerator import Accelerator
from tools.calculators.shape import ModelShape
from tools.calculators.workload import Workload, activation_bytes, activation_dtype


@dataclass(frozen=True, slots=True)
class Collective:
    """Equal collective operations; `payload` is the tensor of one, `sent` what each GPU sends in all, in bytes."""

    name: str
    count: int
    payload: int
    sent: float
    time_s: float


def collectives(shape: ModelShape, work: Workload, card: Accelerator) -> tuple[Collective, ...]:
    """List the collectives of Megatron's split as vLLM runs it; empty on one GPU.

    Each layer reduces after its output projection and after its feed-forward network, and so does the embedding; the
    logits are gathered. A ring sends 2 (n - 1) / n of a reduced tensor and (n - 1) / n of a gathered one.
    Raises UserMistake if the cards have no link.
    """
    n = work.tensor_parallel
    if n == 1:
        return ()
    if card.link.bandwidth <= 0:
        raise UserMistake(f"{card.name} has no link to a second one, so {n!r} cannot share a model.", "Use one.")
    each = activation_bytes(activation_dtype(shape, work.weight_format))
    reduced, gathered = work.tokens * shape.hidden * each, work.positions * shape.vocabulary * each
    share = (n - 1) / n
    return (
        _collective("all-reduce", 2 * shape.layers + 1, reduced, 2 * share, card),
        _collective("gather of logits", 1, gathered, share, card),
    )


def _collective(name: str, count: int, payload: int, share: float, card: Accelerator) -> Collective:
    sent = count * payload * share
    return Collective(name, count, payload, sent, sent / card.link.bandwidth)
