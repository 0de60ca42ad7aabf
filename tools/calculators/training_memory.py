"""How much memory training a model takes on each GPU: weights, gradients, optimizer, activations."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tools.calculators.accelerator import Accelerator
from tools.calculators.activation import LOSSES, LayerActivations, Setting, layer_activations, loss_bytes
from tools.calculators.argument import named, whole
from tools.calculators.derivation import Derivation, Step, Text, joined, step
from tools.calculators.lora import ALL_LINEAR, adapters, derive_adapters
from tools.calculators.model_state import StateBytes, check_offload, state_bytes
from tools.calculators.shape import ModelShape
from tools.calculators.training_assumption import assumptions, warnings
from tools.calculators.training_plan import METHODS, Method, Part, TrainingPlan, base_parameters
from tools.calculators.training_state import buffers, cpu_memory, divided_states
from tools.calculators.unit import MIB

CONTEXT: Final = 500 * MIB  # CUDA context and kernels of PyTorch; in no tensor
_LONGEST: Final = 10**8


@dataclass(frozen=True, slots=True)
class TrainingMemory:
    """What one GPU holds; `per_gpu_bytes` = parameters + gradients + optimizer + activations - overlap.

    `activation_bytes` = stored + the larger of loss and recomputed layer + buffers. `overlap_bytes` are those that
    gradients and activations use one after the other; 0 with gradient accumulation. `cpu_bytes` serves all GPUs.
    `context_bytes` (CUDA) comes on top of `per_gpu_bytes` when `fits` compares with the memory that a card reports.
    """

    method: Method
    parameters: int
    trainable_parameters: int
    parameter_bytes: int
    gradient_bytes: int
    optimizer_bytes: int
    activation_bytes: int
    stored_bytes: int
    loss_bytes: int
    recomputed_bytes: int
    buffer_bytes: int
    overlap_bytes: int
    per_gpu_bytes: int
    cpu_bytes: int
    context_bytes: int
    available_bytes: int | None
    fits: bool | None
    warnings: tuple[Text, ...]
    derivation: Derivation


def training_memory(
    shape: ModelShape,
    method: Method = "full",
    rank: int = 16,
    targets: str | Iterable[str] = ALL_LINEAR,
    sequence: int = 2048,
    batch: int = 1,
    gpus: int = 1,
    zero: int = 0,
    offload: str = "none",
    optimizer: str = "adamw",
    precision: str = "mixed",
    gradients: str = "",
    checkpointing: bool = True,
    flash_attention: bool = True,
    loss: str = "plain",
    compiled: bool = False,
    accumulation: bool = True,
    optimizer_in_backward: bool = False,
    offload_activations: bool = False,
    accelerator: Accelerator | None = None,
) -> TrainingMemory:
    """Add up what training takes on each GPU; `batch` is the micro-batch of one GPU, `gpus` are data parallel.

    Raises UserMistake for an unknown name, a number out of range, or an offload that the ZeRO stage cannot do.
    """
    named("training method", method, METHODS)
    named("loss", loss, LOSSES)
    check_offload(offload, whole("ZeRO stage", zero, 0, 3))
    plan = TrainingPlan(
        shape, method, whole("sequence length", sequence, 1, _LONGEST), whole("batch size", batch, 1, 10**6),
        whole("number of GPUs", gpus, 1, 10**6), zero, offload,
        _each(method, precision, optimizer, gradients), precision, optimizer, loss, checkpointing, flash_attention,
        compiled, accumulation and not optimizer_in_backward, optimizer_in_backward, offload_activations,
        adapters(shape, rank, targets) if method != "full" else (),
    )  # fmt: skip
    return _result(plan, accelerator)


def _each(method: str, precision: str, optimizer: str, gradients: str) -> StateBytes:
    """Adapters train in fp32 under mixed precision, as PEFT keeps them: 4 + 4 + 8 bytes instead of 2 + 2 + 12."""
    chosen = state_bytes(precision, optimizer, gradients)
    if method == "full" or precision != "mixed":
        return chosen
    return state_bytes("fp32", optimizer, gradients)


def _result(plan: TrainingPlan, card: Accelerator | None) -> TrainingMemory:
    states, state_lines = divided_states(plan)
    layers = layer_activations(plan.shape, _setting(plan))
    stored, recomputed, loss = _stored(plan, layers), _recomputed(plan, layers), _loss(plan)
    extra = buffers(plan)
    on_gpu = 0 if plan.offload_activations else stored.bytes
    activations = on_gpu + max(loss.bytes, recomputed.bytes) + extra.bytes
    last_layer = recomputed.bytes + extra.bytes + (on_gpu // plan.shape.layers)
    overlap = 0 if plan.accumulation else max(0, min(states.gradients, activations - last_layer))
    total = states.total + activations - overlap
    cpu = cpu_memory(plan, stored.bytes)
    available = card.reported_memory if card else None
    totals = (
        step("activations and buffers", "激活值与缓冲", "S + max(L, R) + B",
             {"S": on_gpu, "L": loss.bytes, "R": recomputed.bytes, "B": extra.bytes}, activations, "B"),
        step("on each GPU", "每卡显存", "W + G + O + A - X", {"W": states.weights, "G": states.gradients,
             "O": states.optimizer, "A": activations, "X": overlap}, total, "B"),
    )  # fmt: skip
    parts = (*state_lines, *stored.lines, *loss.lines, *recomputed.lines, *extra.lines)
    return TrainingMemory(
        method=plan.method,
        parameters=base_parameters(plan.shape) + sum(part.parameters for part in plan.adapters),
        trainable_parameters=plan.trainable,
        parameter_bytes=states.weights,
        gradient_bytes=states.gradients,
        optimizer_bytes=states.optimizer,
        activation_bytes=activations,
        stored_bytes=on_gpu,
        loss_bytes=loss.bytes,
        recomputed_bytes=recomputed.bytes,
        buffer_bytes=extra.bytes,
        overlap_bytes=overlap,
        per_gpu_bytes=total,
        cpu_bytes=cpu.bytes,
        context_bytes=CONTEXT,
        available_bytes=available,
        fits=None if available is None else total + CONTEXT <= available,
        warnings=warnings(card, plan.precision, plan.zero, plan.gpus, plan.offload),
        derivation=_derive(plan, (*parts, *totals, *cpu.lines)),
    )


def _derive(plan: TrainingPlan, lines: tuple[Step, ...]) -> Derivation:
    sharded = plan.zero if plan.gpus > 1 else 0
    said = assumptions(plan.method, plan.precision, plan.optimizer, sharded, plan.offload)
    main = Derivation(lines, said, _note(plan))
    return joined(main.note, derive_adapters(plan.adapters), main) if plan.adapters else main


def _setting(plan: TrainingPlan) -> Setting:
    own_copies = plan.method != "full" and plan.precision == "mixed"
    trained: frozenset[str] | None = None
    if plan.method != "full":
        trained = frozenset[str]() if own_copies else frozenset(part.role for part in plan.adapters)
    return Setting(
        plan.sequence, plan.batch, plan.element, plan.flash_attention, plan.compiled, trained, plan.adapters, own_copies
    )


def _stored(plan: TrainingPlan, layers: tuple[LayerActivations, ...]) -> Part:
    """Activations that wait for the backward pass: all of them, or the input of each layer."""
    tokens = plan.sequence * plan.batch
    numbers: dict[str, float] = {"T": tokens}
    if plan.checkpointing:
        count, hidden = plan.shape.layers, plan.shape.hidden
        size = count * tokens * hidden * plan.element
        name = ("checkpoints: the input of each layer", "检查点：每层输入")
        return Part(
            size,
            (step(*name, "l × T × h × e", numbers | {"l": count, "h": hidden, "e": plan.element}, size, "B"),),
        )
    terms: list[str] = []
    for number, kind in enumerate(layers, 1):
        numbers |= {f"l{number}": kind.layers, f"a{number}": kind.per_token}
        terms.append(f"l{number} × a{number}")
    size = tokens * sum(kind.layers * kind.per_token for kind in layers)
    total = step("activations of all layers", "所有层的激活值", f"T × ({' + '.join(terms)})", numbers, size, "B")
    return Part(size, (*(kind.step() for kind in layers), total))


def _recomputed(plan: TrainingPlan, layers: tuple[LayerActivations, ...]) -> Part:
    if not plan.checkpointing:
        return Part(0, ())
    largest = max(layers, key=lambda kind: kind.per_token)
    tokens = plan.sequence * plan.batch
    size = tokens * largest.per_token
    line = step("one layer, recomputed", "重计算的一层", "T × a", {"T": tokens, "a": largest.per_token}, size, "B")
    return Part(size, (largest.step(), line))


def _loss(plan: TrainingPlan) -> Part:
    formula, symbols, size = loss_bytes(plan.shape, _setting(plan), plan.loss)
    return Part(size, (step("logits and loss", "logits 与损失", formula, symbols, size, "B"),))


def _note(plan: TrainingPlan) -> str:
    if plan.zero and (plan.gpus > 1 or plan.offload != "none"):
        return "zero"
    if plan.method == "full":
        return "mixed-precision" if plan.precision == "mixed" else "adamw"
    return plan.method
