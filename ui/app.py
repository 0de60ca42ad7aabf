"""The app: the page first, then behind it the notes, the models and the big libraries."""

import asyncio
import importlib
import logging
import os
import socket
import sys
import threading
import webbrowser
from collections.abc import Generator, MutableMapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agents import team
from knowledge.errors import AtlasError, UserMistake
from learner.feedback import FeedbackStore
from ui import framework, output
from ui.auth import Accounts, accounts
from ui.auth_gate import LEARNER, Gate, learner_of
from ui.auth_login import FILE as LOGINS
from ui.auth_login import Logins
from ui.guard import LOOPBACK, Guard, Pace
from ui.keepers import keepers
from ui.limits import REQUESTS_A_MINUTE, Rate
from ui.opening import BackgroundTeam
from ui.settings import Settings

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp, Receive, Scope, Send

    from agents.atlas import Atlas
    from ui.page import Page

_PORTS_TRIED: Final = 20
# A task that no rule understands, so that its meaning is looked at.
_UNCERTAIN: Final = "my chatbot forgets what we said"
_CLOSING_S: Final = 1  # how long open pages may hold up the end of the program
_PATIENCE_S: Final = 4.0  # how long the notes wait for the page to be sent: opening them takes a core
_EVERY_ADDRESS: Final = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - recognised, not used


def serve(
    settings: Settings, *, host: str, port: int, open_browser: bool, pull: bool, as_json: bool,
    auth: Sequence[str] = (), keeping: Sequence[str] = (), insecure: bool = False,
) -> None:  # fmt: skip
    """Open the page and serve it until it is interrupted, to those whom `auth` names, or to everyone.

    Of them those who are `keeping` may change what all share. Raises UserMistake where it cannot listen at that
    address, or where everyone would be too many; SetupMissing where logins cannot be kept.
    """
    admitted = accounts(auth) if auth else None
    kept_by = keepers(admitted, keeping)
    is_alone = host in LOOPBACK and admitted is None
    if host not in LOOPBACK and admitted is None and not insecure:
        raise UserMistake(
            f"whoever reaches this machine could use the app at {host!r}.",
            "Set passwords with --auth (see `atlas learner password --help`), or let everyone in with --insecure.",
        )
    keep_gradio_quiet(os.environ)
    with listening(host, port) as listener:
        framework.load()
        from ui.page import Page  # noqa: PLC0415 - gradio loads late: seconds, and the environment comes before it

        actual = int(listener.getsockname()[1])
        url = _url(host, actual)
        if host not in LOOPBACK and admitted is None:
            sys.stderr.write(f"atlas: no password is set: everyone who reaches {host}:{actual} can use this app\n")
        if port and actual != port:
            sys.stderr.write(f"atlas: port {port} is taken; using {actual}\n")
        team = BackgroundTeam(lambda: _open(settings), lambda atlas: _prepare(atlas, pull=pull), _rehearse)
        page = Page(
            team,
            FeedbackStore(settings.home),
            examples=any(not folder.own for folder in settings.folders),
            price=settings.price,
            named_learners=is_alone,
            accounts=admitted is not None,
            keepers=kept_by,
        )
        logins = Logins(admitted, settings.home / LOGINS) if admitted is not None else None
        sent = threading.Event()
        # A login holds for the name it was made under, so that any name may lead here where one is needed.
        app = _telling(application(page, LOOPBACK if is_alone else None, admitted, logins), sent)
        if as_json:
            output.print_json({"url": url})
        else:
            sys.stdout.write(f"LLM Atlas is at {url} (stop it with Ctrl-C)\n")
            sys.stdout.flush()
        if open_browser:
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
        threading.Thread(target=lambda: (sent.wait(_PATIENCE_S), team.start()), daemon=True).start()
        try:
            server(app).run([listener])
        finally:
            page.close()
            team.close()


@contextmanager
def listening(host: str, port: int) -> Generator[socket.socket]:
    """Listen at an address; where the port is taken, at the next free one, and at any where it is 0.

    Raises UserMistake where no port is free or the host is none of this machine's.
    """
    problem: OSError | None = None
    for candidate in [0] if port == 0 else range(port, min(port + _PORTS_TRIED, 65536)):
        try:
            family = socket.getaddrinfo(host, candidate, type=socket.SOCK_STREAM)[0][0]
            listener = socket.create_server((host, candidate), family=family, backlog=128)
        except OSError as error:
            problem = error
            continue
        with listener:
            yield listener
        return
    raise UserMistake(f"cannot listen on {host!r}, port {port}: {problem}.", "Name another --host or --port.")


def keep_gradio_quiet(environment: MutableMapping[str, str]) -> None:
    """Keep Gradio from reporting its use and from summing it up with pandas; to be called before its import."""
    environment.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    environment.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", str(10**9))


def application(
    page: "Page",
    hosts: frozenset[str] | None = LOOPBACK,
    admitted: Accounts | None = None,
    logins: Logins | None = None,
) -> "ASGIApp":
    """Return the page as an ASGI application that answers to these hosts, or to all, and to those with an account."""
    # Gradio makes an event loop of its own, and never closes it, where none is running.
    return asyncio.run(_application(page, hosts, admitted, logins))


async def _application(
    page: "Page", hosts: frozenset[str] | None, admitted: Accounts | None, logins: Logins | None
) -> "ASGIApp":
    import gradio as gr  # noqa: PLC0415 - loads late: seconds
    from fastapi import FastAPI  # noqa: PLC0415
    from starlette.staticfiles import StaticFiles  # noqa: PLC0415

    from ui.page import SCRIPT, style, theme  # noqa: PLC0415

    base = FastAPI(openapi_url=None)
    base.mount("/vendor", StaticFiles(directory=Path(__file__).with_name("vendor")))
    app = gr.mount_gradio_app(  # pyright: ignore[reportUnknownMemberType] - one of its types is left open
        base, page.build(), path="/",
        theme=theme(), css=style(), js=SCRIPT.read_text(encoding="utf-8"),
        footer_links=[], run_history=False, show_error=True, ssr_mode=False, pwa=False, mcp_server=False,
        enable_monitoring=False, max_file_size=1, app_kwargs={"openapi_url": None},
        auth_dependency=learner_of if admitted is not None else None,
    )  # fmt: skip
    if hosts is None:
        app = Pace(app, _asking, Rate(REQUESTS_A_MINUTE))
    return Guard(app if admitted is None else Gate(app, admitted, logins=logins), hosts)


def _asking(scope: "Scope") -> str:
    """Return whose request it is: the learner's, or that of a machine."""
    client = scope.get("client")
    return scope.get(LEARNER) or (str(client[0]) if client else "")


def server(app: "ASGIApp") -> "uvicorn.Server":
    """Return the server of the page; it ends with its program, open pages or not."""
    import uvicorn  # noqa: PLC0415 - loads late, with gradio

    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=_CLOSING_S, ws="none")
    return uvicorn.Server(config)


def _telling(app: "ASGIApp", sent: threading.Event) -> "ASGIApp":
    """Return the application, which sets `sent` once something has been sent."""

    async def tell(scope: "Scope", receive: "Receive", send: "Send") -> None:
        await app(scope, receive, send)
        if scope["type"] == "http":
            sent.set()

    return tell


@contextmanager
def _open(settings: Settings) -> Generator["Atlas"]:
    # These load the index and its encoders, after the page is up.
    from knowledge.index import Changes  # noqa: PLC0415
    from knowledge.watch import Watch  # noqa: PLC0415
    from ui.assembly import open_atlas  # noqa: PLC0415

    with open_atlas(settings, wait_s=0.0, update=lambda _: Changes()) as atlas, Watch(atlas.index):
        yield atlas


def _prepare(atlas: "Atlas", *, pull: bool) -> None:
    """Start what may take long, in the background: the model, and the library of the agents."""
    state = atlas.ladder.state
    if pull and state.embedded == "missing" and state.endpoint is None:
        atlas.ladder.download()
    else:
        atlas.ladder.warm()
    has_model = state.embedded != "off" or state.endpoint is not None
    threading.Thread(target=_warm, args=(atlas,), kwargs={"crew": has_model}, name="atlas-warm", daemon=True).start()


def _warm(atlas: "Atlas", *, crew: bool) -> None:
    """Do once what takes seconds the first time: the items' and advice's material, and the library of the agents."""
    try:
        atlas.recommender.recommend(_UNCERTAIN)
    except AtlasError as error:  # the program ends meanwhile, or the first question tells
        logging.getLogger(__name__).info("nothing was warmed: %s", error)
    if crew:
        team.load()


def _rehearse(atlas: "Atlas") -> None:
    """Load what every answer needs: the encoders, and the desk's library.

    Two threads that import parts of the latter at once can deadlock, so that no question may come before it is loaded.
    """
    atlas.search("notes", 1)
    for name in ("agno.db.sqlite", "agno.agent", "agno.models.openai.like"):
        importlib.import_module(name)


def _url(host: str, port: int) -> str:
    name = "127.0.0.1" if host in _EVERY_ADDRESS else f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}"
