"""The plots of a learner's progress, as Plotly describes them: mastery by stage and its course, reviews, answers."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta, tzinfo
from typing import Any, Final

from knowledge.vocabulary import STAGES, Language
from learner.course import Moment
from learner.progress import Progress
from ui.progress_messages import say
from ui.quiz_messages import stage_name

Plain = dict[str, Any]

DAYS: Final = 30
_FEW: Final = 5
_TEAL, _AMBER, _SAND, _GREY = "#0d9488", "#e2a33b", "#cfc6ba", "#8a827b"
# Told apart by those who see few colours too, and on light as on dark ground.
_STAGES: Final = ("#7b8aa0", "#c98a2b", "#cf6f98", "#0d9488", "#6785d8", "#86a83c", "#a078c4", "#9a8f82")
_ROW, _FRAME = 40, 62  # pixels of a bar, and of the axis


def stage_plot(progress: Progress, stage_of: Mapping[str, str], language: Language) -> Plain:
    """Return a bar for each stage, with a whisker from the mean of the lower to that of the upper bounds."""
    stages = [stage for stage in progress.stages if stage.concepts]
    shares = [100 * stage.mastery for stage in stages]
    whiskers = [_whisker(progress, stage.stage, stage.concepts, stage_of) for stage in stages]
    bar: Plain = {
        "type": "bar",
        "orientation": "h",
        "y": [stage_name(stage.stage, language) for stage in stages],
        "x": shares,
        "marker": {"color": _TEAL},
        "error_x": {
            "type": "data", "symmetric": False, "array": [above for _, above in whiskers],
            "arrayminus": [below for below, _ in whiskers], "color": _GREY,
            "thickness": 1.5, "width": 4,
        },
        "customdata": [
            say("stage_tried", language, tried=stage.studied, all=stage.concepts, known=stage.known) for stage in stages
        ],
        "hovertemplate": "%{y}: %{x:.0f}%<br>%{customdata}<extra></extra>",
    }  # fmt: skip
    widest = max((share + more for share, (_, more) in zip(shares, whiskers, strict=True)), default=0)
    layout = _layout(_FRAME + _ROW * len(stages)) | {
        "xaxis": {"range": [0, min(100, max(20, widest * 1.15))], "ticksuffix": "%", "nticks": 6},
        "yaxis": {"autorange": "reversed", "showgrid": False},
        "bargap": 0.45,
    }
    return {"data": [bar], "layout": layout}


def course_plot(moments: Sequence[Moment], language: Language) -> Plain:
    """Return a line for each stage with attempts, day by day; each ends in its name's place in the legend."""
    order = [stage for stage in STAGES if stage in moments[-1].stages]
    order += [stage for stage in moments[-1].stages if stage not in STAGES]
    days = [moment.day.isoformat() for moment in moments]
    marks = ("circle", "square", "diamond", "triangle-up", "pentagon", "star", "cross", "x")
    lines: list[Plain] = [
        {
            "type": "scatter", "mode": "lines+markers", "name": stage_name(stage, language), "x": days,
            "y": [100 * moment.stages[stage] for moment in moments],
            "line": {"width": 2.2, "shape": "spline", "smoothing": 0.4},
            "marker": {"size": [0] * (len(days) - 1) + [8], "symbol": marks[n % len(marks)]},
            "hovertemplate": "%{x|%Y-%m-%d}: %{y:.1f}%<extra>%{fullData.name}</extra>",
        }
        for n, stage in enumerate(order)
    ]  # fmt: skip
    most = max((y for line in lines for y in line["y"]), default=0)
    layout = _layout(300) | {
        "xaxis": {"type": "date", "tickformat": "%m-%d", "showgrid": False, "nticks": 7},
        "yaxis": {"range": [0, min(100, max(10, most * 1.15))], "ticksuffix": "%", "nticks": 6},
        "legend": {"orientation": "h", "x": 0, "y": -0.16, "yanchor": "top"},
        "colorway": _STAGES,
    }
    return {"data": lines, "layout": layout}


def forecast_plot(progress: Progress, zone: tzinfo | None, language: Language) -> Plain:
    """Return how many concepts come due on each of the next days, today with all that is overdue."""
    today = progress.at.astimezone(zone).date()
    due = Counter(
        max(today, known.due.astimezone(zone).date()) for known in progress.mastery.values() if known.due is not None
    )
    days = [today + timedelta(days=n) for n in range(DAYS)]
    colours = [_AMBER if day == today else _TEAL for day in days]
    counts = [due[day] for day in days]
    bar = _days(days, counts, say("reviews", language)) | {"marker": {"color": colours}}
    return {"data": [bar], "layout": _layout(220) | _day_axes(days, max(counts))}


def history_plot(progress: Progress, zone: tzinfo | None, language: Language) -> Plain:
    """Return the right and the wrong answers of each of the last days."""
    today = progress.at.astimezone(zone).date()
    done = {day.day: day for day in progress.history}
    days = [today - timedelta(days=n) for n in reversed(range(DAYS))]
    right = [done[day].correct if day in done else 0 for day in days]
    wrong = [done[day].attempts - done[day].correct if day in done else 0 for day in days]
    most = max(one + other for one, other in zip(right, wrong, strict=True))
    bars = [
        _days(days, right, say("right", language)) | {"marker": {"color": _TEAL}},
        _days(days, wrong, say("wrong", language)) | {"marker": {"color": _SAND}},
    ]
    legend = {"orientation": "h", "x": 1, "xanchor": "right", "y": 1.02, "yanchor": "bottom"}
    return {"data": bars, "layout": _layout(220) | _day_axes(days, most) | {"barmode": "stack", "legend": legend}}


def _whisker(progress: Progress, stage: str, concepts: int, stage_of: Mapping[str, str]) -> tuple[float, float]:
    tried = [known for concept, known in progress.mastery.items() if stage_of.get(concept) == stage]
    below = sum(known.value - known.low for known in tried)
    above = sum(known.high - known.value for known in tried)
    return 100 * max(0.0, below) / concepts, 100 * max(0.0, above) / concepts


def _days(days: list[date], counts: list[int], name: str) -> Plain:
    return {
        "type": "bar", "x": [day.isoformat() for day in days], "y": counts, "name": name,
        "hovertemplate": "%{x|%Y-%m-%d}: %{y} %{fullData.name}<extra></extra>",
    }  # fmt: skip


def _day_axes(days: list[date], most: int) -> Plain:
    before = days[0] - timedelta(days=1)  # bars stand on midnight: half a day more on each side
    return {
        "xaxis": {
            "type": "date", "tickformat": "%m-%d", "showgrid": False, "nticks": 7,
            "range": [f"{before}T12:00", f"{days[-1]}T12:00"],
        },
        "yaxis": {"rangemode": "tozero", "tickformat": "d"} | ({"dtick": 1} if most <= _FEW else {"nticks": 5}),
        "bargap": 0.25,
    }  # fmt: skip


def _layout(height: int) -> Plain:
    return {"height": height, "margin": {"l": 8, "r": 12, "t": 26, "b": 8}, "hoverlabel": {"align": "left"}}
