"""The Quiz page: a form, one item at a time, the result; and callbacks that unpack, call the examiner and render."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import gradio as gr

from knowledge.errors import AtlasError
from knowledge.vocabulary import Language
from tools.quiz.item import LEVELS, Level
from tools.quiz.wish import Source, Wish
from ui import bridge
from ui.markdown import LATEX
from ui.opening import Team
from ui.quiz_export import file_html, form_of
from ui.quiz_form import begins, sitting_named, types_of, wish_of
from ui.quiz_messages import say
from ui.quiz_plot import page_figure
from ui.quiz_response import given_from, is_complete, words_of
from ui.quiz_screen import (
    FORM,
    Screen,
    form_screen,
    item_screen,
    lost_screen,
    nothing_screen,
    problem_screen,
    result_screen,
    waiting_screen,
)
from ui.quiz_sitting import Place, Sitting, Sittings, View
from ui.quiz_start import QuizStart
from ui.quiz_writing import Writings
from ui.visitor import Learner, Reader, Stored, Updates, page_of

if TYPE_CHECKING:
    from agents.atlas import Atlas
    from agents.quizzing import Outcome

_SCRIPT: Final = Path(__file__).with_name("quiz.js")
_PATIENCE_S: Final = 0.5  # the browser asks again


class QuizPage:
    """The part of the page that examines; `reader` tells whose language to use, and `learner` whose record grows."""

    def __init__(self, team: Team, reader: Reader, learner: Learner, today: Callable[[], date] = date.today) -> None:
        self._team, self._reader, self._learner, self._today = team, reader, learner, today
        self._start, self._sittings, self._writings = QuizStart(), Sittings(), Writings()

    def close(self) -> None:
        """End what is being written."""
        self._writings.stop_all()

    def leave(self, page: str) -> None:
        """End what is written for a page that is closed or loaded anew."""
        self._writings.stop(page)

    def forget(self, learner: str) -> None:
        """Forget the open quizzes of a learner."""
        self._sittings.forget(learner)

    # --- layout -------------------------------------------------------------------------------------------------

    def lay_out(self, language: Language) -> None:
        """Place the form and the card."""
        with gr.Column(elem_id="quiz", elem_classes=["place"]):
            self.link = gr.HTML(elem_id="quiz-link")
            self.head = gr.HTML(elem_id="quiz-head")
            self._start.lay_out(language)
            with gr.Column(elem_id="quiz-card"):
                self.stem = gr.Markdown(elem_id="quiz-stem", latex_delimiters=LATEX)
                self.plot = gr.Plot(visible=False, show_label=False, container=False, elem_id="quiz-plot")
                self.form = gr.HTML(elem_id="quiz-form")
                self.hints = gr.HTML(elem_id="quiz-hints")
                self.actions = gr.HTML(elem_id="quiz-actions")
                self.feedback = gr.Markdown(elem_id="quiz-feedback", latex_delimiters=LATEX)
                self.after = gr.HTML(elem_id="quiz-after")
        self.file = gr.HTML(elem_id="quiz-file")
        self.bridge = gr.HTML(elem_id="quiz-bridge", js_on_load=_SCRIPT.read_text(encoding="utf-8"))

    def wire(self, stored: gr.BrowserState) -> None:
        """Answer whatever the reader does at once."""
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "queue": False}
        self._start.begin.click(self.begin, [stored, *self._start.chosen], self._parts(), **quick)
        outputs = [*self._start.chosen, *self._parts(), self.file]
        self.bridge.select(self.act, [stored], outputs, trigger_mode="multiple", **quick)

    def worded(self) -> list[Any]:
        """Return the components that carry words of the page."""
        return self._start.worded()

    def words(self, language: Language) -> Updates:
        """Return the words of the form in a language; what is set stays. The card follows when it is shown anew."""
        return self._start.words(language)

    # --- callbacks ----------------------------------------------------------------------------------------------

    def begin(
        self, stored: Stored, request: gr.Request, source: Source, topic: str | None, level: int, number: int,
        types: list[str],
    ) -> Updates:  # fmt: skip
        """Begin the quiz that the form describes."""
        language = self._reader(stored, request)
        wanted: Level | None = next((known for known in LEVELS if known == level), None)
        subject = str(topic or "").strip() if source == "topic" else ""
        wish = Wish(subject, source, int(number), types_of(types), wanted, language)
        return self._updates(self._begun(wish, FORM, self._learner(stored, request), page_of(request)))

    def act(self, stored: Stored, request: gr.Request, done: gr.EventData) -> Updates:
        """Show a place of the quiz, or do what the reader did on the card."""
        sent = bridge.sent(done)
        language, learner = self._reader(stored, request), self._learner(stored, request)
        if sent.get("do") == "open":
            query = str(sent.get("query", ""))
            return self._opened(query if query.startswith("?") else FORM, language, learner, page_of(request))
        sitting = self._sittings.find(learner, str(sent.get("quiz", "")))
        at = sent.get("at")
        if sitting is None or not isinstance(at, int):
            return self._updates(lost_screen(FORM, language))
        return self._done(str(sent.get("do")), sitting, at, sent, language, learner)

    # --- what is shown ------------------------------------------------------------------------------------------

    def _opened(self, query: str, language: Language, learner: str, page: str) -> Updates:
        try:
            atlas = self._team.atlas(_PATIENCE_S)
        except AtlasError as error:
            return self._updates(problem_screen(error, query, language))
        if atlas is None:
            return self._updates(waiting_screen(query, language))
        named = sitting_named(query)
        if named:
            sitting = self._sittings.find(learner, named)
            if sitting is None:
                return self._updates(lost_screen(query, language))
            return self._updates(self._screen(sitting.view, atlas, language, learner))
        wish = wish_of(query, language)
        if begins(query):
            return self._updates(self._begun(wish, query, learner, page)) | self._start.filled(wish, atlas, language)
        filled = self._start.filled(wish, atlas, language) if query != FORM else self._start.offered(atlas, language)
        return self._updates(form_screen(self._sittings.unfinished(learner), query, language)) | filled

    def _begun(self, wish: Wish, address: str, learner: str, page: str) -> Screen:
        try:
            atlas = self._team.atlas(_PATIENCE_S)
            if atlas is None:
                return waiting_screen(address, wish.language)
            quiz = atlas.examiner.quiz(wish, learner)
        except AtlasError as error:
            return problem_screen(error, address, wish.language)
        if not quiz.items:
            return nothing_screen(quiz.notices, address, wish.language)
        sitting = Sitting(quiz, wish)
        self._sittings.add(learner, sitting)
        self._writings.begin(page, sitting, atlas.examiner.written(quiz, wish, learner))
        return self._screen(sitting.view, atlas, wish.language, learner)

    def _done(
        self, does: str, sitting: Sitting, at: int, sent: Mapping[str, Any], language: Language, learner: str
    ) -> Updates:
        try:
            atlas = self._team.atlas(_PATIENCE_S)
        except AtlasError as error:
            return self._updates(problem_screen(error, FORM, language))
        if atlas is None:
            return self._updates(waiting_screen(FORM, language))
        match does:
            case "hint":
                view = sitting.hint(at)
            case "answer":
                return self._answered(sitting, at, sent, atlas, language, learner)
            case "overrule":
                view = sitting.overrule(at, lambda attempt: atlas.examiner.overrule(attempt, learner))
            case "next":
                view = sitting.go_on(at)
            case "again":
                view = self._again(sitting.view, learner)
            case "save":
                return self._saved(sitting.view, sent.get("form"), atlas, language, learner)
            case _:
                view = sitting.view
        screen = self._screen(view, atlas, language, learner)
        return self._updates(screen, beside=does == "hint")

    def _answered(
        self, sitting: Sitting, at: int, sent: Mapping[str, Any], atlas: "Atlas", language: Language, learner: str
    ) -> Updates:
        view = sitting.view
        if view.is_done or not 0 <= at < len(view.places):
            return self._updates(self._screen(view, atlas, language, learner))
        given = given_from(sent, view.places[at].item)

        def grade(place: Place, seconds: float | None) -> "Outcome":
            if given.passed:
                return atlas.examiner.give_up(place.item, learner, hints=place.hints, quiz=view.quiz.id)
            said = words_of(given, place.item)
            return atlas.examiner.answer(
                place.item, said, learner, hints=place.hints, seconds=seconds, quiz=view.quiz.id
            )

        if not is_complete(given, view.places[at].item):
            problem = say("incomplete", language)
            return self._updates(self._item(sitting.view, atlas, language, problem), beside=True)
        try:
            return self._updates(self._screen(sitting.answer(at, given, grade), atlas, language, learner))
        except AtlasError as error:  # nothing is stored, and what was entered stays to be mended
            return self._updates(self._item(sitting.view, atlas, language, error.told(language)), beside=True)

    def _saved(self, view: View, form: object, atlas: "Atlas", language: Language, learner: str) -> Updates:
        """Give the script the items as a file; those of a quiz that is still taken keep their keys to themselves."""
        wanted, link = form_of(form), {self.link: self._screen(view, atlas, language, learner).link}
        if wanted is None or not view.is_done:
            return link
        items = [place.item for place in view.places]
        return {**link, self.file: file_html(wanted, items, atlas.graph.notes, language)}

    def _again(self, view: View, learner: str) -> View:
        """Ask once more what was answered wrong."""
        wrong = tuple(p.item for p in view.places if p.outcome is not None and not p.outcome.grade.correct)
        if not view.is_done or not wrong:
            return view
        sitting = Sitting(replace(view.quiz, items=wrong, notices=()), replace(view.wish, n=len(wrong)))
        self._sittings.add(learner, sitting)
        return sitting.view

    def _screen(self, view: View, atlas: "Atlas", language: Language, learner: str) -> Screen:
        if not view.is_done:
            return self._item(view, atlas, language)
        concepts = tuple(dict.fromkeys(place.item.concept for place in view.places))
        advice = atlas.examiner.next(learner, concepts, language)
        return result_screen(view, atlas.graph.notes, advice, language, self._today())

    def _item(self, view: View, atlas: "Atlas", language: Language, problem: str = "") -> Screen:
        return item_screen(view, atlas.graph.notes, language, self._today(), problem)

    # --- rendering ----------------------------------------------------------------------------------------------

    def _parts(self) -> list[Any]:
        return [
            self.link, self.head, self.stem, self.plot, self.form, self.hints, self.actions, self.feedback, self.after
        ]  # fmt: skip

    def _updates(self, screen: Screen, *, beside: bool = False) -> Updates:
        """Return a screen as updates; `beside` leaves alone what the reader is entering."""
        updates: Updates = {self.link: screen.link, self.hints: screen.hints, self.actions: screen.actions}
        if beside:
            return updates
        figure = page_figure(screen.figure) if screen.figure is not None else None
        return updates | {
            self.head: screen.head,
            self.stem: screen.stem,
            self.plot: gr.Plot(figure, visible=figure is not None),
            self.form: screen.form,
            self.feedback: screen.feedback,
            self.after: screen.after,
        }
