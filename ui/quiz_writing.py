"""The items that a model writes while the first ones are being answered, in a thread for each open page."""

import logging
import threading
from collections.abc import Iterator
from typing import Any

from knowledge.errors import AtlasError
from tools.quiz.item import Item
from ui.quiz_sitting import Sitting

_LOG = logging.getLogger(__name__)


class Writings:
    """What is being written now, by page: a page that is left, or begins another quiz, ends its own."""

    def __init__(self) -> None:
        self._writings: dict[str, _Writing] = {}
        self._lock = threading.Lock()

    def begin(self, page: str, sitting: Sitting, items: Iterator[Item]) -> None:
        """Put items into a sitting as they are written, until it takes no more."""
        writing = _Writing(items)
        with self._lock:
            before = self._writings.get(page)
            self._writings[page] = writing
        if before is not None:
            before.stop()
        threading.Thread(target=self._run, args=(page, sitting, writing), name="quiz-write", daemon=True).start()

    def stop(self, page: str) -> None:
        """End what is written for a page, if anything."""
        with self._lock:
            writing = self._writings.pop(page, None)
        if writing is not None:
            writing.stop()

    def stop_all(self) -> None:
        """End all of it."""
        with self._lock:
            pages = list(self._writings)
        for page in pages:
            self.stop(page)

    def _run(self, page: str, sitting: Sitting, writing: "_Writing") -> None:
        try:
            for item in writing.items:
                if writing.stopped.is_set() or not sitting.take(item):
                    break
        except AtlasError as error:  # the items made by code stand
            _LOG.warning("no more items are written: %s", error)
        finally:
            writing.stop()
            with self._lock:
                if self._writings.get(page) is writing:
                    del self._writings[page]


class _Writing:
    """The items of one page as they are written; `stop` may be called from any thread."""

    def __init__(self, items: Iterator[Item]) -> None:
        self.items = items
        self.stopped = threading.Event()

    def stop(self) -> None:
        """End it: at once where the iterator can be closed from here, else after the item in hand."""
        self.stopped.set()
        close: Any = getattr(self.items, "close", None)
        if close is None:
            return
        try:
            close()
        except ValueError:  # a generator that is running in its own thread now, which sees the stop
            _LOG.debug("an item is being written still")
