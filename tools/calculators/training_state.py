"""Where the states of training lie: on each GPU, in buffers that ZeRO and QLoRA need, in CPU memory."""

from typing import Final

from tools.calculators.deepspeed import BUFFER_FACTOR
from tools.calculators.derivation import Step, Text, step
from tools.calculators.model_state import ModelStates, model_states, partition
from tools.calculators.tensor import tensors
from tools.calculators.training_plan import Part, TrainingPlan, frozen_weights

REDUCE_BUCKET: Final = 500_000_000  # elements, DeepSpeed's default reduce_bucket_size


def divided_states(plan: TrainingPlan) -> tuple[ModelStates, tuple[Step, ...]]:
    """Divide weights, gradients and optimizer over GPUs and CPU."""
    trained = model_states(plan.trainable, plan.each)
    form, frozen = frozen_weights(plan)
    divided = partition(
        ModelStates(trained.weights + frozen, trained.gradients, trained.optimizer), plan.zero, plan.gpus
    )
    n, each, zero = plan.trainable, plan.each, plan.zero
    optimizer = each.master + each.optimizer + each.constants

    def line(en: str, zh: str, formula: str, symbols: dict[str, float], value: int, stage: int) -> Step:
        if zero >= stage and plan.gpus > 1:
            return step(en, zh, f"ceil(({formula}) / gpus)", symbols | {"gpus": plan.gpus}, value, "B")
        return step(en, zh, formula, symbols, value, "B")

    held = ModelStates(
        0 if plan.offload == "all" else divided.weights,
        _gradients_on_gpu(plan, divided.gradients),
        0 if plan.offload != "none" else divided.optimizer,
    )
    weight_symbols: dict[str, float] = {"N": n, "w": each.weight, "F": frozen}
    formula = "N × w + F" if frozen else "N × w"
    lines = [
        step("weights, on the CPU", "权重（在 CPU）", "0", {}, 0, "B")
        if plan.offload == "all"
        else line(f"weights (frozen ones in {form})" if frozen else "weights", "权重", formula, weight_symbols,
                  held.weights, 3),
        _gradient_line(plan, held.gradients) or
        line("gradients", "梯度", "N × g", {"N": n, "g": each.gradient}, held.gradients, 2),
        step("optimizer, on the CPU", "优化器（在 CPU）", "0", {}, 0, "B")
        if plan.offload != "none"
        else line(*(("optimizer: master weights and momenta", "优化器：主权重与动量") if each.master else
                    ("optimizer: momenta", "优化器：动量")), "N × o", {"N": n, "o": optimizer}, held.optimizer, 1),
    ]  # fmt: skip
    return held, tuple(lines)


def _gradients_on_gpu(plan: TrainingPlan, divided: int) -> int:
    """Gradients that stay: none where they go to the CPU, one tensor's where the step follows at once."""
    if plan.offload != "none" and plan.zero >= 2:
        return 0
    if plan.optimizer_in_backward:
        return min(divided, _largest_trained(plan) * plan.each.gradient)
    return divided


def _gradient_line(plan: TrainingPlan, value: int) -> Step | None:
    if plan.offload != "none" and plan.zero >= 2:
        return step("gradients, on the CPU", "梯度（在 CPU）", "0", {}, 0, "B")
    if plan.optimizer_in_backward:
        name = "gradient of the largest tensor: the step follows at once"
        return step(name, "最大张量的梯度（随即更新）", "G", {"G": value}, value, "B")
    return None


def _largest_trained(plan: TrainingPlan) -> int:
    if plan.method == "full":
        return max(part.parameters // part.places // part.copies for part in tensors(plan.shape))
    return max(part.rank * max(part.rows, part.columns) for part in plan.adapters)


def buffers(plan: TrainingPlan) -> Part:
    """What ZeRO gathers and sends, and the matrix that QLoRA unpacks."""
    found: list[tuple[Text, str, dict[str, float], int]] = []
    sharded = plan.gpus > 1 or plan.offload != "none"
    if plan.method == "qlora":
        widest = max(part.rows * part.columns for part in tensors(plan.shape) if part.kind == "linear")
        text = Text("one matrix unpacked from 4 bit", "从 4 位解包的一个矩阵")
        found.append((text, "P × e", {"P": widest, "e": plan.element}, widest * plan.element))
    if sharded and plan.zero == 3:
        text, layer = Text("weights of one layer, gathered", "聚合的一层权重"), _largest_layer(plan)
        found.append((text, "P × e", {"P": layer, "e": plan.element}, layer * plan.element))
    if sharded and plan.zero >= 2:
        bucket = min(plan.trainable, REDUCE_BUCKET)
        text = Text("a bucket of gradients to reduce", "待规约的梯度桶")
        found.append((text, "P × g", {"P": bucket, "g": plan.each.gradient}, bucket * plan.each.gradient))
    lines = tuple(step(*text, formula, symbols, size, "B") for text, formula, symbols, size in found)
    return Part(sum(size for *_, size in found), lines)


def _largest_layer(plan: TrainingPlan) -> int:
    """Parameters of the largest layer, or of the embedding if that is larger."""
    parts = tensors(plan.shape)
    outside = max((part.parameters for part in parts if not part.layers), default=0)
    inside = [0] * plan.shape.layers
    for part in parts:
        for layer in part.layers:
            inside[layer] += part.rows * part.columns * part.copies
    return max(outside, *inside)


def cpu_memory(plan: TrainingPlan, stored: int) -> Part:
    """What lies in CPU memory: fp32 gradients and optimizer states with DeepSpeed's allowance, weights, activations."""
    lines: list[Step] = []
    total = 0
    if plan.offload != "none":
        each = 4 + plan.each.master + plan.each.optimizer + plan.each.constants
        moved = plan.trainable * plan.each.weight + frozen_weights(plan)[1] if plan.offload == "all" else 0
        total = round((plan.trainable * each + moved) * BUFFER_FACTOR)
        symbols = {"N": plan.trainable, "o": each, "F": moved, "b": BUFFER_FACTOR}
        lines.append(step("in CPU memory", "CPU 内存", "(N × o + F) × b", symbols, total, "B"))
    if plan.offload_activations:
        size = stored * plan.gpus
        symbols = {"S": stored, "gpus": plan.gpus}
        lines.append(step("activations in CPU memory", "CPU 内存中的激活值", "S × gpus", symbols, size, "B"))
        total += size
    return Part(total, tuple(lines))
