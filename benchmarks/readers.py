"""Many readers at once on the notes alone: `python -m benchmarks.readers [--readers 20] [--questions 5] [--home DIR]`.

Starts `atlas ui --no-model`, and lets readers do over HTTP what the page does: load it, then ask, each question in its
own words. It measures

page_s         from the start of the program to the page
notes_s        from the start of the program to the first answer
together       all ask at the same moment, again and again: seconds to the first passages and to the whole answer,
               and the seconds of processor time that an answer took the program (other work does not show in it)
in turn        each reader asks when it has read for a while, as people do
memory_mb      what the program holds in memory at the end

A finished answer is one whose event the queue calls completed; one that failed or was refused ends the benchmark.
"""

import argparse
import asyncio
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import psutil

SUBJECTS: Final = (
    "PagedAttention", "LoRA", "the KV cache", "continuous batching", "speculative decoding", "AWQ", "GPTQ", "RAG",
    "a tokenizer", "the roofline model", "ZeRO", "tensor parallelism", "FlashAttention", "DPO", "RLHF", "SFT",
    "chunked prefill", "prefix caching", "perplexity", "an embedding model", "Milvus", "vLLM", "SGLang", "llama.cpp",
)  # fmt: skip
FORMS: Final = ("How does {} work?", "What is {} good for?", "When should I not use {}?", "{} 是什么？", "Explain {}.")
READS_S: Final = (2.0, 8.0)  # how long a reader reads before the next question
TIMEOUT: Final = httpx.Timeout(60.0)


@dataclass(frozen=True)
class Answered:
    """How long one answer took, in seconds."""

    first_s: float  # to the first passages
    whole_s: float


@dataclass(frozen=True)
class Form:
    """The event that answers a question, as the page's own description names it."""

    number: int
    trigger: int
    inputs: tuple[tuple[str, Any], ...]  # element id or type, and what it holds at first

    def data(self, question: str, stored: dict[str, str]) -> list[Any]:
        """Return what the page sends."""
        sent = {"box": question, "browserstate": stored}
        return [sent.get(name, first) for name, first in self.inputs]


def form(config: dict[str, Any]) -> Form:
    """Return the event that the question's box begins."""
    parts = {part["id"]: part for part in config["components"]}
    box = next(number for number, part in parts.items() if part["props"].get("elem_id") == "box")
    event = next(event for event in config["dependencies"] if [box, "submit"] in [list(t) for t in event["targets"]])

    def named(part: dict[str, Any]) -> tuple[str, Any]:
        return part["props"].get("elem_id") or part["type"], part["props"].get("value")

    return Form(event["id"], box, tuple(named(parts[number]) for number in event["inputs"]))


class Reader:
    """One browser with one open page."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._page = uuid.uuid4().hex[:11]
        self._stored = {"session": uuid.uuid4().hex, "learner": f"browser-{uuid.uuid4().hex}", "language": "en"}

    async def arrive(self) -> None:
        """Load the page and its description."""
        (await self._client.get("/")).raise_for_status()
        self._form = form((await self._client.get("/config")).raise_for_status().json())

    async def ask(self, question: str) -> Answered:
        """Ask, and wait for the whole answer."""
        began = time.monotonic()
        body = {
            "data": self._form.data(question, self._stored), "fn_index": self._form.number,
            "session_hash": self._page, "trigger_id": self._form.trigger, "event_data": None,
        }  # fmt: skip
        joined = (await self._client.post("/gradio_api/queue/join", json=body)).raise_for_status().json()
        first_s = 0.0
        async for event in self._events():
            if event.get("event_id") != joined["event_id"]:
                continue
            if event["msg"] == "process_generating" and not first_s and "passage" in json.dumps(event):
                first_s = time.monotonic() - began
            if event["msg"] == "process_completed":
                if not event["success"]:
                    raise RuntimeError(f"{question!r} was not answered: {event}")
                return Answered(first_s, time.monotonic() - began)
        raise RuntimeError(f"the answer to {question!r} broke off")

    async def _events(self) -> AsyncGenerator[dict[str, Any]]:
        async with self._client.stream("GET", "/gradio_api/queue/data", params={"session_hash": self._page}) as lines:
            async for line in lines.aiter_lines():
                if line.startswith("data:"):
                    yield json.loads(line[5:])


async def together(url: str, readers: int, questions: int) -> list[Answered]:
    """Let all ask at the same moment, `questions` times."""
    chosen = random.Random(1)
    async with _browsers(url, readers) as people:
        rounds = [await asyncio.gather(*(person.ask(_question(chosen)) for person in people)) for _ in range(questions)]
    return [answer for answers in rounds for answer in answers]


async def in_turn(url: str, readers: int, questions: int) -> list[Answered]:
    """Let each ask when it has read for a while."""

    async def read(person: Reader, chosen: random.Random) -> list[Answered]:
        answers: list[Answered] = []
        for _ in range(questions):
            await asyncio.sleep(chosen.uniform(*READS_S))
            answers.append(await person.ask(_question(chosen)))
        return answers

    async with _browsers(url, readers) as people:
        read_by = await asyncio.gather(*(read(person, random.Random(i)) for i, person in enumerate(people)))
    return [answer for answers in read_by for answer in answers]


@asynccontextmanager
async def _browsers(url: str, readers: int) -> AsyncGenerator[list[Reader]]:
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(httpx.AsyncClient(base_url=url, timeout=TIMEOUT)) for _ in range(readers)
        ]
        people = [Reader(client) for client in clients]
        await asyncio.gather(*(person.arrive() for person in people))
        yield people


def _question(chosen: random.Random) -> str:
    return chosen.choice(FORMS).format(chosen.choice(SUBJECTS))


def summary(answers: list[Answered]) -> dict[str, float]:
    """Return the middle and the 95th hundredth of the seconds."""
    firsts, wholes = [a.first_s for a in answers], [a.whole_s for a in answers]
    return {
        "answers": len(answers),
        **{
            f"{name}_{what}_s": round(value, 3)
            for name, times in (("first", firsts), ("whole", wholes))
            for what, value in (("p50", statistics.median(times)), ("p95", statistics.quantiles(times, n=20)[-1]))
        },
    }


def main() -> None:
    """Print what was measured as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=20)
    parser.add_argument("--questions", type=int, default=5)
    parser.add_argument("--home", type=Path, default=None, help="state from an earlier run; else all is indexed anew")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as new:
        print(json.dumps(measured(given.home or Path(new), given.readers, given.questions), indent=2))


def measured(home: Path, readers: int, questions: int) -> dict[str, Any]:
    """Start the program, and return what was measured."""
    began = time.monotonic()
    atlas = str(Path(sys.executable).with_name("atlas"))
    command = [atlas, "ui", "--no-model", "--port", "0", "--json", "--home", str(home)]
    program = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert program.stdout is not None
        url = json.loads(program.stdout.readline())["url"]
        httpx.get(url, timeout=TIMEOUT).raise_for_status()
        page_s = time.monotonic() - began
        asyncio.run(together(url, 1, 1))
        notes_s = time.monotonic() - began
        process = psutil.Process(program.pid)
        rounds: dict[str, Any] = {}
        for name, ask in (("together", together), ("in turn", in_turn)):
            before = sum(process.cpu_times()[:2])
            answers = asyncio.run(ask(url, readers, questions))
            used = sum(process.cpu_times()[:2]) - before
            rounds[name] = summary(answers) | {"processor_s": round(used / len(answers), 3)}
        memory = process.memory_info().rss / 1e6
    finally:
        program.terminate()
        program.wait(30)
    return {
        "readers": readers, "page_s": round(page_s, 2), "notes_s": round(notes_s, 2), **rounds,
        "memory_mb": round(memory),
    }  # fmt: skip


if __name__ == "__main__":
    main()
