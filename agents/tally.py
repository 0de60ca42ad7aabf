"""What the calls of one team member to a model took: of those that ended, and of one that is under way or was cut."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from agents.endpoint import Endpoint, was_refused
from agents.events import ModelCall, Usage
from agents.probe import count_tokens

_COUNTING_S: Final = 0.5  # how long a tokenizer may take to count what a cut call had read, and what it had written


@dataclass(slots=True)
class Tally:
    """The calls of one member at one endpoint. A call begins, may say words, and ends; until then it counts as cut.

    `tokenize` tells whether the server counts tokens. Without it the prompt of a cut call is estimated, rather too
    high, and each piece that was streamed counts as one token.
    """

    member: str
    endpoint: Endpoint
    kind: Literal["write", "check"]
    tokenize: bool = False
    ended: list[ModelCall] = field(default_factory=list[ModelCall])
    _began: float = 0.0
    _first_token_s: float | None = None
    _prompt: str | None = None  # of the call that has begun and not ended
    _said: list[str] = field(default_factory=list[str])

    @property
    def calls(self) -> tuple[ModelCall, ...]:
        """All calls; one that has not ended is cut, and took the tokens that were sent and seen so far."""
        return (*self.ended, *self._cut())

    @property
    def usage(self) -> Usage:
        """What all calls took."""
        calls = self.calls
        if self.kind == "check":
            return Usage(checks=len(calls), spent=calls)
        prompted, completed = sum(call.prompt_tokens for call in calls), sum(call.completion_tokens for call in calls)
        return Usage(len(calls), prompted, completed, spent=calls)

    def begin(self, prompt: str) -> None:
        """Note that a call begins; the one before it was cut if it has not ended."""
        self.ended.extend(self._cut())
        self._began, self._first_token_s = time.perf_counter(), None
        self._prompt, self._said = prompt, []

    def word(self, piece: str) -> None:
        """Note that a piece of the answer has come."""
        if self._first_token_s is None:
            self._first_token_s = time.perf_counter() - self._began
        self._said.append(piece)

    def end(self, prompted: int, completed: int) -> None:
        """Note that a call has ended, with the tokens that the server tells of: 0 where it tells of none."""
        self.ended.append(self._call(prompted, completed))
        self._prompt = None

    def refused(self) -> None:
        """Note that the call that has begun was refused: it took nothing."""
        if not self._said:
            self._prompt = None

    def _cut(self) -> tuple[ModelCall, ...]:
        prompt, said = self._prompt, list(self._said)
        if prompt is None:
            return ()
        call = self._call(0, len(said))
        completed = self._tokens("".join(said)) if said and self.tokenize else len(said)
        return (replace(call, prompt_tokens=self._tokens(prompt), completion_tokens=completed, is_cut=True),)

    def _call(self, prompted: int, completed: int) -> ModelCall:
        return ModelCall(
            self.member, self.endpoint.model, self.endpoint.rung, self.kind, self._began,
            time.perf_counter() - self._began, self._first_token_s, prompted, completed,
        )  # fmt: skip

    def _tokens(self, text: str) -> int:
        return count_tokens(replace(self.endpoint, timeout_s=_COUNTING_S), text, tokenize=self.tokenize)


@contextmanager
def counted(tally: Tally, prompt: str) -> Generator[None]:
    """Count a call that is made within the block, which notes its end; one that breaks off was cut."""
    tally.begin(prompt)
    try:
        yield
    except Exception as error:
        if was_refused(error):
            tally.refused()
        raise


def tokens(answer: object) -> tuple[int, int]:
    """Return the tokens read and written that an answer in OpenAI's protocol tells of, 0 where it tells of none."""
    usage: Any = getattr(answer, "usage", None)
    return (int(usage.prompt_tokens or 0), int(usage.completion_tokens or 0)) if usage else (0, 0)
