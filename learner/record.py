"""What follows from one learner's attempts, kept up to date as attempts are stored."""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from learner.attempt import Attempt
from learner.check import name
from learner.mastery import Studied, studied

if TYPE_CHECKING:
    from learner.store import AttemptStore, Mark

_LEARNERS: Final = 64  # kept at once; a record of 20,000 attempts takes some 20 MB


@dataclass(frozen=True, slots=True)
class Record:
    """A learner's concepts at one moment; it never changes, so that threads may share it."""

    learner: str
    concepts: Mapping[str, Studied] = field(default_factory=dict[str, Studied])

    @property
    def attempts(self) -> Iterable[Attempt]:
        """All attempts, by concept; without their responses and items."""
        return (attempt for concept in self.concepts.values() for attempt in concept.attempts)


class Records:
    """The records of all learners; safe from several threads.

    A record is read whole once, then only what was stored since, by whichever process.
    """

    def __init__(self, store: "AttemptStore") -> None:
        self._store = store
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._kept: OrderedDict[str, tuple[Mark, Record]] = OrderedDict()

    def of(self, learner: str) -> Record:
        """Return the learner's record with all that is stored by now.

        Raises what the store raises.
        """
        learner = name(learner)
        with self._lock:
            lock = self._locks.setdefault(learner, threading.Lock())
        with lock:
            mark = self._store.mark(learner)
            with self._lock:
                before = self._kept.get(learner)
            if before and before[0] == mark:
                record = before[1]
            elif before and before[0].born == mark.born:
                record = self._continued(before[1], before[0].changes, mark.changes)
            else:
                record = Record(learner, _concepts(self._store.attempts(learner, until=mark.changes, whole=False), {}))
            self._keep(mark, record)
            return record

    def _continued(self, record: Record, after: int, until: int) -> Record:
        learner = record.learner
        changed = self._store.amended_after(learner, after)
        # A verdict that changed changes all that came after it on its concept: that concept is read anew.
        stale = {attempt.concept for attempt in record.attempts if attempt.id in changed} if changed else set[str]()
        new = [
            a for a in self._store.attempts(learner, after=after, until=until, whole=False) if a.concept not in stale
        ]
        for concept in stale:
            new += self._store.attempts(learner, concept=concept, until=until, whole=False)
        kept = {concept: known for concept, known in record.concepts.items() if concept not in stale}
        return Record(learner, _concepts(new, kept))

    def _keep(self, mark: "Mark", record: Record) -> None:
        with self._lock:
            self._kept[record.learner] = (mark, record)
            self._kept.move_to_end(record.learner)
            while len(self._kept) > _LEARNERS:
                gone, _ = self._kept.popitem(last=False)
                self._locks.pop(gone, None)


def _concepts(attempts: Iterable[Attempt], before: Mapping[str, Studied]) -> Mapping[str, Studied]:
    by_concept: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        by_concept.setdefault(attempt.concept, []).append(attempt)
    after = dict(before)
    for concept, given in by_concept.items():
        known = studied(given, before.get(concept))
        if known is not None:
            after[concept] = known
    return after
