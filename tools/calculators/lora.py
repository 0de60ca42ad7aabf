"""LoRA adapters: which weight matrices get one, and how many parameters each adds."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from knowledge.errors import UserMistake
from tools.calculators.argument import unknown, whole
from tools.calculators.derivation import Derivation, Text, step
from tools.calculators.shape import ModelShape
from tools.calculators.tensor import Tensor, tensors

ALL_LINEAR: Final = "all-linear"
_ATTENTION: Final = ("q_proj", "k_proj", "v_proj", "o_proj", "qkv_proj")
_LARGEST_RANK: Final = 65_536


@dataclass(frozen=True, slots=True)
class Adapter:
    """The pairs A (rank x columns) and B (rows x rank) beside equal weight matrices.

    `places` counts layers, `copies` the experts of a layer, `active` those that one token passes through.
    """

    role: str
    rows: int
    columns: int
    places: int
    copies: int
    active: int
    rank: int

    @property
    def parameters(self) -> int:
        """All trainable elements of these adapters."""
        return self.rank * (self.rows + self.columns) * self.places * self.copies


def adapters(shape: ModelShape, rank: int, targets: str | Iterable[str] = ALL_LINEAR) -> tuple[Adapter, ...]:
    """List the adapters of that rank on the target matrices.

    Targets are names of matrices such as "q_proj" (as a list, or one text with commas), "attention", or "all-linear":
    every linear layer without the output head and the routers. As in PEFT, "up_proj" means that of experts too.
    Raises UserMistake for a target that the model does not have or a rank beyond reason.
    """
    whole("LoRA rank", rank, 1, _LARGEST_RANK)
    linear = [part for part in tensors(shape) if part.kind in {"linear", "head"}]
    chosen = _chosen(shape, linear, targets)
    return tuple(
        Adapter(part.role, part.rows, part.columns, part.places, part.copies, part.active, rank) for part in chosen
    )


def derive_adapters(parts: tuple[Adapter, ...]) -> Derivation:
    """Write down how the trainable parameters add up."""
    lines = [
        step(
            f"adapters of {part.role}",
            f"{part.role} 的适配器",
            "r × (in + out) × layers × experts" if part.copies > 1 else "r × (in + out) × layers",
            {
                "r": part.rank,
                "in": part.columns,
                "out": part.rows,
                "layers": part.places,
                "experts": part.copies,
            },
            part.parameters,
            "parameters",
        )
        for part in parts
    ]
    sums = {part.role.replace(".", "_"): part.parameters for part in parts}
    total = sum(sums.values())
    lines.append(step("trainable parameters", "可训练参数", " + ".join(sums), sums, total, "parameters"))
    frozen = Text("The base model is frozen; adapters have no biases.", "基座模型冻结，适配器没有偏置。")
    return Derivation(tuple(lines), (frozen,), "lora")


def _chosen(shape: ModelShape, linear: list[Tensor], targets: str | Iterable[str]) -> list[Tensor]:
    wanted = tuple(
        name.strip() for name in (targets.split(",") if isinstance(targets, str) else targets) if name.strip()
    )
    if not wanted:
        raise UserMistake("No LoRA target is named.", f"Name matrices such as q_proj, v_proj, or {ALL_LINEAR}.")
    if wanted == (ALL_LINEAR,):
        return [part for part in linear if part.kind == "linear"]
    names: list[str] = []
    for name in wanted:
        names.extend(_ATTENTION if name == "attention" else (name,))
    roles = {part.role for part in linear} | {part.role.split(".")[-1] for part in linear}
    for name in wanted:
        if name != "attention" and name not in roles:
            raise unknown(f"linear layer of {shape.name}", name, sorted(roles), f"Or use {ALL_LINEAR}.")
    found = [part for part in linear if part.role in names or part.role.split(".")[-1] in names]
    if not found:
        raise unknown(f"linear layer of {shape.name}", ", ".join(wanted), sorted(roles), f"Or use {ALL_LINEAR}.")
    return found
