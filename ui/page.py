"""The page: its layout, and callbacks that unpack, make one call and render."""

import re
import uuid
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any, Final, cast, get_args

import gradio as gr
from gradio.themes import Base

from knowledge.vocabulary import Language
from learner.feedback import FeedbackStore
from ui import asking, messages
from ui.advice_page import AdvicePage
from ui.calculator_page import CalculatorPage
from ui.chat import Chats, Live, rated
from ui.fix_page import FixPage
from ui.header import header, settled
from ui.opening import Team
from ui.panel import panel
from ui.progress_learner import anonymous, known_learner
from ui.progress_page import ProgressPage
from ui.quiz_page import QuizPage
from ui.render import Shown, shown

SCRIPT: Final = Path(__file__).with_name("page.js")
_STYLES: Final = ("style.css", "advice.css", "fix.css")
LATEX: Final[list[dict[str, str | bool]]] = [
    {"left": "$$", "right": "$$", "display": True},
    {"left": "$", "right": "$", "display": False},
]
_REASONS: Final = ("wrong", "missed", "unclear")
_PLACES: Final = {
    "chat": "?", "quiz": "?place=quiz", "progress": "?place=progress", "choose": "?place=choose",
    "calculate": "?place=calculate", "fix": "?place=fix",
}  # fmt: skip
_FOLLOW_S, _REST_S = 2.0, 15.0  # how often the head line is looked at

_FONTS: Final = (
    "system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "PingFang SC", "Microsoft YaHei",
    "Noto Sans CJK SC", "sans-serif",
)  # fmt: skip
_MONO: Final = (
    "ui-monospace",
    "SF Mono",
    "Cascadia Mono",
    "Consolas",
    "DejaVu Sans Mono",
    "Noto Sans Mono CJK SC",
    "monospace",
)

Stored = Mapping[str, str] | None  # what the browser keeps: "session", "learner" and the chosen "language"
Updates = dict[Any, Any]


class Page:
    """The callbacks of the page over a team that may still be on its way; `examples` offers questions to begin with.

    With `named_learners` a reader may go by any name, and so take up the record of whoever goes by it; without, each
    browser is a learner of its own.
    """

    def __init__(
        self,
        team: Team,
        feedback: FeedbackStore,
        *,
        examples: bool = True,
        named_learners: bool = False,
    ) -> None:
        self._team, self._feedback, self._examples = team, feedback, examples
        self._named_learners = named_learners
        self._chats, self._live = Chats(), Live()
        self._calculator = CalculatorPage(_reader)
        self._quiz = QuizPage(team, _reader, self._learner)
        self._progress = ProgressPage(
            team, _reader, self._learner, named_learners=named_learners, forget=self._quiz.forget
        )
        self._advice, self._fix = AdvicePage(team, _reader), FixPage(team, _reader)
        self._parts = (self._calculator, self._quiz, self._progress, self._advice, self._fix)

    def close(self) -> None:
        """Stop every answer."""
        self._live.stop_all()
        self._quiz.close()

    def build(self) -> gr.Blocks:
        """Return the page."""
        with gr.Blocks(title="LLM Atlas", analytics_enabled=False, fill_height=True, fill_width=True) as blocks:
            self._lay_out("en")
            self._wire(blocks)
        return blocks

    # --- layout -------------------------------------------------------------------------------------------------

    def _lay_out(self, language: Language) -> None:
        self.stored = gr.BrowserState({}, storage_key="llm-atlas", secret="llm-atlas")  # noqa: S106 - nothing in it is secret
        with gr.Row(elem_id="head"):
            gr.HTML("<h1>LLM Atlas</h1>", elem_id="name", min_width=0)
            self.places = gr.HTML(_places(language), elem_id="places", min_width=0)
            self.state = gr.HTML(header(self._team.opening, None, language), elem_id="state")
            self.new = gr.Button(messages.say("new", language), elem_id="new", size="sm", scale=0, min_width=0)
            choices = [(name, code) for code, name in messages.LANGUAGES.items()]
            self.language = gr.Radio(
                choices, value=language, elem_id="language", show_label=False, container=False, scale=0
            )
        with gr.Row(elem_id="body"):
            with gr.Column(elem_id="talk", scale=3):
                self.chat = gr.Chatbot(
                    elem_id="chat", show_label=False, container=False, height="100%", scale=1, layout="bubble",
                    buttons=[], latex_delimiters=LATEX, allow_tags=False, feedback_options=None,
                )  # fmt: skip
                self.box = gr.Textbox(
                    elem_id="box", show_label=False, container=False, lines=1, max_lines=8, max_length=4000,
                    submit_btn=True, autofocus=True, scale=0,
                )  # fmt: skip
            with gr.Column(elem_id="side", scale=2):
                self.side_title = gr.HTML(elem_id="side-title")
                self.panel = gr.Markdown(elem_id="panel", latex_delimiters=LATEX)
        for part in self._parts:
            part.lay_out(language)
        self.bridge = gr.HTML(
            elem_id="bridge", js_on_load="window.atlasOpen = (turn) => trigger('select', {value: turn});"
        )
        self.timer = gr.Timer(_FOLLOW_S)

    def _wire(self, blocks: gr.Blocks) -> None:
        private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        prompt: dict[str, Any] = private | {"queue": False}
        words = [self.new, self.chat, self.box, self.side_title, self.panel, self.state, self.language, self.places]
        words += [component for part in self._parts for component in part.worded()]
        show = "() => window.atlasPlace(true)"
        blocks.load(self.arrive, [self.stored], [self.stored, *words], **private).then(None, js=show)
        blocks.unload(self.leave)
        self.language.input(self.translate, [self.stored, self.language], [self.stored, *words], **prompt).then(
            None, js=show
        )
        for part in self._parts:
            part.wire(self.stored)
        self.new.click(self.begin_anew, [self.stored], [self.stored, self.chat, self.panel], **prompt)
        answer = [self.chat, self.panel, self.box]
        busy: dict[str, Any] = private | {"concurrency_limit": None}
        for event, source in (
            (self.box.submit, self.ask),
            (self.chat.option_select, self.choose),
            (self.chat.example_select, self.choose),
        ):
            inputs = [self.box, self.stored] if source == self.ask else [self.stored]
            event(source, inputs, answer, **busy).then(self.rest, [self.stored], [self.box, self.state], **private)
        self.box.stop(self.stop, None, None, **prompt)
        self.chat.like(self.rate, [self.stored], None, **busy)
        self.bridge.select(self.open, [self.stored], [self.panel], **prompt)
        self.timer.tick(self.look, [self.stored], [self.state, self.timer], **prompt)

    # --- callbacks ----------------------------------------------------------------------------------------------

    def arrive(self, stored: Stored, request: gr.Request) -> Updates:
        """Greet a browser in its language, with the conversation it left."""
        kept = dict(stored or {})
        kept["session"] = _session(stored) or uuid.uuid4().hex
        kept["learner"] = self._learner(stored) or anonymous()
        return {self.stored: kept, **self._all(kept, _reader(stored, request))}

    def leave(self, request: gr.Request) -> None:
        """Free the model that answers a page which is closed or loaded anew."""
        self._live.stop(_page(request))
        self._quiz.leave(_page(request))

    def translate(self, stored: Stored, language: Language) -> Updates:
        """Show everything in another language."""
        kept = {**(stored or {}), "language": language}
        return {self.stored: kept, **self._all(kept, language)}

    def begin_anew(self, stored: Stored, request: gr.Request) -> Updates:
        """Begin another conversation."""
        self._live.stop(_page(request))
        kept = {**(stored or {}), "session": uuid.uuid4().hex}
        return {self.stored: kept, self.chat: [], self.panel: panel(None, _reader(kept, request))}

    def ask(self, question: str, stored: Stored, request: gr.Request) -> Generator[Updates]:
        """Answer a question; what is found and said is shown as it comes."""
        if not question.strip():
            return
        session, language, page = _session(stored) or uuid.uuid4().hex, _reader(stored, request), _page(request)
        current = self._live.begin(page)
        beside = ""
        try:
            yield {self.box: gr.Textbox(value="", submit_btn=False, stop_btn=True)}
            for turn in asking.turns(self._team, question, session, self._learner(stored), current):
                updates: Updates = {self.chat: _chat(shown(self._chats.put(session, turn), language))}
                passages = panel(turn, language)
                if passages != beside:
                    beside = updates[self.panel] = passages
                yield updates
        finally:
            current.stop()
            self._live.end(page, current)

    def choose(self, stored: Stored, request: gr.Request, chosen: gr.SelectData) -> Generator[Updates]:
        """Answer an offered question."""
        value: Any = chosen.value
        question = cast("dict[str, str]", value)["text"] if isinstance(value, dict) else str(value)
        yield from self.ask(question, stored, request)

    def rest(self, stored: Stored, request: gr.Request) -> Updates:
        """Make the box ready for the next question, however the last answer ended."""
        return {self.box: gr.Textbox(submit_btn=True, stop_btn=False), self.state: self._head(_reader(stored, request))}

    def stop(self, request: gr.Request) -> None:
        """Stop the answer that this page is being given."""
        self._live.stop(_page(request))

    def open(self, stored: Stored, request: gr.Request, chosen: gr.EventData) -> str:
        """Show the passages of an earlier answer."""
        turn_id = str(chosen._data.get("value", ""))  # pyright: ignore[reportPrivateUsage] - the event's own data
        return panel(self._chats.find(_session(stored) or "", turn_id), _reader(stored, request))

    def rate(self, stored: Stored, request: gr.Request, liked: gr.LikeData) -> None:
        """Store what the reader thinks of an answer."""
        session, language = _session(stored) or "", _reader(stored, request)
        turns = self._chats.turns(session)
        turn = self._chats.find(session, shown(turns, language).turns[int(liked.index)])  # pyright: ignore[reportArgumentType]
        if turn is None or turn.answer is None:
            return
        thumb = "up" if liked.liked is True else "down"
        reason = "" if isinstance(liked.liked, bool) else _reason(liked.liked)
        self._feedback.add(turn.answer.id, session, thumb, reason)
        self._chats.put(session, rated(turn, thumb))
        gr.Info(messages.say("thanks", language), duration=3)

    def look(self, stored: Stored, request: gr.Request) -> Updates:
        """Show what the notes and the models are doing now."""
        rest = settled(self._team.opening, self._team.state)
        return {self.state: self._head(_reader(stored, request)), self.timer: gr.Timer(_REST_S if rest else _FOLLOW_S)}

    # --- rendering ----------------------------------------------------------------------------------------------

    def _head(self, language: Language) -> str:
        return header(self._team.opening, self._team.state, language)

    def _all(self, stored: Mapping[str, str], language: Language) -> Updates:
        """Return every component that carries words, in a language."""
        turns = self._chats.turns(_session(stored) or "")
        chat = shown(turns, language)
        reasons = [messages.say(reason, language) for reason in _REASONS]
        return {
            self.new: gr.Button(messages.say("new", language)),
            self.chat: _chat(
                chat,
                feedback_options=["Like", "Dislike", *reasons],
                placeholder=_welcome(language),
                examples=_examples(language) if self._examples else None,
            ),
            self.box: gr.Textbox(label=messages.say("ask", language), placeholder=messages.say("ask", language)),
            self.side_title: f"<h2>{messages.say('sources', language)}</h2>",
            self.panel: panel(turns[-1] if turns else None, language),
            self.state: self._head(language),
            self.language: gr.Radio(value=language, label=messages.say("language", language)),
            self.places: _places(language),
            **{component: words for part in self._parts for component, words in part.words(language).items()},
        }

    def _learner(self, stored: Stored) -> str:
        """Return whom the browser names as its learner, or an empty text where it may not be that one."""
        return known_learner((stored or {}).get("learner", ""), named=self._named_learners)


def _places(language: Language) -> str:
    """Return the links to the places of the page; its script follows them without loading it anew."""
    links = "".join(
        f'<a href="{query}" data-place="{place}">{messages.say(f"place_{place}", language)}</a>'
        for place, query in _PLACES.items()
    )
    return f'<nav aria-label="{messages.say("places", language)}">{links}</nav>'


def _chat(chat: Shown, **properties: Any) -> gr.Chatbot:  # noqa: ANN401 - gradio's own
    messages_of_gradio: Any = list(chat.messages)
    return gr.Chatbot(value=messages_of_gradio, feedback_value=list(chat.thumbs), **properties)


def style() -> str:
    """Return the page's style sheets as one."""
    return "\n".join(Path(__file__).with_name(name).read_text(encoding="utf-8") for name in _STYLES)


def theme() -> Base:
    """Return the look of the page; it has fonts of the reader's own machine only."""
    return Base(primary_hue="teal", secondary_hue="teal", neutral_hue="stone", font=_FONTS, font_mono=_MONO)


def _welcome(language: Language) -> str:
    return f"## {messages.say('welcome', language)}\n\n{messages.say('welcome_more', language)}"


def _examples(language: Language) -> list[dict[str, str]]:
    return [
        {"text": messages.say(f"example_{key}", language), "display_text": messages.say(f"label_{key}", language)}
        for key in ("explain", "compare", "check")
    ]


def _reason(label: str) -> str:
    """Return the reason a label stands for, in whichever language it was shown."""
    return next(
        (key for key in _REASONS for code in messages.LANGUAGES if messages.say(key, code) == label), label[:80]
    )


def _session(stored: Stored) -> str | None:
    """Return the session that the browser names, or None where it names none that we gave."""
    session = str((stored or {}).get("session", ""))
    return session if re.fullmatch("[0-9a-f]{32}", session) else None


def _language(stored: Stored) -> Language | None:
    return next((code for code in get_args(Language) if code == (stored or {}).get("language")), None)


def _reader(stored: Stored, request: gr.Request) -> Language:
    headers = cast("Mapping[str, str]", request.headers)  # pyright: ignore[reportUnknownMemberType] - untyped in gradio
    return _language(stored) or messages.preferred(headers.get("accept-language", ""))


def _page(request: gr.Request) -> str:
    return request.session_hash or ""
