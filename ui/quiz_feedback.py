"""What the reader is told after an answer: the verdict, the reason with its source, and what it did to mastery."""

from collections.abc import Mapping
from datetime import date, datetime
from html import escape
from typing import TYPE_CHECKING, Final

from knowledge.citation import Citation
from knowledge.note import Note
from knowledge.vocabulary import Language
from learner.mastery import Mastery
from ui.markdown import inline, neutral, web_link
from ui.notes_query import note_query
from ui.quiz_messages import say
from ui.quiz_next import ask_link, title_of
from ui.quiz_sitting import Place, View

if TYPE_CHECKING:
    from tools.quiz.grading import Grade

_SOON: Final = 14  # days
_WRITTEN: Final = frozenset({"cloze", "numeric"})  # what else there is shows its key; the grade of a short answer does


def feedback_markdown(place: Place, language: Language) -> str:
    """Return the verdict and its reason as Markdown."""
    if place.outcome is None:
        return ""
    grade = place.outcome.grade
    kind = "passed" if place.given is not None and place.given.passed else _kind(grade)
    parts = [f'<div class="outcome {kind}">{escape(say(kind, language))}</div>']
    if place.item.type in _WRITTEN and not (grade.correct and _says(place, grade.right)):
        parts.append(f'<div class="key"><b>{inline(say("right_answer", language))}</b></div>\n\n{neutral(grade.right)}')
    parts.append(neutral(grade.feedback))
    if grade.grader == "learner":
        parts.append(f'<div class="quiz-note">{inline(say("overruled", language))}</div>')
    parts += [_cited(citation, language) for citation in place.item.citations]
    return "\n\n".join(part for part in parts if part)


def after_html(view: View, notes: Mapping[str, Note], language: Language, today: date) -> str:
    """Return what the answer changed, and the ways on."""
    place = view.place
    if place.outcome is None:
        return ""
    title = title_of(place.item.concept, notes, language)
    last = view.at + 1 == len(view.places)
    overrule = ""
    if not place.outcome.grade.correct and not (place.given and place.given.passed):
        hint = escape(say("overrule_more", language))
        overrule = (
            f'<button type="button" class="plain" data-do="overrule" title="{hint}">'
            f"{escape(say('overrule', language))}</button>"
        )
    question = say("ask_question", language, stem=" ".join(place.item.stem.split()))
    return (
        f'<div class="learned"><span class="of">{escape(say("mastery", language, title=title))}</span>'
        f"{mastery_html(place.outcome.before, place.outcome.after, language)}"
        f'<span class="when">{escape(review_words(place.outcome.due, today, language))}</span></div>'
        f'<div class="quiz-actions"><button type="button" class="main" data-do="next" aria-keyshortcuts="Enter">'
        f"{escape(say('finish' if last else 'next', language))}</button>{overrule}"
        f"{_note_link(place, language)}{ask_link(question, say('ask_more', language), 'plain')}</div>"
    )


def mastery_html(before: Mastery, after: Mastery, language: Language) -> str:
    """Return how mastery changed, in numbers and as a bar that shows how sure it is."""
    words = say("mastery_change", language, before=percent(before.value), after=percent(after.value))
    return (
        f'<span class="mastery" style="--before: {before.value:.3f}; --now: {after.value:.3f}; --low: {after.low:.3f}; '
        f'--high: {after.high:.3f}" aria-hidden="true"><i></i><i></i><i></i></span><b>{escape(words)}</b>'
    )


def percent(share: float) -> str:
    """Return a share as a whole percentage."""
    return f"{round(100 * share)}%"


def review_words(due: datetime, today: date, language: Language) -> str:
    """Return when a concept comes back."""
    return say("review", language, when=day_words(due, today, language))


def day_words(due: datetime, today: date, language: Language) -> str:
    """Return a day as seen from today."""
    days = (due.astimezone().date() - today).days
    if days <= 0:
        return say("today", language)
    if days == 1:
        return say("tomorrow", language)
    return (
        say("in_days", language, n=days)
        if days <= _SOON
        else say("on_day", language, date=f"{due.astimezone():%Y-%m-%d}")
    )


def _note_link(place: Place, language: Language) -> str:
    """Return the link to the sentence that the answer rests on, in its note; none where it rests on a calculation."""
    if not place.item.citations:
        return ""
    first = place.item.citations[0]
    query = note_query(first.note, first.path, first.start, first.end)
    return f'<a class="plain" href="{escape(query)}">{escape(say("to_note", language))}</a>'


def _kind(grade: "Grade") -> str:
    if grade.correct:
        return "right"
    return "partly" if grade.score > 0 else "wrong"


def _says(place: Place, right: str) -> bool:
    return place.given is not None and place.given.text.casefold() == right.casefold()


def _cited(citation: Citation, language: Language) -> str:
    heading = f' <span class="heading">{inline(citation.heading)}</span>' if citation.heading else ""
    quote = neutral(citation.quote)
    label = inline(say("because", language))
    source = web_link(citation.source)
    return (
        f'<div class="cited">\n<div class="where"><span>{label}</span> <b>{inline(citation.title)}</b>{heading}</div>'
        "\n\n"
        f"{quote}\n\n" + (f'<div class="source">{source}</div>\n' if source else "") + "</div>"
    )
