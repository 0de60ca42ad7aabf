"""The tools and the notes over the Model Context Protocol; the one place that knows the `mcp` package.

Loading it takes a second, so it is imported when a server is started.
"""

import importlib
import json
import logging
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote

import anyio
import anyio.from_thread
import anyio.to_thread
from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.shared.exceptions import McpError
from pydantic import AnyUrl

from agents import prompt, record
from agents.stop import Stop
from agents.tool import Call, Tool
from agents.toolkit import toolkit
from knowledge.errors import AtlasError
from knowledge.library import Library
from knowledge.note import Note
from ui.opening import BackgroundTeam, Team
from ui.options import MODEL_WAIT_S
from ui.settings import Settings

if TYPE_CHECKING:  # load the index and its encoders, for which a client's greeting must not wait
    from contextlib import AbstractContextManager

    from agents.atlas import Atlas

NOTES: Final = "atlas://notes"
_NOT_FOUND: Final = -32002  # the protocol's code for a resource that is not there
_PATIENCE_S: Final = 0.25  # how often a call that waits for the notes looks up
_INDEXING_S: Final = 45.0  # a client waits a minute for an answer; then what is indexed has to do
_LOG: Final = logging.getLogger(__name__)


class Notes:
    """The team, which may still be on its way; `start` begins to open it and may be called often."""

    def __init__(self, team: Team, start: Callable[[], None] = lambda: None) -> None:
        self._team, self._start = team, start
        self._lock = threading.Lock()
        self._started = False
        self._closed = threading.Event()
        self._patient_until: float | None = None

    def start(self) -> None:
        """Begin to open the team, once."""
        with self._lock:
            if self._started:
                return
            self._started = True
        self._start()

    def close(self) -> None:
        """Let nothing wait any longer."""
        self._closed.set()

    def opened(self, call: Call) -> "Atlas":
        """Return the team, once it is open and its notes are indexed, or after a while what there is of them.

        Raises AtlasError where it cannot be opened, or where the call is stopped meanwhile.
        """
        self.start()
        atlas = self._team.atlas(0.0)
        if atlas is None:
            call.say("The notes are being opened")
        while atlas is None:
            self._go_on(call)
            atlas = self._team.atlas(_PATIENCE_S)
        while (opening := self._team.opening).indexing and self._is_patient():
            call.say(f"The notes are being indexed: {opening.done}/{opening.total}")
            self._closed.wait(_PATIENCE_S)
            self._go_on(call)
        return atlas

    def _go_on(self, call: Call) -> None:
        if call.stop.is_set or self._closed.is_set():
            raise AtlasError("the call was stopped.", "Ask again.")

    def _is_patient(self) -> bool:
        """Tell whether calls still wait for all passages: until then, what is asked may seem to be in no note."""
        with self._lock:
            if self._patient_until is None:
                self._patient_until = time.monotonic() + _INDEXING_S
            return time.monotonic() < self._patient_until


@contextmanager
def opening_notes(settings: Settings) -> Generator[Notes]:
    """Make the team ready to be opened in the background; it is closed in the end."""
    # They quote messages that are not of the protocol, which may be logs with secrets in them.
    logging.getLogger("mcp").setLevel(logging.CRITICAL)
    logging.getLogger().setLevel(logging.ERROR)
    team = BackgroundTeam(lambda: _open(settings), _prepare, _rehearse)
    notes = Notes(team, team.start)
    try:
        yield notes
    finally:
        notes.close()
        team.close()


def _open(settings: Settings) -> "AbstractContextManager[Atlas]":
    from knowledge.index import Changes  # noqa: PLC0415 - loads late, after the client is greeted
    from ui.assembly import open_atlas  # noqa: PLC0415

    return open_atlas(settings, wait_s=MODEL_WAIT_S, update=lambda _: Changes())


def _prepare(atlas: "Atlas") -> None:
    """Begin to make what advice, quizzes and fixes rest on, which takes seconds; a model is loaded when it is asked."""

    def make() -> None:
        with suppress(AtlasError):  # the call that needs it says what is wrong
            _ = atlas.examiner.material, atlas.mender.casebook

    threading.Thread(target=make, name="atlas-material", daemon=True).start()


def _rehearse(atlas: "Atlas") -> None:
    """Load what every search needs, and what two calls must not load at once: the desk's library, for small talk."""
    atlas.search("notes", 1)
    state = atlas.ladder.state
    if state.endpoint is not None or state.embedded not in {"off", "missing"}:
        for name in ("agno.db.sqlite", "agno.agent", "agno.models.openai.like"):
            importlib.import_module(name)


def protocol(notes: Notes, learner: str) -> "Server[Any, Any]":
    """Return a server of the protocol, for any transport and any number of clients."""
    server: Server[Any, Any] = Server(
        "llm-atlas", version("llm-atlas"), instructions=prompt.render("tools", "instructions").strip()
    )
    _offer_tools(server, toolkit(notes.opened, learner))
    _offer_notes(server, notes)

    async def begin(_: types.InitializedNotification) -> None:
        notes.start()

    # A client that has been greeted will soon call; to open the notes before would hold up the greeting.
    server.notification_handlers[types.InitializedNotification] = begin
    return server


# --- tools ------------------------------------------------------------------------------------------------------------


def _offer_tools(server: "Server[Any, Any]", tools: Sequence[Tool[Any]]) -> None:
    by_name = {tool.name: tool for tool in tools}
    described = [_described(tool) for tool in tools]

    async def listed() -> list[types.Tool]:
        return described

    async def called(name: str, arguments: dict[str, Any]) -> Any:  # noqa: ANN401 - any of the protocol's forms
        if name not in by_name:
            return _refusal(f"there is no tool {name!r}. There are {', '.join(by_name)}.")
        try:
            made = await _running(by_name[name], arguments, server)
        except AtlasError as error:
            return _refusal(str(error))
        except Exception as error:  # noqa: BLE001 - a client gets no trace of the stack
            _LOG.error("%s failed: %s", name, type(error).__name__)  # what it says may quote a log
            return _refusal(f"{name} failed: {type(error).__name__}. Please report this.")
        return [types.TextContent(type="text", text=json.dumps(made, ensure_ascii=False))], made

    server.list_tools()(listed)
    server.call_tool(validate_input=False)(called)  # each tool does so itself, with a remedy


def _described(tool: Tool[Any]) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        inputSchema=tool.takes,
        outputSchema=tool.gives,
        annotations=types.ToolAnnotations(readOnlyHint=True, openWorldHint=False),
    )


def _refusal(text: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], isError=True)


async def _running(tool: Tool[Any], arguments: dict[str, Any], server: "Server[Any, Any]") -> dict[str, Any]:
    """Run a tool in a thread; a call that is cancelled, or whose client has gone, stops at once."""
    stop = Stop()
    call = Call(_reporter(server, stop), stop)
    try:
        return await anyio.to_thread.run_sync(tool.run, arguments, call, abandon_on_cancel=True)
    except anyio.get_cancelled_exc_class():
        stop.set()
        raise


def _reporter(server: "Server[Any, Any]", stop: Stop) -> Callable[[str], None]:
    """Return what passes the progress of the call at hand on to its client, if that asked for it."""
    context = server.request_context
    token = context.meta.progressToken if context.meta else None
    told: list[str] = []

    def say(text: str) -> None:
        if token is None or stop.is_set or told[-1:] == [text]:
            return
        told.append(text)
        anyio.from_thread.run(
            context.session.send_progress_notification, token, float(len(told)), None, text, str(context.request_id)
        )

    return say


# --- notes ------------------------------------------------------------------------------------------------------------


def _offer_notes(server: "Server[Any, Any]", notes: Notes) -> None:
    async def listed() -> list[types.Resource]:
        said = "All notes, each with its id, title, stage and kind."
        return [types.Resource(uri=AnyUrl(NOTES), name="notes", title="Notes", description=said, mimeType=_JSON)]

    async def templates() -> list[types.ResourceTemplate]:
        said = "A note as Markdown, by its id; {id}.zh is its Chinese text where there is one."
        return [
            types.ResourceTemplate(
                uriTemplate=f"{NOTES}/{{id}}", name="note", title="Note", description=said, mimeType=_MARKDOWN
            )
        ]

    async def read(uri: AnyUrl) -> list[ReadResourceContents]:
        text, kind = await anyio.to_thread.run_sync(_resource, str(uri), notes, abandon_on_cancel=True)
        return [ReadResourceContents(text, kind)]

    server.list_resources()(listed)
    server.list_resource_templates()(templates)
    server.read_resource()(read)


_JSON: Final = "application/json"
_MARKDOWN: Final = "text/markdown"


def _resource(uri: str, notes: Notes) -> tuple[str, str]:
    """Return the text and the kind of a resource; raises McpError where there is none."""
    library = notes.opened(Call()).index.library
    if uri.rstrip("/") == NOTES:
        listed = [
            record.note_json(note) | {"uri": f"{NOTES}/{quote(note.id)}"} for _, note in sorted(library.notes.items())
        ]
        return json.dumps({"notes": listed}, ensure_ascii=False), _JSON
    return _note(unquote(uri.removeprefix(f"{NOTES}/")), library), _MARKDOWN


def _note(name: str, library: Library) -> str:
    wants_chinese = name.endswith(".zh") and name not in library.notes
    note = library.notes.get(name.removesuffix(".zh") if wants_chinese else name)
    paths = _paths(note, "zh" if wants_chinese else "") if note else []
    if not paths:
        raise McpError(types.ErrorData(code=_NOT_FOUND, message=f"there is no note {name!r}. {NOTES} lists them all."))
    return Path(paths[0]).read_text(encoding="utf-8-sig")


def _paths(note: Note, language: str) -> list[str]:
    """Return where a note is told in a language, or in the first one that it is told in."""
    return [document.path for document in note.documents if not language or document.language == language]
