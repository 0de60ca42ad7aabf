"""The chatbot that describes its messages once."""

from pathlib import Path

import gradio as gr
import pytest

from ui import chatbot

pytestmark = [pytest.mark.filterwarnings("ignore::DeprecationWarning")]


def test_messages_are_described_once_for_all_updates() -> None:
    before = gr.Chatbot(render=False).api_info()
    chatbot.describe_once()
    one, other = gr.Chatbot(render=False), gr.Chatbot(render=False)
    assert one.api_info() == before
    assert one.api_info() is other.api_info()


def test_gradio_writes_nothing_beside_our_sources() -> None:
    assert not list(Path(chatbot.__file__).parent.glob("*.pyi"))
