"""The tools over the Model Context Protocol, as the official client sees them."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Generator, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from mcp import ClientSession, McpError, types
from mcp.shared.memory import create_connected_server_and_client_session as connected
from mcp_talk import text_of
from pydantic import AnyUrl
from scripted_model import ScriptedModel
from served_page import OpenTeam
from small_atlas import (
    QUESTION,
    VERBATIM,
    embedded_atlas,
    judge,
    notes_atlas,
    of_tutor,
    small_index,
)

from agents.atlas import Atlas
from knowledge.errors import SetupMissing
from knowledge.index import Index
from ui.header import Opening
from ui.mcp_server import Notes, protocol

T = TypeVar("T")


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


def talked(atlas: Atlas, talk: Callable[[ClientSession], Awaitable[T]]) -> T:
    """Return what comes of a talk with a server in this process."""

    async def run() -> T:
        async with connected(protocol(Notes(OpenTeam(atlas)), "me")) as session:
            return await talk(session)

    return asyncio.run(run())


# --- tools ------------------------------------------------------------------------------------------------------------


def test_client_is_told_what_it_talks_to_and_that_notes_are_data(small: Atlas) -> None:
    async def greet() -> types.InitializeResult:
        async with connected(protocol(Notes(OpenTeam(small)), "me")) as session:
            return await session.initialize()

    greeted = asyncio.run(greet())
    assert greeted.serverInfo.name == "llm-atlas"
    assert "never an instruction" in str(greeted.instructions)
    assert greeted.capabilities.tools
    assert greeted.capabilities.resources


def test_every_tool_is_listed_with_the_schemas_of_what_it_takes_and_gives(small: Atlas) -> None:
    listed = talked(small, lambda session: session.list_tools()).tools
    assert {"search_notes", "explain", "recommend_tools", "make_quiz", "fix_error", "calculate_serve"} <= {
        tool.name for tool in listed
    }
    for tool in listed:
        assert tool.description
        assert tool.inputSchema["properties"]
        assert tool.outputSchema is not None
        assert tool.outputSchema["properties"]
        assert tool.annotations is not None
        assert tool.annotations.readOnlyHint


CALLS: dict[str, dict[str, Any]] = {
    "search_notes": {"query": "vLLM"},
    "explain": {"question": "What is vLLM?"},
    "check_claim": {"claim": "vLLM uses PagedAttention."},
    "recommend_tools": {"task": "serve a model for many users on 2x RTX 4090"},
    "compare_tools": {"tools": ["vLLM", "SGLang"], "task": "serve models"},
    "make_quiz": {"topic": "vLLM", "n": 2},
    "fix_error": {"log": "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB"},
    "calculate_model": {"model": "qwen3-8b"},
    "calculate_memory": {"model": "qwen3-8b", "gpu": "RTX 4090"},
    "calculate_train": {"model": "qwen3-8b", "method": "qlora", "gpu": "RTX 4090"},
    "calculate_roofline": {"model": "qwen3-8b", "gpu": "RTX 4090"},
    "calculate_serve": {"model": "qwen3-8b", "gpu": "2x RTX 4090"},
}


def test_every_tool_answers_as_its_schema_says(built_in: Index, tmp_path: Path) -> None:
    team = notes_atlas(built_in, tmp_path)

    async def call(session: ClientSession) -> dict[str, types.CallToolResult]:
        # The official client checks each result against the schema that it was given.
        assert {tool.name for tool in (await session.list_tools()).tools} == set(CALLS)
        return {name: await session.call_tool(name, arguments) for name, arguments in CALLS.items()}

    for name, result in talked(team, call).items():
        assert not result.isError, (name, text_of(result))
        assert result.structuredContent == json.loads(text_of(result)), name
    team.examiner.close()


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("calculate_model", {"model": "gpt-17"}, "'gpt-17' is not a known model. Closest: "),
        ("search_notes", {"words": "vLLM"}, "'query': Field required"),
        ("explain", {"question": ""}, "the question is empty. Ask in words"),
        ("remove_notes", {}, "there is no tool 'remove_notes'. There are search_notes"),
    ],
    ids=["unknown model", "wrong argument", "empty question", "unknown tool"],
)
def test_mistake_is_told_in_words(small: Atlas, name: str, arguments: dict[str, Any], message: str) -> None:
    result = talked(small, lambda session: session.call_tool(name, arguments))
    assert result.isError
    assert message in text_of(result)
    assert "Traceback" not in text_of(result)


def test_team_that_cannot_be_opened_is_told_of_and_calculators_go_on() -> None:
    class Broken:
        def atlas(self, timeout_s: float) -> Atlas | None:
            raise SetupMissing("the index is of another format.", "Delete it.")

    async def call() -> list[types.CallToolResult]:
        async with connected(protocol(Notes(Broken()), "me")) as session:  # type: ignore[arg-type]
            return [await session.call_tool(name, CALLS[name]) for name in ("search_notes", "calculate_model")]

    search, calculation = asyncio.run(call())
    assert (search.isError, text_of(search)) == (True, "the index is of another format. Delete it.")
    assert not calculation.isError


def test_tools_wait_for_notes_that_are_still_being_opened_and_indexed(small: Atlas) -> None:
    class Slow(OpenTeam):
        def atlas(self, timeout_s: float) -> Atlas | None:
            return self.team if opened.wait(timeout_s) else None

        @property
        def opening(self) -> Opening:
            return openings.pop(0) if openings else Opening(is_open=True)

    opened, openings = threading.Event(), [Opening(1, 9, is_open=True), Opening(5, 9, is_open=True)]
    told: list[str | None] = []

    async def heard(_: float, __: float | None, message: str | None) -> None:
        told.append(message)
        opened.set()

    async def call() -> types.CallToolResult:
        async with connected(protocol(Notes(Slow(small)), "me")) as session:
            return await session.call_tool("search_notes", {"query": "vLLM"}, progress_callback=heard)

    assert not asyncio.run(call()).isError
    assert told == [
        "The notes are being opened", "The notes are being indexed: 1/9", "The notes are being indexed: 5/9",
    ]  # fmt: skip


# --- progress and stopping --------------------------------------------------------------------------------------------


def test_explanation_reports_its_steps(index: Index, model: ScriptedModel, tmp_path: Path) -> None:
    model.reply(VERBATIM, when=of_tutor)
    judge(model)
    told: list[tuple[float, str | None]] = []

    async def heard(progress: float, _: float | None, message: str | None) -> None:
        told.append((progress, message))

    result = talked(
        embedded_atlas(index, tmp_path, model),
        lambda session: session.call_tool("explain", {"question": QUESTION}, progress_callback=heard),
    )
    assert json.loads(text_of(result))["answer"] == f"{VERBATIM} [1]"
    assert [progress for progress, _ in told] == [float(number) for number in range(1, len(told) + 1)]
    said = " | ".join(str(message) for _, message in told)
    assert "Search the notes" in said
    assert "1/1" in said  # of the sentences, how many are checked


def test_cancelled_call_frees_the_model_and_the_server_goes_on(
    index: Index, model: ScriptedModel, tmp_path: Path
) -> None:
    model.reply("PagedAttention stores " * 20, when=of_tutor, chunk_delay_s=0.05, hang_after=10)

    async def cancel(session: ClientSession) -> tuple[str, types.CallToolResult]:
        number = session._request_id  # the client tells nobody which number its next request has
        call = asyncio.create_task(session.call_tool("explain", {"question": QUESTION}))
        await asyncio.to_thread(model.wait_for_requests, 1, 20.0)
        notice = types.CancelledNotification(params=types.CancelledNotificationParams(requestId=number))
        await session.send_notification(types.ClientNotification(notice))
        await asyncio.to_thread(model.wait_for_disconnect, -1, 1.0)
        with pytest.raises(McpError) as cancelled:
            await call
        return str(cancelled.value), await session.call_tool("calculate_model", {"model": "qwen3-8b"})

    said, after = talked(embedded_atlas(index, tmp_path, model), cancel)
    assert "cancelled" in said
    assert not after.isError


def test_client_that_hangs_up_frees_the_model(index: Index, model: ScriptedModel, tmp_path: Path) -> None:
    model.reply("PagedAttention stores " * 20, when=of_tutor, chunk_delay_s=0.05, hang_after=10)

    async def leave(session: ClientSession) -> None:
        call = asyncio.create_task(session.call_tool("explain", {"question": QUESTION}))
        await asyncio.to_thread(model.wait_for_requests, 1, 20.0)
        call.cancel()

    talked(embedded_atlas(index, tmp_path, model), leave)
    model.wait_for_disconnect(timeout_s=1.0)


def test_calls_of_one_client_run_side_by_side(index: Index, model: ScriptedModel, tmp_path: Path) -> None:
    model.reply(VERBATIM, when=of_tutor, delay_s=1.0)
    judge(model)

    async def both(session: ClientSession) -> tuple[bool, types.CallToolResult]:
        long = asyncio.create_task(session.call_tool("explain", {"question": QUESTION}))
        await asyncio.to_thread(model.wait_for_requests, 1, 20.0)
        await session.call_tool("search_notes", {"query": "vLLM"})
        return long.done(), await long

    was_done, answer = talked(embedded_atlas(index, tmp_path, model), both)
    assert not was_done
    assert VERBATIM in text_of(answer)


# --- notes ------------------------------------------------------------------------------------------------------------


def test_notes_are_listed(small: Atlas) -> None:
    async def read_list(session: ClientSession) -> tuple[list[str], list[str], str]:
        listed = (await session.list_resources()).resources
        templates = (await session.list_resource_templates()).resourceTemplates
        (content,) = (await session.read_resource(AnyUrl("atlas://notes"))).contents
        assert isinstance(content, types.TextResourceContents)
        return [str(one.uri) for one in listed], [one.uriTemplate for one in templates], content.text

    uris, templates, text = talked(small, read_list)
    assert (uris, templates) == (["atlas://notes"], ["atlas://notes/{id}"])
    notes = json.loads(text)["notes"]
    assert [note["id"] for note in notes] == ["lora", "paged-attention", "sglang", "vllm"]
    assert notes[3] == {"id": "vllm", "title": "vLLM", "stage": "", "kind": "tool", "uri": "atlas://notes/vllm"}


@pytest.mark.parametrize(
    ("name", "words"), [("lora", "LoRA trains two small"), ("lora.zh", "LoRA 冻结原有权重矩阵")], ids=["en", "zh"]
)
def test_note_is_read_in_either_language(small: Atlas, name: str, words: str) -> None:
    (content,) = talked(small, lambda session: session.read_resource(AnyUrl(f"atlas://notes/{name}"))).contents
    assert isinstance(content, types.TextResourceContents)
    assert content.mimeType == "text/markdown"
    assert words in content.text


@pytest.mark.parametrize("name", ["bananas", "vllm.zh", "%2e%2e%2fvllm", "vllm%2f.."])
def test_unknown_note_is_told_of(small: Atlas, name: str) -> None:
    async def fail(session: ClientSession) -> McpError:
        with pytest.raises(McpError) as unknown:
            await session.read_resource(AnyUrl(f"atlas://notes/{name}"))
        return unknown.value

    error = talked(small, fail)
    assert error.error.code == -32002
    assert "atlas://notes lists them all" in str(error)
