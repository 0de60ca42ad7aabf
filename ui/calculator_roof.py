"""The roof of a card on log axes, and a forward pass's operations as points under it."""

import math
from collections.abc import Sequence
from typing import Any, Final

from knowledge.vocabulary import Language
from tools.calculators.layer_time import LayerTime
from tools.calculators.roofline import Roofline
from tools.calculators.unit import format_rate, format_time
from ui.calculator_messages import say

Plain = dict[str, Any]

PALETTE: Final[dict[str, str]] = {
    "memory": "#2f86c9", "compute": "#d9793f", "limit": "#8a827b", "over": "#dc2626", "pass": "#c2399b",
}  # fmt: skip
_ROOFS: Final = ("#0d9488", "#b65fa0", "#c98a1b", "#6674d1")
_PREFIXES: Final = ("", "k", "M", "G", "T", "P", "E")
_SAME: Final = 0.09  # decades between points whose labels would cover each other
_LABELLED: Final = 0.02  # of the time; what takes less is named when pointed at


def roof_data(roofs: Sequence[tuple[str, Roofline]], language: Language) -> list[Plain]:
    """Return the traces: for each calculation its roof, its operations and the whole pass."""
    edges = _edges([roof for _, roof in roofs])
    if len(roofs) == 1:
        roof = roofs[0][1]
        areas = _areas(roof, edges)
        return [
            *areas,
            *_lines(roof, edges, _ROOFS[0], "", language),
            *_by_bound(roof, language),
            _pass(roof, language),
        ]
    traces: list[Plain] = []
    for (label, roof), colour in zip(roofs, _ROOFS, strict=False):
        traces += _lines(roof, edges, colour, label, language)
        traces.append(_points(roof.layers, roof, label, colour, language, shown=False))
    return traces


def roof_layout(roofs: Sequence[Roofline], language: Language) -> Plain:
    """Return axes, ridges and labels."""
    left, right = _edges(roofs)
    top = max(roof.peak for roof in roofs)
    lowest = min(layer.attainable for roof in roofs for layer in _placed(roof))
    low, high = math.log10(lowest) - 0.45, math.log10(top) + 0.7
    named = {f"{roof.ridge_point:,.4g}": roof for roof in roofs}  # cards of one kind share theirs
    notes = [_ridge_note(ridge, roof, low, number, language) for number, (ridge, roof) in enumerate(named.items())]
    powers = range(math.ceil(low), math.floor(high) + 1)
    return {
        "xaxis": {"type": "log", "range": [math.log10(left), math.log10(right)], "dtick": 1, "exponentformat": "SI"},
        "yaxis": {
            "type": "log",
            "range": [low, high],
            "tickvals": [10**power for power in powers],
            "ticktext": [f"{10 ** (power % 3)} {_PREFIXES[power // 3]}" for power in powers],
        },
        "shapes": [_ridge_line(roof, low) for roof in named.values()],
        "annotations": notes if len(roofs) > 1 else [*notes, *_names(roofs[0]), *_sides(roofs[0], low, language)],
        "hovermode": "closest",
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
    }


def _placed(roof: Roofline) -> list[LayerTime]:
    """Return the operations that compute at all: a lookup has no place on a log axis."""
    return [layer for layer in roof.layers if layer.flops > 0]


def _edges(roofs: Sequence[Roofline]) -> tuple[float, float]:
    found = [layer.arithmetic_intensity for roof in roofs for layer in _placed(roof)]
    ridges = [roof.ridge_point for roof in roofs]
    return min(*found, *ridges) / 2, max(*found, *ridges) * 5


def _lines(roof: Roofline, edges: tuple[float, float], colour: str, label: str, language: Language) -> list[Plain]:
    """Draw the slope of the bandwidth and the flat top of each number format that is used."""
    left, right = edges
    lines: list[Plain] = []
    peaks = {layer.dtype: layer.peak for layer in _placed(roof)} | {roof.dtype: roof.peak}
    for dtype, peak in sorted(peaks.items(), key=lambda entry: entry[0] != roof.dtype):
        main = dtype == roof.dtype
        ridge = peak / roof.bandwidth
        lines.append(
            {
                "type": "scatter", "mode": "lines", "x": [left, ridge, right], "y": [left * roof.bandwidth, peak, peak],
                "line": {"color": colour, "width": 3 if main else 1.5, "dash": "solid" if main else "dash"},
                "name": (f"{label} ({dtype})" if label else say("roof", language, dtype=dtype)),
                "legendgroup": label,
                "hovertemplate": f"{format_rate(peak, 'FLOP/s')}, {format_rate(roof.bandwidth, 'B/s')}<extra></extra>",
            }
        )  # fmt: skip
    return lines


def _areas(roof: Roofline, edges: tuple[float, float]) -> list[Plain]:
    """Tint where memory and where arithmetic is the limit."""
    left, right = edges
    floor, ridge = roof.bandwidth * left / 1e6, roof.ridge_point
    memory = {"x": [left, ridge, ridge, left], "y": [left * roof.bandwidth, roof.peak, floor, floor]}
    compute = {"x": [ridge, right, right, ridge], "y": [roof.peak, roof.peak, floor, floor]}
    shared = {"type": "scatter", "mode": "lines", "fill": "toself", "hoverinfo": "skip", "showlegend": False}
    return [
        shared | area | {"line": {"width": 0}, "fillcolor": _tint(PALETTE[bound])}
        for area, bound in ((memory, "memory"), (compute, "compute"))
    ]


def _by_bound(roof: Roofline, language: Language) -> list[Plain]:
    traces: list[Plain] = []
    for bound in ("memory", "compute"):
        layers = [layer for layer in _placed(roof) if layer.bound == bound]
        if layers:
            traces.append(_points(layers, roof, say(f"{bound}_bound", language), PALETTE[bound], language, shown=True))
    return traces


def _points(
    layers: Sequence[LayerTime], roof: Roofline, name: str, colour: str, language: Language, *, shown: bool
) -> Plain:
    layers = sorted((layer for layer in layers if layer.flops > 0), key=lambda layer: -layer.time_s)
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "legendgroup": name,
        "showlegend": shown,
        "x": [layer.arithmetic_intensity for layer in layers],
        "y": [layer.attainable for layer in layers],
        "text": [_hover(layer, roof, language) for layer in layers],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {
            "color": colour,
            "size": [8 + 26 * math.sqrt(layer.time_s / roof.time_s) for layer in layers],
            "symbol": ["circle" if layer.bound == "memory" else "diamond" for layer in layers],
            "opacity": 0.72,
            "line": {"color": "#ffffff", "width": 1},
        },
    }


def _hover(layer: LayerTime, roof: Roofline, language: Language) -> str:
    times = f" × {layer.count}" if layer.count > 1 else ""
    share = say("share", language, share=f"{100 * layer.time_s / roof.time_s:.3g}%")
    return (
        f"<b>{layer.name}</b>{times} ({layer.dtype})<br>{say(f'{layer.bound}_bound', language)}<br>"
        f"{layer.arithmetic_intensity:,.4g} FLOP/B, {format_rate(layer.attainable, 'FLOP/s')}<br>"
        f"{format_time(layer.time_s)}, {share}"
    )


def _pass(roof: Roofline, language: Language) -> Plain:
    reached = roof.flops / roof.time_s
    words = (
        f"<b>{say('whole_pass', language)}</b><br>{say(f'{roof.bound}_bound', language)}<br>"
        f"{roof.arithmetic_intensity:,.4g} FLOP/B, {format_rate(reached, 'FLOP/s')}<br>{format_time(roof.time_s)}"
    )
    return {
        "type": "scatter", "mode": "markers", "name": say("whole_pass", language), "x": [roof.arithmetic_intensity],
        "y": [reached], "text": [words], "hovertemplate": "%{text}<extra></extra>",
        "marker": {"symbol": "star", "size": 16, "color": PALETTE["pass"], "line": {"color": "#ffffff", "width": 1.5}},
    }  # fmt: skip


def _ridge_line(roof: Roofline, low: float) -> Plain:
    return {
        "type": "line", "x0": roof.ridge_point, "x1": roof.ridge_point, "y0": 10**low, "y1": roof.peak,
        "line": {"color": PALETTE["limit"], "width": 1.5, "dash": "dot"},
    }  # fmt: skip


def _ridge_note(ridge: str, roof: Roofline, low: float, number: int, language: Language) -> Plain:
    return {
        "x": math.log10(roof.ridge_point), "y": low, "text": say("ridge", language, value=ridge),
        "showarrow": False, "xanchor": "left", "yanchor": "bottom", "xshift": 5, "yshift": 22 + 16 * number,
        "font": {"size": 12, "color": PALETTE["limit"]},
    }  # fmt: skip


def _sides(roof: Roofline, low: float, language: Language) -> list[Plain]:
    """Say on which side of the ridge what is the limit."""
    place = {"x": math.log10(roof.ridge_point), "y": low, "showarrow": False, "yanchor": "bottom", "yshift": 4}
    sides = (("memory", "right", -5, "← {}"), ("compute", "left", 5, "{} →"))
    return [
        place
        | {"text": arrow.format(say(f"{bound}_bound", language)), "xanchor": anchor, "xshift": shift}
        | {"font": {"size": 12, "color": PALETTE[bound]}}
        for bound, anchor, shift, arrow in sides
    ]


def _names(roof: Roofline) -> list[Plain]:
    """Name the operations that take time; those in one spot share a label."""
    spots: list[list[LayerTime]] = []
    for layer in sorted(_placed(roof), key=lambda layer: layer.arithmetic_intensity):
        near = spots and math.log10(layer.arithmetic_intensity / spots[-1][0].arithmetic_intensity) < _SAME
        if near and layer.bound == spots[-1][0].bound:
            spots[-1].append(layer)
        else:
            spots.append([layer])
    named = [spot for spot in spots if sum(layer.time_s for layer in spot) > _LABELLED * roof.time_s]
    return [_name(spot, number) for number, spot in enumerate(named)]


def _name(spot: list[LayerTime], number: int) -> Plain:
    first, *others = sorted(spot, key=lambda layer: -layer.time_s)
    under_slope = first.bound == "memory"
    return {
        "x": math.log10(first.arithmetic_intensity),
        "y": math.log10(first.attainable),
        "text": f"{first.name} +{len(others)}" if others else first.name,
        "showarrow": False,
        "font": {"size": 12, "color": PALETTE["limit"]},
        "xanchor": "right" if under_slope else "center",
        "yanchor": "bottom",
        "xshift": -9 if under_slope else 0,
        "yshift": 9 if under_slope else 14 + 15 * (number % 3),  # neighbours on the flat roof stand at three heights
    }


def _tint(colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.07)"
