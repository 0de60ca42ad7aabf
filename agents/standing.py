"""Where a learner stands: what is due, how far each concept is mastered, and what to learn next."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING

from agents.phrases import say
from agents.topic import note_named
from knowledge.graph import Graph
from knowledge.index import Index
from knowledge.vocabulary import STAGES, Language
from learner import path as paths
from learner import progress as progresses
from learner.mastery import Mastery, mastery_of
from learner.progress import Due, Progress
from learner.record import Records

if TYPE_CHECKING:
    from learner.store import AttemptStore


@dataclass(frozen=True, slots=True)
class Advice:
    """A concept to learn next, with its title and the reason in the learner's words."""

    concept: str
    title: str
    why: str


@dataclass(frozen=True, slots=True)
class PathStep:
    """A concept on the way to a goal; `state` is "new", "weak" or "refresh"."""

    concept: str
    title: str
    stage: str
    state: str
    mastery: float
    needed_by: str


class Standing:
    """The records of all learners, read against the notes. Safe to use from several threads.

    Every method raises SetupMissing where the records cannot be read or written, and UserMistake for an impossible
    name of a learner.
    """

    def __init__(
        self,
        index: Index,
        graph: Callable[[], Graph],
        open_store: Callable[[], "AttemptStore"],
        clock: Callable[[], datetime],
    ) -> None:
        self._index = index
        self._graph = graph
        self._open_store = open_store
        self._opening = Lock()
        self._opened: tuple[AttemptStore, Records] | None = None
        self._clock = clock

    @property
    def store(self) -> "AttemptStore":
        """All attempts; opened when first needed, for its library takes long to load."""
        return self._open()[0]

    @property
    def _records(self) -> Records:
        return self._open()[1]

    def _open(self) -> "tuple[AttemptStore, Records]":
        with self._opening:
            if self._opened is None:
                store = self._open_store()
                self._opened = (store, Records(store))
            return self._opened

    def close(self) -> None:
        """Close the records, if they were opened."""
        with self._opening:
            if self._opened is not None:
                self._opened[0].close()

    def due(self, learner: str) -> list[Due]:
        """Return the concepts due for review, the one least likely to be recalled first."""
        return progresses.due(self._records.of(learner).concepts, self._clock())

    def progress(self, learner: str) -> Progress:
        """Return how a learner is getting on, by days of this machine's time zone."""
        notes = self._graph().notes
        now = self._clock()
        return progresses.progress(
            self._records.of(learner).concepts,
            now,
            stage_of={note.id: note.stage for stage in STAGES for note in notes.values() if note.stage == stage},
            prerequisites={note.id: note.prerequisites for note in notes.values()},
            zone=now.astimezone().tzinfo or UTC,
        )

    def path(self, goal: str, learner: str, language: Language) -> list[PathStep]:
        """Return what is missing for a goal, prerequisites first and the goal last; none where it is known.

        Raises UserMistake, with the nearest notes, for a goal the notes have nothing on.
        """
        graph = self._graph()
        note = note_named(self._index, graph, goal, language)
        known = self._known(learner)
        steps = paths.path(graph, note.id, known, [one.concept for one in self.due(learner)])
        return [
            PathStep(
                step.concept,
                graph.notes[step.concept].title_in(language),
                graph.notes[step.concept].stage,
                step.state,
                known[step.concept].value if step.concept in known else 0.0,
                step.needed_by,
            )
            for step in steps
        ]

    def next(self, learner: str, after: Sequence[str] = (), language: Language = "en") -> list[Advice]:
        """Return what to learn next, the most urgent first; `after` is what was just studied."""
        graph = self._graph()
        due = [one.concept for one in self.due(learner)]
        found = paths.next_up(graph, self._known(learner), due, after)
        return [
            Advice(one.concept, graph.notes[one.concept].title_in(language), _why(one, graph, language))
            for one in found
        ]

    def _known(self, learner: str) -> dict[str, Mastery]:
        now = self._clock()
        return {concept: mastery_of(one, now) for concept, one in self._records.of(learner).concepts.items()}

    def _mastery(self, concept: str, learner: str) -> Mastery:
        return mastery_of(self._records.of(learner).concepts.get(concept), self._clock())


def _why(suggestion: paths.Suggestion, graph: Graph, language: Language) -> str:
    reason, _, concept = suggestion.reason.partition(":")
    if reason == "ready" and not graph.notes[suggestion.concept].prerequisites:
        return say("why_first", language)
    if not concept:
        return say(f"why_{reason}", language)
    return say(f"why_{reason}", language, title=graph.notes[concept].title_in(language))
