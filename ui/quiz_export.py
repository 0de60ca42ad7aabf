"""The items of a finished quiz as a file to keep: for Anki, for readers, for tables and for other programs."""

import base64
import uuid
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final, Literal, get_args

from knowledge.note import Note
from knowledge.vocabulary import Language
from tools.quiz.item import Item
from ui.quiz_messages import say

Form = Literal["anki", "markdown", "csv", "json"]
_FILES: Final[Mapping[Form, tuple[str, str]]] = {
    "anki": ("apkg", "application/octet-stream"),
    "markdown": ("md", "text/markdown"),
    "csv": ("csv", "text/csv"),
    "json": ("json", "application/json"),
}


def form_of(name: object) -> Form | None:
    """Return the form of that name, or None where there is none."""
    return next((form for form in get_args(Form) if form == name), None)


def export_html(language: Language) -> str:
    """Return the buttons that save a quiz, one for each form."""
    buttons = "".join(
        f'<button type="button" class="plain" data-do="save" data-form="{form}">'
        f"{escape(say(f'save_{form}', language))}</button>"
        for form in get_args(Form)
    )
    return f'<section><h3>{escape(say("save", language))}</h3><div class="quiz-actions">{buttons}</div></section>'


def file_html(form: Form, items: Sequence[Item], notes: Mapping[str, Note], language: Language) -> str:
    """Return a file for the page's script to save, its bytes in base64."""
    ending, kind = _FILES[form]
    content = base64.b64encode(_written(form, items, notes, language)).decode()
    return (
        f'<pre hidden data-name="llm-atlas-quiz.{ending}" data-kind="{kind}" data-token="{uuid.uuid4().hex}">'
        f"{content}</pre>"
    )


def _written(form: Form, items: Sequence[Item], notes: Mapping[str, Note], language: Language) -> bytes:
    from tools.export import anki, markdown, quiz_file, table  # noqa: PLC0415 - loads after the page is up

    match form:
        case "anki":
            return anki.package(items, notes)
        case "markdown":
            return markdown.page(items, notes, language).encode()
        case "csv":
            return table.csv_text(items).encode()
        case "json":
            return quiz_file.dumped(items).encode()
