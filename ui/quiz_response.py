"""What the reader has entered on a card, and the same in the words in which answers are graded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from tools.quiz.item import Item
from tools.quiz.response import LETTERS

LONGEST: Final = 2000  # characters of an answer in the learner's own words


@dataclass(frozen=True, slots=True)
class Given:
    """An answer as entered: positions of options (of a matching: one for each prompt; of an ordering: in this order).

    `text` is the answer, or the reason, in the learner's own words.
    """

    chosen: tuple[int, ...] = ()
    text: str = ""
    passed: bool = False  # the learner says that they don't know


def given_from(sent: Mapping[str, Any], item: Item) -> Given:
    """Return what the browser sent; what no card of this item can have sent is left out."""
    listed: Any = sent.get("chosen")
    places = cast("Sequence[Any]", listed) if isinstance(listed, list) else ()
    most = max(len(item.options), len(item.prompts))
    chosen = tuple(place for place in places[:most] if isinstance(place, int) and -1 <= place < len(item.options))
    text: Any = sent.get("text")
    if sent.get("passed") is True:
        return Given(passed=True)
    return Given(chosen, text.strip()[:LONGEST] if isinstance(text, str) else "")


def is_complete(given: Given, item: Item) -> bool:
    """Tell whether enough is entered to be graded."""
    match item.type:
        case _ if given.passed:
            return True
        case "single_choice" | "true_false" | "reading" | "multiple_choice":
            return bool(given.chosen)
        case "matching":
            return len(given.chosen) == len(item.prompts) and -1 not in given.chosen
        case "ordering":
            return sorted(given.chosen) == list(range(len(item.options)))
        case "cloze" | "numeric" | "short_answer":
            return bool(given.text)


def words_of(given: Given, item: Item) -> str:
    """Return an answer as it would be typed: "B", "A, C", "1-C 2-A", "A: because …", or the learner's own words."""
    letters = [LETTERS[place] for place in given.chosen]
    match item.type:
        case "matching":
            return " ".join(f"{number}-{letter}" for number, letter in enumerate(letters, 1))
        case "true_false" if given.text:
            return f"{letters[0]}: {given.text}"
        case "cloze" | "numeric" | "short_answer":
            return given.text
        case _:
            return ", ".join(letters)
