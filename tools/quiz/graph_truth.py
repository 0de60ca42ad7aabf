"""What provably does not hold between two notes, in a world where the notes don't say everything.

That no edge joins two notes proves nothing by itself: SGLang stores its cache in pages too, whether or not its note
says so. A relation counts as excluded only where the two notes are `apart`: more than two edges of any kind from each
other, neither on the other's learning path, and neither naming the other in any language. On top of that, what many
notes build on (attention, the GPU) is never a wrong answer to "what does it use", and software is never a wrong answer
where it shares a task with software for which the relation holds.
"""

from functools import cached_property
from typing import Final
from weakref import WeakKeyDictionary

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
_COMMON: Final = 30  # notes; what as many build on is part of everything
_WIDELY_TRUE: Final = frozenset({"uses", "part_of", "limits", "mitigated_by", "mitigates", "causes", "measures"})
_OF_SOFTWARE: Final = frozenset({"implements", "alternative_to", "serves", "trains", "reads", "produces", "uses"})
# What belongs to these stages is not made use of by what belongs to the first: all build on the foundations, and much
# that serves a model is used in building on it, but no tokenizer uses a way of telling its users' complaints.
_NOT_USED: Final[dict[str, frozenset[str]]] = {
    "foundations": frozenset({"application", "evaluation", "observation"}),
    "pretraining": frozenset({"application", "observation"}),
    "fine-tuning": frozenset({"application", "observation"}),
    "inference": frozenset({"application", "evaluation", "pretraining"}),
    "application": frozenset({"evaluation", "pretraining"}),
    "evaluation": frozenset({"pretraining", "fine-tuning"}),
    "observation": frozenset({"pretraining", "fine-tuning", "evaluation"}),
}


class Truth:
    """The graph and the texts as far as proofs need them; what was looked up once is remembered."""

    def __init__(self, material: Material) -> None:
        self._graph = material.graph
        self._sentences = material.sentences
        self._near: dict[str, frozenset[str]] = {}
        self._path: dict[str, frozenset[str]] = {}
        self._text: dict[str, str] = {}
        self._rivals: dict[str, frozenset[str]] = {}
        self._named: dict[tuple[str, str], bool] = {}

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

    def touch(self, one: str, other: str) -> bool:
        """Tell whether an edge of any kind joins two notes."""
        return any(e.target == other for e in self._graph.edges_from(one)) or any(
            e.source == other for e in self._graph.edges_to(one)
        )

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
        if relation == "prerequisite" and (target in self.path(source) or source in self.path(target)):
            return target not in self.path(source)
        if relation in ONE_WAY and self.has(relation, target, source):
            return True
        if relation in _WIDELY_TRUE and (source in self.common or target in self.common):
            return False
        if relation in _OF_SOFTWARE and not self._no_rival(relation, source, target):
            return False
        if relation == "uses" and not self._is_out_of_use(source, target):
            return False
        if relation == "occurs_in" and not self._is_safe(target, source):
            return False
        return self.apart(source, target)

    def _is_out_of_use(self, user: str, used: str) -> bool:
        notes = self._graph.notes
        return notes[used].stage in _NOT_USED.get(notes[user].stage, frozenset())

    def _is_safe(self, software: str, pitfall: str) -> bool:
        """Tell whether software cannot meet a failure: it has nothing to do with any software that the failure names."""
        homes = [edge.target for edge in self._graph.edges_from(pitfall, "occurs_in")]
        if not self._is_specific(pitfall) or self.tasks(software) & self.tasks(*homes):
            return False
        return not any(home in self.path(software) or software in self.near(home) for home in homes)

    def _is_specific(self, pitfall: str) -> bool:
        """Tell whether a failure belongs to certain software: its title or summary names what it occurs in."""
        note = self._graph.notes[pitfall]
        said = " ".join([*note.title.values(), *note.summary.values()]).lower()
        homes = [self._graph.notes[edge.target] for edge in self._graph.edges_from(pitfall, "occurs_in")]
        return any(mentions(name.lower(), said) for home in homes for name in home.names)

    def holders(self, relation: str, target: str) -> list[str]:
        """Return the notes from which a relation leads to a note."""
        return [edge.source for edge in self._graph.edges_to(target, relation)]

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

    def _no_rival(self, relation: str, source: str, target: str) -> bool:
        """Tell whether software could not have what is asked for: it does nothing that those which have it do."""
        mine = self.tasks(source)
        if relation == "alternative_to":
            return not mine & self.tasks(target)
        holders = self.holders(relation, target)
        if relation == "implements" and not any(self.tasks(holder) for holder in holders):
            return self._graph.notes[source].stage != self._graph.notes[target].stage
        return not mine & self.tasks(*holders)

    def has(self, relation: str, source: str, target: str) -> bool:
        """Tell whether the graph has this edge."""
        return any(edge.target == target for edge in self._graph.edges_from(source, relation))

    def _whole_text(self, note: str) -> str:
        if note not in self._text:
            texts = [s.text for language in LANGUAGES for s in self._sentences(note, language)]
            self._text[note] = "\n".join(texts).lower()
        return self._text[note]


_known: Final[WeakKeyDictionary[Material, Truth]] = WeakKeyDictionary()


def truth(material: Material) -> Truth:
    """Return the proofs over a material, the same ones at every call."""
    found = _known.get(material)
    if found is None:
        found = _known[material] = Truth(material)
    return found
