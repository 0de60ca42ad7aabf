"""The chart of the notes: each at a place of its own, stages side by side, what comes first above what needs it.

Places are counted in cells, from the top left corner. The same notes always give the same chart.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from knowledge.graph import Graph
from knowledge.note import Note
from knowledge.vocabulary import STAGES

CELL_WIDTH: Final = 172.0
CELL_HEIGHT: Final = 66.0  # of a drawing, in its own units: a node with a label of two lines
GAP: Final = 0.7  # cells between two stages
_ASPECT: Final = 1.55  # width by height of a window beside a rail
_SWEEPS: Final = 6
_WEIGHTS: Final[Mapping[str, float]] = {"prerequisite": 2.0, "drawn": 0.5}
_SHIFT: Final = 0.25  # of a cell: rows stand in gaps of their neighbours, so that lines pass between

Ties = Mapping[str, Sequence[tuple[str, float]]]  # note -> (another note, how strongly they are tied)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the middle of a note stands."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Region:
    """The part of the chart that belongs to a stage; `stage` is empty for notes that are of none."""

    stage: str
    left: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Chart:
    """Where every note and every stage stands."""

    places: Mapping[str, Place]
    regions: Sequence[Region]


@dataclass(frozen=True, slots=True)
class _Block:
    """A stage while it is laid out; all but the members' order is settled."""

    stage: str
    members: Sequence[str]
    columns: int
    left: float
    needs: Mapping[str, Sequence[str]]  # within the stage
    height: Mapping[str, int]  # how long the longest chain is that builds on a member


def chart(graph: Graph) -> Chart:
    """Return where each note stands: below all of its stage that it builds on, and near what it is tied to."""
    blocks = _blocks(graph.notes)
    ties = _ties(graph)
    # The first order is that of the chains alone; the next ones pull each note towards what it is tied to.
    rows = {block.stage: _rows(block, dict.fromkeys(block.members, 0.0)) for block in blocks}
    best = _places(blocks, rows, ties)
    best_length = _length(best, ties)
    places = best
    for _ in range(_SWEEPS):
        pull = {note: _middle([(places[other].y, weight) for other, weight in tied]) for note, tied in ties.items()}
        rows = {block.stage: _rows(block, {m: pull.get(m, places[m].y) for m in block.members}) for block in blocks}
        places = _places(blocks, rows, ties)
        length = _length(places, ties)
        if length < best_length:
            best, best_length = places, length
    regions = [
        Region(b.stage, b.left, float(b.columns), 1 + max((best[m].y for m in b.members), default=0.0)) for b in blocks
    ]
    return Chart(best, regions)


def _blocks(notes: Mapping[str, Note]) -> list[_Block]:
    members: dict[str, list[str]] = {stage: [] for stage in STAGES}
    for note in notes.values():
        members.setdefault(note.stage, []).append(note.id)
    filled = {stage: held for stage, held in members.items() if held}
    most = _most_rows([len(held) for held in filled.values()])
    blocks: list[_Block] = []
    left = 0.0
    for stage, held in filled.items():
        inside = set(held)
        needs = {note: [one for one in notes[note].prerequisites if one in inside] for note in held}
        columns = math.ceil(len(held) / most)
        blocks.append(_Block(stage, held, columns, left, needs, _heights(held, needs)))
        left += columns + GAP
    return blocks


def _most_rows(counts: Sequence[int]) -> int:
    """Return how many rows give the chart the shape of a window, with little room left empty."""

    def misfit(rows: int) -> float:
        columns = sum(math.ceil(count / rows) for count in counts)
        shape = (columns + GAP * (len(counts) - 1)) * CELL_WIDTH / (rows * CELL_HEIGHT)
        return abs(math.log(shape / _ASPECT)) + 1 - sum(counts) / (columns * rows)

    return min(range(1, max(counts, default=0) + 1), key=misfit, default=1)


def _heights(members: Sequence[str], needs: Mapping[str, Sequence[str]]) -> dict[str, int]:
    waiting = Counter(needed for note in members for needed in needs[note])  # how many that build on it are left
    # Prerequisites have no cycles, so that from the ends of all chains every member is reached.
    height = dict.fromkeys(members, 0)
    ready = [note for note in members if not waiting[note]]
    while ready:
        note = ready.pop()
        for needed in needs[note]:
            height[needed] = max(height[needed], height[note] + 1)
            waiting[needed] -= 1
            if waiting[needed] == 0:
                ready.append(needed)
    return height


def _ties(graph: Graph) -> dict[str, list[tuple[str, float]]]:
    ties: dict[str, list[tuple[str, float]]] = {note: [] for note in graph.notes}
    for note in graph.notes:
        for edge in graph.edges_from(note):
            weight = _WEIGHTS.get(edge.type, 1.0)
            ties[note].append((edge.target, weight))
            ties[edge.target].append((note, weight))
    return ties


def _rows(block: _Block, pull: Mapping[str, float]) -> list[list[str]]:
    """Return the members row by row; what is pulled up most, or has the longest chain below, goes first."""
    last = math.ceil(len(block.members) / block.columns) - 1
    urgency = {note: (min(pull[note], last - block.height[note]), note) for note in block.members}
    left = sorted(block.members, key=lambda note: urgency[note])
    rows: list[list[str]] = []
    placed: set[str] = set()
    while left:
        row = [note for note in left if placed.issuperset(block.needs[note])][: block.columns]
        rows.append(row)
        placed.update(row)
        chosen = set(row)
        left = [note for note in left if note not in chosen]
    return rows


def _places(blocks: Sequence[_Block], rows: Mapping[str, Sequence[Sequence[str]]], ties: Ties) -> dict[str, Place]:
    stage_at = {note: block.left + block.columns / 2 for block in blocks for note in block.members}
    places: dict[str, Place] = {}
    for block in blocks:
        for y, row in enumerate(rows[block.stage]):
            aim = {
                note: _middle([(places[o].x if o in places else stage_at[o], weight) for o, weight in ties[note]])
                for note in row
            }
            across = sorted(row, key=lambda note: (aim[note], note))
            first = block.left + 0.5 + (block.columns - len(row)) / 2 + (_SHIFT if y % 2 else -_SHIFT)
            places |= {note: Place(first + x, float(y)) for x, note in enumerate(across)}
    return places


def _middle(pulls: Sequence[tuple[float, float]]) -> float:
    total = sum(weight for _, weight in pulls)
    return sum(at * weight for at, weight in pulls) / total if total else 0.0


def _length(places: Mapping[str, Place], ties: Ties) -> float:
    """Return how long all lines are together, in cells' heights."""
    wide = CELL_WIDTH / CELL_HEIGHT
    return sum(
        weight * math.hypot((places[note].x - places[other].x) * wide, places[note].y - places[other].y)
        for note, tied in ties.items()
        for other, weight in tied
    )
