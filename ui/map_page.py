"""The Map page: the notes and their relations as a graph, and as a list that says the same."""

from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr

from knowledge.vocabulary import Language
from ui.opening import Team

Stored = Mapping[str, str] | None
Updates = dict[Any, Any]
Reader = Callable[[Stored, gr.Request], Language]
Learner = Callable[[Stored], str]


class MapPage:
    """The part of the page over the team; `reader` tells whose language to use, `learner` whose record to show."""

    def __init__(self, team: Team, reader: Reader, learner: Learner) -> None:
        self._team, self._reader, self._learner = team, reader, learner

    def lay_out(self, language: Language) -> None:
        """Place the components."""
        with gr.Column(elem_id="map", elem_classes=["place"]):
            self.link = gr.HTML(elem_id="map-link")
        self.bridge = gr.HTML(elem_id="map-bridge")

    def wire(self, stored: gr.BrowserState) -> None:
        """Answer what the reader does."""

    def worded(self) -> list[Any]:
        """Return the components that carry words of the page."""
        return []

    def words(self, language: Language) -> Updates:
        """Return the words of the page in a language."""
        return {}
