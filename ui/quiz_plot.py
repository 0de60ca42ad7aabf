"""Plots in the page's own colours: those of items, and those of the progress."""

from collections.abc import Mapping
from typing import Any, Final

_CLEAR: Final = "rgba(0,0,0,0)"
_HEIGHT: Final = 320
_COLOURS: Final = ("#0d9488", "#e2a33b", "#7f8fd9", "#d9793f", "#b65fa0")
_AXIS: Final = {"automargin": True, "fixedrange": True, "zeroline": False}


def page_figure(described: Mapping[str, Any]) -> Any:  # noqa: ANN401 - plotly's own, and it has no types
    """Return a Plotly figure that lies on the page's own ground and cannot be dragged."""
    from plotly.graph_objects import Figure  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs] - loads late

    layout = {
        name: _AXIS | dict(part) if name.startswith(("xaxis", "yaxis")) else part
        for name, part in dict(described.get("layout", {})).items()
    }
    top = 44 if "title" in layout else 16
    usual = {"height": _HEIGHT, "colorway": _COLOURS, "margin": {"l": 8, "r": 8, "t": top, "b": 8}}
    fixed = {
        "paper_bgcolor": _CLEAR, "plot_bgcolor": _CLEAR, "dragmode": False, "template": "none",
        "font": {"family": "system-ui, sans-serif", "size": 13},
    }  # fmt: skip
    return Figure({"data": list(described.get("data", ())), "layout": usual | layout | fixed})
