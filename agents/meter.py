"""The meter of one agent: its model calls, their tokens and their times."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from agents.endpoint import Endpoint, empty_answer
from agents.events import ModelCall
from knowledge.errors import ModelFailed


@dataclass(slots=True)
class Meter:
    """Counts the calls and tokens of one agent, and passes its words on."""

    member: str
    endpoint: Endpoint
    words: Callable[[str], None] | None
    aborted: threading.Event
    made: list[ModelCall] = field(default_factory=list[ModelCall])
    began: float = 0.0
    first_token_s: float | None = None
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    said: bool = False
    finish_reason: str | None = None

    def begin(self) -> None:
        """Note that a call begins."""
        self.began, self.first_token_s = time.perf_counter(), None

    def word(self) -> None:
        """Note that a word has come."""
        if self.first_token_s is None:
            self.first_token_s = time.perf_counter() - self.began

    def call(self, usage: dict[str, Any] | None, finish_reason: str | None) -> None:
        """Note that a call has come to its end."""
        prompted = int((usage or {}).get("prompt_tokens", 0))
        completed = int((usage or {}).get("completion_tokens", 0))
        self.calls += 1
        self.finish_reason = finish_reason
        self.prompt_tokens += prompted
        self.completion_tokens += completed
        seconds = time.perf_counter() - self.began
        tokens = (prompted, completed)
        told = (self.member, self.endpoint.model, self.endpoint.rung)
        self.made.append(ModelCall(*told, "write", self.began, seconds, self.first_token_s, *tokens))

    def check(self, endpoint: Endpoint) -> None:
        """Raise ModelFailed where the last answer broke off or was empty."""
        if self.words is not None and self.finish_reason is None:
            raise ModelFailed(f"The model at {endpoint.base_url} stopped in the middle of its answer.", "Ask again.")
        if self.words is not None and not self.said:
            raise empty_answer(endpoint)
