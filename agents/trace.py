"""The trace of one answer: what was done for it, when, by whom, and what it cost."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from agents.events import Rung
from knowledge.vocabulary import Language

Kind = Literal["journey", "step", "write", "check"]
Outcome = Literal["done", "stopped", "failed"]
ROOT: Final = 0  # the span of the whole journey is the first one


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time within an answer; `began_s` counts from the question, `parent` is its place in the trace.

    Of a model's call it tells the model, its tokens and when the first one came, in seconds since the call began; one
    that failed was cut before its end, and has the tokens that were sent and seen until then.
    """

    name: str
    kind: Kind
    began_s: float
    seconds: float
    parent: int | None = ROOT
    agent: str = ""
    is_failed: bool = False
    detail: str = ""
    model: str = ""
    rung: Rung | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    first_token_s: float | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """All that is stored of how an answer was made; the texts are empty where their reader keeps none."""

    id: str  # the answer's
    learner: str
    session: str
    at: datetime  # when the question arrived
    journey: str
    outcome: Outcome
    rung: Rung
    language: Language
    seconds: float
    spans: tuple[Span, ...]
    question: str = ""
    text: str = ""
    abstained: bool = False
    evidence_s: float | None = None
    first_token_s: float | None = None
    notices: tuple[str, ...] = ()

    @property
    def calls(self) -> tuple[Span, ...]:
        """The calls to models."""
        return tuple(span for span in self.spans if span.kind in {"write", "check"})


@dataclass(frozen=True, slots=True)
class Price:
    """What an endpoint's tokens cost, per million of them, in whatever currency; a model of one's own costs nothing."""

    prompt: float = 0.0
    completion: float = 0.0

    def of(self, span: Span) -> float:
        """Return what a call cost."""
        if span.rung != "endpoint":
            return 0.0
        return (span.prompt_tokens * self.prompt + span.completion_tokens * self.completion) / 1e6


FREE: Final = Price()
