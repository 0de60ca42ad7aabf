"""Questions on a Roofline plot, which is shown as a Plotly figure and told in words where no figure can be."""

import random
from typing import Any, Final

from knowledge.vocabulary import Language
from tools.calculators import accelerator
from tools.calculators.accelerator import Accelerator
from tools.calculators.derivation import Step
from tools.quiz import calc_draw as draw
from tools.quiz.calc_compare import Case, single
from tools.quiz.calc_form import read, why
from tools.quiz.calc_problem import Problem, Question, Setting, Source, line
from tools.quiz.item import Exhibit, Item
from tools.quiz.wording import say

_FILE: Final = "calc_roofline"
_SIDES: Final = Source(
    "roofline-model",
    (("work under the slope",), ("below the ridge point is memory-bound",)),
    (("落在斜线下方",), ("算术强度低于脊点",)),
)
_TURN: Final = Source("roofline-model", (("both limits meet",),), (("两个上限相交处",),))
_LOWER: Final = Source("roofline-model", (("smaller of peak compute",),), (("两者中的较小值",),))
_LEFT, _RIGHT = 0.5, 10_000.0  # the ends of the axis, in FLOP per byte
_CARDS: Final = ("RTX 3090", "RTX 4090", "L40S", "A100 40GB", "A100 SXM 80GB", "H100 PCIe", "H100 SXM", "H200", "B200")
_LETTERS: Final = "ABCD"


def which_side(setting: Setting) -> Item | None:
    """Ask which of four points alone is bound by arithmetic, or by memory."""
    rng, language = setting.rng, setting.language
    card = draw.card(rng, _CARDS)
    point = accelerator.ridge(card, "bf16").value
    alone = rng.choice(("compute", "memory"))
    left = [point / factor for factor in rng.sample((2.5, 5, 10, 20, 40, 80), 1 if alone == "memory" else 3)]
    right = [point * factor for factor in rng.sample((2, 4, 8, 14), 3 if alone == "memory" else 1)]
    places = rng.sample([draw.four(round(place, 1)) for place in left + right], len(_LETTERS))
    marks = dict(zip(_LETTERS, places, strict=True))
    answer = next(letter for letter, place in marks.items() if (place > point) == (alone == "compute"))
    cases = [
        Case(letter, place, _place(place, language), why("point_right" if place > point else "point_left", language))
        for letter, place in marks.items()
    ]
    drawn = (card.name, *(f"{place:g}" for place in places))
    question = Question(_FILE, f"plot_{alone}", drawn, 2, {"card": card.name}, (ridge_line(card),), _SIDES)
    return single(question, cases, answer, _exhibit(card, marks, setting), setting)


def _place(place: float, language: Language) -> str:
    return f"{place:,.4g} {say('calc', 'unit FLOP/byte', language)}"


def ridge_line(card: Accelerator) -> Step:
    """Write the line that divides a card's dense 16-bit peak by its bandwidth."""
    symbols = {"P": card.peaks["bf16"] / 1e12, "BW": card.bandwidth / 1e12}
    return line("ridge", "P / BW", symbols, accelerator.ridge(card, "bf16").value, "FLOP/byte")


def turning(setting: Setting) -> Item | None:
    """Ask where on the plot the slope meets the flat roof."""
    card = draw.card(setting.rng, _CARDS)
    value = accelerator.ridge(card, "bf16").value
    question = Question(_FILE, "plot_ridge", (card.name,), 1, {"card": card.name}, (ridge_line(card),), _TURN)
    slips = {"before_ridge": value / 3, "beyond_ridge": value * 3, "decade_up": value * 10, "decade_down": value / 10}
    problem = Problem(question, value, say("calc", "unit FLOP/byte", setting.language), slips, coarse=True)
    return read(problem, _exhibit(card, {}, setting), setting)


def attainable(setting: Setting) -> Item | None:
    """Ask what a workload can reach at most, left or right of the ridge."""
    rng = setting.rng
    card = draw.card(rng, _CARDS)
    point, peak = accelerator.ridge(card, "bf16").value, card.peaks["bf16"]
    place = draw.four(round(point * rng.choice((1 / 40, 1 / 20, 1 / 10, 1 / 6, 1 / 4, 3, 6)), 1))
    top = min(peak, place * card.bandwidth)
    value = top / 1e12
    known = {"card": card.name, "place": f"{place:,.4g}"}
    symbols = {"P": peak / 1e12, "I": place, "BW": card.bandwidth / 1e12}
    steps = (line("attainable", "min(P, I × BW)", symbols, value, "TFLOP/s"),)
    question = Question(_FILE, "plot_attainable", (card.name, f"{place:g}"), 2, known, steps, _LOWER)
    slips = {
        "double_roof": value * 2, "decade_up": value * 10, "decade_down": value / 10, "half_roof": value / 2,
        "flat_roof": peak / 1e12, "slope_without_end": place * card.bandwidth / 1e12,
    }  # fmt: skip
    return read(Problem(question, value, "TFLOP/s", slips), _exhibit(card, {}, setting), setting)


def _exhibit(card: Accelerator, marks: dict[str, float], setting: Setting) -> Exhibit:
    """Draw the roof of a card in 16 bits, with the points below it."""
    rng, language = random.Random(card.name), setting.language  # noqa: S311 - no secret; the same plot every time
    point, peak = accelerator.ridge(card, "bf16").value, card.peaks["bf16"]
    roof_x = [_LEFT, point, _RIGHT]
    roof_y = [_LEFT * card.bandwidth / 1e12, peak / 1e12, peak / 1e12]
    heights = {
        letter: min(peak, place * card.bandwidth) / 1e12 * rng.uniform(0.45, 0.8) for letter, place in marks.items()
    }
    told = [
        say(_FILE, "plot_told", language, card=card.name, peak=draw.tera(peak), bandwidth=draw.tera(card.bandwidth))
    ]
    told += [
        say(_FILE, "plot_point", language, letter=letter, place=f"{place:,.4g}", height=f"{heights[letter]:,.3g}")
        for letter, place in marks.items()
    ]
    data: list[dict[str, Any]] = [
        {"type": "scatter", "mode": "lines", "x": roof_x, "y": roof_y, "name": card.name, "line": {"width": 3}}
    ]
    if marks:
        data.append(
            {
                "type": "scatter", "mode": "markers+text", "x": list(marks.values()), "y": list(heights.values()),
                "text": list(marks), "textposition": "top center", "marker": {"size": 11}, "name": "",
            }
        )  # fmt: skip
    return Exhibit("plot", "\n".join(told), {"data": data, "layout": _layout(card, language == "zh")})


def _layout(card: Accelerator, chinese: bool) -> dict[str, Any]:
    language = "zh" if chinese else "en"
    return {
        "title": {"text": say(_FILE, "plot_title", language, card=card.name)},
        "xaxis": {"type": "log", "title": {"text": say(_FILE, "plot_x", language)}, "minor": {"showgrid": True}},
        "yaxis": {"type": "log", "title": {"text": say(_FILE, "plot_y", language)}, "minor": {"showgrid": True}},
        "showlegend": False,
    }
