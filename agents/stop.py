"""Stopping an answer: from any thread, at once, whatever it waits for."""

import queue
import threading
from collections.abc import Callable, Generator
from typing import Final, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

HEARTBEAT_S: Final = 0.25  # how often a waiting answer looks up: a closed page is noticed within this time


class Stop:
    """A wish to stop, and what has to be aborted to fulfil it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_set = False
        self._aborts: list[Callable[[], None]] = []

    @property
    def is_set(self) -> bool:
        """Whether the answer is to end."""
        return self._is_set

    def aborts(self, abort: Callable[[], None]) -> None:
        """Call `abort` when the wish comes, or now if it has come."""
        with self._lock:
            if not self._is_set:
                self._aborts.append(abort)
                return
        abort()

    def set(self) -> None:
        """Wish to stop; all that is under way is aborted."""
        with self._lock:
            self._is_set = True
            aborts, self._aborts = self._aborts, []
        for abort in aborts:
            abort()


class _Ended(Generic[R]):
    def __init__(self, value: R | None, error: BaseException | None) -> None:
        self.value = value
        self.error = error


def watched(work: Callable[[Callable[[T], None]], R], stop: Stop, name: str) -> Generator[T | None, None, R]:
    """Run `work` in a thread; yield what it hands to its argument, and None at each heartbeat; return its result.

    Ends early, with GeneratorExit, where the stop is set; raises what `work` raises.
    """
    items: queue.SimpleQueue[T | _Ended[R]] = queue.SimpleQueue()

    def run() -> None:
        try:
            items.put(_Ended(work(items.put), None))
        except BaseException as error:  # the reader's thread raises it
            items.put(_Ended(None, error))

    threading.Thread(target=run, name=name, daemon=True).start()
    finished = False
    try:
        while True:
            try:
                item = items.get(timeout=HEARTBEAT_S)
            except queue.Empty:
                if stop.is_set:
                    raise GeneratorExit from None
                yield None
                continue
            if isinstance(item, _Ended):
                finished = True
                if stop.is_set:
                    raise GeneratorExit
                if item.error is not None:
                    raise item.error
                return item.value  # pyright: ignore[reportReturnType] - a result is there where no error is
            yield item
    finally:
        if not finished:
            stop.set()
