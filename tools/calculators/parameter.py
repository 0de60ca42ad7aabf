"""How many parameters a model has: all, without embeddings, and those one token passes through."""

from dataclasses import dataclass

from tools.calculators.derivation import Derivation, Text, step
from tools.calculators.shape import ModelShape
from tools.calculators.tensor import Tensor, prediction_tensors, shard, tensors


@dataclass(frozen=True, slots=True)
class ParameterCount:
    """Exact counts; a tied head is counted once, and `active` includes both embedding matrices.

    `prediction` (multi-token prediction modules) and `other` (vision tower) are not part of `total`.
    """

    total: int
    non_embedding: int
    active: int
    embedding: int
    prediction: int
    other: int
    derivation: Derivation


def count(shape: ModelShape) -> ParameterCount:
    """Count the parameters of a model exactly from its dimensions."""
    parts = tensors(shape)
    embedding = sum(part.parameters for part in parts if part.kind in {"embedding", "head"})
    total = sum(part.parameters for part in parts)
    active = sum(part.active_parameters for part in parts)
    prediction = sum(part.parameters for part in prediction_tensors(shape))
    return ParameterCount(
        total, total - embedding, active, embedding, prediction, shape.other_parameters, _derive(shape, parts)
    )


def count_per_gpu(shape: ModelShape, tensor_parallel: int) -> int:
    """Count the parameters that one GPU holds under tensor parallelism; norms and routers stand on every GPU."""
    return sum(shard(part, shape, tensor_parallel) for part in tensors(shape))


def _derive(shape: ModelShape, parts: tuple[Tensor, ...]) -> Derivation:
    sums: dict[str, int] = {}
    for part in parts:
        sums[_group(part)] = sums.get(_group(part), 0) + part.parameters
    names = {
        "E": ("embeddings and head", "词嵌入与输出层"),
        "A": ("attention", "注意力"),
        "F": ("feed-forward", "前馈网络"),
        "X": ("experts and routers", "专家与路由"),
        "N": ("norms", "归一化"),
    }
    steps = [
        step(*names[group], " + ".join(f"{_symbol(p)}" for p in parts if _group(p) == group),
             {_symbol(p): p.parameters for p in parts}, value, "parameters")
        for group, value in sums.items()
    ]  # fmt: skip
    steps.append(step("total", "总计", " + ".join(sums), sums, sum(sums.values()), "parameters"))
    tied = Text("The output head shares the embedding matrix.", "输出层与词嵌入共享权重。")
    untied = Text("The output head has its own matrix.", "输出层有独立的权重矩阵。")
    return Derivation(tuple(steps), (tied if shape.tied_embeddings else untied,), "transformer")


def _symbol(part: Tensor) -> str:
    return part.role.replace(".", "_")


def _group(part: Tensor) -> str:
    if part.kind in {"embedding", "head", "position"} or part.role.startswith(("lm_head", "project_")):
        return "E"
    if part.role.startswith(("experts", "router", "shared_expert")):
        return "X"
    if part.role.startswith(("gate", "up", "down")):
        return "F"
    return "N" if part.kind == "norm" else "A"
