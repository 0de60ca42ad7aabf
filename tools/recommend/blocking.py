"""What rules out every tool for a goal, and what there would be without it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from knowledge.evidence import Evidence
from knowledge.graph import Graph
from knowledge.vocabulary import Language
from tools.recommend.constraints import Constraints, without
from tools.recommend.exclusion import HARD, Exclusion
from tools.recommend.scoring import Need, ranked
from tools.recommend.task import Goal
from tools.recommend.wording import listed, say

_WOULD_BE: Final = 3


@dataclass(frozen=True, slots=True)
class Blocking:
    """Constraints that rule out every tool for a goal: any one of them, or `together` only all of them at once.

    `tools` are ids and titles of the best tools without them, for each constraint in turn.
    """

    goal: str
    constraints: tuple[str, ...]  # fields
    words: tuple[str, ...]  # of the task, for each constraint
    tools: tuple[tuple[tuple[str, str], ...], ...]
    together: bool
    ruled_out: tuple[Exclusion, ...]

    def said_in(self, language: Language) -> str:
        """Say it for a reader of `language`."""
        goal = say(f"goal_{self.goal}", language)
        names = [say(f"field_{name}", language) for name in self.constraints]
        if not self.constraints:
            return say("blocked_nothing", language, goal=goal)
        titles = [listed([title for _, title in tools], language) for tools in self.tools]
        if self.together:
            return say("blocked_together", language, goal=goal, fields=listed(names, language), tools=titles[0])
        ways = [say("blocked_way", language, field=name, tools=t) for name, t in zip(names, titles, strict=True)]
        return say("blocked", language, goal=goal, ways=("; " if language == "en" else "；").join(ways))


def blocked(
    goal: Goal, needs: Sequence[Need], constraints: Constraints, evidence: Sequence[Evidence], graph: Graph
) -> Blocking:
    """Return what to give up so that a goal for which no tool is left gets one."""

    def best(relaxed: Constraints) -> tuple[tuple[str, str], ...]:
        scores = ranked(goal, needs, relaxed, evidence, graph)[0][:_WOULD_BE]
        return tuple((score.note.id, score.note.title_in("en")) for score in scores)

    hard = [name for name in HARD if constraints.is_hard(name)]
    freed = {name: tools for name in hard if (tools := best(without(constraints, name)))}
    together = not freed
    if together and hard:
        relaxed = constraints
        for name in hard:
            relaxed = without(relaxed, name)
        tools = best(relaxed)
        freed = dict.fromkeys(hard, tools) if tools else {}
    return Blocking(
        goal.name,
        tuple(freed),
        tuple(constraints.said[name].words for name in freed),
        tuple(freed.values()),
        together,
        tuple(ranked(goal, needs, constraints, evidence, graph)[1]),
    )
