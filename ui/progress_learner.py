"""Who learns: a browser by itself, or whom its reader says they are."""

import re
import uuid
from typing import Final

from knowledge.errors import UserMistake
from learner.check import name

_ANONYMOUS: Final = re.compile("browser-[0-9a-f]{32}")


def anonymous() -> str:
    """Return a name for a browser whose reader has chosen none; nobody can guess it."""
    return f"browser-{uuid.uuid4().hex}"


def is_anonymous(learner: str) -> bool:
    """Tell whether nobody has chosen this name."""
    return _ANONYMOUS.fullmatch(learner) is not None


def known_learner(learner: str, *, named: bool) -> str:
    """Return the name where a browser may go by it, else an empty text; chosen names only where `named`."""
    try:
        kept = name(learner)
    except UserMistake:  # not a name of ours: the browser's state was changed by hand
        return ""
    return kept if named or is_anonymous(kept) else ""
