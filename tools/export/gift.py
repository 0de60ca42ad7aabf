"""Items in GIFT, the text format of Moodle's question bank; categories follow the stages.

A multiple choice gives each right option its share and takes as much for the wrong ones; an order is matched with
places; a short answer is an essay with its rubric in the feedback; a cloze and a number are graded by Moodle.
Source: https://docs.moodle.org/en/GIFT_format
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from itertools import groupby
from typing import Final

from knowledge.citation import Citation
from knowledge.note import Note
from knowledge.vocabulary import STAGE_TITLES
from tools.export import prose, sheet
from tools.export.figure import picture_address
from tools.quiz.item import Item, ItemType

_CATEGORY: Final = "$course$/top/LLM Atlas"
_SIGNS: Final = str.maketrans({sign: f"\\{sign}" for sign in "\\~=#{}:"} | {"\n": "\\n", "\r": ""})
_TRUE: Final = frozenset({"true", "yes", "正确", "对", "是"})
_FALSE: Final = frozenset({"false", "no", "错误", "错", "否", "不正确"})


def text(items: Sequence[Item], notes: Mapping[str, Note]) -> str:
    """Return items as a GIFT file."""
    blocks: list[str] = []
    for category, group in groupby(
        sorted(items, key=lambda item: _category(item, notes)), lambda i: _category(i, notes)
    ):
        blocks.append(f"$CATEGORY: {category}")
        blocks += [_question(item, notes.get(item.concept)) for item in group]
    return "\n\n".join(blocks) + "\n\n"


def _category(item: Item, notes: Mapping[str, Note]) -> str:
    note = notes.get(item.concept)
    titles = STAGE_TITLES.get(note.stage) if note is not None else None
    return f"{_CATEGORY}/{titles[item.language]}" if titles else _CATEGORY


def _question(item: Item, note: Note | None) -> str:
    title = note.title_in(item.language) if note is not None else item.concept
    tags = "".join(f" [tag:{tag}]" for tag in ("llm-atlas", item.type, f"level-{item.level}", item.language))
    name = f"{_escaped(' '.join(title.split()))} {item.id}"
    lines = "\n".join(f"\t{line}" for line in [*_ANSWERS[item.type](item), f"####{_feedback(item)}"])
    return f"// [id:{item.id}]{tags}\n::{name}::[html]{_escaped(_stem(item))}{{{_opening(item)}\n{lines}\n}}"


def _opening(item: Item) -> str:
    return "#" if item.type == "numeric" else ""


def _one_of(item: Item) -> list[str]:
    return [
        f"{'=' if at in item.key else '~'}{_option(option)}{_why(item, option)}"
        for at, option in enumerate(item.options)
    ]


def _some_of(item: Item) -> list[str]:
    right, wrong = len(item.key), len(item.options) - len(item.key)
    shares = [100 / right if at in item.key else -100 / wrong for at in range(len(item.options))]
    # Moodle knows a share by its first five decimals.
    return [
        f"~%{sheet.number(round(share, 5))}%{_option(option)}{_why(item, option)}"
        for share, option in zip(shares, item.options, strict=True)
    ]


def _true_or_false(item: Item) -> list[str]:
    right = item.options[item.key[0]].strip().casefold()
    wrong = next((option for at, option in enumerate(item.options) if at != item.key[0]), "")
    others = {wrong.strip().casefold()}
    if not (right in _TRUE and others <= _FALSE) and not (right in _FALSE and others <= _TRUE):
        return _one_of(item)
    return [("TRUE" if right in _TRUE else "FALSE") + _why(item, wrong)]


def _pairs(item: Item) -> list[str]:
    pairs = [
        f"={_option(prompt)} -> {_plain(item.options[at])}" for prompt, at in zip(item.prompts, item.key, strict=True)
    ]
    # A pair without a question is an answer that fits none.
    return pairs + [f"= -> {_plain(option)}" for at, option in enumerate(item.options) if at not in item.key]


def _places(item: Item) -> list[str]:
    return [f"={_option(item.options[at])} -> {place}" for place, at in enumerate(item.key, 1)]


def _numbers(item: Item) -> list[str]:
    if item.quantity is None:
        return []
    tolerance = item.quantity.tolerance
    wrong = [
        f"=%0%{_range(m.value, tolerance)}#{_escaped(_guarded(prose.inline(m.why)))}"
        for m in item.misconceptions
        if m.value is not None
    ]
    return [f"=%100%{_range(item.quantity.value, tolerance)}", *wrong]


def _range(value: float, tolerance: float) -> str:
    return f"{sheet.number(value)}:{sheet.number(abs(value) * tolerance)}"


def _texts(item: Item) -> list[str]:
    # An asterisk stands for anything, and an arrow would make it a matching question: no sign escapes that one.
    texts = [accepted.replace("*", "\\*") for accepted in item.accepted if "->" not in accepted]
    return [f"=%100%{'[plain]' if answer.startswith('[') else ''}{_escaped(_on_one_line(answer))}" for answer in texts]


def _essay(_item: Item) -> list[str]:
    return []


_ANSWERS: Final[Mapping[ItemType, Callable[[Item], list[str]]]] = {
    "single_choice": _one_of, "reading": _one_of, "true_false": _true_or_false, "multiple_choice": _some_of,
    "matching": _pairs, "ordering": _places, "numeric": _numbers, "cloze": _texts, "short_answer": _essay,
}  # fmt: skip


def _why(item: Item, option: str) -> str:
    why = item.misconception_of(option)
    return f"#{_escaped(_guarded(prose.inline(why)))}" if why else ""


def _stem(item: Item) -> str:
    parts = [prose.html(item.stem)]
    if item.exhibit is not None:
        picture = picture_address(item.exhibit)
        shown = escape(item.exhibit.text)
        parts.append(f'<p><img src="{picture}" alt="{shown}"></p>' if picture else f"<pre>{shown}</pre>")
    if unit := sheet.unit(item):
        parts.append(f"<p>{prose.inline(unit)}</p>")
    if item.type == "ordering":
        parts.append(f"<p>{sheet.word(item, 'place')}</p>")
    return "\n".join(parts)


def _feedback(item: Item) -> str:
    parts: list[str] = []
    if not _ANSWERS[item.type](item):  # an essay
        shown = escape if item.type == "cloze" else prose.inline
        parts += [f"<p>{shown(line)}</p>" for line in sheet.key_lines(item)]
    heading, points = sheet.points(item)
    if points:
        parts.append(f"<p>{escape(heading)}</p><ul>{_listed(prose.inline(point) for point in points)}</ul>")
    parts.append(prose.html(item.explanation))
    sources = [_source(citation) for citation in sheet.sources(item)]
    if sources:
        parts.append(f"<p>{sheet.word(item, 'sources')}</p><ul>{_listed(sources)}</ul>")
    return _escaped(_guarded("\n".join(parts)))


def _source(citation: Citation) -> str:
    address, name = sheet.web_address(citation), escape(sheet.place(citation))
    linked = f'<a href="{escape(address)}">{name}</a>' if address else name
    return f"{prose.inline(citation.quote)} ({linked})"


def _listed(texts: Iterable[str]) -> str:
    return "".join(f"<li>{text}</li>" for text in texts)


def _option(markdown: str) -> str:
    return _escaped(_guarded(prose.inline(markdown)))


def _plain(markdown: str) -> str:
    return _escaped(_on_one_line(prose.plain(markdown)))


def _guarded(html: str) -> str:
    """Return HTML that does not begin with what Moodle takes for a format or a weight."""
    return f"&#{ord(html[0])};{html[1:]}" if html[:1] in {"[", "%"} else html


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def _escaped(text: str) -> str:
    return text.translate(_SIGNS)
