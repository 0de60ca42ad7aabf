"""The turns of a conversation that the desk keeps: those it is shown with, and the way to those before them."""

import uuid
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import gradio as gr

from knowledge.vocabulary import Language
from learner.feedback import FeedbackStore, Thumb
from ui import messages
from ui.chat import Chats, Turn
from ui.session_turn import restored

if TYPE_CHECKING:
    from agents.atlas import Atlas  # loads the team's parts, after the page is up

AT_A_TIME: Final = 40  # turns that come with one press
_SCRIPT: Final = Path(__file__).with_name("chat_earlier.js")


class EarlierTurns:
    """The line above a conversation that leads to its earlier turns; the next question folds them again."""

    def __init__(self, chats: Chats, feedback: FeedbackStore) -> None:
        self._chats, self._feedback = chats, feedback

    def lay_out(self) -> None:
        """Place the line, which is empty where nothing is earlier, and the bridge to the script."""
        self.line = gr.HTML(elem_id="earlier", min_width=0)
        self.bridge = gr.HTML(elem_id="earlier-bridge", js_on_load=_SCRIPT.read_text(encoding="utf-8"))

    def wire(self, bring: Callable[..., Any], inputs: list[Any], outputs: list[Any]) -> None:
        """Call `bring` when the reader wants them."""
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "queue": False}
        self.bridge.select(bring, inputs, [*outputs, self.line], **quick)

    def html(self, chat: str, language: Language) -> str:
        """Return the line; its token tells the script that it was answered."""
        if not self._chats.has_earlier(chat):
            return ""
        words = escape(messages.say("earlier", language))
        return f'<button type="button" class="plain" data-token="{uuid.uuid4().hex}">{words}</button>'

    def kept(self, atlas: "Atlas", session: str, learner: str, limit: int | None = None) -> list[Turn]:
        """Return the turns that the desk keeps of a session, the oldest first; with a limit, the last ones."""
        thumbs: dict[str, Thumb] = {
            given.answer: given.thumb for given in self._feedback.all() if given.session == session
        }
        return [restored(turn, thumbs) for turn in atlas.desk.kept(session, learner, limit)]

    def bring(self, atlas: "Atlas", chat: str, session: str, learner: str) -> None:
        """Put earlier turns before those of a chat that are shown."""
        known = self._chats.turns(chat)
        turns = self.kept(atlas, session, learner, len(known) + AT_A_TIME + 1)
        ids = {turn.id for turn in known} | {turn.answer.id for turn in known if turn.answer}
        first = next((at for at, turn in enumerate(turns) if turn.id in ids), len(turns))
        self._chats.extend(chat, turns[max(0, first - AT_A_TIME) : first], has_more=first > AT_A_TIME)
