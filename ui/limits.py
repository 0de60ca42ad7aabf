"""Limits: how fast each reader may go on, and how long one waits who guesses passwords."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Generator
from contextlib import contextmanager
from math import ceil
from typing import Final

from knowledge.errors import UserMistake
from knowledge.vocabulary import Language
from ui.limits_messages import say

QUESTIONS_A_MINUTE: Final = 20
ANSWERS_AT_ONCE: Final = 3  # of one reader, in any number of tabs
REQUESTS_A_MINUTE: Final = 600  # of any kind that changes something; a quick reader makes about one a second
READERS: Final = 10_000  # remembered; those longest silent are forgotten
_FREE_GUESSES: Final = 3
_LONGEST_WAIT_S: Final = 300.0

Clock = Callable[[], float]


class Rate:
    """Lets each reader do so much in a minute: a reserve of `most`, which fills up again steadily."""

    def __init__(self, most: int, clock: Clock = time.monotonic) -> None:
        self._most, self._clock = most, clock
        self._reserve: OrderedDict[str, tuple[float, float]] = OrderedDict()  # how much is left, and since when
        self._lock = threading.Lock()

    def wait_s(self, reader: str) -> float:
        """Take one from a reader's reserve and return 0, or return the seconds until there is one."""
        a_second = self._most / 60
        with self._lock:
            now = self._clock()
            left, since = self._reserve.pop(reader, (float(self._most), now))
            left = min(float(self._most), left + (now - since) * a_second)
            takes = left >= 1
            self._reserve[reader] = (left - takes, now)
            _shorten(self._reserve)
        return 0.0 if takes else (1 - left) / a_second


class Questions:
    """Lets each reader ask so much in a minute, and so much at once."""

    def __init__(
        self, a_minute: int = QUESTIONS_A_MINUTE, at_once: int = ANSWERS_AT_ONCE, clock: Clock = time.monotonic
    ) -> None:
        self._rate, self._at_once = Rate(a_minute, clock), at_once
        self._open: dict[str, int] = {}
        self._lock = threading.Lock()

    @contextmanager
    def asking(self, reader: str, language: Language) -> Generator[None]:
        """Count an answer as open until the block ends.

        Raises UserMistake, in the reader's language, where the reader has too many.
        """
        with self._lock:
            if self._open.get(reader, 0) >= self._at_once:
                raise UserMistake(say("at_once", language, n=self._at_once))
            wait_s = self._rate.wait_s(reader)
            if wait_s:
                raise UserMistake(say("too_fast", language, seconds=ceil(wait_s)))
            self._open[reader] = self._open.get(reader, 0) + 1
        try:
            yield
        finally:
            with self._lock:
                self._open[reader] -= 1
                if not self._open[reader]:
                    del self._open[reader]


class Guesses:
    """Makes those wait who have guessed wrong: after three tries a second, then twice as long each time."""

    def __init__(self, longest_s: float = _LONGEST_WAIT_S, clock: Clock = time.monotonic) -> None:
        self._longest_s, self._clock = longest_s, clock
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()  # how often, and when next
        self._lock = threading.Lock()

    def wait_s(self, guesser: str) -> float:
        """Return the seconds until a guesser may try again; 0 is now."""
        with self._lock:
            return max(0.0, self._wrong.get(guesser, (0, 0.0))[1] - self._clock())

    def wrong(self, guesser: str) -> None:
        """Remember a wrong guess."""
        with self._lock:
            count = self._wrong.pop(guesser, (0, 0.0))[0] + 1
            wait_s = min(self._longest_s, 2.0 ** (count - _FREE_GUESSES)) if count >= _FREE_GUESSES else 0.0
            self._wrong[guesser] = (min(count, 60), self._clock() + wait_s)
            _shorten(self._wrong)

    def right(self, guesser: str) -> None:
        """Forget what a guesser did wrong."""
        with self._lock:
            self._wrong.pop(guesser, None)


def _shorten(known: OrderedDict[str, tuple[float, float]] | OrderedDict[str, tuple[int, float]]) -> None:
    while len(known) > READERS:
        known.popitem(last=False)
