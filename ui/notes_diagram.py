"""A diagram of a note: drawn by the page from what was read of it, never from its own text, and told as a list.

The text of a diagram can hold links, styles, scripts and pictures. What is drawn is written anew from nodes, edges and
groups alone, each label sign by sign.
"""

import re
from collections.abc import Iterator
from html import escape
from typing import Final

from knowledge import mermaid, note_file
from knowledge.mermaid import Edge, Flowchart, Style
from knowledge.vocabulary import Language
from ui.notes_messages import say

_MOST: Final = 200  # nodes, and edges: more is not legible, and takes the browser long
_DIRECTION: Final = re.compile(r"^\s*(?:graph|flowchart(?:-elk)?)[^\S\n]+(LR|RL|TB|BT|TD)\b", re.MULTILINE)
_SIGN: Final = re.compile(r"[^\w\s,()=?!/+%–—，。：；（）、]|_")
_ARROWS: Final[dict[tuple[Style, str], str]] = {
    ("normal", "forward"): "-->", ("normal", "none"): "---", ("normal", "both"): "<-->",
    ("dotted", "forward"): "-.->", ("dotted", "none"): "-.-", ("dotted", "both"): "<-.->",
    ("thick", "forward"): "==>", ("thick", "none"): "===", ("thick", "both"): "<==>",
}  # fmt: skip


def diagram(source: str, language: Language) -> str:
    """Return Markdown that draws a flowchart and tells it as a list; any other diagram is shown as its text."""
    try:
        chart = mermaid.parse(source)
    except mermaid.MermaidError:
        return note_file.fence(source.strip("\n"))
    if not chart.nodes or max(len(chart.nodes), len(chart.edges), len(chart.subgraphs)) > _MOST:
        return note_file.fence(source.strip("\n"))
    direction = _DIRECTION.search(source)
    drawn = "\n".join([f"flowchart {direction[1] if direction else 'TD'}", *_lines(chart)])
    return f"```mermaid\n{drawn}\n```\n\n{_told(chart, language)}"


def _lines(chart: Flowchart) -> Iterator[str]:
    names = {id_: f"n{at}" for at, id_ in enumerate([*chart.nodes, *chart.subgraphs])}
    inner = {member for group in chart.subgraphs.values() for member in group.members}
    for id_, label in chart.nodes.items():
        if id_ not in inner and id_ not in chart.subgraphs:
            yield f'{names[id_]}["{_label(label)}"]'
    for id_ in chart.subgraphs:
        if id_ not in inner:
            yield from _group(id_, chart, names, frozenset())
    for edge in chart.edges:
        arrow = _ARROWS.get((edge.style, edge.arrow))
        if arrow:
            label = f'|"{_label(edge.label)}"|' if edge.label.strip() else ""
            yield f"{names[edge.source]} {arrow}{label} {names[edge.target]}"


def _group(id_: str, chart: Flowchart, names: dict[str, str], around: frozenset[str]) -> Iterator[str]:
    around |= {id_}
    yield f'subgraph {names[id_]}["{_label(chart.subgraphs[id_].title)}"]'
    for member in chart.subgraphs[id_].members:
        if member in chart.subgraphs and member not in around:  # two groups of one name are one
            yield from _group(member, chart, names, around)
        elif member not in chart.subgraphs:
            yield f'{names[member]}["{_label(chart.nodes.get(member, member))}"]'
    yield "end"


def _label(text: str) -> str:
    """Return a label as mermaid writes one: what could mean something to it, or to a browser, by its number."""
    return _SIGN.sub(lambda sign: f"#{ord(sign[0])};", mermaid.plain(text)) or " "


def _told(chart: Flowchart, language: Language) -> str:
    """Return the diagram as a list, for those who do not see it."""
    label = {id_: mermaid.plain(text) for id_, text in chart.nodes.items()}
    label |= {id_: mermaid.plain(group.title) for id_, group in chart.subgraphs.items()}
    lines = [_edge(edge, label, language) for edge in chart.edges if edge.style != "invisible"]
    for group in chart.subgraphs.values():
        members = ", ".join(label.get(member, member) for member in group.members)
        lines.append(say("diagram_group", language, group=mermaid.plain(group.title), members=members))
    items = "".join(f"<li>{escape(line)}</li>" for line in lines or label.values())
    return f'<details class="told-diagram"><summary>{say("diagram_list", language)}</summary><ul>{items}</ul></details>'


def _edge(edge: Edge, label: dict[str, str], language: Language) -> str:
    sign = {"forward": "→", "both": "↔", "none": "—"}[edge.arrow]
    text = f"{label.get(edge.source, edge.source)} {sign} {label.get(edge.target, edge.target)}"
    return say("diagram_edge", language, edge=text, label=mermaid.plain(edge.label)) if edge.label.strip() else text
