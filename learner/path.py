"""What to learn, and in which order: the way to a goal, and the next step from here."""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, Literal

from knowledge.errors import UserMistake
from knowledge.graph import Graph
from learner.mastery import Mastery
from learner.progress import KNOWN, WEAK

_FAR: Final = 99  # steps in the graph, for what is not near at all


@dataclass(frozen=True, slots=True)
class Step:
    """One concept on the way to a goal: never tried, tried but not known, or known but due for a review.

    `needed_by` is the next concept on the way that builds on it; empty for the goal.
    """

    concept: str
    state: Literal["new", "weak", "refresh"]
    needed_by: str = ""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What to learn next, and why: "due", "weak", "prerequisite_of:<concept>" or "ready"."""

    concept: str
    reason: str


def path(graph: Graph, goal: str, mastery: Mapping[str, Mastery], due: Collection[str] = ()) -> list[Step]:
    """Return what is missing for a goal, prerequisites first and the goal last.

    What is known is left out, with all that it builds on; where it is due and stands next to something missing, it is
    there to be refreshed. Nothing is missing for a goal that is known and not due.
    Raises UserMistake for an unknown goal.
    """
    if goal not in graph.notes:
        near = get_close_matches(goal, graph.notes, n=3)
        remedy = f"Did you mean {', '.join(near)}?" if near else "Look for it with: atlas search"
        raise UserMistake(f"there is no note {goal!r}.", remedy)
    known = {concept for concept, one in mastery.items() if one.settled >= KNOWN}
    missing = set(graph.path_to(goal, known))
    beside = {needed for concept in missing for needed in graph.notes[concept].prerequisites} or {goal}
    refresh = (beside & known & set(due)) - missing
    order = [concept for concept in graph.path_to(goal) if concept in missing | refresh]
    return [Step(concept, _state(concept, refresh, mastery), _needed_by(graph, concept, order)) for concept in order]


def next_up(
    graph: Graph,
    mastery: Mapping[str, Mastery],
    due: Sequence[str] = (),
    after: Sequence[str] = (),
    limit: int = 5,
) -> list[Suggestion]:
    """Return what to learn next, the most urgent first; `due` in its own order, `after` what was just studied.

    First what is due. Then what weak concepts (answered wrong, and not mastered since) build on and is not known, and
    those concepts themselves; then what that which was just studied builds on. Then what is new and has all its
    prerequisites known, near what was just studied (or was ever) before what is far.
    """
    found: dict[str, Suggestion] = {}
    known = {concept for concept, one in mastery.items() if one.settled >= KNOWN}
    for concept, reason in _candidates(graph, mastery, due, after, known):
        if concept in graph.notes and concept not in found and (concept not in after or reason == "due"):
            found[concept] = Suggestion(concept, reason)
        if len(found) >= limit:
            break
    return list(found.values())


def _candidates(
    graph: Graph, mastery: Mapping[str, Mastery], due: Sequence[str], after: Sequence[str], known: set[str]
) -> Iterator[tuple[str, str]]:
    yield from ((concept, "due") for concept in due)
    wrong = [concept for concept, one in mastery.items() if one.correct < one.attempts and one.value < WEAK]
    weak = [concept for concept in wrong if concept in graph.notes]
    distance = _distances(graph, after or sorted(mastery))
    weak.sort(key=lambda concept: (distance.get(concept, _FAR), mastery[concept].value, concept))
    for concept in weak:
        yield from _missing(graph, concept, known)
        if concept not in known:
            yield concept, "weak"
    for concept in after:
        yield from _missing(graph, concept, known)
    places = {concept: place for place, concept in enumerate(graph.notes)}
    ready = [c for c, note in graph.notes.items() if c not in mastery and known.issuperset(note.prerequisites)]
    ready.sort(key=lambda concept: (distance.get(concept, _FAR), places[concept]))
    yield from ((concept, "ready") for concept in ready)


def _missing(graph: Graph, concept: str, known: set[str]) -> Iterator[tuple[str, str]]:
    """Yield what a concept builds on at once and is not known; the rest of the way is `path`'s."""
    needed = graph.notes[concept].prerequisites if concept in graph.notes else ()
    yield from ((one, f"prerequisite_of:{concept}") for one in needed if one not in known)


def _distances(graph: Graph, starts: Iterable[str]) -> dict[str, int]:
    distance = {start: 0 for start in starts if start in graph.notes}
    waiting = deque(distance)
    while waiting:
        concept = waiting.popleft()
        for neighbour in graph.neighbours(concept):
            if neighbour not in distance:
                distance[neighbour] = distance[concept] + 1
                waiting.append(neighbour)
    return distance


def _state(concept: str, refresh: set[str], mastery: Mapping[str, Mastery]) -> Literal["new", "weak", "refresh"]:
    if concept in refresh:
        return "refresh"
    return "weak" if concept in mastery else "new"


def _needed_by(graph: Graph, concept: str, order: Sequence[str]) -> str:
    later = order[order.index(concept) + 1 :]
    return next((other for other in later if concept in graph.notes[other].prerequisites), "")
