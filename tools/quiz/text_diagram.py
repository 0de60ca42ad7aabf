"""What the diagrams of a note say happens one after the other."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from knowledge import mermaid
from knowledge.language import CJK
from knowledge.lines import fenced
from knowledge.vocabulary import Language
from tools.quiz.material import Material

SHORTEST: Final = 4  # fewer are guessed too easily
LONGEST: Final = 6
_OPENING: Final = re.compile(r"(?:`{3,}|~{3,})\s*mermaid[^\n]*\n", re.IGNORECASE)
_NUMBERED: Final = re.compile(
    r"^(?:\d+[.)、]|(?:step|stage|phase|part)\s*\d|第[一二三四五六七八九]|阶段)", re.IGNORECASE
)
_CLOSING: Final = re.compile(r"^\s*(?:`{3,}|~{3,})\s*\Z", re.MULTILINE)
_COUNTED: Final = re.compile(r"\b(?:[A-Za-z]|\d+)\b")  # Model A and Model B, GPU 0 and GPU 1
_WORD: Final = re.compile(rf"[A-Za-z]{{2}}|[{CJK}]{{2}}")
_LABEL_LENGTH: Final = 60
_FAN: Final = 3  # an arrow to each of so many leads to kinds or parts, not to a next step


@dataclass(frozen=True, slots=True)
class Diagram:
    """A flowchart in the file at `path`: `text` stands at `start`; `edges` are its arrows between labels.

    `plain` are those that say nothing but that one comes after the other.
    """

    path: str
    start: int
    end: int
    text: str
    edges: tuple[tuple[str, str], ...]
    plain: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """Labels that can stand in one order only: an arrow leads from each to the next, and no way leads back."""

    diagram: Diagram
    labels: tuple[str, ...]


def chains(material: Material, note: str, language: Language) -> Iterator[Chain]:
    """Yield the chains in the diagrams that a note shows a reader of this language."""
    for document in material.graph.notes[note].documents:
        if document.language == language and document.links:
            for diagram in diagrams(document.path):
                yield from (Chain(diagram, path) for path in paths(diagram) if _is_readable(path, diagram))


@lru_cache(maxsize=512)
def diagrams(path: str) -> tuple[Diagram, ...]:
    """Return the flowcharts in a file; none where it is gone since it was read, and its note will be too."""
    try:
        text = Path(path).read_bytes().decode("utf-8", "replace")
    except OSError:
        return ()
    found: list[Diagram] = []
    for start, end in fenced(text):
        opening = _OPENING.match(text, start, end)
        chart = _chart(text[opening.end() : end]) if opening else None
        if chart is not None:
            found.append(Diagram(path, start, end, text[start:end], *_edges(chart)))
    return tuple(found)


def _chart(source: str) -> mermaid.Flowchart | None:
    try:
        return mermaid.parse(_CLOSING.sub("", source))
    except mermaid.MermaidError:
        return None  # the reader of notes has reported it


def _edges(chart: mermaid.Flowchart) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    label = {node: mermaid.plain(text) for node, text in chart.nodes.items()}
    drawn = [edge for edge in chart.edges if edge.source in label and edge.target in label]
    arrows = [(label[e.source], label[e.target]) for e in drawn if e.arrow != "none"]
    back = [(label[e.target], label[e.source]) for e in drawn if e.arrow == "both"]
    plain = [
        (label[e.source], label[e.target])
        for e in drawn
        if e.arrow == "forward" and not e.label and e.style in ("normal", "thick")
    ]
    fans = {one for one, count in Counter(one for one, _ in arrows).items() if count >= _FAN}
    return (*arrows, *back), tuple(edge for edge in plain if edge[0] not in fans)


def paths(diagram: Diagram) -> Iterator[tuple[str, ...]]:
    """Yield the paths of 4 to 6 steps that can be put in one order only, none of them part of another."""
    following, simple = _following(diagram.edges), _following(diagram.plain)
    reach = {node: _reached(node, following) for node in following}
    straight = [node for node in simple if node not in reach[node]]  # not on a circle
    found = [path for node in straight for path in _from(node, simple, reach) if len(path) >= SHORTEST]
    for path in found:
        if not any(path != other and _is_part(path, other) for other in found):
            yield path


def _following(edges: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    following: dict[str, list[str]] = {}
    for one, other in edges:
        following.setdefault(one, []).append(other)
    return following


def _is_readable(path: tuple[str, ...], diagram: Diagram) -> bool:
    """Tell whether each label is short, no question, no number of a step, no formula, and not one of several alike."""
    labels = {label for edge in diagram.edges for label in edge}
    alike = Counter(_COUNTED.sub("#", label) for label in labels)
    return not any(
        _NUMBERED.match(label) or len(label) > _LABEL_LENGTH or "?" in label or "？" in label
        or not _WORD.search(label)
        or alike[_COUNTED.sub("#", label)] > 1
        for label in path
    )  # fmt: skip


def _reached(node: str, following: Mapping[str, list[str]]) -> frozenset[str]:
    reached: set[str] = set()
    waiting = list(following.get(node, ()))
    while waiting:
        current = waiting.pop()
        if current not in reached:
            reached.add(current)
            waiting.extend(following.get(current, ()))
    return frozenset(reached)


def _from(
    node: str, following: Mapping[str, list[str]], reach: Mapping[str, frozenset[str]]
) -> Iterator[tuple[str, ...]]:
    waiting: list[tuple[str, ...]] = [(node,)]
    while waiting:
        path = waiting.pop()
        nexts = [n for n in following.get(path[-1], ()) if n not in path and n not in reach.get(n, ())]
        if len(path) == LONGEST or not nexts:
            yield path
        else:
            waiting.extend((*path, n) for n in nexts)


def _is_part(path: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return any(other[i : i + len(path)] == path for i in range(len(other) - len(path) + 1))
