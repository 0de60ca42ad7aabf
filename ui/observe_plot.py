"""The plot of what answers took by day, as Plotly describes it."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from agents.trace_figures import Spent
from knowledge.vocabulary import Language
from ui.observe_messages import say

DAYS: Final = 30
_READ, _WRITTEN = "#0d9488", "#e2a33b"


def day_plot(days: Mapping[date, Spent], today: date, language: Language) -> dict[str, Any]:
    """Return the tokens read and written on each of the last days."""
    shown = [today - timedelta(days=n) for n in reversed(range(DAYS))]
    nothing = Spent()
    spent = [days.get(day, nothing) for day in shown]
    x = [day.isoformat() for day in shown]
    answers = [f"{say('answers', language)}: {one.answers}" for one in spent]
    bars = [
        {
            "type": "bar", "x": x, "y": values, "name": say(name, language), "marker": {"color": colour},
            "customdata": answers,
            "hovertemplate": "%{x|%Y-%m-%d}: %{y:,} %{fullData.name}<br>%{customdata}<extra></extra>",
        }
        for name, colour, values in (
            ("prompt", _READ, [one.prompt_tokens for one in spent]),
            ("completion", _WRITTEN, [one.completion_tokens for one in spent]),
        )
    ]  # fmt: skip
    before = shown[0] - timedelta(days=1)  # bars stand on midnight: half a day more on each side
    layout = {
        "height": 220, "margin": {"l": 8, "r": 12, "t": 26, "b": 8}, "barmode": "stack", "bargap": 0.25,
        "legend": {"orientation": "h", "x": 1, "xanchor": "right", "y": 1.02, "yanchor": "bottom"},
        "xaxis": {
            "type": "date", "tickformat": "%m-%d", "showgrid": False, "nticks": 7,
            "range": [f"{before}T12:00", f"{shown[-1]}T12:00"],
        },
        "yaxis": {"rangemode": "tozero", "tickformat": "~s", "nticks": 5},
    }  # fmt: skip
    return {"data": bars, "layout": layout}
