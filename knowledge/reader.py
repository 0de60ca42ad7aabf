"""Reads note files from disk; a bad file becomes a problem and never stops the others."""

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from knowledge import frontmatter, mermaid, passage
from knowledge.errors import UserMistake
from knowledge.language import text_language
from knowledge.lines import fenced
from knowledge.note import Document, Link, Problem
from knowledge.vocabulary import LANGUAGES, Language

LARGEST_FILE: Final = 4_000_000  # bytes
_WIKI_LINK: Final = re.compile(r"(?<!!)\[\[([^\[\]|#\n]{1,200})(?:#[^\[\]|\n]*)?(?:\|[^\[\]\n]*)?\]\]")
_SUFFIXES: Final = (".md", ".markdown")
_SLUG: Final = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of notes; `own` tells a reader's notes from the built-in ones, which must be complete."""

    path: Path
    own: bool


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A passage of a file, with the text it is found by."""

    heading: str
    start: int
    end: int
    text: str
    language: Language
    lookup: str  # what is embedded: the title, or all names for an entry, then the text
    entry: bool = False  # says what the note is about as a whole


@dataclass(frozen=True, slots=True)
class Reading:
    """All that one file yields; without a document where it could not be read."""

    document: Document | None
    excerpts: tuple[Excerpt, ...] = ()
    problems: tuple[Problem, ...] = ()


def files(folder: Folder) -> Iterator[Path]:
    """Yield the Markdown files below a folder in a stable order, hidden folders left out.

    A folder that cannot be listed is yielded itself, so that reading it says why.
    Raises UserMistake where the folder is none.
    """
    if not folder.path.is_dir():
        raise UserMistake(
            f"{str(folder.path)!r} is not a folder of notes.", "Name an existing folder of Markdown files."
        )
    unlisted: list[Path] = []
    for root, folders, names in os.walk(folder.path, onerror=lambda error: unlisted.append(Path(error.filename))):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "node_modules")))
        for name in sorted(names):
            if name.lower().endswith(_SUFFIXES) and not name.startswith("."):
                yield Path(root) / name
    yield from unlisted


def read(path: Path, folder: Folder) -> Reading:
    """Read one file."""
    data = content(path, folder)
    text = data if isinstance(data, Problem) else _text(data, path)
    if isinstance(text, Problem):
        return Reading(None, problems=(text,))
    head = frontmatter.read(text, own=folder.own)
    if isinstance(head, list):
        return Reading(None, problems=tuple(Problem(path, f.line, f.message, f.remedy) for f in head))
    body = passage.read(text, head.body_start)
    links, problems = _links(text, head.body_start, body, path)
    document = _document(path, folder, text, head, body, links)
    return Reading(document, tuple(_excerpts(text, head, body, document)), problems)


def main_file(path: Path) -> Path | None:
    """Return the file whose translation `path` is by its name: `vllm.md` for `vllm.zh.md`, where it exists."""
    stem = _stem(path)
    if not stem.endswith((".zh", ".en")):
        return None
    main = path.with_name(stem[:-3] + path.name[len(stem) :])
    return main if main.exists() else None


def printable(path: Path) -> str:
    """Return a path as text that can be stored and shown, also where the file system holds bytes that are no text."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def content(path: Path, folder: Folder) -> bytes | Problem:
    """Return the bytes of a file of the folder, or why they are not to be had."""
    try:
        if printable(path) != str(path):
            return Problem(Path(printable(path)), 0, "has a name that is not UTF-8.", "Rename it.")
        if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder.path)):
            return Problem(path, 0, "is a link that leads out of the notes folder.", "Copy the file into the folder.")
        status = path.stat()
        if status.st_size > LARGEST_FILE:
            return Problem(
                path, 0, f"has {status.st_size:,} bytes; the limit is {LARGEST_FILE:,}.", "Split it into several notes."
            )
        if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
            return Problem(path, 0, "is not a regular file.", "Remove it; reading it might never end.")
        return path.read_bytes()
    except OSError as error:
        return Problem(path, 0, f"cannot be read: {error.strerror}.", "Check that it exists and that you may read it.")


def _text(data: bytes, path: Path) -> str | Problem:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return Problem(path, line, f"is not UTF-8 (byte {error.start}).", "Save it as UTF-8.")
    if "\0" in text:
        return Problem(
            path, text.count("\n", 0, text.index("\0")) + 1, "holds a NUL byte.", "Remove it; is this a text file?"
        )
    return text


def _links(text: str, body_start: int, body: passage.Body, path: Path) -> tuple[tuple[Link, ...], tuple[Problem, ...]]:
    links = [Link(source="", target=name) for name in dict.fromkeys(_wiki_links(text[body_start:]))]
    problems: list[Problem] = []
    for diagram in body.diagrams:
        try:
            chart = mermaid.parse(diagram.source)
        except mermaid.NotAFlowchart:
            continue  # another kind of diagram is for people only
        except mermaid.MermaidError as error:
            line = diagram.line + error.line - 1
            problems.append(
                Problem(path, line, f"the diagram does not parse: {error.message}", error.remedy, "warning")
            )
            continue
        label = dict(chart.nodes)
        label |= {group_id: group.title for group_id, group in chart.subgraphs.items()}
        links += [
            Link(source=label.get(e.source, e.source), target=label.get(e.target, e.target), label=e.label)
            for e in chart.edges
        ]
    return tuple(links), tuple(problems)


def _wiki_links(text: str) -> Iterator[str]:
    """Yield the names that Obsidian's links lead to, without the folders and the ending that a link may carry."""
    at = 0
    for start, end in [*fenced(text), (len(text), len(text))]:
        for name in _WIKI_LINK.findall(text[at:start]):
            # Inside a table, Obsidian writes the bar as `\\|`.
            yield name.removesuffix("\\").strip().rpartition("/")[2].removesuffix(".md")
        at = end


def _document(
    path: Path, folder: Folder, text: str, head: frontmatter.Head, body: passage.Body, links: tuple[Link, ...]
) -> Document:
    values = head.values
    stem = _stem(path)
    main = main_file(path) if not head.given else None
    language: Language = (
        "zh" if stem.endswith(".zh") else "en" if stem.endswith(".en") else text_language(text[head.body_start :])
    )
    name = stem[:-3] if stem.endswith((".zh", ".en")) else stem
    if main is not None:
        translated = read(main, folder).document
        if translated is not None:
            return translated.model_copy(
                update={"path": str(path), "language": language, "links": links, "sibling": True}
            )
    given = _by_language(values.title, language) or {language: body.title or name}
    # A title is one line wherever it is shown or quoted: a second one could pass for words of ours.
    title: dict[Language, str] = {each: " ".join(text.split()) or name.strip() for each, text in given.items()}
    return Document(
        path=str(path),
        own=folder.own,
        language=language,
        id=values.id or slug(name),
        derived_id=values.id is None,
        title=title,
        kind=values.kind,
        stage=values.stage or "",
        aliases=values.aliases,
        summary=_by_language(values.summary, language),
        prerequisites=values.prerequisites,
        relations=values.relations,
        tool=values.tool,
        pitfall=values.pitfall,
        sources=values.sources,
        checked=values.checked,
        links=links,
    )


def _stem(path: Path) -> str:
    suffix = next((suffix for suffix in _SUFFIXES if path.name.lower().endswith(suffix)), "")
    return path.name[: len(path.name) - len(suffix)]


def slug(name: str) -> str:
    """Return an id for a file's name; a name without Latin letters keeps its own."""
    return _SLUG.sub("-", name.lower()).strip("-") or name.strip().replace(" ", "-")


def _by_language(value: object, language: Language) -> dict[Language, str]:
    if value is None:
        return {}
    if isinstance(value, str):
        return {language: value}
    return {each: text for each in LANGUAGES if (text := getattr(value, each, None))}


def _excerpts(text: str, head: frontmatter.Head, body: passage.Body, document: Document) -> Iterator[Excerpt]:
    title = _title_of(document)
    summarised: set[Language] = set()
    for key, (start, end) in head.summary_spans.items():
        language: Language = "zh" if key == "zh" else "en" if key == "en" else document.language
        summarised.add(language)
        yield _entry(document, language, "", start, end, text)
    for i, span in enumerate(body.spans):
        if i == 0 and not summarised and not document.sibling:
            yield _entry(document, document.language, span.heading, span.start, span.end, text)
        content = text[span.start : span.end]
        yield Excerpt(span.heading, span.start, span.end, content, document.language, f"{title}. {content}")


def _entry(document: Document, language: Language, heading: str, start: int, end: int, text: str) -> Excerpt:
    names = dict.fromkeys([*document.title.values(), *document.aliases])
    title = document.title.get(language) or _title_of(document)
    others = ", ".join(name for name in names if name != title)
    lookup = f"{title} ({others}). {text[start:end]}" if others else f"{title}. {text[start:end]}"
    return Excerpt(heading, start, end, text[start:end], language, lookup, entry=True)


def _title_of(document: Document) -> str:
    return document.title.get(document.language) or next(iter(document.title.values()), document.id)
