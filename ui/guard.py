"""The guard before the page: what it may load, who may name it, how much may be sent, and which doors stay shut."""

import asyncio
from collections.abc import Callable, Iterable
from math import ceil
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.limits import Rate
from ui.limits_messages import say
from ui.messages import preferred

# Gradio's own scripts and styles are inline in part; from elsewhere nothing may be loaded, framed or sent to.
POLICY: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; media-src 'self'; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-src 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "same-origin",  # with none at all, forms would not say where they come from
    "x-content-type-options": "nosniff",
}
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
MOST_BYTES: Final = 36_000_000  # of one request: the largest file that is taken, as base64
_SILENCE_S: Final = 20.0  # how long a sender may pause within a request
# The page takes files through events of its own, and stands in front of no other site.
_SHUT: Final = ("/gradio_api/upload", "/gradio_api/proxy", "/proxy=", "/gradio_api/deep_link", "/monitoring")
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Guard:
    """An ASGI application before another one; `hosts` are the names it answers to, all where it is None."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str] | None = LOOPBACK) -> None:
        self._app = app
        self._hosts = None if hosts is None else frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it; what is answered carries our headers either way."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        sending = _with_headers(send)
        if refusal is not None:
            await refusal(scope, receive, sending)
        else:
            await self._app(scope, _lively(receive), sending)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "").lower()
        # A name of elsewhere that resolves to this machine would let a foreign page read ours.
        if self._hosts is not None and _host(host) not in self._hosts:
            return PlainTextResponse("this page answers to its own address only", 421)
        if scope["path"].startswith(_SHUT):
            return PlainTextResponse("not here", 404)
        return None if scope["type"] != "http" or scope["method"] in _READING else _unsendable(headers, host)


def _unsendable(headers: Headers, host: str) -> Response | None:
    """Return why this may not be sent here, or None where it may."""
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.lower() != host:
        return PlainTextResponse("another page may not send anything here", 403)
    if "transfer-encoding" in headers:
        return PlainTextResponse("say how long it is", 411)
    if int(headers.get("content-length", "0")) > MOST_BYTES:
        language = preferred(headers.get("accept-language", ""))
        return JSONResponse({"detail": say("too_large", language, most=MOST_BYTES // 1_000_000)}, 413)
    return None


class Pace:
    """An ASGI application before another one, which lets each reader send only so much in a minute.

    `reader` tells whose request it is.
    """

    def __init__(self, app: ASGIApp, reader: Callable[[Scope], str], rate: Rate) -> None:
        self._app, self._reader, self._rate = app, reader, rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or tell the reader to wait."""
        counts = scope["type"] == "http" and scope["method"] not in _READING
        wait_s = self._rate.wait_s(self._reader(scope)) if counts else 0.0
        if not wait_s:
            await self._app(scope, receive, send)
            return
        language = preferred(Headers(scope=scope).get("accept-language", ""))
        told = {"detail": say("requests", language, seconds=ceil(wait_s))}
        await JSONResponse(told, 429, headers={"retry-after": str(ceil(wait_s))})(scope, receive, send)


def _with_headers(send: Send) -> Send:
    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
        await send(message)

    return guarded


def _lively(receive: Receive) -> Receive:
    """Return a receiver that gives a sender up who falls silent within a request; TimeoutError ends the request."""
    is_whole = False

    async def wait() -> Message:
        nonlocal is_whole
        if is_whole:  # what comes now is the end of the connection, whenever that is
            return await receive()
        message = await asyncio.wait_for(receive(), _SILENCE_S)
        is_whole = not message.get("more_body", False)
        return message

    return wait


def _host(header: str) -> str:
    """Return the name in a Host header, without its port."""
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0]
