"""Which tasks of the closed vocabulary a text asks for, and in which order they come."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Any, Final

from knowledge.evidence import Evidence
from knowledge.graph import Graph
from tools.recommend.constraints import Constraints
from tools.recommend.wording import load, mixed, phrases

_SERVER_CARD: Final = 40  # GB
_GROUND: Final = 0.3  # below it a text that names nothing of this field is outside
_NEAR: Final = 0.3  # from it on, the retrieved tools tell the task where no phrase does
_CONTEXT: Final = phrases(
    [
        r"llms?", r"(?:language|chat|embedding|base|foundation|\d+b) models?", "checkpoints?", "gpus?", "tokens?",
        "prompts?", r"\d+(?:\.\d+)?b", "chatbots?", "transformers?", "lora", "rag", "rlhf", r"gpt\S*", "chatgpt",
        "hugging ?face", "inference", r"fine-?tun\w+", "embeddings?", "vllm", "loss", "ml", "machine learning",
        "deep learning", "neural nets?", "models?",
    ],
    ["模型", "显卡", "大语言", "智能体", "提示词", "推理", "微调", "训练", "向量", "嵌入"],
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Goal:
    """Tasks that one tool is chosen for; `stage` orders goals as work goes on."""

    name: str
    stage: int
    tasks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """The goals of a text in the order of work; none where it lies outside. `ground` is how near the notes come."""

    goals: tuple[Goal, ...]
    ground: float

    @property
    def tasks(self) -> tuple[str, ...]:
        """All tasks that are asked for."""
        return tuple(chain.from_iterable(goal.tasks for goal in self.goals))


def goal_of(task: str) -> str:
    """Return the goal that a task belongs to."""
    return str(load("tasks")[task]["goal"])


def understand(text: str, evidence: Sequence[Evidence], graph: Graph, constraints: Constraints) -> Reading:
    """Return what a text asks for: by its phrases, else by the tools that retrieval finds, else nothing."""
    ground = evidence[0].ground if evidence else 0.0
    if _outside().search(text) and not constraints.model:
        return Reading((), ground)
    sure, vague = _matched(text, "sure"), _matched(text, "vague")
    belongs = bool(_CONTEXT.search(text) or constraints.model or constraints.named or constraints.used)
    tasks = sure
    if not tasks and vague and (belongs or ground >= _GROUND):
        tasks = vague
    if not tasks and constraints.model and constraints.accelerators:
        big = any(card.memory_gb >= _SERVER_CARD for card in constraints.accelerators)
        tasks = ["serve-models" if big else "run-models-locally"]
    if not tasks and (constraints.named or constraints.excluded):
        tasks = _of_tools(constraints.named or constraints.excluded, graph)
    if not tasks and ground >= _NEAR and belongs:
        tasks = _of_tools([one.note for one in evidence[:3]], graph)
    return Reading(_goals(_pruned(tasks, text)), ground)


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
