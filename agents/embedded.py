"""The embedded model: llama.cpp serving a checked file to this process alone, on loopback."""

import importlib.util
import json
import os
import secrets
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

from agents import llama
from agents.endpoint import Endpoint
from agents.probe import Capabilities
from agents.weights import Weights, verify
from knowledge.errors import ModelFailed, SetupMissing

SLOTS = 2  # one for answers, one for one-token checks: each keeps its own prompt in its cache
CONTEXT_TOKENS = 4096  # of each slot
CACHE_MIB = 256  # prompts that a slot has let go of, about 9,000 tokens
# While llama.cpp reads a prompt it looks once a second whether anybody still waits for it, and stops between batches
# at the earliest, so they are short. A core reads about 35 tokens/s; larger batches would be a tenth faster at most.
BATCH_TOKENS_PER_THREAD = 16
TIMEOUT_S = 120.0  # two cores read a full context in about a minute, and may have to finish another answer first
# Read off real runs: the models of the catalogue print tool calls as text.
CAPABILITIES = Capabilities(
    reachable=True, tools=False, json_schema=True, logprobs=True, tokenize=True, context_tokens=CONTEXT_TOKENS
)


class EmbeddedServer:
    """One model in memory. `close` frees it at once, from any thread, also while it loads.

    The server ends with this process, however this process ends, and answers only who knows its key.
    """

    def __init__(self, weights: Weights, path: Path, *, threads: int | None = None) -> None:
        self._weights, self._path = weights, path
        self._threads = threads or usable_cores()
        self._process: subprocess.Popen[str] | None = None
        self._closed = False
        self._lock = Lock()

    def start(self) -> Endpoint:
        """Loads the model and returns where it answers; takes seconds.

        Raises SetupMissing where the file is not the one that was published or llama.cpp is not installed, ModelFailed
        where it does not start.
        """
        verify(self._weights, self._path)
        if importlib.util.find_spec("xllamacpp") is None:
            raise SetupMissing("llama.cpp is not installed.", "Install xllamacpp, or name a server with --base-url.")
        key = secrets.token_urlsafe(24)
        with tempfile.TemporaryFile("w+") as complaints:
            with self._lock:
                if self._closed:
                    raise ModelFailed("The embedded model was closed while it loaded.", "Ask again.")
                try:
                    self._process = process = _run(complaints.fileno())
                except OSError as error:  # no memory or no process is left
                    raise self._failure(str(error), 0) from error
            answer = _handed_over(process, self._settings(key))
            if "url" not in answer:
                self.close()
                complaints.seek(0)
                raise self._failure(answer.get("error") or complaints.read()[-300:], process.returncode)
        return Endpoint(f"{answer['url']}/v1", self._weights.id, key, rung="embedded", timeout_s=TIMEOUT_S)

    @property
    def alive(self) -> bool:
        """Whether the model is in memory or being loaded."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The process that holds the model."""
        return self._process.pid if self._process else None

    def close(self) -> None:
        """Frees the model; answers under way break off."""
        with self._lock:
            self._closed = True
            process = self._process
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):  # unsent settings of a process that is gone
                if pipe:
                    pipe.close()

    def _settings(self, key: str) -> dict[str, Any]:
        return {
            "path": str(self._path.resolve()),
            "model": self._weights.id,
            "api_key": key,
            "threads": self._threads,
            "slots": SLOTS,
            "context_tokens": CONTEXT_TOKENS,
            "batch_tokens": max(32, BATCH_TOKENS_PER_THREAD * self._threads),
            "cache_mib": CACHE_MIB,
        }

    def _failure(self, reason: str, status: int) -> ModelFailed:
        why = " ".join(reason.split()) or f"it ended with status {status}"
        return ModelFailed(
            f"llama.cpp could not load {str(self._path)!r}: {why}.",
            "See whether about 2 GB of memory are free; else name another server with --base-url.",
        )


def _run(stderr: int) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603  # our own file, run by our own interpreter
        [sys.executable, "-P", llama.__file__],
        # Threads that wait for each other by spinning starve on a busy machine: beside another program that uses the
        # cores, the small model wrote 0.6 tokens/s so, and 19 when they sleep.
        env={"OMP_WAIT_POLICY": "passive", **{n: v for n, v in os.environ.items() if n != "OMP_NUM_THREADS"}},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        start_new_session=True,  # Ctrl-C is for the program, which may only stop an answer
    )


def _handed_over(process: subprocess.Popen[str], settings: dict[str, Any]) -> dict[str, str]:
    """Gives a new process its settings and returns what it says once it has loaded; empty where it has ended."""
    assert process.stdin
    assert process.stdout
    with suppress(OSError, ValueError):  # it has ended, or was closed meanwhile
        process.stdin.write(json.dumps(settings) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        return json.loads(line) if line else {}
    return {}


def usable_cores(system: Path = Path("/sys")) -> int:
    """Returns the physical cores that this process may use: by its affinity and its container's quota."""
    if not hasattr(os, "sched_getaffinity"):
        return os.cpu_count() or 1
    cores: set[str] = set()
    for cpu in os.sched_getaffinity(0):
        siblings = system / f"devices/system/cpu/cpu{cpu}/topology/thread_siblings_list"
        # Two threads of one core share its arithmetic: a second thread on it only adds waiting.
        cores.add(siblings.read_text() if siblings.is_file() else str(cpu))
    return max(1, min(len(cores), _quota(system) or len(cores)))


def _quota(system: Path) -> int | None:
    """Returns the whole processors that the control group grants, or None where it sets no limit."""
    limit = system / "fs/cgroup/cpu.max"
    if not limit.is_file():
        return None
    quota, period = limit.read_text().split()
    return None if quota == "max" else max(1, int(quota) // int(period))
