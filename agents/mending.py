"""The mender: what a log shows, why it happens, and how it is mended."""

from threading import Lock
from typing import Final

from knowledge import retrieval
from knowledge.errors import UserMistake
from knowledge.index import Index
from knowledge.library import Library
from knowledge.vocabulary import Language
from tools.fault.casebook import Casebook
from tools.fault.fault import Diagnosis, diagnose

LONGEST_LOG: Final = 1_000_000  # characters


class Mender:
    """Finds the pitfalls that logs show. Safe to use from several threads."""

    def __init__(self, index: Index) -> None:
        self._index = index
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
        return diagnose(log, self.casebook, lambda query, k: retrieval.search(self._index, query, k), language)
