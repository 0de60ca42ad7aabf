"""What the Quiz page shows at one moment: the form, one item, the result, or a problem."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from html import escape
from typing import TYPE_CHECKING, Any, Final

from knowledge.errors import AtlasError
from knowledge.note import Note
from knowledge.vocabulary import Language
from tools.quiz.item import Item
from ui.markdown import inline, neutral
from ui.quiz_card import actions_html, chips_html, form_html, head_html, hints_html, words
from ui.quiz_feedback import after_html, feedback_markdown
from ui.quiz_messages import say
from ui.quiz_sitting import View
from ui.quiz_summary import summary_html

if TYPE_CHECKING:
    from agents.standing import Advice

FORM: Final = "?place=quiz"


@dataclass(frozen=True, slots=True)
class Screen:
    """The parts of the page from top to bottom; `address` is the link that leads back to it."""

    head: str
    address: str = FORM
    stem: str = ""
    figure: Mapping[str, Any] | None = None
    form: str = ""
    hints: str = ""
    actions: str = ""
    feedback: str = ""
    after: str = ""
    token: str = field(
        default_factory=lambda: uuid.uuid4().hex
    )  # differs each time: tells the browser that we answered

    @property
    def link(self) -> str:
        """The hidden link that the page's script keeps the address at."""
        return f'<a href="{escape(self.address)}" data-token="{self.token}" tabindex="-1"></a>'


def form_screen(unfinished: View | None, address: str, language: Language) -> Screen:
    """Return the form, with the way back to what was left before its end."""
    resume = ""
    if unfinished is not None:
        topic = unfinished.quiz.topic or say("whole", language)
        told = say("resume", language, topic=topic, n=unfinished.at + 1, of=len(unfinished.places))
        resume = (
            f'<p class="resume"><span>{words(told)}</span> '
            f'<a href="{escape(address_of(unfinished))}">{escape(say("resume_link", language))}</a></p>'
        )
    return Screen(_state("form") + resume, address)


def waiting_screen(address: str, language: Language) -> Screen:
    """Return what is shown while the notes are being opened; the script asks again."""
    return Screen(_state("waiting") + f'<p class="waiting">{escape(say("waiting", language))}</p>', address)


def problem_screen(problem: AtlasError, address: str, language: Language) -> Screen:
    """Return why there is no quiz, and the way to another."""
    told = f'<div class="problem" role="alert"><b>{inline(problem.message)}</b><br>{inline(problem.remedy)}</div>'
    return Screen(_state("problem"), address, form=told, after=_back(language))


def nothing_screen(notices: Sequence[str], address: str, language: Language) -> Screen:
    """Return that there is nothing to ask, and why."""
    told = f"<h2>{escape(say('nothing', language))}</h2>" + "".join(f"<p>{inline(notice)}</p>" for notice in notices)
    return Screen(_state("nothing"), address, form=f'<div class="result">{told}</div>', after=_back(language))


def lost_screen(address: str, language: Language) -> Screen:
    """Return that a quiz is not to be found."""
    told = (
        f'<div class="problem" role="alert"><b>{escape(say("lost_title", language))}</b><br>'
        f"{escape(say('lost', language))}</div>"
    )
    return Screen(_state("lost"), address, form=told, after=_back(language))


def item_screen(view: View, notes: Mapping[str, Note], language: Language, today: date, problem: str = "") -> Screen:
    """Return the item that is shown; `problem` says why what was entered cannot be graded."""
    place = view.place
    return Screen(
        head=head_html(view, language) + _notices(view),
        address=address_of(view),
        stem=f"{chips_html(place.item, language)}\n\n{neutral(place.item.stem)}",
        figure=_figure(place.item),
        form=form_html(view, language),
        hints=hints_html(place, language),
        actions=(f'<p class="problem" role="alert">{escape(problem)}</p>' if problem else "")
        + actions_html(view, language),
        feedback=feedback_markdown(place, language),
        after=after_html(view, notes, language, today),
    )


def result_screen(
    view: View, notes: Mapping[str, Note], advice: "Sequence[Advice]", language: Language, today: date
) -> Screen:
    """Return the result of a quiz that is done."""
    return Screen(head_html(view, language), address_of(view), form=summary_html(view, notes, advice, language, today))


def address_of(view: View) -> str:
    """Return the link that leads back to a sitting."""
    return f"{FORM}&quiz={view.id}"


def _state(state: str) -> str:
    return f'<div class="quiz-now" data-state="{state}"></div>'


def _notices(view: View) -> str:
    if view.at or not view.quiz.notices:
        return ""
    return "".join(f'<p class="quiz-notice">{inline(notice)}</p>' for notice in view.quiz.notices)


def _back(language: Language) -> str:
    return f'<div class="quiz-actions"><a class="main" href="{FORM}">{escape(say("new_quiz", language))}</a></div>'


def _figure(item: Item) -> Mapping[str, Any] | None:
    return item.exhibit.figure if item.exhibit is not None and item.exhibit.kind == "plot" else None
