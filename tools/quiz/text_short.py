"""Short answers: what something is, why it is so, and when it is better left, each with a rubric from the note."""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from knowledge.note import Note
from knowledge.vocabulary import Language
from tools.quiz.grading_rubric import read
from tools.quiz.item import Item, Level, Point, identity
from tools.quiz.material import Material, Sentence
from tools.quiz.text_name import is_name
from tools.quiz.text_prose import stands_alone
from tools.quiz.text_rubric import ideas_of, points
from tools.quiz.wording import say

_WORDING: Final = "text_short"
_WHY: Final = re.compile(r"Why |为什么")
_MATTERS: Final = frozenset({"Why it matters", "为什么重要"})
_BARE: Final = re.compile(r"\b(?:it|they)\b|^为什么(?:重要|胜出|占主导)")
_HAPPENS: Final = "Why it happens"  # of a failure; its first sentences are often what one must know before
_NOT_FOR: Final[dict[Language, str]] = {"en": "When not to use it", "zh": "不适用场景"}
_SENTENCES: Final = 2  # of a model answer


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked, and the sentences that answer it."""

    name: str
    stem: str
    answer: tuple[Sentence, ...]
    level: Level
    rubric: tuple[Point, ...]


def answers(material: Material, concept: str, language: Language, rng: random.Random) -> Iterator[Item]:
    """Yield the short-answer items of a note in random order."""
    questions = [
        *_about(material, concept, language),
        *_reasons(material, concept, language),
        *_limits(material, concept, language),
    ]
    rng.shuffle(questions)
    return (_item(material, concept, question, language) for question in questions if question.rubric)


def _question(
    material: Material, name: str, stem: str, answer: tuple[Sentence, ...], level: Level, language: Language
) -> _Question:
    return _Question(name, stem, answer, level, points(material, joined(answer, language), stem, language))


def joined(answer: Sequence[Sentence], language: Language) -> str:
    """Return sentences as one text."""
    return ("" if language == "zh" else " ").join(sentence.text for sentence in answer)


def _about(material: Material, concept: str, language: Language) -> Iterator[_Question]:
    note, summary = material.graph.notes[concept], material.summary(concept, language)
    if summary is not None:
        stem = say(_WORDING, _kind(note), language, title=note.title_in(language))
        software = [material.graph.notes[e.target] for e in material.graph.edges_from(concept, "occurs_in")]
        asked = " ".join([stem, *_titles(software, language)])  # that PyTorch fails is no idea of an answer
        rubric = points(material, summary.text, asked, language)
        yield _Question("what", stem, (summary,), 1, rubric)


def _kind(note: Note) -> str:
    if note.kind != "pitfall" and not is_name(note):
        return "topic"
    return note.kind if note.kind in ("pitfall", "tool", "metric", "benchmark", "technique") else "what"


def _sections(material: Material, concept: str, language: Language) -> dict[str, list[Sentence]]:
    """Return the sentences under each heading, by its last part."""
    sections: dict[str, list[Sentence]] = {}
    for sentence in material.sentences(concept, language):
        if not sentence.is_summary:
            sections.setdefault(sentence.heading.split(" > ")[-1], []).append(sentence)
    return sections


def _reasons(material: Material, concept: str, language: Language) -> Iterator[_Question]:
    title = material.graph.notes[concept].title_in(language)
    for heading, section in _sections(material, concept, language).items():
        answer = _answer(section)
        if answer and heading in _MATTERS:
            yield _question(material, "matters", say(_WORDING, "matters", language, title=title), answer, 2, language)
        elif answer and _WHY.match(heading) and heading != _HAPPENS and not _BARE.search(heading):
            yield _question(material, "why", say(_WORDING, "why", language, heading=heading), answer, 2, language)


def _limits(material: Material, concept: str, language: Language) -> Iterator[_Question]:
    """Yield the question when a note's subject is the wrong choice; any case and any alternative it names will do."""
    note = material.graph.notes[concept]
    sections = _sections(material, concept, language)
    section = [s for s in sections.get(_NOT_FOR[language], ()) if stands_alone(s)]
    choices = {e.target for e in material.graph.edges_from(concept, "alternative_to", "contrasts_with")}
    naming = [s for s in section if choices & set(material.library.mentioned(s.text))]
    if not naming:
        return
    stem = say(_WORDING, "not_for", language, title=note.title_in(language))
    text = joined(section, language)
    named = [material.graph.notes[other] for other in material.library.mentioned(text)]
    named = [other for other in named if other.id in choices or (other.kind == note.kind and other.id != concept)]
    instead = tuple(name for other in named for name in other.names[:3])
    cases = tuple(form for form in ideas_of(material, text, stem, language) if form not in instead)
    if cases:
        rubric = (
            Point(say(_WORDING, "case", language), (cases,)),
            Point(say(_WORDING, "instead", language, names=_listed(_titles(named, language), language)), (instead,)),
        )
        if len(read(naming[0].text, rubric, stem).said) == len(rubric):
            yield _Question("not_for", stem, (naming[0],), 3, rubric)


def _titles(notes: Sequence[Note], language: Language) -> list[str]:
    return [note.title_in(language) for note in notes]


def _answer(section: Sequence[Sentence]) -> tuple[Sentence, ...]:
    """Return the first sentences of a section where they can be understood alone, one after the other."""
    if not section or not stands_alone(section[0]):
        return ()
    following = section[1] if len(section) > 1 else None
    near = following is not None and stands_alone(following) and following.start - section[0].end < _SENTENCES
    return (section[0], following) if near and following is not None else (section[0],)


def _item(material: Material, concept: str, question: _Question, language: Language) -> Item:
    text, rubric = joined(question.answer, language), question.rubric
    note, fact = material.graph.notes[concept], f"answer:{concept}:{question.name}"
    ideas = [point.terms[0][0] for point in rubric]
    return Item(
        id=identity("text_short", fact, "short_answer", language),
        fact=fact,
        type="short_answer",
        concept=concept,
        level=question.level,
        language=language,
        origin="graph",
        stem=question.stem,
        explanation=say(_WORDING, "explained", language, answer=text),
        citations=tuple(material.citation(sentence, n) for n, sentence in enumerate(question.answer, 1)),
        accepted=(text,),
        points=rubric,
        hints=(
            say(_WORDING, "hint_length", language, count=str(len(rubric)), title=note.title_in(language)),
            say(_WORDING, "hint_ideas", language, ideas=_listed(ideas[: max(1, len(ideas) // 2)], language)),
        ),
        checks={
            "key": "the model answer is quoted from the note",
            "rubric": f"{len(rubric)} ideas of the answer that the question does not name",
        },
    )


def _listed(words: Sequence[str], language: Language) -> str:
    return ("、" if language == "zh" else ", ").join(words)
