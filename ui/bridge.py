"""What the page's scripts and the server say to each other."""

import json
import uuid
from collections.abc import Mapping
from html import escape
from typing import Any, cast

import gradio as gr


def value(event: gr.EventData) -> str:
    """Return the text that the page's script sent with an event."""
    return str(event._data.get("value", ""))  # pyright: ignore[reportPrivateUsage] - the event's own data


def sent(event: gr.EventData) -> Mapping[str, Any]:
    """Return the fields that the page's script sent with an event; anything else is as nothing."""
    try:
        found: Any = json.loads(value(event))
    except ValueError:
        return {}
    return cast("Mapping[str, Any]", found) if isinstance(found, dict) else {}


def link(address: str) -> str:
    """Return the hidden link that the page's script keeps the address at; its token differs each time."""
    href = f' href="{escape(address)}"' if address else ""
    return f'<a{href} data-token="{uuid.uuid4().hex}" tabindex="-1"></a>'
