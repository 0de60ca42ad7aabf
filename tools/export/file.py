"""Exported files: written whole or not at all, and never over another file unless told to."""

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from knowledge.errors import UserMistake


def check(path: Path, *, force: bool) -> None:
    """Tell before the work begins whether a file can be written there.

    Raises UserMistake where its folder is missing, where something else stands there, or where a file does and `force`
    does not allow to replace it.
    """
    if not path.parent.is_dir():
        raise UserMistake(f"the folder {str(path.parent)!r} does not exist.", "Make it first, or name another file.")
    if path.exists() and not path.is_file():
        raise UserMistake(f"{str(path)!r} is not a file.", "Name a file; -o - prints instead.")
    if path.exists() and not force:
        raise UserMistake(f"the file {str(path)!r} exists already.", "Name another one, or replace it with --force.")


def write(path: Path, parts: Iterable[bytes], *, force: bool) -> int:
    """Write a file from its parts as they come, and return its size in bytes.

    Whoever opens the file sees all of it or what was there before. Raises UserMistake as `check` does.
    """
    check(path, force=force)
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    size = 0
    try:
        with unfinished.open("xb") as file:
            for part in parts:
                size += file.write(part)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        remedy = "Name a file that can be written."
        raise UserMistake(f"the file {str(path)!r} cannot be written: {error.strerror}.", remedy) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return size
