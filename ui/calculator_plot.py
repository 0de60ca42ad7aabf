"""The plots of a calculation: memory as stacked bars under the GPU's limit, operations under the roof."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from knowledge.vocabulary import Language
from tools.calculators.calculation import Calculation
from tools.calculators.calculation_value import ModelSize
from tools.calculators.inference_memory import InferenceMemory
from tools.calculators.roofline import Roofline
from tools.calculators.serving import ServingPlan
from tools.calculators.training_memory import TrainingMemory
from tools.calculators.unit import GIB, format_bytes, format_time
from ui.calculator_messages import known, say
from ui.calculator_roof import PALETTE, roof_data, roof_layout

Plain = dict[str, Any]

_COLOURS: Final[dict[str, str]] = {
    "weights": "#0d9488", "kv": "#e2a33b", "kv_request": "#e2a33b", "activation": "#7f8fd9", "overhead": "#9d948c",
    "gradient": "#d9793f", "optimizer_states": "#b65fa0", "cuda": "#9d948c",
}  # fmt: skip
_MORE: Final = ("#0d9488", "#e2a33b", "#7f8fd9", "#d9793f", "#b65fa0", "#9d948c", "#5f9ea8")
_INK: Final = "#1c1917"  # reads on all of these colours, which white does not
_ROW, _FRAME = 58, 128  # pixels of a bar, and of axis and legend together


@dataclass(frozen=True, slots=True)
class Stack:
    """One stacked bar: its parts in bytes from left to right, and what there is room for (None: no limit)."""

    label: str
    parts: tuple[tuple[str, int], ...]
    limit: int | None

    @property
    def total(self) -> int:
        """All parts together."""
        return sum(size for _, size in self.parts)


def plots(calculations: Sequence[Calculation], language: Language) -> tuple[Any, ...]:
    """Return the Plotly figures of one calculation, or of several of one kind side by side."""
    if calculations[0].kind != "roofline":
        return (_figure(memory_plot(calculations, language)),)
    roofs = _figure(roofline_plot(calculations, language))
    return (roofs,) if len(calculations) == 1 else (roofs, _figure(time_plot(calculations, language)))


def memory_plot(calculations: Sequence[Calculation], language: Language) -> Plain:
    """Return stacked bars in GiB, one for each calculation, with a line where its GPU's memory ends."""
    bars = list(zip(labels(calculations), map(stack, calculations), strict=True))
    names = list(dict.fromkeys(name for _, bar in bars for name, _ in bar.parts))
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "name": _part(name, language),
            "y": [label.replace(", ", "<br>") for label, _ in bars],
            "x": [dict(bar.parts).get(name, 0) / GIB for _, bar in bars],
            "customdata": [format_bytes(dict(bar.parts).get(name, 0)) for _, bar in bars],
            "text": [format_bytes(dict(bar.parts).get(name, 0)) for _, bar in bars],
            "textposition": "inside",
            "insidetextanchor": "middle",
            "textangle": 0,
            "textfont": {"color": _INK},
            "hovertemplate": "%{fullData.name}: %{customdata}<extra></extra>",
            "marker": {"color": _COLOURS.get(name, _MORE[number % len(_MORE)]), "line": {"width": 0}},
        }
        for number, name in enumerate(names)
    ]
    title = say("axis_weights" if calculations[0].kind == "model" else "axis_memory", language)
    widest = max((max(bar.total, bar.limit or 0) for _, bar in bars), default=0) / GIB
    layout = _layout(_FRAME + _ROW * len(bars)) | {
        "barmode": "stack",
        "bargap": 0.42,
        "uniformtext": {"mode": "hide", "minsize": 11},
        "xaxis": _axis(title, range=[0, widest * 1.06 or 1], rangemode="tozero"),
        "yaxis": _axis("", autorange="reversed", showgrid=False, visible=len(bars) > 1),
        "shapes": [shape for number, (_, bar) in enumerate(bars) for shape in _limit_shapes(number, bar)],
        "annotations": [
            note for number, (_, bar) in enumerate(bars) for note in _limit_notes(number, bar, widest, language)
        ],
    }
    return {"data": data, "layout": layout}


def roofline_plot(calculations: Sequence[Calculation], language: Language) -> Plain:
    """Return the roofs on log axes with the operations as points below them and the ridge marked."""
    roofs = [cast("Roofline", calculation.figures) for calculation in calculations]
    layout = _layout(440) | roof_layout(roofs, language)
    layout["xaxis"] = _axis(say("axis_intensity", language)) | layout["xaxis"]
    layout["yaxis"] = _axis(say("axis_performance", language)) | layout["yaxis"]
    return {"data": roof_data(list(zip(labels(calculations), roofs, strict=True)), language), "layout": layout}


def time_plot(calculations: Sequence[Calculation], language: Language) -> Plain:
    """Return grouped bars of how long arithmetic, moving data and communication take; the longest is the bound."""
    roofs = [cast("Roofline", calculation.figures) for calculation in calculations]
    values: list[tuple[str, str, list[float]]] = [
        ("time_memory", PALETTE["memory"], [roof.memory_s for roof in roofs]),
        ("time_compute", PALETTE["compute"], [roof.compute_s for roof in roofs]),
        ("time_communication", _COLOURS["overhead"], [roof.communication_s for roof in roofs]),
    ]
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "name": say(name, language),
            "y": [label.replace(", ", "<br>") for label in labels(calculations)],
            "x": [seconds * 1e3 for seconds in times],
            "text": [format_time(seconds) for seconds in times],
            "textposition": "auto",
            "insidetextfont": {"color": _INK},
            "outsidetextfont": {"color": PALETTE["limit"]},
            "hovertemplate": "%{fullData.name}: %{text}<extra></extra>",
            "marker": {"color": colour, "line": {"width": 0}},
        }
        for name, colour, times in values
        if any(times)
    ]
    layout = _layout(_FRAME + 74 * len(roofs)) | {
        "barmode": "group",
        "bargap": 0.3,
        "xaxis": _axis(say("axis_time", language), rangemode="tozero"),
        "yaxis": _axis("", autorange="reversed", showgrid=False),
    }
    return {"data": data, "layout": layout}


def labels(calculations: Sequence[Calculation]) -> list[str]:
    """Name each calculation by what tells it from the others: the GPU, the model, or both."""
    models = [str(calculation.inputs["model"]) for calculation in calculations]
    formats = [str(calculation.inputs.get("quant") or "") for calculation in calculations]
    cards = [str(calculation.inputs.get("gpu") or "") for calculation in calculations]
    if len(set(formats)) > 1:
        models = [f"{model} {form}".strip() for model, form in zip(models, formats, strict=True)]
    if len(set(models)) == 1 and len(calculations) > 1:
        return _distinct(cards)
    if len(set(cards)) == 1:
        return _distinct(models)
    return _distinct([f"{model}, {card}" for model, card in zip(models, cards, strict=True)])


def stack(calculation: Calculation) -> Stack:
    """Return the memory of one GPU as its parts; for a model alone, its weights as theirs."""
    return _STACKS[type(calculation.figures)](calculation.figures)


def _memory(memory: InferenceMemory) -> Stack:
    split = memory.tensor_parallel
    parts = (
        ("weights", memory.weights // split),
        ("kv", memory.kv // split),
        ("activation", memory.activation // split),
        ("overhead", memory.overhead // split),
    )
    return Stack("", parts, memory.limit)


def _training(memory: TrainingMemory) -> Stack:
    parts = (
        ("weights", memory.parameter_bytes),
        ("gradient", memory.gradient_bytes),
        ("optimizer_states", memory.optimizer_bytes),
        ("activation", memory.activation_bytes - memory.overlap_bytes),
        ("cuda", memory.context_bytes),
    )
    return Stack("", parts, memory.available_bytes)


def _serving(plan: ServingPlan) -> Stack:
    """Return what the server takes; where it does not fit, with the cache that one request would need."""
    cache = ("kv", plan.kv_cache_bytes) if plan.fits else ("kv_request", plan.request_bytes)
    parts = (
        ("weights", plan.weights_bytes),
        ("activation", plan.activation_bytes),
        ("overhead", plan.overhead_bytes),
        cache,
    )
    return Stack("", parts, plan.budget_bytes or None)


def _model(size: ModelSize) -> Stack:
    sums: dict[str, int] = {}
    for part in size.weights.parts:
        sums[part.name] = sums.get(part.name, 0) + part.bytes
    return Stack("", tuple(sorted(sums.items(), key=lambda entry: -entry[1])), None)


_STACKS: Final[dict[type, Callable[[Any], Stack]]] = {
    InferenceMemory: _memory, TrainingMemory: _training, ServingPlan: _serving, ModelSize: _model,
}  # fmt: skip


def _limit_shapes(number: int, bar: Stack) -> list[Plain]:
    """Draw where the GPU ends, and shade what lies beyond."""
    if bar.limit is None:
        return []
    over = bar.total > bar.limit
    limit = bar.limit / GIB
    place: Plain = {"xref": "x", "yref": "y", "y0": number - 0.4, "y1": number + 0.4}
    line = {"color": PALETTE["over"] if over else PALETTE["limit"], "width": 2.5, "dash": "solid" if over else "dot"}
    drawn: list[Plain] = [place | {"type": "line", "x0": limit, "x1": limit, "line": line}]
    if over:
        beyond = {"type": "rect", "x0": limit, "x1": bar.total / GIB, "fillcolor": PALETTE["over"], "opacity": 0.22}
        drawn.append(place | beyond | {"line": {"width": 0}})
    return drawn


def _limit_notes(number: int, bar: Stack, widest: float, language: Language) -> list[Plain]:
    if bar.limit is None:
        return []
    over = bar.total > bar.limit
    words = say("limit_line", language, size=format_bytes(bar.limit))
    near_end = bar.limit / GIB > 0.6 * widest
    return [
        {
            "x": bar.limit / GIB, "y": number - 0.4, "xref": "x", "yref": "y", "text": words, "showarrow": False,
            "xanchor": "right" if near_end else "left", "yanchor": "bottom",
            "font": {"size": 12, "color": PALETTE["over"] if over else PALETTE["limit"]},
        }
    ]  # fmt: skip


def _part(name: str, language: Language) -> str:
    return say(name, language) if known(name) else name


def _distinct(names: list[str]) -> list[str]:
    """Number names that occur twice: bars of one name would be drawn over each other."""
    return [f"{name} ({names[:at].count(name) + 1})" if name in names[:at] else name for at, name in enumerate(names)]


def _axis(title: str, **properties: object) -> Plain:
    named = {"text": title, "standoff": 10, "font": {"size": 12.5}}
    return {"title": named, "zeroline": False, "fixedrange": True, "automargin": True} | properties


def _layout(height: int) -> Plain:
    """Return what all plots share; text and grid get the page's colours from its style sheet, by day and by night."""
    return {
        "height": height,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 8, "r": 8, "t": 30, "b": 8},
        "font": {"family": "system-ui, sans-serif", "size": 13},
        "hoverlabel": {"align": "left"},
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 0, "yref": "container", "yanchor": "bottom",
                   "traceorder": "normal"},
        "dragmode": False,
        "template": "none",
    }  # fmt: skip


def _figure(described: Plain) -> Any:  # noqa: ANN401 - plotly's own, and it has no types
    from plotly.graph_objects import Figure  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs] - loads late

    return Figure(described)
