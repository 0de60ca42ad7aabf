"""Items that compare calculated cases: put in order, pick those that qualify, judge one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from knowledge.vocabulary import Language
from tools.quiz.calc_form import apart
from tools.quiz.calc_problem import Question, Setting, cited, solution, written
from tools.quiz.item import Exhibit, Item, ItemType, Misconception, Point, identity
from tools.quiz.wording import say

GAP: Final = 0.1  # relative; between any two cases, and between a case and a limit


@dataclass(frozen=True, slots=True)
class Case:
    """One option with what it comes to; `why` says, where it is wrong, why someone takes it for right."""

    label: str
    value: float
    shown: str
    why: str = ""


def distinct(cases: Sequence[Case]) -> bool:
    """Tell whether the cases can be put in order without doubt."""
    values = sorted(case.value for case in cases)
    return all(apart(low, high, GAP) for low, high in pairwise(values))


def ranked(question: Question, cases: Sequence[Case], setting: Setting) -> Item | None:
    """Ask to order the cases from the smallest value to the largest; None without a citation or too close together."""
    if not distinct(cases):
        return None
    shuffled = setting.rng.sample(list(cases), len(cases))
    key = tuple(sorted(range(len(shuffled)), key=lambda at: shuffled[at].value))
    return _item(
        question, "ordering", setting, options=tuple(case.label for case in shuffled), key=key,
        explanation=_listed(question, [shuffled[at] for at in key], setting.language),
        checks={"key": f"values computed by {question.computed_by}", "least_gap": _least_gap(cases)},
    )  # fmt: skip


def picked(
    question: Question,
    cases: Sequence[Case],
    right: frozenset[str],
    setting: Setting,
) -> Item | None:
    """Ask for all cases that qualify, which are neither none nor all of them; None without a citation."""
    if not 0 < len(right) < len(cases):
        return None
    shuffled = setting.rng.sample(list(cases), len(cases))
    key = tuple(at for at, case in enumerate(shuffled) if case.label in right)
    return _item(
        question, "multiple_choice", setting, options=tuple(case.label for case in shuffled),
        key=key, explanation=_listed(question, shuffled, setting.language, right),
        misconceptions=tuple(Misconception(c.label, c.why) for c in shuffled if c.label not in right and c.why),
        checks={"key": f"values computed by {question.computed_by}", "options": float(len(cases))},
    )  # fmt: skip


def single(
    question: Question,
    cases: Sequence[Case],
    right: str,
    exhibit: Exhibit,
    setting: Setting,
) -> Item | None:
    """Ask for the one case that qualifies, to be read off an exhibit; None without a citation."""
    shuffled = (
        sorted(cases, key=lambda case: case.label) if _letters(cases) else setting.rng.sample(list(cases), len(cases))
    )
    key = next(at for at, case in enumerate(shuffled) if case.label == right)
    return _item(
        question, "reading", setting, options=tuple(case.label for case in shuffled), key=(key,),
        explanation=_listed(question, shuffled, setting.language, frozenset({right})), exhibit=exhibit,
        misconceptions=tuple(Misconception(c.label, c.why) for c in shuffled if c.label != right),
        checks={"key": f"values computed by {question.computed_by}"},
    )  # fmt: skip


def judged(question: Question, truth: bool, reason: Point, wrong: str, setting: Setting) -> Item | None:
    """Ask whether a statement holds; `wrong` says why someone judges it the other way. None without a citation."""
    options = (say("calc", "true", setting.language), say("calc", "false", setting.language))
    return _item(
        question, "true_false", setting, options=options, key=(0 if truth else 1,),
        explanation=solution(question, options[0 if truth else 1], setting.language, reason.text), points=(reason,),
        misconceptions=(Misconception(options[1 if truth else 0], wrong),),
        checks={"key": f"values computed by {question.computed_by}", "margin": GAP},
    )  # fmt: skip


def _letters(cases: Sequence[Case]) -> bool:
    return all(len(case.label) == 1 for case in cases)


def _least_gap(cases: Sequence[Case]) -> float:
    values = sorted(case.value for case in cases)
    return round(min(high / low for low, high in pairwise(values)) - 1, 3)


def _listed(question: Question, cases: Sequence[Case], language: Language, right: frozenset[str] = frozenset()) -> str:
    """Write the lines of the solution and what each case comes to, with a mark where some are right."""
    lines = [written(part, language) for part in question.steps]
    for case in cases:
        mark = "" if not right else "✓ " if case.label in right else "✗ "
        lines.append(mark + say("calc", "case", language, label=case.label, value=case.shown))
    return "\n".join(f"- {text}" for text in lines)


def _item(
    question: Question,
    kind: ItemType,
    setting: Setting,
    *,
    options: tuple[str, ...],
    key: tuple[int, ...],
    explanation: str,
    checks: Mapping[str, bool | float | str],
    misconceptions: tuple[Misconception, ...] = (),
    points: tuple[Point, ...] = (),
    exhibit: Exhibit | None = None,
) -> Item | None:
    citation = cited(setting, question.source)
    if citation is None or len(set(options)) < len(options):
        return None
    return Item(
        id=identity(question.template, question.fact, kind, setting.language),
        fact=question.fact,
        type=kind,
        concept=setting.concept,
        level=question.level,
        language=setting.language,
        origin="calculator",
        stem=question.stem(setting.language),
        options=options,
        key=key,
        explanation=explanation,
        citations=(citation,),
        misconceptions=misconceptions,
        points=points,
        exhibit=exhibit,
        hints=question.hints(setting.language),
        checks=checks,
    )
