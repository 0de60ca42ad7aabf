"""What stands below an answer that was calculated: its derivation, folded, its plots, and the way to change it."""

from typing import Any, Final
from urllib.parse import urlencode

from agents.events import Calculated
from knowledge.vocabulary import Language
from tools.calculators.calculation import PARAMETERS, Calculation
from ui import messages
from ui.chat import Turn
from ui.markdown import inline, neutral

# The page has defaults of its own for these, so that a link always names them, even where they are empty.
_NAMED: Final = frozenset({"model", "gpu", "gpus", "context"})


def rows(turn: Turn, language: Language) -> list[dict[str, Any]]:
    """Return the messages below a finished answer; none where nothing was calculated."""
    if turn.calculated is None or turn.outcome == "open":
        return []
    return [
        _derivation(turn, turn.calculated, language),
        *_plots(turn.calculated.calculation, turn.calculated.language),
        {"role": "assistant", "content": _link(turn.calculated.calculation, language)},
    ]


def words(turn: Turn) -> str:
    """Return an answer's text without the derivation, which stands below it."""
    return turn.text if turn.calculated is None else turn.text.removesuffix(turn.calculated.derivation).rstrip()


def link(calculation: Calculation) -> str:
    """Return the query that opens a calculation on the page where it can be changed."""
    given = {
        parameter.name: calculation.inputs[parameter.name]
        for parameter in PARAMETERS[calculation.kind]
        if parameter.name in _NAMED or calculation.inputs[parameter.name] != parameter.default
    }
    said = {name: "" if value is None else value for name, value in given.items()}
    return "?" + urlencode({"place": "calculate", "kind": calculation.kind, **said})


def _derivation(turn: Turn, calculated: Calculated, language: Language) -> dict[str, Any]:
    title = messages.say("derivation", language)
    metadata = {"title": inline(title), "id": f"{turn.id}-derivation", "status": "done"}
    return {"role": "assistant", "content": neutral(calculated.derivation), "metadata": metadata}


def _plots(calculation: Calculation, language: Language) -> list[dict[str, Any]]:
    import gradio as gr  # noqa: PLC0415 - loads late: seconds

    from ui.calculator_plot import plots  # noqa: PLC0415 - as above, with plotly

    return [
        {"role": "assistant", "content": gr.Plot(value=figure, show_label=False, container=False, render=False)}
        for figure in plots([calculation], language)[:1]
    ]


def _link(calculation: Calculation, language: Language) -> str:
    return f'<a class="calculate" href="{inline(link(calculation))}">{inline(messages.say("change", language))}</a>'
