"""Folders of notes that a reader has linked: they stay where they are, and `folders.json` in the home names them."""

import json
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, Final, cast

from filelock import FileLock

from knowledge import reader
from knowledge.errors import SetupMissing, UserMistake
from knowledge.reader import Folder

FILE: Final = "folders.json"
MOST_FILES: Final = 20_000  # Markdown files below one folder: more are a whole disk rather than notes
_PATIENCE_S: Final = 10.0


def linked(home: Path) -> tuple[Folder, ...]:
    """Return the folders that are linked, there or not.

    Raises UserMistake where the file that names them cannot be understood, SetupMissing where it cannot be read.
    """
    file = home / FILE
    try:
        found: Any = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise SetupMissing(f"{str(file)!r} cannot be read: {error.strerror}.", "Make it readable.") from error
    except ValueError as error:
        raise _misread(file, str(error)) from error
    paths = cast("dict[str, Any]", found).get("folders") if isinstance(found, dict) else None
    if not isinstance(paths, list):
        raise _misread(file, "it holds no list of folders")
    wrong = next(
        (one for one in cast("list[Any]", paths) if not isinstance(one, str) or not Path(one).is_absolute()), None
    )
    if wrong is not None:
        raise _misread(file, f"{wrong!r} is no absolute path")
    return tuple(Folder(Path(one), own=True) for one in dict.fromkeys(cast("list[str]", paths)))


def link(home: Path, folder: Path, others: Iterable[Path]) -> Path:
    """Link a folder, which may lie neither within one of the `others` nor around it; return its full path.

    Raises UserMistake for a folder that cannot be linked, SetupMissing where the home cannot be written.
    """
    path = _folder(folder)
    for other in [*(one.path for one in linked(home)), *others, home.resolve()]:
        if path == other:
            raise UserMistake(f"the notes in {str(path)!r} are read already.", "Nothing has to be done.")
        if path.is_relative_to(other) or other.is_relative_to(path):
            message = (
                f"{str(path)!r} lies within {str(other)!r}, which is read already."
                if path.is_relative_to(other)
                else f"{str(path)!r} holds {str(other)!r}, which is read already."
            )
            raise UserMistake(message, "Name a folder apart from it.")
    if len(list(islice(reader.files(Folder(path, own=True)), MOST_FILES + 1))) > MOST_FILES:
        raise UserMistake(f"{str(path)!r} holds more than {MOST_FILES:,} Markdown files.", "Name a smaller folder.")
    _change(home, lambda paths: [*paths, str(path)])
    return path


def unlink(home: Path, folder: Path) -> None:
    """Link a folder no more; its files stay as they are.

    Raises UserMistake where it is not linked, SetupMissing where the home cannot be written.
    """
    names = {str(folder), str(folder.expanduser()), os.path.realpath(folder.expanduser())}
    if not names & {str(one.path) for one in linked(home)}:
        raise UserMistake(f"the folder {str(folder)!r} is not linked.", "List your own with `atlas notes list`.")
    _change(home, lambda paths: [one for one in paths if one not in names])


def _folder(folder: Path) -> Path:
    wanted = folder.expanduser()
    if not wanted.is_absolute():
        raise UserMistake(f"{str(folder)!r} is no full path.", "Write it from the root on, or from ~ on.")
    try:
        path = wanted.resolve(strict=True)
        is_folder = path.is_dir()
        if is_folder:
            next(path.iterdir(), None)
    except (OSError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UserMistake(
            f"the folder {str(folder)!r} cannot be read: {why}.", "Name a folder you may read."
        ) from error
    if not is_folder:
        raise UserMistake(f"{str(folder)!r} is no folder.", "Name a folder of Markdown files.")
    if reader.printable(path) != str(path):
        raise UserMistake(f"the folder {reader.printable(path)!r} has a name that is not UTF-8.", "Rename it.")
    return path


def _change(home: Path, change: Callable[[list[str]], list[str]]) -> None:
    """Write the file anew, whole or not at all, while no other process does."""
    file = home / FILE
    draft = file.with_name(f".{FILE}.part")
    try:
        home.mkdir(parents=True, exist_ok=True)
        with FileLock(home / f".{FILE}.lock", timeout=_PATIENCE_S):
            paths = change([str(one.path) for one in linked(home)])
            draft.write_text(
                json.dumps({"folders": list(dict.fromkeys(paths))}, ensure_ascii=False, indent=1) + "\n",
                encoding="utf-8",
            )
            draft.replace(file)
    except (OSError, TimeoutError) as error:  # filelock's own timeout is a TimeoutError
        with suppress(OSError):
            draft.unlink()
        raise SetupMissing(
            f"{str(file)!r} cannot be written: {error}.", "Name a writable folder with --home."
        ) from error


def _misread(file: Path, why: str) -> UserMistake:
    return UserMistake(
        f"{str(file)!r} cannot be understood: {why}.", "Mend or delete it: it names your linked folders."
    )
