"""Gradio's chatbot, made quick: it is shown anew with every few words of every answer."""

from functools import cache
from typing import Any

import gradio as gr


class Chatbot(gr.Chatbot):
    """Gradio's own, but that its messages are described once.

    Gradio makes a new component of each update, and derives the JSON schema of its messages anew: that took more than
    half of the time in which the server sends answers, while nobody reads it.
    """

    is_template = True  # the browser takes it for its parent

    def api_info(self) -> dict[str, Any]:
        """Return the JSON schema of the messages."""
        return _schema()


@cache
def _schema() -> dict[str, Any]:
    return gr.Chatbot(render=False).api_info()
