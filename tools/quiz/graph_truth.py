"""What provably does not hold between two notes, in a world where the notes don't say everything.

That no edge joins two notes proves nothing by itself: SGLang stores its cache in pages too, whether or not its note
says so. A relation is excluded only between notes that are `apart`: more than two edges of any kind from each other,
neither on the other's learning path, and neither naming the other in any language; and only where neither end is kin to
an end for which it holds (what builds on quantization saves memory as quantization does). Besides:

- what many notes build on (attention, the GPU) is never a wrong answer to what something uses, has as a part or cures;
- no software is asked for what it uses, has as a part or produces: frameworks integrate almost anything;
- software provably does not implement a technique only where it serves other tasks than all that does, and the
  technique is of a stage that its own stage has no hand in (`_NOT_IMPLEMENTED`);
- two tools are no alternatives only where both state their tasks and share none; models can always take each other's
  place, so for them it cannot be proven;
- only software that runs on the CPU alone is free of the failures of other software, and only of those that name that
  software or a GPU;
- of measuring, only metrics and benchmarks can be told apart: people and judges assess whatever they are given;
- a technique of the stage from which the remedies of a problem come could be one more of them.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Final
from weakref import WeakKeyDictionary

from knowledge.graph import Edge
from knowledge.language import mentions
from knowledge.vocabulary import LANGUAGES
from tools.quiz.material import Material

GROUPS: Final[dict[str, str]] = {
    "tool": "software", "platform": "software", "project": "software", "technique": "idea", "concept": "idea",
    "dataset": "idea", "metric": "measure", "benchmark": "measure", "model": "model", "pitfall": "pitfall",
}  # fmt: skip
# Relations that hold of a whole class hold of its members, so a class and its members share descriptions and parts.
HIERARCHY: Final = ("is_a", "part_of", "extends", "implements", "occurs_in", "uses", "measures")
# Neither can hold in both directions, so turning one round gives a falsehood.
ONE_WAY: Final = frozenset({"is_a", "part_of", "extends", "prerequisite"})
# Relations for which nothing can be excluded: too loosely meant, or wider than any note can tell.
UNPROVABLE: Final = frozenset({"limits", "reads", "produces", "serves", "trains", "contrasts_with"})
_COMMON: Final = 34  # notes; what as many build on is part of everything
_WIDELY_TRUE: Final = frozenset({"implements", "uses", "part_of", "mitigated_by", "mitigates", "causes", "measures"})
# For ideas of a stage: the stages that nothing of it makes use of. What is built late builds on everything.
_NOT_USED: Final[dict[str, frozenset[str]]] = {
    "foundations": frozenset({"application", "evaluation", "observation"}),
    "pretraining": frozenset({"application"}),
    "fine-tuning": frozenset({"application"}),
    "inference": frozenset({"application", "evaluation"}),
}
# For software of a stage: the stages whose techniques none of it implements. What runs models does all that running one
# takes (rerankers too), all software logs, and most that trains evaluates.
_NOT_IMPLEMENTED: Final[dict[str, frozenset[str]]] = {
    "pretraining": frozenset({"application"}),
    "fine-tuning": frozenset({"application"}),
    "inference": frozenset({"evaluation"}),
    "application": frozenset({"foundations"}),
    "evaluation": frozenset({"foundations"}),
    "observation": frozenset({"foundations", "fine-tuning"}),
}
_OF_A_GPU: Final = ("cuda", "gpu", "gpus", "nccl")
_LATE: Final = frozenset({"application", "evaluation", "observation"})


class Truth:
    """The graph and the texts as far as proofs need them; what was looked up once is remembered."""

    def __init__(self, material: Material) -> None:
        self._graph = material.graph
        self._sentences = material.sentences
        self._near: dict[str, frozenset[str]] = {}
        self._path: dict[str, frozenset[str]] = {}
        self._text: dict[str, str] = {}
        self._named: dict[tuple[str, str], bool] = {}
        self._edges: dict[str, tuple[Edge, ...]] = {}
        self._rivals: dict[str, frozenset[str]] = {}

    @cached_property
    def common(self) -> frozenset[str]:
        """The notes that many others build on."""
        builders = dict.fromkeys(self._graph.notes, 0)
        for note in self._graph.notes:
            for step in self.path(note):
                builders[step] += 1
        return frozenset(note for note, number in builders.items() if number >= _COMMON)

    def path(self, note: str) -> frozenset[str]:
        """Return all that is learned before a note."""
        if note not in self._path:
            self._path[note] = frozenset(self._graph.path_to(note)) - {note}
        return self._path[note]

    def near(self, note: str) -> frozenset[str]:
        """Return the notes at most two edges away, itself included."""
        if note not in self._near:
            next_to = self._graph.neighbours(note)
            beyond = (other for between in next_to for other in self._graph.neighbours(between))
            self._near[note] = frozenset([note, *next_to, *beyond])
        return self._near[note]

    def names(self, text_of: str, note: str) -> bool:
        """Tell whether the text of one note, in any language, has any name of another, inside longer names too."""
        known = self._named.get((text_of, note))
        if known is None:
            text = self._whole_text(text_of)
            lower = [name.lower() for name in self._graph.notes[note].names]
            known = any(name in text and mentions(name, text) for name in lower)
            self._named[text_of, note] = known
        return known

    def has(self, relation: str, source: str, target: str) -> bool:
        """Tell whether the graph has this edge."""
        return any(edge.target == target for edge in self._graph.edges_from(source, relation))

    def edges(self, relation: str) -> tuple[Edge, ...]:
        """Return all edges of a type."""
        if relation not in self._edges:
            notes = self._graph.notes
            self._edges[relation] = tuple(
                edge for note in sorted(notes) for edge in self._graph.edges_from(note, relation)
            )
        return self._edges[relation]

    def apart(self, one: str, other: str) -> bool:
        """Tell whether nothing at all ties two notes together."""
        return (
            other not in self.near(one)
            and other not in self.path(one)
            and one not in self.path(other)
            and not self.names(one, other)
            and not self.names(other, one)
        )

    def excluded(self, relation: str, source: str, target: str) -> bool:
        """Tell whether a relation provably does not hold from one note to another."""
        if relation in UNPROVABLE:
            return False
        if relation == "prerequisite" and (target in self.path(source) or source in self.path(target)):
            return target not in self.path(source)
        if relation in ONE_WAY and self.has(relation, target, source):
            return True
        if relation in _WIDELY_TRUE and (source in self.common or target in self.common):
            return False
        return (
            self._ruled_out(relation, source, target)
            and self.apart(source, target)
            and (relation == "prerequisite" or not self._is_kin(relation, source, target))
        )

    def tasks(self, *notes: str) -> frozenset[str]:
        """Return the tasks that any of these notes is software for."""
        tools = [self._graph.notes[note].tool for note in notes]
        return frozenset(task for tool in tools if tool is not None for task in tool.tasks)

    def rivals(self, task: str) -> frozenset[str]:
        """Return the tasks of all software that is made for a task, that task included."""
        if task not in self._rivals:
            made_for_it = [note for note in self._graph.notes if task in self.tasks(note)]
            self._rivals[task] = self.tasks(*made_for_it)
        return self._rivals[task]

    def _ruled_out(self, relation: str, source: str, target: str) -> bool:
        """Tell whether what a relation asks of its ends is not met."""
        rules: dict[str, Callable[[str, str], bool]] = {
            "implements": self._is_not_implemented,
            "uses": self._is_not_used,
            "part_of": self._is_no_part,
            "is_a": self._is_no_part,
            "alternative_to": self._is_no_alternative,
            "measures": lambda source, _: self._groups(source) == ["measure"],
            "causes": lambda source, _: self._groups(source) == ["pitfall"],
            "occurs_in": lambda source, target: self._is_safe(target, source),
            "mitigated_by": self._is_no_remedy,
            "mitigates": lambda source, target: self._is_no_remedy(target, source),
        }
        return relation not in rules or rules[relation](source, target)

    def _groups(self, *notes: str) -> list[str]:
        return [GROUPS[self._graph.notes[note].kind] for note in notes]

    def _is_no_part(self, source: str, target: str) -> bool:
        tasks = self.tasks(*self._holders("part_of", target), *self._holders("is_a", target))
        return "software" not in self._groups(target) and not self.tasks(source) & tasks

    def _is_not_used(self, user: str, used: str) -> bool:
        notes = self._graph.notes
        if "software" in self._groups(user, used):
            return False
        return notes[used].stage in _NOT_USED.get(notes[user].stage, frozenset())

    def _is_not_implemented(self, source: str, target: str) -> bool:
        notes = self._graph.notes
        holders = self._holders("implements", target)
        if not holders and (notes[target].kind != "technique" or notes[target].stage == "application"):
            return False  # what is no way of doing something, or what any framework may come with
        far = notes[target].stage in _NOT_IMPLEMENTED.get(notes[source].stage, frozenset())
        return far and not self.tasks(source) & self.tasks(*holders)

    def _holders(self, relation: str, target: str) -> list[str]:
        return [edge.source for edge in self._graph.edges_to(target, relation)]

    def _is_no_remedy(self, problem: str, remedy: str) -> bool:
        known = [edge.target for edge in self._graph.edges_from(problem, "mitigated_by")]
        known += self._holders("mitigates", problem)
        stage = self._graph.notes[remedy].stage
        if "software" in self._groups(remedy):
            return not self.tasks(remedy) & self.tasks(*known)
        return stage in _LATE and all(self._graph.notes[note].stage != stage for note in known)

    def _is_no_alternative(self, one: str, other: str) -> bool:
        mine, others = self.tasks(one), self.tasks(other)
        if "model" in self._groups(one, other):
            return False
        if "software" in self._groups(one, other):
            return bool(mine) and bool(others) and not mine & others
        return True

    def _is_safe(self, software: str, pitfall: str) -> bool:
        """Tell whether software cannot meet a failure: it runs on the CPU alone, far from what it occurs in."""
        tool = self._graph.notes[software].tool
        homes = [edge.target for edge in self._graph.edges_from(pitfall, "occurs_in")]
        if tool is None or set(tool.runs_on) != {"cpu"} or not self._is_specific(pitfall, homes):
            return False
        return not any(home in self.path(software) or software in self.near(home) for home in homes)

    def _is_specific(self, pitfall: str, homes: list[str]) -> bool:
        """Tell whether the title or the summary of a failure names software that it occurs in, or a GPU."""
        note = self._graph.notes[pitfall]
        said = " ".join([*note.title.values(), *note.summary.values()]).lower()
        named = [*_OF_A_GPU, *(name.lower() for home in homes for name in self._graph.notes[home].names)]
        return any(mentions(name, said) for name in named)

    def _is_kin(self, relation: str, source: str, target: str) -> bool:
        """Tell whether an end has to do with an end for which the relation holds: one builds on it, or on the same."""
        holders = self._holders(relation, target)
        known = [edge.target for edge in self._graph.edges_from(source, relation)]
        return any(self._related(source, h) for h in holders) or any(self._related(target, k) for k in known)

    def _related(self, one: str, other: str) -> bool:
        if other in self.path(one) or one in self.path(other):
            return True
        return bool(self.path(one) & self.path(other) - self.common)

    def _whole_text(self, note: str) -> str:
        if note not in self._text:
            said = [s for language in LANGUAGES for s in self._sentences(note, language)]
            drawn = [link for document in self._graph.notes[note].documents for link in document.links]
            texts = [text for s in said for text in (s.heading, s.text)]
            texts += [text for link in drawn for text in (link.source, link.target, link.label)]
            self._text[note] = "\n".join(dict.fromkeys(texts)).lower()
        return self._text[note]


_known: Final[WeakKeyDictionary[Material, Truth]] = WeakKeyDictionary()


def truth(material: Material) -> Truth:
    """Return the proofs over a material, the same ones at every call."""
    found = _known.get(material)
    if found is None:
        found = _known[material] = Truth(material)
    return found
