"""A question as a model has drafted it, and what code makes of it: the fit parts are kept, each check by its name."""

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Final

from rapidfuzz import fuzz

from tools.quiz import draft_form, draft_key, draft_wrong
from tools.quiz.draft_focus import Focus
from tools.quiz.material import Material
from tools.quiz.text_prose import GAP
from tools.quiz.wording import say

OPTIONS: Final = 3  # wrong ones of a finished question
_ASKED: Final = 85  # of 100; a stem that is closer to an earlier one asks the same
_LABEL: Final = re.compile(r"^\(?[A-Ea-e1-5][).:、．]\s+")
_QUOTED: Final = re.compile(r"^(?P<mark>[\"'“‘「`*]+)(?P<text>[^\"'“”‘’「」`*]+)[\"'”’」`*]+$")


@dataclass(frozen=True, slots=True)
class Draft:
    """A question with its key and wrong answers, from which the fit ones are taken."""

    stem: str
    correct: str
    wrong: tuple[str, ...]

    @property
    def options(self) -> tuple[str, ...]:
        """The key, then the wrong answers."""
        return (self.correct, *self.wrong)


@dataclass(frozen=True, slots=True)
class Inspection:
    """What code found: the draft as it may stand, and how it passed each check; or the check that it failed, and why.

    `claims` says of each option, the key first, what someone holds who chooses it: the cited sentence with that
    option in the key's place.
    """

    draft: Draft
    checks: Mapping[str, bool | float | str] = field(default_factory=dict[str, bool | float | str])
    claims: tuple[str, ...] = ()
    fault: str = ""
    reason: str = ""


def inspect(draft: Draft, focus: Focus, material: Material, asked: Collection[str] = ()) -> Inspection:
    """Returns what code makes of a draft on a sentence; `asked` are stems that it must not repeat."""
    draft = _cleaned(draft)
    if reason := draft_key.unfit(draft.correct, focus):
        return Inspection(draft, fault="key", reason=reason)
    wrong, dropped = _fit(draft, focus, material)
    if len(wrong) < OPTIONS:
        name, reason = Counter(dropped).most_common(1)[0][0] if dropped else ("distinct", "too few options")
        return Inspection(draft, fault=name, reason=reason)
    draft = replace(draft, wrong=tuple(wrong[:OPTIONS]))
    checks: dict[str, bool | float | str] = dict(_PASSED)
    if reason := _unfit_stem(draft.stem, draft, focus):
        gapped = say("draft", "stem", focus.sentence.language, title=focus.title, sentence=_gapped(draft, focus))
        if worse := draft_form.given_away(gapped, draft.correct, draft.wrong) or draft_key.unfit_gap(
            draft.correct, focus
        ):
            return Inspection(draft, fault="stem", reason=f"{reason}; {worse}")
        draft = replace(draft, stem=gapped)
        checks["stem"] = f"the cited sentence without the key ({reason})"
    if any(fuzz.ratio(draft.stem, other) > _ASKED for other in asked):
        return Inspection(draft, fault="repeated", reason="it was asked before")
    claims = tuple(draft_key.filled(draft.correct, option, focus) for option in draft.options)
    return Inspection(_capitalised(draft), checks, claims)


_PASSED: Final[dict[str, str]] = {
    "key": "stands word for word in the cited sentence, and is none of a list",
    "distractors": "no passage of the note supports one, and none names a note related to it",
    "distinct": "no two options say the same",
    "alike": "options of like length and form",
    "stem": "a question that stands alone, on what the cited sentence says",
    "giveaway": "the stem shares no more with the key than with another option",
}


def _cleaned(draft: Draft) -> Draft:
    """Returns a draft without what models add to options: letters before them, full stops, quotation marks."""
    correct, *wrong = (_option(option) for option in draft.options)
    return Draft(" ".join(draft.stem.split()), correct, tuple(dict.fromkeys(wrong)))


def _option(text: str) -> str:
    text = _LABEL.sub("", " ".join(text.split())).rstrip(".。;；,，、 ")
    quoted = _QUOTED.match(text)
    return quoted["text"].strip() if quoted else text


def _capitalised(draft: Draft) -> Draft:
    """Returns a draft whose options all begin in capitals where they are phrases that could begin a sentence."""
    if GAP in draft.stem or not all(o[:1].isascii() and o[:1].isalpha() and " " in o for o in draft.options):
        return draft
    correct, *wrong = (o[:1].upper() + o[1:] if o.split()[0].islower() else o for o in draft.options)
    return replace(draft, correct=correct, wrong=tuple(wrong))


def _fit(draft: Draft, focus: Focus, material: Material) -> tuple[list[str], list[tuple[str, str]]]:
    """Returns the wrong options that can stand together, and the faults of the others."""
    kept: list[str] = []
    dropped: list[tuple[str, str]] = []
    for option in draft.wrong:
        fault = _fault(option, draft.correct, focus, material)
        if not fault and (twin := draft_form.repeats(option, kept)):
            fault = ("distinct", twin)
        if fault:
            dropped.append(fault)
        else:
            kept.append(option)
    for chosen in combinations(kept, OPTIONS):
        reason = draft_form.uneven(draft.correct, chosen)
        if not reason:
            return list(chosen), dropped
        dropped.append(("alike", reason))
    return [], dropped


def _fault(option: str, correct: str, focus: Focus, material: Material) -> tuple[str, str] | None:
    checks = (
        ("language", lambda: draft_form.strange(option, focus.sentence.language)),
        ("options", lambda: draft_form.unfit(option)),
        ("distinct", lambda: draft_form.repeats(option, [correct])),
        ("distractors", lambda: draft_wrong.supported(option, correct, focus)),
        ("relations", lambda: draft_wrong.related(option, focus, material)),
    )
    return next(((name, reason) for name, check in checks if (reason := check())), None)


def _unfit_stem(stem: str, draft: Draft, focus: Focus) -> str:
    language = focus.sentence.language
    return (
        draft_form.unasked(stem, language)
        or draft_key.astray(stem, draft.correct, focus)
        or draft_form.given_away(stem, draft.correct, draft.wrong)
    )


def _gapped(draft: Draft, focus: Focus) -> str:
    return draft_key.filled(draft.correct, GAP, focus)
