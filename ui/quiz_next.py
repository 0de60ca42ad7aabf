"""The ways from one concept to the next: what to learn, asked of the tutor or tried in a quiz."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from knowledge.note import Note
from knowledge.vocabulary import Language
from ui.quiz_messages import say

if TYPE_CHECKING:
    from agents.standing import Advice


def advice_html(advice: "Sequence[Advice]", language: Language) -> str:
    """Return what to learn next and why, each with its links; an empty text where there is nothing."""
    if not advice:
        return ""
    lines: list[str] = []
    for each in advice:
        title = ask_link(say("ask_concept", language, title=each.title), each.title)
        quiz = quiz_link(each.concept, say("quiz_on", language), "plain")
        lines.append(f"<li><span>{title}<small>{escape(each.why)}</small></span>{quiz}</li>")
    return f'<section><h3>{escape(say("learn_next", language))}</h3><ul class="advice">{"".join(lines)}</ul></section>'


def ask_link(question: str, label: str, kind: str = "") -> str:
    """Return a link that puts a question into the box of the chat, to be sent or changed."""
    return f'<a class="{kind}" href="?" data-ask="{escape(question)}">{escape(label)}</a>'


def quiz_link(topic: str, label: str, kind: str = "") -> str:
    """Return a link that begins a quiz on a topic."""
    query = urlencode({"place": "quiz", "topic": topic})
    return f'<a class="{kind}" href="?{escape(query)}">{escape(label)}</a>'


def title_of(concept: str, notes: Mapping[str, Note], language: Language) -> str:
    """Return the title of a concept, or its id where its note is gone."""
    return notes[concept].title_in(language) if concept in notes else concept


def concept_links(concept: str, notes: Mapping[str, Note], language: Language) -> tuple[str, str]:
    """Return a concept's title as a link to the tutor, and the link to a quiz on it."""
    title = title_of(concept, notes, language)
    return (
        ask_link(say("ask_concept", language, title=title), title),
        quiz_link(concept, say("quiz_on", language), "plain"),
    )
