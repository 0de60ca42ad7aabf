"""The Learn page: the conversation with its sources beside it, and callbacks that unpack, make one call and render."""

import uuid
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, nullcontext
from html import escape
from typing import Any, Final, cast

import gradio as gr

from agents import desk_list
from knowledge.vocabulary import Language
from learner.feedback import FeedbackStore
from ui import asking, bridge, chat_words, messages, turn_actions
from ui.chat import TURNS, Chats, Live, Turn, ended, rated
from ui.chat_earlier import EarlierTurns
from ui.chatbot import chatbot, describe_once
from ui.markdown import LATEX
from ui.opening import Team
from ui.panel import panel
from ui.render import shown
from ui.visitor import Learner, Reader, Stored, Updates, chat_of, page_of, session_of

# What the script calls, by the element that hears it.
_BRIDGES: Final = {"": "atlasOpen", "again-": "atlasAgain", "edit-": "atlasEdit", "copy-": "atlasCopy"}

Admit = Callable[[gr.Request, Language], AbstractContextManager[None]]


class ChatPage:
    """The part of the page that teaches; `reader` tells whose language to use, `learner` whose record grows.

    `examples` offers questions to begin with; what `admit` returns is entered for each answer, and may raise.
    """

    def __init__(
        self, team: Team, feedback: FeedbackStore, reader: Reader, learner: Learner, *, examples: bool = True,
        admit: Admit = lambda request, language: nullcontext(),
    ) -> None:  # fmt: skip
        self._team, self._feedback, self._examples, self._admit = team, feedback, examples, admit
        self._reader, self._learner = reader, learner
        self._chats, self._live = Chats(), Live()
        self.earlier = EarlierTurns(self._chats, feedback)

    def close(self) -> None:
        """Stop every answer."""
        self._live.stop_all()

    def leave(self, page: str) -> None:
        """Free the model that answers a page which is closed or loaded anew."""
        self._live.stop(page)

    def leave_for_another(self, page: str) -> None:
        """Free the model that answers a page which shows another conversation from now on."""
        self._live.leave(page)

    # --- conversations ------------------------------------------------------------------------------------------

    def turns(self, stored: Stored, learner: str, *, whole: bool = False) -> tuple[Turn, ...]:
        """Return the conversation that a browser names, also from before a restart; `whole` where all of it is wanted.

        Raises AtlasError where it cannot be read.
        """
        session, chat = session_of(stored), chat_of(stored, learner)
        known = self._now(chat)
        atlas = self._team.atlas(0.0) if session and (whole or not known) else None
        if atlas is None or session is None or (whole and known and not self._chats.has_earlier(chat)):
            return known
        turns = self.earlier.kept(atlas, session, learner, None if whole else TURNS + 1)
        if not turns:
            return known
        return tuple(turns) if whole else self._chats.restore(chat, turns)

    def forget(self, stored: Stored, learner: str) -> None:
        """Forget a conversation that was deleted."""
        self._chats.forget(chat_of(stored, learner))

    def show(self, stored: Stored, learner: str, language: Language) -> Updates:
        """Show the conversation that a browser is in."""
        key = chat_of(stored, learner)
        turns = self._now(key)
        return {
            self.earlier.line: self.earlier.html(key, language),
            self.chat: chatbot(shown(turns, language)),
            self.panel: panel(turns[-1] if turns else None, language),
        }

    # --- layout -------------------------------------------------------------------------------------------------

    def lay_out_new(self, language: Language) -> None:
        """Place the button that begins another conversation, in the head line."""
        self.new = gr.Button(messages.say("new", language), elem_id="new", size="sm", scale=0, min_width=0)

    def lay_out(self, language: Language) -> None:
        """Place the conversation and its sources."""
        describe_once()
        with gr.Row(elem_id="body"):
            with gr.Column(elem_id="talk", scale=3):
                self.earlier.lay_out()
                self.chat = gr.Chatbot(
                    elem_id="chat", show_label=False, container=False, height="100%", scale=1, layout="bubble",
                    buttons=[], latex_delimiters=LATEX, allow_tags=False, feedback_options=None,
                )  # fmt: skip
                self.edited = gr.State("")  # the turn whose question is being changed
                self.editing = gr.HTML(elem_id="editing")
                self.box = gr.Textbox(
                    elem_id="box", show_label=False, container=False, lines=1, max_lines=8, max_length=200_000,
                    submit_btn=True, autofocus=True, scale=0,
                )  # fmt: skip
                self.guided = gr.Checkbox(
                    label=messages.say("guided", language), elem_id="guided", container=False, scale=0, min_width=0
                )
            with gr.Column(elem_id="side", scale=2):
                self.side_title = gr.HTML(elem_id="side-title")
                self.panel = gr.Markdown(elem_id="panel", latex_delimiters=LATEX)
        self.bridge, self.again_bridge, self.edit_bridge, self.copy_bridge = (
            gr.HTML(
                elem_id=f"{name}bridge", js_on_load=f"window.{script} = (turn) => trigger('select', {{value: turn}});"
            )
            for name, script in _BRIDGES.items()
        )
        self.copied = gr.HTML(elem_id="copied")

    def wire(self, stored: gr.BrowserState, answered: Callable[[Stored, gr.Request], Any], state: gr.HTML) -> None:
        """Answer what the reader asks; after each answer, `answered` tells what `state` shows."""
        self._stored = stored
        private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        prompt: dict[str, Any] = private | {"queue": False}
        self.ended = [
            self.new.click(self.begin_anew, [stored], [stored, self.chat, self.panel, self.earlier.line], **prompt)
        ]
        answer = [self.chat, self.panel, self.box, self.edited, self.editing, self.earlier.line]
        self.earlier.wire(self.bring, [stored], [self.chat])
        busy: dict[str, Any] = private | {"concurrency_limit": None}
        for event, source in (
            (self.box.submit, self.submit),
            (self.again_bridge.select, self.again),
            (self.chat.option_select, self.choose),
            (self.chat.example_select, self.choose),
        ):
            inputs = [self.box, stored, self.edited] if source == self.submit else [stored]
            rested = event(source, inputs, answer, **busy).then(self.rest, None, [self.box], **private)
            self.ended.append(rested.then(answered, [stored], [state], **private))
        self.box.stop(self.stop, None, None, **prompt)
        self.guided.input(self.guide, [stored, self.guided], [stored], **prompt)
        self.chat.like(self.rate, [stored], None, **busy)
        self.bridge.select(self.open, [stored], [self.panel], **prompt)
        self.edit_bridge.select(self.edit, [stored], [self.box, self.edited, self.editing], **prompt)
        self.copy_bridge.select(self.copy, [stored], [self.copied], **prompt)

    def worded(self) -> list[Any]:
        """Return the components that carry words of the page."""
        return [self.new, self.chat, self.box, self.guided, self.side_title, self.panel, self.earlier.line]

    def words(self, stored: Stored, learner: str, language: Language) -> Updates:
        """Return the page in a language, with the conversation that the browser was in."""
        turns = self._now(chat_of(stored, learner))
        reasons = [messages.say(reason, language) for reason in chat_words.REASONS]
        return self.show(stored, learner, language) | {
            self.new: gr.Button(messages.say("new", language)),
            self.chat: chatbot(
                shown(turns, language),
                feedback_options=["Like", "Dislike", *reasons],
                placeholder=chat_words.welcome(language),
                examples=chat_words.examples(language) if self._examples else None,
            ),
            self.box: gr.Textbox(label=messages.say("ask", language), placeholder=messages.say("ask", language)),
            self.guided: gr.Checkbox(label=messages.say("guided", language), value=bool((stored or {}).get("guided"))),
            self.side_title: f"<h2>{messages.say('sources', language)}</h2>",
        }

    # --- callbacks ----------------------------------------------------------------------------------------------

    def begin_anew(self, stored: Stored, request: gr.Request) -> Updates:
        """Begin another conversation."""
        self._live.leave(page_of(request))
        kept = {**(stored or {}), "session": uuid.uuid4().hex}
        beside = panel(None, self._reader(kept, request))
        return {self._stored: kept, self.chat: [], self.panel: beside, self.earlier.line: ""}

    def bring(self, stored: Stored, request: gr.Request) -> Updates:
        """Show earlier turns of the conversation; while it is being answered they have to wait."""
        learner, session, atlas = self._learner(stored, request), session_of(stored), self._team.atlas(0.0)
        key = chat_of(stored, learner)
        if atlas is not None and session is not None and not self._live.is_answering(key):
            self.earlier.bring(atlas, key, session, learner)
        now = self.show(stored, learner, self._reader(stored, request))
        return {part: now[part] for part in (self.chat, self.earlier.line)}

    def ask(self, question: str, stored: Stored, request: gr.Request) -> Generator[Updates]:
        """Answer a question; what is found and said is shown as it comes."""
        if not question.strip():
            return
        session = session_of(stored) or uuid.uuid4().hex
        language, page = self._reader(stored, request), page_of(request)
        learner = self._learner(stored, request)
        guided = bool((stored or {}).get("guided"))
        beside, key, turn = "", chat_of({**(stored or {}), "session": session}, learner), None
        current = self._live.begin(page, key)
        updates: Updates = {self.box: gr.Textbox(value="", submit_btn=False, stop_btn=True)}
        try:
            for turn in asking.turns(
                self._team, question, session, learner, current, spoken=language, guided=guided,
                admitted=self._admit(request, language),
            ):  # fmt: skip
                turns = self._chats.put(key, turn)
                if current.is_left:
                    continue
                # The messages alone cost a tenth of what the component does; its thumbs change no more.
                chat = shown(turns, language)
                if updates:  # the first ones
                    updates[self.earlier.line] = self.earlier.html(key, language)
                updates[self.chat] = chatbot(chat) if updates else list(chat.messages)
                passages = panel(turn, language)
                if passages != beside:
                    beside = updates[self.panel] = passages
                yield updates
                updates = {}
        finally:
            current.stop()
            self._live.end(page, current)
            if turn is not None and turn.outcome == "open":  # the page has gone before the answer's end
                self._chats.put(key, ended(turn, "stopped"))

    def submit(self, question: str, stored: Stored, edited: str, request: gr.Request) -> Generator[Updates]:
        """Answer a question; one that was changed takes the place of what it was, and of all that came after."""
        if question.strip() and edited:
            self._take_back(edited, stored, self._learner(stored, request))
            yield {self.edited: "", self.editing: ""}
        yield from self.ask(question, stored, request)

    def again(self, stored: Stored, request: gr.Request, chosen: gr.EventData) -> Generator[Updates]:
        """Answer a question anew."""
        learner = self._learner(stored, request)
        removed = self._take_back(bridge.value(chosen), stored, learner)
        if removed:
            yield from self.ask(removed[0].question, stored, request)

    def edit(self, stored: Stored, request: gr.Request, chosen: gr.EventData) -> Updates:
        """Put an earlier question into the box, to be changed; no turn of this conversation leaves it as it is."""
        turn = self._chats.find(chat_of(stored, self._learner(stored, request)), bridge.value(chosen))
        above = turn_actions.editing(turn, self._reader(stored, request))
        return {self.box: turn.question if turn else "", self.edited: turn.id if turn else "", self.editing: above}

    def copy(self, stored: Stored, request: gr.Request, chosen: gr.EventData) -> str:
        """Give the script an answer with its sources, to be copied."""
        turn = self._chats.find(chat_of(stored, self._learner(stored, request)), bridge.value(chosen))
        said = turn_actions.copied(turn, self._reader(stored, request)) if turn else ""
        return f'<pre data-token="{uuid.uuid4().hex}">{escape(said)}</pre>'

    def _now(self, key: str) -> tuple[Turn, ...]:
        return self._chats.turns(key, goes_on=self._live.is_answering(key))

    def _take_back(self, turn_id: str, stored: Stored, learner: str) -> tuple[Turn, ...]:
        """Remove a turn and all that came after it, here and where it is kept."""
        removed, atlas = self._chats.cut(chat_of(stored, learner), turn_id), self._team.atlas(0.0)
        session = session_of(stored)
        if removed and atlas is not None and session is not None:
            kept = [turn.answer.id if turn.answer else turn.id for turn in removed]
            desk_list.take_back(atlas.desk, session, learner, kept)
        return removed

    def guide(self, stored: Stored, guided: bool) -> Stored:
        """Remember whether what is asked begins a lesson."""
        return {**(stored or {}), "guided": "yes" if guided else ""}

    def choose(self, stored: Stored, request: gr.Request, chosen: gr.SelectData) -> Generator[Updates]:
        """Answer an offered question."""
        value: Any = chosen.value
        question = cast("dict[str, str]", value)["text"] if isinstance(value, dict) else str(value)
        yield from self.ask(question, stored, request)

    def rest(self) -> gr.Textbox:
        """Make the box ready for the next question, however the last answer ended."""
        return gr.Textbox(submit_btn=True, stop_btn=False)

    def stop(self, request: gr.Request) -> None:
        """Stop the answer that this page is being given."""
        self._live.stop(page_of(request))

    def open(self, stored: Stored, request: gr.Request, chosen: gr.EventData) -> str:
        """Show the passages of an earlier answer."""
        turn = self._chats.find(chat_of(stored, self._learner(stored, request)), bridge.value(chosen))
        return panel(turn, self._reader(stored, request))

    def rate(self, stored: Stored, request: gr.Request, liked: gr.LikeData) -> None:
        """Store what the reader thinks of an answer."""
        session, language = session_of(stored) or "", self._reader(stored, request)
        key = chat_of(stored, self._learner(stored, request))
        turns = self._chats.turns(key)
        turn = self._chats.find(key, shown(turns, language).turns[int(liked.index)])  # pyright: ignore[reportArgumentType]
        if turn is None or turn.answer is None:
            return
        thumb = "up" if liked.liked is True else "down"
        reason = "" if isinstance(liked.liked, bool) else chat_words.reason(liked.liked)
        self._feedback.add(turn.answer.id, session, thumb, reason)
        self._chats.put(key, rated(turn, thumb))
        gr.Info(messages.say("thanks", language), duration=3)
