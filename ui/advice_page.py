"""The Choose page: a task and what was understood of it, the tools that fit, and a comparison."""

from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr

from knowledge.vocabulary import Language
from ui.opening import Team

Stored = Mapping[str, str] | None
Updates = dict[Any, Any]
Reader = Callable[[Stored, gr.Request], Language]


class AdvicePage:
    """The part of the page over the team; `reader` tells whose language to use."""

    def __init__(self, team: Team, reader: Reader) -> None:
        self._team, self._reader = team, reader

    def lay_out(self, language: Language) -> None:
        """Place the form and the answer."""
        with gr.Column(elem_id="choose", elem_classes=["place"]):
            self.link = gr.HTML(elem_id="choose-link")
        self.bridge = gr.HTML(elem_id="choose-bridge")

    def wire(self, stored: gr.BrowserState) -> None:
        """Answer what the reader does."""

    def worded(self) -> list[Any]:
        """Return the components that carry words of the page."""
        return []

    def words(self, language: Language) -> Updates:
        """Return the words of the page in a language."""
        return {}
