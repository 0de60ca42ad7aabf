"""Questions about what training keeps in memory: states of the optimizer, ZeRO's shares, checkpoints, batches."""

import random
from collections.abc import Iterator, Mapping
from typing import Final

from knowledge.vocabulary import Language
from tools.calculators import parameter
from tools.calculators.model_state import StateBytes, model_states, partition, state_bytes
from tools.calculators.training_memory import training_memory
from tools.calculators.unit import GB, GIB
from tools.quiz import calc_draw as draw
from tools.quiz.calc_form import posed
from tools.quiz.calc_problem import Problem, Question, Setting, Source, converted, line
from tools.quiz.calc_round import Template, rounds
from tools.quiz.calc_training_compare import fewest, order
from tools.quiz.item import Item
from tools.quiz.material import Material
from tools.quiz.wording import say

_FILE: Final = "calc_training"
_STATES: Final = Source(
    "adamw",
    (
        ("bill is 2 bytes for the weight",),
        ("16 bytes for each parameter",),
        ("16 bytes for each trained parameter",),
        ("about 16 bytes of memory for each parameter",),
        ("cuts the 16 bytes per parameter",),
    ),
    (("共 16 字节",), ("需要 16 字节",), ("占 16 字节",)),
)
_WIDE: Final = Source("mixed-precision", (("training in fp32 with adam takes 16 bytes",),), (("两个 float32 数",),))
_TWO_MEANS: Final = Source("adamw", (("keeps two numbers for every weight",),), (("为每个权重保存两个数",),))
_EIGHT_BIT: Final = Source(
    "adamw",
    (("store the two states of adam in one byte each",), ("stores each mean in one byte",)),
    (("每个平均值只用一个字节",),),
)
_SHARES: Final = Source(
    "zero",
    (("stage 1 splits the optimizer states",), ("holds $1/n$ of the weights",), ("1 splits optimizer states",)),
    (("阶段 1 切分优化器状态",),),
)
_KEPT: Final = Source("gradient-checkpointing", (("only the layer's input stays",),), ())
_BATCH: Final = Source("gradient-accumulation", (("b_\\text{effective}",), ("one step sees a batch of 32",)), ())
_RECIPES: Final[Mapping[str, tuple[str, str]]] = {
    "mixed": ("mixed", "adamw"), "fp32": ("fp32", "adamw"), "pure": ("bf16", "adamw"),
    "eight_bit": ("mixed", "adamw-8bit"),
}  # fmt: skip
_SOURCES: Final = {"mixed": _STATES, "fp32": _WIDE, "pure": _TWO_MEANS, "eight_bit": _EIGHT_BIT}
_GPUS: Final = (2, 4, 8, 16, 32, 64)


def make(material: Material, concept: str, language: Language, rng: random.Random) -> Iterator[Item]:
    """Yield items on the memory of training, if the concept has to do with it."""
    return rounds(TEMPLATES, material, concept, language, rng)


def states(setting: Setting) -> Item | None:
    """Ask what weights, gradients and optimizer take on each GPU of plain data parallelism."""
    rng, language = setting.rng, setting.language
    shape = draw.model(rng, draw.GROUPED + draw.UNGROUPED)
    recipe = rng.choice(_OWN_RECIPES.get(setting.concept, tuple(_RECIPES)))
    each, gpus = state_bytes(*_RECIPES[recipe]), rng.choice((1, *_GPUS[:4]))
    number = parameter.count(shape).total
    size = number * each.total
    value = size / GB
    known = {
        "model": shape.name, "parameters": draw.billions(number, language),
        "recipe": say(_FILE, f"recipe_{recipe}", language), "gpus": str(gpus),
    }  # fmt: skip
    if gpus == 1:
        del known["gpus"]
    symbols = {"w": each.weight, "g": each.gradient, "m": each.master, "o": each.optimizer, "N": number}
    steps = (line("states", "(w + g + m + o) × N", symbols, size, "B"), converted(size, "GB"))
    template = "train_states" if gpus == 1 else "train_states_copied"
    question = Question(_FILE, template, (shape.name, recipe, str(gpus)), 1, known, steps, _SOURCES[recipe])
    slips = _state_slips(each, number / GB)
    if gpus > 1:
        slips |= {"states_divided": value / gpus, "states_added": value * gpus}
    return posed(Problem(question, value, "GB", slips), setting)


def _state_slips(each: StateBytes, billion: float) -> dict[str, float]:
    slips = {
        "no_gradients": (each.total - each.gradient) * billion,
        "no_momenta": (each.total - each.optimizer) * billion,
        "weights_alone": each.weight * billion,
        "weights_and_gradients": (each.weight + each.gradient) * billion,
        "all_in_fp32": (each.total + 8 - each.weight - each.gradient) * billion,
        "bits_for_bytes": each.total * 8 * billion,
    }
    if each.master:
        slips["no_master"] = (each.total - each.master) * billion
    else:
        slips["master_added"] = (each.total + 4) * billion
    return slips


def shares(setting: Setting) -> Item | None:
    """Ask for one GPU's share of the states under a stage of ZeRO, or under FSDP."""
    rng, language = setting.rng, setting.language
    shape, gpus = draw.model(rng), rng.choice(_GPUS)
    sharded = setting.concept == "data-parallelism"
    stage = 3 if sharded else rng.choice((1, 2, 3))
    number = parameter.count(shape).total
    each = state_bytes()
    part = partition(model_states(number, each), stage, gpus)
    value = part.total / GB
    known = {
        "model": shape.name, "parameters": draw.billions(number, language), "gpus": str(gpus), "stage": str(stage),
        "recipe": say(_FILE, "recipe_mixed", language),
    }  # fmt: skip
    if sharded:
        del known["stage"]
    formula = {1: "(2 + 2) × N + 12 × N / gpus", 2: "2 × N + (2 + 12) × N / gpus", 3: "(2 + 2 + 12) × N / gpus"}
    symbols = {"N": number, "gpus": gpus}
    exact = {1: 4 * number + 12 * number / gpus, 2: 2 * number + 14 * number / gpus, 3: 16 * number / gpus}[stage]
    steps = (line("share", formula[stage], symbols, exact, "B"), converted(exact, "GB"))
    template = "train_fsdp" if sharded else "train_zero"
    question = Question(_FILE, template, (shape.name, str(stage), str(gpus)), 2, known, steps, _SHARES)
    n = number / GB
    others = {1: 4 * n + 12 * n / gpus, 2: 2 * n + 14 * n / gpus, 3: 16 * n / gpus}
    slips = {"not_divided": 16 * n}
    slips |= {f"zero_stage_{other}": size for other, size in others.items() if other != stage}
    slips |= {
        "no_master": {1: 4 * n + 8 * n / gpus, 2: 2 * n + 10 * n / gpus, 3: 12 * n / gpus}[stage],
        "no_gradients": {1: 2 * n + 12 * n / gpus, 2: 2 * n + 12 * n / gpus, 3: 14 * n / gpus}[stage],
        "weights_alone": 2 * n / gpus if stage == 3 else 2 * n,
        "no_momenta": {1: 4 * n + 4 * n / gpus, 2: 2 * n + 6 * n / gpus, 3: 8 * n / gpus}[stage],
    }
    return posed(Problem(question, value, "GB", slips), setting)


def kept(setting: Setting) -> Item | None:
    """Ask what the inputs of all layers take that gradient checkpointing keeps."""
    rng = setting.rng
    shape = draw.model(rng, draw.GROUPED + draw.UNGROUPED)
    length, batch = rng.choice((1024, 2048, 4096, 8192, 16384)), rng.choice((1, 2, 4, 8))
    size = training_memory(shape, sequence=length, batch=batch, checkpointing=True).stored_bytes
    value = size / GIB
    if not 0.05 < value < 400:
        return None
    known = {
        "model": shape.name, "layers": str(shape.layers), "hidden": draw.count(shape.hidden),
        "intermediate": draw.count(shape.intermediate), "heads": str(shape.heads), "length": draw.count(length),
        "batch": str(batch),
    }  # fmt: skip
    symbols = {"L": shape.layers, "T": length, "B": batch, "h": shape.hidden, "b": 2}
    steps = (line("inputs", "L × B × T × h × b", symbols, size, "B"), converted(size, "GiB"))
    question = Question(_FILE, "train_kept", (shape.name, str(length), str(batch)), 2, known, steps, _KEPT)
    slips = {
        "all_activations": value * 17,
        "one_checkpoint": value / shape.layers,
        "inner_width": value * shape.intermediate / shape.hidden,
        "fp32_activations": value * 2,
        "one_byte_activations": value / 2,
        "bits_as_bytes": value * 8,
        "checkpoint_per_head": value * shape.heads,
        "gb_for_gib": size / GB,
    }
    if batch > 1:
        slips["one_sequence"] = value / batch
    return posed(Problem(question, value, "GiB", slips), setting)


def batch_size(setting: Setting) -> Item | None:
    """Ask for the effective batch of accumulated gradients on several GPUs."""
    rng, language = setting.rng, setting.language
    micro, steps_each, gpus = (
        rng.choice((1, 2, 3, 4, 6, 8)),
        rng.choice((2, 4, 5, 8, 10, 16)),
        rng.choice((2, 4, 8, 16)),
    )
    length = rng.choice((1024, 2048, 4096))
    value = micro * steps_each * gpus
    known = {"micro": str(micro), "steps": str(steps_each), "gpus": str(gpus), "length": draw.count(length)}
    symbols = {"b": micro, "k": steps_each, "G": gpus}
    steps = (line("effective", "b × k × G", symbols, value, "sequences"),)
    drawn = (str(micro), str(steps_each), str(gpus))
    question = Question(_FILE, "train_batch", drawn, 1, known, steps, _BATCH)
    slips = {
        "batch_without_gpus": float(micro * steps_each),
        "batch_without_steps": float(micro * gpus),
        "gpus_and_steps_added": float(micro * (gpus + steps_each)),
        "batch_doubled": float(2 * value),
        "batch_per_gpu_again": float(value * gpus),
    }
    unit = say("calc", "unit sequences", language)
    return posed(Problem(question, value, unit, slips, whole=True), setting)


_OWN_RECIPES: Final[Mapping[str, tuple[str, ...]]] = {
    "mixed-precision": ("mixed", "pure", "fp32"), "bitsandbytes": ("eight_bit",), "fine-tuning": ("mixed",),
    "data-parallelism": ("mixed",), "cuda-out-of-memory": ("mixed",), "gpu": ("mixed",), "zero": ("mixed",),
}  # fmt: skip
TEMPLATES: Final[Mapping[str, tuple[Template, ...]]] = {
    "adamw": (states,),
    "mixed-precision": (states, order),
    "zero": (shares, fewest, order),
    "deepspeed": (shares, fewest),
    "data-parallelism": (states, shares, batch_size),
    "cuda-out-of-memory": (states, order, kept),
    "gradient-checkpointing": (kept,),
    "gradient-accumulation": (batch_size,),
    "fine-tuning": (states, order),
    "bitsandbytes": (states,),
    "qlora": (order,),
    "lora": (order,),
    "peft": (order,),
}
