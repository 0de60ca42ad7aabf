"""The tools over streamable HTTP: several clients, this machine alone, and a token for others."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp_talk import GREETING, text_of
from scripted_model import ScriptedModel
from served_page import OpenTeam
from small_atlas import QUESTION, VERBATIM, embedded_atlas, judge, notes_atlas, of_tutor, small_index

from agents.atlas import Atlas
from knowledge.errors import UserMistake
from knowledge.index import Index
from ui.mcp_http import PATH, application, http_server, listening, serve_http
from ui.mcp_server import Notes, protocol
from ui.settings import read

ACCEPTING = {"accept": "application/json, text/event-stream"}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with small_index(tmp_path_factory.mktemp("mcp")) as opened:
        yield opened


@pytest.fixture
def small(index: Index, tmp_path: Path) -> Generator[Atlas]:
    """A team over a handful of notes, without a model."""
    team = notes_atlas(index, tmp_path)
    yield team
    team.examiner.close()


@contextmanager
def served(atlas: Atlas, **options: Any) -> Generator[str]:
    """Serves the tools on a port of this machine until the block ends."""
    with listening("127.0.0.1", 0) as listener:
        running = http_server(application(protocol(Notes(OpenTeam(atlas)), "me"), **options))
        thread = threading.Thread(target=running.run, args=([listener],))
        thread.start()
        try:
            deadline = time.monotonic() + 20
            while not running.started:
                assert time.monotonic() < deadline, "the server did not start"
                time.sleep(0.02)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}{PATH}"
        finally:
            running.should_exit = True
            thread.join(20)


@asynccontextmanager
async def client_at(url: str, **headers: str) -> AsyncGenerator[ClientSession]:
    async with (
        httpx.AsyncClient(headers=headers, timeout=20) as http,
        streamable_http_client(url, http_client=http) as (reading, writing, _),
        ClientSession(reading, writing) as session,
    ):
        await session.initialize()
        yield session


def test_two_clients_at_once_get_their_own_answers_and_progress(
    index: Index, model: ScriptedModel, tmp_path: Path
) -> None:
    model.reply(VERBATIM, when=of_tutor, times=2, delay_s=0.3)
    judge(model)
    told: dict[str, list[str | None]] = {"first": [], "second": []}

    async def ask(url: str, name: str) -> str:
        async def heard(_: float, __: float | None, message: str | None) -> None:
            told[name].append(message)

        async with client_at(url) as session:
            return text_of(
                await session.call_tool("explain", {"question": f"{QUESTION} ({name})"}, progress_callback=heard)
            )

    async def both(url: str) -> list[str]:
        return await asyncio.gather(ask(url, "first"), ask(url, "second"))

    with served(embedded_atlas(index, tmp_path, model)) as url:
        answers = asyncio.run(both(url))
    assert [json.loads(answer)["answer"] for answer in answers] == [f"{VERBATIM} [1]"] * 2
    assert all(len(messages) >= 3 for messages in told.values())


def posted(url: str, **headers: str) -> int:
    return httpx.post(url, json=GREETING, headers=ACCEPTING | headers, timeout=20).status_code


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"host": "localhost:1234"}, 200),
        ({"host": "notes.example.com"}, 421),
        ({"host": "127.0.0.1.example.com"}, 421),
        ({"origin": "http://localhost:3000"}, 200),
        ({"origin": "https://example.com"}, 403),
    ],
    ids=["ours", "localhost", "foreign host", "alike host", "local page", "foreign page"],
)
def test_server_answers_to_this_machine_alone(small: Atlas, headers: dict[str, str], status: int) -> None:
    with served(small) as url:
        assert posted(url, **headers) == status


def test_server_with_a_token_lets_in_who_bears_it(small: Atlas) -> None:
    with served(small, local=False, token="s3cret") as url:
        assert posted(url) == 401
        assert posted(url, authorization="Bearer s3cre") == 401
        assert posted(url, authorization="Bearer s3cret", host="atlas.example.com") == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])
def test_address_that_others_reach_needs_a_token(tmp_path: Path, host: str) -> None:
    settings = read({}, home=tmp_path, no_model=True)
    with pytest.raises(UserMistake, match="Set a --token"):
        serve_http(settings, host=host, port=0, token="", as_json=False)


def test_taken_port_is_not_replaced_by_another() -> None:
    with (
        listening("127.0.0.1", 0) as listener,
        pytest.raises(UserMistake, match="cannot listen"),
        listening("127.0.0.1", listener.getsockname()[1]),
    ):
        pytest.fail("it listens twice")
