"""Tools side by side as HTML: which are compared, the way to change that, and the table."""

from collections.abc import Sequence
from html import escape
from typing import Final

from knowledge.errors import AtlasError
from knowledge.graph import Graph
from knowledge.note import Note
from knowledge.vocabulary import TASKS, Language
from tools.recommend.comparison import Cell, Comparison
from tools.recommend.task import goal_of
from tools.recommend.wording import listed
from tools.recommend.wording import named as vocabulary
from tools.recommend.wording import say as advise
from ui.advice_card import title_html
from ui.advice_messages import say
from ui.advice_query import Choice
from ui.advice_result import problem_html, source_of
from ui.markdown import inline, web_link
from ui.quiz_card import words

_LISTED: Final = frozenset({"hardware", "platforms"})  # cells that list terms of the notes' vocabulary


def comparison_html(
    tools: Sequence[str], choice: Choice, graph: Graph, found: Comparison | AtlasError | None, language: Language
) -> str:
    """Return the section on some tools: without a table until the reader asks for it.

    `tools` are ids, or names that are none of the notes; `found` is the table, or why there is none.
    """
    title = f'<h3 tabindex="-1">{escape(say("compare", language))}</h3>'
    chips = _chips(tools, choice, graph, language)
    if found is None:
        told = f'<p class="empty">{escape(say("needs_two", language))}</p>' if len(tools) == 1 else ""
        address = escape(choice.comparing(tuple(tools)).query())
        told += f'<a class="plain" href="{address}">{escape(say("compare_these", language))}</a>' if tools[1:] else ""
        return f"{title}{chips}{told}"
    close = escape(choice.comparing(()).query())
    closing = f'<a class="choose-reset" href="{close}">{escape(say("close", language))}</a>' if choice.task else ""
    if isinstance(found, AtlasError):
        return f"{title}{chips}{problem_html(found, language)}{closing}"
    return f"{title}{chips}{table_html(found, graph, language)}{closing}"


def table_html(comparison: Comparison, graph: Graph, language: Language) -> str:
    """Return the table; a cell that quotes a note names the place of its sentence."""
    heads = "".join(
        f'<th scope="col">{title_html(title, source_of(graph.notes[tool]))}</th>' for tool, title in comparison.tools
    )
    rows = "".join(
        f'<tr><th scope="row">{inline(advise(f"criterion_{criterion}", language))}</th>'
        + "".join(f"<td>{_cell(criterion, cell, language)}</td>" for cell in cells)
        + "</tr>"
        for criterion, cells in comparison.rows
    )
    titles = listed([title for _, title in comparison.tools], language)
    caption = inline(say("table", language, titles=titles))
    return (
        f'<div class="choose-table" tabindex="0" role="region" aria-label="{caption}"><table>'
        f'<thead><tr><th scope="col">{escape(say("criterion", language))}</th>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def worded(criterion: str, text: str, language: Language) -> str:
    """Return a cell's terms of the notes' vocabulary in the reader's words."""
    if criterion in _LISTED:
        return vocabulary(text, language)
    if criterion == "tasks":
        goals = (advise(f"goal_{goal_of(task)}", language) if task in TASKS else task for task in text.split(", "))
        return listed(list(dict.fromkeys(goals)), language)
    return text


def _cell(criterion: str, cell: Cell, language: Language) -> str:
    if not cell.text:
        return f'<span class="empty">{escape(say("not_said", language))}</span>'
    html = words(worded(criterion, cell.text, language))
    if cell.citation is None:
        return html
    place = inline(cell.citation.heading or say("summary", language))
    return f'<q>{html}</q><span class="where">{place} {web_link(cell.source)}</span>'


def _chips(tools: Sequence[str], choice: Choice, graph: Graph, language: Language) -> str:
    chips: list[str] = []
    for tool in tools:
        title = graph.notes[tool].title_in(language) if tool in graph.notes else tool
        rest = tuple(one for one in tools if one != tool)
        remove = escape(say("remove", language, name=title))
        chips.append(
            f'<li><b>{inline(title)}</b> <a href="{escape(choice.comparing(rest).query())}" aria-label="{remove}" '
            f'title="{remove}">×</a></li>'
        )
    return f'<ul class="choose-chips">{"".join(chips)}</ul>{_adding(tools, graph, language)}'


def _adding(tools: Sequence[str], graph: Graph, language: Language) -> str:
    others = sorted(_titles(graph, language, tools), key=str.lower)
    offered = "".join(f'<option value="{escape(title)}"></option>' for title in others)
    label = escape(say("compare_more", language))
    return (
        f'<form id="choose-add" data-tools="{escape(",".join(tools))}" autocomplete="off">'
        f'<label class="unseen" for="choose-adding">{label}</label>'
        f'<input id="choose-adding" type="text" list="choose-tools" placeholder="{label}" spellcheck="false">'
        f'<button type="submit" class="plain">{escape(say("add", language))}</button>'
        f'<datalist id="choose-tools">{offered}</datalist></form>'
    )


def _titles(graph: Graph, language: Language, without: Sequence[str]) -> list[str]:
    notes: list[Note] = [note for note in graph.notes.values() if note.tool and note.id not in without]
    return [note.title_in(language) for note in notes]
