"""The recommender: which tools fit a task, and how named tools compare."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from agents import route
from agents.advisor import Advisor
from agents.events import Usage
from agents.house import seats
from agents.ladder import Ladder
from agents.stop import Stop
from knowledge import retrieval
from knowledge.asking import Asking
from knowledge.errors import ModelFailed
from knowledge.evidence import Evidence
from knowledge.index import Index
from knowledge.vocabulary import Language
from tools.quiz.material import Material
from tools.recommend.advice import Advice, recommend
from tools.recommend.comparison import Comparison, compare
from tools.recommend.constraints import Constraints, corrected
from tools.recommend.meaning import meaning
from tools.recommend.reading import read
from tools.recommend.task import Meaning, reading_of


class Recommender:
    """Advises at once, by rules and the notes; `reread` has a model read what these are not sure of.

    Safe to use from several threads.
    """

    def __init__(
        self,
        index: Index,
        material: Callable[[], Material],
        today: Callable[[], date] = date.today,
        ladder: Ladder | None = None,
        wait_s: float = 0.0,
    ) -> None:
        self._index, self._material, self._today = index, material, today
        self._ladder, self._wait_s = ladder, wait_s
        self._asking = Asking(index.embedder)

    def recommend(
        self, task: str, changes: Mapping[str, Any] | None = None, *, language: Language | None = None, limit: int = 3
    ) -> Advice:
        """Return the advice on a task; `changes` correct what is read from it, as `corrected` takes them.

        Raises UserMistake for an empty or overlong task, or an unknown constraint or value.
        """
        asked, material = route.clean(task), self._material()
        constraints = corrected(read(asked, material.library), **(changes or {}))
        return recommend(
            asked, material, self._search, constraints, limit, language, self._today(), means=self._meaning
        )

    def reread(
        self,
        task: str,
        changes: Mapping[str, Any] | None = None,
        *,
        language: Language | None = None,
        limit: int = 3,
        stop: Stop | None = None,
        spent: Callable[[Usage], None] = lambda _: None,
    ) -> Advice | None:
        """Return the advice after a model has read the task; None where there is nothing new to say.

        A model is asked only where the rules are not sure; what they and the person have said stays. One that fails is
        left out, and without one there is nothing new; `spent` is told what each has cost. Raises UserMistake as
        `recommend` does, ModelFailed where `stop` is set.
        """
        before = self.recommend(task, changes, language=language, limit=limit)
        if before.is_sure or self._ladder is None:
            return None
        stop = stop or Stop()
        for seat in seats(self._ladder, self._wait_s):
            advisor = Advisor(seat.endpoint, seat.capabilities)
            if not advisor.can_read:
                continue
            stop.aborts(advisor.abort)
            try:
                found = advisor.read(before.task, before.constraints, settled=(changes or {}).keys())
            except ModelFailed as error:
                if stop.is_set:  # the reader's wish is no failure of the model
                    raise
                self._ladder.failed(seat.endpoint, error)
                continue
            finally:
                spent(advisor.usage)
            if found is None:
                return None
            reading, constraints = reading_of(found.tasks, "model"), found.constraints
            if reading.goals == before.goals and _same(constraints, before.constraints):
                return None
            return recommend(
                before.task,
                self._material(),
                self._search,
                constraints,
                limit,
                language,
                self._today(),
                reading=reading,
            )
        return None

    def compare(
        self,
        names: Sequence[str],
        task: str = "",
        changes: Mapping[str, Any] | None = None,
        *,
        language: Language | None = None,
    ) -> Comparison:
        """Return tools side by side, for a task where one is given; `changes` correct what is read from it.

        Raises UserMistake for fewer than two names, one that is no tool of the notes, or an impossible change.
        """
        asked, material = route.clean(task) if task.strip() else "", self._material()
        constraints = corrected(read(asked, material.library), **(changes or {}))
        return compare(names, asked, material, self._search, language, constraints)

    def _search(self, query: str, k: int) -> list[Evidence]:
        return retrieval.search(self._index, query, k)

    def _meaning(self, text: str) -> Meaning:
        return meaning(text, self._asking)


def _same(one: Constraints, other: Constraints) -> bool:
    return dict(one.said) == dict(other.said)
