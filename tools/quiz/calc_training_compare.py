"""Questions that compare ways to train: which takes less memory, and how many GPUs it needs."""

from collections.abc import Callable
from typing import Final

from tools.calculators import parameter
from tools.calculators.model_state import model_states, partition, state_bytes
from tools.calculators.shape import ModelShape
from tools.calculators.training_memory import training_memory
from tools.calculators.unit import GB
from tools.quiz import calc_draw as draw
from tools.quiz.calc_compare import Case, distinct, ranked
from tools.quiz.calc_form import posed
from tools.quiz.calc_problem import Problem, Question, Setting, Source, line
from tools.quiz.item import Item
from tools.quiz.wording import say

_FILE: Final = "calc_training"
_SHARES: Final = Source(
    "zero",
    (("stage 1 splits the optimizer states",), ("1 splits optimizer states",)),
    (("阶段 1 切分优化器状态",),),
)
_FEWER: Final = Source(
    "lora",
    (
        ("gradients and optimizer states exist only for the added matrices",),
        ("only the extra parameters need gradients",),
        ("train fewer parameters: lora keeps gradients",),
        ("stage 1 splits the optimizer states",),
        ("lora keeps the base model in 16 bits",),
    ),
    (
        ("只有新增矩阵需要梯度和优化器状态",),
        ("只有新增参数需要梯度",),
        ("lora 只为适配器保存梯度",),
        ("阶段 1 切分优化器状态",),
        ("lora 的基座模型保持 16 位",),
    ),
)
_METHODS: Final = ("ddp", "zero1", "zero2", "zero3", "lora", "qlora")
_ROUGH: Final = {"ddp": 16.0, "lora": 2.1, "qlora": 0.55}  # bytes per parameter, as one reckons by hand
_MOST: Final = 1024
_CLEAR: Final = 0.06  # how far a share must lie from the limit


def _states(shape: ModelShape, method: str, gpus: int) -> int:
    """Return weights, gradients and optimizer on one GPU in bytes."""
    if method.startswith("zero") or method == "ddp":
        memory = training_memory(shape, gpus=gpus, zero=int(method[-1]) if method != "ddp" else 0)
    else:
        memory = training_memory(shape, "lora" if method == "lora" else "qlora", gpus=gpus)
    return memory.parameter_bytes + memory.gradient_bytes + memory.optimizer_bytes


def order(setting: Setting) -> Item | None:
    """Ask to order four ways to train one model by their states on each GPU."""
    rng, language = setting.rng, setting.language
    shape, gpus = draw.model(rng), rng.choice((2, 4, 8, 16))
    methods = rng.sample(_METHODS, 4)
    if not {"lora", "qlora"} & set(methods):
        methods[0] = rng.choice(("lora", "qlora"))
    cases = [
        Case(
            say(_FILE, f"method_{method}", language),
            _states(shape, method, gpus),
            f"{_states(shape, method, gpus) / GB:,.1f} GB",
        )
        for method in methods
    ]
    number = parameter.count(shape).total
    rough = {**_ROUGH, "zero1": 4 + 12 / gpus, "zero2": 2 + 14 / gpus, "zero3": 16 / gpus}
    by_hand = [Case(case.label, rough[method], "") for method, case in zip(methods, cases, strict=True)]
    if not distinct(by_hand) or _order(by_hand) != _order(cases):
        return None  # who reckons with round numbers would come to another order
    known = {"model": shape.name, "parameters": draw.billions(number, language), "gpus": str(gpus)}
    drawn = (shape.name, str(gpus), *sorted(methods))
    return ranked(Question(_FILE, "train_order", drawn, 3, known, (), _FEWER), cases, setting)


def _order(cases: list[Case]) -> list[str]:
    return [case.label for case in sorted(cases, key=lambda case: case.value)]


def fewest(setting: Setting) -> Item | None:
    """Ask how many GPUs a stage of ZeRO needs at least."""
    rng, language = setting.rng, setting.language
    shape, card = (
        draw.model(rng),
        draw.card(rng, ("A100 40GB", "A100 SXM 80GB", "H100 SXM", "H200", "L40S", "RTX 4090")),
    )
    stage = rng.choice((1, 2, 3, 3))
    room = round(card.memory_gb * rng.choice((0.6, 0.7, 0.75, 0.8)))
    number = parameter.count(shape).total
    states = model_states(number, state_bytes())

    def share(gpus: int) -> float:
        return partition(states, stage, gpus).total

    value = _first(share, room)
    if value is None or value == 1:
        return None
    if not share(value) * (1 + _CLEAR) < room * GB < share(value // 2) / (1 + _CLEAR):
        return None  # too near the limit to be sure
    known = {
        "model": shape.name, "parameters": draw.billions(number, language), "stage": str(stage), "card": card.name,
        "room": str(room), "recipe": say(_FILE, "recipe_mixed", language),
    }  # fmt: skip
    steps = tuple(
        line("share_of", "S / unit", {"S": round(share(gpus)), "unit": GB}, share(gpus) / GB, f"GB ({gpus} GPU)")
        for gpus in (value // 2, value)
    )
    drawn = (shape.name, str(stage), card.name, str(room))
    question = Question(_FILE, "train_fewest", drawn, 3, known, steps, _SHARES)
    n = float(number)
    wrong: dict[str, Callable[[int], float]] = {
        "weights_alone": lambda gpus: 2 * n / gpus,
        "no_momenta": lambda gpus: partition(model_states(n, state_bytes("mixed", "sgd")), stage, gpus).total,
        "no_master": lambda gpus: 12 * n / gpus,
        "weights_and_gradients": lambda gpus: 4 * n / gpus,
        "all_in_fp32": lambda gpus: 20 * n / gpus,
        "bits_for_bytes": lambda gpus: 8 * share(gpus),
    }
    for other in (1, 2, 3):
        if other != stage:
            wrong[f"zero_stage_{other}"] = lambda gpus, other=other: partition(states, other, gpus).total
    slips = {name: float(found) for name, rule in wrong.items() if (found := _first(rule, room))}
    unit = say("calc", "unit GPUs", language)
    return posed(Problem(question, value, unit, slips, whole=True), setting)


def _first(share: Callable[[int], float], room: float) -> int | None:
    """Return the smallest power of two at which a share fits."""
    gpus = 1
    while gpus <= _MOST:
        if share(gpus) <= room * GB:
            return gpus
        gpus *= 2
    return None
