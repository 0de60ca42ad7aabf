"""Links of a note to files beside it, and which of them lead nowhere."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

from knowledge.note import Problem

_REMEDY = "Correct the path, or remove the link."


def dead(path: Path) -> list[Problem]:
    """Return a problem for each link or picture of a note file whose local target does not exist.

    Raises OSError and UnicodeDecodeError for a file that cannot be read.
    """
    tokens = MarkdownIt("commonmark").enable("table").parse(path.read_text(encoding="utf-8"))
    return [
        Problem(path, line, f"the link {target!r} leads nowhere.", _REMEDY)
        for target, line in _targets(tokens)
        if _is_local(target) and not (path.parent / unquote(urlsplit(target).path)).exists()
    ]


def _targets(tokens: list[Token]) -> Iterator[tuple[str, int]]:
    """Yield the target of each link and picture with its line, counted from 1."""
    for block in tokens:
        for token in block.children or ():
            target = token.attrs.get("href") or token.attrs.get("src")
            if target and block.map:
                yield str(target), block.map[0] + 1


def _is_local(target: str) -> bool:
    parts = urlsplit(target)
    return not parts.scheme and not parts.netloc and bool(parts.path)
