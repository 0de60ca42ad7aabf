"""Options as a learner names them: by letter, by number, by their own words, one or several."""

import re
import unicodedata
from typing import Final

from tools.quiz.item import Item

LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

_LEAD: Final = re.compile(
    r"^(?:(?:the|my|correct|right)\s+)*(?:answer|choice|order)\s*(?:is|are|would be|[:=])\s*"
    r"|^i(?:'d|\s+would)?\s+(?:choose|pick|say|think|go with|guess)\s+(?:it(?:'s|\s+is)\s+)?"
    r"|^(?:it(?:'s|\s+is)|option|choice)\s+"
    r"|^我?(?:选择?|觉得是?|认为是?|猜是?)\s*|^(?:正确)?(?:答案|顺序)(?:应该)?[是为选:]*\s*|^应该(?:是|选)\s*|^选项\s*",
    re.IGNORECASE,
)
_LABEL: Final = re.compile(r"[(\[]?([A-Za-z]|\d{1,2})[)\]]?[.:、,]?")
_LABELLED: Final = re.compile(
    r"[(\[]?([A-Za-z])(?:[)\].:、,]|\s+-|\s*(?=because|since|因为|[(]))\s*(.+)|([A-Za-z])\s+(.+)", re.DOTALL
)
# Not the signs that tell "1.5" from "15", "-3" from "3", "C++" from "C", "50%" from "50".
_PUNCTUATION: Final = re.compile(r"(?<!\d)\.|\.(?!\d)|-(?!\d)|(?<=\w)-|[^\w.+%#<>=-]|_")
_REASONING: Final = re.compile(r"because\b|since\b|as\s|因为|由于|[(]", re.IGNORECASE)
_SEPARATORS: Final = (
    re.compile(r"\s*\n\s*"),
    re.compile(r"\s*[;|]\s*"),
    re.compile(r"\s*(?:->|=>|→|[>,、/&+]|\band\b|\bthen\b|[和与及](?=[\s(]*[A-Za-z\d]))\s*", re.IGNORECASE),
    re.compile(r"\s+"),
    re.compile(r"[-–]"),
)


def option_of(item: Item, text: str) -> int | None:
    """Return the one option that a text names: by its own words, its letter or number, or both."""
    for plain in dict.fromkeys([text.strip(), without_lead(text.strip())]):
        own = [at for at, option in enumerate(item.options) if bare(option) == bare(plain) and bare(plain)]
        if len(own) == 1:
            return own[0]
        if label := _LABEL.fullmatch(plain.rstrip("。.!?")):
            return position_of(item, label[1])
        if (labelled := _LABELLED.fullmatch(plain)) and (
            position := position_of(item, labelled[1] or labelled[3])
        ) is not None:
            rest = labelled[2] or labelled[4]
            if bare(rest) == bare(item.options[position]) or _REASONING.match(rest):
                return position
    return None


def position_of(item: Item, label: str) -> int | None:
    """Return the position of the option that a letter or a number labels; None where there is none."""
    at = int(label) - 1 if label.isdigit() else LETTERS.index(label.upper()) if label.isascii() else -1
    return at if 0 <= at < len(item.options) else None


def options_of(item: Item, plain: str, level: int = 0) -> list[int] | None:
    """Return the options that a text lists, cut at the widest separators first; None where it is no list."""
    position = option_of(item, plain)
    if position is not None:
        return [position]
    if level == len(_SEPARATORS):
        return run_together(item, plain)
    parts = [part for part in _SEPARATORS[level].split(plain) if part.strip(" .。,")]
    found = [options_of(item, part, level + 1) for part in parts]
    whole = [position for positions in found if positions for position in positions]
    return whole if whole and all(found) else None


def run_together(item: Item, plain: str) -> list[int] | None:
    """Read labels without separators, each at most once: "AC", "cabd", "3124"."""
    if not re.fullmatch(r"[A-Za-z]{2,}|\d{2,}", plain):
        return None
    positions = [position_of(item, label) for label in plain]
    known = [position for position in positions if position is not None]
    return known if len(known) == len(positions) == len(set(positions)) else None


def without_lead(plain: str) -> str:
    """Return a text without what only says that an answer follows: "The answer is", "我选"."""
    while (lead := _LEAD.match(plain)) and lead.end() < len(plain):
        plain = plain[lead.end() :]
    return plain.strip()


def bare(text: str) -> str:
    """Return the letters, digits and signs of a text, so that case, spaces and punctuation don't matter."""
    plain = unicodedata.normalize("NFKC", text).lower()
    return _PUNCTUATION.sub("", plain) or plain.strip()
