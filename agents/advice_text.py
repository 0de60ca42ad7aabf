"""Advice and comparisons as the team speaks of them: Markdown with marks, written by no model."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from agents.phrases import say
from knowledge.citation import Citation
from knowledge.graph import Graph
from knowledge.vocabulary import Language
from tools.recommend.advice import Advice, Recommendation
from tools.recommend.comparison import Cell, Comparison
from tools.recommend.constraints import Constraints
from tools.recommend.task import goal_of
from tools.recommend.wording import listed, load, named
from tools.recommend.wording import say as worded

_VOCABULARY: Final = frozenset({"device", "system"})  # constraints whose values are terms with words of their own
_TOOLS: Final = frozenset({"named", "used", "excluded"})
_WISHES: Final = frozenset({"system", "licence", "place", "offline", "budget", "language", "skill", "format"})
_TERMS: Final = frozenset({"hardware", "platforms"})  # criteria whose cells are lists of terms


@dataclass(frozen=True, slots=True)
class Head:
    """Words with marks, and the citations of the marks."""

    text: str
    citations: tuple[Citation, ...] = ()


def advised(advice: Advice, graph: Graph) -> Head:
    """Return advice in its own language: what was understood, the tools, what was ruled out, what is asked back."""
    language = advice.language
    parts = [understood(advice)]
    before = [None, *advice.recommendations]
    parts += [_tool(n, one, before[n - 1], language) for n, one in enumerate(advice.recommendations, 1)]
    if advice.together:
        joints = [joint.said_in(language, graph) for joint in advice.together]
        parts.append(_titled("advice_together", joints, language))
    parts += [f"**{one.said_in(language)}**" for one in advice.blocking]
    if advice.ruled_out:
        reasons = [one.reason(language) for one in advice.ruled_out]
        parts.append(_titled("advice_ruled_out", reasons, language))
    if advice.question:
        parts.append(f"**{say('advice_question', language)}** {advice.question}")
    citations = tuple(citation for one in advice.recommendations for citation in one.evidence)
    return Head("\n\n".join(part for part in parts if part), citations)


def understood(advice: Advice) -> str:
    """Return what was read from a task, what was not, and how to correct it."""
    language = advice.language
    goals = [worded(f"goal_{goal.name}", language) for goal in advice.goals]
    stated = _stated(advice.constraints, language)
    # A need that was read from the words of a constraint is that constraint.
    words = " ".join(said.words for said in advice.constraints.said.values()).lower()
    wishes = [str(load("needs")[n.name][language]) for n in advice.needs if n.words.lower() not in words]
    line = f"**{say('advice_understood', language)}** {' · '.join([*goals, *stated, *wishes])}"
    lines = [line]
    if advice.unread:
        quoted = "; ".join(f"“{clause}”" for clause in advice.unread)
        lines.append(say("advice_unread", language, clauses=quoted))
    lines.append(f"*{say('advice_correct', language)}*")
    return "\n\n".join(lines)


def compared(comparison: Comparison) -> Head:
    """Return a comparison as a table; each quoted sentence carries its mark."""
    language = comparison.language
    citations: list[Citation] = []
    rows = [[_cell(criterion, cell, language, citations) for cell in cells] for criterion, cells in comparison.rows]
    labels = [worded(f"criterion_{criterion}", language) for criterion, _ in comparison.rows]
    titles = [_escaped(title) for _, title in comparison.tools]
    lines = [_row("", titles), _row(":--", [":--"] * len(titles))]
    lines += [_row(f"**{label}**", cells) for label, cells in zip(labels, rows, strict=True)]
    return Head("\n".join(lines), tuple(citations))


def _tool(number: int, one: Recommendation, before: Recommendation | None, language: Language) -> str:
    """Return a tool; a calculation that came out the same for the one before it is not told again."""
    lines = [f"### {number}. {one.title} · {worded(f'goal_{one.goal}', language)}", one.why]
    if one.fit:
        same = before is not None and before.fit is not None and before.fit.text == one.fit.text
        fit = say("advice_fit_same", language) if same else one.fit.text.said_in(language)
        derivation = "" if same or not one.fit.derivation else f"  \n*{one.fit.derivation}*"
        lines.append(f"**{say('advice_fit', language)}** {fit}{derivation}")
    if one.trade_off:
        lines.append(one.trade_off)
    if one.caveats:
        lines.append("\n".join(f"- ⚠ {caveat}" for caveat in one.caveats))
    if one.first_command:
        lines.append(f"{say('advice_begin', language)}\n\n```bash\n{one.first_command.strip()}\n```")
    return "\n\n".join(lines)


def _stated(constraints: Constraints, language: Language) -> list[str]:
    """Return each constraint in the words it was read from; cards by their names, since words may stand for one."""
    found: dict[str, None] = {}
    for name, said in constraints.said.items():
        if name == "device" and constraints.accelerators:
            continue
        text = _value(name, constraints) or said.words
        if name in _TOOLS:
            text = say(f"advice_{name}", language, tools=text)
        elif name in _VOCABULARY:
            text = named(text, language)
        is_firm = said.strength == "hard" or name not in _WISHES
        found.setdefault(text if is_firm else say("advice_soft", language, words=text))
    return list(found)


def _value(name: str, constraints: Constraints) -> str:
    """Return the value of a constraint where it tells more than the words it was read from."""
    value: Any = getattr(constraints, name)
    if name == "accelerators":
        return ", ".join(f"{card.count} × {card.name}" for card in constraints.accelerators)
    if name in _TOOLS:
        return ", ".join(value)
    return str(value) if name in {*_VOCABULARY, "model"} else ""


def _titled(key: str, lines: Sequence[str], language: Language) -> str:
    return "\n".join([f"**{say(key, language)}**\n", *(f"- {line}" for line in lines)])


def _cell(criterion: str, cell: Cell, language: Language, citations: list[Citation]) -> str:
    """Return a cell; the citation of a quoted sentence joins the others under its number."""
    if cell.citation is None:
        return _escaped(_in_words(criterion, cell.text, language))
    known = next((c for c in citations if (c.path, c.start) == (cell.citation.path, cell.citation.start)), None)
    if known is None:
        known = replace(cell.citation, n=len(citations) + 1)
        citations.append(known)
    return f"{_escaped(cell.text)} [{known.n}]"


def _in_words(criterion: str, text: str, language: Language) -> str:
    """Return what a cell says, with words for the terms of the vocabulary."""
    if criterion == "tasks":
        goals = dict.fromkeys(goal_of(task) for task in text.split(", "))
        return listed([worded(f"goal_{goal}", language) for goal in goals], language)
    return named(text, language) if criterion in _TERMS else text


def _row(label: str, cells: Sequence[str]) -> str:
    return f"| {' | '.join([label, *cells])} |"


def _escaped(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
