"""The mender: what a log shows, why it happens and how it is mended, and the pitfalls that readers add."""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Lock
from typing import Final

from filelock import FileLock, Timeout

from knowledge import note_file, retrieval
from knowledge.errors import AtlasError, SetupMissing, UserMistake
from knowledge.index import Index
from knowledge.library import Library
from knowledge.note import Note
from knowledge.vocabulary import Language
from tools.fault.casebook import Casebook
from tools.fault.fault import Diagnosis, Match, diagnose, told
from tools.fault.own_pitfall import OwnPitfall, drafted

LONGEST_LOG: Final = 1_000_000  # characters
ADDED: Final = "pitfalls"  # the folder of added pitfalls, below that of added notes
_PATIENCE_S: Final = 20.0  # how long adding waits for another program that writes the index
_BUSY: Final = ("the notes are being indexed by another program.", "Try again in a moment.")


@dataclass(frozen=True, slots=True)
class Added:
    """A pitfall that has been added: its note and its file.

    `masked` counts the secrets that were taken out, by kind; `beside` are the known pitfalls that its logs show too.
    """

    note: str
    title: str
    path: Path
    masked: Mapping[str, int]
    beside: tuple[str, ...]


def last_part(log: str) -> str:
    """Return as much of the end of a log as is read at once, from the beginning of a line on: errors stand at the end.

    What is cut off takes no half of a secret with it.
    """
    if len(log) <= LONGEST_LOG:
        return log
    kept = log[-LONGEST_LOG:]
    begins = min((at for sign in "\n\r\t " if (at := kept.find(sign)) >= 0), default=-1)
    newline = kept.find("\n")
    return kept[(newline if newline >= 0 else begins) + 1 :]


class Mender:
    """Finds the pitfalls that logs show, and takes up new ones. Safe to use from several threads and processes."""

    def __init__(self, index: Index, today: Callable[[], date] = date.today) -> None:
        self._index = index
        self._today = today
        self._lock = Lock()
        self._casebook: tuple[Library, Casebook] | None = None

    @property
    def casebook(self) -> Casebook:
        """The pitfalls of the notes as they are now."""
        library = self._index.library
        with self._lock:
            if self._casebook is None or self._casebook[0] is not library:
                self._casebook = (library, Casebook(library))
            return self._casebook[1]

    def diagnose(self, log: str, language: Language = "en") -> Diagnosis:
        """Return what a log shows; secrets in it are masked before anything else reads it.

        Raises UserMistake for an empty or overlong log.
        """
        if not log.strip():
            raise UserMistake("the log is empty.", "Paste the error with the lines around it.")
        if len(log) > LONGEST_LOG:
            raise UserMistake(f"the log has more than {LONGEST_LOG:,} characters.", "Give its last part.")
        log = log.encode(errors="replace").decode()  # halves of surrogate pairs, which no encoder takes
        return diagnose(log, self.casebook, lambda query, k: retrieval.search(self._index, query, k), language)

    def pitfall(self, note: str, language: Language = "en") -> Match:
        """Return what is known of a pitfall, apart from any log.

        Raises UserMistake where there is none of that id.
        """
        case = self.casebook.cases.get(note)
        if case is None:
            raise UserMistake(f"there is no pitfall {note!r}.", "List your own with `atlas pitfall list`.")
        return told(case, language)

    @property
    def added(self) -> tuple[Note, ...]:
        """The pitfalls that were added here, by id: those that can be removed."""
        cases = self.casebook.cases.values()
        return tuple(sorted((case.note for case in cases if self._is_added(case.note)), key=lambda note: note.id))

    def exported(self, note: str) -> str:
        """Return the note of a pitfall as Markdown.

        Raises UserMistake where there is none of that id, SetupMissing where its file cannot be read.
        """
        self.pitfall(note)
        path = Path(self.casebook.cases[note].note.documents[0].path)
        try:
            return path.read_text(encoding="utf-8")
        except OSError as error:
            raise SetupMissing(
                f"the note {str(path)!r} cannot be read: {error.strerror}.", "Run `atlas index`."
            ) from error

    def add(self, pitfall: OwnPitfall) -> Added:
        """Check a pitfall, write it as a note and index it: from then on it is found. A failure leaves nothing behind.

        Raises UserMistake for one that is incomplete, too general or known already; SetupMissing where it cannot be
        written or another program keeps the index; ModelFailed where an embedding endpoint fails.
        """
        with self._writing() as folder:
            draft = drafted(pitfall, self._index.library, self.casebook, self._today())
            path = folder / f"{draft.id}.md"
            if path.exists():  # a file that is no sound note: the library does not know its id
                raise UserMistake(
                    f"there is a file {str(path)!r} already.", "Mend or remove it, or choose another title."
                )
            note_file.write(path, draft.text)
            try:
                self._update()
                if draft.id not in self.casebook.cases:
                    raise AtlasError(f"the note {draft.id!r} was not taken up.", "Run `atlas notes check`.")
            except BaseException:
                path.unlink()
                self._index.update()
                raise
            return Added(draft.id, draft.title, path, draft.masked, draft.beside)

    def remove(self, note: str) -> None:
        """Remove a pitfall that was added here.

        Raises UserMistake for any other, SetupMissing where another program keeps the index.
        """
        self.pitfall(note)
        with self._writing():
            found = next((one for one in self.added if one.id == note), None)
            if found is None:
                raise UserMistake(
                    f"the pitfall {note!r} was not added here.", "Only pitfalls of your own can be removed."
                )
            path = Path(found.documents[0].path)
            aside = path.with_name(f".{path.name}.removed")  # hidden: no index reads it
            path.replace(aside)
            try:
                self._update()
            except BaseException:
                aside.replace(path)
                raise
            aside.unlink()

    def _update(self) -> None:
        if self._index.update(wait_s=_PATIENCE_S).locked:
            raise SetupMissing(*_BUSY)

    @contextmanager
    def _writing(self) -> Generator[Path]:
        """Let one program at a time add and remove; yields the folder of added pitfalls."""
        folder = self._folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with FileLock(folder / ".lock", timeout=_PATIENCE_S):
                yield folder
        except Timeout as error:
            raise SetupMissing(*_BUSY) from error
        except OSError as error:
            raise SetupMissing(
                f"the folder {str(folder)!r} cannot be written: {error.strerror}.", "Name a writable --home."
            ) from error

    @property
    def _folder(self) -> Path:
        last = self._index.folders[-1]
        if not last.own:
            raise SetupMissing("there is no folder for notes of your own.", "Name a writable --home.")
        return last.path / ADDED

    def _is_added(self, note: Note) -> bool:
        return note.own and Path(note.documents[0].path).parent == self._folder
