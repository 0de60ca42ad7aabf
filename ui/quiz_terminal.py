"""A quiz in a terminal: one item at a time, or as a sheet with the answers at the end."""

import sys
import time

from agents.quizzing import Examiner
from knowledge.errors import UserMistake
from tools.quiz.asked import asked
from tools.quiz.grading import right
from tools.quiz.item import Item
from tools.quiz.quiz import Quiz

_HELP = "(h: a hint, ?: I don't know, q: stop)"


def ask_all(examiner: Examiner, quiz: Quiz, learner: str) -> None:
    """Ask each item, grade and store the answer, and say what it was worth."""
    sys.stdout.write(f"{quiz.topic or 'All notes'}: {len(quiz.items)} items {_HELP}\n")
    correct = answered = 0
    for number, item in enumerate(quiz.items, 1):
        sys.stdout.write(f"\n[{number}/{len(quiz.items)}] {asked(item)}\n")
        is_right = _ask(examiner, item, learner, quiz.id)
        if is_right is None:
            break
        answered += 1
        correct += is_right
    sys.stdout.write(f"\n{correct} of {answered} right\n")
    for advice in examiner.next(learner, quiz.concepts)[:3]:
        sys.stdout.write(f"  > {advice.title}: {advice.why}\n")


def sheet(quiz: Quiz) -> str:
    """Return the items, then their keys."""
    questions = [f"[{number}] {asked(item)}" for number, item in enumerate(quiz.items, 1)]
    keys = [f"[{number}] {right(item)}\n{item.explanation}" for number, item in enumerate(quiz.items, 1)]
    return "\n\n".join([*questions, "---", *keys]) + "\n" if questions else ""


def _ask(examiner: Examiner, item: Item, learner: str, quiz: str) -> bool | None:
    """Return whether the answer was right, or None where the learner stops."""
    hints, began = 0, time.monotonic()
    while True:
        try:
            words = input("> ").strip()
        except EOFError:
            return None
        if words.lower() in {"q", "quit", "结束"}:
            return None
        if words.lower() in {"h", "hint", "提示"}:
            sys.stdout.write(f"{item.hints[hints]}\n" if hints < len(item.hints) else "no further hint\n")
            hints = min(hints + 1, len(item.hints))
            continue
        try:
            if words in {"?", "？"}:
                outcome = examiner.give_up(item, learner, hints=hints, quiz=quiz)
            else:
                seconds = time.monotonic() - began
                outcome = examiner.answer(item, words, learner, hints=hints, seconds=seconds, quiz=quiz)
        except UserMistake as mistake:
            sys.stdout.write(f"{mistake}\n")
            continue
        grade = outcome.grade
        verdict = "✓" if grade.correct else f"✗ {grade.right}"
        sys.stdout.write(f"{verdict}\n{grade.feedback}\n")
        for citation in item.citations:
            sys.stdout.write(f"  [{citation.n}] {citation.title}: {citation.quote}\n      {citation.source}\n")
        sys.stdout.write(f"  mastery {outcome.before.value:.0%} -> {outcome.after.value:.0%}\n")
        return grade.correct
