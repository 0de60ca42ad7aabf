"""An OpenAI-compatible endpoint: where a model answers, the line to it, and how its failures read.

Importing this module loads httpx but not openai, which takes most of a second: `client` loads it late.
"""

import json
import socket
import sys
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

import httpx

from agents.events import Rung
from knowledge.errors import ModelFailed, UserMistake

if TYPE_CHECKING:
    from httpcore import NetworkStream
    from openai import OpenAI
    from openai.types.chat import ChatCompletionChunk

OPENAI_URL = "https://api.openai.com/v1"
CONNECT_TIMEOUT_S = 4.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model answers in OpenAI's protocol; `model` is empty until `named` has asked the server for it.

    `timeout_s` is the longest wait for the next bytes of an answer, not for the whole of it.
    """

    base_url: str
    model: str = ""
    api_key: str = field(default="", repr=False)
    rung: Rung = "endpoint"
    timeout_s: float = 60.0

    @property
    def root_url(self) -> str:
        """The address above `/v1`, where llama.cpp and vLLM keep what OpenAI's protocol lacks."""
        return self.base_url.removesuffix("/v1")

    @property
    def loopback(self) -> bool:
        """Whether the endpoint is on this machine."""
        host = httpx.URL(self.base_url).host
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return host == "localhost" or host.endswith(".localhost")


def configured(
    base_url: str | None = None,
    model: str | None = None,
    api_key: str | None = None,
    *,
    environment: Mapping[str, str],
    timeout_s: float = 60.0,
) -> Endpoint | None:
    """Returns the endpoint that was asked for, each part by option before environment, or None.

    A key alone asks for nothing: no question leaves the machine because some other program uses OpenAI.
    Raises UserMistake for a malformed address, and for a model option that no server belongs to.
    """
    url = base_url or environment.get("OPENAI_BASE_URL", "")
    name = model or environment.get("OPENAI_MODEL", "")
    key = api_key or environment.get("OPENAI_API_KEY", "")
    if not url and name and key:
        url = OPENAI_URL
    if url:
        return Endpoint(checked_url(url), name.strip(), key.strip(), timeout_s=timeout_s)
    if model:
        raise UserMistake(
            f"The model {model!r} has no server.", "Say where it runs with --base-url, or set a key for OpenAI."
        )
    return None


def checked_url(text: str) -> str:
    """Returns a base URL without a trailing slash, `/v1` added where the path is empty; raises UserMistake."""
    example = "Give it like http://localhost:8000/v1."
    if "://" not in text:
        raise UserMistake(f"The address {text!r} has no http:// or https:// before it.", example)
    try:
        url = httpx.URL(text.strip())
    except httpx.InvalidURL as error:
        raise UserMistake(f"The address {text!r} is not a URL: {error}.", example) from error
    if url.userinfo:
        # The value is not repeated: it holds a password.
        raise UserMistake("The address of the model holds a user name or password.", "Pass the key with --api-key.")
    if url.scheme not in ("http", "https") or not url.host or url.query or url.fragment:
        raise UserMistake(f"The address {text!r} is not a plain http or https address.", example)
    path = url.path.rstrip("/").removesuffix("/chat/completions").rstrip("/")
    return str(url.copy_with(path=path or "/v1"))


class Line(httpx.Client):
    """A line to one endpoint; `cut` ends what is under way on it, from any thread.

    Closing a client does not wake a thread that waits for bytes; shutting its socket does, and the server notices.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._lock = Lock()
        self._streams: list[NetworkStream] = []
        self._is_cut = False
        super().__init__(
            # Proxies are for the world outside: none leads to this machine's own loopback.
            trust_env=not endpoint.loopback,
            headers={"Authorization": f"Bearer {endpoint.api_key}"} if endpoint.api_key else None,
            timeout=httpx.Timeout(endpoint.timeout_s, connect=CONNECT_TIMEOUT_S),
            # A kept connection may be dead when it is used again (seen with llama.cpp), and no call is tried twice.
            limits=httpx.Limits(max_keepalive_connections=0),
            event_hooks={"request": [self._trace]},
        )

    def cut(self) -> None:
        """Shuts every connection: requests under way fail at once, and so do later ones."""
        with self._lock:
            self._is_cut = True
            streams, self._streams = self._streams, []
        for stream in streams:
            _shut(stream)

    def _trace(self, request: httpx.Request) -> None:
        request.extensions["trace"] = self._remember

    def _remember(self, event: str, info: Mapping[str, Any]) -> None:
        if not event.endswith(("connect_tcp.complete", "start_tls.complete")):
            return
        with self._lock:
            if not self._is_cut:
                self._streams.append(info["return_value"])
                return
        _shut(info["return_value"])


def _shut(stream: "NetworkStream") -> None:
    with suppress(OSError):  # it was closed before
        # The plain method: an SSL socket's own would take away the state that the reading thread uses.
        socket.socket.shutdown(stream.get_extra_info("socket"), socket.SHUT_RDWR)


def client(endpoint: Endpoint, line: Line | None = None) -> "OpenAI":
    """Returns an openai client that never retries, so that cutting its line ends the call."""
    from openai import OpenAI  # noqa: PLC0415  # 0.8 s to import

    return OpenAI(
        base_url=endpoint.base_url,
        api_key=endpoint.api_key or "none",  # openai insists on one
        max_retries=0,
        http_client=line or Line(endpoint),
    )


@contextmanager
def failures(endpoint: Endpoint) -> Generator[None]:
    """Turns what openai and httpx raise inside it into ModelFailed."""
    try:
        yield
    except Exception as error:
        failure = model_failure(error, endpoint)
        if failure is None:
            raise
        # The cause is left out: it may hold the answer of a server that repeats the key.
        raise failure from None


def guarded(chunks: Iterable["ChatCompletionChunk"], endpoint: Endpoint) -> Iterator["ChatCompletionChunk"]:
    """Yields the chunks of a stream; raises ModelFailed where it breaks, ends too early, or held nothing."""
    finished = said = False
    with failures(endpoint):
        for chunk in chunks:
            for choice in chunk.choices:
                finished = finished or choice.finish_reason is not None
                said = said or bool(choice.delta.content or choice.delta.tool_calls)
            yield chunk
    if not finished:
        raise ModelFailed(f"The model at {endpoint.base_url} stopped in the middle of its answer.", "Ask again.")
    if not said:
        raise empty_answer(endpoint)


def empty_answer(endpoint: Endpoint) -> ModelFailed:
    """Returns the error for an answer without a word."""
    return ModelFailed(
        f"The model {endpoint.model!r} at {endpoint.base_url} gave an empty answer.",
        "Ask again; if it stays so, the server's chat template does not fit the model.",
    )


def model_failure(error: Exception, endpoint: Endpoint) -> ModelFailed | None:
    """Returns the ModelFailed that says what `error` means for the reader, or None where it is no model's failure."""
    if isinstance(error, ModelFailed):
        return error
    cause = error.__cause__ if isinstance(error.__cause__, httpx.HTTPError) else error
    if isinstance(cause, httpx.TransportError):
        return _broken_line(cause, endpoint)
    status = _status(error)
    if status is not None:
        return _refusal(status, _server_words(error, endpoint), endpoint)
    # An error of openai's can only exist where openai is loaded: importing it here would cost most of a second.
    openai = sys.modules.get("openai")
    if isinstance(error, json.JSONDecodeError) or (openai is not None and isinstance(error, openai.OpenAIError)):
        return strange_answer(endpoint, _server_words(error, endpoint))
    return None


def was_refused(error: Exception) -> bool:
    """Tells whether a server was not there or took a request at once for none of its own: nothing was read of it."""
    cause = error.__cause__ if isinstance(error.__cause__, httpx.HTTPError) else error
    return isinstance(cause, httpx.ConnectError | httpx.ConnectTimeout) or _status(error) is not None


def strange_answer(endpoint: Endpoint, words: str = "") -> ModelFailed:
    """Returns the error for an answer that is not in OpenAI's protocol."""
    return ModelFailed(
        f"The server at {endpoint.base_url} answered outside of OpenAI's protocol{words}.",
        "See whether --base-url leads to an OpenAI-compatible server.",
    )


def _broken_line(cause: httpx.TransportError, endpoint: Endpoint) -> ModelFailed:
    at = endpoint.base_url
    if isinstance(cause, httpx.ConnectError | httpx.ConnectTimeout):
        return ModelFailed(f"Nothing answers at {at}.", "Start the model server, or correct --base-url.")
    if isinstance(cause, httpx.TimeoutException):
        wait = f"The model at {at} sent nothing for {endpoint.timeout_s:g} s."
        return ModelFailed(wait, "See whether its server is overloaded, or use a smaller model.")
    return ModelFailed(f"The model at {at} closed the connection in the middle of its answer.", "Ask again.")


def _status(error: Exception) -> int | None:
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code
    status = getattr(error, "status_code", None)
    return status if isinstance(status, int) else None


def _refusal(status: int, words: str, endpoint: Endpoint) -> ModelFailed:
    at, model = endpoint.base_url, endpoint.model
    match status:
        case 401 | 403:
            return ModelFailed(f"The server at {at} refused the key (HTTP {status}).", "Check --api-key.")
        case 404:
            remedy = "Check --model and --base-url; most addresses end in /v1."
            return ModelFailed(f"The server at {at} does not know the model {model!r} or the path{words}.", remedy)
        case 429:
            remedy = "Wait a minute, or look at your quota."
            return ModelFailed(f"The server at {at} takes no more requests now (HTTP 429).", remedy)
        case _ if status >= 500:
            remedy = "Look into the server's log, then ask again."
            return ModelFailed(f"The server at {at} failed (HTTP {status}){words}.", remedy)
        case _:
            remedy = "Ask something shorter, or correct --base-url and --model."
            return ModelFailed(f"The server at {at} refused the request (HTTP {status}){words}.", remedy)


def _server_words(error: Exception, endpoint: Endpoint) -> str:
    """Returns what the server said, on one short line and without the key."""
    body: Any = getattr(error, "body", None)  # openai's errors have it, with the outer {"error": ...} taken off
    if isinstance(error, httpx.HTTPStatusError):
        with suppress(ValueError):
            body = error.response.json()
    for name in ("error", "message"):
        body = cast("dict[str, Any]", body).get(name, body) if isinstance(body, dict) else body
    if not isinstance(body, str) or not body.strip():
        return ""
    text = body.replace(endpoint.api_key, "***") if endpoint.api_key else body
    return ": " + " ".join(text.split())[:200].rstrip(".")
