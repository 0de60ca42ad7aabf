"""A learner's record as the Progress page handles it: whose it is, taking it along, adding to it, deleting it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Final

from knowledge.errors import UserMistake
from knowledge.translation import translated
from knowledge.vocabulary import Language
from ui.progress_learner import is_anonymous
from ui.progress_messages import say

if TYPE_CHECKING:
    from learner.store import AttemptStore  # loads the database's library, after the page is up

MOST_MIB: Final = 8  # of a file that is added on the page; the command line takes any


def record_html(learner: str, attempts: int, others: Sequence[str], language: Language, *, named: bool) -> str:
    """Return whose record it is, and what can be done with it; `others` are the learners one may go by."""
    nameless = is_anonymous(learner)
    told = say("anonymous", language) if nameless else say("by_name", language, name=learner)
    parts = [f"<h3>{escape(say('record', language))}</h3><p>{escape(told)}</p>"]
    if named:
        parts.append(_naming(learner, attempts, others, language))
    buttons = [
        f'<label class="plain file"><span>{escape(say("import", language))}</span>'
        f'<input type="file" accept=".jsonl,.json,.ndjson" data-most="{MOST_MIB}" '
        f'data-too-large="{escape(say("too_large", language, mib=MOST_MIB))}"></label>'
    ]
    if attempts:
        buttons.insert(0, _button("export", "export", language))
        buttons.append(
            f'<button type="button" class="plain bad" data-ask-first>{escape(say("delete", language))}</button>'
        )
    parts.append(f'<div class="quiz-actions">{"".join(buttons)}</div>')
    parts.append(
        f'<div class="sure" role="alertdialog" hidden><p>{escape(say("delete_sure", language, n=attempts))}</p>'
        f'<div class="quiz-actions">{_button("delete", "delete_yes", language, "bad")}'
        f'<button type="button" class="plain" data-keep>{escape(say("delete_no", language))}</button></div></div>'
    )
    return f'<section class="record">{"".join(parts)}</section>'


def exported(store: "AttemptStore", learner: str, now: datetime) -> str:
    """Return the record as JSON lines.

    Raises UserMistake for a learner without attempts.
    """
    from learner.transfer import export  # noqa: PLC0415 - loads the database's library, after the page is up

    return "".join(export(store, learner, now))


def added(
    store: "AttemptStore", learner: str, text: str, now: datetime, concepts: Collection[str], language: Language
) -> str:
    """Add the attempts of a file to a learner's record; say what became of them.

    Raises UserMistake, with nothing stored, for a file that is none of ours or too large.
    """
    from learner.transfer import load  # noqa: PLC0415 - loads the database's library, after the page is up

    if len(text.encode()) > MOST_MIB * 2**20:
        raise UserMistake(say("too_large", language, mib=MOST_MIB))
    report = load(store, learner, [text], now, concepts=concepts)
    told = [say("imported", language, added=report.added, known=report.known)]
    if report.refused:
        first = report.refused[0]
        reason = translated(first.reason, language)
        told.append(say("refused", language, n=report.refused_count, line=first.line, reason=reason))
    if report.unknown:
        told.append(say("unknown", language, n=report.unknown.total()))
    return " ".join(told)


def brought_along(store: "AttemptStore", learner: str, name: str, now: datetime) -> None:
    """Move a learner's record to another name, where it joins what is there.

    Raises UserMistake, with both records kept, where some of it cannot be joined.
    """
    from learner.transfer import export, load  # noqa: PLC0415 - loads the database's library, after the page is up

    if store.mark(learner).changes:
        report = load(store, name, export(store, learner, now), now)
        if report.refused:
            reason = report.refused[0].reason
            remedy = "The old record is kept; export it to look into it."
            raise UserMistake(f"{report.refused_count} answers cannot be brought along: {reason}.", remedy)
        store.delete(learner)


def _naming(learner: str, attempts: int, others: Sequence[str], language: Language) -> str:
    nameless = is_anonymous(learner)
    known = "".join(f'<option value="{escape(other)}"></option>' for other in others)
    bring = (
        f'<label class="bring"><input type="checkbox"{" checked" if nameless else ""}> '
        f"{escape(say('bring', language))}</label>"
        if attempts
        else ""
    )
    leave = "" if nameless else _button("leave", "leave_name", language)
    return (
        f'<form class="naming" autocomplete="off"><label><span>{escape(say("name", language))}</span>'
        f'<input type="text" maxlength="80" list="learners" required></label><datalist id="learners">{known}</datalist>'
        f'<button type="submit" class="plain">{escape(say("switch", language))}</button>{leave}{bring}</form>'
        f'<p class="quiz-note">{escape(say("name_more", language))}</p>'
    )


def _button(does: str, label: str, language: Language, kind: str = "") -> str:
    return f'<button type="button" class="plain {kind}" data-do="{does}">{escape(say(label, language))}</button>'
