"""Questions that compare sizes of weights: order them, or hold them against the memory of a card."""

from typing import Final

from tools.calculators.shape import ModelShape
from tools.calculators.unit import GB
from tools.calculators.weight_format import weights
from tools.quiz import calc_draw as draw
from tools.quiz.calc_compare import GAP, Case, judged, picked, ranked
from tools.quiz.calc_form import apart, why
from tools.quiz.calc_problem import Question, Setting, Source, converted, line, spoken
from tools.quiz.item import Item, Point
from tools.quiz.wording import say

_FILE: Final = "calc_weights"
_FITS: Final = Source(
    "gpu",
    (("decides which model fits",), ("first step when a model does not fit",)),
    (("显存容量决定放得下什么模型",),),
)
_BITS: Final = Source(
    "quantization", (("2 bytes for each parameter",), ("needs $4n$ bytes",)), (("每个参数占 2 字节",),)
)
_FORMATS: Final = ("bf16", "bf16", "fp8", "awq", "Q4_K_M", "Q8_0")
_GGUF: Final = ("Q3_K_M", "Q4_K_M", "Q5_K_M", "Q6_K", "Q8_0")
_FIVE: Final = 5


def _bits(shape: ModelShape, name: str) -> float:
    """Return the bits per weight as a learner sees them."""
    return float(f"{weights(shape, name).bits_per_weight:.2f}")


def _label(shape: ModelShape, name: str, setting: Setting) -> str:
    number = weights(shape, name).parameters
    return say(
        _FILE, "weights_model", setting.language, model=shape.name, parameters=draw.billions(number, setting.language),
        bits=f"{_bits(shape, name):g}",
    )  # fmt: skip


def order(setting: Setting) -> Item | None:
    """Ask to order four models, each in a format, by the size of their weights."""
    shapes = draw.models(setting.rng, 4)
    stored = [(shape, setting.rng.choice(_FORMATS)) for shape in shapes]
    cases = [
        Case(_label(shape, name, setting), weights(shape, name).bytes, f"{weights(shape, name).bytes / GB:,.1f} GB")
        for shape, name in stored
    ]
    low, high = min(case.value for case in cases), max(case.value for case in cases)
    if high > 12 * low:
        return None  # nothing to work out
    drawn = tuple(sorted(f"{shape.name}-{name}" for shape, name in stored))
    return ranked(Question(_FILE, "weights_order", drawn, 2, {}, (), _BITS), cases, setting)


def which(setting: Setting) -> Item | None:
    """Ask which of five models in some format have weights that fit on a card."""
    rng = setting.rng
    card = draw.card(rng)
    memory = card.memory_gb * GB
    cases: dict[str, Case] = {}
    right: set[str] = set()
    most = rng.choice((2, 3))
    for shape in draw.models(rng, len(draw.GROUPED)):
        name = rng.choice(_GGUF if setting.concept == "gguf" else _FORMATS)
        size = weights(shape, name).bytes
        inside = size < memory
        room = len(right) < most if inside else len(cases) - len(right) < _FIVE - most
        if not room or not memory / 4 < size < 4 * memory or not _clear(size, memory, card.reported_memory):
            continue
        label = _label(shape, name, setting)
        cases[label] = Case(label, size, f"{size / GB:,.1f} GB", why("parameters_for_bytes", setting.language))
        right |= {label} if inside else set()
        if len(cases) == _FIVE:
            break
    if len(cases) < _FIVE:
        return None
    known = {"card": card.name, "memory": f"{card.memory_gb:g}"}
    drawn = (card.name, *sorted(f"{case.value:g}" for case in cases.values()))
    question = Question(_FILE, "weights_which", drawn, 3, known, (), _FITS)
    return picked(question, list(cases.values()), frozenset(right), setting)


def _clear(size: float, *limits: float) -> bool:
    """Tell whether a size lies clearly on one side of all limits: GB or GiB on the box, and what programs see."""
    return all(apart(size, limit, GAP) for limit in limits) and len({size < limit for limit in limits}) == 1


def fits(setting: Setting) -> Item | None:
    """State that the weights of a model fit on a card, rightly or wrongly."""
    rng, language = setting.rng, setting.language
    card, shape = draw.card(rng), draw.model(rng)
    name = rng.choice({"fp8": ("fp8", "bf16"), "awq": ("awq", "bf16")}.get(setting.concept, _FORMATS))
    stored, memory = weights(shape, name), card.memory_gb * GB
    wanted = rng.random() < 1 / 2
    truth = stored.bytes < memory
    if truth is not wanted or not memory / 3 < stored.bytes < 3 * memory:
        return None
    if not _clear(stored.bytes, memory, card.reported_memory):
        return None
    bits, size = _bits(shape, name), spoken(stored.bytes / GB)[0]
    known = {
        "model": shape.name, "parameters": draw.billions(stored.parameters, language), "bits": f"{bits:g}",
        "card": card.name, "memory": f"{card.memory_gb:g}",
    }  # fmt: skip
    reason = Point(
        say(_FILE, "weights_fits_reason" if truth else "weights_fits_not_reason", language, size=size,
            memory=known["memory"]),
        (spoken(stored.bytes / GB),),
    )  # fmt: skip
    symbols = {"N": stored.parameters, "bits": bits}
    steps = (line("weights", "N × bits / 8", symbols, stored.parameters * bits / 8, "B"), converted(stored.bytes, "GB"))
    question = Question(_FILE, "weights_fits", (shape.name, name, card.name), 2, known, steps, _FITS)
    slip = why("bits_for_bytes" if truth else "parameters_for_bytes", language)
    return judged(question, truth, reason, slip, setting)
