"""Questions about the arithmetic of training: 6ND, the time on a cluster, and the compute-optimal size."""

import random
from collections.abc import Iterator, Mapping
from typing import Final

from knowledge.vocabulary import Language
from tools.calculators import parameter
from tools.quiz import calc_draw as draw
from tools.quiz.calc_form import posed
from tools.quiz.calc_problem import Problem, Question, Setting, Source, line
from tools.quiz.calc_round import Template, rounds
from tools.quiz.item import Item
from tools.quiz.material import Material
from tools.quiz.wording import say

_FILE: Final = "calc_compute"
_RULE: Final = Source("scaling-laws", (("6nd",),), (("6nd",),))
_OPTIMUM: Final = Source("scaling-laws", (("c/120",),), (("c/120",),))
_TRILLIONS: Final = (0.1, 0.3, 0.5, 1, 1.5, 2, 3, 4, 6, 9, 15, 18)
_CLUSTERS: Final = (8, 16, 32, 64, 128, 256, 512, 1024, 2048)
_DAY: Final = 86_400  # seconds
_ZETTA: Final = 1e21


def make(material: Material, concept: str, language: Language, rng: random.Random) -> Iterator[Item]:
    """Yield items on the arithmetic of training, if the concept has to do with it."""
    return rounds(TEMPLATES, material, concept, language, rng)


def rule(setting: Setting) -> Item | None:
    """Ask for the operations of a training run."""
    rng, language = setting.rng, setting.language
    shape, trillions = draw.model(rng, draw.GROUPED + draw.UNGROUPED), rng.choice(_TRILLIONS)
    number = draw.four(parameter.count(shape).total)
    operations = 6 * number * trillions * 1e12
    value = operations / _ZETTA
    known = {"model": shape.name, "parameters": draw.billions(number, language), "tokens": _tokens(trillions, language)}
    symbols = {"N": number, "D": trillions * 1e12}
    steps = (line("operations", "6 × N × D", symbols, operations, "FLOP"),)
    question = Question(_FILE, "compute_rule", (shape.name, f"{trillions:g}"), 1, known, steps, _RULE)
    slips = {
        "forward_only": value / 3,
        "backward_only": value * 2 / 3,
        "one_per_multiply_add": value / 2,
        "no_factor": value / 6,
        "recomputed_forward": value * 4 / 3,
        "two_backward": value * 2,
        "factor_ten": value * 10,
    }
    return posed(Problem(question, value, "× 10^21 FLOP", slips), setting)


def _tokens(trillions: float, language: Language) -> str:
    if language == "zh":
        return f"{trillions:g} 万亿" if trillions >= 1 else f"{trillions * 10000:g} 亿"
    return f"{trillions:g} trillion" if trillions >= 1 else f"{trillions * 1000:g} billion"


def days(setting: Setting) -> Item | None:
    """Ask how many days a training run takes on a cluster."""
    rng, language = setting.rng, setting.language
    shape, trillions = draw.model(rng), rng.choice(_TRILLIONS)
    card, gpus, share = draw.card(rng, _CARDS), rng.choice(_CLUSTERS), rng.choice((30, 35, 40, 45, 50))
    number, peak = draw.four(parameter.count(shape).total), draw.four(card.peaks["bf16"])
    operations = 6 * number * trillions * 1e12
    value = operations / (gpus * peak * share / 100) / _DAY
    if not 1 <= value <= 300:
        return None
    known = {
        "model": shape.name, "parameters": draw.billions(number, language), "tokens": _tokens(trillions, language),
        "gpus": draw.count(gpus), "card": card.name, "peak": draw.tera(peak), "share": str(share),
    }  # fmt: skip
    symbols = {"C": operations, "G": gpus, "P": peak, "m": share / 100, "day": _DAY}
    steps = (
        line("operations", "6 × N × D", {"N": number, "D": trillions * 1e12}, operations, "FLOP"),
        line("days", "C / (G × P × m × day)", symbols, value, say("calc", "unit days", language)),
    )
    drawn = (shape.name, f"{trillions:g}", card.name, str(gpus), str(share))
    question = Question(_FILE, "compute_days", drawn, 3, known, steps, _RULE)
    slips = {
        "no_utilization": value * share / 100,
        "sparse_peak": value / 2,
        "forward_only": value / 3,
        "utilization_twice": value * 100 / share,
        "recomputed_forward": value * 4 / 3,
        "one_card": value * gpus,
        "one_per_multiply_add": value / 2,
        "two_backward": value * 2,
        "hours_for_days": value * 24,
    }
    return posed(Problem(question, value, say("calc", "unit days", language), slips), setting)


def utilization(setting: Setting) -> Item | None:
    """Ask for the model FLOPs utilization of a training run."""
    rng, language = setting.rng, setting.language
    shape, card, gpus = draw.model(rng), draw.card(rng, _CARDS), rng.choice(_CLUSTERS[:6])
    number, peak = draw.four(parameter.count(shape).total), draw.four(card.peaks["bf16"])
    rate = draw.three(rng.uniform(0.2, 0.55) * gpus * peak / (6 * number))
    value = 600 * number * rate / (gpus * peak)
    known = {
        "model": shape.name, "parameters": draw.billions(number, language), "gpus": draw.count(gpus),
        "card": card.name, "peak": draw.tera(peak), "sparse": draw.tera(2 * peak), "rate": draw.count(rate),
    }  # fmt: skip
    symbols = {"N": number, "R": rate, "G": gpus, "P": peak}
    steps = (line("utilization", "6 × N × R / (G × P) × 100", symbols, value, "%"),)
    drawn = (shape.name, card.name, str(gpus), f"{rate:g}")
    question = Question(_FILE, "compute_utilization", drawn, 2, known, steps, _RULE)
    slips = {
        "sparse_utilization": value / 2, "forward_only": value / 3, "backward_only": value * 2 / 3,
        "recomputed_forward": value * 4 / 3, "one_per_multiply_add": value / 2, "idle_share": 100 - value,
        "no_factor": value / 6,
    }  # fmt: skip
    return posed(Problem(question, value, "%", slips), setting)


def optimum(setting: Setting) -> Item | None:
    """Ask for the compute-optimal number of parameters, or of tokens, in billions."""
    rng = setting.rng
    mantissa, exponent = rng.choice((1, 1.5, 2, 3, 4, 5, 6, 8)), rng.randint(19, 25)
    budget = mantissa * 10**exponent
    tokens = rng.random() < 1 / 2
    number = (budget / 120) ** 0.5
    value = (20 * number if tokens else number) / 1e9
    known = {"mantissa": f"{mantissa:g}", "exponent": str(exponent)}
    steps = (
        line("optimum", "C / (6 × 20)", {"C": float(budget)}, budget / 120, ""),
        line("tokens" if tokens else "parameters", "20 × N / unit" if tokens else "N / unit",
             {"N": number, "unit": 10**9}, value, "B"),
    )  # fmt: skip
    template = "compute_tokens" if tokens else "compute_parameters"
    question = Question(_FILE, template, (f"{mantissa:g}e{exponent}",), 2, known, steps, _OPTIMUM)
    slips = {
        "tokens_equal_parameters": value * (20**0.5 if not tokens else 20**-0.5),
        "other_of_the_two": value * (20 if not tokens else 1 / 20),
        "no_factor": value * 6**0.5,
        "forward_only": value * 3**0.5,
        "two_backward": value / 2**0.5,
        "ratio_forgotten": value * (20**0.5 if not tokens else 1 / 20**0.5),
        "half_ratio": value * (2**0.5 if not tokens else 2**-0.5),
        "double_ratio": value * (2**-0.5 if not tokens else 2**0.5),
    }
    return posed(Problem(question, value, "B", slips), setting)


_CARDS: Final = ("A100 SXM 80GB", "H100 SXM", "H200", "B200", "MI300X")
TEMPLATES: Final[Mapping[str, tuple[Template, ...]]] = {
    "scaling-laws": (rule, optimum, days),
    "pretraining": (rule, days, utilization),
    "gpu": (utilization,),
}
