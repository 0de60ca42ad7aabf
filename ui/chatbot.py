"""Gradio's chatbot, made quick: it is shown anew with every few words of every answer."""

from functools import cache
from typing import Any

import gradio as gr

from ui.render import Shown


@cache
def describe_once() -> None:
    """Have the JSON schema of a chatbot's messages derived once for all.

    Gradio makes a new component of each update and derives the schema anew: that took more than half of the time in
    which the server sends answers, while nobody reads it. A class of our own would do, but Gradio writes a file beside
    the source of each component that it is taught.
    """
    schema = gr.Chatbot(render=False).api_info()

    def api_info(_: gr.Chatbot) -> dict[str, Any]:
        return schema

    gr.Chatbot.api_info = api_info  # pyright: ignore[reportAttributeAccessIssue] - the parameter is named otherwise


def chatbot(chat: Shown, **properties: Any) -> gr.Chatbot:  # noqa: ANN401 - gradio's own
    """Return what shows a chat anew, with its thumbs."""
    messages: Any = list(chat.messages)
    return gr.Chatbot(value=messages, feedback_value=list(chat.thumbs), **properties)
