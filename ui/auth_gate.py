"""The gate before the page: lets in who has logged in, and tells the page who that is."""

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from math import ceil
from typing import Final
from unicodedata import normalize
from urllib.parse import parse_qs

from anyio import CapacityLimiter, to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from knowledge.vocabulary import Language
from ui.auth import Accounts
from ui.auth_login import LASTS_S, Logins
from ui.auth_messages import say
from ui.auth_page import LANGUAGE, login_html
from ui.limits import Guesses
from ui.messages import LANGUAGES, preferred

COOKIE: Final = "llm-atlas-login"
LEARNER: Final = "atlas.learner"  # where in a request the page finds who asks
_LONGEST_FORM: Final = 16_384  # bytes
_LONGEST_WAIT_BY_NAME_S: Final = 10.0  # nobody shall lock another one out by guessing at their name


def learner_of(request: Request) -> str | None:
    """Return who the gate let in with this request."""
    return request.scope.get(LEARNER)


class Gate:
    """An ASGI application before another one, to which only those come who have an account and logged in."""

    def __init__(
        self, app: ASGIApp, accounts: Accounts, guesses: Guesses | None = None, logins: Logins | None = None
    ) -> None:
        self._app, self._accounts = app, accounts
        self._logins, self._guesses = logins or Logins(accounts), guesses or Guesses()
        self._guesses_by_name = Guesses(_LONGEST_WAIT_BY_NAME_S)
        self._hashing = CapacityLimiter(2)  # each takes 64 MiB

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its learner, or ask who it is."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # the page speaks in no other way
            await send({"type": "websocket.close", "code": 1008})
            return
        request, path = Request(scope, receive), scope["path"]
        token = _token(request.headers)
        learner = self._logins.learner(token)
        if path == "/login" and request.method == "POST":
            response = await self._log_in(request)
        elif path == "/logout" and request.method == "POST":
            self._logins.end(token)
            response = RedirectResponse("./", 303)
            response.delete_cookie(COOKIE)
            response.headers["clear-site-data"] = '"storage"'  # the next one at this screen begins anew
        elif learner is None:
            response = _stranger(request)
        elif path in {"/login", "/logout"}:
            response = RedirectResponse("./", 303)
        else:
            await self._app({**scope, LEARNER: learner}, receive, _unkept(send))
            return
        response.headers["cache-control"] = "no-store"
        await response(scope, receive, send)

    async def _log_in(self, request: Request) -> Response:
        form = await _form(request)
        name, password, query = (form.get(field, "") for field in ("name", "password", "next"))
        name, language = normalize("NFC", name).strip(), _language(request)
        address = request.client.host if request.client else ""
        wait_s = max(self._guesses.wait_s(address), self._guesses_by_name.wait_s(name))
        if wait_s:
            told = say("wait", language, seconds=ceil(wait_s))
            return HTMLResponse(
                login_html(language, query, told, name), 429, headers={"retry-after": str(ceil(wait_s))}
            )
        # Counted before the answer is known: many guesses at once shall not pass as one.
        self._guesses.wrong(address)
        self._guesses_by_name.wrong(name)
        if not await to_thread.run_sync(self._accounts.admits, name, password, limiter=self._hashing):
            return HTMLResponse(login_html(language, query, say("wrong", language), name), 401)
        self._guesses.right(address)
        self._guesses_by_name.right(name)
        response = RedirectResponse(f"./{query}" if query.startswith("?") else "./", 303)
        response.set_cookie(
            COOKIE, self._logins.begin(name), max_age=int(LASTS_S), httponly=True, samesite="lax",
            secure=request.url.scheme == "https",
        )  # fmt: skip
        return response


def _unkept(send: Send) -> Send:
    """Return a sender whose pages no browser keeps: Back shall not show them to the next one who logs in."""

    async def keep_none(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if headers.get("content-type", "").startswith(("text/html", "application/json")):
                headers["cache-control"] = "no-store"
        await send(message)

    return keep_none


def _stranger(request: Request) -> Response:
    """Ask a person who they are, and tell a script that it has to be known."""
    language = _language(request)
    if request.method != "GET" or "text/html" not in request.headers.get("accept", ""):
        return JSONResponse({"detail": say("left", language)}, 401)
    chosen = request.query_params.get(LANGUAGE) is not None
    query = request.query_params.get("next", "") if chosen else request.url.query
    return HTMLResponse(login_html(language, f"?{query.removeprefix('?')}" if query else ""))


def _language(request: Request) -> Language:
    chosen = request.query_params.get(LANGUAGE)
    for language in LANGUAGES:
        if language == chosen:
            return language
    return preferred(request.headers.get("accept-language", ""))


def _token(headers: Headers) -> str:
    try:
        cookies = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return ""
    return cookies[COOKIE].value if COOKIE in cookies else ""


async def _form(request: Request) -> Mapping[str, str]:
    """Return the fields of a form; none of one that is too long."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LONGEST_FORM:
            return {}
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[0] for name, values in fields.items()}
