"""Which tasks of the closed vocabulary a text asks for, and in which order they come."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain
from typing import Any, Final, Literal

from knowledge.evidence import Evidence
from knowledge.graph import Graph
from tools.recommend.constraints import Constraints
from tools.recommend.wording import load, mixed, phrases

_SERVER_CARD: Final = 40  # GB
_GROUND: Final = 0.3  # below it a text that names nothing of this field is outside
_NEAR: Final = 0.3  # from it on, the retrieved tools tell the task where no phrase does
_CLAUSE: Final = re.compile(r"[，,。；;]\s*|[.!?！？]\s+")
_AROUND_A_CARD: Final = 12  # characters of a clause beside a card's name, such as "I have one" or "手里一块"
_CONTEXT: Final = phrases(
    [
        r"llms?", r"(?:language|chat|embedding|base|foundation|\d+b) models?", "checkpoints?", "gpus?", "tokens?",
        "prompts?", r"\d+(?:\.\d+)?b", "chatbots?", "transformers?", "lora", "rag", "rlhf", r"gpt\S*", "chatgpt",
        "hugging ?face", "inference", r"fine-?tun\w+", "embeddings?", "vllm", "loss", "ml", "machine learning",
        "deep learning", "neural nets?", "models?",
    ],
    ["模型", "显卡", "大语言", "智能体", "提示词", "推理", "微调", "训练", "向量", "嵌入"],
)  # fmt: skip

# How a text was understood: by a person's word, by phrases of this field, as outside of it, by the hardware and model,
# by the tools it names; by what its words mean, clearly or likely; by vague words, by what retrieval found, by a model,
# or not at all.
By = Literal[
    "said", "phrases", "outside", "hardware", "tools", "meaning", "likely", "vague", "retrieval", "model", "nothing"
]  # fmt: skip
SURE: Final[frozenset[By]] = frozenset({"said", "phrases", "outside", "hardware", "tools", "meaning", "model"})
_UNSURE: Final[frozenset[By]] = frozenset({"vague", "retrieval", "nothing"})


@dataclass(frozen=True, slots=True)
class Meaning:
    """The tasks that a text means, all of one goal; none where it lies outside or nothing comes near.

    `is_outside`: everyday things come nearer. `is_clear`: there is no doubt.
    """

    tasks: tuple[str, ...] = ()
    is_outside: bool = False
    is_clear: bool = False


Means = Callable[[str], Meaning]


@dataclass(frozen=True, slots=True)
class Goal:
    """Tasks that one tool is chosen for; `stage` orders goals as work goes on."""

    name: str
    stage: int
    tasks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """The goals of a text in the order of work, and how they were understood; none where it lies outside."""

    goals: tuple[Goal, ...]
    by: By

    @property
    def is_sure(self) -> bool:
        """Whether there is nothing to ask a model about."""
        return self.by in SURE

    @property
    def tasks(self) -> tuple[str, ...]:
        """All tasks that are asked for."""
        return tuple(chain.from_iterable(goal.tasks for goal in self.goals))


def widened(goal: Goal) -> Goal:
    """Return a goal with all tasks that belong to it."""
    return replace(goal, tasks=tuple(task for task in load("tasks") if goal_of(task) == goal.name))


def goal_of(task: str) -> str:
    """Return the goal that a task belongs to."""
    return str(load("tasks")[task]["goal"])


def understand(
    text: str, evidence: Sequence[Evidence], graph: Graph, constraints: Constraints, means: Means | None = None
) -> Reading:
    """Return what a text asks for: by what was said, its phrases, its words' meaning, the tools that retrieval finds.

    `means` tells what a text means that speaks in everyday words; left out where nothing can tell.
    """
    if constraints.tasks:
        return reading_of(constraints.tasks, "said")
    if _outside().search(text) and not constraints.model:
        return Reading((), "outside")
    tasks, by = _by_rules(text, evidence, graph, constraints)
    if by in _UNSURE and means is not None:
        meant = means(_without_hardware(text, constraints))
        if meant.is_clear or meant.is_outside or (by == "nothing" and meant.tasks):
            return reading_of(meant.tasks, "meaning" if meant.is_clear else "likely")
    return reading_of(_pruned(tasks, text), by)


def task_spans(text: str) -> list[tuple[int, int]]:
    """Return where a text speaks of tasks in the words of this field."""
    return [match.span() for _, pattern in _lexicon()["sure"] for match in pattern.finditer(text)]


def reading_of(tasks: Sequence[str], by: By) -> Reading:
    """Return the reading that consists of some tasks."""
    return Reading(_goals(tasks), by)


def _without_hardware(text: str, constraints: Constraints) -> str:
    """Return a text without the clauses that only name a card: their words come near to serving and to training."""
    said = constraints.said.get("accelerators")
    if said is None or not said.words:
        return text
    kept = [
        clause
        for clause in _CLAUSE.split(text)
        if said.words.lower() not in clause.lower() or len(clause) - len(said.words) > _AROUND_A_CARD
    ]
    return "，".join(kept) or text


def _by_rules(text: str, evidence: Sequence[Evidence], graph: Graph, constraints: Constraints) -> tuple[list[str], By]:
    ground = evidence[0].ground if evidence else 0.0
    belongs = bool(_CONTEXT.search(text) or constraints.model or constraints.named or constraints.used)
    if sure := _matched(text, "sure"):
        return sure, "phrases"
    vague = _matched(text, "vague")
    if vague and (belongs or ground >= _GROUND):
        return vague, "vague"
    if constraints.model and constraints.accelerators:
        big = any(card.memory_gb >= _SERVER_CARD for card in constraints.accelerators)
        return ["serve-models" if big else "run-models-locally"], "hardware"
    if named := _of_tools(constraints.named or constraints.excluded, graph):
        return named, "tools"
    if ground >= _NEAR and belongs and (found := _of_tools([one.note for one in evidence[:3]], graph)):
        return found, "retrieval"
    return [], "nothing"


def _matched(text: str, kind: str) -> list[str]:
    return [task for task, pattern in _lexicon()[kind] if pattern.search(text)]


def _of_tools(tools: Sequence[str], graph: Graph) -> list[str]:
    """Return the first task of tools, for those that are tools; the tasks all have in common where there are some."""
    blocks = [note.tool for one in tools if (note := graph.notes.get(one)) and note.tool and note.tool.tasks]
    if not blocks:
        return []
    common = [task for task in blocks[0].tasks if all(task in block.tasks for block in blocks)]
    return common[:1] or [blocks[0].tasks[0]]


def _pruned(tasks: Sequence[str], text: str) -> list[str]:
    """Leave out what a text only talks about: the application that is watched, the adapter that is served."""
    kept = list(tasks)
    for rule in load("context")["rule"]:
        if set(rule["given"]) & set(kept) and not _unless(tuple(rule["unless"])).search(text):
            rest = [task for task in kept if task not in rule["drop"]]
            kept = rest or kept
    return kept


def _goals(tasks: Sequence[str]) -> tuple[Goal, ...]:
    words: Mapping[str, Any] = load("tasks")
    groups: dict[str, list[str]] = {}
    for task in tasks:
        groups.setdefault(words[task]["goal"], []).append(task)
    goals = (Goal(name, words[group[0]]["stage"], tuple(group)) for name, group in groups.items())
    return tuple(sorted(goals, key=lambda goal: goal.stage))


@cache
def _lexicon() -> Mapping[str, list[tuple[str, re.Pattern[str]]]]:
    words: Mapping[str, Any] = load("tasks")
    return {kind: [(task, mixed(entry[kind])) for task, entry in words.items()] for kind in ("sure", "vague")}


@cache
def _outside() -> re.Pattern[str]:
    return mixed(load("context")["outside"])


@cache
def _unless(words: tuple[str, ...]) -> re.Pattern[str]:
    return mixed(words)
