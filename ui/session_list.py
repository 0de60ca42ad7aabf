"""The list of a reader's conversations as HTML: by day, each with what can be done to it."""

import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from html import escape

from agents.desk_list import LONGEST_NAME, Listed
from knowledge.vocabulary import Language
from ui.session_messages import say


def list_html(
    sessions: Sequence[Listed], current: str, today: date, zone: tzinfo | None, language: Language, *, words: str = "",
    has_more: bool = False, told: str = "",
) -> str:  # fmt: skip
    """Return the list, the newest first; `told` is HTML that stands above it, `current` the session that is open."""
    parts = [told]
    if not sessions:
        parts.append(f'<p class="none">{escape(say("found_none" if words else "none", language))}</p>')
    day: date | None = None
    for session in sessions:
        at = datetime.fromtimestamp(session.at, UTC).astimezone(zone).date()
        if at != day:
            parts += ["</ul>" if day is not None else "", f"<h3>{escape(_day(at, today, language))}</h3><ul>"]
            day = at
        parts.append(_row(session, session.session == current, language))
    parts.append("</ul>" if day is not None else "")
    if has_more:
        parts.append(f'<button type="button" class="more" data-do="more">{escape(say("more", language))}</button>')
    state = f'data-state="shown" data-words="{escape(words)}" data-token="{uuid.uuid4().hex}"'
    return f'<div class="sessions-now" {state}>{"".join(parts)}</div>'


def waiting_html(language: Language) -> str:
    """Return what stands there until the notes are open."""
    said = escape(say("waiting", language))
    token = uuid.uuid4().hex
    return f'<div class="sessions-now" data-state="waiting" data-token="{token}"><p class="none">{said}</p></div>'


def head_html(language: Language) -> str:
    """Return the title of the list, which opens it on a phone, and the box to search it."""
    title, search = escape(say("title", language)), escape(say("search", language))
    return (
        f'<h2><button type="button" class="fold" aria-expanded="false">{title}</button></h2>'
        f'<input type="search" maxlength="200" aria-label="{search}" placeholder="{search}">'
    )


def deleted_html(title: str, language: Language) -> str:
    """Say that a conversation is deleted, and offer it back."""
    said, undo = escape(say("deleted", language, title=title)), escape(say("undo", language))
    return f'<p class="told" role="status">{said} <button type="button" data-do="undo">{undo}</button></p>'


def problem_html(said: str) -> str:
    """Say what went wrong."""
    return f'<p class="problem" role="alert">{escape(said)}</p>'


def link_html(session: str, *, follows: bool, goes_on: bool = False) -> str:
    """Return the hidden link that the page's script keeps the address at; its token differs each time.

    Where it `follows` something that changed a conversation, the script asks for the list; where the answer `goes_on`
    on another page, for the conversation until it has ended.
    """
    address = f"?session={session}" if session else "?"
    signs = (" data-follows" if follows else "") + (" data-goes-on" if goes_on else "")
    return f'<a href="{address}" data-token="{uuid.uuid4().hex}"{signs} tabindex="-1"></a>'


def file_html(text: str, name: str, kind: str) -> str:
    """Return a file for the page's script to save."""
    token = uuid.uuid4().hex
    return f'<pre hidden data-name="{escape(name)}" data-kind="{kind}" data-token="{token}">{escape(text)}</pre>'


def _row(session: Listed, is_current: bool, language: Language) -> str:
    title = escape(session.title)
    count = say("question", language) if session.turns == 1 else say("questions", language, n=session.turns)
    current = ' aria-current="true"' if is_current else ""
    actions = escape(say("actions", language, title=session.title))
    buttons = "".join(
        f'<button type="button" data-do="{do}">{escape(say(do, language))}</button>'
        for do in ("rename", "markdown", "notebook", "delete")
    )
    return (
        f'<li data-session="{session.session}" data-new-title="{escape(say("new_title", language))}" '
        f'data-longest="{LONGEST_NAME}">'
        f'<a href="?session={session.session}" title="{title} · {escape(count)}"{current}>{title}</a>'
        f'<details><summary aria-label="{actions}">⋯</summary><div class="actions">{buttons}</div></details></li>'
    )


def _day(day: date, today: date, language: Language) -> str:
    if day >= today:
        return say("today", language)
    if day == today - timedelta(days=1):
        return say("yesterday", language)
    if language == "zh":
        return f"{day.month}月{day.day}日" if day.year == today.year else f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {day:%b}" if day.year == today.year else f"{day.day} {day:%b %Y}"
