"""The Progress page: where a learner stands, what to do next, and what to do with the record."""

import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlencode

import gradio as gr

from knowledge.errors import AtlasError
from knowledge.note import Note
from knowledge.vocabulary import Language
from learner.course import course
from learner.pace import time_left
from learner.progress import Progress
from ui import bridge
from ui.markdown import inline
from ui.opening import Team
from ui.progress_html import concepts_html, head_html, next_html, path_html, sketch_html
from ui.progress_learner import anonymous, is_anonymous, known_learner
from ui.progress_messages import say
from ui.progress_plot import Plain, course_plot, forecast_plot, history_plot, stage_plot
from ui.progress_record import added, brought_along, exported, record_html
from ui.progress_time import time_text
from ui.quiz_plot import page_figure
from ui.visitor import Learner, Reader, Stored, Updates

if TYPE_CHECKING:
    from agents.atlas import Atlas

_SCRIPT: Final = Path(__file__).with_name("progress.js")
_PATIENCE_S: Final = 0.5  # the browser asks again
_PLACE: Final = "?place=progress"
_LONGEST: Final = 300  # characters of a goal in a link


class ProgressPage:
    """The part of the page that shows a record; `forget` is told of a learner whose record is gone."""

    def __init__(
        self,
        team: Team,
        reader: Reader,
        learner: Learner,
        *,
        named_learners: bool,
        forget: Callable[[str], None],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._team, self._reader, self._learner = team, reader, learner
        self._named, self._forget, self._clock = named_learners, forget, clock

    # --- layout -------------------------------------------------------------------------------------------------

    def lay_out(self, language: Language) -> None:
        """Place the parts from top to bottom."""
        with gr.Column(elem_id="progress", elem_classes=["place"]):
            self.link = gr.HTML(elem_id="progress-link")
            self.head = gr.HTML(sketch_html(language), elem_id="progress-head")
            self.next = gr.HTML(elem_id="progress-next")
            self.plots = {
                name: gr.Plot(visible=False, label=say(name, language), elem_id=f"progress-{name}")
                for name in ("course", "stages", "forecast", "history")
            }
            with gr.Column(elem_id="progress-path"):
                self.goal = gr.Dropdown(
                    [], value="", allow_custom_value=True, num_choices_shown=None, label=say("goal", language),
                    elem_id="progress-goal",
                )  # fmt: skip
                self.path = gr.HTML(elem_id="progress-steps")
            self.concepts = gr.HTML(elem_id="progress-concepts")
            self.record = gr.HTML(elem_id="progress-record")
            self.file = gr.HTML(elem_id="progress-file")
        self.bridge = gr.HTML(elem_id="progress-bridge", js_on_load=_SCRIPT.read_text(encoding="utf-8"))

    def wire(self, stored: gr.BrowserState) -> None:
        """Answer whatever the reader does at once."""
        self._stored = stored
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "queue": False}
        self.bridge.select(self.act, [stored], [stored, self.goal, self.file, *self._parts()], **quick)
        self.goal.input(self.way, [stored, self.goal], [self.link, self.path], **quick)

    def worded(self) -> list[Any]:
        """Return the components that carry words of the page; the others follow when it is shown anew."""
        return [self.goal, self.head, *self.plots.values()]

    def words(self, language: Language) -> Updates:
        """Return the words of the page in a language."""
        plots = {plot: gr.Plot(label=say(name, language)) for name, plot in self.plots.items()}
        return {self.goal: gr.Dropdown(label=say("goal", language)), self.head: sketch_html(language), **plots}

    # --- callbacks ----------------------------------------------------------------------------------------------

    def act(self, stored: Stored, request: gr.Request, done: gr.EventData) -> Updates:
        """Show the record, or do with it what the reader wants."""
        sent = bridge.sent(done)
        language = self._reader(stored, request)
        try:
            atlas = self._team.atlas(_PATIENCE_S)
            if atlas is None:
                return self._only(_state("waiting") + f'<p class="waiting">{escape(say("waiting", language))}</p>')
            if sent.get("do") == "open":
                return self._shown(atlas, self._learner(stored, request), language, query=str(sent.get("query", "")))
            return self._done(atlas, self._learner(stored, request), stored, sent, language)
        except AtlasError as error:
            return {**self._notice(error, language), self.link: bridge.link(_PLACE)}

    def way(self, stored: Stored, request: gr.Request, goal: str | None) -> Updates:
        """Show the way to a goal."""
        language = self._reader(stored, request)
        atlas = self._team.atlas(_PATIENCE_S)
        if atlas is None:
            return {self.path: f'<p class="waiting">{escape(say("waiting", language))}</p>'}
        wanted = str(goal or "").strip()[:_LONGEST]
        return {
            self.link: bridge.link(_address(wanted)),
            self.path: self._path(atlas, wanted, self._learner(stored, request), language),
        }

    # --- doing --------------------------------------------------------------------------------------------------

    def _done(
        self, atlas: "Atlas", learner: str, stored: Stored, sent: Mapping[str, Any], language: Language
    ) -> Updates:
        store, now = atlas.examiner.store, self._clock()
        match sent.get("do"):
            case "export":
                text = exported(store, learner, now)
                return {self.file: _file(text, f"llm-atlas-{now:%Y-%m-%d}.jsonl"), self.link: bridge.link(_PLACE)}
            case "import":
                told = added(store, learner, str(sent.get("text", "")), now, atlas.graph.notes, language)
                return self._shown(atlas, learner, language, notice=told)
            case "delete":
                count = store.delete(learner)
                self._forget(learner)
                return self._shown(atlas, learner, language, notice=say("deleted", language, n=count))
            case "switch" if self._named:
                return self._switched(atlas, learner, stored, sent, language)
            case "leave":
                nameless = anonymous()
                told = say("left", language)
                return {**self._shown(atlas, nameless, language, notice=told), **self._kept(stored, nameless)}
            case _:
                return self._shown(atlas, learner, language)

    def _switched(
        self, atlas: "Atlas", learner: str, stored: Stored, sent: Mapping[str, Any], language: Language
    ) -> Updates:
        name = known_learner(str(sent.get("name", "")), named=True)
        if not name or is_anonymous(name):  # the record of another browser is not to be had by its name
            return self._shown(atlas, learner, language)
        if sent.get("bring") is True and name != learner:
            brought_along(atlas.examiner.store, learner, name, self._clock())
            self._forget(learner)
        told = say("switched", language, name=name)
        return {**self._shown(atlas, name, language, notice=told), **self._kept(stored, name)}

    # --- rendering ----------------------------------------------------------------------------------------------

    def _parts(self) -> list[Any]:
        return [self.link, self.head, self.next, *self.plots.values(), self.path, self.concepts, self.record]

    def _shown(
        self, atlas: "Atlas", learner: str, language: Language, *, query: str | None = None, notice: str = ""
    ) -> Updates:
        examiner, notes = atlas.examiner, atlas.graph.notes
        progress, today = examiner.progress(learner), _today(self._clock())
        goal = None if query is None else _goal(query)
        updates: Updates = {
            self.link: bridge.link(_address(goal or "")),
            self.head: _state("shown") + _told(notice) + head_html(progress, language),
            self.next: next_html(examiner.next(learner, (), language), progress, notes, language),
            self.concepts: concepts_html(progress, notes, language, today),
            self.record: record_html(
                learner, progress.attempts, self._others(atlas, learner), language, named=self._named
            ),
        }
        for name, drawn in self._drawn(progress, notes, language).items():
            updates[self.plots[name]] = gr.Plot(page_figure(drawn) if drawn else None, visible=drawn is not None)
        choices = sorted((note.title_in(language), note.id) for note in notes.values())
        if goal is None:
            return updates
        return updates | {
            self.goal: gr.Dropdown(choices=[("", ""), *choices], value=goal),
            self.path: self._path(atlas, goal, learner, language),
        }

    def _drawn(self, progress: Progress, notes: Mapping[str, Note], language: Language) -> dict[str, Plain | None]:
        """Return the plots that there is something to draw for."""
        now = self._clock().astimezone()
        stage_of = {note.id: note.stage for note in notes.values()}
        moments = course(progress.concepts, stage_of, now, now.tzinfo or UTC)
        has_any = progress.attempts > 0
        return {
            "course": course_plot(moments, language) if moments else None,
            "stages": stage_plot(progress, stage_of, language) if has_any and progress.stages else None,
            "forecast": forecast_plot(progress, now.tzinfo, language) if has_any else None,
            "history": history_plot(progress, now.tzinfo, language) if has_any else None,
        }

    def _path(self, atlas: "Atlas", goal: str, learner: str, language: Language) -> str:
        if not goal:
            return ""
        try:
            steps = atlas.examiner.path(goal, learner, language)
            concepts = atlas.examiner.progress(learner).concepts
            left = time_left(concepts, {step.concept: step.state for step in steps}, self._clock())
            end = steps[-1].concept if steps else goal
            return path_html(steps, atlas.graph.notes, language, time=time_text(left, language), goal=end)
        except AtlasError as error:
            return _problem(error, language)

    def _others(self, atlas: "Atlas", learner: str) -> list[str]:
        """Return the names one may go by; where names are not for choosing, none is told."""
        if not self._named:
            return []
        return [name for name in atlas.examiner.store.learners() if not is_anonymous(name) and name != learner]

    def _kept(self, stored: Stored, learner: str) -> Updates:
        """Let the browser remember whose record it shows."""
        return {self._stored: {**(stored or {}), "learner": learner}}

    def _only(self, html: str) -> Updates:
        return {self.link: bridge.link(""), self.head: html}

    def _notice(self, error: AtlasError, language: Language) -> Updates:
        return {self.head: _state("problem") + _problem(error, language)}


def _problem(error: AtlasError, language: Language) -> str:
    return f'<p class="problem" role="alert">{inline(error.told(language))}</p>'


def _state(state: str) -> str:
    return f'<div class="progress-now" data-state="{state}"></div>'


def _told(notice: str) -> str:
    return f'<p class="told" role="status">{escape(notice)}</p>' if notice else ""


def _file(text: str, name: str) -> str:
    """Return a file for the page's script to save."""
    return f'<pre hidden data-name="{escape(name)}" data-token="{uuid.uuid4().hex}">{escape(text)}</pre>'


def _address(goal: str) -> str:
    return f"{_PLACE}&{urlencode({'goal': goal})}" if goal else _PLACE


def _goal(query: str) -> str:
    try:
        given = parse_qs(query.removeprefix("?"), max_num_fields=50)
    except ValueError:  # more fields than any link of ours has
        return ""
    return given.get("goal", [""])[-1][:_LONGEST].strip()


def _today(now: datetime) -> date:
    return now.astimezone().date()
