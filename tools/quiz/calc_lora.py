"""Questions about LoRA: how many parameters an adapter trains, and what their training keeps in memory."""

import random
from collections.abc import Iterator, Mapping
from typing import Final

from knowledge.vocabulary import Language
from tools.calculators.lora import Adapter, adapters, derive_adapters
from tools.calculators.shape import ModelShape
from tools.calculators.unit import MB
from tools.quiz import calc_draw as draw
from tools.quiz.calc_form import posed
from tools.quiz.calc_problem import Problem, Question, Setting, Source, converted, line
from tools.quiz.calc_round import Template, rounds
from tools.quiz.item import Item
from tools.quiz.material import Material

_FILE: Final = "calc_lora"
_FACTORS: Final = Source("lora", (("d \\times r",),), (("d \\times r",),))
_STATES: Final = Source(
    "lora",
    (
        ("gradients and optimizer states exist only for the added matrices",),
        ("only the extra parameters need gradients",),
    ),
    (("只有新增矩阵需要梯度和优化器状态",), ("只有新增参数需要梯度",)),
)
_RANKS: Final = (4, 8, 16, 32, 64, 128)
_TARGETS: Final = (
    ("q_proj", "v_proj"),
    ("q_proj", "k_proj", "v_proj", "o_proj"),
    ("gate_proj", "up_proj", "down_proj"),
)
_FUSED: Final = ("Phi", "GLM")  # several targets in one matrix
_NO_FUSED: Final = tuple(name for name in draw.GROUPED if not name.startswith(_FUSED))


def make(material: Material, concept: str, language: Language, rng: random.Random) -> Iterator[Item]:
    """Yield items on LoRA, if the concept has to do with it."""
    return rounds(TEMPLATES, material, concept, language, rng)


def one_matrix(setting: Setting) -> Item | None:
    """Ask how many parameters LoRA trains beside one matrix."""
    rng = setting.rng
    shape, rank = draw.model(rng, _NO_FUSED), rng.choice(_RANKS)
    role = rng.choice(("k_proj", "gate_proj", "down_proj", "q_proj"))
    found = adapters(shape, rank, role)[0]
    value = Adapter(role, found.rows, found.columns, 1, 1, 1, rank).parameters
    known = {
        "model": shape.name, "role": role, "rows": draw.count(found.rows), "columns": draw.count(found.columns),
        "rank": str(rank),
    }  # fmt: skip
    symbols = {"r": rank, "out": found.rows, "in": found.columns}
    steps = (line("adapter", "r × (out + in)", symbols, value, "parameters"),)
    question = Question(_FILE, "lora_matrix", (shape.name, role, str(rank)), 1, known, steps, _FACTORS)
    slips = {
        "only_a": float(rank * found.columns),
        "only_b": float(rank * found.rows),
        "frozen_weights": float(found.rows * found.columns),
        "bytes_for_parameters": value * 2.0,
        "alpha_twice": value * 4.0,
        "longer_side_twice": 2.0 * rank * max(found.rows, found.columns),
        "shorter_side_twice": 2.0 * rank * min(found.rows, found.columns),
    }
    return posed(Problem(question, value, _unit(setting), slips, whole=True), setting)


def _unit(setting: Setting) -> str:
    return "parameters" if setting.language == "en" else "个参数"


def all_layers(setting: Setting) -> Item | None:
    """Ask how many parameters LoRA trains in the whole model, in millions."""
    rng = setting.rng
    shape, rank, targets = draw.model(rng, _NO_FUSED), rng.choice(_RANKS), rng.choice(_TARGETS)
    parts = adapters(shape, rank, targets)
    number = sum(part.parameters for part in parts)
    value = number / 1e6
    known = _given(shape, rank, parts, setting.language)
    steps = (*derive_adapters(parts).steps,)
    question = Question(_FILE, "lora_layers", (shape.name, "+".join(targets), str(rank)), 2, known, steps, _FACTORS)
    slips = _slips(shape, rank, parts, value)
    return posed(Problem(question, value, "M", slips), setting)


def states(setting: Setting) -> Item | None:
    """Ask what training keeps for the adapters alone."""
    rng = setting.rng
    shape, rank, targets = draw.model(rng, _NO_FUSED), rng.choice(_RANKS), rng.choice(_TARGETS)
    parts = adapters(shape, rank, targets)
    number = sum(part.parameters for part in parts)
    size = number * _FP32_STATES
    value = size / MB
    known = _given(shape, rank, parts, setting.language)
    symbols = {"n": number, "w": 4, "g": 4, "o": 8}
    steps = (
        *derive_adapters(parts).steps,
        line("states", "n × (w + g + o)", symbols, size, "B"),
        converted(size, "MB"),
    )
    question = Question(_FILE, "lora_states", (shape.name, "+".join(targets), str(rank)), 3, known, steps, _STATES)
    slips = _slips(shape, rank, parts, value)
    del slips["bytes_for_parameters"]
    slips |= {
        "rank_doubled": value * 2, "no_gradients": value * 12 / 16, "no_momenta": value / 2, "weights_alone": value / 4,
        "master_added": value * 20 / 16, "one_momentum": value * 12 / 16, "bits_for_bytes": value * 8,
    }  # fmt: skip
    return posed(Problem(question, value, "MB", slips), setting)


_FP32_STATES: Final = 16  # bytes: weight 4, gradient 4, two momenta 8


def _given(shape: ModelShape, rank: int, parts: tuple[Adapter, ...], language: Language) -> dict[str, str]:
    joiner = "、" if language == "zh" else ", "
    listed = joiner.join(f"{part.role} {part.rows:,} × {part.columns:,}" for part in parts)
    return {"model": shape.name, "layers": str(shape.layers), "rank": str(rank), "matrices": listed}


def _slips(shape: ModelShape, rank: int, parts: tuple[Adapter, ...], value: float) -> dict[str, float]:
    """Say what each slip in the count of parameters makes of the right value."""
    total = sum(part.parameters for part in parts)
    one = value / total
    return {
        "only_a": sum(rank * part.columns * part.places for part in parts) * one,
        "only_b": sum(rank * part.rows * part.places for part in parts) * one,
        "square_matrices": 2 * rank * shape.hidden * len(parts) * shape.layers * one,
        "one_target": parts[0].parameters * one,
        "one_lora_layer": value / shape.layers,
        "bytes_for_parameters": value * 2,
        "targets_squared": value * len(parts),
    }


TEMPLATES: Final[Mapping[str, tuple[Template, ...]]] = {
    "lora": (one_matrix, all_layers, states),
    "peft": (all_layers, states),
    "qlora": (all_layers, states),
    "fine-tuning": (all_layers,),
}
