"""Grading by code alone: what is right, how much of it, and what a learner is told."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final, Literal

from tools.quiz.grading_number import confusion, misconception_of_value, nearly, shown
from tools.quiz.grading_rubric import Reading, read, suffices
from tools.quiz.grading_text import Names, is_same
from tools.quiz.item import Item, ItemType, Point
from tools.quiz.response import Response
from tools.quiz.wording import say

Grader = Literal["code", "model", "learner"]


@dataclass(frozen=True, slots=True)
class Grade:
    """What an answer is worth, from 0 to 1, and what the learner is told (Markdown).

    `right` is the key in words; `misconception` why someone gives this wrong answer, where that is known;
    `reason_score` the share of the reason that was said, None where none was given. `undecided` asks a model to judge.
    """

    correct: bool
    score: float
    right: str
    feedback: str
    grader: Grader = "code"
    misconception: str = ""
    reason_score: float | None = None
    undecided: bool = False


def grade(item: Item, response: Response, names: Names | None = None) -> Grade:
    """Grade an answer; `names` (lower-case name -> ids of notes) keeps a slip of the keyboard from naming another."""
    return _cloze(item, response, names or {}) if item.type == "cloze" else _GRADERS[item.type](item, response)


def judged(item: Item, said: Collection[Point]) -> Grade:
    """Grade a short answer by the points that a model finds said in it."""
    missing = [point for point in item.points if point not in said]
    score = 1 - len(missing) / len(item.points)
    told = [_listed("left_out", missing, item)] if missing else []
    return replace(_graded(item, score, correct=suffices(score), said=told), grader="model")


def right(item: Item) -> str:
    """Return the key in words, as a learner reads it."""
    match item.type:
        case "multiple_choice":
            return "; ".join(item.options[position] for position in item.key)
        case "ordering":
            return " → ".join(item.options[position] for position in item.key)
        case "matching":
            return "; ".join(_pair(item, prompt, position) for prompt, position in enumerate(item.key))
        case "numeric":
            return shown(item.quantity.value, item.quantity.unit) if item.quantity else ""
        case "cloze" | "short_answer":
            return item.accepted[0] if item.accepted else ""
        case _:
            return item.options[item.key[0]]


def _graded(
    item: Item,
    score: float,
    *,
    correct: bool,
    said: Sequence[str] = (),
    misconception: str = "",
    reason_score: float | None = None,
    undecided: bool = False,
) -> Grade:
    """Put a grade together; `said` are paragraphs that go before the explanation."""
    feedback = "\n\n".join(paragraph for paragraph in (*said, item.explanation) if paragraph)
    return Grade(
        correct,
        score,
        right(item),
        feedback,
        misconception=misconception,
        reason_score=reason_score,
        undecided=undecided,
    )


def _single(item: Item, response: Response) -> Grade:
    correct = response.chosen == item.key
    why = "" if correct or not response.chosen else item.misconception_of(item.options[response.chosen[0]])
    return _graded(item, float(correct), correct=correct, said=[why], misconception=why)


def _judged(item: Item, response: Response) -> Grade:
    verdict = _single(item, response)
    if not response.reason or not item.points:
        return verdict
    reason = read(response.reason, item.points, item.stem)
    said = [verdict.misconception, *_about(item, reason)]
    return _graded(
        item,
        verdict.score,
        correct=verdict.correct,
        said=said,
        misconception=verdict.misconception,
        reason_score=reason.score,
    )


def _several(item: Item, response: Response) -> Grade:
    key, chosen = set(item.key), set(response.chosen)
    wrong, missed = sorted(chosen - key), sorted(key - chosen)
    score = max(0.0, (len(chosen & key) - len(wrong)) / len(key))
    whys = {item.options[position]: item.misconception_of(item.options[position]) for position in wrong}
    said = [
        say("grading", "wrongly_chosen", item.language, option=option, why=why).strip() for option, why in whys.items()
    ]
    if missed and chosen:
        options = "; ".join(item.options[position] for position in missed)
        said.append(say("grading", "not_chosen", item.language, options=options))
    misconception = next(filter(None, whys.values()), "")
    return _graded(item, score, correct=chosen == key, said=said, misconception=misconception)


def _matching(item: Item, response: Response) -> Grade:
    wrong = [n for n, position in enumerate(response.chosen) if position != item.key[n]]
    score = (len(response.chosen) - len(wrong)) / len(item.key)
    said = [
        say(
            "grading",
            "wrong_pair",
            item.language,
            pair=_pair(item, n, item.key[n]),
            option=item.options[response.chosen[n]],
        )
        for n in wrong
    ]
    why = next(filter(None, (item.misconception_of(item.options[response.chosen[n]]) for n in wrong)), "")
    listed = "\n".join(f"- {line}" for line in said)
    return _graded(item, score, correct=response.chosen == item.key, said=[listed, why], misconception=why)


def _pair(item: Item, prompt: int, position: int) -> str:
    return f"{item.prompts[prompt]} → {item.options[position]}"


def _ordering(item: Item, response: Response) -> Grade:
    """Grade an order by the share of pairs that stand the right way round (Kendall's tau, from 0 to 1)."""
    place = {position: at for at, position in enumerate(response.chosen)}
    pairs = list(combinations(item.key, 2)) if response.chosen else []
    kept = sum(place[early] < place[late] for early, late in pairs)
    correct = response.chosen == item.key
    score = kept / len(pairs) if pairs else float(correct)
    off = next((n for n, position in enumerate(response.chosen) if position != item.key[n]), None)
    said = (
        []
        if off is None
        else [say("grading", "wrong_place", item.language, n=str(off + 1), option=item.options[item.key[off]])]
    )
    why = "" if off is None else item.misconception_of(item.options[response.chosen[off]])
    return _graded(item, score, correct=correct, said=[*said, why], misconception=why)


def _numeric(item: Item, response: Response) -> Grade:
    quantity, number = item.quantity, response.number
    if quantity is None or number is None:
        return _graded(item, 0.0, correct=False)
    if nearly(number.value, quantity.value, quantity.tolerance):
        return _graded(item, 1.0, correct=True)
    found = misconception_of_value(item, number.value)
    why = found.why if found else confusion(quantity, number, item.language)
    return _graded(item, 0.0, correct=False, said=[why], misconception=why)


def _cloze(item: Item, response: Response, names: Names) -> Grade:
    correct = is_same(response.text, item.accepted, names)
    known = next((m for m in item.misconceptions if is_same(response.text, [m.answer], names)), None)
    why = known.why if known and not correct else ""
    return _graded(item, float(correct), correct=correct, said=[why], misconception=why)


def _short(item: Item, response: Response) -> Grade:
    if any(is_same(response.text, [answer], {}) for answer in item.accepted):
        return _graded(item, 1.0, correct=True)
    reading = read(response.text, item.points, item.stem, _evidence(item))
    return _graded(item, reading.score, correct=reading.enough, said=_about(item, reading), undecided=reading.undecided)


def _evidence(item: Item) -> tuple[str, ...]:
    """Return what an answer is held against: the model answer, the rubric and the cited sentences."""
    points = " ".join(point.text for point in item.points)
    return tuple(dict.fromkeys(filter(None, [*item.accepted[:1], points, *(c.quote for c in item.citations)])))


def _about(item: Item, reading: Reading) -> list[str]:
    """Tell what an answer says otherwise than the evidence, and what it leaves out."""
    language = item.language
    said: list[str] = []
    if reading.loose and reading.said:
        said.append(say("grading", "loose", language))
    if reading.echo:
        said.append(say("grading", "echo", language))
    if reading.clash:
        said.append(say("grading", "clash", language))
    for key, points in (("denied", reading.denied), ("left_out", reading.missing)):
        if points:
            said.append(_listed(key, points, item))
    return said


def _listed(key: str, points: Sequence[Point], item: Item) -> str:
    return say("grading", key, item.language) + "\n" + "\n".join(f"- {point.text}" for point in points)


_GRADERS: Final[Mapping[ItemType, Callable[[Item, Response], Grade]]] = {
    "single_choice": _single,
    "reading": _single,
    "true_false": _judged,
    "multiple_choice": _several,
    "matching": _matching,
    "ordering": _ordering,
    "numeric": _numeric,
    "short_answer": _short,
}
