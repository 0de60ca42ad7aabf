"""Passages: the units of retrieval and evidence, cut from Markdown with their exact places."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token

from knowledge.sentence import sentences

LONGEST: Final = 1200  # characters; the embedders lose the point of longer texts
SPLIT_TO: Final = 700
SHORTEST: Final = 60  # a shorter paragraph joins the next one

_NEWLINE: Final = re.compile(r"\r\n?|\n")
_TEXT_BLOCKS: Final = frozenset({"paragraph_open", "blockquote_open", "html_block"})
_JOINED_BLOCKS: Final = frozenset({"bullet_list_open", "ordered_list_open", "table_open", "fence", "code_block"})


@dataclass(frozen=True, slots=True)
class Span:
    """A passage of a text: `text[start:end]` under the heading path `heading`."""

    heading: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Diagram:
    """A fenced mermaid diagram; `line` is the line of its first source line within the text, from 1."""

    source: str
    line: int


@dataclass(frozen=True, slots=True)
class Body:
    """What Markdown text holds: its first heading, its passages and its diagrams."""

    title: str
    spans: tuple[Span, ...]
    diagrams: tuple[Diagram, ...]


@dataclass(frozen=True, slots=True)
class _Block:
    kind: Literal["text", "joined"]
    heading: str
    start: int
    end: int
    run: int  # blocks of one run have nothing between them that no passage may hold


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable("table")


def read(text: str, body_start: int) -> Body:
    """Cut the Markdown that begins at `body_start` into passages; offsets count from the start of `text`.

    A paragraph is a passage; lists, tables and code join the paragraph that introduces them; what is too long is cut
    between sentences. Diagrams are no passages.
    """
    tokens = _parser().parse(text[body_start:])
    lines = [body_start, *(match.end() for match in _NEWLINE.finditer(text, body_start)), len(text)]
    lines_before = len(_NEWLINE.findall(text, 0, body_start))
    diagrams = tuple(
        Diagram(token.content, lines_before + token.map[0] + 2) for token in tokens if token.map and _is_diagram(token)
    )
    headings = [tokens[i + 1].content for i, token in enumerate(tokens) if token.type == "heading_open"]
    spans: list[Span] = []
    for start, end, heading in _joined(list(_blocks(tokens, lines, text))):
        spans.extend(_cut(text, heading, start, end))
    return Body(headings[0] if headings else "", tuple(spans), diagrams)


def _blocks(tokens: list[Token], lines: list[int], text: str) -> Iterator[_Block]:
    path: list[tuple[int, str]] = []
    run = 0
    for i, token in enumerate(tokens):
        if token.level or token.map is None:
            continue
        if token.type == "heading_open":
            depth = int(token.tag[1])
            path = [(d, name) for d, name in path if d < depth]
            path.append((depth, " ".join(tokens[i + 1].content.split())))
        is_text = token.type in _TEXT_BLOCKS
        if not (is_text or token.type in _JOINED_BLOCKS) or _is_diagram(token) or _is_comment(token):
            run += 1
            continue
        start, end = lines[token.map[0]], lines[min(token.map[1], len(lines) - 1)]
        end = start + len(text[start:end].rstrip())
        start += len(text[start:end]) - len(text[start:end].lstrip())
        # The title of the note stands in every passage already.
        heading = " > ".join(name for depth, name in path if depth > 1)
        if start < end:
            yield _Block("text" if is_text else "joined", heading, start, end, run)


def _is_diagram(token: Token) -> bool:
    return token.type == "fence" and token.info.strip().lower().startswith("mermaid")


def _is_comment(token: Token) -> bool:
    text = token.content.strip()
    return token.type == "html_block" and text.startswith("<!--") and not text.partition("-->")[2].strip()


def _joined(blocks: list[_Block]) -> Iterator[tuple[int, int, str]]:
    """Join each list, table or code with what introduces it, and a very short paragraph with what follows it."""
    current: _Block | None = None
    for block in blocks:
        if current and current.run == block.run and block.end - current.start <= LONGEST:
            short = current.end - current.start < SHORTEST
            if block.kind == "joined" or short:
                current = _Block(current.kind, current.heading, current.start, block.end, current.run)
                continue
        if current:
            yield current.start, current.end, current.heading
        current = block
    if current:
        yield current.start, current.end, current.heading


def _cut(text: str, heading: str, start: int, end: int) -> Iterator[Span]:
    """Cut what is too long between sentences, and a sentence that is too long between words."""
    if end - start <= LONGEST:
        yield Span(heading, start, end)
        return
    begin = last = start
    for stop in [*(start + sentence_end for _, sentence_end in sentences(text[start:end])[:-1]), end]:
        if stop - begin > SPLIT_TO and last > begin:
            yield Span(heading, begin, last)
            begin = _next_word(text, last, stop)
        while stop - begin > LONGEST:  # a text without sentences: a table, a log, a minified file
            cut = _last_space(text, begin, begin + LONGEST)
            yield Span(heading, begin, cut)
            begin = _next_word(text, cut, stop)
        last = stop
    if begin < end:
        yield Span(heading, begin, end)


def _next_word(text: str, start: int, end: int) -> int:
    return end - len(text[start:end].lstrip())


def _last_space(text: str, start: int, end: int) -> int:
    """Return where the last line or word before `end` ends; `end` itself where there is none in the second half."""
    half = (start + end) // 2
    at = max(text.rfind("\n", half, end), text.rfind("\r", half, end))
    at = at if at > 0 else text.rfind(" ", half, end)
    return start + len(text[start:at].rstrip()) if at > 0 else end
