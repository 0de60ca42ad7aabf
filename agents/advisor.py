"""The advisor: a model that reads what rules are not sure of, and weighs the first tool against the next."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, Literal

from pydantic import BaseModel, Field

from agents.endpoint import Endpoint
from agents.events import Usage
from agents.probe import Capabilities
from agents.prompt import render
from agents.team import Nonsense, Team
from knowledge.evidence import Evidence
from knowledge.vocabulary import TASKS, Language
from tools.recommend.advice import Advice, Recommendation
from tools.recommend.constraints import CHOICES, Constraints, Said, corrected
from tools.recommend.reading import strength_in

_OUTSIDE: Final = "outside"
_MOST_TASKS: Final = 3
_FLAGS: Final = ("offline", "cpu_only", "no_docker")
DEMANDS: Final[tuple[str, ...]] = (
    *(f"{field}: {value}" for field, values in CHOICES.items() if field != "tasks" for value in values),
    *(f"{flag}: yes" for flag in _FLAGS),
)
_BESIDE: Final = {  # what was read of one says all there is to say of the other
    "cpu_only": ("accelerators", "device", "gpu"),
    "device": ("accelerators", "cpu_only", "gpu"),
    "place": ("offline",),
    "offline": ("place",),
}


class Demand(BaseModel):
    """A constraint as the model reads it; `words` must stand in the text."""

    demand: str = Field(json_schema_extra={"enum": list(DEMANDS)})
    words: str
    strength: Literal["hard", "soft"]


class Understood(BaseModel):
    """What the model makes of a task."""

    tasks: list[str] = Field(json_schema_extra={"items": {"type": "string", "enum": [*TASKS, _OUTSIDE]}})
    demands: list[Demand]


@dataclass(frozen=True, slots=True)
class Read:
    """What a model read and code has proven: tasks of the vocabulary, none for outside, and all constraints."""

    tasks: tuple[str, ...]
    constraints: Constraints


class Advisor:
    """The advisor at one endpoint. `abort` ends what is under way, from any thread; nothing is asked after it."""

    def __init__(self, endpoint: Endpoint, capabilities: Capabilities) -> None:
        self._team = Team(endpoint, capabilities)
        self._endpoint = endpoint

    @property
    def can_read(self) -> bool:
        """Whether its reading is worth a call: the embedded model reads worse than the notes' own phrases do."""
        return self._endpoint.rung == "endpoint"

    @property
    def usage(self) -> Usage:
        """Calls and tokens so far."""
        return self._team.usage

    def abort(self) -> None:
        """End what is under way and free the model."""
        self._team.abort()

    def read(self, task: str, constraints: Constraints, settled: Collection[str] = ()) -> Read | None:
        """Return what a task asks for and demands; None where the model says nothing that can be proven.

        What `constraints` hold already stays, and so do the fields that a person has `settled`. Raises ModelFailed
        where the endpoint is down or slow.
        """
        tasks = "\n".join(f"{name}: {meaning}" for name, meaning in TASKS.items())
        prompt = render("advisor", "read", tasks=tasks, demands=", ".join(DEMANDS), task=" ".join(task.split()))
        try:
            said = self._team.shaped("advisor", prompt.strip(), "read_format", Understood)
        except Nonsense:
            return None
        named = [name for name in dict.fromkeys(said.tasks) if name in TASKS][:_MOST_TASKS]
        if not named and _OUTSIDE not in said.tasks:
            return None
        known = constraints
        for demand in said.demands:
            known = _with(known, demand, task, settled)
        return Read(tuple(named), known)

    def weigh(
        self, task: str, advice: Advice, evidence: Sequence[Evidence], language: Language, say: Callable[[str], None]
    ) -> None:
        """Weigh the first tool against the next from the passages; the words go to `say` as they come.

        Nothing is asked where there is no next tool. Raises ModelFailed where the model is down, breaks off or says
        nothing.
        """
        pair = rivals(advice)
        if pair is None:
            return
        first, second = pair
        passages = self._team.fitting(_about(pair, evidence), task)
        lines = "\n".join(f"[{n}] {' '.join(one.text.split())}" for n, one in enumerate(passages, 1))
        prompt = render(
            "advisor",
            f"weigh_{language}",
            passages=lines,
            task=" ".join(task.split()),
            first=first.title,
            second=second.title,
        )
        self._team.told("advisor", prompt, "weigh_format", say)


def rivals(advice: Advice) -> tuple[Recommendation, Recommendation] | None:
    """Return the first tool and the next one for the same goal, if there is one."""
    if not advice.recommendations:
        return None
    first, *others = advice.recommendations
    second = next((one for one in others if one.goal == first.goal), None)
    return None if second is None else (first, second)


def _about(pair: tuple[Recommendation, Recommendation], evidence: Sequence[Evidence]) -> list[Evidence]:
    """Return what is cited for the two tools, sentence by sentence and by turns.

    Whole passages also say when not to use a tool, which a small model turns round.
    """
    first, second = (
        [
            replace(passage, text=cited.quote, start=cited.start, end=cited.end)
            for cited in tool.evidence
            for passage in evidence
            if passage.path == cited.path and passage.start <= cited.start < passage.end
        ]
        for tool in pair
    )
    turns = [one for both in zip(first, second, strict=False) for one in both]
    return [*turns, *first[len(second) :], *second[len(first) :]]


def _with(constraints: Constraints, demand: Demand, task: str, settled: Collection[str]) -> Constraints:
    """Return the constraints with one more, where the person's own words say it and nothing was read of it before."""
    field, _, value = demand.demand.partition(": ")
    words = demand.words.strip()
    if demand.demand not in DEMANDS or not words or words.lower() not in task.lower():
        return constraints
    if {field, *_BESIDE.get(field, ())} & {*constraints.said, *settled}:
        return constraints
    change: Any = True if field in _FLAGS else value
    changed = corrected(constraints, **{field: change})
    strength = "soft" if demand.strength == "soft" else strength_in(task, words)
    return replace(changed, said=MappingProxyType({**changed.said, field: Said(words, strength)}))
