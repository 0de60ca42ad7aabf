"""Named tools side by side: criteria from their notes, each cell with its place."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from knowledge.citation import Citation
from knowledge.errors import UserMistake
from knowledge.language import question_language
from knowledge.note import Note, Tool
from knowledge.vocabulary import Language
from tools.quiz.material import Material
from tools.recommend import grounds
from tools.recommend.advice import Search
from tools.recommend.constraints import Constraints
from tools.recommend.reading import read
from tools.recommend.scoring import needs, ranked
from tools.recommend.task import understand, widened
from tools.recommend.wording import load, say

CRITERIA: Final = (
    "verdict", "best", "not", "licence", "hardware", "platforms", "hosted", "tasks", "format", "technique", "checked",
)  # fmt: skip
_DEPTH: Final = 40


@dataclass(frozen=True, slots=True)
class Cell:
    """What a note says on a criterion: its words, the source where they can be checked, the sentence if it is one."""

    text: str
    source: str
    citation: Citation | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A table: `tools` are ids and titles, `rows` criteria with one cell for each tool."""

    tools: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    language: Language


def compare(
    names: Sequence[str],
    task: str,
    material: Material,
    search: Search,
    language: Language | None = None,
    constraints: Constraints | None = None,
) -> Comparison:
    """Return tools side by side, for a task where one is given; `constraints` replace those that are read from it.

    Raises UserMistake for fewer than two names or one that is no tool of the notes.
    """
    speak = language or question_language(task or " ".join(names))
    notes = list({note.id: note for note in (_tool(name, material) for name in names)}.values())
    if len(notes) < 2:
        remedy = "Name two or more, such as vLLM and SGLang."
        raise UserMistake("A comparison needs two tools.", remedy, "对比至少需要两个工具，例如 vLLM 和 SGLang。")
    known = constraints or read(task, material.library)
    verdicts = _verdicts(task, known, notes, material, search, speak) if task.strip() else {}
    rows: list[tuple[str, tuple[Cell, ...]]] = []
    for criterion in CRITERIA:
        cells = tuple(_cell(criterion, note, material, task, verdicts, speak) for note in notes)
        if any(cell.text for cell in cells):
            rows.append((criterion, cells))
    return Comparison(tuple((note.id, note.title_in(speak)) for note in notes), tuple(rows), speak)


def _tool(name: str, material: Material) -> Note:
    note = material.library.named(name)
    if note is None or note.tool is None:
        known = ", ".join(sorted(one.title_in("en") for one in material.notes if one.tool))
        zh = f"笔记里没有“{name}”这个工具。已有的工具：{known}。"
        raise UserMistake(f"{name!r} is no tool of the notes.", f"Known are {known}.", zh)
    return note


def _cell(
    criterion: str, note: Note, material: Material, task: str, verdicts: dict[str, str], language: Language
) -> Cell:
    tool = note.tool
    assert tool  # only tools are compared
    source = note.sources[0] if note.sources else note.documents[0].path
    if criterion in {"best", "not"}:
        return _quoted(criterion, note, material, task, language, source)
    text = {
        "verdict": lambda: verdicts.get(note.id, ""),
        "licence": lambda: tool.licence,
        "hardware": lambda: ", ".join(tool.runs_on),
        "platforms": lambda: ", ".join(tool.platforms),
        "hosted": lambda: say(f"hosted_{_hosting(note.id, tool)}", language),
        "tasks": lambda: ", ".join(tool.tasks),
        "format": lambda: _targets(note, material, language, "reads"),
        "technique": lambda: _targets(note, material, language, "implements"),
        "checked": lambda: note.checked.isoformat() if note.checked else "",
    }[criterion]()
    return Cell(text, source)


def _quoted(criterion: str, note: Note, material: Material, task: str, language: Language, source: str) -> Cell:
    headings = grounds.FIT_HEADINGS if criterion == "best" else grounds.UNFIT_HEADINGS
    found = grounds.nearest(note.id, material, headings, task, language)
    return Cell(found.sentence.text, source, grounds.citation(found, material, 1)) if found else Cell("", source)


def _hosting(name: str, tool: Tool) -> str:
    traits = load("traits")
    if name in traits["self-hosted"] or name in traits["managed"]:
        return "both"
    return "yes" if tool.hosted else "no"


def _targets(note: Note, material: Material, language: Language, kind: str) -> str:
    edges = material.graph.edges_from(note.id, kind)
    return ", ".join(material.graph.notes[edge.target].title_in(language) for edge in edges)


def _verdicts(
    task: str, constraints: Constraints, notes: Sequence[Note], material: Material, search: Search, language: Language
) -> dict[str, str]:
    """Return for each tool its rank for the task among those compared, or why it is ruled out."""
    evidence = list(search(task, _DEPTH))
    wishes, names = needs(task, constraints), {note.id for note in notes}
    said: dict[str, str] = {}
    for goal in understand(task, evidence, material.graph, constraints).goals:
        # Tools for this very task go before those that only serve the same goal.
        lists = [ranked(one, wishes, constraints, evidence, material.graph) for one in (goal, widened(goal))]
        out = [one for _, found in lists for one in found]
        here = dict.fromkeys(score.note.id for scores, _ in lists for score in scores if score.note.id in names)
        for rank, name in enumerate(here, 1):
            said.setdefault(name, say("verdict_rank", language, rank=str(rank)))
        for one in out:
            said.setdefault(one.tool, one.reason(language))
    return {name: said.get(name, say("verdict_other", language)) for name in names}
