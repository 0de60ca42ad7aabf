"""The items that a model writes while the first ones are being answered, in a thread for each open page."""

import logging
import threading

from agents.stop import Stoppable
from knowledge.errors import AtlasError
from tools.quiz.item import Item
from ui.quiz_sitting import Sitting

_LOG = logging.getLogger(__name__)


class Writings:
    """What is being written now, by page: a page that is left, or begins another quiz, ends its own."""

    def __init__(self) -> None:
        self._writings: dict[str, Stoppable[Item]] = {}
        self._lock = threading.Lock()

    def begin(self, page: str, sitting: Sitting, items: Stoppable[Item]) -> None:
        """Put items into a sitting as they are written, until it takes no more."""
        with self._lock:
            before = self._writings.get(page)
            self._writings[page] = items
        if before is not None:
            before.close()
        threading.Thread(target=self._run, args=(page, sitting, items), name="quiz-write", daemon=True).start()

    def stop(self, page: str) -> None:
        """End what is written for a page, if anything: the model is free at once."""
        with self._lock:
            items = self._writings.pop(page, None)
        if items is not None:
            items.close()

    def stop_all(self) -> None:
        """End all of it."""
        with self._lock:
            pages = list(self._writings)
        for page in pages:
            self.stop(page)

    def _run(self, page: str, sitting: Sitting, items: Stoppable[Item]) -> None:
        try:
            for item in items:
                if not sitting.take(item):
                    break
        except AtlasError as error:  # the items made by code stand
            _LOG.warning("no more items are written: %s", error)
        finally:
            items.close()
            with self._lock:
                if self._writings.get(page) is items:
                    del self._writings[page]
