"""Where a learner stands, as JSON and as text for a terminal."""

from typing import Any, Final

from knowledge.graph import Graph
from knowledge.vocabulary import STAGE_TITLES, Language
from learner.mastery import Mastery
from learner.progress import Progress

_BAR: Final = 20  # characters


def progress_json(found: Progress, learner: str, graph: Graph, language: Language) -> dict[str, Any]:
    """Return a learner's progress in the form that scripts read."""
    return {
        "learner": learner,
        "attempts": found.attempts,
        "correct": found.correct,
        "streak": found.streak,
        "mastery": [
            {
                "concept": concept,
                "title": _title(concept, graph, language),
                "stage": _stage(concept, graph),
                **_mastery_json(one),
            }
            for concept, one in sorted(found.mastery.items(), key=lambda pair: -pair[1].value)
        ],
        "stages": [
            {
                "stage": stage.stage,
                "title": _stage_title(stage.stage, language),
                "mastery": stage.mastery,
                "known": stage.known,
                "studied": stage.studied,
                "concepts": stage.concepts,
            }
            for stage in found.stages
        ],
        "weak": [
            {"concept": one.concept, "title": _title(one.concept, graph, language), "reason": one.reason}
            | {"wrong": one.wrong, "needed_by": one.needed_by, "mastery": one.mastery.value}
            for one in found.weak
        ],
        "forecast": [{"day": day.isoformat(), "due": count} for day, count in found.forecast],
        "history": [
            {"day": day.day.isoformat(), "attempts": day.attempts, "correct": day.correct, "concepts": day.concepts}
            for day in found.history
        ],
        **due_json(found, graph, language),
    }


def due_json(found: Progress, graph: Graph, language: Language) -> dict[str, Any]:
    """Return what is due, and when something is due next where nothing is."""
    coming = min((one.due for one in found.mastery.values() if one.due is not None), default=None)
    return {
        "due": [
            {"concept": one.concept, "title": _title(one.concept, graph, language), "due": one.due.isoformat()}
            | {"overdue_days": one.overdue_days, "recall": one.recall}
            for one in found.due
        ],
        "next_due": coming.isoformat() if coming else None,
    }


def progress_text(found: Progress, learner: str, graph: Graph, language: Language) -> str:
    """Return a learner's progress for a person."""
    if not found.attempts:
        return f"{learner} has not answered anything yet; begin with `atlas quiz`\n"
    lines = [
        f"{learner}: {found.attempts} answers, {found.correct} right, {len(found.mastery)} concepts studied, "
        f"{len(found.due)} due, {found.streak} days in a row",
        "",
    ]
    for stage in found.stages:
        bar = "#" * round(stage.mastery * _BAR)
        title = _stage_title(stage.stage, language)
        lines.append(f"{bar:<{_BAR}} {stage.mastery:4.0%}  {title} ({stage.studied} of {stage.concepts} studied)")
    lines.append("")
    for concept, one in sorted(found.mastery.items(), key=lambda pair: pair[1].value):
        due = one.due.date().isoformat() if one.due else ""
        lines.append(
            f"{one.value:4.0%} ({one.low:.0%} to {one.high:.0%})  due {due}  {_title(concept, graph, language)}"
        )
    return "\n".join(lines) + "\n"


def _mastery_json(one: Mastery) -> dict[str, Any]:
    return {
        "value": one.value,
        "low": one.low,
        "high": one.high,
        "attempts": one.attempts,
        "correct": one.correct,
        "retrievability": one.retrievability,
        "due": one.due.isoformat() if one.due else None,
    }


def _title(concept: str, graph: Graph, language: Language) -> str:
    note = graph.notes.get(concept)
    return note.title_in(language) if note else concept


def _stage(concept: str, graph: Graph) -> str:
    note = graph.notes.get(concept)
    return note.stage if note else ""


def _stage_title(stage: str, language: Language) -> str:
    return STAGE_TITLES.get(stage, {}).get(language, stage)
