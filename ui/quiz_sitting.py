"""A sitting: one learner taking one quiz, kept on the server so that no key reaches the browser before its answer."""

import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tools.quiz.item import Item
from tools.quiz.quiz import Quiz
from tools.quiz.wish import Wish
from ui.quiz_response import Given

if TYPE_CHECKING:
    from agents.quizzing import Outcome  # loads the database's library, after the page is up

SITTINGS: Final = 500  # remembered for reloads while the program runs
OF_ONE: Final = 8  # of one learner
_PAUSE_S: Final = 900.0  # who takes longer was away: the time says nothing


@dataclass(frozen=True, slots=True)
class Place:
    """An item of a quiz, and what has come of it so far."""

    item: Item
    hints: int = 0  # seen
    given: Given | None = None
    outcome: "Outcome | None" = None


@dataclass(frozen=True, slots=True)
class View:
    """A sitting at one moment; `at` is the place that is shown, and past the last one when all are done."""

    id: str
    quiz: Quiz
    wish: Wish
    places: tuple[Place, ...]
    at: int

    @property
    def is_done(self) -> bool:
        """Whether every item has been answered and left."""
        return self.at >= len(self.places)

    @property
    def place(self) -> Place:
        """The place that is shown."""
        return self.places[self.at]

    @property
    def answered(self) -> tuple[Place, ...]:
        """The places that have an answer."""
        return tuple(place for place in self.places if place.outcome is not None)


class Sitting:
    """One quiz as it is taken. Safe to use from several threads; whatever comes late or twice changes nothing."""

    def __init__(self, quiz: Quiz, wish: Wish, clock: Callable[[], float] = time.monotonic) -> None:
        self._lock = threading.RLock()
        self._clock = clock
        self._view = View(uuid.uuid4().hex, quiz, wish, tuple(Place(item) for item in quiz.items), 0)
        self._shown_at = clock()

    @property
    def view(self) -> View:
        """The sitting as it is now, also while an answer is being graded."""
        return self._view

    def hint(self, at: int) -> View:
        """Show one more hint on the item that is asked."""
        with self._lock:
            place = self._open(at)
            if place is not None and place.hints < len(place.item.hints):
                self._put(at, replace(place, hints=place.hints + 1))
            return self._view

    def answer(self, at: int, given: Given, grade: "Callable[[Place, float | None], Outcome]") -> View:
        """Answer the item that is asked; `grade` is told the seconds it took, and called once however often this is.

        Raises what `grade` raises; the item then stays open.
        """
        with self._lock:
            place = self._open(at)
            if place is not None:
                took = self._clock() - self._shown_at
                outcome = grade(place, took if took < _PAUSE_S else None)
                self._put(at, replace(place, given=given, outcome=outcome))
            return self._view

    def overrule(self, at: int, grade: "Callable[[str], Outcome]") -> View:
        """Let the learner have been right at a place; `grade` is told the attempt. What was said of it stays."""
        with self._lock:
            place = self._view.places[at] if 0 <= at < len(self._view.places) else None
            if place is not None and place.outcome is not None and not place.outcome.grade.correct:
                said, after = place.outcome.grade, grade(place.outcome.attempt)
                kept = replace(after.grade, right=said.right, feedback=said.feedback)
                self._put(at, replace(place, outcome=replace(after, grade=kept)))
            return self._view

    def go_on(self, at: int) -> View:
        """Leave an item that is answered."""
        with self._lock:
            if at == self._view.at and not self._view.is_done and self._view.place.outcome is not None:
                self._view = replace(self._view, at=at + 1)
                self._shown_at = self._clock()
            return self._view

    def take(self, item: Item) -> bool:
        """Ask this item in the place of the last one made by code that nobody has seen; tell whether there was one."""
        with self._lock:
            unseen = range(len(self._view.places) - 1, self._view.at, -1)
            at = next((at for at in unseen if self._view.places[at].item.origin != "model"), None)
            if at is None:
                return False
            self._put(at, Place(item))
            return True

    def _open(self, at: int) -> Place | None:
        """Return the place that is asked where that is `at` and it has no answer yet."""
        if at != self._view.at or self._view.is_done or self._view.place.outcome is not None:
            return None
        return self._view.place

    def _put(self, at: int, place: Place) -> None:
        places = (*self._view.places[:at], place, *self._view.places[at + 1 :])
        self._view = replace(self._view, places=places)


class Sittings:
    """The sittings of all learners; those used longest ago are forgotten."""

    def __init__(self, most: int = SITTINGS, of_one: int = OF_ONE) -> None:
        self._most, self._of_one = most, of_one
        self._sittings: OrderedDict[tuple[str, str], Sitting] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, learner: str, sitting: Sitting) -> None:
        """Remember a new sitting of a learner."""
        with self._lock:
            self._sittings[learner, sitting.view.id] = sitting
            own = [key for key in self._sittings if key[0] == learner]
            for key in own[: -self._of_one]:
                del self._sittings[key]
            while len(self._sittings) > self._most:
                self._sittings.popitem(last=False)

    def find(self, learner: str, sitting_id: str) -> Sitting | None:
        """Return a learner's sitting; another learner's is not found."""
        with self._lock:
            found = self._sittings.get((learner, sitting_id))
            if found is not None:
                self._sittings.move_to_end((learner, sitting_id))
            return found

    def unfinished(self, learner: str) -> View | None:
        """Return what a learner last left before its end."""
        with self._lock:
            own = [sitting for (name, _), sitting in self._sittings.items() if name == learner]
        return next((sitting.view for sitting in reversed(own) if not sitting.view.is_done), None)

    def forget(self, learner: str) -> None:
        """Forget all of a learner's sittings."""
        with self._lock:
            for key in [key for key in self._sittings if key[0] == learner]:
                del self._sittings[key]
