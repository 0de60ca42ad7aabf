"""The meter of one agent: what its calls took, and whether its words came whole."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agents.endpoint import Endpoint, empty_answer
from agents.tally import Tally
from knowledge.errors import ModelFailed


@dataclass(slots=True)
class Meter:
    """Counts the calls of one agent, and passes its words on."""

    tally: Tally
    words: Callable[[str], None] | None
    aborted: threading.Event
    said: bool = False
    finish_reason: str | None = None

    def begin(self, messages: object) -> None:
        """Note that a call begins with these messages, in the form of OpenAI's protocol."""
        self.tally.begin(_text(messages))

    def word(self, chunk: str) -> None:
        """Note that a piece of the answer has come."""
        self.tally.word(chunk)

    def call(self, usage: dict[str, Any] | None, finish_reason: str | None) -> None:
        """Note that a call has come to its end."""
        counted = usage or {}
        self.finish_reason = finish_reason
        self.tally.end(int(counted.get("prompt_tokens", 0)), int(counted.get("completion_tokens", 0)))

    def check(self, endpoint: Endpoint) -> None:
        """Raise ModelFailed where the last answer broke off or was empty."""
        if self.words is not None and self.finish_reason is None:
            raise ModelFailed(f"The model at {endpoint.base_url} stopped in the middle of its answer.", "Ask again.")
        if self.words is not None and not self.said:
            raise empty_answer(endpoint)


def _text(messages: object) -> str:
    """Return what messages say; of whatever else they hold, nothing."""
    if isinstance(messages, str):
        return messages
    if isinstance(messages, dict):
        return _text(messages.get("content", ""))  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType] - any JSON
    if isinstance(messages, list):
        return "\n".join(_text(message) for message in messages)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - any JSON
    return ""
