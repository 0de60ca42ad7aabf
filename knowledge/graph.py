"""The typed graph over the notes: relations, prerequisites, and what diagrams draw."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from knowledge.library import Library
from knowledge.note import Note


@dataclass(frozen=True, slots=True)
class Edge:
    """A typed edge.

    `type` is a relation, "prerequisite" (the target comes first), or "drawn" (an arrow of a diagram).
    """

    source: str
    target: str
    type: str
    note: str = ""


class Graph:
    """The notes as nodes, with the edges that leave and reach each of them."""

    def __init__(self, library: Library) -> None:
        self._notes = library.notes
        self._from: dict[str, list[Edge]] = {}
        self._to: dict[str, list[Edge]] = {}
        for note in library.notes.values():
            for edge in dict.fromkeys(_edges(note, library)):
                self._from.setdefault(edge.source, []).append(edge)
                self._to.setdefault(edge.target, []).append(edge)

    @property
    def notes(self) -> Mapping[str, Note]:
        """All notes by id."""
        return self._notes

    def edges_from(self, note: str, *types: str) -> list[Edge]:
        """Return the edges that leave a note, of the given types or of all."""
        return [edge for edge in self._from.get(note, ()) if not types or edge.type in types]

    def edges_to(self, note: str, *types: str) -> list[Edge]:
        """Return the edges that reach a note, of the given types or of all."""
        return [edge for edge in self._to.get(note, ()) if not types or edge.type in types]

    def neighbours(self, note: str) -> list[str]:
        """Return the notes one edge away, relations before prerequisites before arrows, without repeats."""
        edges = [(e.type, e.target) for e in self.edges_from(note)] + [(e.type, e.source) for e in self.edges_to(note)]
        rank = {"prerequisite": 1, "drawn": 2}
        edges.sort(key=lambda edge: rank.get(edge[0], 0))
        return list(dict.fromkeys(other for _, other in edges if other != note))

    def path_to(self, goal: str, known: Iterable[str] = ()) -> list[str]:
        """Return the notes to learn for a goal, prerequisites first, the goal last, without what is known.

        Raises KeyError for an unknown goal.
        """
        order: list[str] = []
        done = set(known)

        def visit(note: str) -> None:
            stack = [(note, iter(self._notes[note].prerequisites))]
            while stack:
                current, remaining = stack[-1]
                following = next((p for p in remaining if p not in done), None)
                if following is not None:
                    done.add(following)
                    stack.append((following, iter(self._notes[following].prerequisites)))
                else:
                    order.append(current)
                    stack.pop()

        if goal not in done:
            done.add(goal)
            visit(goal)
        elif goal not in self._notes:
            raise KeyError(goal)
        return order


def _edges(note: Note, library: Library) -> Iterable[Edge]:
    for relation in note.relations:
        yield Edge(note.id, relation.target, relation.type, relation.note)
    for target in note.prerequisites:
        yield Edge(note.id, target, "prerequisite")
    for document in note.documents:
        for link in document.links:
            source, target = library.named(link.source) if link.source else None, library.named(link.target)
            if source and target and source.id != target.id:
                yield Edge(source.id, target.id, "drawn", link.label)
