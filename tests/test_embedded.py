"""The embedded model starts from a checked file only, answers its owner only, and is freed at once."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from agents import download
from agents.embedded import CAPABILITIES, EmbeddedServer, usable_cores
from agents.endpoint import Endpoint, Line, client, failures, guarded
from agents.probe import probe
from agents.weights import SMALL, default_cache_dir
from knowledge.errors import ModelFailed, SetupMissing

NOT_A_MODEL = b"GGUF" + b"\0" * 5_000
HOLLOW = replace(
    SMALL, id="hollow", file="hollow.gguf", bytes=len(NOT_A_MODEL), sha256=hashlib.sha256(NOT_A_MODEL).hexdigest()
)
ENGLISH = "Explain in detail how paged attention stores the key-value cache of many requests."


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "cannot be read"), (b"", "no GGUF file"), (b"hello", "no GGUF file"), (NOT_A_MODEL[:99], "99 bytes")],
    ids=["missing", "empty", "text", "truncated"],
)
def test_wrong_file_never_reaches_llama(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / HOLLOW.file
    if content is not None:
        path.write_bytes(content)
    server = EmbeddedServer(HOLLOW, path)
    with pytest.raises(SetupMissing, match=message):
        server.start()
    assert server.pid is None


def test_model_that_llama_cannot_load_is_a_failure_and_leaves_no_process(tmp_path: Path) -> None:
    path = tmp_path / HOLLOW.file
    path.write_bytes(NOT_A_MODEL)
    server = EmbeddedServer(HOLLOW, path)
    with pytest.raises(ModelFailed, match="could not load"):
        server.start()
    assert not server.alive


def test_closed_server_does_not_start(tmp_path: Path) -> None:
    path = tmp_path / HOLLOW.file
    path.write_bytes(NOT_A_MODEL)
    server = EmbeddedServer(HOLLOW, path)
    server.close()
    with pytest.raises(ModelFailed, match="closed"):
        server.start()


@pytest.mark.parametrize(
    ("siblings", "quota", "expected"),
    [
        pytest.param(["0-1", "0-1"], "max 100000", 1, id="two threads of one core"),
        pytest.param(["0", "1"], "max 100000", 2, id="two cores"),
        pytest.param(["0", "1"], "150000 100000", 1, id="a container's quota"),
        pytest.param(["0", "1"], "50000 100000", 1, id="less than one processor"),
        pytest.param([], None, 2, id="no word about either"),
    ],
)
def test_threads_are_the_cores_that_this_process_may_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, siblings: list[str], quota: str | None, expected: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1}, raising=False)
    for cpu, text in enumerate(siblings):
        topology = tmp_path / f"devices/system/cpu/cpu{cpu}/topology"
        topology.mkdir(parents=True)
        (topology / "thread_siblings_list").write_text(f"{text}\n")
    if quota is not None:
        (tmp_path / "fs/cgroup").mkdir(parents=True)
        (tmp_path / "fs/cgroup/cpu.max").write_text(f"{quota}\n")
    assert usable_cores(tmp_path) == expected


@pytest.fixture(scope="module")
def small_file() -> Path:
    cache_dir = Path(os.environ.get("ATLAS_MODELS") or default_cache_dir())
    return download.pull(SMALL, cache_dir)


@pytest.fixture(scope="module")
def small(small_file: Path) -> Iterator[Endpoint]:
    server = EmbeddedServer(SMALL, small_file)
    yield server.start()
    server.close()


def stream(endpoint: Endpoint, line: Line, max_tokens: int) -> Iterator[str]:
    messages = [{"role": "user", "content": ENGLISH}]
    with failures(endpoint):
        chunks = client(endpoint, line).chat.completions.create(
            model=endpoint.model, messages=messages, max_tokens=max_tokens, temperature=0, stream=True
        )
        for chunk in guarded(chunks, endpoint):
            yield chunk.choices[0].delta.content or ""


def yes_probability_positions(endpoint: Endpoint) -> int:
    """Asks for one token as the judge does, and returns how many alternatives came with it."""
    with Line(endpoint) as line:
        body = {
            "messages": [{"role": "user", "content": "Is water wet? yes or no"}],
            "max_tokens": 1,
            "logprobs": True,
            "top_logprobs": 20,
            "id_slot": 1,
        }
        answer = line.post(f"{endpoint.base_url}/chat/completions", json=body).raise_for_status().json()
    return len(answer["choices"][0]["logprobs"]["content"][0]["top_logprobs"])


@pytest.mark.model
def test_small_model_streams_words(small: Endpoint) -> None:
    with Line(small) as line:
        words = "".join(stream(small, line, 16))
    assert len(words.split()) >= 5


@pytest.mark.model
def test_probe_finds_what_the_embedded_model_is_said_to_do(small: Endpoint) -> None:
    assert probe(small) == CAPABILITIES


@pytest.mark.model
def test_check_is_answered_while_an_answer_is_written(small: Endpoint) -> None:
    with Line(small) as line:
        words = stream(small, line, 200)
        next(words)
        next(words)
        assert yes_probability_positions(small) == 20
        assert next(words)  # the answer was still under way
        words.close()


@pytest.mark.model
def test_stranger_without_the_key_gets_nothing(small: Endpoint) -> None:
    for key in ("", "guess"):
        with Line(replace(small, api_key=key)) as line:
            body = {"messages": [{"role": "user", "content": "hello"}]}
            assert line.post(f"{small.base_url}/chat/completions", json=body).status_code == 401
            assert line.get(f"{small.root_url}/slots").status_code == 401


# Without words, the prompt is still being read; llama.cpp then looks once a second whether its reader is there, and any
# question to it starts that second anew, so the test asks only once.
@pytest.mark.model
@pytest.mark.parametrize(
    ("words_first", "soon_s"), [(0, 2.0), (2, 0.8)], ids=["while it reads the prompt", "while it writes"]
)
def test_cut_line_frees_the_model_soon(small: Endpoint, words_first: int, soon_s: float) -> None:
    line, begun = Line(small), threading.Event()
    prompt = [{"role": "user", "content": ENGLISH if words_first else ENGLISH * 100}]

    def ask() -> None:
        with pytest.raises(ModelFailed), failures(small):
            chunks = client(small, line).chat.completions.create(
                model=small.model, messages=prompt, max_tokens=500, stream=True, extra_body={"ignore_eos": True}
            )
            for count, _ in enumerate(chunks):
                if count >= words_first:
                    begun.set()

    thread = threading.Thread(target=ask)
    thread.start()
    if words_first:
        assert begun.wait(100)
    else:
        time.sleep(0.4)
    line.cut()
    thread.join()
    time.sleep(soon_s)
    with Line(small) as other:
        slots = other.get(f"{small.root_url}/slots").json()
    assert not any(slot["is_processing"] for slot in slots)


@pytest.mark.model
def test_loading_does_not_hold_up_other_threads_and_closing_frees_the_port(small_file: Path) -> None:
    server, gaps, done = EmbeddedServer(SMALL, small_file), [0.0], threading.Event()

    def tick() -> None:
        last = time.monotonic()
        while not done.wait(0.01):
            gaps.append(time.monotonic() - last)
            last = time.monotonic()

    ticking = threading.Thread(target=tick)
    ticking.start()
    endpoint = server.start()
    done.set()
    ticking.join()
    assert max(gaps) < 0.5
    server.close()
    assert not server.alive
    with pytest.raises(httpx.ConnectError), Line(endpoint) as line:
        line.get(f"{endpoint.base_url}/models")


@pytest.mark.model
def test_model_ends_with_a_program_that_is_killed(small_file: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from agents.embedded import EmbeddedServer\n"
        "from agents.weights import SMALL\n"
        "server = EmbeddedServer(SMALL, Path(sys.argv[1])); server.start()\n"
        "print(server.pid, flush=True); time.sleep(60)"
    )
    root = str(Path(__file__).parent.parent)
    command, environment = [sys.executable, "-c", program, str(small_file)], {**os.environ, "PYTHONPATH": root}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout
        child = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 5
    while _runs(child):
        assert time.monotonic() < deadline, "the model is still in memory"
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A process that has ended stays in the table until its new parent asks for its status.
    status = Path(f"/proc/{pid}/stat")
    return not (status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] == "Z")
