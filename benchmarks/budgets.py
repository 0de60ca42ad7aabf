"""The budgets of the whole path, measured: `python -m benchmarks.budgets [search] [process] [model] [stop] [page]`.

Ratios come from one run in which both sides take turns, since machines are noisy; single times are medians.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

from agents import team as teams
from agents.atlas import Atlas
from agents.endpoint import Endpoint, Line, client
from agents.events import Done, EvidenceFound, Token
from ui import settings
from ui.assembly import open_atlas

ATLAS = Path(sys.executable).with_name("atlas")
QUESTIONS = [
    "Why does vLLM waste less GPU memory?",
    "How does LoRA reduce the number of trainable parameters?",
    "vLLM 的核心技术是什么？",
    "Why is decoding usually memory-bound?",
    "QLoRA 怎样节省显存？",
    "How does RadixAttention reuse the KV cache?",
]


def main() -> None:
    """Run the named measurements, or all."""
    names = sys.argv[1:] or ["search", "process", "page", "model", "stop"]
    with tempfile.TemporaryDirectory() as home:
        for name in names:
            {"search": search, "process": process, "page": page, "model": model, "stop": stop}[name](Path(home))


@contextmanager
def opened(home: Path, *, no_model: bool = False) -> Iterator[Atlas]:
    """Open the team on a home of its own."""
    read = settings.read(os.environ, home=home, no_model=no_model)
    with open_atlas(read, wait_s=120) as atlas:
        yield atlas


def search(home: Path) -> None:
    """`atlas search`, warm process, over the built-in notes."""
    with opened(home, no_model=True) as atlas:
        atlas.search("warm up")
        seconds: list[float] = []
        for i in range(60):
            began = time.perf_counter()
            atlas.search(f"{QUESTIONS[i % len(QUESTIONS)]} {i}")
            seconds.append(time.perf_counter() - began)
        show("search, warm, p50", statistics.median(seconds) * 1000, "ms", "30")
        evidence = [timed_evidence(atlas, question) for question in QUESTIONS]
        show("evidence on screen, median", statistics.median(evidence), "s", "0.5")


def timed_evidence(atlas: Atlas, question: str) -> float:
    """Return the seconds until the evidence of a question is there."""
    began = time.perf_counter()
    events = atlas.ask(question)
    next(event for event in events if isinstance(event, EvidenceFound))
    events.close()
    return time.perf_counter() - began


def process(home: Path) -> None:
    """`atlas ask --no-model` as a whole process; the first one builds the index."""
    command = [str(ATLAS), "ask", "--no-model", "--json", "--home", str(home / "process"), QUESTIONS[0]]
    times: list[float] = []
    for _ in range(6):
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - began)
    show("ask --no-model, first time", times[0], "s", "-")
    show("ask --no-model, median", statistics.median(times[1:]), "s", "3")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    show("ask --no-model, peak memory", peak, "MB", "900")


def page(home: Path) -> None:
    """From the command to a page that answers, and the memory of the app without the model."""
    for name in ("first", "second"):
        command = [str(ATLAS), "ui", "--no-model", "--json", "--port", "0", "--home", str(home / "page")]
        began = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as app:
            try:
                assert app.stdout is not None
                url = json.loads(app.stdout.readline())["url"]
                httpx.get(url, timeout=60).raise_for_status()
                show(f"page up, {name} start", time.perf_counter() - began, "s", "6")
                # Other work on the machine does not show in this one.
                show(f"processor time until then, {name} start", sum(psutil.Process(app.pid).cpu_times()[:2]), "s", "-")
                time.sleep(12)  # the libraries load in the background
                status = Path(f"/proc/{app.pid}/status").read_text(encoding="utf-8")
                kilobytes = next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]
                show(f"app without the model, {name} start", int(kilobytes) / 1024, "MB", "900")
            finally:
                app.terminate()


def model(home: Path) -> None:
    """The team against the same prompt sent straight to the server: first token, and time for the same tokens."""
    with opened(home) as atlas, recorded() as sent:
        atlas.answer("What is PyTorch?")  # everything is loaded after this
        endpoint = next(atlas.ladder.rungs(120))
        firsts: list[float] = []
        wholes: list[float] = []
        for question in QUESTIONS[:4]:
            sent.clear()
            began = time.perf_counter()
            first, last = 0.0, 0.0
            for event in atlas.ask(question):
                if isinstance(event, Token):
                    last = time.perf_counter() - began
                    first = first or last
                if isinstance(event, Done):
                    answer = event.answer
            assert len(sent) == 1, f"{len(sent)} calls"
            raw_first, raw_whole, raw_tokens = straight(endpoint, sent[0])
            tokens = answer.usage.completion_tokens
            same_tokens = raw_first + (raw_whole - raw_first) * (tokens - 1) / max(1, raw_tokens - 1)
            firsts.append(first / raw_first)
            wholes.append(last / same_tokens)
            usage, total_s = answer.usage, answer.timings.total_s
            print(
                f"  {question}: calls {usage.calls}, prompt {usage.prompt_tokens}, tokens {tokens}, "
                f"checks {usage.checks}, first {first:.2f} s / {raw_first:.2f} s, "
                f"words {last:.2f} s / {same_tokens:.2f} s, checked after {total_s:.2f} s"
            )
        show("first token, ratio to the raw server, median", statistics.median(firsts), "x", "1.2")
        show("whole answer, ratio to the raw server, median", statistics.median(wholes), "x", "1.15")


@contextmanager
def recorded() -> Iterator[list[dict[str, Any]]]:
    """Keep what the team sends to the model."""
    sent: list[dict[str, Any]] = []
    original = teams.client

    def recording(endpoint: Endpoint, line: Line | None = None) -> Any:  # noqa: ANN401 - an openai client
        made = original(endpoint, line)
        create = made.chat.completions.create

        def keep(**request: Any) -> Any:  # noqa: ANN401
            request["extra_body"] = {**request["extra_body"], "cache_prompt": False}  # neither side finds it read
            sent.append(request)
            return create(**request)

        made.chat.completions.create = keep  # pyright: ignore[reportAttributeAccessIssue]
        return made

    teams.client = recording
    try:
        yield sent
    finally:
        teams.client = original


def straight(endpoint: Endpoint, request: dict[str, Any]) -> tuple[float, float, int]:
    """Send a recorded request straight to the server; return first token, whole time and tokens."""
    began = time.perf_counter()
    first, tokens = 0.0, 0
    for chunk in client(endpoint).chat.completions.create(**request):
        if chunk.choices and chunk.choices[0].delta.content:
            first = first or time.perf_counter() - began
        if chunk.usage:
            tokens = chunk.usage.completion_tokens
    return first, time.perf_counter() - began, tokens


def wait_for_slot(endpoint: Endpoint) -> None:
    """Return when the slot for answers has answered something short."""
    slot = {"id_slot": teams.ANSWER_SLOT, "cache_prompt": False}
    message = [{"role": "user", "content": "x"}]
    client(endpoint).chat.completions.create(
        model=endpoint.model,
        messages=message,
        max_tokens=1,
        extra_body=slot,  # pyright: ignore[reportArgumentType]
    )


def stop(home: Path) -> None:
    """From closing an answer until the model is free for the next one, while it reads and while it writes."""
    with opened(home) as atlas:
        atlas.answer("What is PyTorch?")
        endpoint = next(atlas.ladder.rungs(120))
        for when, wait_for in (("reading the prompt", 0), ("writing", 5)):
            seconds: list[float] = []
            for question in QUESTIONS[:4]:
                events = atlas.ask(question + " Explain in detail.")
                reached = threading.Event()

                def read(events: Any = events, wait_for: int = wait_for, reached: threading.Event = reached) -> None:  # noqa: ANN401
                    words = 0
                    for event in events:
                        words += isinstance(event, Token)
                        if isinstance(event, EvidenceFound) and not wait_for:
                            time.sleep(1.0)
                            reached.set()
                        if wait_for and words >= wait_for:
                            reached.set()

                reader = threading.Thread(target=read)
                reader.start()
                reached.wait(120)
                began = time.perf_counter()
                events.close()
                wait_for_slot(endpoint)
                seconds.append(time.perf_counter() - began)
                reader.join(10)
            show(f"model free after Stop, {when}, worst of {len(seconds)}", max(seconds), "s", "1")


def show(what: str, value: float, unit: str, budget: str) -> None:
    """Print one figure with its budget."""
    print(f"{what:<52}{value:>9.2f} {unit:<3} (budget {budget})", flush=True)


if __name__ == "__main__":
    main()
