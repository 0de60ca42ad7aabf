"""Stopping an answer: from any thread, at once, whatever it waits for."""

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from typing import Any, Final, Generic, TypeVar

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


class Stoppable(Iterator[T]):
    """What comes of work at a model, as it comes. `close` may be called from any thread and stops the model at once."""

    def __init__(self, run: Callable[[Stop], Generator[T, None, Any]]) -> None:
        self._stop = Stop()
        self._running = threading.Lock()
        self._events = run(self._stop)

    def __next__(self) -> T:
        with self._running:
            if self._stop.is_set:
                self._events.close()
            try:
                return next(self._events)
            except GeneratorExit:  # it was stopped meanwhile
                raise StopIteration from None

    def close(self) -> None:
        """Stop; the iterator ends."""
        self._stop.set()
        if self._running.acquire(blocking=False):  # else another thread runs it, and sees the stop within a heartbeat
            try:
                self._events.close()
            finally:
                self._running.release()


class _Said(Generic[T]):
    def __init__(self, value: T) -> None:
        self.value = value


class _Returned(Generic[R]):
    def __init__(self, value: R) -> None:
        self.value = value


class _Raised:
    def __init__(self, error: BaseException) -> None:
        self.error = error


def watched(work: Callable[[Callable[[T], None]], R], stop: Stop, name: str) -> Generator[T | None, None, R]:
    """Run `work` in a thread; yield what it hands to its argument, and None at each heartbeat; return its result.

    Ends early, with GeneratorExit, where the stop is set; raises what `work` raises.
    """
    items: queue.SimpleQueue[_Said[T] | _Returned[R] | _Raised] = queue.SimpleQueue()

    def run() -> None:
        try:
            items.put(_Returned(work(lambda item: items.put(_Said(item)))))
        except BaseException as error:  # noqa: BLE001 - the reader's thread raises it
            items.put(_Raised(error))

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
            if isinstance(item, _Said):
                yield item.value
                continue
            finished = True
            if stop.is_set:
                raise GeneratorExit
            if isinstance(item, _Raised):
                raise item.error
            return item.value
    finally:
        if not finished:
            stop.set()
