"""Names as people type them: without regard to case, separators, owners and decoration."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

_PARTS = re.compile(r"[a-z]+|\d+(?:\.\d+)?|[\u4e00-\u9fff]+")
_LONGEST: Final = 200


def normal(name: str, decoration: Iterable[str] = ()) -> str:
    """Reduce a name to its letters and numbers in order, without an owner before a slash and without decoration.

    "Qwen/Qwen3-14B" becomes "qwen 3 14 b"; words of `decoration` are dropped wherever they stand.
    """
    dropped = frozenset(decoration)
    text = name[:_LONGEST].strip().lower().rsplit("/", 1)[-1]
    return " ".join(part for part in _PARTS.findall(text) if part not in dropped)


class LooseNames:
    """Looks up full names by any of their loose spellings; the first entry wins a spelling that two share."""

    def __init__(self, names: Mapping[str, Iterable[str]], decoration: Iterable[str] = ()) -> None:
        self._decoration = tuple(decoration)
        self._index: dict[str, tuple[str, str]] = {}
        for words in ((), self._decoration):
            for full in names:
                self._index.setdefault(normal(full, words), (full, full))
            for full, aliases in names.items():
                for alias in aliases:
                    self._index.setdefault(normal(alias, words), (full, alias))

    def find(self, name: str) -> str | None:
        """Return the full name, or None if nothing known is spelled like that."""
        found = self.match(name)
        return found[0] if found else None

    def match(self, name: str) -> tuple[str, str] | None:
        """Return the full name and the known spelling that was met, or None."""
        return self._index.get(normal(name)) or self._index.get(normal(name, self._decoration))
