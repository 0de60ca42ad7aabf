"""The tools for programs of this machine, or with a token for those of others, over streamable HTTP."""

import hmac
import socket
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

import uvicorn
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from knowledge.errors import UserMistake
from ui import output
from ui.guard import LOOPBACK
from ui.mcp_server import opening_notes, protocol
from ui.settings import Settings

PATH: Final = "/mcp"
_CLOSING_S: Final = 1  # how long open streams may hold up the end of the program


def serve_http(settings: Settings, *, host: str, port: int, token: str, as_json: bool) -> None:
    """Serve until it is interrupted.

    Raises UserMistake where it cannot listen at that address, or where everyone could use it.
    """
    if host not in LOOPBACK and not token:
        raise UserMistake(
            f"everyone who reaches {host!r} could use these tools.", "Set a --token, or leave out --host."
        )
    with listening(host, port) as listener, opening_notes(settings) as notes:
        url = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}{PATH}"
        app = application(protocol(notes, settings.learner), local=host in LOOPBACK, token=token)
        if as_json:
            output.print_json({"url": url})
        else:
            sys.stdout.write(f"LLM Atlas offers its tools at {url} (stop it with Ctrl-C)\n")
            sys.stdout.flush()
        notes.start()
        http_server(app).run([listener])


def application(server: "Server[Any, Any]", *, local: bool = True, token: str = "") -> ASGIApp:
    """Return the server as an ASGI application.

    A `local` one answers to the names of this machine alone; where there is a token, who does not bear it is refused.
    """
    hosts = [f"[{host}]" if ":" in host else host for host in sorted(LOOPBACK)]
    security = TransportSecuritySettings(
        # A name of elsewhere that resolves to this machine would let a foreign page in; it cannot know a token.
        enable_dns_rebinding_protection=local,
        allowed_hosts=[f"{host}{port}" for host in hosts for port in ("", ":*")],
        allowed_origins=[f"http://{host}{port}" for host in hosts for port in ("", ":*")],
    )
    manager = StreamableHTTPSessionManager(server, security_settings=security)

    @asynccontextmanager
    async def running(_: Starlette) -> AsyncGenerator[None]:
        async with manager.run():
            yield

    app = Starlette(routes=[Route(PATH, _Endpoint(manager))], lifespan=running)
    return _Keeper(app, token) if token else app


def http_server(app: ASGIApp) -> uvicorn.Server:
    """Return the server of the application; it ends with its program, open streams or not."""
    return uvicorn.Server(
        uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=_CLOSING_S, ws="none", lifespan="on")
    )


@contextmanager
def listening(host: str, port: int) -> Generator[socket.socket]:
    """Listen at this port and no other, since clients are told of it beforehand; at any free one where it is 0.

    Raises UserMistake where that cannot be.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        raise UserMistake(
            f"cannot listen on {host!r}, port {port}: {error}.", "Name another --host or --port."
        ) from error
    with listener:
        yield listener


class _Endpoint:
    """The one address of the protocol; a class, since Starlette takes a function for one of its own kind."""

    def __init__(self, manager: StreamableHTTPSessionManager) -> None:
        self._manager = manager

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._manager.handle_request(scope, receive, send)


class _Keeper:
    """An ASGI application before another one, which lets in who bears the token."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._expected = app, f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = Headers(scope=scope).get("authorization", "") if scope["type"] == "http" else None
        if given is not None and not hmac.compare_digest(given.encode(), self._expected):
            refusal = PlainTextResponse("a token is needed", 401, {"www-authenticate": "Bearer"})
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)
