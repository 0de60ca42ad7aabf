"""Stores of attempts for tests: both kinds, with a clock that the test sets, and attempts to put into them."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import postgres_server
import pytest

from learner.attempt import Attempt
from learner.store import AttemptStore

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
KINDS = ["sqlite", "postgres"]


class Clock:
    """Tells the time it was set to."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def attempt(id: str, learner: str = "anna", *, hours: float = 0, **fields: Any) -> Attempt:
    """An attempt some hours after noon, on "kv-cache" and right where the fields don't say otherwise."""
    correct = fields.pop("correct", True)
    given = {"concept": "kv-cache", "score": float(correct)} | fields
    return Attempt(id=id, learner=learner, correct=correct, at=NOON + timedelta(hours=hours), **given)


def place(kind: str, folder: Path) -> Path | str:
    """Where a store of this kind can be opened; skips the test where there is no server."""
    if kind == "sqlite":
        return folder / "home"
    server = postgres_server.server()
    if isinstance(server, str):
        pytest.skip(server)
    return server.new_database()


@contextmanager
def opened(where: Path | str, clock: Clock | None = None) -> Generator[AttemptStore]:
    store = AttemptStore(where, clock or Clock())
    try:
        yield store
    finally:
        store.close()
