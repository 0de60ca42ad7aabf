"""The shelf: a reader's own notes, added as files or linked as folders, listed with what is wrong, removed again."""

import os
import re
import unicodedata
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, Literal

from filelock import FileLock, Timeout

from knowledge import linked, note_file, pdf, reader
from knowledge.errors import SetupMissing, UserMistake
from knowledge.index import Index, absent
from knowledge.library import Library
from knowledge.note import Note, Problem
from knowledge.reader import LARGEST_FILE, Folder

LARGEST: Final[Mapping[str, int]] = {  # bytes, by the ending of a file's name
    ".md": LARGEST_FILE, ".markdown": LARGEST_FILE, ".txt": LARGEST_FILE, ".pdf": 25_000_000,
}  # fmt: skip
_PATIENCE_S: Final = 20.0
_LONGEST_NAME: Final = 80  # characters
_MOST_BYTES: Final = 180  # of a name; file systems take 255
_FORBIDDEN: Final = re.compile(r'[<>:"/\\|?*#^\[\]]')  # in names of Windows, and in Obsidian's links
_RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})  # control and format characters, and what is no character

Clash = Literal["refuse", "replace", "both"]


class NameTakenError(UserMistake):
    """There is a file of that name already; `name` is the name."""

    kind = "name_taken"

    def __init__(self, name: str) -> None:
        super().__init__(f"there is a note {name!r} already.", "Replace it, or keep both.")
        self.name = name


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that was added: `name` is its path below the folder of added notes.

    It has no note where it is broken, or where no update of the index has read it yet.
    """

    name: str
    note: Note | None
    is_read: bool
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Linked:
    """A folder of the reader's own: how many of its files have been read, and what is wrong with any.

    `is_fixed` tells one that was given at the start, and stays as long as the program runs.
    """

    path: Path
    files: int
    problems: tuple[Problem, ...] = ()
    is_fixed: bool = False


class Shelf:
    """The reader's own notes in an index; what is changed here is found once the index is brought up to date."""

    def __init__(self, index: Index) -> None:
        self._index = index

    @property
    def folder(self) -> Path:
        """Where added files lie.

        Raises SetupMissing where there is no such folder.
        """
        last = self._index.folders[-1]
        if not last.own:
            raise SetupMissing("there is no folder for notes of your own.", "Name a writable --home.")
        return last.path

    def files(self) -> list[Stored]:
        """Return the added files, by name."""
        folder = self.folder
        library, read = self._index.library, self._index.catalog.stamps()
        problems = _by_path(library.problems)
        return [
            Stored(
                path.relative_to(folder).as_posix(),
                _note(path, library),
                str(path) in read,
                tuple(problems.get(str(path), ())),
            )
            for path in map(Path, map(reader.printable, reader.files(Folder(folder, own=True))))
            if path != folder
        ]

    def folders(self) -> list[Linked]:
        """Return the folders that were linked, or given at the start."""
        library, names = self._index.library, list(self._index.catalog.stamps())
        fixed = [folder.path for folder in self._index.folders[:-1] if folder.own]
        found: list[Linked] = []
        for path in [*fixed, *(folder.path for folder in self._index.linked)]:
            below = f"{path}{os.sep}"
            wrong = [problem for problem in library.problems if str(problem.path).startswith(below)]
            if not path.is_dir():
                wrong = [absent(Folder(path, own=True)), *wrong]
            count = sum(name.startswith(below) for name in names)
            found.append(Linked(path, count, tuple(wrong), is_fixed=path in fixed))
        return found

    def put(self, name: str, data: bytes, clash: Clash = "refuse") -> str:
        """Add a file of Markdown, plain text or PDF, and return the name it got.

        Raises UserMistake for one that cannot be a note, NameTakenError where the name is taken and `clash` refuses,
        SetupMissing where it cannot be written.
        """
        check(name, len(data))
        stem, ending = _split(name)
        text = pdf.note_text(data, stem) if ending == ".pdf" else decoded(data, name)
        target = f"{_safe(stem)}.md"
        if len(text.encode()) > LARGEST_FILE:
            raise UserMistake(f"the text of {name!r} has more than {LARGEST_FILE:,} bytes.", "Split it.")
        with self._writing() as folder:
            if clash == "both":
                target = _free(folder, target)
            elif clash == "refuse" and (folder / target).exists():
                raise NameTakenError(target)
            if (folder / target).is_symlink():
                raise UserMistake(f"{target!r} is a link to a file elsewhere.", "Remove it first, or keep both.")
            note_file.write(folder / target, text)
        return target

    def link(self, folder: Path) -> Path:
        """Link a folder of notes or a vault, which stays where it is; return its full path.

        Raises UserMistake for one that cannot be linked, SetupMissing where the home cannot be written.
        """
        return linked.link(self._index.home, folder, [one.path for one in self._index.folders])

    def remove(self, name: str) -> None:
        """Remove an added file, or the link to a folder, whose files stay.

        Raises UserMistake for anything else: the built-in notes, a folder given at the start, a file elsewhere.
        """
        if Path(name).expanduser().is_absolute():
            linked.unlink(self._index.home, Path(name))
            return
        if name not in {stored.name for stored in self.files()}:
            raise UserMistake(
                f"{name!r} is no note that was added.", "Only notes of your own can be removed: `atlas notes list`."
            )
        with self._writing() as folder:
            try:
                (folder / PurePosixPath(name)).unlink(missing_ok=True)
            except OSError as error:
                raise SetupMissing(f"{name!r} cannot be removed: {error.strerror}.", "Free its folder.") from error

    @contextmanager
    def _writing(self) -> Generator[Path]:
        """Let one process at a time add and remove files; yields their folder."""
        folder = self.folder
        lock = FileLock(folder / ".shelf.lock", timeout=_PATIENCE_S)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout as error:
            raise SetupMissing("another program adds notes.", "Try again in a moment.") from error
        except OSError as error:
            raise SetupMissing(
                f"the folder {str(folder)!r} cannot be written: {error.strerror}.", "Name a writable --home."
            ) from error
        try:
            yield folder
        finally:
            lock.release()


def check(name: str, size: int) -> None:
    """Check by its name and size whether a file can be added.

    Raises UserMistake where it cannot.
    """
    ending = _split(name)[1]
    if ending not in LARGEST:
        raise UserMistake(f"{name!r} is no note.", f"Add a file that ends in {', '.join(LARGEST)}.")
    if size > LARGEST[ending]:
        raise UserMistake(f"{name!r} has {size:,} bytes; the limit is {LARGEST[ending]:,}.", "Split it.")
    if size == 0:
        raise UserMistake(f"{name!r} is empty.", "Choose another file.")


def decoded(data: bytes, name: str) -> str:
    """Return the text of a file in UTF-8, or in UTF-16 that says so.

    Raises UserMistake for any other.
    """
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserMistake(f"{name!r} is not UTF-8 (line {line}).", "Save it as UTF-8.") from error
    if "\0" in text:
        raise UserMistake(f"{name!r} holds a NUL byte.", "Is it a text file?")
    return text


def _split(name: str) -> tuple[str, str]:
    """Return a file's name without folders and without its ending, and the ending in lower case."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    stem, dot, ending = last.rpartition(".")
    return (stem, f".{ending.lower()}") if dot else (last, "")


def _safe(stem: str) -> str:
    """Return a name that every file system takes, that hides nothing and leads nowhere."""
    shown = "".join(" " if unicodedata.category(sign) in _HIDDEN else sign for sign in stem)
    name = " ".join(_FORBIDDEN.sub("-", shown).split()).strip(". -")[:_LONGEST_NAME].strip(". -")
    while len(name.encode()) > _MOST_BYTES:
        name = name[:-1]
    return f"note-{name}" if _RESERVED.fullmatch(name) else name or "note"


def _free(folder: Path, name: str) -> str:
    """Return a name that is not taken: with a number before its ending, and before that of its language."""
    stem = name.removesuffix(".md")
    language = next((part for part in (".zh", ".en") if stem.endswith(part)), "")
    base = stem.removesuffix(language)
    names = (f"{base}{'' if n == 1 else f'-{n}'}{language}.md" for n in range(1, 10_000))
    return next(candidate for candidate in names if not (folder / candidate).exists())


def _note(path: Path, library: Library) -> Note | None:
    return library.notes.get(library.note_of_path.get(str(path), ""))


def _by_path(problems: Iterable[Problem]) -> dict[str, list[Problem]]:
    found: dict[str, list[Problem]] = {}
    for problem in problems:
        found.setdefault(str(problem.path), []).append(problem)
    return found
