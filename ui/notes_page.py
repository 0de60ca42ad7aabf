"""The Notes page: to browse, read, search and add notes; callbacks that unpack, call the team and render."""

import base64
import binascii
import hashlib
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from difflib import get_close_matches
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import gradio as gr

from knowledge.errors import AtlasError, UserMistake
from knowledge.shelf import NameTakenError, Shelf, check
from knowledge.vocabulary import Language
from ui import bridge
from ui.keepers import EVERYONE, Keepers
from ui.markdown import LATEX
from ui.notes_list import hits_html, list_html, top_html
from ui.notes_messages import say
from ui.notes_note import gone_html, head_html, page_of, side_html, text_markdown
from ui.notes_query import Wanted, wanted
from ui.notes_shelf import adding_html, kept_html, problem_html, shelf_html, standing_html, taken_html, told_html
from ui.opening import Team
from ui.visitor import Learner, Reader, Stored, Updates

if TYPE_CHECKING:
    from agents.atlas import Atlas  # loads the team's parts, after the page is up
    from knowledge.shelf import Clash

_SCRIPT: Final = Path(__file__).with_name("notes.js")
_PATIENCE_S: Final = 0.5  # the browser asks again
_INDEX_WAIT_S: Final = 30.0  # for another update, by the watch or another program
_CHANGES: Final = frozenset({"file", "folder", "remove"})  # of what all readers share
_HITS: Final = 20
_NEAR: Final = 4


class NotesPage:
    """The part of the page over the team; `reader` tells whose language to use, `learner` whose record to show.

    Only `keepers` add and remove. Folders can be linked `on_this_machine` only: elsewhere any folder could be.
    """

    def __init__(
        self, team: Team, reader: Reader, learner: Learner, keepers: Keepers = EVERYONE, *,
        on_this_machine: bool = False, today: Callable[[], date] = date.today,
    ) -> None:  # fmt: skip
        self._team, self._reader, self._learner, self._keepers = team, reader, learner, keepers
        self._folders, self._today = on_this_machine, today

    # --- layout -------------------------------------------------------------------------------------------------

    def lay_out(self, language: Language) -> None:
        """Place the parts; the page's script shows those of one view at a time."""
        with gr.Column(elem_id="notes", elem_classes=["place"]):
            self.link = gr.HTML(elem_id="notes-link")
            self.top = gr.HTML(top_html(language), elem_id="notes-top")
            self.told = gr.HTML(elem_id="notes-told")
            self.list = gr.HTML(elem_id="notes-list")
            self.hits = gr.HTML(elem_id="notes-hits")
            with gr.Row(elem_id="notes-read"):
                with gr.Column(elem_id="notes-article"):
                    self.head = gr.HTML(elem_id="notes-head")
                    self.text = gr.Markdown(elem_id="notes-text", latex_delimiters=LATEX, container=False)
                self.side = gr.HTML(elem_id="notes-side")
            self.adding = gr.HTML(elem_id="notes-adding")
            self.shelf = gr.HTML(elem_id="notes-shelf")
        self.bridge = gr.HTML(elem_id="notes-bridge", js_on_load=_SCRIPT.read_text(encoding="utf-8"))

    def wire(self, stored: gr.BrowserState) -> None:
        """Answer whatever the reader does at once; indexing goes on beside it."""
        parts = [self.link, self.told, self.list, self.hits, self.head, self.text, self.side, self.adding, self.shelf]
        self.bridge.select(
            self.act, [stored], parts, trigger_mode="multiple", queue=False, api_visibility="private",
            show_progress="hidden",
        )  # fmt: skip

    def worded(self) -> list[Any]:
        """Return the components that carry words of the page; the others follow when it is shown anew."""
        return [self.top, self.adding]

    def words(self, language: Language) -> Updates:
        """Return the words of the page in a language."""
        return {self.top: top_html(language), self.adding: ""}  # who may add is known when it is opened

    # --- callbacks ----------------------------------------------------------------------------------------------

    def act(self, stored: Stored, request: gr.Request, done: gr.EventData) -> Updates:
        """Show what an address asks for, or change the reader's own notes."""
        sent = bridge.sent(done)
        language = self._reader(stored, request)
        is_opened = sent.get("do") == "open"
        try:
            atlas = self._team.atlas(_PATIENCE_S)
            if atlas is None:
                waiting = f'<p class="waiting">{escape(say("waiting", language))}</p>'
                return {self.link: _link("waiting"), self.told: waiting}
            if is_opened:
                return self._opened(atlas, self._learner(stored, request), sent, language, request.username)
            return {self.shelf: self._changed(atlas, sent, language, request.username)}
        except AtlasError as error:
            return {self.link: _link("problem"), self.told: problem_html(error.told(language))}

    # --- what is shown ------------------------------------------------------------------------------------------

    def _opened(
        self, atlas: "Atlas", learner: str, sent: Mapping[str, Any], language: Language, account: str | None
    ) -> Updates:
        asked = wanted(str(sent.get("query", "")))
        if asked.note:
            return self._note(atlas, learner, asked, language)
        if asked.words:
            return self._found(atlas, asked, language)
        if asked.own:
            shelf = self._shelf(atlas, "", language, uuid.uuid4().hex, account)
            adding = self._adding(language, account)
            return {self.link: _link("own", asked.query()), self.told: "", self.adding: adding, self.shelf: shelf}
        return self._listed(atlas, learner, asked, str(sent.get("has", "")), language)

    def _listed(self, atlas: "Atlas", learner: str, asked: Wanted, has: str, language: Language) -> Updates:
        progress = atlas.examiner.progress(learner)
        state = [*atlas.index.catalog.generation(), language, learner, progress.attempts]
        token = hashlib.sha256(repr(state).encode()).hexdigest()[:16]
        shown: Updates = {self.link: _link("list", asked.query()), self.told: ""}
        if token != has:  # the list of a thousand notes is sent once
            shown[self.list] = list_html(atlas.graph.notes, progress.mastery, language, token)
        return shown

    def _found(self, atlas: "Atlas", asked: Wanted, language: Language) -> Updates:
        kinds = {note.id: note.kind for note in atlas.graph.notes.values()}
        hits = hits_html(asked.words, atlas.search(asked.words, _HITS), kinds, language)
        return {self.link: _link("hits", asked.query()), self.told: "", self.hits: hits}

    def _note(self, atlas: "Atlas", learner: str, asked: Wanted, language: Language) -> Updates:
        graph = atlas.graph
        note = graph.notes.get(asked.note) or atlas.index.library.named(asked.note)
        if note is None:
            near = get_close_matches(asked.note, graph.notes, _NEAR)
            told = gone_html(asked.note, [graph.notes[one] for one in near], language)
            return {self.link: _link("gone", asked.query()), self.told: told}
        asked = replace(asked, note=note.id)
        page = page_of(note, asked, language)
        mastery = atlas.examiner.progress(learner).mastery.get(note.id)
        return {
            self.link: _link("note", asked.query(), page.document.language),
            self.told: "",
            self.head: head_html(page, asked, mastery, language, self._today()),
            self.text: text_markdown(page, atlas.index.library, language),
            self.side: side_html(page, graph, language),
        }

    # --- the reader's own notes ---------------------------------------------------------------------------------

    def _changed(self, atlas: "Atlas", sent: Mapping[str, Any], language: Language, account: str | None) -> str:
        """Do what the reader wants with their own notes, and return what there is of them now."""
        told = ""
        waits = False
        try:
            if sent.get("do") in _CHANGES:
                self._keepers.check(account)
            match sent.get("do"):
                case "file":
                    name = _added(Shelf(atlas.index), sent)
                    told = told_html(say("added", language, name=name))
                case "folder" if self._folders:
                    path = Shelf(atlas.index).link(Path(str(sent.get("path", "")).strip()))
                    told = told_html(say("linked", language, name=path))
                case "remove":
                    told = told_html(say("removed", language, name=self._removed(atlas, sent)))
                case "index":
                    waits = atlas.index.update(wait_s=_INDEX_WAIT_S).locked
                case _:
                    pass
        except NameTakenError as error:
            told = taken_html(error.name, language)
        except AtlasError as error:
            told = problem_html(error.told(language))
        return self._shelf(atlas, told, language, str(sent.get("id", "")), account, waits=waits)

    def _removed(self, atlas: "Atlas", sent: Mapping[str, Any]) -> str:
        name = str(sent.get("name", ""))
        if Path(name).is_absolute() and not self._folders:
            raise UserMistake(f"the folder {name!r} cannot be removed from here.", "Do it on its own machine.")
        Shelf(atlas.index).remove(name)
        return Path(name).name

    def _adding(self, language: Language, account: str | None) -> str:
        if not self._keepers.admit(account):
            return kept_html(self._keepers.refusal.told(language), language)
        return adding_html(language, folders=self._folders)

    def _shelf(
        self, atlas: "Atlas", told: str, language: Language, token: str, account: str | None, *, waits: bool = False
    ) -> str:
        shelf, index = Shelf(atlas.index), atlas.index
        total, embedded = index.catalog.counts()
        standing = standing_html(index.standing, (embedded, total), language, waits=waits)
        folders = shelf.folders() if self._folders else []  # their paths are nobody else's business
        fixed = not self._keepers.admit(account)
        return shelf_html(shelf.files(), folders, standing, told, language, escape(token), fixed=fixed)


def _added(shelf: Shelf, sent: Mapping[str, Any]) -> str:
    """Add the file that the page's script sent."""
    name, data = str(sent.get("name", "")), str(sent.get("data", ""))
    check(name, len(data) * 3 // 4)
    try:
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise UserMistake(f"{name!r} did not arrive whole.", "Try again.") from error
    clash = cast("dict[object, Clash]", {"replace": "replace", "both": "both"}).get(sent.get("clash"), "refuse")
    return shelf.put(name, content, clash)


def _link(state: str, query: str = "", spoken: str = "") -> str:
    """Return the hidden link that the page's script keeps the address at; its token differs each time.

    `spoken` is the language of the note that is shown.
    """
    href = f' href="{escape(query)}"' if query else ""
    return f'<a{href} data-token="{uuid.uuid4().hex}" data-state="{state}" data-spoken="{spoken}" tabindex="-1"></a>'
