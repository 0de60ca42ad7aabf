"""The wrong options of a drafted question, held against all that the notes say of their concept.

Each check returns what is wrong, or an empty text. What one cannot tell counts as wrong: another draft costs little.
"""

from typing import Final

from knowledge.sentence import sentences
from tools.claim_numbers import quantities
from tools.quiz.draft_focus import Focus
from tools.quiz.draft_form import ideas, is_number, telling
from tools.quiz.draft_key import filled
from tools.quiz.material import Material

_NEAR: Final = 0.5  # share of the sentence's other ideas that makes another sentence say the same of an option
_APART: Final = 0.12  # by which a wrong number must differ from every number of the passage, relative to it


def supported(option: str, correct: str, focus: Focus) -> str:
    """Tells whether a passage of the note says of a wrong option what the sentence says of the key."""
    said = telling(option)
    if not said:
        return f"nothing can be told of {option!r}"
    if ideas(option) <= ideas(focus.sentence.text):
        return f"the cited sentence speaks of {option!r} too"
    if near := _near_number(option, focus.passage):
        return near
    rest = telling(filled(correct, " ", focus)) - said
    for text in focus.texts:
        for start, end in sentences(text):
            there = telling(text[start:end])
            if said <= there and len(rest & there) >= _NEAR * len(rest):
                return f"another sentence speaks of {option!r}: {text[start:end]!r}"
    return ""


def _near_number(option: str, passage: str) -> str:
    """Tells whether a number is nearly one that the passage states: rounding must not make it right."""
    for mine in quantities(option):
        for theirs in quantities(passage):
            if (
                mine.dimension == theirs.dimension
                and mine.dimension != "year"
                and (abs(mine.low - theirs.low) <= _APART * max(abs(mine.low), abs(theirs.low)))
            ):
                return f"{option!r} is nearly a number of the passage"
    return ""


def related(option: str, focus: Focus, material: Material) -> str:
    """Tells whether a wrong option names a note that the graph relates to this one: it may be right, too."""
    if is_number(option):  # "tokens per second" is a name, too
        return ""
    named = material.library.mentioned(option)
    if focus.sentence.note in named:
        return f"{option!r} names the concept itself"
    other = next((note for note, name in named.items() if note in focus.related and len(name) > 0.5 * len(option)), "")
    return f"{option!r} names {other!r}, which is related to the concept" if other else ""
