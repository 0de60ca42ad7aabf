"""Items on why a failure happens and what helps: from its summary, against those of failures of another kind.

The summary of a failure says what goes wrong, then, after a semicolon, what to do. What is behind one failure, or helps
against it, could do so for a related one, so wrong answers come from failures that are `apart` from it: they share no
software, no technique and no name.
"""

import random
import re
from collections.abc import Iterator
from typing import Final, Literal

from knowledge.language import content_terms
from knowledge.vocabulary import Language
from tools.quiz.graph_evidence import candidates, first, shuffled
from tools.quiz.graph_form import Choice, Question, chosen, cited, described, matched, within, word
from tools.quiz.graph_name import BLANK, names
from tools.quiz.graph_truth import truth
from tools.quiz.item import Item
from tools.quiz.material import Material

Part = Literal["cause", "fix"]

_PARTS: Final[tuple[Part, ...]] = ("cause", "fix")
_MOST_BLANKS: Final = 2
_FEWEST_TERMS: Final = 4
_LIKE_LENGTH: Final = 0.5  # the shortest advice of an item has at least this share of the longest's length
_CHECKS: Final = {
    "key": "the failure's own summary",
    "distractors": "from the summaries of failures that share no edge, no neighbour and no name with this one",
}


def make(material: Material, concept: str, language: Language, rng: random.Random) -> Iterator[Item]:
    """Yield the items that ask why a failure happens and what to do against it, in random order."""
    for part in shuffled(_PARTS, rng):
        yield from _which(material, concept, part, language, rng)


def _which(material: Material, concept: str, part: Part, language: Language, rng: random.Random) -> Iterator[Item]:
    right = told(material, concept, part, language)
    if right is None:
        return
    texts: dict[str, str] = {}
    for other in candidates(material, concept, [concept], rng):
        text = told(material, other, part, language)
        if text is None or not _unlike(material, concept, other):
            continue
        lengths = [len(each) for each in (right, text, *texts.values())]
        if within((min(lengths), max(lengths)), text, _LIKE_LENGTH) and text not in texts.values():
            texts[other] = text
        if len(texts) == 3:
            break
    if len(texts) < 3:
        return
    x = names(material).noun(concept, language)
    before = first(material.graph.notes[concept].prerequisites, lambda _: True, 1)
    clues = tuple(word("graph_fix", "hint", language, y=names(material).noun(note, language)) for note in before)
    question = Question(
        f"graph.{part}", f"{part}:{concept}", concept, 2, language, word("graph_fix", f"which_{part}", language, x=x),
        described(material, concept, language), cited(material, material.summary(concept, language)), clues, _CHECKS,
    )  # fmt: skip
    wrong = [Choice(text, _why(material, note, part, language)) for note, text in texts.items()]
    yield chosen(question, [right], wrong, rng)


def make_matching(material: Material, concept: str, language: Language, rng: random.Random) -> Iterator[Item]:
    """Yield the item that asks which advice belongs to which of four failures."""
    texts: dict[str, str] = {}
    for other in (concept, *candidates(material, concept, [concept], rng)):
        text = told(material, other, "fix", language)
        if text is not None and all(_unlike(material, one, other) for one in texts):
            texts[other] = text
        if len(texts) == 4 or not texts:
            break
    if len(texts) < 4:
        return
    pairs = [
        (names(material).option(note, language), Choice(text, _why(material, note, "fix", language)))
        for note, text in texts.items()
    ]
    rng.shuffle(pairs)
    question = Question(
        "graph.fix.match", f"fixes:{concept}", concept, 2, language, word("graph_fix", "match", language),
        "\n\n".join(described(material, note, language) for note in texts),
        cited(material, *(material.summary(note, language) for note in texts)), (), _CHECKS,
    )  # fmt: skip
    yield matched(question, pairs, rng)


def told(material: Material, note: str, part: Part, language: Language) -> str | None:
    """Return what the summary of a failure says of its cause or its fix, without the words of its title.

    None where that is too little.
    """
    summary = material.summary(note, language)
    if material.graph.notes[note].kind != "pitfall" or summary is None or summary.language != language:
        return None
    cause, _, fix = summary.text.replace("；", ";").partition(";")
    if not fix:
        return None
    stop = "." if language == "en" else "。"
    said = names(material).without_names(note, language, fix.strip() if part == "fix" else cause + stop)
    terms = content_terms(said.replace(BLANK, " "))
    if said.count(BLANK) > _MOST_BLANKS or len(terms) < _FEWEST_TERMS:
        return None
    said = re.sub(r"^应(?=[^该当])", "", said)
    return said[0].upper() + said[1:] if re.match(r"[a-z]+\b(?![.-])", said) else said


def _unlike(material: Material, one: str, other: str) -> bool:
    return one != other and truth(material).apart(one, other)


def _why(material: Material, note: str, part: Part, language: Language) -> str:
    return word("graph_fix", f"belongs_{part}", language, x=names(material).noun(note, language))
