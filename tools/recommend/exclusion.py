"""What rules a tool out: a hard constraint that its note does not meet, with a code and the reason."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from knowledge.graph import Graph
from knowledge.note import Note, Tool
from knowledge.vocabulary import Language
from tools.recommend.constraints import Constraints
from tools.recommend.licence import licence
from tools.recommend.task import Goal
from tools.recommend.wording import load, named, say

_COMPUTE: Final = frozenset({"serve", "pretrain", "fine-tune", "scale", "quantize", "images", "agent-training"})
_HOSTABLE: Final = frozenset({"serve", "track", "trace", "monitor", "store", "compute"})
_LIBRARIES: Final = frozenset({"agents", "rag", "tokenize", "embed"})


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A tool that a hard constraint rules out.

    `code`: excluded, device, no_gpu, system, licence, offline, hosted, not_hosted, format, language.
    `words` are those of the task that demanded it.
    """

    tool: str
    title: str
    code: str
    variables: Mapping[str, str]
    words: str

    def reason(self, language: Language) -> str:
        """Say why, for a reader of `language`; ids of the vocabulary become words."""
        words = {name: named(value, language) for name, value in self.variables.items()}
        return say(f"out_{self.code}", language, tool=self.title, **words)


def exclusion(note: Note, goal: Goal, constraints: Constraints, graph: Graph) -> Exclusion | None:
    """Return what rules a tool out for a goal, the first that does; None where nothing does."""
    assert note.tool  # only tools are weighed
    for field, check in _CHECKS.items():
        if not constraints.is_hard(field):
            continue
        found = check(note, note.tool, goal, constraints, graph)
        if found is not None:
            code, variables = found
            return Exclusion(note.id, note.title_in("en"), code, variables, constraints.said[field].words)
    return None


Found = tuple[str, Mapping[str, str]] | None


def _excluded(note: Note, tool: Tool, goal: Goal, constraints: Constraints, graph: Graph) -> Found:
    del tool, goal, graph
    return ("excluded", {}) if note.id in constraints.excluded else None


def _device(note: Note, tool: Tool, goal: Goal, constraints: Constraints, graph: Graph) -> Found:
    del note, graph
    if not constraints.device or constraints.device in tool.runs_on or goal.name == "compute":
        return None
    if "cpu" in tool.runs_on and (goal.name not in _COMPUTE or tool.runs_on == ("cpu",)):
        return None
    return "device", {"runs_on": ", ".join(tool.runs_on), "wanted": constraints.device}


def _no_gpu(note: Note, tool: Tool, goal: Goal, constraints: Constraints, graph: Graph) -> Found:
    del note, goal, graph
    return (
        ("no_gpu", {"runs_on": ", ".join(tool.runs_on)}) if constraints.cpu_only and "cpu" not in tool.runs_on else None
    )


def _system(note: Note, tool: Tool, goal: Goal, constraints: Constraints, graph: Graph) -> Found:
    del note, goal, graph
    if not constraints.system or constraints.system in tool.platforms or "browser" in tool.platforms:
        return None
    return "system", {"platforms": ", ".join(tool.platforms), "wanted": constraints.system}


def _licence(note: Note, tool: Tool, goal: Goal, constraints: Constraints, graph: Graph) -> Found:
    del note, goal, graph
    broken = [demand for demand in constraints.licence if not licence(tool.licence).meets(demand)]
    return ("licence", {"licence": tool.licence, "wanted": ", ".join(broken)}) if broken else None


def _offline(note: Note, tool: Tool, goal: Goal, constraints: Constraints, graph: Graph) -> Found:
    del goal, graph
    return (
        ("offline", {})
        if constraints.offline and tool.hosted and note.id not in load("traits")["self-hosted"]
        else None
    )


def _place(note: Note, tool: Tool, goal: Goal, constraints: Constraints, graph: Graph) -> Found:
    del graph
    traits = load("traits")
    if constraints.place == "own" and tool.hosted and note.id not in {*traits["self-hosted"], *traits["self-managed"]}:
        return "hosted", {}
    if (
        constraints.place == "hosted"
        and goal.name in _HOSTABLE
        and not tool.hosted
        and note.id not in traits["managed"]
    ):
        return "not_hosted", {}
    return None


def _format(note: Note, tool: Tool, goal: Goal, constraints: Constraints, graph: Graph) -> Found:
    del tool
    if goal.name != "serve" or not constraints.format:
        return None
    read = {edge.target for edge in graph.edges_from(note.id, "reads")}
    if constraints.format == "gguf" and "gguf" not in read:
        return "format", {"wanted": "GGUF"}
    if constraints.format == "safetensors" and "gguf" in read and "safetensors" not in read:
        return "format", {"wanted": "safetensors"}
    return None


def _language(note: Note, tool: Tool, goal: Goal, constraints: Constraints, graph: Graph) -> Found:
    del tool, graph
    wanted = constraints.language
    traits = load("traits")
    if wanted == "no python" and goal.name == "serve" and note.id not in traits["no-python"]:
        return "language", {"wanted": wanted}
    if wanted in {"javascript", "rust", "cpp"} and goal.name in _LIBRARIES and note.id not in traits[wanted]:
        return "language", {"wanted": wanted}
    return None


_CHECKS: Final[Mapping[str, Callable[[Note, Tool, Goal, Constraints, Graph], Found]]] = {
    "excluded": _excluded,
    "cpu_only": _no_gpu,
    "device": _device,
    "system": _system,
    "licence": _licence,
    "offline": _offline,
    "place": _place,
    "format": _format,
    "language": _language,
}
HARD: Final = tuple(_CHECKS)  # the constraints that can rule a tool out
