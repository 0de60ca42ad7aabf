"""The answer of the Choose page as HTML: the question back, the cards, what is ruled out, or why there is nothing."""

from collections.abc import Sequence
from html import escape
from typing import Final

from knowledge.errors import AtlasError
from knowledge.graph import Graph
from knowledge.note import Note
from knowledge.vocabulary import Language
from tools.recommend.advice import Advice
from tools.recommend.blocking import Blocking
from tools.recommend.exclusion import Exclusion
from tools.recommend.wording import listed
from tools.recommend.wording import say as advise
from ui.advice_card import card_html
from ui.advice_messages import say
from ui.advice_query import CPU, Choice
from ui.advice_understood import condition
from ui.markdown import inline

# What a reader may answer to the question on a goal: the words, and the conditions that they set.
_QUICK: Final[dict[str, tuple[tuple[str, dict[str, str]], ...]]] = {
    "serve": (
        ("quick_laptop", {"accelerators": CPU, "users": "1"}),
        ("quick_mac", {"device": "apple-gpu", "system": "macos"}),
        ("quick_card", {"accelerators": "1x RTX 4090"}),
        ("quick_server", {"accelerators": "8x H100 SXM", "users": "100"}),
    ),
    "fine-tune": (
        ("quick_t4", {"accelerators": "1x T4"}),
        ("quick_card", {"accelerators": "1x RTX 4090"}),
        ("quick_h100", {"accelerators": "8x H100 SXM"}),
    ),
    "store": (
        ("quick_few", {"items": "5000"}),
        ("quick_million", {"items": "1000000"}),
        ("quick_huge", {"items": "300000000"}),
    ),
    "track": (("quick_stay", {"place": "own"}), ("quick_leave", {"place": "hosted"})),
    "trace": (("quick_stay", {"place": "own"}), ("quick_leave", {"place": "hosted"})),
}


def result_html(advice: Advice, choice: Choice, graph: Graph, language: Language) -> str:
    """Return the answer below what was understood."""
    if advice.abstained:
        return _abstained(advice, graph, language)
    blocks = [_question(advice, choice, language)]
    blocks += [_blocked(one, advice, choice, graph, language) for one in advice.blocking]
    for number, one in enumerate(advice.recommendations, 1):
        blocks.append(card_html(one, number, source_of(graph.notes[one.tool]), advice.constraints, language))
    if advice.together:
        lines = "".join(f"<li>{inline(joint.said_in(language, graph))}</li>" for joint in advice.together)
        blocks.append(_section("together", f"<ul>{lines}</ul>", language))
    if advice.ruled_out:
        lines = "".join(_ruled_out(one, language) for one in advice.ruled_out)
        blocks.append(_section("ruled_out", f"<ul>{lines}</ul>", language))
    return "".join(blocks)


def heard(advice: Advice, language: Language) -> str:
    """Return what a screen reader says of an answer."""
    if advice.abstained:
        return say("abstained", language)
    if not advice.recommendations:
        return " ".join(one.said_in(language) for one in advice.blocking)
    titles = listed([one.title for one in advice.recommendations], language)
    key = "found_one" if len(advice.recommendations) == 1 else "found"
    return say(key, language, n=len(advice.recommendations), titles=titles)


def problem_html(error: AtlasError, language: Language) -> str:
    """Return what went wrong and what to do about it."""
    return (
        f'<div class="problem" role="alert"><b>{escape(say("problem", language))}</b> '
        f"{inline(error.told(language))}</div>"
    )


def waiting_html(language: Language) -> str:
    """Return what stands in the place of an answer until the notes are open."""
    return f'<p class="waiting" role="status">{escape(say("waiting", language))}</p>'


def source_of(note: Note) -> str:
    """Return where a note's facts come from: its first source, else its file."""
    return note.sources[0] if note.sources else note.documents[0].path


def _question(advice: Advice, choice: Choice, language: Language) -> str:
    if not advice.question:
        return ""
    goals = [goal.name for goal in advice.goals if goal.name in _QUICK]
    asked = next((goal for goal in goals if advise(f"ask_{goal}", language) == advice.question), "")
    buttons = "".join(
        f'<li><a class="plain" href="{escape(choice.changed(**changes).query())}">{escape(say(key, language))}</a></li>'
        for key, changes in _QUICK.get(asked, ())
    )
    return (
        f'<section class="choose-question"><h3>{escape(say("question", language))}</h3><p>{inline(advice.question)}</p>'
        f"<ul>{buttons}</ul><small>{escape(say('question_then', language))}</small></section>"
    )


def _ruled_out(one: Exclusion, language: Language) -> str:
    words = say("because", language, words=one.words) if one.words else say("by_setting", language)
    return f"<li><b>{inline(one.title)}</b> {inline(one.reason(language))} <q>{inline(words)}</q></li>"


def _abstained(advice: Advice, graph: Graph, language: Language) -> str:
    lines: list[str] = []
    for note, _ in advice.nearest:
        title = graph.notes[note].title_in(language)
        ask = escape(say("ask_about", language, title=title))
        lines.append(f'<li><a class="plain" href="?" data-ask="{ask}">{inline(title)}</a></li>')
    nearest = f"<h4>{escape(say('nearest', language))}</h4><ul>{''.join(lines)}</ul>" if lines else ""
    return (
        f'<section class="choose-none"><h3>{escape(say("abstained", language))}</h3>'
        f"<p>{escape(say('abstained_more', language))}</p>{nearest}</section>"
    )


def _blocked(one: Blocking, advice: Advice, choice: Choice, graph: Graph, language: Language) -> str:
    goal = advise(f"goal_{one.goal}", language)
    if not one.constraints:
        title = inline(say("empty_nothing", language, goal=goal))
        return f'<section class="choose-none"><h3>{title}</h3></section>'

    def name(field: str) -> str:
        return condition(field, advice.constraints, lambda tool: graph.notes[tool].title_in(language), language)

    def way(fields: Sequence[str], tools: Sequence[tuple[str, str]]) -> str:
        titles = listed([graph.notes[tool].title_in(language) for tool, _ in tools], language)
        told = say("drop_gives", language, name=say("and", language).join(map(name, fields)), titles=titles)
        return f'<li><a class="plain" href="{escape(choice.without(*fields).query())}">{inline(told)}</a></li>'

    # Cards bring the demand on the device with them.
    cards = {"device": "accelerators"} if advice.constraints.accelerators else dict[str, str]()
    fields = [cards.get(field, field) for field in one.constraints]
    ways = [((field,), tools) for field, tools in zip(fields, one.tools, strict=True)]
    lines = [way(fields, one.tools[0])] if one.together else [way(*each) for each in ways]
    return (
        f'<section class="choose-none"><h3>{inline(say("empty", language, goal=goal))}</h3>'
        f"<p>{escape(say('drop_all' if one.together else 'drop_one', language))}</p><ul>{''.join(lines)}</ul></section>"
    )


def _section(key: str, html: str, language: Language) -> str:
    return f'<section class="choose-more {key}"><h3>{escape(say(key, language))}</h3>{html}</section>'
