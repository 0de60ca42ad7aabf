"""Items as a Markdown page: the questions first, then the answers with their reasons and sources."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from knowledge.note import Note
from knowledge.vocabulary import Language
from tools.export import prose, sheet
from tools.export.figure import picture_address
from tools.quiz.item import Item
from tools.quiz.wording import say

_NOT_IN_ADDRESS: Final = re.compile(r"[<>\s]")
_CODE_BLOCK: Final = re.compile(r"^[ ]{0,3}(?:```|~~~)", re.MULTILINE)
_MARKER: Final = re.compile(r"^(\d{0,9})([-+*>#.)])(?=[ #])")  # would begin a list, a quotation or a heading


def page(items: Sequence[Item], notes: Mapping[str, Note], language: Language) -> str:
    """Return items as a page for a reader of `language`; HTML in them stays text, links lead to web pages only."""

    def word(key: str, **variables: str) -> str:
        return say("export", key, language, **variables)

    asked = [_question(place, item, notes.get(item.concept)) for place, item in enumerate(items, 1)]
    told = [_answer(place, item) for place, item in enumerate(items, 1)]
    parts = [
        f"# {word('title')}", word("count", n=str(len(items))),
        f"## {word('questions')}", *asked,
        f"## {word('answers')}", *told,
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _question(place: int, item: Item, note: Note | None) -> str:
    parts = [f"### {place}. {_about(item, note)}", prose.harmless(item.stem)]
    if item.exhibit is not None:
        picture = picture_address(item.exhibit)
        parts.append(
            f"![{prose.literal(item.exhibit.text)}]({picture})" if picture else prose.fenced(item.exhibit.text)
        )
    if item.prompts:
        parts.append("\n".join(f"{at}. {_line(prompt)}" for at, prompt in enumerate(item.prompts, 1)))
    if item.options:
        parts.append("\n".join(f"- {sheet.letter(at)}. {_line(option)}" for at, option in enumerate(item.options)))
    return "\n\n".join(filter(None, [*parts, sheet.unit(item)]))


def _about(item: Item, note: Note | None) -> str:
    title = note.title_in(item.language) if note is not None else item.concept
    return f"{prose.literal(title)} ({sheet.label(item)})"


def _answer(place: int, item: Item) -> str:
    key = [prose.literal(line) if item.type == "cloze" else _line(line) for line in sheet.key_lines(item)]
    heading = f"**{sheet.labelled(item, sheet.word(item, 'key'))}**"
    said = f"{heading} {key[0]}" if len(key) == 1 else "\n".join([heading, "", *(f"- {line}" for line in key)])
    parts = [f"### {sheet.word(item, 'question', n=str(place))}", said]
    heading, points = sheet.points(item)
    if points:
        parts.append("\n".join([sheet.labelled(item, heading), "", *(f"- {_line(point)}" for point in points)]))
    parts.append(prose.harmless(item.explanation))
    wrong = [f"- {_line(answer)} – {_line(why)}" for answer, why in sheet.misconceptions(item)]
    if wrong:
        parts.append("\n".join([sheet.labelled(item, sheet.word(item, "misconceptions")), "", *wrong]))
    sources = _sources(item)
    if sources:
        parts.append("\n".join([sheet.labelled(item, sheet.word(item, "sources")), "", *sources]))
    return "\n\n".join(parts)


def _sources(item: Item) -> list[str]:
    told: list[str] = []
    for citation in sheet.sources(item):
        address = sheet.web_address(citation)
        place = prose.literal(sheet.place(citation))
        linked = f"[{place}](<{_NOT_IN_ADDRESS.sub('', address)}>)" if address else place
        told.append(f"- “{_line(citation.quote)}” {linked}")
    return told


def _line(markdown: str) -> str:
    if _CODE_BLOCK.search(markdown):  # its lines would run together with the marks around them
        return prose.literal(" ".join(prose.plain(markdown).split()))
    return _MARKER.sub(r"\1\\\2", prose.harmless(" ".join(markdown.split())))
