"""The guard before the page: what it may load, who may name it, and which of Gradio's doors stay shut."""

from collections.abc import Iterable
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Gradio's own scripts and styles are inline in part; from elsewhere nothing may be loaded, framed or sent to.
POLICY: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; media-src 'self'; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-src 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "content-security-policy": POLICY,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
# The page takes no files and stands in front of no other site.
_SHUT: Final = ("/gradio_api/upload", "/gradio_api/proxy", "/proxy=", "/gradio_api/deep_link", "/monitoring")


class Guard:
    """An ASGI application before another one; `hosts` are the names it answers to, all where it is None."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str] | None = LOOPBACK) -> None:
        self._app = app
        self._hosts = None if hosts is None else frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        # A name of elsewhere that resolves to this machine would let a foreign page read ours.
        if self._hosts is not None and _host(Headers(scope=scope).get("host", "")) not in self._hosts:
            await PlainTextResponse("this page answers to its own address only", 421)(scope, receive, send)
            return
        if scope["path"].startswith(_SHUT):
            await PlainTextResponse("not here", 404)(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        await self._app(scope, receive, guarded)


def _host(header: str) -> str:
    """Return the name in a Host header, without its port."""
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0].lower()
