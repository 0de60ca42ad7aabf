"""The items that a model writes while the first ones are being answered, in a thread for each open page."""

import logging
import threading
from collections.abc import Callable, Iterator

from knowledge.errors import AtlasError
from tools.quiz.item import Item
from ui.quiz_sitting import Sitting

_LOG = logging.getLogger(__name__)


class Writings:
    """What is being written now, by page: a page that is left, or begins another quiz, ends its own."""

    def __init__(self) -> None:
        self._stops: dict[str, threading.Event] = {}
        self._lock = threading.Lock()

    def begin(self, page: str, sitting: Sitting, write: Callable[[], Iterator[Item]]) -> None:
        """Put items into a sitting as they are written, until it takes no more."""
        stop = threading.Event()
        with self._lock:
            before = self._stops.get(page)
            self._stops[page] = stop
        if before is not None:
            before.set()
        threading.Thread(target=self._run, args=(page, sitting, write, stop), name="quiz-write", daemon=True).start()

    def stop(self, page: str) -> None:
        """End what is written for a page, if anything: the item in hand is the last."""
        with self._lock:
            stop = self._stops.pop(page, None)
        if stop is not None:
            stop.set()

    def stop_all(self) -> None:
        """End all of it."""
        with self._lock:
            pages = list(self._stops)
        for page in pages:
            self.stop(page)

    def _run(self, page: str, sitting: Sitting, write: Callable[[], Iterator[Item]], stop: threading.Event) -> None:
        try:
            for item in write():
                if stop.is_set() or not sitting.take(item):
                    break
        except AtlasError as error:  # the items made by code stand
            _LOG.warning("no more items are written: %s", error)
        finally:
            with self._lock:
                if self._stops.get(page) is stop:
                    del self._stops[page]
