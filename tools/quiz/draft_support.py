"""What the evidence says of a drafted question: the key must stand in the cited sentence, the other options nowhere.

Each check returns what is wrong, or an empty text. What one cannot tell counts as wrong: a draft costs little.
"""

import re
from collections.abc import Sequence
from typing import Final

from tools.claim import best_sentence, check
from tools.quiz.draft_focus import Focus
from tools.quiz.draft_form import folded, ideas, telling
from tools.quiz.material import Material

SUPPORT: Final = 0.6  # score by code above which an option counts as supported
_SHARED: Final = 2  # ideas that a stem must have in common with the sentence it asks about
_KNOWN: Final = 0.7  # share of a stem's ideas that the note must speak of
_NEAR: Final = 0.6  # share of a stem's ideas that a sentence must have for it to answer the stem
_OPEN: Final = re.compile(
    r"\b(?:such as|for example|for instance|e\.g\.|including|includes?|like|among)\b[^.;]*$"
    r"|(?:例如|比如|诸如|包括|如)[^。；]*$",
    re.IGNORECASE,
)
_MEMBER_AFTER: Final = re.compile(
    r"^[`*\"”]*\s*(?:,\s*(?:[\w`-]+\s*){1,3}(?:,|\band\b|\bor\b)|\band\s|\bor\s|、|和|与|或|以及|等)"
)
_MEMBER_BEFORE: Final = re.compile(r"(?:,\s*|、|和|与|或|以及|\band\s+|\bor\s+)[`*\"“]*$")


def astray(stem: str, focus: Focus) -> str:
    """Tells whether a stem asks about something else than the sentence, or brings in what the note does not know."""
    asked = telling(stem)
    own = telling(focus.sentence.text) | telling(focus.title)
    if len(asked & own) < min(_SHARED, len(own)):
        return "the stem has little to do with the sentence"
    known = telling(f"{focus.title}. {focus.passage}")
    if len(asked & known) < _KNOWN * len(asked):
        return f"the passage does not speak of {sorted(asked - known)}"
    return ""


def unfounded(stem: str, correct: str, focus: Focus) -> str:
    """Tells whether the key does not stand in the sentence, or the sentence contradicts it as an answer."""
    sentence = focus.sentence.text
    if not _stands_in(correct, sentence):
        missing = ideas(correct) - ideas(sentence)
        if missing or not ideas(correct):
            return f"the sentence does not say {sorted(key for key, _ in missing)}"
    found = check(_claim(stem, correct), [f"{focus.title}: {sentence}"])
    hard = [clash.reason for clash in found.clashes if clash.hard]
    return f"the key clashes: {hard[0]}" if hard else ""


def _stands_in(option: str, text: str) -> bool:
    """Tells whether a text holds an option word for word."""
    wanted, held = folded(option), folded(text)
    at = held.find(wanted)
    if at < 0 or not wanted:
        return False
    before, after = held[at - 1 : at], held[at + len(wanted) : at + len(wanted) + 1]
    return not (_latin(before) and _latin(wanted[0])) and not (_latin(after) and _latin(wanted[-1]))


def _latin(character: str) -> bool:
    return character.isascii() and character.isalnum()


def listed(correct: str, focus: Focus) -> str:
    """Tells whether the key is one of several things that the sentence says the same of: others may be right too."""
    sentence = folded(focus.sentence.text)
    before, found, after = sentence.partition(folded(correct))
    if not found:
        return ""
    if _OPEN.search(before):
        return "the key is one example among others"
    if _MEMBER_BEFORE.search(before) or _MEMBER_AFTER.search(after):
        return "the key is one of a list"
    return ""


def supported(stem: str, wrong: Sequence[str], focus: Focus) -> str:
    """Tells whether a passage of the note says of a wrong option what the stem asks for."""
    own = ideas(focus.sentence.text)
    asked = telling(stem)
    for option in wrong:
        said = ideas(option)
        if not said:
            return f"nothing can be told of {option!r}"
        if said <= own or _stands_in(option, focus.sentence.text):
            return f"the cited sentence speaks of {option!r} too"
        claim = _claim(stem, option)
        for text in focus.texts:
            if not {key for key, _ in said} & {key for key, _ in ideas(text)}:
                continue
            if _answered(asked, option, text):
                return f"a passage speaks of {option!r} where it answers the stem"
            found = check(claim, [text])
            if found.hint == "supported" or (found.score > SUPPORT and not found.clashes):
                return f"a passage may support {option!r}"
    return ""


def _answered(asked: frozenset[str], option: str, text: str) -> bool:
    place = best_sentence(option, [text])
    if place is None:
        return False
    sentence = text[place.start : place.end]
    return telling(option) <= telling(sentence) and len(asked & telling(sentence)) >= _NEAR * len(asked)


def related(wrong: Sequence[str], focus: Focus, material: Material) -> str:
    """Tells whether a wrong option names a note that the graph relates to this one: it may be right, too."""
    for option in wrong:
        named = material.library.mentioned(option)
        if focus.sentence.note in named:
            return f"{option!r} names the concept itself"
        other = next((note for note in named if note in focus.related), "")
        if other:
            return f"{option!r} names {other!r}, which the graph relates to {focus.sentence.note!r}"
    return ""


def _claim(stem: str, option: str) -> str:
    return f"{stem.rstrip('?？ ')} {option}"
