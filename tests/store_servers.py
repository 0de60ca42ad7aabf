"""Real servers of vectors on loopback, and the stores that tests run against."""

import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from knowledge.store import EMBEDDED, StoreAddress, address

KINDS = ["embedded", "chroma", "milvus-lite", "milvus"]
SERVERS = ["chroma", "milvus"]
_START_S = 60.0


@dataclass
class Process:
    """A server that can be killed and started again over the same data."""

    kind: str
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"{'' if self.kind == 'chroma' else 'milvus+'}http://127.0.0.1:{self.port}"

    def start(self) -> None:
        there = ["--host", "127.0.0.1", "--port", str(self.port)]
        program = str(Path(sys.executable).with_name("chroma" if self.kind == "chroma" else "milvus-lite"))
        what = ["run", "--path"] if self.kind == "chroma" else ["server", "--data-dir"]
        self.process = subprocess.Popen(
            [program, *what, str(self.folder), *there], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + _START_S
        while not answers(self.port):
            assert self.process.poll() is None, f"{program} ended"
            assert time.monotonic() < until, f"{program} does not answer"
            time.sleep(0.05)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@contextmanager
def server(kind: str, folder: Path) -> Generator[Process]:
    """A running server; Milvus Lite's own one stands for a cluster, whose protocol it speaks."""
    process = Process(kind, folder, free_port())
    process.start()
    try:
        yield process
    finally:
        process.kill()


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1):
            return True
    except OSError:
        return False


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def address_of(kind: str, folder: Path, servers: dict[str, Process]) -> StoreAddress:
    if kind == "milvus-lite":
        return address(str(folder / "lite.db"))
    return address(servers[kind].url) if kind in servers else EMBEDDED
