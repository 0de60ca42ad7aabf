"""`atlas mcp` as a process: it talks the protocol and nothing else, keeps secrets, and stays on this machine."""

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from mcp import ClientSession, StdioServerParameters, types
from mcp.client.stdio import stdio_client
from mcp_talk import GREETING, text_of
from scripted_model import ScriptedModel
from small_atlas import QUESTION, VERBATIM, answer_probe, judge, of_tutor, write_notes

SCRIPT = Path(__file__).with_name("mcp_process.py")


class Place:
    """A home, notes of one's own, and an environment that knows of no model."""

    def __init__(self, root: Path) -> None:
        (root / "person").mkdir()
        self.options = ["--home", str(root / "home"), "--notes", str(write_notes(root / "notes").path), "--only-notes"]
        kept = ("PATH", "LANG", "LD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR", "VIRTUAL_ENV")
        self.environment = {name: value for name, value in os.environ.items() if name in kept}
        self.environment |= {"HOME": str(root / "person"), "PYTHONPATH": os.pathsep.join(sys.path)}
        self.root = root


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("process"))


def test_process_serves_a_client_with_an_endpoint_and_ends_with_it(place: Place, model: ScriptedModel) -> None:
    answer_probe(model, json_schema=True, logprobs=True)
    judge(model)
    model.reply(VERBATIM, when=of_tutor)
    endpoint = ["--base-url", model.base_url, "--model", "m", "--api-key", "sk-secret"]
    process = StdioServerParameters(
        command=sys.executable, args=[str(SCRIPT), *place.options, *endpoint], env=place.environment, cwd=place.root
    )
    told: list[str | None] = []

    async def heard(_: float, __: float | None, message: str | None) -> None:
        told.append(message)

    async def talk() -> types.CallToolResult:
        async with stdio_client(process) as (reading, writing), ClientSession(reading, writing) as session:
            await session.initialize()
            return await session.call_tool("explain", {"question": QUESTION}, progress_callback=heard)

    answer = json.loads(text_of(asyncio.run(talk())))
    assert (answer["answer"], answer["rung"]) == (f"{VERBATIM} [1]", "endpoint")
    assert len(told) >= 3


SECRET = "hf_" + "aB3" * 12
LINES = [
    json.dumps(GREETING),
    json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}),
    f"this line is not of the protocol {SECRET}",
    json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": 5, "arguments": SECRET}}),
    *(
        json.dumps(
            {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {"name": name, "arguments": told}}
        )
        for number, (name, told) in enumerate(
            [
                ("search_notes", {"query": "vLLM"}),
                ("explain", {"question": QUESTION}),
                ("fix_error", {"log": f"Error\ntoken={SECRET}"}),
                ("fix_error", {"log": [SECRET]}),
                ("make_quiz", {"topic": "vLLM", "n": 1}),
            ],
            2,
        )
    ),
]


def test_process_prints_the_protocol_alone_keeps_secrets_and_stays_on_this_machine(place: Place) -> None:
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), *place.options, "--no-model"], text=True, encoding="utf-8",
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=place.environment, cwd=place.root,
    )  # fmt: skip
    assert process.stdin
    assert process.stdout
    assert process.stderr
    printed: list[dict[str, Any]] = []
    timer = threading.Timer(240, process.kill)
    timer.start()
    for line in LINES:
        process.stdin.write(line + "\n")
    process.stdin.flush()
    waited_for = {0, 1, 2, 3, 4, 5, 6}
    for line in process.stdout:
        printed.append(json.loads(line))
        waited_for.discard(printed[-1].get("id", -1))
        if not waited_for:
            break
    began = time.monotonic()
    rest, errors = process.communicate(timeout=60)
    timer.cancel()
    assert waited_for == set()
    assert process.returncode == 0
    assert time.monotonic() - began < 20
    assert all(message["jsonrpc"] == "2.0" for message in [*printed, *map(json.loads, rest.splitlines())])
    assert json.loads(errors.splitlines()[-1]) == []
    assert SECRET not in errors + rest + json.dumps(printed)
    assert [path for path in place.root.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()] == []
    assert [path for path in (place.root / "person").rglob("*") if path.is_file()] == []


def test_other_commands_do_not_load_the_protocol() -> None:
    loaded = "import sys; from ui import cli, mcp_cli; print([m for m in sys.modules if m.split('.')[0] == 'mcp'])"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
