"""The items that a calculated problem can become: a number to give, or four to choose from."""

import math
import random
from collections.abc import Mapping, Sequence
from typing import Final

from knowledge.citation import Citation
from knowledge.vocabulary import Language
from tools.quiz.calc_problem import Problem, Setting, cited, solution
from tools.quiz.item import Exhibit, Item, ItemType, Misconception, Quantity, identity
from tools.quiz.wording import say

WHOLE_TOLERANCE: Final = 0.001
LEAST_GAP: Final = 0.09  # relative; between any two options
_WIDEST: Final = 18  # a distractor beyond so many times the key gives itself away
_WRONG: Final = 3
_CHOICES: Final = 0.6  # the share of problems that become choices


def posed(problem: Problem, setting: Setting) -> Item | None:
    """Make an item of the problem, of either type; None where the notes do not state its principle."""
    citation = cited(setting, problem.question.source)
    wrong = distractors(problem, setting.rng)
    choose = setting.rng.random() < _CHOICES
    if citation is None:
        return None
    if choose and len(wrong) == _WRONG:
        return _choice(problem, wrong, setting, citation)
    return _numeric(problem, setting, citation)


def read(problem: Problem, exhibit: Exhibit, setting: Setting) -> Item | None:
    """Make a choice between numbers that are to be read off an exhibit; None without citation or distractors."""
    citation = cited(setting, problem.question.source)
    wrong = distractors(problem, setting.rng)
    if citation is None or len(wrong) < _WRONG:
        return None
    return _choice(problem, wrong, setting, citation, exhibit)


def distractors(problem: Problem, rng: random.Random) -> dict[str, float]:
    """Draw three slips far enough from the key and each other; as often below the key as above it, as they allow."""
    names = [name for name, value in problem.slips.items() if _in_reach(value, problem)]
    rng.shuffle(names)
    kept: list[str] = []
    for name in names:
        others = [problem.value, *(problem.slips[other] for other in kept)]
        if all(apart(problem.slips[name], other) for other in others):
            kept.append(name)
    lower = [name for name in kept if problem.slips[name] < problem.value]
    upper = [name for name in kept if problem.slips[name] > problem.value]
    if len(kept) < _WRONG:
        return {name: problem.slips[name] for name in kept}
    below = rng.randint(max(0, _WRONG - len(upper)), min(_WRONG, len(lower)))
    return {name: problem.slips[name] for name in lower[:below] + upper[: _WRONG - below]}


def apart(one: float, other: float, gap: float = LEAST_GAP) -> bool:
    """Tell whether two positive numbers differ by more than rounding."""
    return min(one, other) * (1 + gap) < max(one, other)


def _in_reach(value: float, problem: Problem) -> bool:
    """Tell whether a slip is no absurd answer; one request or one GPU is none that needs calculating."""
    least = 2 if problem.is_shown_whole else 0
    return value >= least and problem.value / _WIDEST < value < problem.value * _WIDEST


def shown(values: Sequence[float], unit: str, whole: bool = False) -> list[str]:
    """Write values alike, with as many decimals as the smallest needs for three digits."""
    least = min(values)
    decimals = 0 if whole else max(0, 2 - math.floor(math.log10(least)))
    return [f"{value:,.{decimals}f} {unit}" for value in values]


def rounded(value: float, digits: int = 4) -> float:
    """Round to so many digits that count."""
    return float(f"{value:.{digits}g}")


def why(slip: str, language: Language) -> str:
    """Name a misconception."""
    return say("calc_misconception", slip, language)


def _choice(
    problem: Problem, wrong: Mapping[str, float], setting: Setting, citation: Citation, exhibit: Exhibit | None = None
) -> Item:
    question, language = problem.question, setting.language
    kind: ItemType = "reading" if exhibit else "single_choice"
    texts = shown([problem.value, *wrong.values()], problem.unit, problem.is_shown_whole)
    slip_of = dict(zip(texts[1:], wrong, strict=True))
    order = setting.rng.sample(range(len(texts)), len(texts))
    options = tuple(texts[at] for at in order)
    gaps = [abs(math.log(value / problem.value)) for value in wrong.values()]
    return Item(
        id=identity(question.template, question.fact, kind, language),
        fact=question.fact,
        type=kind,
        concept=setting.concept,
        level=question.level,
        language=language,
        origin="calculator",
        stem=question.stem(language),
        options=options,
        key=(order.index(0),),
        explanation=solution(question, texts[0], language),
        citations=(citation,),
        exhibit=exhibit,
        misconceptions=tuple(Misconception(text, why(slip_of[text], language)) for text in options if text in slip_of),
        hints=question.hints(language),
        checks={
            "key": f"computed by {question.computed_by}",
            "distractors": "each computed from a named misconception",
            "least_gap": round(math.exp(min(gaps)) - 1, 3),
        },
    )


def _numeric(problem: Problem, setting: Setting, citation: Citation) -> Item:
    question, language = problem.question, setting.language
    tolerance = WHOLE_TOLERANCE if problem.whole else problem.tolerance
    far: dict[float, str] = {}  # two slips to one number: the first, which is the commoner one, is named
    for name, value in problem.slips.items():
        if (
            value >= (2 if problem.is_shown_whole else 0)
            and value
            and apart(value, problem.value, 2 * max(tolerance, 0.005))
        ):
            far.setdefault(value if problem.whole else rounded(value), name)
    ask = say("calc", "whole_number", language) if problem.whole else say(
        "calc", "number", language, unit=problem.unit, percent=f"{100 * tolerance:g}"
    )  # fmt: skip
    return Item(
        id=identity(question.template, question.fact, "numeric", language),
        fact=question.fact,
        type="numeric",
        concept=setting.concept,
        level=question.level,
        language=language,
        origin="calculator",
        stem=f"{question.stem(language)}{ask}",
        explanation=solution(question, shown([problem.value], problem.unit, problem.is_shown_whole)[0], language),
        citations=(citation,),
        quantity=Quantity(float(problem.value) if problem.whole else rounded(problem.value), problem.unit, tolerance),
        misconceptions=tuple(
            Misconception(shown([value], problem.unit, problem.is_shown_whole)[0], why(name, language), value)
            for value, name in far.items()
        ),
        hints=question.hints(language),
        checks={"key": f"computed by {question.computed_by}", "tolerance": tolerance},
    )
