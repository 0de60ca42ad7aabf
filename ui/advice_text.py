"""Advice for a terminal: what was understood, the tools that fit and why, and what was ruled out."""

import textwrap
from collections.abc import Iterable
from typing import Final

from knowledge.graph import Graph
from knowledge.vocabulary import Language
from tools.recommend.advice import Advice, Recommendation
from tools.recommend.wording import listed, load
from tools.recommend.wording import say as advise
from ui.advice_messages import say
from ui.advice_understood import condition, shown

_WIDTH: Final = 100  # columns


def advice_text(advice: Advice, graph: Graph, language: Language) -> str:
    """Return the whole advice, ending in a newline."""
    blocks = [_understood(advice, graph, language)]
    if advice.abstained:
        nearest = listed([title for _, title in advice.nearest], language)
        blocks.append([say("abstained", language), f"{say('nearest', language)}: {nearest}" if nearest else ""])
    if advice.question:
        blocks.append(_wrapped("? ", advice.question))
    blocks += [_wrapped("", one.said_in(language)) for one in advice.blocking]
    blocks += [_recommended(number, one, language) for number, one in enumerate(advice.recommendations, 1)]
    if advice.together:
        lines = [line for joint in advice.together for line in _wrapped("  + ", joint.said_in(language, graph))]
        blocks.append([say("together", language), *lines])
    if advice.ruled_out:
        lines = [line for one in advice.ruled_out for line in _wrapped("  ✗ ", one.reason(language))]
        blocks.append([say("ruled_out", language), *lines])
    return "\n\n".join(_joined(block) for block in blocks if _joined(block)) + "\n"


def _understood(advice: Advice, graph: Graph, language: Language) -> list[str]:
    rows: list[tuple[str, str]] = []
    if advice.goals:
        goals = " → ".join(advise(f"goal_{goal.name}", language) for goal in advice.goals)
        guessed = "" if advice.is_sure else f" ({say('guess', language)})"
        rows.append((say("looking_for", language), goals + guessed))
    labels = [str(load("needs")[need.name][language]) for need in advice.needs]
    rows += [(say("needs", language), listed(labels, language))] if labels else []
    for name, said in shown(advice.constraints).items():
        words = condition(name, advice.constraints, lambda tool: graph.notes[tool].title_in(language), language)
        origin = say("read_from", language, words=said.words) if said.words else say("set_by_you", language)
        rows.append((say(said.strength, language), f"{words} ({origin})"))
    rows += [(say("unread", language), f"“{words}”") for words in advice.unread]
    return [line for name, text in rows for line in _wrapped(f"  {name}: ", text)]


def _recommended(number: int, one: Recommendation, language: Language) -> list[str]:
    goal = advise(f"goal_{one.goal}", language)
    checked = say("checked", language, date=one.checked) if one.checked else ""
    stale = f" ({say('stale', language)})" if one.is_stale else ""
    lines = [f"{number}. {one.title}  [{goal}]  {checked}{stale}".rstrip(), *_wrapped("   ", one.why)]
    lines += [line for caveat in one.caveats for line in _wrapped("   ! ", caveat)]
    lines += _wrapped("   ~ ", one.trade_off)
    if one.fit:
        lines += _wrapped("   = ", one.fit.text.said_in(language))
        lines += _wrapped("     ", one.fit.derivation)
    lines += [f"   $ {line}" if not at else f"     {line}" for at, line in enumerate(one.first_command.splitlines())]
    for citation in one.evidence:
        place = citation.heading or say("summary", language)
        lines.append(f"   [{citation.n}] {citation.title} > {place}  {citation.source}")
    return lines


def _wrapped(mark: str, text: str) -> list[str]:
    """Return a text in lines that stand under its mark."""
    return textwrap.wrap(
        text, _WIDTH, initial_indent=mark, subsequent_indent=" " * len(mark), break_on_hyphens=False
    )  # fmt: skip


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(line for line in lines if line.strip())
