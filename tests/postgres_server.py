"""A real Postgres for the tests, from this machine or from the pgserver wheel, on a socket in a folder of its own."""

import atexit
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_NOBODY = 65534  # Postgres refuses to run as root
_START_S = 60.0
_PORT = 5432  # only names the socket


class NoServer(Exception):
    """No Postgres can be started here; says why for each that was tried."""


class Server:
    """A running server; its folder goes with it when the tests end."""

    def __init__(self, programs: Path) -> None:
        # A socket's path has at most 107 characters, so the folder lies as high as it can.
        self.folder = Path(tempfile.mkdtemp(prefix="pg"))
        self._programs = programs
        self._owner = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        if self._owner:
            os.chown(self.folder, _NOBODY, _NOBODY)
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._make()
            self.start()
        except BaseException:
            self.close()
            raise

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self.folder / "data", "-k", self.folder, "-h", "", "-F"],
                stdout=log, stderr=log, **self._owner,
            )  # fmt: skip
        until = time.monotonic() + _START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                raise NoServer(f"{self._programs}/postgres: {(self.folder / 'log').read_text()[-300:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)  # at once; SIGTERM would wait for the clients to leave
            self._process.wait()
            self._process = None

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://atlas@/{database}?host={self.folder}"

    def new_database(self) -> str:
        """Make an empty database and return its URL."""
        import psycopg  # noqa: PLC0415 - only where there is a server

        name = f"d{uuid.uuid4().hex}"
        with psycopg.connect(host=str(self.folder), user="atlas", dbname="postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")  # pyright: ignore[reportArgumentType] - a name of our own
        return self.url(name)

    def _make(self) -> None:
        command = [self._programs / "initdb", "-D", self.folder / "data", "-U", "atlas", "-A", "trust", "-E", "UTF8"]
        try:
            made = subprocess.run([*command, "--no-sync"], check=False, capture_output=True, text=True, **self._owner)
        except OSError as error:
            raise NoServer(f"{command[0]}: {error}") from error
        if made.returncode:
            raise NoServer(f"{command[0]}: {made.stderr[-300:]}")

    def _answers(self) -> bool:
        import psycopg  # noqa: PLC0415 - only where there is a server

        try:
            psycopg.connect(host=str(self.folder), user="atlas", dbname="postgres").close()
        except psycopg.OperationalError:
            return False
        return True


@cache
def server() -> Server | str:
    """Return the one server of this test run, or why there is none."""
    if importlib.util.find_spec("psycopg") is None:
        return "psycopg is not installed"
    reasons: list[str] = []
    for programs in _programs():
        try:
            started = Server(programs)
        except NoServer as error:
            reasons.append(str(error))
        else:
            atexit.register(started.close)
            return started
    return f"no Postgres can be started: {'; '.join(reasons) or 'none is installed'}"


def _programs() -> Iterator[Path]:
    found = shutil.which("postgres")
    if found:
        yield Path(found).resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    wheel = importlib.util.find_spec("pgserver")
    if wheel and wheel.submodule_search_locations:
        yield Path(wheel.submodule_search_locations[0]) / "pginstall" / "bin"
