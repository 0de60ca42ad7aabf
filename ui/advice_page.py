"""The Choose page: a task and what was understood of it, the tools that fit, and a comparison.

All that is set stands in the page's address: whatever the reader does leads to another address, which is answered.
"""

import uuid
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import gradio as gr

from agents.ladder import State
from knowledge.errors import AtlasError
from knowledge.vocabulary import Language
from tools.recommend.advice import Advice
from tools.recommend.comparison import Comparison
from ui import bridge
from ui.advice_form import conditions_html, task_html, values
from ui.advice_query import Choice, from_query
from ui.advice_reading import Readings
from ui.advice_result import heard, problem_html, result_html, waiting_html
from ui.advice_understood import understood_html
from ui.comparison_table import comparison_html
from ui.opening import Team
from ui.visitor import Reader, Stored, Updates, page_of

if TYPE_CHECKING:
    from agents.atlas import Atlas  # loads the team's parts, after the page is up

_SCRIPT: Final = Path(__file__).with_name("advice.js")
_REREAD: Final = "window.atlasReread = (query) => trigger('select', {value: query});"
_PATIENCE_S: Final = 0.5  # the browser asks again


class AdvicePage:
    """The part of the page over the team; `reader` tells whose language to use."""

    def __init__(self, team: Team, reader: Reader) -> None:
        self._team, self._reader = team, reader
        self._readings = Readings()

    def close(self) -> None:
        """End what is being read."""
        self._readings.stop_all()

    def leave(self, page: str) -> None:
        """End what is read for a page that is closed or loaded anew."""
        self._readings.stop(page)

    def lay_out(self, language: Language) -> None:
        """Place the form and the answer."""
        with gr.Column(elem_id="choose", elem_classes=["place"]):
            self.link = gr.HTML(elem_id="choose-link")
            self.task = gr.HTML(task_html(language), elem_id="choose-ask")
            self.understood = gr.HTML(elem_id="choose-understood")
            self.conditions = gr.HTML(conditions_html(language), elem_id="choose-correct")
            self.result = gr.HTML(elem_id="choose-result")
            self.comparison = gr.HTML(elem_id="choose-comparison")
        self.bridge = gr.HTML(elem_id="choose-bridge", js_on_load=_SCRIPT.read_text(encoding="utf-8"))
        self.rereader = gr.HTML(elem_id="choose-rereader", js_on_load=_REREAD)

    def wire(self, stored: gr.BrowserState) -> None:
        """Answer what the reader does, of what comes while one is answered the last; a model may read it after that."""
        parts = [self.link, self.understood, self.result, self.comparison]
        private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        self.bridge.select(self.open, [stored], parts, queue=False, trigger_mode="always_last", **private)
        self.rereader.select(
            self.reread, [stored], parts, concurrency_limit=None, trigger_mode="multiple", **private
        )  # fmt: skip

    def worded(self) -> list[Any]:
        """Return the components that carry words of the page."""
        return [self.task, self.conditions]

    def words(self, language: Language) -> Updates:
        """Return the words of the form in a language; the answer follows when it is shown anew."""
        return {self.task: task_html(language), self.conditions: conditions_html(language)}

    # --- callbacks ----------------------------------------------------------------------------------------------

    def open(self, stored: Stored, request: gr.Request, opened: gr.EventData) -> Updates:
        """Answer what an address asks for, by the rules and the notes."""
        self._readings.stop(page_of(request))
        choice, language = from_query(bridge.value(opened)), self._reader(stored, request)
        if choice.is_empty:
            return self._updates("start", choice, values(choice, None))
        try:
            atlas = self._team.atlas(_PATIENCE_S)
            if atlas is None:
                return self._updates("waiting", choice, values(choice, None), result=waiting_html(language))
            if not choice.task:
                return self._compared(choice, atlas, language)
            advice = atlas.recommender.recommend(choice.task, choice.arguments(), language=language)
        except AtlasError as error:  # what was entered stays to be mended
            return self._updates("problem", choice, values(choice, None), result=problem_html(error, language))
        is_read = not advice.is_sure and _can_read(self._team.state)
        return self._advised(choice, advice, atlas, language, is_read=is_read)

    def reread(self, stored: Stored, request: gr.Request, opened: gr.EventData) -> Updates:
        """Show what a model makes of a task that the rules are not sure of; another answer meanwhile stops it."""
        choice, language, page = from_query(bridge.value(opened)), self._reader(stored, request), page_of(request)
        stop = self._readings.begin(page)
        try:
            atlas = self._team.atlas(_PATIENCE_S)
            if atlas is None:
                return {self.link: gr.update()}
            given: dict[str, Any] = {"changes": choice.arguments(), "language": language}
            found = atlas.recommender.reread(choice.task, **given, stop=stop)
            advice = found or atlas.recommender.recommend(choice.task, **given)
        except AtlasError:  # it was stopped, or the first answer has said what is wrong
            return {self.link: gr.update()}
        finally:
            self._readings.end(page, stop)
        return {self.link: gr.update()} if stop.is_set else self._advised(choice, advice, atlas, language)

    # --- what is shown ------------------------------------------------------------------------------------------

    def _advised(
        self, choice: Choice, advice: Advice, atlas: "Atlas", language: Language, *, is_read: bool = False
    ) -> Updates:
        """Return an answer; `is_read` says that a model reads the task now."""
        return self._updates(
            "reading" if is_read else "answered",
            choice,
            values(choice, advice.constraints),
            heard(advice, language),
            understood_html(advice, choice, lambda tool: _title(tool, atlas, language), language, is_read=is_read),
            result_html(advice, choice, atlas.graph, language),
            _comparison(choice, advice, atlas, language),
        )

    def _compared(self, choice: Choice, atlas: "Atlas", language: Language) -> Updates:
        table = _comparison(choice, None, atlas, language)
        return self._updates("answered", choice, values(choice, None), comparison=table)

    def _updates(
        self, state: str, choice: Choice, entered: str, said: str = "", understood: str = "", result: str = "",
        comparison: str = "",
    ) -> Updates:  # fmt: skip
        # The token differs each time: it tells the browser that we have answered.
        link = (
            f'<a href="{escape(choice.query())}" data-token="{uuid.uuid4().hex}" data-state="{state}" '
            f'data-values="{escape(entered)}" data-said="{escape(said)}" tabindex="-1"></a>'
        )
        return {
            self.link: link,
            self.understood: understood,
            self.result: result,
            self.comparison: comparison,
        }


def _comparison(choice: Choice, advice: Advice | None, atlas: "Atlas", language: Language) -> str:
    """Return the table of the tools asked for, else of those named in the task; else offer that of the recommended."""
    tools = _tools(choice, advice, atlas)
    if not tools:
        return ""
    found: Comparison | AtlasError | None = None
    wanted = choice.compare or (() if choice.compare == () or advice is None else advice.constraints.named)
    if len(wanted) > 1:
        try:
            found = atlas.recommender.compare(tools, choice.task, choice.arguments(), language=language)
        except AtlasError as error:
            found = error
    return comparison_html(tools, choice, atlas.graph, found, language)


def _tools(choice: Choice, advice: Advice | None, atlas: "Atlas") -> Sequence[str]:
    if choice.compare:
        notes = [(name, atlas.index.library.named(name)) for name in choice.compare]
        return list(dict.fromkeys(name if note is None else note.id for name, note in notes))
    if advice is None:
        return []
    return [*advice.constraints.named] if advice.constraints.named[1:] else [one.tool for one in advice.recommendations]


def _title(tool: str, atlas: "Atlas", language: Language) -> str:
    note = atlas.graph.notes.get(tool)
    return tool if note is None else note.title_in(language)


def _can_read(state: State | None) -> bool:
    """Tell whether a model will be asked: the embedded one reads worse than the rules do."""
    return state is not None and state.endpoint is not None and not state.endpoint_problem
