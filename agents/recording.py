"""What happens while an answer is made, taken down: its steps as they are kept, and the spans of its trace."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from agents.events import Calculated, Event, EvidenceFound, ModelCall, Step, Token
from agents.trace import ROOT, Span

_LONGEST_DETAIL: Final = 300
_SLACK_S: Final = 0.05  # a call's clock is read a little before its step's


class Recording:
    """Takes down one answer's events; it begins when it is made."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._began = clock()
        self._steps: dict[str, Step] = {}
        self._running: dict[str, float] = {}  # since when, by step
        self._spans: list[Span] = []
        self.evidence_s: float | None = None
        self.first_token_s: float | None = None
        self.calculated: Calculated | None = None

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return self._clock() - self._began

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps as they ended, each once: one that was taken several times has taken as long as all of them."""
        return tuple(step for step in self._steps.values() if step.status != "running")

    def note(self, event: Event) -> None:
        """Take down an event."""
        match event:
            case Step():
                self._step(event)
            case EvidenceFound() if self.evidence_s is None:
                self.evidence_s = self.seconds
            case Token() if self.first_token_s is None:
                self.first_token_s = self.seconds
            case Calculated():
                self.calculated = event
            case _:
                pass

    def spans(self, calls: Sequence[ModelCall], journey: str, *, is_failed: bool = False) -> tuple[Span, ...]:
        """Return the whole as spans: the journey, its steps, and within them the calls to models."""
        now = self.seconds
        broken = [
            Span(name, "step", began, now - began, agent=self._steps[name].agent, is_failed=True)
            for name, began in self._running.items()
        ]
        root = Span(journey, "journey", 0.0, now, parent=None, is_failed=is_failed)
        steps = [root, *sorted([*self._spans, *broken], key=lambda span: span.began_s)]
        return (*steps, *(self._call(call, steps) for call in sorted(calls, key=lambda call: call.began)))

    def _step(self, step: Step) -> None:
        now, before = self.seconds, self._steps.get(step.id)
        if step.status == "running":
            self._running.setdefault(step.id, max(0.0, now - (step.seconds or 0.0)))
            if before is None:
                self._steps[step.id] = step
            return
        began = self._running.pop(step.id, max(0.0, now - (step.seconds or 0.0)))
        detail = step.detail[:_LONGEST_DETAIL]
        failed = step.status == "failed"
        self._spans.append(Span(step.id, "step", began, now - began, agent=step.agent, is_failed=failed, detail=detail))
        spent = (before.seconds or 0.0) if before is not None and before.status != "running" else 0.0
        self._steps[step.id] = replace(step, seconds=spent + (step.seconds or 0.0))

    def _call(self, call: ModelCall, steps: Sequence[Span]) -> Span:
        began = max(0.0, call.began - self._began)
        parent = next((n for n, step in enumerate(steps) if _holds(step, began)), ROOT)
        return Span(
            f"{call.agent}.{call.kind}", call.kind, began, call.seconds, parent, call.agent, model=call.model,
            rung=call.rung, prompt_tokens=call.prompt_tokens, completion_tokens=call.completion_tokens,
            first_token_s=call.first_token_s, is_failed=call.is_cut,
        )  # fmt: skip


def _holds(step: Span, at: float) -> bool:
    return step.kind == "step" and step.began_s - _SLACK_S <= at <= step.began_s + step.seconds
