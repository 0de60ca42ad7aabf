"""The Fix page: a pasted log, what it shows and how it is mended, and a form for a pitfall of one's own."""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

import gradio as gr

from knowledge.errors import AtlasError
from knowledge.vocabulary import Language
from tools.fault.fault import Diagnosis
from ui import bridge
from ui.fix_form import FIELDS, begun, lacking, pitfall_of, textbox, tools_of
from ui.fix_messages import say
from ui.fix_result import address, diagnosis_html, hint_html, own_html, pitfall_html, problem_html
from ui.intro import intro_html
from ui.keepers import EVERYONE, Keepers
from ui.markdown import inline
from ui.opening import Team
from ui.visitor import Reader, Stored, Updates

if TYPE_CHECKING:
    from agents.atlas import Atlas
    from agents.mending import Added, Mender

_SCRIPT: Final = Path(__file__).with_name("fix.js")
_EXAMPLES: Final = (
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB",
    "RuntimeError: Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu!",
    "ValueError: The model's max seq len (131072) is larger than the maximum number of tokens that can be stored in KV "
    "cache (22000)",
)
_PATIENCE_S: Final = 0.5  # the browser asks again


@dataclass(frozen=True, slots=True)
class _Asking:
    """The language of who asks, and why they may change nothing: an empty text where they may."""

    language: Language
    kept: str = ""

    def removable(self, mender: "Mender", pitfalls: Iterable[str]) -> dict[str, str]:
        """Return the notes of those pitfalls that this reader can remove."""
        ids = {note.id for note in mender.added if not self.kept}
        return {pitfall: mender.exported(pitfall) for pitfall in pitfalls if pitfall in ids}


class FixPage:
    """The part of the page over the team; `reader` tells whose language to use. Only `keepers` add and remove."""

    def __init__(self, team: Team, reader: Reader, keepers: Keepers = EVERYONE) -> None:
        self._team, self._reader, self._keepers = team, reader, keepers

    # --- layout -------------------------------------------------------------------------------------------------

    def lay_out(self, language: Language) -> None:
        """Place the log, what it shows, the form and the list of one's own pitfalls."""
        with gr.Column(elem_id="fix", elem_classes=["place"]):
            self.link = gr.HTML(elem_id="fix-link")
            with gr.Column(elem_id="fix-ask"):
                self.intro = gr.HTML(intro_html(say, language), elem_id="fix-intro")
                self.log = gr.Textbox(
                    label=say("log", language), placeholder=say("log_hint", language), lines=8, max_lines=16,
                    elem_id="fix-log-box", autoscroll=False,
                )  # fmt: skip
                with gr.Row(elem_id="fix-actions"):
                    self.find_button = gr.Button(say("find", language), elem_id="fix-find", variant="primary", scale=0)
                    gr.HTML(f"<kbd>{escape(say('keys', language))}</kbd>", elem_id="fix-keys")
                self.examples = gr.HTML(_examples(language), elem_id="fix-examples")
            self.told = gr.HTML(elem_id="fix-told")
            self.result = gr.HTML(elem_id="fix-result")
            with gr.Column(elem_id="fix-form", visible=False) as self.form:
                self.form_intro = gr.HTML(_form_intro(language), elem_id="fix-form-intro")
                self.fields = {field.name: textbox(field, language) for field in FIELDS}
                self.related = gr.Dropdown(
                    [], value=[], multiselect=True, label=say("field_related", language), elem_id="fix-related",
                    num_choices_shown=None,
                )  # fmt: skip
                self.form_told = gr.HTML(elem_id="fix-form-told")
                with gr.Row(elem_id="fix-form-actions"):
                    self.save_button = gr.Button(say("save", language), elem_id="fix-save", variant="primary", scale=0)
                    self.cancel_button = gr.Button(say("cancel", language), elem_id="fix-cancel", scale=0)
            self.own = gr.HTML(elem_id="fix-own")
        self.bridge = gr.HTML(elem_id="fix-bridge", js_on_load=_SCRIPT.read_text(encoding="utf-8"))

    def wire(self, stored: gr.BrowserState) -> None:
        """Answer whatever the reader does at once."""
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "queue": False}
        shown = [self.link, self.told, self.result, self.own]
        form = [self.form, self.form_told, self.related, *self.fields.values()]
        self.find_button.click(self.find, [stored, self.log], [*shown, self.form], trigger_mode="always_last", **quick)
        self.bridge.select(self.act, [stored, self.log], [*shown, *form], trigger_mode="multiple", **quick)
        entered = [stored, self.log, self.related, *self.fields.values()]
        self.save_button.click(self.add, entered, [*shown, *form], **quick)
        self.cancel_button.click(self.cancel, None, [self.form, self.form_told], **quick)

    def worded(self) -> list[Any]:
        """Return the components that carry words of the page; the others follow when it is shown anew."""
        buttons = [self.find_button, self.save_button, self.cancel_button]
        return [self.intro, self.log, self.examples, self.form_intro, self.related, *buttons, *self.fields.values()]

    def words(self, language: Language) -> Updates:
        """Return the words of the page in a language; what is entered stays."""
        return {
            self.intro: intro_html(say, language),
            self.log: gr.Textbox(label=say("log", language), placeholder=say("log_hint", language)),
            self.examples: _examples(language),
            self.find_button: gr.Button(say("find", language)),
            self.form_intro: _form_intro(language),
            self.related: gr.Dropdown(label=say("field_related", language)),
            self.save_button: gr.Button(say("save", language)),
            self.cancel_button: gr.Button(say("cancel", language)),
            **{self.fields[field.name]: gr.Textbox(label=say(f"field_{field.name}", language)) for field in FIELDS},
        }

    # --- callbacks ----------------------------------------------------------------------------------------------

    def find(self, stored: Stored, request: gr.Request, log: str | None) -> Updates:
        """Show what a log shows."""
        reader = self._asking(stored, request)
        return self._with_atlas(reader.language, lambda atlas: self._found(atlas.mender, log or "", reader))

    def act(self, stored: Stored, request: gr.Request, log: str | None, done: gr.EventData) -> Updates:
        """Show what an address asks for, open the form, or remove a pitfall."""
        sent = bridge.sent(done)
        reader = self._asking(stored, request)
        named = _named(str(sent.get("query", "")))

        def acted(atlas: "Atlas") -> Updates:
            match sent.get("do"):
                case "find":
                    return self._found(atlas.mender, log or "", reader)
                case "form":
                    self._keepers.check(request.username)
                    return self._begun(atlas, log or "", reader.language)
                case "remove":
                    self._keepers.check(request.username)
                    return self._removed(atlas.mender, str(sent.get("pitfall", "")), log or "", reader)
                case _:
                    return self._opened(atlas.mender, named, reader)

        return self._with_atlas(reader.language, acted, named)

    def add(
        self, stored: Stored, request: gr.Request, log: str | None, related: list[str] | None, *values: str | None
    ) -> Updates:
        """Add the pitfall of the form, and read the log again."""
        reader = self._asking(stored, request)
        language = reader.language
        entered = {name: value or "" for name, value in zip(self.fields, values, strict=True)}
        if missing := lacking(entered, language):
            return {self.form_told: _form_problem(missing)}
        try:
            self._keepers.check(request.username)
            atlas = self._team.atlas(_PATIENCE_S)
            if atlas is None:
                return {self.form_told: _form_problem(say("waiting", language))}
            added = atlas.mender.add(pitfall_of(entered, related or (), language))
        except AtlasError as error:
            return {self.form_told: _form_problem(error.told(language))}
        told = self._told_of(added, language)
        if (log or "").strip():
            shown = self._found(atlas.mender, log or "", reader, told)
        else:
            shown = self._opened(atlas.mender, added.note, reader, told)
        return {**shown, **self._closed(), **dict.fromkeys(self.fields.values(), ""), self.related: []}

    def cancel(self) -> Updates:
        """Close the form; what was entered stays."""
        return self._closed()

    # --- what is shown ------------------------------------------------------------------------------------------

    def _asking(self, stored: Stored, request: gr.Request) -> _Asking:
        language = self._reader(stored, request)
        kept = "" if self._keepers.admit(request.username) else self._keepers.refusal.told(language)
        return _Asking(language, kept)

    def _with_atlas(self, language: Language, shown: Callable[["Atlas"], Updates], pitfall: str = "") -> Updates:
        """Return what is shown, or why nothing is, at the address of the pitfall that is asked for."""
        try:
            atlas = self._team.atlas(_PATIENCE_S)
            if atlas is None:
                return {self.result: hint_html("waiting", language, "waiting"), self.link: _link(address(pitfall))}
            return shown(atlas)
        except AtlasError as error:
            return {self.result: problem_html(error, language), self.told: "", self.link: _link(address(pitfall))}

    def _found(self, mender: "Mender", log: str, reader: _Asking, told: str = "") -> Updates:
        language = reader.language
        if not log.strip():
            return {**self._own(mender, reader), self.told: told, self.result: hint_html("empty", language, "empty")}
        found, cut = _diagnosed(mender, log, language)
        notes = reader.removable(mender, (match.pitfall for match in (*found.matches, *found.nearest)))
        first = found.matches[0].pitfall if found.matches else ""
        return {
            **self._own(mender, reader, first),
            self.told: told + cut,
            self.result: diagnosis_html(found, language, notes, adds=not reader.kept),
        }

    def _opened(self, mender: "Mender", pitfall: str, reader: _Asking, told: str = "") -> Updates:
        if not pitfall:
            return {**self._own(mender, reader), self.told: told, self.result: ""}
        match = mender.pitfall(pitfall, reader.language)
        known_by = [signature.text for signature in mender.casebook.cases[pitfall].signatures]
        shown = pitfall_html(match, known_by, reader.language, reader.removable(mender, [pitfall]))
        return {**self._own(mender, reader, pitfall), self.told: told, self.result: shown}

    def _begun(self, atlas: "Atlas", log: str, language: Language) -> Updates:
        found = _diagnosed(atlas.mender, log, language)[0] if log.strip() else None
        values = begun(found)
        return {
            self.link: _link(self._address(found)),
            self.form: gr.Column(visible=True),
            self.form_told: "",
            self.related: gr.Dropdown(choices=tools_of(atlas.graph, language)),
            **{self.fields[name]: value for name, value in values.items()},
        }

    def _removed(self, mender: "Mender", pitfall: str, log: str, reader: _Asking) -> Updates:
        title = mender.pitfall(pitfall, reader.language).title
        mender.remove(pitfall)
        told = _told(say("removed", reader.language, title=title))
        return self._found(mender, log, reader, told) if log.strip() else self._opened(mender, "", reader, told)

    def _own(self, mender: "Mender", reader: _Asking, pitfall: str = "") -> Updates:
        return {self.link: _link(address(pitfall)), self.own: own_html(mender.added, reader.language, reader.kept)}

    def _closed(self) -> Updates:
        return {self.form: gr.Column(visible=False), self.form_told: ""}

    @staticmethod
    def _address(found: Diagnosis | None) -> str:
        return address(found.matches[0].pitfall if found and found.matches else "")

    @staticmethod
    def _told_of(added: "Added", language: Language) -> str:
        told = _told(say("added", language, title=added.title))
        if added.beside:
            told += _told(say("beside", language, titles="; ".join(added.beside)))
        return told


def _named(query: str) -> str:
    """Return the pitfall that an address names, or an empty text."""
    try:
        given = parse_qs(query.removeprefix("?"), max_num_fields=50)
    except ValueError:  # more fields than any link of ours has
        return ""
    return given.get("pitfall", [""])[-1]


def _diagnosed(mender: "Mender", log: str, language: Language) -> tuple[Diagnosis, str]:
    """Return what a log shows, and what is to be said of its length."""
    from agents.mending import LONGEST_LOG, last_part  # noqa: PLC0415 - loads what the page need not wait for

    read = last_part(log)
    cut = _told(say("cut", language, n=f"{LONGEST_LOG:,}")) if len(read) < len(log) else ""
    return mender.diagnose(read, language), cut


def _examples(language: Language) -> str:
    """Return logs to try the page with."""
    logs = "".join(f'<li><button type="button" data-log>{escape(log)}</button></li>' for log in _EXAMPLES)
    return f'<div class="examples"><span>{escape(say("examples", language))}</span><ul>{logs}</ul></div>'


def _form_intro(language: Language) -> str:
    return f'<h3 tabindex="-1">{escape(say("form", language))}</h3><p>{escape(say("form_intro", language))}</p>'


def _told(words: str) -> str:
    return f'<p class="told" tabindex="-1">{inline(words)}</p>'


def _form_problem(words: str) -> str:
    return f'<div class="problem" role="alert">{inline(words)}</div>'


def _link(query: str) -> str:
    """Return the hidden link that the page's script keeps the address at; its token tells that we answered."""
    return f'<a href="{escape(query)}" data-token="{uuid.uuid4().hex}" tabindex="-1"></a>'
