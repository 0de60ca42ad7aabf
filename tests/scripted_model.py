"""A scripted model: a real HTTP server on loopback that answers OpenAI's chat protocol from a script.

    from scripted_model import ScriptedModel

    with ScriptedModel() as model:                       # ScriptedModel(api_key="k") answers 401 to any other key
        model.reply("Paged attention stores the cache in blocks.")                # the next request gets this
        model.reply(probabilities={"yes": 0.9, "no": 0.1}, when=Request.is_check, times=None)   # any number of checks
        model.reply(tool_calls=[("search", {"query": "vllm"})])
        answer = ask(model.endpoint)                     # an agents.endpoint.Endpoint; or model.base_url
        assert "blocks" in answer
        assert model.requests[0].user == "What is paged attention?"

A reply with `when` is taken by the first request for which it is true; the others are taken in their order.
`times=None` lets a reply serve any number of requests, none included. Leaving the block raises AssertionError where a
reply was never asked for, or where a request found none (it got HTTP 500). Replies serve streams and plain requests.

Faults: `delay_s` before the first byte, `chunk_delay_s` before every chunk, `hang=True` (not even headers come),
`hang_after=n` / `close_after=n` / `end_after=n` chunks of a stream (silence / a broken connection / an end without the
closing chunk), `malformed=True` (broken JSON), `text=""` (an empty answer), `fail(429)`. `refusing_url()` gives an
address where nothing listens; `close()` makes the model's own address one. `Request.disconnected_at` is the
`time.monotonic()` at which the client was seen to hang up on an answer under way; `wait_for_disconnect(i)` waits.

`/v1/models` is always answered; `/tokenize` (words) where `tokenizer=True`, `/props` where `context_tokens=n` is given.
"""

import json
import math
import re
import select
import socket
import threading
import time
import traceback
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, cast

from agents.endpoint import Endpoint

LONGEST_WAIT_S = 60.0  # no fault outlasts a test


@dataclass
class Request:
    """One chat request, as it arrived."""

    body: dict[str, Any]
    headers: Mapping[str, str]
    at: float
    disconnected_at: float | None = None

    @property
    def messages(self) -> list[dict[str, Any]]:
        return self.body.get("messages", [])

    @property
    def prompt(self) -> str:
        """The text of all messages."""
        return "\n".join(_text(message) for message in self.messages)

    @property
    def system(self) -> str:
        return "\n".join(_text(message) for message in self.messages if message["role"] in ("system", "developer"))

    @property
    def user(self) -> str:
        """The last message of the user."""
        return next((_text(message) for message in reversed(self.messages) if message["role"] == "user"), "")

    @property
    def stream(self) -> bool:
        return bool(self.body.get("stream"))

    @property
    def max_tokens(self) -> int | None:
        return self.body.get("max_tokens", self.body.get("max_completion_tokens"))

    @property
    def tools(self) -> list[str]:
        return [tool["function"]["name"] for tool in self.body.get("tools") or []]

    @property
    def schema(self) -> dict[str, Any] | None:
        """The JSON schema that the answer has to keep."""
        return ((self.body.get("response_format") or {}).get("json_schema") or {}).get("schema")

    def is_check(self) -> bool:
        """Whether it asks for one token and its probabilities."""
        return self.max_tokens == 1 and bool(self.body.get("logprobs"))


@dataclass
class Reply:
    """One scripted reply; see the head of this file."""

    text: str = ""
    tool_calls: Sequence[tuple[str, Mapping[str, Any]]] = ()
    probabilities: Mapping[str, float] | None = None  # of the first token
    when: Callable[[Request], bool] | None = None
    times: int | None = 1
    delay_s: float = 0.0
    chunk_delay_s: float = 0.0
    hang: bool = False
    hang_after: int | None = None
    close_after: int | None = None
    end_after: int | None = None
    malformed: bool = False
    status: int = 200
    message: str = "scripted failure"
    finish_reason: str = ""
    usage: Mapping[str, int] | None = None
    used: int = 0

    @property
    def words(self) -> str:
        return max(self.probabilities, key=self.probabilities.__getitem__) if self.probabilities else self.text

    def message_body(self) -> dict[str, Any]:
        body: dict[str, Any] = {"role": "assistant", "content": self.words}
        if self.tool_calls:
            body["tool_calls"] = [
                {"id": f"call_{i}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
                for i, (name, arguments) in enumerate(self.tool_calls)
            ]
        return body

    def logprobs(self) -> dict[str, Any] | None:
        if not self.probabilities:
            return None
        ranked = sorted(self.probabilities.items(), key=lambda pair: -pair[1])
        top = [{"token": token, "logprob": math.log(max(p, 1e-30)), "bytes": None} for token, p in ranked]
        return {"content": [{**top[0], "top_logprobs": top}]}

    def ending(self) -> str:
        return self.finish_reason or ("tool_calls" if self.tool_calls else "stop")


class ScriptedModel:
    """See the head of this file."""

    def __init__(
        self, *, name: str = "scripted", api_key: str = "", tokenizer: bool = False, context_tokens: int | None = None
    ) -> None:
        self.name, self.api_key, self.tokenizer, self.context_tokens = name, api_key, tokenizer, context_tokens
        self.requests: list[Request] = []
        self.problems: list[str] = []
        self._replies: list[Reply] = []
        self._changed = threading.Condition()
        self.closing, self._close = socket.socketpair()  # `closing` becomes readable when the server is closed
        self._server = _Server(("127.0.0.1", 0), _Handler, self)
        self.base_url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(self.base_url, self.name, self.api_key, timeout_s=10.0)

    def reply(self, text: str = "", **options: Any) -> Reply:
        """Adds a reply to the script; `options` are the fields of Reply."""
        reply = Reply(text, **options)
        with self._changed:
            self._replies.append(reply)
        return reply

    def fail(self, status: int, message: str = "scripted failure", **options: Any) -> Reply:
        """Adds an HTTP error to the script."""
        return self.reply(status=status, message=message, **options)

    def take(self, request: Request) -> Reply:
        """Records a request and returns the reply it gets."""
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
            open_replies = [r for r in self._replies if r.times is None or r.used < r.times]
            for reply in sorted(open_replies, key=lambda r: r.when is None):
                if reply.when is None or reply.when(request):
                    reply.used += 1
                    return reply
        self.problems.append(f"no reply is left for a request: {request.prompt[-300:]!r}")
        return Reply(status=500, message="the script has no reply for this request")

    def hung_up(self, request: Request) -> None:
        with self._changed:
            request.disconnected_at = request.disconnected_at or time.monotonic()
            self._changed.notify_all()

    def wait_for_requests(self, count: int, timeout_s: float = 5.0) -> list[Request]:
        """Waits until so many requests have arrived; raises AssertionError where they don't."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.requests) >= count, timeout_s), (
                f"{len(self.requests)} of {count} requests came in {timeout_s} s"
            )
            return list(self.requests)

    def wait_for_disconnect(self, index: int = -1, timeout_s: float = 5.0) -> float:
        """Waits until the client has hung up on a request; returns the seconds since that request arrived."""
        request = self.requests[index]
        with self._changed:
            assert self._changed.wait_for(lambda: request.disconnected_at is not None, timeout_s), (
                f"the client kept its connection for {timeout_s} s"
            )
        return cast("float", request.disconnected_at) - request.at

    def close(self) -> None:
        """Stops the server; its address refuses connections from then on."""
        if self._thread.is_alive():
            self._close.send(b"x")
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._close.close()
            self.closing.close()

    def verify(self) -> None:
        """Raises AssertionError for surplus requests and for replies that nobody asked for."""
        left = [f"a reply was never asked for: {r}" for r in self._replies if r.times is not None and r.used < r.times]
        assert not (self.problems or left), "; ".join(self.problems + left)

    def renew(self) -> None:
        """Verifies, and begins an empty script: for a team that several tests share."""
        try:
            self.verify()
        finally:
            self.requests, self._replies, self.problems = [], [], []

    def __enter__(self) -> "ScriptedModel":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if error is None:
            self.verify()


@contextmanager
def refusing_url() -> Generator[str]:
    """Gives a base URL whose port is taken but where nothing listens: connections are refused."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/v1"


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # closing waits for the answers under way, so that no thread outlives its test

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler], script: ScriptedModel) -> None:
        self.script = script
        super().__init__(address, handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        self.script.problems.append(traceback.format_exc())


class _HungUpError(Exception):
    """The client has closed its connection."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # chunked streams, so that a broken one differs from one that ended

    @property
    def script(self) -> ScriptedModel:
        return cast("_Server", self.server).script

    def handle_one_request(self) -> None:
        # A kept-alive connection must not keep the server from closing.
        readable, _, _ = select.select([self.connection, self.script.closing], [], [])
        if self.connection not in readable:
            self.close_connection = True
            return
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        if not self._allowed():
            return
        if self.path == "/v1/models":
            self._json({"object": "list", "data": [{"id": self.script.name, "object": "model"}]})
        elif self.path == "/props" and self.script.context_tokens:
            self._json({"default_generation_settings": {"n_ctx": self.script.context_tokens}})
        else:
            self._json({"error": {"message": f"no such path: {self.path}"}}, 404)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self._allowed():
            return
        if self.path == "/tokenize" and self.script.tokenizer:
            self._json({"tokens": list(range(len(re.findall(r"\w+|[^\w\s]", body["content"]))))})
        elif self.path != "/v1/chat/completions":
            self._json({"error": {"message": f"no such path: {self.path}"}}, 404)
        else:
            request = Request(body, dict(self.headers), time.monotonic())
            try:
                self._answer(request, self.script.take(request))
            except (_HungUpError, ConnectionError):
                self.script.hung_up(request)
                self.close_connection = True

    def _allowed(self) -> bool:
        allowed = self.headers.get("Authorization") == f"Bearer {self.script.api_key}" or not self.script.api_key
        if not allowed:
            self._json({"error": {"message": f"wrong key: {self.headers.get('Authorization')}"}}, 401)
        return allowed

    def _answer(self, request: Request, reply: Reply) -> None:
        self._wait(LONGEST_WAIT_S if reply.hang else reply.delay_s)
        if reply.status != 200:
            self._json({"error": {"message": reply.message, "type": "scripted", "code": reply.status}}, reply.status)
        elif request.stream:
            self._stream(request, reply)
        elif reply.malformed:
            self._send(b'{"choices": [', "application/json")
        elif reply.close_after is not None:
            self.close_connection = True
        else:
            choice: dict[str, Any] = {"index": 0, "message": reply.message_body(), "finish_reason": reply.ending()}
            if reply.probabilities:
                choice["logprobs"] = reply.logprobs()
            self._json({**self._head("chat.completion"), "choices": [choice], "usage": _usage(request, reply)})

    def _stream(self, request: Request, reply: Reply) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for i, choice in enumerate(_choices(reply)):
            if reply.hang_after == i:
                self._wait(LONGEST_WAIT_S)
            if reply.close_after == i:
                self.close_connection = True
                return
            if reply.end_after == i:
                break
            self._wait(reply.chunk_delay_s)
            chunk = json.dumps({**self._head("chat.completion.chunk"), "choices": [choice]}, ensure_ascii=False)
            self._event(chunk[: len(chunk) // 2] if reply.malformed else chunk)
        else:
            if (request.body.get("stream_options") or {}).get("include_usage"):
                usage = {**self._head("chat.completion.chunk"), "choices": [], "usage": _usage(request, reply)}
                self._event(json.dumps(usage))
            self._event("[DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": "chatcmpl-1", "object": kind, "created": 1, "model": self.script.name}

    def _wait(self, seconds: float) -> None:
        """Waits so long, or until the client hangs up or the server closes."""
        readable, _, _ = select.select([self.connection, self.script.closing], [], [], seconds)
        if self.connection in readable and not self.connection.recv(1, socket.MSG_PEEK):
            raise _HungUpError

    def _event(self, text: str) -> None:
        data = f"data: {text}\n\n".encode()
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def _json(self, body: Mapping[str, Any], status: int = 200) -> None:
        self._send(json.dumps(body, ensure_ascii=False).encode(), "application/json", status)

    def _send(self, data: bytes, kind: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content") or ""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def _choices(reply: Reply) -> Iterator[dict[str, Any]]:
    """Yields the choices of a stream's chunks: role, words one by one, tool calls, the end."""
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": word} for word in re.findall(r"\s*\S+\s*$|\s*\S+", reply.words)]
    deltas += [
        {"tool_calls": [{"index": i, **call}]} for i, call in enumerate(reply.message_body().get("tool_calls", []))
    ]
    for i, delta in enumerate(deltas):
        yield {"index": 0, "delta": delta, "finish_reason": None, **({"logprobs": reply.logprobs()} if i == 1 else {})}
    yield {"index": 0, "delta": {}, "finish_reason": reply.ending()}


def _usage(request: Request, reply: Reply) -> Mapping[str, int]:
    read, written = len(request.prompt.split()), len(reply.words.split())
    return reply.usage or {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
