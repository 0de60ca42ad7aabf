"""The key of a drafted question and its stem, held against the sentence that is cited for them.

Each check returns what is wrong, or an empty text. What one cannot tell counts as wrong: another draft costs little.
"""

import re
from typing import Final

from tools.claim import check
from tools.quiz.draft_focus import Focus
from tools.quiz.draft_form import OPTION_WIDTH, asked_for, folded, ideas, names, telling, width

_SHARED: Final = 2  # ideas that a stem must have in common with the sentence it asks about
_KNOWN: Final = 0.7  # share of a stem's ideas that the passage must speak of
_SHARE: Final = 0.6  # of a sentence, at most, that its key may be
_LEFT: Final = 3  # ideas that must be left of a sentence without its key
_OPEN: Final = re.compile(
    r"\b(?:such as|for example|for instance|e\.g\.|including|includes?|like|among)\b[^.;]*$"
    r"|(?:例如|比如|诸如|包括|如(?![果何此今]))[^。；]*$",
    re.IGNORECASE,
)
_MEMBER_AFTER: Final = re.compile(
    r"^[`*\"”]*\s*(?:,\s*(?:[\w`-]+\s+){0,3}[\w`-]+\s*(?:,|\band\b|\bor\b)|(?:and|or)\s|、|和|与|或|以及|等)"
)
_MEMBER_BEFORE: Final = re.compile(r"(?:,\s*|、|和|与|或|以及|\b(?:and|or)\s+)[`*\"“]*$")
_TURNED: Final = frozenset(["role", "order"])  # a question turns the order of words round
_EDGE: Final = re.compile(r"[A-Za-z0-9_]")
_DANGLING: Final = re.compile(
    r"\b(?:a|an|the|of|to|in|on|at|by|for|from|with|and|or|but|that|which|is|are|was|not|no|per)$|[的和与或在是为把被从对]$",
    re.IGNORECASE,
)


def unfit(correct: str, focus: Focus) -> str:
    """Tells whether a key does not stand in the sentence, or is no answer by itself."""
    sentence = focus.sentence.text
    span = _span(correct, sentence)
    if span is None:
        return f"the sentence does not hold {correct!r}"
    if width(correct) > OPTION_WIDTH or len(correct) > _SHARE * len(sentence):
        return "the key is too long"
    if not telling(correct) or _DANGLING.search(correct):
        return f"nothing can be told of {correct!r}, or it breaks off"
    if folded(correct) in {folded(name) for name in focus.names}:
        return "the key is the concept itself, which the quiz shows"
    return _listed(sentence[: span[0]], sentence[span[1] :])


def _listed(before: str, after: str) -> str:
    """Tells whether a key with this before and after it is one of several things that the same is said of."""
    if _OPEN.search(before):
        return "the key is one example among others"
    is_member = _MEMBER_BEFORE.search(before) or _MEMBER_AFTER.search(after)
    return "the key is one of a list" if is_member else ""


def unfit_gap(correct: str, focus: Focus) -> str:
    """Tells whether too little is left of the sentence where the key is taken out."""
    rest = filled(correct, " ", focus)
    return "" if len(telling(rest)) >= _LEFT else "the sentence without the key says too little"


def filled(correct: str, option: str, focus: Focus) -> str:
    """Returns the sentence with an option in the place of the key."""
    sentence = focus.sentence.text
    span = _span(correct, sentence)
    assert span is not None, correct
    return f"{sentence[: span[0]]}{option}{sentence[span[1] :]}"


def _span(part: str, text: str) -> tuple[int, int] | None:
    """Returns where a text holds a part as whole words, once and only once; marks of code around it belong to it."""
    found = (
        [
            match.span()
            for match in re.finditer(rf"`?{re.escape(part)}`?", text, re.IGNORECASE)
            if not (_EDGE.match(part[0]) and _EDGE.match(text[match.start() - 1 : match.start()]))
            and not (_EDGE.match(part[-1]) and _EDGE.match(text[match.end() : match.end() + 1]))
        ]
        if part
        else []
    )
    return found[0] if len(found) == 1 else None


def astray(stem: str, correct: str, focus: Focus) -> str:
    """Tells whether a stem asks about something else than the sentence, brings in what the passage does not know,
    or is contradicted by it once the key answers it."""
    asked = asked_for(stem)
    own = telling(focus.sentence.text) | telling(focus.title)
    if len(asked & own) < min(_SHARED, len(own)):
        return "the stem has little to do with the sentence"
    new = names(stem) - names(focus.sentence.text)
    if new:
        return f"the sentence does not name {sorted(new)}"
    known = telling(f"{focus.title}. {focus.passage}")
    if len(asked & known) < _KNOWN * len(asked):
        return f"the passage does not speak of {sorted(asked - known)}"
    found = check(f"{stem.rstrip('?？ ')} {correct}", [f"{focus.title}: {focus.sentence.text}"])
    hard = [clash.reason for clash in found.clashes if clash.hard and clash.kind not in _TURNED]
    if hard:
        return f"the sentence contradicts the stem with its key: {hard[0]}"
    return (
        "" if _denials(stem) == _denials(filled(correct, " ", focus)) else "the stem denies what the sentence does not"
    )


def _denials(text: str) -> bool:
    return any(denied for _, denied in ideas(text))
