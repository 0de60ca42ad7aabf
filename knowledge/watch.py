"""The watch over a reader's folders: what is changed there is found within two seconds.

The system tells of changes; a look at all files comes only now and then, for disks that tell of nothing (networks), and
where the system refuses to watch. A look at 10,000 files takes tenths of a second, so it rests a hundred times as long.
"""

import time
from pathlib import Path
from threading import Event, Thread
from typing import Final

from watchfiles import Change, watch

from knowledge.errors import AtlasError
from knowledge.index import Index

_TICK_MS: Final = 1000  # how often it looks whether it shall end, and whether other folders are linked
_GATHER_MS: Final = 400  # changes that come together are one
_REST_S: Final = 60.0
_SHORT_REST_S: Final = 2.0  # where the system tells of nothing at all
_RESTS: Final = 100  # times the length of a look
_ENDINGS: Final = ("", ".md", ".markdown")  # folders have none
_ASIDE: Final = frozenset({".git", ".obsidian", ".trash"})  # what changes beside the notes, often


class Watch:
    """Brings an index up to date whenever one of its reader's folders changes, in a thread of its own.

    That it is up to date in the beginning is for others to see to.
    """

    def __init__(self, index: Index) -> None:
        self._index = index
        self._stop = Event()
        self._look_s = 0.0
        self._next_look = time.monotonic() + _REST_S
        self._thread = Thread(target=self._run, name="atlas-watch", daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._follow(self._folders())
            except (OSError, RuntimeError):  # too many folders for the system, or one that vanished: look by ourselves
                self._stop.wait(max(_SHORT_REST_S, _RESTS * self._look_s))
            if not self._stop.is_set():
                self._update()

    def _follow(self, folders: list[Path]) -> None:
        """Update with each change, until other folders are linked."""
        if not folders:
            self._stop.wait(_REST_S)
            return
        for changes in watch(
            *folders, watch_filter=_is_note, stop_event=self._stop, rust_timeout=_TICK_MS, yield_on_timeout=True,
            debounce=_GATHER_MS, raise_interrupt=False, ignore_permission_denied=True,
        ):  # fmt: skip
            if changes or time.monotonic() > self._next_look:
                self._update()
            if self._folders() != folders:
                return

    def _update(self) -> None:
        began = time.monotonic()
        try:
            waits = self._index.update(lambda done, total: self._go_on()).locked
        except AtlasError:
            waits = False  # `Index.standing` tells the reader; the next change or look tries again
        except _EndedError:
            return
        ended = time.monotonic()
        self._look_s = ended - began
        self._next_look = ended + (_TICK_MS / 1000 if waits else max(_REST_S, _RESTS * self._look_s))

    def _go_on(self) -> None:
        if self._stop.is_set():
            raise _EndedError

    def _folders(self) -> list[Path]:
        """Return the reader's folders that are there."""
        try:
            linked = self._index.linked
        except AtlasError:  # the file that names them is broken: the update says so
            linked = ()
        own = [folder.path for folder in self._index.folders if folder.own]
        return [path for path in [*own, *(folder.path for folder in linked)] if path.is_dir()]


class _EndedError(Exception):
    """The watch ends while the index is being updated."""


def _is_note(_: Change, name: str) -> bool:
    """Tell whether a change may concern a note; what is hidden does not, nor does a picture."""
    path = Path(name)
    return path.suffix.lower() in _ENDINGS and not path.name.startswith(".") and _ASIDE.isdisjoint(path.parts)
