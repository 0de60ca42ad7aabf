"""How an item reads on paper: its options under letters, its key in words, its misconceptions and its sources."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from knowledge.citation import Citation
from tools.quiz.item import Item, Misconception, Quantity
from tools.quiz.wording import say

CHOICES: Final = frozenset(
    {"single_choice", "multiple_choice", "true_false", "reading"}
)  # the key is among the options

_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def word(item: Item, key: str, **variables: str) -> str:
    """Return a text of exported files in the item's language."""
    return say("export", key, item.language, **variables)


def letter(position: int) -> str:
    """Return the letter of an option: A, B, ... Z, AA, AB, ..."""
    earlier, last = divmod(position, len(_ALPHABET))
    return (letter(earlier - 1) if earlier else "") + _ALPHABET[last]


def number(value: float) -> str:
    """Return a number as a person writes it, without an exponent."""
    return f"{Decimal(f'{value:.10g}'):f}"


def quantity(key: Quantity) -> str:
    """Return the key of a numeric item with its unit and its tolerance."""
    within = f" (±{number(100 * key.tolerance)} %)" if key.tolerance else ""
    return f"{number(key.value)} {key.unit}".strip() + within


def unit(item: Item) -> str:
    """Say in which unit to answer, where the question does not."""
    named = item.quantity.unit if item.quantity else ""
    return word(item, "unit", unit=named) if named and named not in item.stem else ""


def key_lines(item: Item) -> list[str]:
    """Return the key as lines of Markdown: the right options, the pairs, the order, the number or the model answer."""
    match item.type:
        case "single_choice" | "true_false" | "reading" | "multiple_choice":
            return [f"{letter(at)}. {item.options[at]}" for at in item.key]
        case "matching":
            return [f"{prompt} → {item.options[at]}" for prompt, at in zip(item.prompts, item.key, strict=True)]
        case "ordering":
            return [f"{place}. {item.options[at]}" for place, at in enumerate(item.key, 1)]
        case "numeric":
            return [quantity(item.quantity)] if item.quantity else []
        case "cloze":
            others = item.accepted[1:]
            return [item.accepted[0], *([word(item, "also", answers=joined(item, others))] if others else [])]
        case "short_answer":
            return list(item.accepted[:1])


def misconceptions(item: Item) -> list[tuple[str, str]]:
    """Return each wrong answer, an option under its letter, and why someone gives it, as Markdown."""
    named_unit = item.quantity.unit if item.quantity else ""
    letters = {option: letter(at) for at, option in enumerate(item.options)}

    def named(wrong: Misconception) -> str:
        if wrong.value is not None:
            return f"{number(wrong.value)} {named_unit}".strip()
        return f"{letters[wrong.answer]}. {wrong.answer}" if wrong.answer in letters else wrong.answer

    return [(named(wrong), wrong.why) for wrong in item.misconceptions]


def points(item: Item) -> tuple[str, list[str]]:
    """Return the heading of an item's rubric, and what an answer or a reason has to say."""
    return word(item, "reason" if item.type == "true_false" else "points"), [point.text for point in item.points]


def sources(item: Item) -> list[Citation]:
    """Return what the key rests on, each sentence once."""
    return list({(c.note, c.path, c.start, c.end): c for c in item.citations}.values())


def place(citation: Citation) -> str:
    """Return where a sentence stands: the note's title and the heading."""
    return f"{citation.title} > {citation.heading}" if citation.heading else citation.title


def web_address(citation: Citation) -> str:
    """Return the address of a citation's source, or an empty text: a path says where this reader keeps notes."""
    return citation.source if citation.source.lower().startswith(("http://", "https://")) else ""


def label(item: Item) -> str:
    """Return what kind of question it is and how hard, in the item's language."""
    return f"{word(item, item.type)} · {word(item, f'level{item.level}')}"


def labelled(item: Item, text: str) -> str:
    """Return a heading as it stands before what it is the heading of."""
    return word(item, "labelled", text=text)


def joined(item: Item, texts: Sequence[str]) -> str:
    """Return texts as a list within a sentence."""
    return word(item, "separator").join(texts)
