"""An item made of a draft that passed every check: the citation is attached by code."""

import hashlib
import random

from tools.quiz.draft import Inspection
from tools.quiz.draft_focus import Focus
from tools.quiz.item import Item, Level, Misconception, identity
from tools.quiz.material import Material
from tools.quiz.wording import say

_FILE = "draft"


def fact_of(focus: Focus) -> str:
    """Returns the name of what a question on a sentence asks: no quiz holds two on one sentence."""
    return f"sentence:{focus.sentence.note}:{hashlib.sha256(focus.sentence.text.encode()).hexdigest()[:12]}"


def item_of(inspected: Inspection, focus: Focus, material: Material, level: Level, rng: random.Random) -> Item:
    """Returns the item of an accepted draft, its options in random order."""
    sentence, draft, language = focus.sentence, inspected.draft, focus.sentence.language
    options = list(draft.options)
    rng.shuffle(options)
    fact = fact_of(focus)
    return Item(
        id=identity("model", f"{fact}:{draft.stem}", "single_choice", language),
        fact=fact,
        type="single_choice",
        concept=sentence.note,
        level=level,
        language=language,
        origin="model",
        stem=draft.stem,
        explanation=say(_FILE, "explanation", language, title=focus.title, sentence=sentence.text),
        citations=(material.citation(sentence),),
        options=tuple(options),
        key=(options.index(draft.correct),),
        misconceptions=tuple(_misconception(option, inspected, focus, material) for option in draft.wrong),
        hints=_hints(inspected, focus),
        checks=dict(inspected.checks),
    )


def _misconception(option: str, inspected: Inspection, focus: Focus, material: Material) -> Misconception:
    """Returns what a wrong option really is, where it is a concept of the notes, else what the note says instead."""
    language = focus.sentence.language
    about = next((note for note, name in material.library.mentioned(option).items() if name == option.lower()), None)
    summary = material.summary(about, language) if about else None
    if about and summary:
        title = material.graph.notes[about].title_in(language)
        return Misconception(option, say(_FILE, "wrong_note", language, title=title, summary=summary.text))
    return Misconception(option, say(_FILE, "wrong", language, title=focus.title, answer=inspected.draft.correct))


def _hints(inspected: Inspection, focus: Focus) -> tuple[str, ...]:
    language, heading = focus.sentence.language, focus.sentence.heading
    place = (
        say(_FILE, "hint_place", language, title=focus.title, heading=heading.rpartition(" > ")[2])
        if heading
        else say(_FILE, "hint_topic", language, title=focus.title)
    )
    return place, say(_FILE, "hint_not", language, option=inspected.draft.wrong[0])
