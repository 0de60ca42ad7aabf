"""The conversations of a reader in the rail of the page: to open, find, name, save and delete them."""

import re
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

import gradio as gr

from agents import desk_list
from agents.desk_list import LONGEST_QUERY, Removed
from knowledge.errors import AtlasError, UserMistake
from knowledge.vocabulary import Language
from ui import bridge
from ui.chat_page import ChatPage
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
from ui.visitor import Learner, Reader, Stored, Updates, page_of, session_of

if TYPE_CHECKING:
    from agents.atlas import Atlas

_SCRIPT: Final = Path(__file__).with_name("session.js")
_PATIENCE_S: Final = 0.5  # the browser asks again
_PAGE, _MOST = 30, 300  # conversations in the list at first, and at most
_REMOVED: Final = 100  # readers whose last deleted conversation can be brought back


@dataclass(frozen=True, slots=True)
class Wish:
    """What a reader wants of the list, and who it is."""

    atlas: "Atlas"
    stored: Stored
    learner: str
    language: Language
    page: str
    sent: Mapping[str, Any]

    def within(self, session: str) -> "Wish":
        """Return the same in another conversation."""
        return replace(self, stored={**(self.stored or {}), "session": session})


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
        outputs = [stored, self._chat.chat, self._chat.panel, self._chat.earlier.line, self.list, self.link, self.file]
        self.bridge.select(self.act, [stored], outputs, trigger_mode="multiple", **quick)
        for ended in self._chat.ended:
            ended.then(self.follow, [stored], [self.link], **quick)

    def worded(self) -> list[Any]:
        """Return the components that carry words of the page."""
        return [self.head]

    def words(self, language: Language) -> Updates:
        """Return the words of the list; its conversations follow when the script asks for them."""
        return {self.head: head_html(language)}

    # --- callbacks ----------------------------------------------------------------------------------------------

    def follow(self, stored: Stored, request: gr.Request) -> str:
        """Return the address of the conversation that is open."""
        return self._link(stored, self._learner(stored, request), follows=True)

    def act(self, stored: Stored, request: gr.Request, done: gr.EventData) -> Updates:
        """Show the list, or do with a conversation what the reader wants."""
        sent = bridge.sent(done)
        learner, language = self._learner(stored, request), self._reader(stored, request)
        try:
            atlas = self._team.atlas(_PATIENCE_S)
            if atlas is None:
                return {self.list: waiting_html(language)}
            try:
                return self._done(Wish(atlas, stored, learner, language, page_of(request), sent))
            except UserMistake as mistake:
                return self._listed(
                    Wish(atlas, stored, learner, language, page_of(request), sent), problem_html(mistake.told(language))
                )
        except AtlasError as error:
            return {self.list: problem_html(error.told(language))}

    # --- doing --------------------------------------------------------------------------------------------------

    def _done(self, wish: Wish) -> Updates:
        desk, session = wish.atlas.desk, _session(wish.sent.get("session"))
        match wish.sent.get("do"):
            case "arrive":
                return self._opened(wish, arrives=True)
            case "open":
                return self._opened(wish)
            case "rename":
                desk_list.rename(desk, session, wish.learner, str(wish.sent.get("title", "")))
            case "delete":
                return self._deleted(wish, session)
            case "undo":
                removed = self._removed.pop(wish.learner, None)
                if removed is None:
                    return self._listed(wish, problem_html(say("too_late", wish.language)))
                desk_list.put_back(desk, removed)
            case "markdown" | "notebook" as form:
                return {self.file: self._file(wish, session, form)}
            case _:
                pass
        return self._listed(wish)

    def _opened(self, wish: Wish, *, arrives: bool = False) -> Updates:
        """Open the conversation that an address names; without one, that in which the browser is, or a new one."""
        named, is_named = _named(str(wish.sent.get("query", "")))
        current = session_of(wish.stored)
        wanted = named or (current if arrives and not is_named else None)
        kept = wish.within(wanted or uuid.uuid4().hex)
        turns = self._chat.turns(kept.stored, wish.learner)
        if is_named and not turns:  # it is not this reader's, or not at all
            self._chat.turns(wish.stored, wish.learner)
            told = problem_html(say("unknown", wish.language))
            asked = {} if named is None else {self.link: link_html(named, follows=False)}  # a reload tells it again
            return {**self._listed(wish, told), **self._shown(wish), **asked}
        if wanted is not None and wanted == current:  # what the browser keeps stays: it may be changing just now
            return {**(self._shown(kept) if turns else {}), **self._listed(kept)}
        self._chat.leave_for_another(wish.page)
        return {self._stored: kept.stored, **self._shown(kept), **self._listed(kept)}

    def _deleted(self, wish: Wish, session: str) -> Updates:
        title = desk_list.title(wish.atlas.desk, session, wish.learner)
        removed = desk_list.delete(wish.atlas.desk, session, wish.learner)
        self._removed[wish.learner] = removed
        self._removed.move_to_end(wish.learner)
        while len(self._removed) > _REMOVED:
            self._removed.popitem(last=False)
        if wish.atlas.traces.store is not None:
            wish.atlas.traces.store.forget_session(wish.learner, session)
        told = deleted_html(title, wish.language)
        is_open = session == session_of(wish.stored)
        if is_open:
            self._chat.leave_for_another(wish.page)
        self._chat.forget(wish.within(session).stored, wish.learner)
        if not is_open:
            return self._listed(wish, told)
        anew = wish.within(uuid.uuid4().hex)
        return {self._stored: anew.stored, **self._shown(anew), **self._listed(anew, told)}

    def _file(self, wish: Wish, session: str, form: str) -> str:
        title = desk_list.title(wish.atlas.desk, session, wish.learner)
        turns = self._chat.turns(wish.within(session).stored, wish.learner, whole=True)
        on = self._clock().astimezone().date()
        if form == "notebook":
            text = notebook(title, turns, on, wish.language)
            return file_html(text, file_name(title, on, "ipynb"), "application/x-ipynb+json")
        return file_html(markdown(title, turns, on, wish.language), file_name(title, on, "md"), "text/markdown")

    # --- rendering ----------------------------------------------------------------------------------------------

    def _shown(self, wish: Wish) -> Updates:
        return self._chat.show(wish.stored, wish.learner, wish.language)

    def _listed(self, wish: Wish, told: str = "") -> Updates:
        words, asked = str(wish.sent.get("words", ""))[:LONGEST_QUERY], wish.sent.get("count")
        count = min(_MOST, max(_PAGE, asked)) if isinstance(asked, int) else _PAGE
        found = desk_list.listed(wish.atlas.desk, wish.learner, words=words, limit=count + 1)
        now = self._clock().astimezone()
        html = list_html(
            found[:count], session_of(wish.stored) or "", now.date(), now.tzinfo, wish.language, words=words,
            has_more=len(found) > count and count < _MOST, told=told,
        )  # fmt: skip
        return {self.list: html, self.link: self._link(wish.stored, wish.learner)}

    def _link(self, stored: Stored, learner: str, *, follows: bool = False) -> str:
        turns = self._chat.turns(stored, learner)
        goes_on = bool(turns) and turns[-1].outcome == "open"
        return link_html((session_of(stored) or "") if turns else "", follows=follows, goes_on=goes_on)


def _session(name: object) -> str:
    """Return a session that the page's script names; what is none of ours is nobody's."""
    if not isinstance(name, str) or not re.fullmatch("[0-9a-f]{32}", name):
        return "-"
    return name


def _named(query: str) -> tuple[str | None, bool]:
    """Return the conversation that an address names, and whether it names any."""
    try:
        given = parse_qs(query.removeprefix("?"), max_num_fields=50).get("session")
    except ValueError:  # more fields than any link of ours has
        return None, False
    return (None, False) if given is None else (session_of({"session": given[-1]}), True)
