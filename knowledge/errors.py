"""The tree of errors; a message names the value and the remedy.

AtlasError
├── UserMistake      what was asked cannot be done as asked           exit status 2
├── SetupMissing     something must be installed or fetched first     exit status 3
└── ModelFailed      a model endpoint is down, slow or misbehaves     exit status 4
"""

from knowledge import translation
from knowledge.vocabulary import Language


class AtlasError(Exception):
    """Is raised for every failure that a person can act on.

    `remedy` says what to do about it; `kind` names the class in JSON output. Both have their Chinese in
    `translation.toml`, or in `zh` where it is more than the same sentence.
    """

    kind = "error"
    exit_status = 1

    def __init__(self, message: str, remedy: str = "", zh: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.zh = zh

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()

    def told(self, language: Language) -> str:
        """Return what went wrong and what to do about it."""
        if language == "zh" and self.zh:
            return self.zh
        return translation.told(self.message, self.remedy, language)


class UserMistake(AtlasError):
    """The request itself is wrong; nothing was changed."""

    kind = "user_mistake"
    exit_status = 2


class SetupMissing(AtlasError):
    """Something has to be installed, fetched or made writable first."""

    kind = "setup_missing"
    exit_status = 3


class ModelFailed(AtlasError):
    """A model endpoint is down, too slow, or does not answer in its own protocol."""

    kind = "model_failed"
    exit_status = 4
