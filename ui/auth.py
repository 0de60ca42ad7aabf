"""Who may come in: learners and their passwords, of which only hashes are kept.

A password file has one line a learner, `NAME:HASH`; `atlas learner password NAME` writes it.
"""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from knowledge.errors import UserMistake
from learner.check import name
from ui import private_file
from ui.progress_learner import is_anonymous

PASSWORD_FILE: Final = "passwords"  # noqa: S105 - the name of the file below home
SHORTEST: Final = 8  # characters of a password
LONGEST: Final = 1000
# Scrypt takes 64 MiB and about 0.2 s a guess with these (RFC 7914; OWASP's password storage cheat sheet).
_N, _R, _P = 2**16, 8, 1
_MOST_MEMORY: Final = 2**27
_SCHEME: Final = f"scrypt${_N}${_R}${_P}"


@dataclass(frozen=True, slots=True)
class Accounts:
    """The hash of each learner's password, by name."""

    hashes: Mapping[str, str] = field(repr=False)

    def admits(self, learner: str, password: str) -> bool:
        """Tell whether this is the learner's password; takes as long for a name that nobody has."""
        known = self.hashes.get(learner)
        return _matches(password[:LONGEST], known or _NOBODY) and known is not None


def accounts(given: Sequence[str]) -> Accounts:
    """Return those whom values of --auth name: each is a password file, or NAME:PASSWORD.

    Raises UserMistake for a value that is neither, and for a file with anything but names and hashes in it.
    """
    hashes: dict[str, str] = {}
    for value in given:
        path = Path(value).expanduser()
        if _is_file(path):
            hashes |= read(path)
            continue
        learner, colon, password = value.partition(":")
        if not colon or not password:
            known = value if not colon else f"{learner}:"
            raise UserMistake(
                f"{known!r} is neither a password file nor NAME:PASSWORD.",
                "Make a file with `atlas learner password NAME`.",
            )
        hashes[checked(learner)] = hashed(password)
    if not hashes:
        raise UserMistake("--auth names nobody.", "Add a learner with `atlas learner password NAME`.")
    return Accounts(hashes)


def checked(learner: str) -> str:
    """Return the name of a learner who can have a password.

    Raises UserMistake for one that cannot be kept, or that a browser without a name goes by.
    """
    kept = name(learner)
    if ":" in kept or is_anonymous(kept):
        raise UserMistake(f"{kept!r} cannot have a password.", "Use a name without a colon.")
    return kept


def hashed(password: str) -> str:
    """Return what is kept of a password.

    Raises UserMistake for one that is too short or too long; the message does not repeat it.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise UserMistake(
            f"the password has {len(password)} characters.", f"Use {SHORTEST} to {LONGEST:,}; a few words are fine."
        )
    salt = secrets.token_bytes(16)
    return f"{_SCHEME}${_text(salt)}${_text(_scrypt(password, salt))}"


def read(path: Path) -> dict[str, str]:
    """Return the hashes in a password file, by name.

    Raises UserMistake with the line that holds no hash.
    """
    hashes: dict[str, str] = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserMistake(f"the password file {str(path)!r} cannot be read: {error}.", "Name another one.") from error
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        learner, _, kept = line.strip().partition(":")
        if not _is_hash(kept):  # the line may hold a password: it is not repeated
            raise UserMistake(
                f"line {number} of {str(path)!r} is not NAME:HASH.",
                "Passwords are never kept as they are: write the file with `atlas learner password NAME`.",
            )
        hashes[checked(learner)] = kept
    return hashes


def keep(path: Path, learner: str, password: str) -> None:
    """Set a learner's password in a file that only its owner can read; the file is made where there is none.

    Raises UserMistake for a name or a password that cannot be, or a file that cannot be written.
    """
    hashes = read(path) if path.exists() else {}
    hashes[checked(learner)] = hashed(password)
    text = "".join(f"{each}:{kept}\n" for each, kept in sorted(hashes.items()))
    try:
        private_file.write(path, text)
    except OSError as error:
        raise UserMistake(
            f"the password file {str(path)!r} cannot be written: {error}.", "Name another one."
        ) from error


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # too long for a path, as a password may be
        return False


def _scrypt(password: str, salt: bytes, n: int = _N, r: int = _R, p: int = _P) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, maxmem=_MOST_MEMORY, dklen=32)


def _matches(password: str, kept: str) -> bool:
    _, n, r, p, salt, expected = kept.split("$")
    return hmac.compare_digest(_scrypt(password, _bytes(salt), int(n), int(r), int(p)), _bytes(expected))


def _is_hash(kept: str) -> bool:
    parts = kept.split("$")
    if len(parts) != 6 or "$".join(parts[:4]) != _SCHEME:
        return False
    try:
        return len(_bytes(parts[4])) == 16 and len(_bytes(parts[5])) == 32
    except binascii.Error:
        return False


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


# No password has it; it lets the search for a name take as long as that for a password.
_NOBODY: Final = f"{_SCHEME}${_text(bytes(16))}${_text(os.urandom(32))}"
