"""The Observe page: what answers took, what readers said of them, and the trace of one answer."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlencode

import gradio as gr

from agents.trace import Price, Trace
from agents.trace_figures import by_agent, by_day, spent
from knowledge.errors import AtlasError
from knowledge.vocabulary import Language
from learner.feedback import FeedbackStore
from ui import bridge
from ui.intro import intro_html
from ui.observe_html import agents_html, answers_html, feedback_html, figures_html, keeping_html, trace_html
from ui.observe_messages import say
from ui.observe_plot import day_plot
from ui.opening import Team
from ui.quiz_plot import page_figure
from ui.visitor import Learner, Reader, Stored, Updates

if TYPE_CHECKING:
    from agents.trace_store import TraceStore

_SCRIPT: Final = Path(__file__).with_name("observe.js")
_PATIENCE_S: Final = 0.5  # the browser asks again
_PLACE: Final = "?place=observe"
_DAYS: Final = 90  # that are looked back
_LONGEST: Final = 64  # characters of an answer's id


class ObservePage:
    """The part of the page that shows a learner's own answers; `price` is that of the endpoint's tokens."""

    def __init__(
        self,
        team: Team,
        feedback: FeedbackStore,
        reader: Reader,
        learner: Learner,
        price: Price,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._team, self._feedback, self._reader, self._learner = team, feedback, reader, learner
        self._price, self._clock = price, clock

    # --- layout -------------------------------------------------------------------------------------------------

    def lay_out(self, language: Language) -> None:
        """Place the parts from top to bottom."""
        with gr.Column(elem_id="observe", elem_classes=["place"]):
            self.link = gr.HTML(elem_id="observe-link")
            self.head = gr.HTML(intro_html(say, language), elem_id="observe-head")
            self.figures = gr.HTML(elem_id="observe-figures")
            self.plot = gr.Plot(visible=False, label=say("by_day", language), elem_id="observe-days")
            self.rest = gr.HTML(elem_id="observe-rest")
        self.bridge = gr.HTML(elem_id="observe-bridge", js_on_load=_SCRIPT.read_text(encoding="utf-8"))

    def wire(self, stored: gr.BrowserState) -> None:
        """Answer what the reader does."""
        self.bridge.select(
            self.act, [stored], [self.link, self.figures, self.plot, self.rest], api_visibility="private",
            show_progress="hidden", queue=False, trigger_mode="multiple",
        )  # fmt: skip

    def worded(self) -> list[Any]:
        """Return the components that carry words of the page; the others follow when it is shown anew."""
        return [self.head, self.plot]

    def words(self, language: Language) -> Updates:
        """Return the words of the page in a language."""
        return {self.head: intro_html(say, language), self.plot: gr.Plot(label=say("by_day", language))}

    # --- callbacks ----------------------------------------------------------------------------------------------

    def act(self, stored: Stored, request: gr.Request, done: gr.EventData) -> Updates:
        """Show the figures or one trace, or do with the traces what the reader wants."""
        sent = bridge.sent(done)
        learner, language = self._learner(stored, request), self._reader(stored, request)
        try:
            atlas = self._team.atlas(_PATIENCE_S)
            if atlas is None:
                return self._only(_state("waiting") + _told(say("waiting", language)))
            if atlas.traces.store is None:
                return self._only(_state("off") + _told(say("off", language)))
            return self._done(atlas.traces.store, learner, sent, language)
        except AtlasError as error:
            return self._only(_state("problem") + _problem(error.told(language)))

    # --- doing --------------------------------------------------------------------------------------------------

    def _done(self, store: "TraceStore", learner: str, sent: Mapping[str, Any], language: Language) -> Updates:
        match sent.get("do"):
            case "texts":
                store.keep_texts(learner, keep=sent.get("keep") is True)
            case "delete":
                return self._shown(store, learner, language, _told(say("deleted", language, n=store.delete(learner))))
            case _:
                answer = _answer(str(sent.get("query", "")))
                if answer:
                    return self._traced(store, learner, answer, language)
        return self._shown(store, learner, language)

    def _traced(self, store: "TraceStore", learner: str, answer: str, language: Language) -> Updates:
        trace, zone = store.trace(answer, learner), self._clock().astimezone().tzinfo
        if trace is None:
            shown = self._shown(store, learner, language, _problem(say("unknown", language)))
            return {**shown, self.link: _link(answer)}
        return {
            self.link: _link(trace.id),
            self.figures: _state("trace") + trace_html(trace, self._price, zone, language),
            self.plot: gr.Plot(visible=False),
            self.rest: "",
        }

    # --- rendering ----------------------------------------------------------------------------------------------

    def _shown(self, store: "TraceStore", learner: str, language: Language, told: str = "") -> Updates:
        now = self._clock().astimezone()
        traces = store.traces(learner, since=now - timedelta(days=_DAYS))
        keeping = keeping_html(len(traces), language, keeps_texts=store.keeps_texts(learner))
        if not traces:
            nothing = _state("none") + told + f'<p class="none">{escape(say("none", language))}</p>'
            return {**self._only(nothing), self.rest: keeping}
        days = by_day(traces, self._price, now.tzinfo)
        agents = by_agent(traces, self._price)
        has_tokens = any(day.tokens for day in days.values())
        columns = [
            (say("today", language), spent(_since(traces, now.replace(hour=0, minute=0, second=0)), self._price)),
            (say("week", language), spent(_since(traces, now - timedelta(days=7)), self._price)),
            (say("all", language), spent(traces, self._price)),
        ]
        rest = [
            agents_html(agents, self._price, language),
            answers_html(traces, now.tzinfo, language),
            feedback_html(self._feedback.all(), traces, language),
            keeping,
        ]
        plot = page_figure(day_plot(days, now.date(), language)) if has_tokens else None
        return {
            self.link: bridge.link(_PLACE),
            self.figures: _state("shown") + told + figures_html(columns, self._price, language),
            self.plot: gr.Plot(plot, visible=has_tokens),
            self.rest: "".join(rest),
        }

    def _only(self, html: str) -> Updates:
        return {self.link: bridge.link(""), self.figures: html, self.plot: gr.Plot(visible=False), self.rest: ""}


def _since(traces: list[Trace], at: datetime) -> list[Trace]:
    return [trace for trace in traces if trace.at >= at]


def _state(state: str) -> str:
    return f'<div class="observe-now" data-state="{state}"></div>'


def _told(said: str) -> str:
    return f'<p class="told" role="status">{escape(said)}</p>' if said else ""


def _problem(said: str) -> str:
    return f'<p class="problem" role="alert">{escape(said)}</p>'


def _link(answer: str) -> str:
    return bridge.link(f"{_PLACE}&{urlencode({'answer': answer})}")


def _answer(query: str) -> str:
    try:
        given = parse_qs(query.removeprefix("?"), max_num_fields=50)
    except ValueError:  # more fields than any link of ours has
        return ""
    return given.get("answer", [""])[-1][:_LONGEST]
