"""The page: the frame around its places."""

import uuid
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Final, cast, get_args

import gradio as gr
from gradio.themes import Base
from starlette.datastructures import Address

from agents.trace import FREE, Price
from knowledge.vocabulary import Language
from learner.feedback import FeedbackStore
from ui import messages
from ui.advice_page import AdvicePage
from ui.auth_page import account_html
from ui.calculator_page import CalculatorPage
from ui.chat_page import ChatPage
from ui.fix_page import FixPage
from ui.header import header, settled
from ui.keepers import Keepers
from ui.limits import Questions
from ui.map_page import MapPage
from ui.notes_page import NotesPage
from ui.observe_page import ObservePage
from ui.opening import Team
from ui.progress_learner import anonymous, known_learner
from ui.progress_page import ProgressPage
from ui.quiz_page import QuizPage
from ui.session_page import SessionPart
from ui.visit import LightBlocks
from ui.visitor import Stored, Updates, page_of, session_of
from ui.ways import ways

SCRIPT: Final = Path(__file__).with_name("page.js")
_LOST: Final = Path(__file__).with_name("lost.js")
# In the order of the rail; the first is where one arrives.
_PLACES: Final = ("chat", "quiz", "progress", "map", "notes", "choose", "calculate", "fix", "observe")
# The frame after the chat, some of whose parts it moves on a narrow screen.
_STYLES: Final = (
    "chat", "style", "place", "calculator", "quiz", "progress", "advice", "fix", "notes", "map", "sessions",
    "observe",
)  # fmt: skip
_TAGS: Final[dict[Language, str]] = {"en": "en", "zh": "zh-CN"}
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


class Page:
    """The frame of the page over a team that may still be on its way: head line, places, language.

    With `named_learners` a reader may go by any name, and so take up the record of whoever goes by it; without, each
    browser is a learner of its own. With `accounts` the server knows who logged in, and nobody else may be named; only
    `keepers` may then change what all of them share.
    """

    def __init__(
        self, team: Team, feedback: FeedbackStore, *, examples: bool = True, named_learners: bool = False,
        accounts: bool = False, keepers: Keepers | None = None, price: Price = FREE,
    ) -> None:  # fmt: skip
        kept_by = keepers or Keepers(frozenset() if accounts else None)
        self._team, self._accounts, self._questions = team, accounts, Questions()
        self._named_learners = named_learners
        self.chat = ChatPage(team, feedback, _reader, self._learner, examples=examples, admit=self._admit)
        self._sessions = SessionPart(team, self.chat, _reader, self._learner)
        self._quiz = QuizPage(team, _reader, self._learner)
        progress = ProgressPage(team, _reader, self._learner, named_learners=named_learners, forget=self._quiz.forget)
        advice = AdvicePage(team, _reader)
        self._working = (self.chat, self._quiz, advice)  # those that keep models at work
        self._parts = (
            CalculatorPage(_reader), self._quiz, progress, advice, FixPage(team, _reader, kept_by),
            NotesPage(team, _reader, self._learner, kept_by, on_this_machine=named_learners),
            MapPage(team, _reader, self._learner),
            ObservePage(team, feedback, _reader, self._learner, price),
        )  # fmt: skip

    def close(self) -> None:
        """Stop every answer."""
        for part in self._working:
            part.close()

    def build(self) -> gr.Blocks:
        """Return the page."""
        with LightBlocks(title="LLM Atlas", analytics_enabled=False, fill_height=True, fill_width=True) as blocks:
            self._lay_out("en")
            self._wire(blocks)
        return blocks

    # --- layout -------------------------------------------------------------------------------------------------

    def _lay_out(self, language: Language) -> None:
        self.stored = gr.BrowserState({}, storage_key="llm-atlas", secret="llm-atlas")  # noqa: S106 - nothing in it is secret
        with gr.Row(elem_id="head"):
            gr.HTML("<h1>LLM Atlas</h1>", elem_id="name", min_width=0)
            self.places = gr.HTML(_places(language), elem_id="places", min_width=0)
            self._sessions.lay_out_list(language)
            self.state = gr.HTML(header(self._team.opening, None, language), elem_id="state")
            self.ways = gr.HTML(ways(language), elem_id="ways-part", min_width=0)
            self.chat.lay_out_new(language)
            self.account = gr.HTML(elem_id="account", visible=self._accounts, min_width=0)
            choices = [(name, code) for code, name in messages.LANGUAGES.items()]
            self.language = gr.Radio(
                choices, value=language, elem_id="language", show_label=False, container=False, scale=0
            )
        for part in (self.chat, *self._parts):
            part.lay_out(language)
        self._sessions.lay_out()
        gr.HTML(elem_id="lost-part", js_on_load=_LOST.read_text(encoding="utf-8"))
        self.timer = gr.Timer(_FOLLOW_S)

    def _wire(self, blocks: gr.Blocks) -> None:
        private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        prompt: dict[str, Any] = private | {"queue": False}
        words = [self.state, self.ways, self.language, self.places, self.account]
        words += [component for part in (self.chat, self._sessions, *self._parts) for component in part.worded()]
        show = "() => window.atlasPlace(true)"
        blocks.load(self.arrive, [self.stored], [self.stored, *words], **private).then(None, js=show)
        blocks.unload(self.leave)
        self.language.input(self.translate, [self.stored, self.language], [self.stored, *words], **prompt).then(
            None, js=show
        )
        self.chat.wire(self.stored, self.head, self.state)
        self._sessions.wire(self.stored)
        for part in self._parts:
            part.wire(self.stored)
        self.timer.tick(self.look, [self.stored], [self.state, self.timer], **prompt)

    # --- callbacks ----------------------------------------------------------------------------------------------

    def arrive(self, stored: Stored, request: gr.Request) -> Updates:
        """Greet a browser in its language, with the conversation it left."""
        kept = dict(stored or {})
        kept["session"] = session_of(stored) or uuid.uuid4().hex
        kept["learner"] = self._learner(stored, request) or anonymous()
        return {self.stored: kept, **self._all(kept, self._learner(kept, request), _reader(stored, request))}

    def leave(self, request: gr.Request) -> None:
        """Free the models that work for a page which is closed or loaded anew."""
        for part in self._working:
            part.leave(page_of(request))

    def translate(self, stored: Stored, language: Language, request: gr.Request) -> Updates:
        """Show everything in another language."""
        kept = {**(stored or {}), "language": language}
        return {self.stored: kept, **self._all(kept, self._learner(kept, request), language)}

    def head(self, stored: Stored, request: gr.Request) -> str:
        """Show what the notes and the models are doing now."""
        return self._head(_reader(stored, request))

    def look(self, stored: Stored, request: gr.Request) -> Updates:
        """Show it from time to time, less often once it is settled."""
        rest = settled(self._team.opening, self._team.state)
        return {self.state: self.head(stored, request), self.timer: gr.Timer(_REST_S if rest else _FOLLOW_S)}

    # --- rendering ----------------------------------------------------------------------------------------------

    def _head(self, language: Language) -> str:
        return header(self._team.opening, self._team.state, language)

    def _all(self, stored: Mapping[str, str], learner: str, language: Language) -> Updates:
        """Return every component that carries words, in a language."""
        return {
            self.state: self._head(language),
            self.ways: ways(language),
            self.language: gr.Radio(value=language, label=messages.say("language", language)),
            self.places: _places(language),
            self.account: account_html(learner, language) if self._accounts else "",
            **self.chat.words(stored, learner, language),
            **self._sessions.words(language),
            **{component: words for part in self._parts for component, words in part.words(language).items()},
        }

    def _learner(self, stored: Stored, request: gr.Request) -> str:
        """Return who logged in, or whom the browser names; an empty text where it may not be that one."""
        if self._accounts:
            return request.username or anonymous()
        return known_learner((stored or {}).get("learner", ""), named=self._named_learners)

    def _admit(self, request: gr.Request, language: Language) -> AbstractContextManager[None]:
        """Return the limit on what a reader asks; there is none for those who are alone on their machine."""
        if self._named_learners:
            return nullcontext()
        client = cast("Address | None", request.client)  # pyright: ignore[reportUnknownMemberType] - untyped in gradio
        return self._questions.asking(request.username or (client.host if client else ""), language)


def _places(language: Language) -> str:
    """Return the links to the places of the page; its script follows them without loading it anew."""
    links = "".join(
        f'<a href="?{"" if place == "chat" else f"place={place}"}" data-place="{place}">'
        f"{messages.say(f'place_{place}', language)}</a>"
        for place in _PLACES
    )
    names = " ".join(f'data-{name}="{messages.say(name, language)}"' for name in ("send", "stop", "lost"))
    return (
        f'<nav aria-label="{messages.say("places", language)}" data-language="{_TAGS[language]}" {names}>{links}</nav>'
    )


def style() -> str:
    """Return the page's style sheets as one."""
    return "\n".join(Path(__file__).with_name(f"{name}.css").read_text(encoding="utf-8") for name in _STYLES)


def theme() -> Base:
    """Return the look of the page; it has fonts of the reader's own machine only."""
    return Base(primary_hue="teal", secondary_hue="teal", neutral_hue="stone", font=_FONTS, font_mono=_MONO)


def _language(stored: Stored) -> Language | None:
    return next((code for code in get_args(Language) if code == (stored or {}).get("language")), None)


def _reader(stored: Stored, request: gr.Request) -> Language:
    headers = cast("Mapping[str, str]", request.headers)  # pyright: ignore[reportUnknownMemberType] - untyped in gradio
    return _language(stored) or messages.preferred(headers.get("accept-language", ""))
