"""Examples that a model can be trained on: an instruction, perhaps with an input, and the answer that the notes give.

Their wording stands in data files, one a template, a wording for each language.
"""

import random
import re
import string
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, cast, get_args

from knowledge.citation import Citation
from knowledge.vocabulary import Language

TemplateName = Literal["question", "reasoning", "explain", "quote", "diagnosis", "command"]
TEMPLATES: Final[tuple[TemplateName, ...]] = get_args(TemplateName)

_FOLDER: Final = Path(__file__).with_name("templates")
_BEGIN, _END = "\ue000", "\ue001"  # for private use: they mark where a value stands
_CHINESE: Final = r"[“”\u3000-\u303f\u3400-\u9fff\uff00-\uffef]"
# Chinese has a space between its own signs and other letters, and none between its own signs.
_GLUE: Final = (
    (re.compile(rf"^ {_BEGIN}", re.MULTILINE), _BEGIN),
    (re.compile(rf"(?<={_CHINESE}) {_BEGIN}(?={_CHINESE})"), _BEGIN),
    (re.compile(rf"(?<={_CHINESE}){_END} (?={_CHINESE})"), _END),
    (re.compile(rf"{_END} (?=[，。？！；：、”）])"), _END),
)


@dataclass(frozen=True, slots=True)
class Example:
    """One example; `input` is what the instruction is about, and may be empty. `sources` are what the output says."""

    template: TemplateName
    language: Language
    concept: str
    system: str
    instruction: str
    input: str
    output: str
    sources: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class _Wording:
    system: str
    instruction: tuple[str, ...]
    output: str
    input: str = ""


@cache
def _wordings(name: TemplateName) -> Mapping[str, _Wording]:
    stored = tomllib.loads((_FOLDER / "instruction" / f"{name}.toml").read_text(encoding="utf-8"))
    return {
        language: _Wording(texts["system"], tuple(texts["instruction"]), texts["output"], texts.get("input", ""))
        for language, texts in stored.items()
    }


@cache
def _headings() -> Mapping[str, Mapping[str, list[str]]]:
    return cast("Any", tomllib.loads((_FOLDER / "headings.toml").read_text(encoding="utf-8")))


def example(
    template: TemplateName,
    language: Language,
    concept: str,
    sources: Sequence[Citation],
    rng: random.Random,
    variables: Mapping[str, str],
) -> Example:
    """Return an example in the words of its template.

    Raises KeyError for a variable of the template without a value, ValueError for a value that it has no place for.
    """
    wording = _wordings(template)[language]
    instruction = rng.choice(wording.instruction)
    used = {name for text in (instruction, wording.input, wording.output) for name in _names(text)}
    if used != set(variables):
        missing, surplus = sorted(used - set(variables)), sorted(set(variables) - used)
        if missing:
            raise KeyError(f"the template {template!r} needs {missing}")
        raise ValueError(f"the template {template!r} has no variable {surplus}")
    return Example(
        template, language, concept, wording.system,
        instruction=filled(instruction, language, **variables),
        input=filled(wording.input, language, **variables),
        output=filled(wording.output, language, **variables),
        sources=tuple(sources),
    )  # fmt: skip


def heading_question(heading: str, title: str, language: Language, rng: random.Random) -> str:
    """Return a question that the section under a heading answers."""
    known = _headings()[language]
    last = heading.rpartition(" > ")[2]
    if last in known:
        return filled(rng.choice(known[last]), language, title=title)
    return filled(rng.choice(known["other"]), language, title=title, heading=last)


def filled(text: str, language: Language, **variables: str) -> str:
    """Return a text with those of the variables that it names, spaced as its language wants it."""
    marked = {name: f"{_BEGIN}{value.strip()}{_END}" for name, value in variables.items()}
    made = string.Template(text).substitute(marked)
    if language == "zh":
        for pattern, sign in _GLUE:
            made = pattern.sub(sign, made)
    return made.replace(_BEGIN, "").replace(_END, "").strip()


def _names(text: str) -> list[str]:
    return string.Template(text).get_identifiers()
