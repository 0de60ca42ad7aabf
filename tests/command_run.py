"""A command of the command line, and what it left behind."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ui import cli


@dataclass(frozen=True)
class Run:
    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on standard output."""
        (line,) = self.out.splitlines()
        return json.loads(line)

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


Command = Callable[..., Run]


def run_here(capfd: pytest.CaptureFixture[str], arguments: Iterable[str | Path]) -> Run:
    """Runs a command in this process."""
    capfd.readouterr()
    with pytest.raises(SystemExit) as ended:
        cli.main([str(argument) for argument in arguments])
    printed = capfd.readouterr()
    assert isinstance(ended.value.code, int)
    return Run(ended.value.code, printed.out, printed.err)
