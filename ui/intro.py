"""How a place begins: its name, and a line on what it is for."""

from collections.abc import Callable
from html import escape

from knowledge.vocabulary import Language

Say = Callable[[str, Language], str]


def intro_html(say: Say, language: Language) -> str:
    """Return the heading of a place, from its messages `title` and `intro`."""
    return f'<div class="intro"><h2>{escape(say("title", language))}</h2><p>{escape(say("intro", language))}</p></div>'
