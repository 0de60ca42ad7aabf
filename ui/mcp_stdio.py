"""The tools for the program that started this one, over standard input and output."""

import io
import os
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import anyio
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

from ui.mcp_server import opening_notes, protocol
from ui.settings import Settings


def serve_stdio(settings: Settings) -> None:
    """Serve until the client hangs up."""
    # Python would wait for one more line of input before it ends; a sudden end hurts nothing here.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    with _protocol_output() as stdout, opening_notes(settings) as notes:
        anyio.run(_serve, protocol(notes, settings.learner), stdout)


async def _serve(server: "Server[Any, Any]", stdout: io.TextIOWrapper) -> None:
    async with stdio_server(stdout=anyio.wrap_file(stdout)) as (read, write):
        await server.run(read, write, server.create_initialization_options())


@contextmanager
def _protocol_output() -> Generator[io.TextIOWrapper]:
    """Keep standard output for the protocol alone: what libraries print, in C too, goes to standard error."""
    sys.stdout.flush()
    kept = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with os.fdopen(kept, "w", encoding="utf-8", newline="\n") as stdout:
        yield stdout
