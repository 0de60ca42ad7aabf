"""The Map page: the notes and their relations as a graph, and as a list that says the same."""

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import gradio as gr

from knowledge.chart import Chart, chart
from knowledge.errors import AtlasError
from knowledge.graph import Graph
from knowledge.vocabulary import Language
from ui import bridge
from ui.map_data import chart_data, path_data, standing_data
from ui.map_messages import say
from ui.opening import Team
from ui.visitor import Learner, Reader, Stored, Updates

if TYPE_CHECKING:
    from agents.atlas import Atlas

_FOLDER: Final = Path(__file__).parent
_LIBRARY: Final = "vendor/cytoscape.min.js"  # as the application serves it
_SCRIPTS: Final = ("map_element", "map_label", "map_drawing", "map_list", "map_card", "map_tools", "map")
_PATIENCE_S: Final = 0.5  # the browser asks again
_LONGEST: Final = 300  # characters of a goal in a link


class MapPage:
    """The part of the page over the team; `reader` tells whose language to use, `learner` whose record to show."""

    def __init__(
        self,
        team: Team,
        reader: Reader,
        learner: Learner,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._team, self._reader, self._learner, self._clock = team, reader, learner, clock
        self._charted: tuple[Graph, Chart] | None = None
        self._drawn: dict[Language, tuple[Chart, Mapping[str, Any]]] = {}

    # --- layout -------------------------------------------------------------------------------------------------

    def lay_out(self, language: Language) -> None:
        """Place the board, which the page's script fills, and what it is filled from."""
        with gr.Column(elem_id="map", elem_classes=["place"]):
            self.link = gr.HTML('<a href="?place=map" tabindex="-1"></a>', elem_id="map-link")
            self.wait = gr.HTML(_waiting(language), elem_id="map-wait")
            gr.HTML(f'<div data-library="{_LIBRARY}"></div>', elem_id="map-board")
            self.data = gr.HTML(elem_id="map-data")
        script = "\n".join((_FOLDER / f"{name}.js").read_text(encoding="utf-8") for name in _SCRIPTS)
        self.bridge = gr.HTML(elem_id="map-bridge", js_on_load=script)

    def wire(self, stored: gr.BrowserState) -> None:
        """Answer the page's script."""
        self.bridge.select(
            self.act, [stored], [self.data], api_visibility="private", show_progress="hidden", queue=False,
            trigger_mode="always_last",
        )  # fmt: skip

    def worded(self) -> list[Any]:
        """Return the components that carry words of the page; the map's own come with its data."""
        return [self.wait]

    def words(self, language: Language) -> Updates:
        """Return the words of the page in a language."""
        return {self.wait: _waiting(language)}

    # --- callbacks ----------------------------------------------------------------------------------------------

    def act(self, stored: Stored, request: gr.Request, done: gr.EventData) -> Updates:
        """Send the chart, where the browser does not hold it, and where the learner stands on it."""
        sent = bridge.sent(done)
        try:
            atlas = self._team.atlas(_PATIENCE_S)
            if atlas is None:
                return {self.data: _data({"waiting": True})}
            return {
                self.data: _data(
                    self._shown(atlas, sent, self._learner(stored, request), self._reader(stored, request))
                )
            }
        except AtlasError as error:
            return {self.data: _data({"problem": error.told(self._reader(stored, request))})}

    # --- what is shown ------------------------------------------------------------------------------------------

    def _shown(self, atlas: "Atlas", sent: Mapping[str, Any], learner: str, language: Language) -> dict[str, Any]:
        graph, goal = atlas.graph, str(sent.get("goal", "")).strip()[:_LONGEST]
        drawn = self._drawing(graph, language)
        shown: dict[str, Any] = {"standing": standing_data(atlas.examiner.progress(learner).mastery, self._clock())}
        if sent.get("has") != drawn["id"]:
            shown["chart"] = drawn
        if goal:
            try:
                missing = atlas.examiner.path(goal, learner, language)
                found = missing[-1].concept if missing else goal
                shown["path"] = path_data(graph, found, missing) if found in graph.notes else None
            except AtlasError as error:
                shown["told"] = error.told(language)
        return shown

    def _chart(self, graph: Graph) -> Chart:
        """Return the chart of the notes as they are; it is made anew only when they change."""
        charted = self._charted
        if charted is None or charted[0] is not graph:
            charted = (graph, chart(graph))
            self._charted = charted
        return charted[1]

    def _drawing(self, graph: Graph, language: Language) -> Mapping[str, Any]:
        """Return what is drawn of the notes as they are, made anew only when they change."""
        chart = self._chart(graph)
        drawn = self._drawn.get(language)
        if drawn is None or drawn[0] is not chart:
            drawn = self._drawn[language] = (chart, chart_data(graph, chart, language))
        return drawn[1]


def _waiting(language: Language) -> str:
    title, drawing = escape(say("title", language)), escape(say("drawing", language))
    tiles = "<i></i>" * 7
    return (
        f'<h2>{title}</h2><p class="waiting" role="status">{drawing}</p>'
        f'<div class="map-sketch" aria-hidden="true">{tiles}</div>'
    )


def _data(data: Mapping[str, Any]) -> str:
    """Return data for the page's script; its token differs each time."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f'<pre hidden data-token="{uuid.uuid4().hex}">{escape(text)}</pre>'
