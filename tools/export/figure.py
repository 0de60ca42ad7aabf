"""A still picture (SVG) of a Plotly figure: lines, points and bars on linear or logarithmic axes."""

import math
from array import array
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from tools.quiz.item import Exhibit

_WIDTH: Final = 640
_HEIGHT: Final = 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 80, 620, 40, 330  # of the plane on which values are drawn
_COLOURS: Final = ("#1f6feb", "#d1242f", "#1a7f37", "#9a6700", "#8250df", "#bf3989", "#0a7ea4", "#57606a")
_NUMBERS: Final = {"f8": "d", "f4": "f", "i1": "b", "u1": "B", "i2": "h", "u2": "H", "i4": "i", "u4": "I", "i8": "q"}
_LABELS: Final = 8  # on an axis
_PREFIXES: Final = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


@dataclass(frozen=True, slots=True)
class _Trace:
    name: str
    kind: str  # "lines", "markers", "lines+markers" or "bar"
    x: Sequence[Any]
    y: Sequence[float]
    texts: Sequence[str]
    colour: str


@dataclass(frozen=True, slots=True)
class _Axis:
    title: str
    is_log: bool
    low: float
    high: float
    names: Sequence[str]  # of categories, which stand at 0, 1, 2 ...
    begin: float  # pixels
    end: float

    def at(self, value: float) -> float:
        """Return where a value stands, in pixels."""
        value = math.log10(value) if self.is_log else value
        return self.begin + (value - self.low) / (self.high - self.low) * (self.end - self.begin)


def svg(figure: Mapping[str, Any]) -> str:
    """Return a picture of a figure, or an empty text where it has traces of another kind or no values."""
    traces = [_trace(given, at) for at, given in enumerate(figure.get("data", ()))]
    drawn = [trace for trace in traces if trace is not None and trace.y]
    if not drawn or len(drawn) < len(traces):
        return ""
    layout: Mapping[str, Any] = figure.get("layout", {})
    names = _categories(drawn)
    across = [x for trace in drawn for x in _values(trace.x, names)]
    up = [y for trace in drawn for y in trace.y] + [0.0] * any(trace.kind == "bar" for trace in drawn)
    x_axis = _axis(layout.get("xaxis", {}), across, names, _LEFT, _RIGHT)
    y_axis = _axis(layout.get("yaxis", {}), up, (), _BOTTOM, _TOP)
    if x_axis is None or y_axis is None:
        return ""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="system-ui, sans-serif" font-size="13">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        _text(_WIDTH / 2, 22, _title(layout), "middle", size=15),
        *_frame(x_axis, y_axis),
        *(mark for trace in drawn for mark in _marks(trace, x_axis, y_axis, names)),
        *_legend(drawn),
        "</svg>",
    ]
    return "".join(parts)


def picture_of(exhibit: Exhibit | None) -> str:
    """Return the picture of a plot, or an empty text for what is to be shown as text."""
    return svg(exhibit.figure) if exhibit is not None and exhibit.kind == "plot" else ""


def picture_address(exhibit: Exhibit) -> str:
    """Return the picture of a plot as an address that holds it, or an empty text for what is to be shown as text."""
    picture = picture_of(exhibit)
    return f"data:image/svg+xml;base64,{b64encode(picture.encode()).decode()}" if picture else ""


def _trace(given: Mapping[str, Any], at: int) -> _Trace | None:
    kind = given.get("type", "scatter")
    mode = "bar" if kind == "bar" else str(given.get("mode", "lines"))
    if kind not in {"scatter", "scattergl", "bar"} or given.get("orientation") == "h":
        return None
    y = [float(value) for value in _array(given.get("y")) if isinstance(value, int | float)]
    x = _array(given.get("x")) or list(range(len(y)))
    if len(x) != len(y):
        return None
    texts = given.get("text", ())
    shown = [str(text) for text in texts] if "text" in mode and not isinstance(texts, str) else []
    return _Trace(str(given.get("name", "")), mode, x, y, shown, _COLOURS[at % len(_COLOURS)])


def _array(given: Any) -> list[Any]:  # noqa: ANN401 - as JSON holds it: a list, or numbers in base64
    if isinstance(given, Mapping):
        stored: Mapping[str, str] = given  # pyright: ignore[reportUnknownVariableType] - checked by what is read from it
        code = _NUMBERS.get(stored.get("dtype", ""))
        return list(array(code, b64decode(stored.get("bdata", "")))) if code else []
    return list(given or ())


def _categories(traces: Iterable[_Trace]) -> list[str]:
    texts = [str(x) for trace in traces for x in trace.x if not isinstance(x, int | float)]
    return list(dict.fromkeys(texts))


def _values(x: Sequence[Any], names: Sequence[str]) -> list[float]:
    return [float(value) if isinstance(value, int | float) else float(names.index(str(value))) for value in x]


def _axis(
    layout: Mapping[str, Any], values: Sequence[float], names: Sequence[str], begin: float, end: float
) -> _Axis | None:
    is_log = layout.get("type") == "log" and not names
    if is_log and min(values) <= 0:
        return None
    scaled = [math.log10(value) if is_log else value for value in values]
    low, high = min(scaled), max(scaled)
    margin = 0.6 if names else (high - low) * 0.04 or 1.0
    return _Axis(_title(layout), is_log, low - margin, high + margin, names, begin, end)


def _title(layout: Mapping[str, Any]) -> str:
    title: Any = layout.get("title", "")
    return str(title.get("text", "") if isinstance(title, Mapping) else title or "")  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - JSON


def _ticks(axis: _Axis) -> list[tuple[float, str]]:
    if axis.names:
        return [(float(at), name) for at, name in enumerate(axis.names)]
    if axis.is_log:
        decades = range(math.ceil(axis.low), math.floor(axis.high) + 1)
        return [(10.0**power, _short(10.0**power)) for power in decades[:: 1 + len(decades) // _LABELS]]
    step = 10.0 ** math.floor(math.log10((axis.high - axis.low) / 2))
    while (axis.high - axis.low) / step > _LABELS:
        step *= 2 if str(step).strip("0.")[:1] != "2" else 2.5
    first = math.ceil(axis.low / step)
    return [(at * step, _short(at * step)) for at in range(first, math.floor(axis.high / step) + 1)]


def _short(value: float) -> str:
    for size, prefix in _PREFIXES:
        if abs(value) >= size:
            return f"{value / size:g}{prefix}" if abs(value) < 1e15 else f"{value:.0e}"
    return f"{value:.4g}"


def _frame(x_axis: _Axis, y_axis: _Axis) -> list[str]:
    parts: list[str] = []
    for value, name in _ticks(x_axis):
        x = x_axis.at(value)
        parts.append(_line(x, _TOP, x, _BOTTOM, "#d0d7de"))
        parts.append(_text(x, _BOTTOM + 18, name, "middle"))
    for value, name in _ticks(y_axis):
        y = y_axis.at(value)
        parts.append(_line(_LEFT, y, _RIGHT, y, "#d0d7de"))
        parts.append(_text(_LEFT - 6, y + 4, name, "end"))
    parts += [_line(_LEFT, _BOTTOM, _RIGHT, _BOTTOM, "#24292f"), _line(_LEFT, _TOP, _LEFT, _BOTTOM, "#24292f")]
    parts.append(_text((_LEFT + _RIGHT) / 2, _BOTTOM + 40, x_axis.title, "middle"))
    middle = (_TOP + _BOTTOM) / 2
    turned = f'transform="rotate(-90 16 {middle:g})"'
    parts.append(_text(16, middle, y_axis.title, "middle", more=turned))
    return parts


def _marks(trace: _Trace, x_axis: _Axis, y_axis: _Axis, names: Sequence[str]) -> list[str]:
    points = [(x_axis.at(x), y_axis.at(y)) for x, y in zip(_values(trace.x, names), trace.y, strict=True)]
    parts: list[str] = []
    if trace.kind == "bar":
        width = max(4.0, 0.6 * (_RIGHT - _LEFT) / max(1, len(points)))
        zero = y_axis.begin if y_axis.is_log else y_axis.at(0)
        for x, y in points:
            top, height = min(y, zero), abs(zero - y)
            parts.append(
                f'<rect x="{x - width / 2:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" '
                f'fill="{trace.colour}"/>'
            )
    if "lines" in trace.kind:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{trace.colour}" stroke-width="2"/>')
    if "markers" in trace.kind:
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{trace.colour}"/>' for x, y in points]
    parts += [_text(x + 8, y - 8, text, "start") for (x, y), text in zip(points, trace.texts, strict=False)]
    return parts


def _legend(traces: Sequence[_Trace]) -> list[str]:
    parts: list[str] = []
    x = float(_LEFT)
    for trace in traces:
        if trace.name and len(traces) > 1:
            parts.append(f'<rect x="{x:.0f}" y="{_HEIGHT - 28}" width="12" height="12" fill="{trace.colour}"/>')
            parts.append(_text(x + 18, _HEIGHT - 17, trace.name, "start"))
            x += 40 + sum(14 if ord(sign) > 0x2E80 else 7.5 for sign in trace.name)
    return parts


def _line(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def _text(x: float, y: float, text: str, anchor: str, *, size: int = 13, more: str = "") -> str:
    # Plotly's texts may hold its own few tags; a picture shows the words.
    words = escape(text.replace("<br>", " "), quote=False)
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="#24292f" {more}>{words}</text>'
    )
