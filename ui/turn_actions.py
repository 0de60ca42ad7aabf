"""What a reader may do with an answer: copy it with its sources, have it made again, change its question."""

from typing import Final

from knowledge.citation import Citation
from knowledge.vocabulary import Language
from ui import messages
from ui.calculated import words
from ui.chat import Turn
from ui.markdown import inline

_ACTIONS: Final = ("copy", "again", "edit")


def actions(turn: Turn, language: Language, *, is_last: bool) -> str:
    """Return the links below an answer; the page's script follows them. Only the last answer can be made again."""
    if turn.outcome == "open":
        return ""
    offered = [name for name in _ACTIONS if (name != "copy" or turn.text) and (name != "again" or is_last)]
    links = "".join(
        f'<a href="#{name}-{turn.id}">{inline(messages.say(f"action_{name}", language))}</a>' for name in offered
    )
    return f'<div class="actions">{links}</div>'


def copied(turn: Turn, language: Language) -> str:
    """Return an answer as Markdown, with the sentences it rests on below it."""
    lines = [words(turn)]
    if turn.citations:
        lines.append(f"{messages.say('sources', language)}:")
        lines.append("\n".join(_source(citation) for citation in turn.citations))
    return "\n\n".join(lines)


def editing(turn: Turn | None, language: Language) -> str:
    """Return the line above the box while a question is changed."""
    if turn is None:
        return ""
    said, leave = (inline(messages.say(key, language)) for key in ("editing", "edit_leave"))
    return f'<div class="editing">{said} <button type="button" data-leave="edit">{leave}</button></div>'


def _source(citation: Citation) -> str:
    where = f"{citation.title}, {citation.heading}" if citation.heading else citation.title
    return f"[{citation.n}] {where}: “{' '.join(citation.quote.split())}” {citation.source}".rstrip()
