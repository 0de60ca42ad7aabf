"""The forms that facts of the graph are asked in: choices, statements and pairs, each with its proof noted."""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from knowledge.citation import Citation
from knowledge.vocabulary import Language
from tools.quiz.graph_name import names, spaced
from tools.quiz.item import Item, ItemType, Level, Misconception, Point, identity
from tools.quiz.material import Material, Sentence
from tools.quiz.response import LETTERS
from tools.quiz.wording import say

_PAIRS_TOLD: Final = 2  # of a matching, by its hints
LONGEST_REASON: Final = 16  # terms, any one of which shows that a reason was understood


@dataclass(frozen=True, slots=True)
class Choice:
    """An option with why it is wrong; the right ones need no reason."""

    text: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What every form of an item needs."""

    template: str
    fact: str
    concept: str
    level: Level
    language: Language
    stem: str
    explanation: str
    citations: tuple[Citation, ...]
    hints: tuple[str, ...]
    checks: Mapping[str, bool | float | str]
    points: tuple[Point, ...] = field(default=())


def word(file: str, key: str, language: Language, **variables: str) -> str:
    """Return a text with its variables filled in, Chinese set apart from Latin letters."""
    text = say(file, key, language, **variables)
    return spaced(text) if language == "zh" else text


def chosen(question: Question, right: Sequence[str], wrong: Sequence[Choice], rng: random.Random) -> Item:
    """Return an item that asks for one option, or for several where several are right."""
    options = [Choice(text) for text in right] + list(wrong)
    rng.shuffle(options)
    key = tuple(at for at, option in enumerate(options) if option.text in right)
    return _item(
        question,
        "single_choice" if len(right) == 1 else "multiple_choice",
        options=tuple(option.text for option in options),
        key=key,
        misconceptions=tuple(Misconception(option.text, option.why) for option in options if option.why),
    )


def judged(question: Question, *, holds: bool, why_wrong: str) -> Item:
    """Return an item that asks whether its statement holds."""
    options = (say("graph", "true", question.language), say("graph", "false", question.language))
    return _item(
        question,
        "true_false",
        options=options,
        key=(0,) if holds else (1,),
        misconceptions=(Misconception(options[1] if holds else options[0], why_wrong),),
    )


def matched(question: Question, pairs: Sequence[tuple[str, Choice]], rng: random.Random, own: str = "") -> Item:
    """Return an item that asks which option belongs to which prompt; hints give pairs away, never that of `own`."""
    options = [option for _, option in pairs]
    rng.shuffle(options)
    others = [(prompt, LETTERS[options.index(option)]) for prompt, option in pairs if prompt != own][:_PAIRS_TOLD]
    told = [word("graph", "hint_pair", question.language, prompt=prompt, letter=letter) for prompt, letter in others]
    return _item(
        replace(question, hints=(*question.hints, *told)),
        "matching",
        prompts=tuple(prompt for prompt, _ in pairs),
        options=tuple(option.text for option in options),
        key=tuple(options.index(option) for _, option in pairs),
        misconceptions=tuple(Misconception(option.text, option.why) for option in options),
    )


def cited(material: Material, *sentences: Sentence | None) -> tuple[Citation, ...]:
    """Return the citations of sentences, numbered from 1, without repeats."""
    kept = list(dict.fromkeys(sentence for sentence in sentences if sentence is not None))
    return tuple(material.citation(sentence, n) for n, sentence in enumerate(kept, 1))


def described(material: Material, note: str, language: Language) -> str:
    """Return what a note is: its summary, after its title where it doesn't begin with it."""
    summary = material.summary(note, language)
    title = material.graph.notes[note].title_in(language)
    if summary is None or title.lower() in summary.text[: len(title) + len("The ")].lower():
        return summary.text if summary else title
    return word("graph", "described", language, title=title, summary=summary.text)


def joined(sentences: Sequence[str], language: Language) -> str:
    """Return sentences as one text."""
    return (" " if language == "en" else "").join(sentences)


def hints(material: Material, key: str, language: Language) -> tuple[str, ...]:
    """Return two hints at a note that is asked for: what it is, and what is said of it."""
    note = material.graph.notes[key]
    kind = say("graph", f"kind_{note.kind}", language)
    first = word("graph", "hint_kind", language, kind=kind)
    if note.stage:
        first = word("graph", "hint_stage", language, kind=kind, stage=say("graph", f"stage_{note.stage}", language))
    told = names(material).blanked(key, language)
    return (first, word("graph", "hint_summary", language, summary=told)) if told else (first,)


def reason(material: Material, sentence: Sentence, stem: str) -> tuple[Point, ...]:
    """Return what a reason should mention: anything of the cited sentence that the stem does not say itself."""
    lower = stem.lower()
    found = names(material).terms_of(sentence.text, sentence.language)
    terms = [term for term in found if term not in lower]
    return (Point(sentence.text, (tuple(terms[:LONGEST_REASON]),)),) if terms else ()


def within(lengths: tuple[int, int], text: str, share: float) -> bool:
    """Tell whether a text is about as long as others, the shortest and longest of which are given."""
    shortest, longest = lengths
    return longest * share <= len(text) <= shortest / share


def prose(text: str) -> bool:
    """Tell whether a sentence of a note is one, not code, a table or a list."""
    return "```" not in text and not re.match(r"[|\-*#]|\d+\.", text)


def _item(question: Question, item_type: ItemType, **fields: object) -> Item:
    q = question
    item = Item(
        id=identity(q.template, q.fact, item_type, q.language), fact=q.fact, type=item_type, concept=q.concept,
        level=q.level, language=q.language, origin="graph", stem=q.stem, explanation=q.explanation,
        citations=q.citations, hints=q.hints, checks=q.checks, points=q.points,
    )  # fmt: skip
    return replace(item, **fields)  # pyright: ignore[reportArgumentType] - the forms above give each field its type
