"""Limits: how much a reader may ask, send and guess."""

import asyncio
import socket
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from served_page import served
from small_atlas import notes_atlas, small_index
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from knowledge.errors import UserMistake
from knowledge.vocabulary import Language
from ui import guard
from ui.guard import HEADERS, MOST_BYTES, Guard, Pace
from ui.limits import Guesses, Questions, Rate

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ImportWarning"),
]


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


# --- rates -----------------------------------------------------------------------------------------------------------


def test_a_reserve_is_used_up_and_fills_again_steadily() -> None:
    clock = Clock()
    rate = Rate(3, clock)
    assert [rate.wait_s("ann") for _ in range(4)] == [0.0, 0.0, 0.0, 20.0]
    assert rate.wait_s("ben") == 0.0
    clock.now += 19
    assert rate.wait_s("ann") == pytest.approx(1.0)
    clock.now += 1
    assert rate.wait_s("ann") == pytest.approx(0.0)
    clock.now += 3600
    assert [rate.wait_s("ann") for _ in range(4)] == [0.0, 0.0, 0.0, 20.0], "an hour of rest does not add up"


def test_only_so_many_readers_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.limits.READERS", 2)
    rate = Rate(1, Clock())
    assert [rate.wait_s(reader) for reader in ("a", "a", "b", "c", "a")] == [0.0, 60.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize(("language", "word"), [("en", "Ask again in 6 s"), ("zh", "6 秒后")])
def test_who_asks_too_fast_is_told_when_to_ask_again(language: Language, word: str) -> None:
    questions = Questions(a_minute=10, at_once=1, clock=Clock())
    for _ in range(10):
        with questions.asking("ann", language):
            pass
    with pytest.raises(UserMistake, match=word), questions.asking("ann", language):
        pass


def test_only_so_many_answers_of_one_reader_are_made_at_once() -> None:
    questions = Questions(at_once=2)
    with questions.asking("ann", "en"), questions.asking("ben", "en"):
        with (
            questions.asking("ann", "en"),
            pytest.raises(UserMistake, match="2 of your questions"),
            questions.asking("ann", "en"),
        ):
            pass
        with questions.asking("ann", "en"):
            pass


def test_an_answer_that_fails_is_not_counted_on() -> None:
    questions = Questions(at_once=1)
    for _ in range(3):
        with pytest.raises(ValueError, match="broken"), questions.asking("ann", "en"):
            raise ValueError("broken")


def test_each_wrong_guess_after_the_third_doubles_the_wait() -> None:
    clock = Clock()
    guesses = Guesses(longest_s=10, clock=clock)
    waits: list[float] = []
    for _ in range(8):
        guesses.wrong("10.0.0.7")
        waits.append(guesses.wait_s("10.0.0.7"))
    assert waits == [0, 0, 1, 2, 4, 8, 10, 10]
    assert guesses.wait_s("10.0.0.8") == 0
    clock.now += 10
    assert guesses.wait_s("10.0.0.7") == 0
    guesses.right("10.0.0.7")
    guesses.wrong("10.0.0.7")
    assert guesses.wait_s("10.0.0.7") == 0


# --- requests --------------------------------------------------------------------------------------------------------


async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads the request whole, and says how long it was."""
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    await PlainTextResponse(str(size))(scope, receive, send)


def asked(app: Guard | Pace, method: str = "POST", body: bytes = b"", **headers: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:7860") as client:
            return await client.request(method, "/x", content=body or None, headers=headers)

    return asyncio.run(ask())


def test_what_is_too_large_is_refused_before_it_is_read() -> None:
    refused = asked(Guard(_answer), **{"content-length": str(MOST_BYTES + 1), "accept-language": "zh"})
    assert (refused.status_code, "内容过大" in refused.json()["detail"]) == (413, True)
    assert asked(Guard(_answer), body=b"abc").text == "3"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"origin": "http://127.0.0.1:7860"}, 200, id="our own page"),
        pytest.param({}, 200, id="a program"),
        pytest.param({"origin": "http://127.0.0.1:9999"}, 403, id="another app on this machine"),
        pytest.param({"origin": "https://elsewhere.example"}, 403, id="a page of elsewhere"),
        pytest.param({"origin": "null"}, 403, id="a page that hides where it is from"),
        pytest.param({"transfer-encoding": "chunked"}, 411, id="of unknown length"),
        pytest.param({"host": "elsewhere.example"}, 421, id="under another name"),
    ],
)
def test_only_our_own_page_may_send(headers: dict[str, str], status: int) -> None:
    answered = asked(Guard(_answer), **headers)
    assert answered.status_code == status
    assert {name: answered.headers[name] for name in HEADERS} == HEADERS


def test_a_sender_that_falls_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "_SILENCE_S", 0.05)
    messages: list[Message] = [{"type": "http.request", "body": b"a", "more_body": True}]

    async def receive() -> Message:
        if messages:
            return messages.pop()
        await asyncio.sleep(60)
        raise AssertionError("it was waited for")

    async def send(message: Message) -> None:
        raise AssertionError(f"nothing is to be said: {message}")

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"host", b"localhost")]}
    with pytest.raises(TimeoutError):
        asyncio.run(Guard(_answer)(scope, receive, send))


def test_a_reader_who_sends_without_end_is_told_to_wait_and_others_are_not() -> None:
    pace = Pace(_answer, lambda scope: dict(scope["headers"]).get(b"x-reader", b"").decode(), Rate(2, Clock()))
    sent = [asked(pace, **{"x-reader": reader}) for reader in ("ann", "ann", "ann", "ben")]
    assert [answer.status_code for answer in sent] == [200, 200, 429, 200]
    assert (sent[2].headers["retry-after"], "Wait 30 s" in sent[2].json()["detail"]) == ("30", True)
    assert asked(pace, "GET", **{"x-reader": "ann"}).status_code == 200, "reading is free"


@contextmanager
def _site(home: Path) -> Generator[str]:
    with ExitStack() as stack:
        atlas = notes_atlas(stack.enter_context(small_index(home)), home)
        yield stack.enter_context(served(atlas, home))


def test_a_slow_client_holds_up_nobody(tmp_path: Path) -> None:
    with _site(tmp_path) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        with ExitStack() as stack:
            for _ in range(50):  # each begins a request and never ends it
                slow = stack.enter_context(socket.create_connection((host, int(port))))
                slow.sendall(b"POST /gradio_api/queue/join HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{")
            page = httpx.get(url, timeout=10)
    assert page.status_code == 200
