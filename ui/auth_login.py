"""Logins: what a browser shows to prove who came in, signed with a key that outlives a restart."""

import base64
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from knowledge.errors import SetupMissing
from ui import private_file
from ui.auth import Accounts

LASTS_S: Final = 7 * 86_400.0
FILE: Final = "logins.json"  # below home
_KEY_BYTES: Final = 32

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Kept:
    """The key that signs logins, and when each login that was ended would have ended by itself."""

    key: bytes = field(repr=False, default_factory=lambda: secrets.token_bytes(_KEY_BYTES))
    ended: Mapping[str, float] = field(default_factory=dict[str, float])


class Logins:
    """Gives tokens to those who have come in, and knows whose a token is until it is ended or a week old.

    A token also ends with the account or password it was made for. The key and what was ended are kept in `file`;
    without one they end with the program. Raises SetupMissing where the file cannot be used.
    """

    def __init__(self, accounts: Accounts, file: Path | None = None, clock: Clock = time.time) -> None:
        self._accounts, self._file, self._clock = accounts, file, clock
        self._lock = threading.Lock()
        self._kept = _read(file) if file is not None and file.exists() else Kept()
        if file is not None:
            _write(file, self._kept)

    def begin(self, learner: str) -> str:
        """Return a token for a learner who has an account."""
        name = base64.urlsafe_b64encode(learner.encode()).decode().rstrip("=")
        body = f"{name}.{int(self._clock() + LASTS_S)}.{secrets.token_hex(16)}"
        return f"{body}.{self._sign(body, learner)}"

    def learner(self, token: str) -> str | None:
        """Return whose token it is, or None where it is none of ours, too old or ended."""
        body, _, signature = token.rpartition(".")
        parts = body.split(".")
        learner = _name(parts[0]) if len(parts) == 3 and token.isascii() else None
        if learner is None or not hmac.compare_digest(self._sign(body, learner), signature):
            return None
        with self._lock:
            if int(parts[1]) <= self._clock() or parts[2] in self._kept.ended:
                return None
        return learner if learner in self._accounts.hashes else None

    def end(self, token: str) -> None:
        """End a token for good: also for a program that is started later."""
        if self.learner(token) is None:
            return
        _, until, number, _ = token.split(".")
        with self._lock:
            now = self._clock()
            ended = {old: end for old, end in self._kept.ended.items() if end > now} | {number: float(until)}
            self._kept = Kept(self._kept.key, ended)
            if self._file is not None:
                _write(self._file, self._kept)

    def _sign(self, body: str, learner: str) -> str:
        # With the hash of the password: a changed one ends what was begun with the one before.
        signed = f"{body}\n{self._accounts.hashes.get(learner, '')}"
        return hmac.new(self._kept.key, signed.encode(), sha256).hexdigest()


def _name(part: str) -> str | None:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode()
    except ValueError:
        return None


def _read(file: Path) -> Kept:
    try:
        read: Any = json.loads(file.read_text(encoding="utf-8"))
        kept = Kept(bytes.fromhex(read["key"]), {str(name): float(end) for name, end in read["ended"].items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _unusable(file, error) from error
    if len(kept.key) != _KEY_BYTES:
        raise _unusable(file, ValueError("its key is no key"))
    return kept


def _write(file: Path, kept: Kept) -> None:
    try:
        private_file.write(file, json.dumps({"key": kept.key.hex(), "ended": dict(kept.ended)}))
    except OSError as error:
        raise _unusable(file, error) from error


def _unusable(file: Path, error: Exception) -> SetupMissing:
    remedy = "Make it writable, or delete it: then everyone logs in again."
    return SetupMissing(f"the logins in {str(file)!r} cannot be used: {error}.", remedy)
