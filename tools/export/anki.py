"""Items as Anki notes: a choice, a list, a cloze or a typed answer on the front; key, reasons and sources behind it."""

import re
import time
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Final

from knowledge.note import Note as AtlasNote
from knowledge.vocabulary import STAGE_TITLES
from tools.export import prose, sheet
from tools.export.apkg import Note, NoteType, Package, packed
from tools.export.figure import picture_of
from tools.quiz.item import LEVELS, Item

_FIELDS: Final = (
    "Stem", "Exhibit", "Options", "Hint", "Answer", "Key", "Explanation", "Misconceptions", "Sources",
)  # fmt: skip
# A note type's id stays as it is as long as its fields do: Anki knows it by this number.
_TYPES: Final = {
    "options": (1763800000001, "LLM Atlas: options"),
    "cloze": (1763800000002, "LLM Atlas: cloze"),
    "typed": (1763800000003, "LLM Atlas: typed answer"),
}
_TEMPLATES: Final = Path(__file__).with_name("templates") / "anki"
_ROOT_DECK: Final = "LLM Atlas"
_TAG_OR_TEXT: Final = re.compile(r"(<[^>]*>)")
_SPACE: Final = re.compile(r"\s+")


def package(items: Sequence[Item], notes: Mapping[str, AtlasNote], at: float | None = None) -> bytes:
    """Return items as an Anki package, in one deck for each stage of their notes.

    A further package with the same items updates them in Anki, whatever was studied since; `at` (seconds since 1970)
    has to be later for that.
    """
    pictures = {item.id: picture for item in items if (picture := picture_of(item.exhibit))}
    made = [_note(item, notes.get(item.concept), item.id in pictures) for item in items]
    media = {_picture_name(item_id): picture.encode() for item_id, picture in pictures.items()}
    return packed(Package(made, media), time.time() if at is None else at)


def _note(item: Item, note: AtlasNote | None, has_picture: bool) -> Note:
    stage = note.stage if note is not None else ""
    deck = f"{_ROOT_DECK}::{STAGE_TITLES[stage][item.language]}" if stage in STAGE_TITLES else _ROOT_DECK
    tags = {
        "stage": stage,
        "concept": item.concept,
        "type": item.type,
        "level": f"{item.level}-{LEVELS[item.level]}",
        "origin": item.origin,
        "language": item.language,
    }
    return Note(
        guid=item.id,
        type=_note_type("cloze" if item.type == "cloze" else "typed" if _is_typed(item) else "options"),
        deck=deck,
        fields=_fields(item, has_picture),
        tags=("llm-atlas", *(f"{name}::{_SPACE.sub('-', value)}" for name, value in tags.items() if value)),
    )


def _is_typed(item: Item) -> bool:
    return item.type in {"numeric", "short_answer"}


@cache
def _note_type(kind: str) -> NoteType:
    number, name = _TYPES[kind]
    front, back, css = (
        (_TEMPLATES / file).read_text(encoding="utf-8")
        for file in (f"{kind}.front.html", f"{kind}.back.html", "style.css")
    )
    return NoteType(number, name, _FIELDS, front, back, css, is_cloze=kind == "cloze")


def _fields(item: Item, has_picture: bool) -> tuple[str, ...]:
    return (
        _stem(item),
        _exhibit(item, has_picture),
        _options(item),
        _line(item.hints[0]) if item.hints else "",
        _inert(escape(_typed(item), quote=False)) if _is_typed(item) else "",
        _key(item),
        _block(item.explanation),
        _misconceptions(item),
        _sources(item),
    )


def _stem(item: Item) -> str:
    if item.type == "cloze":
        # Whatever Anki would take for the end of the gap or for a hint is written so that it is text.
        gap = f"{{{{c1::{_inert(escape(item.accepted[0], quote=False)).replace(':', '&#58;')}}}}}"
        stem = _inert(prose.html(item.stem, gap="\ue001")).replace("\ue001", gap)
        return stem if gap in stem else f"{stem} {gap}"
    unit = sheet.unit(item)
    return _block(item.stem) + (f"<p>{_line(unit)}</p>" if unit else "")


def _exhibit(item: Item, has_picture: bool) -> str:
    if item.exhibit is None:
        return ""
    if has_picture:
        return f'<img src="{_picture_name(item.id)}" alt="{_inert(escape(item.exhibit.text))}">'
    return f"<pre>{_inert(escape(item.exhibit.text, quote=False))}</pre>"


def _picture_name(item_id: str) -> str:
    return f"llm-atlas-{item_id}.svg"


def _options(item: Item) -> str:
    prompts = f"<ul>{_listed(item.prompts)}</ul>" if item.prompts else ""
    return prompts + (f'<ol type="A">{_listed(item.options)}</ol>' if item.options else "")


def _typed(item: Item) -> str:
    text = sheet.number(item.quantity.value) if item.quantity else prose.plain(item.accepted[0])
    return _SPACE.sub(" ", text)


def _key(item: Item) -> str:
    lines = [_line(text) for text in sheet.key_lines(item)]
    if item.type == "cloze":  # plain text, unlike options and prompts
        lines = [_inert(escape(text, quote=False)) for text in item.accepted]
    heading, points = sheet.points(item)
    rubric = f"{_heading(heading)}<ul>{_listed(points)}</ul>" if points else ""
    return f"<p>{'<br>'.join(lines)}</p>{rubric}"


def _misconceptions(item: Item) -> str:
    told = [f"<li><strong>{_line(answer)}</strong><br>{_line(why)}</li>" for answer, why in sheet.misconceptions(item)]
    return f"{_heading(sheet.word(item, 'misconceptions'))}<ul>{''.join(told)}</ul>" if told else ""


def _sources(item: Item) -> str:
    told: list[str] = []
    for citation in sheet.sources(item):
        address = sheet.web_address(citation)
        place = _inert(escape(sheet.place(citation), quote=False))
        linked = f'<a href="{escape(address)}">{place}</a>' if address else place
        told.append(f"<blockquote>{_block(citation.quote)}</blockquote><p>{linked}</p>")
    return f'<div class="sources">{_heading(sheet.word(item, "sources"))}{"".join(told)}</div>' if told else ""


def _heading(text: str) -> str:
    return f"<h4>{escape(text, quote=False)}</h4>"


def _listed(texts: Sequence[str]) -> str:
    return "".join(f"<li>{_line(text)}</li>" for text in texts)


def _block(markdown: str) -> str:
    return _inert(prose.html(markdown))


def _line(markdown: str) -> str:
    return _inert(prose.inline(markdown))


def _inert(html: str) -> str:
    """Return HTML whose text holds none of Anki's own signs: {{cloze}}, [sound:...], [latex]."""
    parts = _TAG_OR_TEXT.split(html)
    signs = str.maketrans({"{": "&#123;", "}": "&#125;", "[": "&#91;"})
    return "".join(part if part.startswith("<") else part.translate(signs) for part in parts)
