"""The questions of a guided lesson: about the concept itself, quickly answered, and not asked before."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from agents.quizzing import Examiner
from knowledge.graph import Graph
from knowledge.language import mentions
from knowledge.vocabulary import Language
from tools.quiz.item import Item, ItemType, key_of
from tools.quiz.selection import select
from tools.quiz.wish import Wish

# Any words may answer a short question, so that no other question could be asked in between.
_TYPES: Final[tuple[ItemType, ...]] = (
    "single_choice", "multiple_choice", "true_false", "cloze", "numeric", "reading", "matching", "ordering",
)  # fmt: skip
_QUICK: Final[tuple[ItemType, ...]] = ("single_choice", "true_false", "cloze")
_REMEMBERED: Final = 200  # facts asked lately
_DRAWN: Final = 12  # questions among which one is chosen
_ASIDE: Final = ("prerequisite:", "match:prerequisite:", "build:", "licence:")  # facts that are not about the thing


@dataclass(frozen=True, slots=True)
class Asker:
    """Chooses questions for one learner, in one language."""

    examiner: Examiner
    graph: Graph
    learner: str
    language: Language
    rng: random.Random

    def probe(self, concept: str, asked: Sequence[str]) -> Item | None:
        """Return a quick question for a diagnosis; `asked` are the facts that the lesson has asked."""
        wish = Wish(n=_DRAWN, types=_QUICK, level=1, language=self.language, origins=("graph",))
        return self._found(concept, asked, wish)

    def first(self, concept: str, asked: Sequence[str]) -> Item | None:
        """Return a question to try before the concept is taught."""
        wish = Wish(n=_DRAWN, types=_TYPES, level=1, language=self.language, origins=("graph",))
        return self._found(concept, asked, wish)

    def further(self, concept: str, asked: Sequence[str]) -> Item | None:
        """Return a question on a concept that has been taught."""
        return self._found(concept, asked, Wish(n=_DRAWN, types=_TYPES, level=2, language=self.language))

    def _found(self, concept: str, asked: Sequence[str], wish: Wish) -> Item | None:
        """Return a question as wished, else any; one on a fact not asked lately where there is one."""
        lately = self.examiner.store.recent_facts(self.learner, _REMEMBERED)
        for wanted in (wish, replace(wish, level=None, types=_TYPES, origins=())):
            for left_out in ({*asked, *lately}, {*asked}):
                found = select(self.examiner.material, [concept], wanted, self.rng, left_out)
                fit = [item for item in found if self._is_fit(item)]
                best = min((_rank(item) for item in fit), default=0)
                if fit:
                    return self.rng.choice([item for item in fit if _rank(item) == best])
        return None

    def _is_fit(self, item: Item) -> bool:
        """Tell whether an item asks about its concept, whose name stands above the question and is no secret."""
        note = self.graph.notes.get(item.concept)
        names = {name.lower() for name in note.names} if note else set[str]()
        if item.fact.startswith(_ASIDE) or str(key_of(item)).lower() in names:
            return False
        # A false statement may have lost the concept to another thing: then it asks about neither.
        return item.type != "true_false" or any(mentions(name, item.stem.lower()) for name in names)


def _rank(item: Item) -> int:
    """Return how little an item fits a lesson.

    A calculation needs more than a step has taught; half of all guesses at a statement are right, without a second try.
    """
    return 2 if item.type == "true_false" else int(item.origin == "calculator")
