"""What answers took, summed up: by span of time, by day, by agent and model."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from statistics import median

from agents.events import Rung
from agents.trace import Price, Span, Trace


@dataclass(frozen=True, slots=True)
class Spent:
    """What a number of answers, or of calls, took; medians are None where there is nothing to take them of."""

    answers: int = 0
    calls: int = 0
    checks: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    model_seconds: float = 0.0
    median_s: float | None = None
    median_first_token_s: float | None = None
    cost: float = 0.0

    @property
    def tokens(self) -> int:
        """All tokens, read and written."""
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class AgentSpent:
    """What one agent spent at one model."""

    agent: str
    model: str
    rung: Rung
    spent: Spent


def spent(traces: Sequence[Trace], price: Price) -> Spent:
    """Return what answers took; the medians are those of finished answers."""
    finished = [trace for trace in traces if trace.outcome == "done"]
    first = [trace.first_token_s for trace in finished if trace.first_token_s is not None]
    calls = [call for trace in traces for call in trace.calls]
    return _of_calls(
        calls, price, answers=len(traces), median_s=median(trace.seconds for trace in finished) if finished else None,
        median_first_token_s=median(first) if first else None,
    )  # fmt: skip


def by_day(traces: Iterable[Trace], price: Price, zone: tzinfo | None) -> dict[date, Spent]:
    """Return what the answers of each day took, in the order of days; days without an answer are left out."""
    days: defaultdict[date, list[Trace]] = defaultdict(list)
    for trace in traces:
        days[trace.at.astimezone(zone).date()].append(trace)
    return {day: spent(days[day], price) for day in sorted(days)}


def by_agent(traces: Iterable[Trace], price: Price) -> list[AgentSpent]:
    """Return what each agent spent at each model, the most tokens first."""
    calls: defaultdict[tuple[str, str, Rung], list[Span]] = defaultdict(list)
    answers: defaultdict[tuple[str, str, Rung], set[str]] = defaultdict(set)
    for trace in traces:
        for call in trace.calls:
            who = (call.agent, call.model, call.rung or "notes")
            calls[who].append(call)
            answers[who].add(trace.id)
    found = [AgentSpent(*who, _of_calls(made, price, answers=len(answers[who]))) for who, made in calls.items()]
    return sorted(found, key=lambda agent: (-agent.spent.tokens, agent.agent, agent.model))


def _of_calls(
    calls: Sequence[Span], price: Price, *, answers: int, median_s: float | None = None,
    median_first_token_s: float | None = None,
) -> Spent:  # fmt: skip
    return Spent(
        answers=answers,
        calls=sum(call.kind == "write" for call in calls),
        checks=sum(call.kind == "check" for call in calls),
        prompt_tokens=sum(call.prompt_tokens for call in calls),
        completion_tokens=sum(call.completion_tokens for call in calls),
        model_seconds=sum(call.seconds for call in calls),
        median_s=median_s,
        median_first_token_s=median_first_token_s,
        cost=sum(price.of(call) for call in calls),
    )
