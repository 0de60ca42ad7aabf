"""The conversations of a reader in the rail of the page: to open, find, name, save and delete them."""

import json
import re
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import parse_qs

import gradio as gr

from agents import desk_list
from agents.desk_list import LONGEST_QUERY, Removed
from knowledge.errors import AtlasError, UserMistake
from knowledge.vocabulary import Language
from ui.chat_page import ChatPage, Learner, Reader, Stored, Updates, page_of, session_of
from ui.opening import Team
from ui.session_export import file_name, markdown, notebook
from ui.session_list import (
    deleted_html,
    file_html,
    head_html,
    link_html,
    list_html,
    problem_html,
    waiting_html,
)
from ui.session_messages import say

if TYPE_CHECKING:
    from agents.atlas import Atlas

_SCRIPT: Final = Path(__file__).with_name("session.js")
_PATIENCE_S: Final = 0.5  # the browser asks again
_PAGE, _MOST = 30, 300  # conversations in the list at first, and at most
_REMOVED: Final = 100  # readers whose last deleted conversation can be brought back


class SessionPart:
    """The list beside the places; `chat` shows the conversation that is open."""

    def __init__(
        self,
        team: Team,
        chat: ChatPage,
        reader: Reader,
        learner: Learner,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._team, self._chat, self._reader, self._learner, self._clock = team, chat, reader, learner, clock
        self._removed: OrderedDict[str, Removed] = OrderedDict()  # by learner

    # --- layout -------------------------------------------------------------------------------------------------

    def lay_out_list(self, language: Language) -> None:
        """Place the list, in the head line."""
        with gr.Column(elem_id="sessions", min_width=0):
            self.head = gr.HTML(head_html(language), elem_id="session-head")
            self.list = gr.HTML(waiting_html(language), elem_id="session-list")

    def lay_out(self) -> None:
        """Place what is not seen: the address, a file to save, and the bridge to the script."""
        self.link = gr.HTML(elem_id="session-link")
        self.file = gr.HTML(elem_id="session-file")
        self.bridge = gr.HTML(elem_id="session-bridge", js_on_load=_SCRIPT.read_text(encoding="utf-8"))

    def wire(self, stored: gr.BrowserState) -> None:
        """Answer what the reader does; after each answer and each new conversation, the list follows."""
        self._stored = stored
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "queue": False}
        outputs = [stored, self._chat.chat, self._chat.panel, self.list, self.link, self.file]
        self.bridge.select(self.act, [stored], outputs, **quick)
        for ended in self._chat.ended:
            ended.then(self.follow, [stored], [self.link], **quick)

    def words(self, stored: Stored, language: Language) -> Updates:
        """Return the list in a language; its conversations follow when the script asks for them."""
        return {self.head: head_html(language)}

    # --- callbacks ----------------------------------------------------------------------------------------------

    def follow(self, stored: Stored) -> str:
        """Return the address of the conversation that is open."""
        return self._link(stored)

    def act(self, stored: Stored, request: gr.Request, done: gr.EventData) -> Updates:
        """Show the list, or do with a conversation what the reader wants."""
        sent = _sent(str(done._data.get("value", "")))  # pyright: ignore[reportPrivateUsage] - the event's own data
        language = self._reader(stored, request)
        try:
            atlas = self._team.atlas(_PATIENCE_S)
            if atlas is None:
                return {self.list: waiting_html(language)}
            try:
                return self._done(atlas, stored, request, sent, language)
            except UserMistake as mistake:
                return self._listed(atlas, stored, sent, language, problem_html(str(mistake)))
        except AtlasError as error:
            return {self.list: problem_html(str(error))}

    # --- doing --------------------------------------------------------------------------------------------------

    def _done(
        self, atlas: "Atlas", stored: Stored, request: gr.Request, sent: Mapping[str, Any], language: Language
    ) -> Updates:
        session, learner = _session(sent.get("session")), self._learner(stored)
        match sent.get("do"):
            case "arrive":
                return self._opened(atlas, stored, request, sent, language, arrives=True)
            case "open":
                return self._opened(atlas, stored, request, sent, language)
            case "rename":
                desk_list.rename(atlas.desk, session, learner, str(sent.get("title", "")))
            case "delete":
                return self._deleted(atlas, stored, request, sent, language)
            case "undo":
                removed = self._removed.pop(learner, None)
                if removed is None:
                    return self._listed(atlas, stored, sent, language, problem_html(say("too_late", language)))
                desk_list.put_back(atlas.desk, removed)
            case "markdown" | "notebook" as form:
                return {self.file: self._file(stored, session, form, language)}
            case _:
                pass
        return self._listed(atlas, stored, sent, language)

    def _opened(
        self, atlas: "Atlas", stored: Stored, request: gr.Request, sent: Mapping[str, Any], language: Language, *,
        arrives: bool = False,
    ) -> Updates:  # fmt: skip
        """Open the conversation that an address names; without one, that in which the browser is, or a new one."""
        named, is_named = _named(str(sent.get("query", "")))
        current = session_of(stored)
        wanted = named or (current if arrives and not is_named else None)
        kept = {**(stored or {}), "session": wanted or uuid.uuid4().hex}
        turns = self._chat.turns(kept)
        if is_named and not turns:  # it is not this reader's, or not at all
            told = problem_html(say("unknown", language))
            return {**self._listed(atlas, stored, sent, language, told), **self._chat.show(stored, language)}
        if wanted != current:
            self._chat.leave_for_another(page_of(request))
        shown = self._chat.show(kept, language) if turns or wanted != current else {}
        return {self._stored: kept, **shown, **self._listed(atlas, kept, sent, language)}

    def _deleted(
        self, atlas: "Atlas", stored: Stored, request: gr.Request, sent: Mapping[str, Any], language: Language
    ) -> Updates:
        session, learner = _session(sent.get("session")), self._learner(stored)
        title = desk_list.title(atlas.desk, session, learner)
        removed = desk_list.delete(atlas.desk, session, learner)
        self._removed[learner] = removed
        self._removed.move_to_end(learner)
        while len(self._removed) > _REMOVED:
            self._removed.popitem(last=False)
        if atlas.traces.store is not None:
            atlas.traces.store.forget_session(learner, session)
        told = deleted_html(title, language)
        is_open = session == session_of(stored)
        if is_open:
            self._chat.leave_for_another(page_of(request))
        self._chat.forget({**(stored or {}), "session": session})
        if not is_open:
            return self._listed(atlas, stored, sent, language, told)
        kept = {**(stored or {}), "session": uuid.uuid4().hex}
        updates = {**self._chat.show(kept, language), **self._listed(atlas, kept, sent, language, told)}
        return {self._stored: kept, **updates}

    def _file(self, stored: Stored, session: str, form: str, language: Language) -> str:
        turns = self._chat.turns({**(stored or {}), "session": session}, whole=True)
        if not turns:
            raise UserMistake(say("unknown", language), "")
        atlas = self._team.atlas(_PATIENCE_S)
        title = desk_list.title(atlas.desk, session, self._learner(stored)) if atlas else turns[0].question
        on = self._clock().astimezone().date()
        if form == "notebook":
            return file_html(
                notebook(title, turns, on, language), file_name(title, on, "ipynb"), "application/x-ipynb+json"
            )
        return file_html(markdown(title, turns, on, language), file_name(title, on, "md"), "text/markdown")

    # --- rendering ----------------------------------------------------------------------------------------------

    def _listed(
        self, atlas: "Atlas", stored: Stored, sent: Mapping[str, Any], language: Language, told: str = ""
    ) -> Updates:
        words = str(sent.get("words", ""))[:LONGEST_QUERY]
        asked = sent.get("count")
        count = min(_MOST, max(_PAGE, asked)) if isinstance(asked, int) else _PAGE
        found = desk_list.listed(atlas.desk, self._learner(stored), words=words, limit=count + 1)
        now = self._clock().astimezone()
        html = list_html(
            found[:count], session_of(stored) or "", now.date(), now.tzinfo, language, words=words,
            has_more=len(found) > count and count < _MOST, told=told,
        )  # fmt: skip
        return {self.list: html, self.link: self._link(stored)}

    def _link(self, stored: Stored) -> str:
        return link_html((session_of(stored) or "") if self._chat.turns(stored) else "")


def _session(name: object) -> str:
    """Return a session that the page's script names, or raise UserMistake for what is none of ours."""
    if not isinstance(name, str) or not re.fullmatch("[0-9a-f]{32}", name):
        return "-"  # which is nobody's
    return name


def _named(query: str) -> tuple[str | None, bool]:
    """Return the conversation that an address names, and whether it names any."""
    try:
        given = parse_qs(query.removeprefix("?"), max_num_fields=50).get("session")
    except ValueError:  # more fields than any link of ours has
        return None, False
    return (None, False) if given is None else (session_of({"session": given[-1]}), True)


def _sent(text: str) -> Mapping[str, Any]:
    """Return what the page's script sent; anything else is as nothing."""
    try:
        sent: Any = json.loads(text)
    except ValueError:
        return {}
    return cast("Mapping[str, Any]", sent) if isinstance(sent, dict) else {}
