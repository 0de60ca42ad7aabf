"""What a question can be written on: a sentence of a note that stands alone, with all that the note says around it."""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from knowledge.vocabulary import LANGUAGES, Language
from tools.quiz.item import Level
from tools.quiz.material import Material, Sentence
from tools.quiz.text_prose import prose

_WORDS: Final[dict[Language, tuple[int, int]]] = {"en": (8, 36), "zh": (14, 80)}  # words; characters in Chinese
# What a sentence has to say for a question that is more than recall; recall goes with any.
_SHAPES: Final[dict[Level, re.Pattern[str]]] = {
    2: re.compile(
        r"\b(?:because|so that|so|when|if|unless|needs?|requires?|must|without|to avoid)\b"
        r"|因为|由于|因此|所以|如果|否则|需要|必须|无需|才能|时[，,]",
        re.IGNORECASE,
    ),
    3: re.compile(
        r"\b(?:whereas|while|than|instead of|rather than|unlike|but|compared)\b|而不是|而非|相比|不同于|[，,]而|但|比",
        re.IGNORECASE,
    ),
}
_GAP: Final = 2  # characters between two sentences of one paragraph are fewer


@dataclass(frozen=True, slots=True)
class Focus:
    """The sentence a question is to be on; `passage` is its paragraph, `texts` are all paragraphs of its note."""

    sentence: Sentence
    title: str
    names: tuple[str, ...]  # all names of its note
    passage: str
    texts: tuple[str, ...]
    related: tuple[str, ...]  # the notes that the graph relates to this one


def focuses(
    material: Material, note: str, language: Language, level: Level | None, rng: random.Random
) -> Iterator[Focus]:
    """Yields the sentences of a note that suit a level, in random order, each with its surroundings."""
    found = [sentence for sentence in prose(material, note, language) if _suits(sentence, level)]
    rng.shuffle(found)
    paragraphs = [p for spoken in LANGUAGES for p in _paragraphs(material.sentences(note, spoken))]
    texts = tuple(_text(paragraph) for paragraph in paragraphs)
    related = tuple(material.graph.neighbours(note))
    about = material.graph.notes[note]
    for sentence in found:
        passage = next(text for text, p in zip(texts, paragraphs, strict=True) if sentence in p)
        yield Focus(sentence, about.title_in(language), tuple(about.names), passage, texts, related)


def _suits(sentence: Sentence, level: Level | None) -> bool:
    low, high = _WORDS[sentence.language]
    size = len(sentence.text) if sentence.language == "zh" else len(sentence.text.split())
    shape = _SHAPES.get(level) if level is not None else None
    return low <= size <= high and (shape is None or shape.search(sentence.text) is not None)


def _paragraphs(sentences: Sequence[Sentence]) -> list[list[Sentence]]:
    """Joins sentences that follow one another; those of code and tables are left out."""
    paragraphs: list[list[Sentence]] = []
    for sentence in sentences:
        if sentence.text.startswith(("```", "~~~", "$$", "|")):
            continue
        before = paragraphs[-1][-1] if paragraphs else None
        if before and before.path == sentence.path and 0 <= sentence.start - before.end < _GAP:
            paragraphs[-1].append(sentence)
        else:
            paragraphs.append([sentence])
    return paragraphs


def _text(paragraph: Sequence[Sentence]) -> str:
    return ("" if paragraph[0].language == "zh" else " ").join(sentence.text for sentence in paragraph)
