"""How well each tool fits: kind of task, what the text asks for besides, what retrieval says, soft constraints."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from knowledge.evidence import Evidence
from knowledge.graph import Graph
from knowledge.note import Note
from tools.recommend.constraints import Constraints
from tools.recommend.exclusion import Exclusion, exclusion
from tools.recommend.licence import licence
from tools.recommend.task import Goal
from tools.recommend.wording import load, phrases

_KIND: Final = 1.0  # the tool is made for one of the tasks
_COVERS: Final = 0.5  # times the share of the tasks that it covers
_FIRST: Final = 0.25  # the task is what the tool is made for first of all
_RETRIEVED: Final = 0.6  # times the tool's best passage against the best of all candidates
_NEED: Final = 0.5  # a need of the text that the tool answers to, by its note
_POOR: Final = 0.6  # a need that it is a poor fit for, by its note
_NAMED: Final = 0.4  # the text weighs this tool
_TOGETHER: Final = 0.2  # it is commonly combined with a tool in use
_SOFT: Final = 0.4  # a soft constraint that is met
_SELF_MANAGED: Final = 0.8  # to run what is made to be hosted
_MOST_NEEDS: Final = 3  # many words for the same thing shall not outweigh all else
_MANY: Final = 8  # users at once that a server for one person does not bear
_SERVER_CARD: Final = 40  # GB
_CONSUMER_CARD: Final = 24  # GB
_LARGE: Final = 20_000_000  # vectors
_ONLY_WITH: Final = {"diffusers": "images", "hugging-face-hub": "download"}  # tools for nothing but one need


@dataclass(frozen=True, slots=True)
class Need:
    """A need that a text speaks of, in the words it does."""

    name: str
    words: str


@dataclass(frozen=True, slots=True)
class Score:
    """A tool's fit to a goal: the total, the needs it answers to, and those it is a poor fit for."""

    note: Note
    goal: Goal
    total: float
    answers: tuple[Need, ...]
    poor: tuple[Need, ...]


def needs(text: str, constraints: Constraints) -> tuple[Need, ...]:
    """Return the needs that a text speaks of, and those that follow from its numbers and hardware."""
    found = {name: match[0].strip() for name, pattern in _patterns() if (match := pattern.search(text))}
    if constraints.cpu_only:
        found["no-gpu"] = constraints.said["cpu_only"].words or "CPU"
    gpus = sum(card.count for card in constraints.accelerators)
    if gpus > 1:
        found.setdefault("many-gpus", f"{gpus} GPU")
        found.pop("one-gpu-training", None)
    elif gpus == 1 and constraints.accelerators[0].memory_gb <= _CONSUMER_CARD:
        found.setdefault("one-gpu-training", constraints.accelerators[0].name)
        found.pop("many-gpus", None)
    if any(card.memory_gb >= _SERVER_CARD for card in constraints.accelerators) and constraints.device != "apple-gpu":
        found.setdefault("gpu-server", constraints.accelerators[0].name)
    if constraints.device == "apple-gpu":
        found.setdefault("one-user", constraints.said["device"].words)
    if constraints.users >= _MANY:
        found.setdefault("many-users", str(constraints.users))
        found.pop("one-user", None)
    elif constraints.users:
        found.pop("many-users", None)
    if constraints.items >= _LARGE:
        found.setdefault("huge-collection", f"{constraints.items:,}")
    elif constraints.items:
        found.setdefault("in-process", f"{constraints.items:,}")
        found.pop("huge-collection", None)
    if "huge-collection" in found:
        found.pop("in-process", None)
    if constraints.device == "npu":
        found.setdefault("ascend", constraints.said["device"].words)
    return tuple(Need(name, words) for name, words in found.items())


def need_spans(text: str) -> list[tuple[int, int]]:
    """Return where a text speaks of needs."""
    return [match.span() for _, pattern in _patterns() for match in pattern.finditer(text)]


def counted(text_needs: Sequence[Need], goals: Sequence[Goal]) -> tuple[Need, ...]:
    """Return the needs that count for some goals."""
    names = {goal.name for goal in goals}
    words: Mapping[str, Any] = load("needs")
    return tuple(need for need in text_needs if not words[need.name]["goals"] or names & set(words[need.name]["goals"]))


def ranked(
    goal: Goal, text_needs: Sequence[Need], constraints: Constraints, evidence: Sequence[Evidence], graph: Graph
) -> tuple[list[Score], list[Exclusion]]:
    """Return the tools for a goal, the best first, and those that would rank but are ruled out."""
    best: dict[str, float] = {}
    for one in evidence:
        best[one.note] = max(best.get(one.note, 0.0), one.score)
    named = {need.name for need in text_needs}
    notes = [
        note
        for note in graph.notes.values()
        if note.tool and set(goal.tasks) & set(note.tool.tasks) and _ONLY_WITH.get(note.id, "") in {"", *named}
    ]
    highest = max((best.get(note.id, 0.0) for note in notes), default=0.0) or 1.0
    scores: list[Score] = []
    out: list[Exclusion] = []
    for note in notes:
        ruled_out = exclusion(note, goal, constraints, graph)
        score = _score(note, goal, text_needs, constraints, best.get(note.id, 0.0) / highest, graph)
        if ruled_out is None:
            scores.append(score)
        else:
            out.append(ruled_out)
    return sorted(scores, key=lambda score: (-score.total, score.note.id)), out


def _score(
    note: Note, goal: Goal, text_needs: Sequence[Need], constraints: Constraints, retrieved: float, graph: Graph
) -> Score:
    tool = note.tool
    assert tool  # only tools are weighed
    covered = [task for task in goal.tasks if task in tool.tasks]
    answers = tuple(need for need in text_needs if note.id in _side(need, goal, "for"))
    poor = tuple(need for need in text_needs if note.id in _side(need, goal, "against"))
    total = _KIND + _COVERS * len(covered) / len(goal.tasks) + _RETRIEVED * max(retrieved, 0.0)
    total += _FIRST if tool.tasks[0] in goal.tasks else 0.0
    total += _NEED * min(len(answers), _MOST_NEEDS) - _POOR * min(len(poor), _MOST_NEEDS)
    total += _NAMED if note.id in constraints.named else 0.0
    partners = {edge.target for edge in graph.edges_from(note.id, "works_with")}
    total += _TOGETHER if partners & set(constraints.used) else 0.0
    total += _SOFT * _soft(note, constraints)
    total -= _SELF_MANAGED if constraints.place == "own" and note.id in load("traits")["self-managed"] else 0.0
    return Score(note, goal, round(total, 3), answers, poor)


def _side(need: Need, goal: Goal, side: str) -> Mapping[str, str]:
    entry: Mapping[str, Any] = load("needs")[need.name]
    return entry.get(side, {}) if not entry["goals"] or goal.name in entry["goals"] else {}


def _soft(note: Note, constraints: Constraints) -> int:
    """Return how many soft constraints a tool meets, less those it does not."""
    tool = note.tool
    assert tool
    traits = load("traits")
    met: list[bool] = []
    if constraints.system and not constraints.is_hard("system"):
        met.append(constraints.system in tool.platforms)
    if constraints.licence and not constraints.is_hard("licence"):
        met.append(all(licence(tool.licence).meets(demand) for demand in constraints.licence))
    if constraints.place and not constraints.is_hard("place"):
        own = not tool.hosted or note.id in {*traits["self-hosted"], *traits["self-managed"]}
        met.append(own if constraints.place == "own" else tool.hosted or note.id in traits["managed"])
    wanted = constraints.language.replace(" ", "-")
    if wanted in traits and not constraints.is_hard("language"):
        met.append(note.id in traits[wanted])
    if constraints.no_docker:
        met.append(not tool.first_command.startswith("docker"))
    if constraints.budget == "free":
        met.append(not tool.hosted or "compute" in tool.tasks or "get-free-compute" in tool.tasks)
    return sum(1 if one else -1 for one in met)


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    words: Mapping[str, Any] = load("needs")
    return tuple((name, phrases(entry["latin"], entry["chinese"])) for name, entry in words.items())
