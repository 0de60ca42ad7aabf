"""A note as a file: rendered in the note format, and written so that it is there whole or not at all."""

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import yaml
from markdown_it import MarkdownIt

from knowledge import frontmatter
from knowledge.errors import SetupMissing, UserMistake
from knowledge.lines import fenced

Section = tuple[str, str]  # a heading and the Markdown below it

_HEADING: Final = re.compile(r"^[ ]{0,3}#{1,2}(?=[ \t]|$)", re.MULTILINE)
_UNDERLINE: Final = re.compile(r"^[ ]{0,3}(?:=+|-+)[ \t]*$", re.MULTILINE)  # makes a heading of the line above it
_HTML: Final = re.compile(r"^([ ]{0,3})<(?=[A-Za-z/!?])(?!https?:)", re.MULTILINE)  # may hide the headings below it
_FENCE: Final = re.compile(r"[ ]{0,3}(`{3,}|~{3,})")
_TICKS: Final = re.compile(r"`{3,}")
_ANY_HEADING: Final = re.compile(r"^##?[ \t]+(.+?)[ \t]*#*$", re.MULTILINE)


def render(head: Mapping[str, Any], sections: Sequence[Section]) -> str:
    """Return the text of a note; no value can end the head, and no text can begin a section of its own.

    Raises UserMistake for a head that the note format does not allow, and for a text that does not keep to its section.
    """
    top = yaml.safe_dump(dict(head), allow_unicode=True, sort_keys=False, width=1_000_000)
    body = "\n".join(f"## {heading}\n\n{contained(text)}\n" for heading, text in sections)
    text = f"---\n{top}---\n\n{body}"
    read = frontmatter.read(text, own=False)
    if isinstance(read, list):
        raise UserMistake(read[0].message, read[0].remedy)
    expected = [heading for heading, _ in sections]
    if _headings(text[read.body_start :]) != (expected, expected):
        raise UserMistake(
            "the text does not keep to its section of the note.", "Close its code fences and leave out its headings."
        )
    return text


def contained(text: str) -> str:
    """Return Markdown that stays below its section's heading: its own headings are lower, its fences have an end."""
    parts: list[str] = []
    at = 0
    for start, end in fenced(text):
        parts += [_lowered(text[at:start]), text[start:end]]
        at = end
    closed = "".join([*parts, _lowered(text[at:])])
    return closed + (_missing_end(parts[-1]) if parts and at >= len(text) else "")


def fence(text: str, language: str = "text") -> str:
    """Return a text as fenced code that nothing in it can end."""
    longest = max((len(ticks) for ticks in _TICKS.findall(text)), default=0)
    ticks = "`" * max(3, longest + 1)
    return f"{ticks}{language}\n{text}\n{ticks}"


def write(path: Path, text: str) -> None:
    """Write a note's file; what reads the folder meanwhile sees all of it or nothing.

    Raises SetupMissing where it cannot be written.
    """
    draft = path.with_name(f".{path.name}.part")  # hidden: no index reads it
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):  # the draft may not even have been begun
            draft.unlink()
        raise SetupMissing(
            f"the note {str(path)!r} cannot be written: {error.strerror}.", "Free its folder, or name another --home."
        ) from error


def _lowered(text: str) -> str:
    text = _UNDERLINE.sub("***", _HEADING.sub("###", text))
    return _HTML.sub(r"\1\\<", text)


def _missing_end(code: str) -> str:
    """Return the line that ends fenced code, or nothing where it has one."""
    lines = code.split("\n")
    opening = _FENCE.match(lines[0])
    closing = _FENCE.fullmatch(lines[-1].rstrip()) if len(lines) > 1 else None
    if opening is None or (closing and closing[1].startswith(opening[1])):
        return ""
    return f"\n{opening[1]}"


def _headings(body: str) -> tuple[list[str], list[str]]:
    """Return the headings of a body twice: as Markdown has them, and as lines that look like one outside code."""
    tokens = MarkdownIt("commonmark").enable("table").parse(body)
    parsed = [
        tokens[i + 1].content
        for i, token in enumerate(tokens)
        if token.type == "heading_open" and token.level == 0 and token.tag in {"h1", "h2"}
    ]
    code = list(fenced(body))
    looks = [m[1] for m in _ANY_HEADING.finditer(body) if not any(a <= m.start() < b for a, b in code)]
    return parsed, looks
