"""A question as a model has drafted it, and what code finds of it: each check by its name."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tools.quiz import draft_form, draft_support
from tools.quiz.draft_focus import Focus
from tools.quiz.material import Material

_LABEL: Final = re.compile(r"^\(?[A-Da-d1-4][).:、．]\s+")
_QUOTED: Final = re.compile(r"^(?P<mark>[\"'“‘「`*]+)(?P<text>[^\"'“”‘’「」`*]+)[\"'”’」`*]+$")


@dataclass(frozen=True, slots=True)
class Draft:
    """A question with its key and three wrong answers."""

    stem: str
    correct: str
    wrong: tuple[str, ...]

    @property
    def options(self) -> tuple[str, ...]:
        """The key, then the wrong answers."""
        return (self.correct, *self.wrong)


@dataclass(frozen=True, slots=True)
class Inspection:
    """What code found: `checks` says for each check that was passed how; `fault` names the first that was not."""

    checks: Mapping[str, bool | float | str]
    fault: str = ""
    reason: str = ""


def cleaned(stem: str, correct: str, wrong: tuple[str, ...]) -> Draft:
    """Returns a draft without what models add to options: letters before them, full stops, quotation marks."""
    options = [_option(option) for option in (correct, *wrong)]
    if all(option[:1].isalpha() for option in options) and any(" " in option for option in options):
        options = [option[:1].upper() + option[1:] if option.split()[0].islower() else option for option in options]
    return Draft(" ".join(stem.split()), options[0], tuple(options[1:]))


def _option(text: str) -> str:
    text = _LABEL.sub("", " ".join(text.split())).rstrip(".。;；,，、 ")
    quoted = _QUOTED.match(text)
    return quoted["text"].strip() if quoted else text


def inspect(draft: Draft, focus: Focus, material: Material) -> Inspection:
    """Returns what code finds of a draft on a sentence: it is accepted so far where there is no fault."""
    stem, correct, wrong = draft.stem, draft.correct, draft.wrong
    language = focus.sentence.language
    steps: tuple[tuple[str, Callable[[], str]], ...] = (
        ("language", lambda: draft_form.strange(draft.stem, draft.options, language)),
        ("question", lambda: draft_form.unasked(stem, language)),
        ("options", lambda: draft_form.unfit(draft.options)),
        ("alike", lambda: draft_form.uneven(correct, wrong)),
        ("distinct", lambda: draft_form.repeated(draft.options)),
        ("giveaway", lambda: draft_form.given_away(stem, correct, wrong)),
        ("stem", lambda: draft_support.astray(stem, focus)),
        ("key", lambda: draft_support.unfounded(stem, correct, focus)),
        ("sole", lambda: draft_support.listed(correct, focus)),
        ("distractors", lambda: draft_support.supported(stem, wrong, focus)),
        ("relations", lambda: draft_support.related(wrong, focus, material)),
    )
    checks: dict[str, bool | float | str] = {}
    for name, step in steps:
        reason = step()
        if reason:
            return Inspection(checks, name, reason)
        checks[name] = _PASSED[name]
    return Inspection(checks)


_PASSED: Final[dict[str, str]] = {
    "language": "written in the reader's language",
    "question": "a question that stands alone",
    "options": "no option speaks of the others",
    "alike": "like length and form",
    "distinct": "no two say the same",
    "giveaway": "the stem shares no more with the key than with the others",
    "stem": "on what the cited sentence says",
    "key": "found in the cited sentence, which contradicts nothing of it",
    "sole": "no member of an open list",
    "distractors": "no passage of the note supports one",
    "relations": "none names a note that the graph relates to this one",
}
