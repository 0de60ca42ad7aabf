"""A problem to be calculated: what is given, the key, the slips that lead astray, and where its principle stands."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from knowledge.citation import Citation
from knowledge.vocabulary import Language
from tools.calculators.derivation import Step, plain, step
from tools.quiz.item import Level
from tools.quiz.material import Material
from tools.quiz.wording import load, say

TOLERANCE: Final = 0.03  # relative; slips of a numeric item lie at least twice as far from the key
BYTES_OF: Final[Mapping[str, int]] = {
    "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Setting:
    """For what an item is made; all chance comes from `rng`."""

    material: Material
    concept: str
    language: Language
    rng: random.Random


@dataclass(frozen=True, slots=True)
class Source:
    """Which sentence states a principle: one with all words (lower case) of a group, in the own note or in `home`."""

    home: str
    en: tuple[tuple[str, ...], ...]
    zh: tuple[tuple[str, ...], ...]

    def words(self, language: Language) -> tuple[tuple[str, ...], ...]:
        """Return the groups of words in a language."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Question:
    """What all calculated questions have: its place in the wording, what was drawn, what is given, how it is solved.

    `template` names the text in the wording `file`; `drawn` is the same in every language.
    """

    file: str
    template: str
    drawn: tuple[str, ...]
    level: Level
    given: Mapping[str, str]
    steps: tuple[Step, ...]
    source: Source
    computed_by: str = "tools.calculators"

    @property
    def fact(self) -> str:
        """Name what is asked; all before the second colon names the kind of question."""
        return ":".join(("calc", self.template, *self.drawn))

    def stem(self, language: Language) -> str:
        """Put the question in words."""
        return say(self.file, self.template, language, **self.given)

    def hints(self, language: Language) -> tuple[str, ...]:
        """Return the hints of its template."""
        return (say(self.file, f"{self.template}_hint", language),)


@dataclass(frozen=True, slots=True)
class Problem:
    """A question whose answer is a number; `slips` say to what number, in the same unit, each misconception leads.

    A `whole` answer is a count and must be met; a `coarse` one is only shown without decimals.
    """

    question: Question
    value: float
    unit: str
    slips: Mapping[str, float] = field(default_factory=dict[str, float])
    whole: bool = False
    coarse: bool = False
    tolerance: float = TOLERANCE

    @property
    def is_shown_whole(self) -> bool:
        """Whether answers are written without decimals."""
        return self.whole or self.coarse


def line(name: str, formula: str, symbols: Mapping[str, float], value: float, unit: str) -> Step:
    """Write one line of a solution; `name` is its name in the wording."""
    return step(say("calc_step", name, "en"), say("calc_step", name, "zh"), formula, symbols, value, unit)


def converted(size: float, unit: str) -> Step:
    """Write the line that turns bytes into a larger unit."""
    return line("converted", "S / unit", {"S": round(size), "unit": BYTES_OF[unit]}, size / BYTES_OF[unit], unit)


def solution(question: Question, answer: str, language: Language, reason: str = "") -> str:
    """Write the worked solution in Markdown, with the answer in bold at its end."""
    lines = [f"- {written(part, language)}" for part in question.steps]
    last = say("calc", "answer", language, answer=answer)
    between = " " if language == "en" else ""
    return "\n".join([*lines, "", f"{last}{between}{reason}" if reason else last])


def written(part: Step, language: Language) -> str:
    """Write one line of a solution."""
    unit = part.unit
    if f"unit {unit}" in load("calc"):
        unit = say("calc", f"unit {unit}", language)
    middle = "" if part.formula == part.substituted else f"{part.formula} = "
    result = f"{middle}{part.substituted} = {_short(part.value)} {unit}"
    return say("calc", "step", language, what=part.name.said_in(language), line=result)


def _short(value: float) -> str:
    """Write a result: whole numbers in full, others to five digits."""
    return plain(value) if float(value).is_integer() or value >= 1e5 else f"{value:,.5g}"


def cited(setting: Setting, source: Source) -> Citation | None:
    """Return the citation of the sentence that states the principle; in English where the language has none."""
    languages: tuple[Language, ...] = (setting.language, "en") if setting.language != "en" else ("en",)
    for spoken in languages:
        for note in dict.fromkeys((setting.concept, source.home)):
            for words in source.words(spoken):
                for sentence in setting.material.sentences(note, spoken):
                    text = sentence.text.lower()
                    if all(word in text for word in words) and not text.startswith("```"):
                        return setting.material.citation(sentence)
    return None


def spoken(value: float) -> tuple[str, ...]:
    """Return the ways to write a number in a reason: three digits, or rounded further where that loses little."""
    coarse = (f"{value:.1f}",) if value >= 2 else ()
    whole = (f"{value:.0f}",) if value >= 20 else ()
    return (f"{float(f'{value:.3g}'):g}", *coarse, *whole)
