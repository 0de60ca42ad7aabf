"""What the Map page's script draws, as plain values: the chart of the notes, and where a learner stands on it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from knowledge.chart import CELL_HEIGHT, CELL_WIDTH, Chart
from knowledge.graph import Graph
from knowledge.note import Note
from knowledge.vocabulary import SYMMETRIC, Language
from learner.mastery import Mastery
from learner.progress import KNOWN, WEAK
from ui.map_messages import kinds, line_of, lines, relations, words
from ui.quiz_messages import stage_name

if TYPE_CHECKING:
    from agents.standing import PathStep

Plain = dict[str, Any]

_DAY: Final = timedelta(days=1)


def chart_data(graph: Graph, chart: Chart, language: Language) -> Plain:
    """Return the notes, their places and their edges; `id` tells one such answer from another."""
    notes = list(graph.notes.values())
    number = {note.id: n for n, note in enumerate(notes)}
    data: Plain = {
        "language": language,
        "words": words(language),
        "kinds": kinds(language),
        "relations": relations(language),
        "lines": lines(language),
        "stages": [
            {
                "id": region.stage, "title": stage_name(region.stage, language), "x": round(region.left * CELL_WIDTH),
                "width": round(region.width * CELL_WIDTH), "height": round(region.height * CELL_HEIGHT),
            }
            for region in chart.regions
        ],
        "notes": [_note(note, chart, language) for note in notes],
        "edges": _edges(graph, number),
    }  # fmt: skip
    return {"id": _digest(data), **data}


def standing_data(mastery: Mapping[str, Mastery], now: datetime) -> Plain:
    """Return a learner's standing on each concept tried: mastery, state, days until the review, answers."""
    return {
        concept: [round(one.value, 3), _state(one), _days(one, now), one.attempts] for concept, one in mastery.items()
    }


def path_data(graph: Graph, goal: str, missing: "Sequence[PathStep]") -> Plain:
    """Return the whole way to a goal in its order; what is known of it is there too."""
    states = {step.concept: step.state for step in missing}
    return {"goal": goal, "steps": [[concept, states.get(concept, "known")] for concept in graph.path_to(goal)]}


def _note(note: Note, chart: Chart, language: Language) -> Plain:
    place = chart.places[note.id]
    return {
        "id": note.id, "title": note.title_in(language), "summary": note.summary_in(language), "kind": note.kind,
        "stage": note.stage, "own": note.own, "names": list(note.names),
        "x": round(place.x * CELL_WIDTH), "y": round((place.y + 0.5) * CELL_HEIGHT),
    }  # fmt: skip


def _edges(graph: Graph, number: Mapping[str, int]) -> list[list[Any]]:
    """Return each edge as [from, to, type, kind of line, note]; a prerequisite leads to what needs it."""
    found: list[list[Any]] = []
    for source in graph.notes:
        for edge in graph.edges_from(source):
            # A relation that reads the same from both ends stands in both notes, and is drawn once.
            if edge.type in SYMMETRIC and number[edge.source] > number[edge.target]:
                continue
            ends = [number[edge.source], number[edge.target]]
            if edge.type == "prerequisite":
                ends.reverse()
            found.append([*ends, edge.type, line_of(edge.type), edge.note])
    return found


def _state(mastery: Mastery) -> str:
    if mastery.settled >= KNOWN:
        return "known"
    return "half" if mastery.value >= WEAK else "begun"


def _days(mastery: Mastery, now: datetime) -> float | None:
    return None if mastery.due is None else round((mastery.due - now) / _DAY, 2)


def _digest(data: Plain) -> str:
    text = json.dumps(data, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
