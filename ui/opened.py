"""The link below an answer to the place of the page where it can be changed, or looked at further."""

from typing import Any, Final
from urllib.parse import urlencode

from agents.events import Opens
from knowledge.vocabulary import Language
from ui import messages
from ui.advice_query import Choice
from ui.chat import Turn
from ui.markdown import inline

_LONGEST: Final = 1500  # characters of a task in a link


def rows(turn: Turn, language: Language) -> list[dict[str, Any]]:
    """Return the message with the link; none where the answer has nowhere to lead to."""
    if turn.answer is None or turn.answer.opens is None:
        return []
    where = turn.answer.opens
    said = inline(messages.say(_words(where), language))
    return [{"role": "assistant", "content": f'<a class="calculate" href="{inline(link(where))}">{said}</a>'}]


def link(where: Opens) -> str:
    """Return the query that opens a place with what an answer is about."""
    if where.place == "choose":
        return Choice(where.subject[:_LONGEST], compare=where.tools or None).query()
    return "?" + urlencode({"place": "fix", **({"pitfall": where.subject} if where.subject else {})})


def _words(where: Opens) -> str:
    if where.place == "choose":
        return "open_compare" if where.tools else "open_choose"
    return "open_fix" if where.subject else "open_unknown"
