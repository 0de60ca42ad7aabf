"""The Fix page: a pasted log, what it shows and how it is mended, and a form for a pitfall of one's own."""

from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr

from knowledge.vocabulary import Language
from ui.opening import Team

Stored = Mapping[str, str] | None
Updates = dict[Any, Any]
Reader = Callable[[Stored, gr.Request], Language]


class FixPage:
    """The part of the page over the team; `reader` tells whose language to use."""

    def __init__(self, team: Team, reader: Reader) -> None:
        self._team, self._reader = team, reader

    def lay_out(self, language: Language) -> None:
        """Place the form and the answer."""
        with gr.Column(elem_id="fix", elem_classes=["place"]):
            self.link = gr.HTML(elem_id="fix-link")
        self.bridge = gr.HTML(elem_id="fix-bridge")

    def wire(self, stored: gr.BrowserState) -> None:
        """Answer what the reader does."""

    def worded(self) -> list[Any]:
        """Return the components that carry words of the page."""
        return []

    def words(self, language: Language) -> Updates:
        """Return the words of the page in a language."""
        return {}
