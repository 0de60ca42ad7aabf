"""Who visits the page: what their browser keeps, which conversation they are in, and which tab asks."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr

from knowledge.vocabulary import Language

Stored = Mapping[str, str] | None  # what the browser keeps: "session", "learner" and the chosen "language"
Updates = dict[Any, Any]
Reader = Callable[[Stored, gr.Request], Language]
Learner = Callable[[Stored, gr.Request], str]


def session_of(stored: Stored) -> str | None:
    """Return the session that the browser names, or None where it names none that we gave."""
    session = str((stored or {}).get("session", ""))
    return session if re.fullmatch("[0-9a-f]{32}", session) else None


def chat_of(stored: Stored, learner: str) -> str:
    """Return what a conversation is known by here: nobody else's, though its name be known."""
    return f"{learner}\n{session_of(stored) or ''}"


def page_of(request: gr.Request) -> str:
    """Return which open page a request comes from."""
    return request.session_hash or ""
