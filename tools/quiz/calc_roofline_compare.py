"""Questions that compare work and cards under the Roofline model."""

from typing import Final

from tools.calculators import accelerator
from tools.calculators.accelerator import Accelerator
from tools.calculators.layer_time import Roof, timed
from tools.calculators.operation import Operation
from tools.quiz import calc_draw as draw
from tools.quiz.calc_compare import Case, judged, ranked
from tools.quiz.calc_form import apart, why
from tools.quiz.calc_plot import ridge_line
from tools.quiz.calc_problem import Question, Setting, Source, line, spoken
from tools.quiz.item import Item, Point
from tools.quiz.wording import say

_FILE: Final = "calc_roofline"
_BOUND: Final = Source(
    "roofline-model",
    (("below the ridge point is memory-bound",),),
    (("算术强度低于拐点的任务是内存受限",), ("算术强度低于脊点",)),
)
_FASTER_DECODE: Final = Source(
    "decode",
    (
        ("more memory bandwidth helps decode more",), ("bandwidth of gpu memory decides",),
        ("sets the upper limit for the speed of decode",),
    ),
    (("内存带宽更高的 gpu 比算力更高的",), ("显存带宽决定单个用户",)),
)  # fmt: skip
_FASTER_PREFILL: Final = Source(
    "decode",
    (("more arithmetic helps prefill",), ("arithmetic throughput decides how fast prompts are read",)),
    (("提升算力有利于预填充",), ("算力决定读提示词",)),
)
_MARGIN: Final = 0.25
_ROWS: Final = (8, 16, 32, 64, 128, 512, 1024, 2048, 4096, 8192)
_WIDTHS: Final = (2048, 4096, 5120, 8192, 12288, 14336)
_CARDS: Final = (
    "RTX 3090", "RTX 4090", "RTX 5090", "L4", "L40S", "A10", "RTX A6000", "A100 40GB", "A100 SXM 80GB", "H100 PCIe",
    "H100 SXM", "H200", "B200", "MI300X", "RTX 4060 Ti 16GB", "RTX 5080",
)  # fmt: skip


def bound(setting: Setting) -> Item | None:
    """State that a matrix product is bound by arithmetic or by memory, rightly or wrongly."""
    rng, language = setting.rng, setting.language
    card = draw.card(rng, _CARDS)
    m, k, n = rng.choice(_ROWS), rng.choice(_WIDTHS), rng.choice(_WIDTHS)
    product = Operation("product", "linear", 1, 2 * m * k * n, 2 * k * n, 0, 2 * (m * k + m * n), "bf16")
    placed, point = timed(product, Roof(card)), accelerator.ridge(card, "bf16").value
    claimed, wanted = rng.choice(("compute", "memory")), rng.random() < 1 / 2
    truth = placed.bound == claimed
    if truth is not wanted or not apart(placed.arithmetic_intensity, point, _MARGIN):
        return None
    known = {
        "m": draw.count(m), "k": draw.count(k), "n": draw.count(n), "card": card.name,
        "peak": draw.tera(card.peaks["bf16"]), "bandwidth": draw.tera(card.bandwidth),
    }  # fmt: skip
    value = placed.arithmetic_intensity
    steps = (
        line("intensity", "F / M", {"F": product.flops, "M": product.bytes}, value, "FLOP/byte"),
        ridge_line(card),
    )
    side = "above" if placed.bound == "compute" else "below"
    ways, ways_of_ridge = spoken(value), spoken(point)
    reason = Point(
        say(_FILE, f"roof_{side}", language, intensity=ways[0], ridge=ways_of_ridge[0]), (ways, ways_of_ridge)
    )
    drawn = (card.name, str(m), str(k), str(n), claimed)
    question = Question(_FILE, f"roof_is_{claimed}", drawn, 2, known, steps, _BOUND)
    return judged(question, truth, reason, why(f"taken_for_{_other(placed.bound)}", language), setting)


def _other(side: str) -> str:
    return "memory" if side == "compute" else "compute"


def order(setting: Setting) -> Item | None:
    """Ask to order four cards by their speed in decode, or in prefill."""
    rng = setting.rng
    decode = setting.concept in {"decode", "memory-bandwidth"} or (setting.concept == "gpu" and rng.random() < 1 / 2)
    cards = [draw.card(rng, (name,)) for name in rng.sample(_CARDS, 4)]
    cases = [
        Case(_label(card, setting), card.bandwidth if decode else _peak(card), _shown(card, decode)) for card in cards
    ]
    if not any(one.bandwidth < other.bandwidth and _peak(one) > _peak(other) for one in cards for other in cards):
        return None  # both figures would give the same order, so nothing is asked
    template = "roof_order_decode" if decode else "roof_order_prefill"
    drawn = tuple(sorted(card.name for card in cards))
    source = _FASTER_DECODE if decode else _FASTER_PREFILL
    return ranked(Question(_FILE, template, drawn, 3, {}, (), source), cases, setting)


def _peak(card: Accelerator) -> float:
    return card.peaks["bf16"]


def _label(card: Accelerator, setting: Setting) -> str:
    return say(
        _FILE, "roof_card", setting.language, card=card.name, peak=draw.tera(card.peaks["bf16"]),
        bandwidth=draw.tera(card.bandwidth),
    )  # fmt: skip


def _shown(card: Accelerator, decode: bool) -> str:
    return f"{draw.tera(card.bandwidth)} TB/s" if decode else f"{draw.tera(card.peaks['bf16'])} TFLOP/s"
