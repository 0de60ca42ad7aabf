"""The recommender: which tools fit a task, and how named tools compare."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from agents import route
from knowledge import retrieval
from knowledge.evidence import Evidence
from knowledge.index import Index
from knowledge.vocabulary import Language
from tools.quiz.material import Material
from tools.recommend.advice import Advice, recommend
from tools.recommend.comparison import Comparison, compare
from tools.recommend.constraints import corrected
from tools.recommend.reading import read


class Recommender:
    """Advises at once, by rules and the notes. Safe to use from several threads."""

    def __init__(self, index: Index, material: Callable[[], Material], today: Callable[[], date] = date.today) -> None:
        self._index, self._material, self._today = index, material, today

    def recommend(
        self, task: str, changes: Mapping[str, Any] | None = None, *, language: Language | None = None, limit: int = 3
    ) -> Advice:
        """Return the advice on a task; `changes` correct what is read from it, as `corrected` takes them.

        Raises UserMistake for an empty or overlong task, or an unknown constraint or value.
        """
        asked, material = route.clean(task), self._material()
        constraints = corrected(read(asked, material.library), **(changes or {}))
        return recommend(asked, material, self._search, constraints, limit, language, self._today())

    def compare(self, names: Sequence[str], task: str = "", *, language: Language | None = None) -> Comparison:
        """Return tools side by side, for a task where one is given.

        Raises UserMistake for fewer than two names or one that is no tool of the notes.
        """
        return compare(names, route.clean(task) if task.strip() else "", self._material(), self._search, language)

    def _search(self, query: str, k: int) -> list[Evidence]:
        return retrieval.search(self._index, query, k)
