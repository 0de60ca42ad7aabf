"""An item as it is asked in plain Markdown: in a chat, or in a terminal."""

import re
from typing import Final

from tools.quiz.item import Item
from tools.quiz.response import LETTERS
from tools.quiz.wording import say

_HOW: Final = {"single_choice": "choose_one", "reading": "choose_one", "multiple_choice": "choose_several"}
_BACKTICKS: Final = re.compile(r"`+")


def asked(item: Item) -> str:
    """Return the question, what it shows, what there is to choose from, and how to reply."""
    parts = [item.stem]
    if item.exhibit is not None and item.exhibit.text:
        parts.append(_fenced(item.exhibit.text))
    if item.prompts:
        parts.append("\n".join(f"{number}. {prompt}" for number, prompt in enumerate(item.prompts, 1)))
    if item.options:
        parts.append(
            "\n".join(f"- **{letter}.** {option}" for letter, option in zip(LETTERS, item.options, strict=False))
        )
    return "\n\n".join([*parts, f"_{how_to_reply(item)}_"])


def how_to_reply(item: Item) -> str:
    """Say what an answer to an item looks like."""
    return say("asked", _HOW.get(item.type, item.type), item.language)


def _fenced(text: str) -> str:
    fence = "`" * max(3, 1 + max((len(run) for run in _BACKTICKS.findall(text)), default=0))
    return f"{fence}text\n{text.strip()}\n{fence}"
