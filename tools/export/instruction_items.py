"""Examples from quiz items: questions with their answers, and choices with a reason for each option."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from random import Random
from typing import Final

from tools.export import prose, sheet
from tools.export.instruction import Example, TemplateName, example
from tools.quiz.item import Item

_CHOSEN: Final = frozenset({"single_choice", "multiple_choice", "reading"})


def asked(items: Iterable[Item], rng: Random) -> Iterator[Example]:
    """Yield each item as a question with its key and the reason; a plot cannot be asked in words."""
    for item in items:
        if item.exhibit is not None and item.exhibit.kind == "plot":
            continue
        yield example(
            "question", item.language, item.concept, sheet.sources(item), rng,
            {
                "question": "\n\n".join(filter(None, [_question(item), _options(item)])),
                "answer": item.accepted[0] if item.type == "cloze" else "\n".join(sheet.key_lines(item)),
                "explanation": _explanation(item),
            },
        )  # fmt: skip


def reasoned(items: Iterable[Item], rng: Random) -> Iterator[Example]:
    """Yield each choice whose wrong options all have a misconception, with what is to be said of every option."""
    for item in items:
        reasons = [item.misconception_of(option) for option in item.options]
        is_plot = item.exhibit is not None and item.exhibit.kind == "plot"
        if item.type not in _CHOSEN or is_plot or not all(why for at, why in enumerate(reasons) if at not in item.key):
            continue
        told = [
            _reason(sheet.letter(at), item.explanation if at == item.key[0] else why or sheet.word(item, "right"))
            for at, why in enumerate(reasons)
        ]
        yield example(
            "reasoning", item.language, item.concept, sheet.sources(item), rng,
            {
                "question": _question(item), "options": _options(item), "reasons": "\n".join(told),
                "answer": sheet.joined(item, [sheet.letter(at) for at in item.key]),
            },
        )  # fmt: skip


MAKERS: Final[Mapping[TemplateName, Callable[[Iterable[Item], Random], Iterator[Example]]]] = {
    "question": asked,
    "reasoning": reasoned,
}


def _explanation(item: Item) -> str:
    """Return the reason, unless it only repeats the model answer."""
    repeats = item.type == "short_answer" and item.accepted[0] in item.explanation
    return "" if repeats else item.explanation


def _reason(letter: str, why: str) -> str:
    return f"{letter}.\n{why}\n" if "\n" in why else f"{letter}. {why}"


def _question(item: Item) -> str:
    shown = prose.fenced(item.exhibit.text) if item.exhibit is not None else ""
    return "\n\n".join(filter(None, [item.stem, shown, sheet.unit(item)]))


def _options(item: Item) -> str:
    prompts = [f"{place}. {prompt}" for place, prompt in enumerate(item.prompts, 1)]
    options = [f"{sheet.letter(at)}. {option}" for at, option in enumerate(item.options)]
    return "\n\n".join(filter(None, ["\n".join(prompts), "\n".join(options)]))
