"""How the tools picked for several goals work together, by the edges between their notes."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from knowledge.graph import Graph
from knowledge.vocabulary import Language
from tools.recommend.wording import say


@dataclass(frozen=True, slots=True)
class Joint:
    """A connection between two picks; `shared` is what one produces and the other reads."""

    source: str
    target: str
    kind: str  # works_with, uses, reads
    note: str = ""
    shared: str = ""

    def said_in(self, language: Language, graph: Graph) -> str:
        """Say it for a reader of `language`."""
        source, target = (graph.notes[one].title_in(language) for one in (self.source, self.target))
        if self.kind == "reads":
            return say("together_reads", language, source=source, target=target, shared=self.shared)
        remark = f" ({self.note})" if self.note and language == "en" else f"（{self.note}）" if self.note else ""
        return say(f"together_{self.kind}", language, source=source, target=target, note=remark)


def joints(picks: Sequence[tuple[str, str]], graph: Graph) -> tuple[Joint, ...]:
    """Return the connections between tools (id, goal) that were picked for different goals, in their order."""
    if len({goal for _, goal in picks}) < 2:
        return ()
    tools = [tool for tool, _ in picks]
    pairs = [*pairwise(tools), *((a, b) for at, a in enumerate(tools) for b in tools[at + 2 :])]
    return tuple(joint for first, second in pairs if (joint := _joint(first, second, graph)))


def _joint(first: str, second: str, graph: Graph) -> Joint | None:
    made = {edge.target for edge in graph.edges_from(first, "produces")}
    for edge in graph.edges_from(second, "reads"):
        if edge.target in made:
            return Joint(second, first, "reads", edge.note, graph.notes[edge.target].title_in("en"))
    for source, target in ((first, second), (second, first)):
        for edge in graph.edges_from(source, "works_with", "uses"):
            if edge.target == target:
                return Joint(source, target, edge.type, edge.note)
    return None
