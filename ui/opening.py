"""The opening of the team in the background, while the page is already up."""

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from agents.ladder import State
from knowledge.errors import AtlasError
from ui.header import Opening

if TYPE_CHECKING:
    from agents.atlas import Atlas  # loads the team's parts, after the page is up

_LOG = logging.getLogger(__name__)


class _ClosedError(Exception):
    """The program ends while the index is being updated."""


class Team(Protocol):
    """What the page needs of the team: it may still be on its way."""

    def atlas(self, timeout_s: float) -> "Atlas | None":
        """Returns the open team, or None where it is not open in time; raises AtlasError where it cannot be opened."""
        ...

    @property
    def opening(self) -> Opening:
        """How far the notes are opened."""
        ...

    @property
    def state(self) -> State | None:
        """What the ladder stands on; None until the notes are open."""
        ...


class BackgroundTeam:
    """Opens the team in a thread of its own, which also closes it.

    `open_team` opens it over an index as it is; `rehearse` does once what every answer does, so that the first one need
    not; `prepare` is called once the notes answer, and must not wait.
    """

    def __init__(
        self,
        open_team: Callable[[], "AbstractContextManager[Atlas]"],
        prepare: Callable[["Atlas"], None] = lambda _: None,
        rehearse: Callable[["Atlas"], None] = lambda _: None,
    ) -> None:
        self._open_team, self._prepare, self._rehearse = open_team, prepare, rehearse
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._atlas: Atlas | None = None
        self._error: AtlasError | None = None
        self._opening = Opening()
        self._thread = threading.Thread(target=self._run, name="atlas-open", daemon=True)

    def start(self) -> None:
        """Begin to open the team."""
        self._thread.start()

    def close(self) -> None:
        """Close the team: its models end."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(timeout=15)

    def atlas(self, timeout_s: float) -> "Atlas | None":
        """Return the open team, or None where it is not open in time; raise AtlasError where it cannot be opened."""
        with self._changed:
            self._changed.wait_for(lambda: self._atlas is not None or self._error is not None, timeout_s)
            if self._error is not None:
                raise self._error
            return self._atlas

    @property
    def opening(self) -> Opening:
        """How far the notes are opened."""
        with self._changed:
            return self._opening

    @property
    def state(self) -> State | None:
        """What the ladder stands on; None until the notes are open."""
        with self._changed:
            atlas = self._atlas
        return atlas.ladder.state if atlas is not None else None

    def _run(self) -> None:
        try:
            with self._open_team() as atlas:
                # The first report comes when all files are read: from here on every note can be found by its words.
                atlas.index.update(lambda done, total: self._report(atlas, done, total), wait_s=0)
                self._report(atlas, 0, 0)  # also where another process is writing, which reports nothing
                self._closing.wait()
        except _ClosedError:
            pass
        except AtlasError as error:
            self._failed(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the page must not wait for ever
            _LOG.exception("the team cannot be opened")
            message = f"the notes cannot be opened ({type(error).__name__}: {error})."
            self._failed(AtlasError(message, "Run `atlas doctor`."))

    def _report(self, atlas: "Atlas", done: int, total: int) -> None:
        if self._closing.is_set():
            raise _ClosedError
        is_first = self._atlas is None
        if is_first:
            self._rehearse(atlas)
        with self._changed:
            self._atlas = atlas
            self._opening = Opening(done, total, is_open=True)
            self._changed.notify_all()
        if is_first:
            self._prepare(atlas)

    def _failed(self, error: AtlasError) -> None:
        with self._changed:
            self._error = error
            self._opening = Opening(problem=str(error))
            self._changed.notify_all()
