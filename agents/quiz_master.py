"""The quiz master: items written by a model, each accepted only after code, a blind solver and a judge agree."""

import random
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pydantic import BaseModel

from agents.endpoint import Endpoint
from agents.events import Usage
from agents.judge import Judge
from agents.probe import Capabilities
from agents.prompt import render
from agents.quiz_oracle import Oracle
from agents.quiz_solver import solve
from agents.team import Nonsense, Team
from knowledge.vocabulary import Language
from tools.quiz.draft import Draft, Inspection, inspect
from tools.quiz.draft_focus import Focus, focuses
from tools.quiz.draft_item import fact_of, item_of
from tools.quiz.item import Item, Level
from tools.quiz.material import Material

DRAFTS: Final = 2  # for one item: a draft that is rejected is made once more, on another sentence
SOLVED: Final = 0.85  # probability that the blind solver must give the key, over both orders of the options
BELIEVED: Final = 0.3  # probability above which the judge finds that the passage says what a wrong option says


class Written(BaseModel):
    """What the model is asked for: the key first, so that the question is put to it."""

    correct: str
    question: str
    wrong_1: str
    wrong_2: str
    wrong_3: str
    wrong_4: str
    wrong_5: str

    def draft(self) -> Draft:
        """Return it as a draft."""
        wrong = (self.wrong_1, self.wrong_2, self.wrong_3, self.wrong_4, self.wrong_5)
        return Draft(self.question, self.correct, tuple(option for option in wrong if option.strip()))


@dataclass(frozen=True, slots=True)
class Report:
    """What writing has come to: items accepted, drafts rejected by the check they failed, calls and tokens."""

    accepted: int
    rejected: Counter[str]
    usage: Usage


Watch = Callable[[Inspection], None]


class QuizMaster:
    """Writes items at one endpoint; `watch` is shown what became of each draft.

    `abort` ends what is under way, from any thread; nothing is asked after it.
    """

    def __init__(
        self, endpoint: Endpoint, capabilities: Capabilities, material: Material, watch: Watch = lambda _: None
    ) -> None:
        self._team = Team(endpoint, capabilities)
        self._oracle = Oracle(endpoint, capabilities)
        self._judge = Judge(endpoint, capabilities)
        self._material, self._watch = material, watch
        self._accepted = 0
        self._rejected: Counter[str] = Counter()

    def abort(self) -> None:
        """End what is under way and free the model."""
        for member in (self._team, self._oracle, self._judge):
            member.abort()

    @property
    def report(self) -> Report:
        """What was accepted and rejected so far, and what it took."""
        usage = self._team.usage + self._oracle.tally.usage + self._judge.tally.usage
        return Report(self._accepted, Counter(self._rejected), usage)

    def write(
        self,
        concepts: Sequence[str],
        language: Language,
        rng: random.Random,
        level: Level | None = None,
        avoid: Collection[Item] = (),
    ) -> Iterator[Item]:
        """Yield an item on each concept on which one is accepted; none is like another or like those to avoid.

        Raises ModelFailed where the endpoint is down or slow.
        """
        known = list(avoid)
        for concept in concepts:
            item = self.item(concept, language, rng, level, known)
            if item is not None:
                known.append(item)
                yield item

    def item(
        self,
        concept: str,
        language: Language,
        rng: random.Random,
        level: Level | None = None,
        avoid: Collection[Item] = (),
    ) -> Item | None:
        """Return an item on a concept, or None where its drafts are rejected or its note has no fit sentence."""
        facts, stems = {item.fact for item in avoid}, [item.stem for item in avoid]
        found = focuses(self._material, concept, language, level, rng)
        fresh = (focus for focus in found if fact_of(focus) not in facts)
        for _, focus in zip(range(DRAFTS), fresh, strict=False):
            inspected = self._drafted(focus, stems, rng)
            self._watch(inspected)
            if inspected.fault:
                self._rejected[inspected.fault] += 1
                continue
            self._accepted += 1
            return item_of(inspected, focus, self._material, level or 1, rng)
        return None

    def _drafted(self, focus: Focus, stems: Sequence[str], rng: random.Random) -> Inspection:
        task = render("quiz_master", f"task_{focus.sentence.language}", title=focus.title, sentence=focus.sentence.text)
        try:
            written = self._team.shaped("quiz_master", task.strip(), "format", Written)
        except Nonsense as nonsense:
            return Inspection(Draft("", "", ()), fault="nonsense", reason=str(nonsense))
        inspected = inspect(written.draft(), focus, self._material, stems)
        # The judge rejects more than the solver, and with the first option that it believes.
        inspected = inspected if inspected.fault else self._judged_of(inspected, focus)
        return inspected if inspected.fault else self._solved(inspected, focus, rng)

    def _judged_of(self, inspected: Inspection, focus: Focus) -> Inspection:
        """Return what the judge finds of the claims of the wrong options: none may be supported."""
        worst = 0.0
        for option, claim in zip(inspected.draft.wrong, inspected.claims[1:], strict=True):
            worst = max(worst, self._judge.ask(claim, [focus.passage]).probability)
            if worst > BELIEVED:
                return replace(inspected, fault="judge", reason=f"the judge believes {option!r}: {worst:.2f}")
        return replace(inspected, checks={**inspected.checks, "judge": round(worst, 3)})

    def _solved(self, inspected: Inspection, focus: Focus, rng: random.Random) -> Inspection:
        """Return whether a solver that does not know the key finds it."""
        draft = inspected.draft
        key, *others = solve(self._oracle, draft.stem, draft.options, focus.passage, rng)
        if key < SOLVED or key <= max(others):
            return replace(inspected, fault="solver", reason=f"the blind solver gives the key {key:.2f}")
        return replace(inspected, checks={**inspected.checks, "solver": round(key, 3)})
