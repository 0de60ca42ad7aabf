"""The text of a note as Markdown for the page: harmless, its links leading to notes, the place that is cited marked."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

from knowledge.library import Library
from knowledge.lines import fenced, unified
from knowledge.vocabulary import Language
from ui.markdown import neutral
from ui.notes_diagram import diagram
from ui.notes_query import note_query

# Between these signs stands a link while the text around it is made harmless; they are taken out of the note before.
_OPEN, _TARGET, _CLOSE = "\ue000", "\ue001", "\ue002"
_OURS: Final = re.compile("[\ue000-\ue002]")
_LINK: Final = re.compile(
    r"(?P<code>(?<!`)(?P<tick>`+)(?!`)[^\n]*?(?<!`)(?P=tick)(?!`))"
    r"|!?\[\[(?P<name>[^\[\]|#\n]{1,200})(?:#[^\[\]|\n]*)?(?:\|(?P<shown>[^\[\]\n]*))?\]\]"
    r"|(?<!!)\[(?P<label>[^\[\]\n]{1,300})\]\(<?(?P<file>[^()<>\s:?]{1,300}\.(?:md|markdown))(?:#[^()\s]*)?>?\)",
    re.IGNORECASE,
)
_MARKED_LINK: Final = re.compile(
    f"{_OPEN}([^{_OPEN}{_TARGET}{_CLOSE}]*){_TARGET}([^{_OPEN}{_TARGET}{_CLOSE}]*){_CLOSE}"
)
_MERMAID: Final = re.compile(
    r"[ ]{0,3}(?:`{3,}|~{3,})[ \t]*mermaid[^\n]*\n(.*?)(?:\n[ ]{0,3}(?:`{3,}|~{3,})[ \t]*)?\Z", re.DOTALL
)
_TITLE: Final = re.compile(r"\s*#[ \t]+([^\n]+?)[ \t]*#*[ \t]*(?:\n|\Z)")
_ITEM: Final = re.compile(r"\s*(?:[-*+>]|\d{1,9}[.)])[ \t]+")
_BLOCK: Final = re.compile(r"\n[ \t]*\n|\n[ \t]*(?:[-*+|>#]|\d{1,9}[.)])|^[ \t]*(?:\||#|\$\$|```|~~~)|\$\$")

Resolve = Callable[[str], str]  # what a link of the text names -> the id of that note, or an empty text


def note_markdown(
    text: str, body_start: int, language: Language, *, title: str, at: tuple[int, int] | None = None,
    resolve: Resolve = lambda _: "",
) -> str:  # fmt: skip
    """Return the body of a note; `at` are offsets into `text`: what stands there is marked where it is in the body."""
    body = _OURS.sub("�", unified(text))  # of the same length: offsets stay
    heading = _TITLE.match(body, body_start)
    begin = heading.end() if heading and heading[1].casefold() == title.casefold() else body_start

    def shown(start: int, end: int) -> str:
        return _shown(body[start:end], language, resolve)

    if at is None or at[1] <= begin or at[0] >= len(body):
        return shown(begin, len(body))
    start, end = max(at[0], begin), min(at[1], len(body))
    item = _ITEM.match(body, start, end)
    inner = item.end() if item else start
    if not _BLOCK.search(body[inner:end]) and not _meets_code(body, inner, end):
        sentence = f'<mark class="at">{shown(inner, end).strip()}</mark>'
        return f"{shown(begin, inner)}{sentence}{shown(end, len(body))}"
    start, end = _widened(body, start, end, begin)
    block = f'\n\n<div class="at">\n\n{shown(start, end).strip()}\n\n</div>\n\n'
    return f"{shown(begin, start)}{block}{shown(end, len(body))}"


def resolver(library: Library, path: str) -> Resolve:
    """Return what finds the note that a link in the file at `path` leads to: by its title, alias, id or file."""
    folder = Path(path).parent

    def resolve(name: str) -> str:
        bare = unquote(name).strip().removesuffix("\\")
        if bare.lower().endswith((".md", ".markdown")):
            try:
                target = library.note_of_path.get(str((folder / bare).resolve()))
            except (OSError, RuntimeError, ValueError):  # no path at all
                target = None
            if target:
                return target
        # Obsidian's links carry a folder where names clash, and may carry the ending.
        found = library.named(bare.rpartition("/")[2].removesuffix(".md")) or library.named(bare)
        return found.id if found else ""

    return resolve


def _shown(markdown: str, language: Language, resolve: Resolve) -> str:
    """Return a piece of a note: diagrams drawn, other code as it is, the rest harmless and linked."""
    parts: list[str] = []
    at = 0
    for start, end in fenced(markdown):
        drawn = _MERMAID.match(markdown[start:end])
        if drawn:
            before = _harmless(markdown[at:start], resolve)
            parts += [before, "\n\n", diagram(drawn[1], language), "\n\n"]
            at = end
    return "".join([*parts, _harmless(markdown[at:], resolve)])


def _harmless(markdown: str, resolve: Resolve) -> str:
    parts: list[str] = []
    at = 0
    for start, end in fenced(markdown):
        parts += [_own(markdown[at:start], resolve), markdown[start:end]]
        at = end
    return _linked(neutral("".join([*parts, _own(markdown[at:], resolve)])))


def _own(prose: str, resolve: Resolve) -> str:
    """Return prose with its links to notes set apart, and those that lead to none as their words."""

    def apart(link: re.Match[str]) -> str:
        if link["code"]:
            return link["code"]
        label = link["label"] or link["shown"] or link["name"]
        target = resolve(link["file"] or link["name"])
        return f"{_OPEN}{label}{_TARGET}{quote(target)}{_CLOSE}" if target else label

    return _LINK.sub(apart, prose)


def _linked(markdown: str) -> str:
    return _MARKED_LINK.sub(lambda link: f"[{link[1]}]({note_query(unquote(link[2]))})", markdown)


def _meets_code(text: str, start: int, end: int) -> bool:
    return any(a < end and start < b for a, b in fenced(text))


def _widened(text: str, start: int, end: int, begin: int) -> tuple[int, int]:
    """Return the blocks around a place: from an empty line to the next, code blocks whole."""
    blocks = list(fenced(text))
    for _ in range(2):  # code that was cut in two by an empty line is taken whole, and what it then stands in as well
        before = text.rfind("\n\n", begin, start)
        start = begin if before < 0 else before + 2
        after = text.find("\n\n", end)
        end = len(text) if after < 0 else after
        for a, b in blocks:
            if a < end and start < b:
                start, end = min(start, max(a, begin)), max(end, b)
    return start, end
