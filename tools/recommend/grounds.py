"""The sentences of the notes that a recommendation rests on, with their places."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from knowledge.citation import Citation
from knowledge.evidence import Evidence
from knowledge.language import content_terms
from knowledge.vocabulary import Language
from tools.quiz.material import Material, Sentence
from tools.recommend.scoring import Need, Score
from tools.recommend.wording import load

_MOST: Final = 3
FIT_HEADINGS: Final = ("When to use it", "适用场景")
UNFIT_HEADINGS: Final = ("When not to use it", "不适用场景")
_NO_REASON: Final = (*UNFIT_HEADINGS, "Pitfalls", "常见问题", "Example", "示例")


@dataclass(frozen=True, slots=True)
class Ground:
    """A sentence that speaks for a tool or against it; `need` names what for, and is empty for the task itself."""

    sentence: Sentence
    need: str = ""


def reasons(score: Score, material: Material, evidence: Sequence[Evidence], language: Language) -> tuple[Ground, ...]:
    """Return up to three sentences for a tool: what answers to the needs, then what it is, then what was retrieved."""
    found = [ground for need in score.answers if (ground := quoted(score, need, "for", material))]
    summary = material.summary(score.note.id, language) or material.summary(score.note.id, "en")
    found += [Ground(summary)] if summary else []
    found += _retrieved(score.note.id, material, evidence, language)
    found += [Ground(one) for one in _under(score.note.id, material, FIT_HEADINGS, language)]
    distinct: dict[tuple[str, int], Ground] = {}
    for ground in found:
        distinct.setdefault((ground.sentence.path, ground.sentence.start), ground)
    kept = list(distinct.values())
    needed = [ground for ground in kept if ground.need][: _MOST - 1]
    plain = [ground for ground in kept if not ground.need][: _MOST - len(needed)]
    return tuple(needed + plain)


def quoted(score: Score, need: Need, side: str, material: Material) -> Ground | None:
    """Return the sentence of a tool's note that needs.toml names for a need."""
    entry: Mapping[str, Any] = load("needs")[need.name]
    quote = entry.get(side, {}).get(score.note.id, "")
    for language in ("en", "zh"):
        for sentence in material.sentences(score.note.id, language):
            if quote and quote in sentence.text:
                return Ground(sentence, need.name)
    return None


def limits(tool: str, material: Material, text: str, language: Language) -> tuple[Ground, ...]:
    """Return the sentence on when not to use a tool that has most in common with a text, where there is any."""
    found = nearest(tool, material, UNFIT_HEADINGS, text, language)
    return (found,) if found else ()


def nearest(tool: str, material: Material, headings: Sequence[str], text: str, language: Language) -> Ground | None:
    """Return the sentence below some headings that shares most words with a text, the first of equals."""
    asked = set(content_terms(text))
    under = _under(tool, material, headings, language)
    return Ground(max(under, key=lambda one: len(asked & set(content_terms(one.text))))) if under else None


def citation(ground: Ground, material: Material, n: int) -> Citation:
    """Return the citation of a ground under a number."""
    return material.citation(ground.sentence, n)


def _retrieved(tool: str, material: Material, evidence: Sequence[Evidence], language: Language) -> list[Ground]:
    """Return the first sentence that can stand for the tool of its best passage in the reader's language."""
    passages = [one for one in evidence if one.note == tool and not one.heading.startswith(_NO_REASON)]
    readable = [one for one in passages if one.language == language]
    for one in readable or ([] if material.sentences(tool, language) else passages):
        return [
            Ground(sentence)
            for sentence in material.sentences(tool, one.language)
            if sentence.path == one.path and one.start <= sentence.start < one.end and _is_prose(sentence)
        ][:1]
    return []


def _under(tool: str, material: Material, headings: Sequence[str], language: Language) -> list[Sentence]:
    """Return the sentences below some headings, in the reader's language where the note has one."""
    for tried in dict.fromkeys((language, "en")):
        found = [s for s in material.sentences(tool, tried) if s.heading.startswith(tuple(headings)) and _is_prose(s)]
        if found:
            return found
    return []


def _is_prose(sentence: Sentence) -> bool:
    return "```" not in sentence.text and "\n" not in sentence.text.strip()
