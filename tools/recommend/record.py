"""Advice and comparisons as JSON objects, in the reader's language."""

from typing import Any, cast

from knowledge.citation import Citation
from knowledge.graph import Graph
from knowledge.vocabulary import TASKS, Language
from tools.recommend.advice import Advice, Recommendation
from tools.recommend.blocking import Blocking
from tools.recommend.comparison import Comparison
from tools.recommend.constraints import Constraints
from tools.recommend.fit import Fit
from tools.recommend.wording import load, say


def record(advice: Advice, graph: Graph, language: Language | None = None) -> dict[str, Any]:
    """Return the advice as one JSON object."""
    speak = language or advice.language
    return {
        "task": advice.task,
        "language": speak,
        "constraints": understood(advice.constraints),
        "tasks": [
            {"task": task, "meaning": TASKS[task], "goal": goal.name} for goal in advice.goals for task in goal.tasks
        ],
        "needs": [
            {"need": need.name, "label": load("needs")[need.name][speak], "words": need.words} for need in advice.needs
        ],
        "recommendations": [_recommendation(one, speak) for one in advice.recommendations],
        "ruled_out": [
            {"tool": one.tool, "title": one.title, "code": one.code, "reason": one.reason(speak), "words": one.words}
            for one in advice.ruled_out
        ],
        "together": [joint.said_in(speak, graph) for joint in advice.together],
        "question": advice.question,
        "abstained": advice.abstained,
        "nearest": [{"note": note, "title": title} for note, title in advice.nearest],
        "understood_by": advice.by,
        "sure": advice.is_sure,
        "unread": list(advice.unread),
        "blocking": [_blocking(one, speak) for one in advice.blocking],
    }


def understood(constraints: Constraints) -> dict[str, Any]:
    """Return the constraints that are set, each with the words it was read from and whether it is hard."""
    found: dict[str, Any] = {}
    for name, said in constraints.said.items():
        value: object = getattr(constraints, name)
        if name == "accelerators":
            value = [
                {"name": card.name, "count": card.count, "memory_gb": card.memory_gb, "taken_for": card.taken_for}
                for card in constraints.accelerators
            ]
        if isinstance(value, tuple):
            value = list(cast("tuple[str, ...]", value))
        found[name] = {"value": value, "words": said.words, "strength": said.strength}
    return found


def tabled(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison as one JSON object."""
    return {
        "tools": [{"tool": tool, "title": title} for tool, title in comparison.tools],
        "rows": [
            {
                "criterion": criterion,
                "label": say(f"criterion_{criterion}", comparison.language),
                "cells": [
                    {"text": c.text, "source": c.source, "citation": cited(c.citation) if c.citation else None}
                    for c in cells
                ],
            }
            for criterion, cells in comparison.rows
        ],
    }


def cited(citation: Citation) -> dict[str, Any]:
    """Return a citation as JSON."""
    return {
        "n": citation.n,
        "note": citation.note,
        "title": citation.title,
        "heading": citation.heading,
        "quote": citation.quote,
        "start": citation.start,
        "end": citation.end,
        "source": citation.source,
    }


def _recommendation(one: Recommendation, language: Language) -> dict[str, Any]:
    return {
        "tool": one.tool,
        "title": one.title,
        "goal": one.goal,
        "goal_label": say(f"goal_{one.goal}", language),
        "score": one.score,
        "why": one.why,
        "evidence": [cited(citation) for citation in one.evidence],
        "caveats": list(one.caveats),
        "trade_off": one.trade_off,
        "fit": _fit(one.fit, language) if one.fit else None,
        "first_command": one.first_command,
        "checked": one.checked,
        "stale": one.is_stale,
    }


def _blocking(one: Blocking, language: Language) -> dict[str, Any]:
    return {
        "goal": one.goal,
        "goal_label": say(f"goal_{one.goal}", language),
        "text": one.said_in(language),
        "together": one.together,
        "constraints": [
            {
                "constraint": name,
                "label": say(f"field_{name}", language),
                "words": words,
                "tools": [{"tool": tool, "title": title} for tool, title in tools],
            }
            for name, words, tools in zip(one.constraints, one.words, one.tools, strict=True)
        ],
    }


def _fit(fit: Fit, language: Language) -> dict[str, Any]:
    return {
        "verdict": fit.verdict,
        "text": fit.text.said_in(language),
        "derivation": fit.derivation,
        "format": fit.format,
        "method": fit.method,
        "needed_bytes": fit.needed,
        "available_bytes": fit.available,
    }
