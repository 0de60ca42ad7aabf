"""The words of a guided lesson: what a learner may say in it, its way, and what came of it."""

from typing import Final

from agents.guided_lesson import FIRM, Lesson, Shown
from agents.phrases import say
from knowledge.graph import Graph
from knowledge.vocabulary import Language

_WORDS: Final[dict[str, frozenset[str]]] = {
    "hint": frozenset({"hint", "a hint", "another hint", "give me a hint", "提示", "给个提示", "再提示一下"}),
    "skip": frozenset({"skip", "skip this", "skip this step", "next", "next step", "跳过", "跳过这一步", "下一步"}),
    "unknown": frozenset(
        {"i don't know", "i do not know", "don't know", "dont know", "i dont know", "no idea", "idk", "no clue",
         "not sure", "i'm not sure", "i am not sure", "i give up", "explain", "explain it", "please explain",
         "show me", "tell me", "show the answer",
         "不知道", "我不知道", "不会", "不清楚", "不确定", "不懂", "没学过", "我放弃", "讲解", "请讲解", "讲一下",
         "直接告诉我", "告诉我答案", "直接讲解"}
    ),
    "stop": frozenset({"stop", "quit", "end", "exit", "stop the lesson", "结束", "停止", "不学了", "退出", "结束课程"}),
    "continue": frozenset(
        {"go on", "go on with the lesson", "continue", "continue the lesson", "resume", "resume the lesson",
         "继续", "继续课程", "继续学习", "接着学", "回到课程"}
    ),
}  # fmt: skip


def word(message: str) -> str | None:
    """Return what a message bids the lesson do, or None where it is an answer or something else."""
    said = message.strip(" .,!。，！").replace("’", "'").lower()
    return next((name for name, words in _WORDS.items() if said in words), None)


def plan(lesson: Lesson, graph: Graph, language: Language) -> list[str]:
    """Return what the diagnosis showed, and the steps that follow from it."""
    known = [one.concept for one in lesson.shown if one.right == one.asked and one.concept not in lesson.steps]
    lines = [say("guided_showed", language, titles=_titles(known, graph, language))] if known else []
    steps = " → ".join(_title(step, graph, language) for step in lesson.steps)
    lines.append(say("guided_plan", language, titles=steps))
    left = len(lesson.way) - lesson.total - len(known)
    if left > 0 and not known:
        lines.append(say("guided_rest", language, title=_title(lesson.goal, graph, language)))
    return lines


def summary(lesson: Lesson, graph: Graph, language: Language) -> list[str]:
    """Return what was shown of each concept and when it comes back, what is weak, and what was left out."""
    lines = ["\n".join(_line(one, graph, language) for one in lesson.shown)] if lesson.shown else []
    weak = [one.concept for one in lesson.shown if one.after < FIRM]
    if weak:
        lines.append(say("guided_weak", language, titles=_titles(weak, graph, language)))
    if lesson.skipped:
        lines.append(say("guided_left", language, titles=_titles(lesson.skipped, graph, language)))
    return lines


def _line(one: Shown, graph: Graph, language: Language) -> str:
    counts = {"right": str(one.right), "asked": str(one.asked)}
    mastery = {"before": f"{one.before:.0%}", "after": f"{one.after:.0%}"}
    due = one.due.astimezone().date().isoformat()
    return say("guided_shown", language, title=_title(one.concept, graph, language), due=due, **counts, **mastery)


def _titles(concepts: "list[str] | tuple[str, ...]", graph: Graph, language: Language) -> str:
    return ("、" if language == "zh" else ", ").join(_title(concept, graph, language) for concept in concepts)


def _title(concept: str, graph: Graph, language: Language) -> str:
    note = graph.notes.get(concept)
    return note.title_in(language) if note else concept
