"""The tasks that a model is reading, by page: a page that asks for something else, or is closed, stops its own."""

import threading

from agents.stop import Stop


class Readings:
    """Safe to use from several threads."""

    def __init__(self) -> None:
        self._stops: dict[str, Stop] = {}
        self._lock = threading.Lock()

    def begin(self, page: str) -> Stop:
        """Note a new reading of a page; one that was still going on ends."""
        stop = Stop()
        with self._lock:
            before = self._stops.get(page)
            self._stops[page] = stop
        if before is not None:
            before.set()
        return stop

    def end(self, page: str, stop: Stop) -> None:
        """Forget a reading that is complete."""
        with self._lock:
            if self._stops.get(page) is stop:
                del self._stops[page]

    def stop(self, page: str) -> None:
        """Stop what is read for a page, if anything."""
        with self._lock:
            stop = self._stops.pop(page, None)
        if stop is not None:
            stop.set()

    def stop_all(self) -> None:
        """Stop every reading."""
        with self._lock:
            stops, self._stops = list(self._stops.values()), {}
        for stop in stops:
            stop.set()
