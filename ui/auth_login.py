"""Logins: what a browser shows to prove who came in, signed by this run of the program."""

import base64
import hmac
import secrets
import threading
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Final

LASTS_S: Final = 7 * 86_400.0

Clock = Callable[[], float]


class Logins:
    """Gives tokens to those who have come in, and knows whose a token is until it is ended or a week old.

    The key is of this run: who was in before a restart logs in again.
    """

    def __init__(self, clock: Clock = time.time) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._ended: dict[str, float] = {}  # when each token that was ended would have
        self._lock = threading.Lock()

    def begin(self, learner: str) -> str:
        """Return a token for a learner."""
        name = base64.urlsafe_b64encode(learner.encode()).decode().rstrip("=")
        body = f"{name}.{int(self._clock() + LASTS_S)}.{secrets.token_hex(16)}"
        return f"{body}.{self._sign(body)}"

    def learner(self, token: str) -> str | None:
        """Return whose token it is, or None where it is none of ours, too old or ended."""
        body, _, signature = token.rpartition(".")
        if not token.isascii() or not hmac.compare_digest(self._sign(body), signature):
            return None
        name, until, number = body.split(".")
        with self._lock:
            if int(until) <= self._clock() or number in self._ended:
                return None
        return base64.urlsafe_b64decode(name + "=" * (-len(name) % 4)).decode()

    def end(self, token: str) -> None:
        """End a token for good."""
        if self.learner(token) is None:
            return
        _, until, number, _ = token.split(".")
        with self._lock:
            now = self._clock()
            self._ended = {old: end for old, end in self._ended.items() if end > now} | {number: float(until)}

    def _sign(self, body: str) -> str:
        return hmac.new(self._key, body.encode(), sha256).hexdigest()
