"""Items on the fact sheets of tools and platforms: what they are made for, and under which licence.

Licence: software under one licence is not under another, so any other licence is wrong; asked only where a sentence of
the note states it and the note names no second one. Task: asked only is the first one, what the software is mainly for,
where its summary bears that out. A fact sheet does not list all that software could be used for, so a wrong answer
shares no task with any software that is made for the asked one, and is `apart` from the key. What software runs on is
not asked: that a platform is not listed does not prove that it does not run there. Nor is the first command: it has the
name of the tool in it.
"""

import random
import re
from collections.abc import Iterator
from typing import Final

from knowledge.language import stems
from knowledge.vocabulary import Language
from tools.quiz.graph_evidence import candidates, first, in_order
from tools.quiz.graph_form import Choice, Question, chosen, cited, described, hints, joined, matched, word
from tools.quiz.graph_name import names
from tools.quiz.graph_truth import truth
from tools.quiz.item import Item
from tools.quiz.material import Material, Sentence

_LICENCES: Final = {
    "Apache-2.0": r"\bApache", "MIT": r"\bMIT\b(?! (?:News|Press))", "BSD-3-Clause": r"\bBSD", "AGPL-3.0": r"\bAGPL",
    "Elastic-2.0": r"\bElastic", "GPL-3.0": r"(?<![AL])GPL", "MPL-2.0": r"\bMPL|\bMozilla Public",
}  # fmt: skip
_PERMISSIVE: Final = frozenset({"Apache-2.0", "MIT", "BSD-3-Clause"})
_LICENCE: Final = re.compile(r"licen[cs]e|许可", re.IGNORECASE)
_IN_MANY_TASKS: Final = frozenset(stems("a model models language to and or in of on the it own your one few let text"))
_CHECKS_LICENCE: Final = {"key": "fact sheet and cited sentence", "distractors": "the note names no other licence"}
_CHECKS_TASK: Final = {
    "key": "the first task of the fact sheet, borne out by the summary",
    "distractors": "no task in common with any software made for it, and apart from the key",
}


def make_licence(material: Material, concept: str, language: Language, rng: random.Random) -> Iterator[Item]:
    """Yield the item on the licence of a tool, where its note states one and no other."""
    sentence = _licence_sentence(material, concept, language)
    tool = material.graph.notes[concept].tool
    if sentence is None or tool is None:
        return
    x = names(material).noun(concept, language)
    others = rng.sample([licence for licence in _LICENCES if licence != tool.licence], 3)
    why = word("graph_tool", "licence_wrong", language, x=x, licence=tool.licence)
    hint = "licence_hint_permissive" if tool.licence in _PERMISSIVE else "licence_hint_other"
    statement = word("graph_tool", "licence_is", language, x=x, licence=tool.licence)
    question = Question(
        "graph.tool.licence", f"licence:{concept}", concept, 1, language, word("graph_tool", "licence", language, x=x),
        statement, cited(material, sentence), (word("graph_tool", hint, language),), _CHECKS_LICENCE,
    )  # fmt: skip
    yield chosen(question, [tool.licence], [Choice(other, why) for other in others], rng)


def make_task(material: Material, concept: str, language: Language, rng: random.Random) -> Iterator[Item]:
    """Yield the item that asks which software to choose for a task, with the concept as its key."""
    task = _main_task(material, concept)
    if task is None:
        return
    drawn = candidates(material, concept, [concept], rng)
    others = first(drawn, lambda other: _unfit(material, other, concept, task), 3)
    if len(others) < 3:
        return
    told = names(material)
    question = Question(
        "graph.tool.task", f"task:{concept}:{task}", concept, 2, language,
        word("graph_tool", "choose", language, task=word("graph_tool", task, language)),
        joined([_made_for(material, concept, task, language), described(material, concept, language)], language),
        cited(material, material.summary(concept, language)), hints(material, concept, language), _CHECKS_TASK,
    )  # fmt: skip
    why = [word("graph_tool", "choose_wrong", language, described=described(material, o, language)) for o in others]
    wrong = [Choice(told.option(other, language), because) for other, because in zip(others, why, strict=True)]
    yield chosen(question, [told.option(concept, language)], wrong, rng)


def make_matching(material: Material, concept: str, language: Language, rng: random.Random) -> Iterator[Item]:
    """Yield an item that asks which of four tools is made for which task."""
    kept = _four(material, concept, rng)
    if len(kept) < 4:
        return
    sentences = {note: _made_for(material, note, task, language) for note, task in kept.items()}
    question = Question(
        "graph.tool.match", f"tasks:{concept}:{kept[concept]}", concept, 2, language,
        word("graph_tool", "match_task", language), joined(list(sentences.values()), language),
        cited(material, *(material.summary(note, language) for note in kept)),
        hints(material, concept, language)[1:], _CHECKS_TASK,
    )  # fmt: skip
    pairs = [
        (names(material).option(note, language), Choice(word("graph_tool", task, language), sentences[note]))
        for note, task in kept.items()
    ]
    rng.shuffle(pairs)
    yield matched(question, pairs, rng)


def _four(material: Material, concept: str, rng: random.Random) -> dict[str, str]:
    """Return four tools, the concept first, each with a task that none of the others is made for."""
    kept: dict[str, str] = {}
    for tool in (concept, *candidates(material, concept, [concept], rng)):
        task = _main_task(material, tool)
        if task is not None and all(_apart(material, tool, task, other, kept[other]) for other in kept):
            kept[tool] = task
        if len(kept) == 4 or not kept:
            break
    return kept


def _made_for(material: Material, tool: str, task: str, language: Language) -> str:
    said = word("graph_tool", task, language)
    return word("graph_tool", "choose_is", language, x=names(material).option(tool, language), task=said)


def _licence_sentence(material: Material, concept: str, language: Language) -> Sentence | None:
    tool = material.graph.notes[concept].tool
    if tool is None or tool.hosted or tool.licence not in _LICENCES:
        return None
    told = [s for each in in_order(language) for s in material.sentences(concept, each) if _LICENCE.search(s.text)]
    named = {licence for licence, form in _LICENCES.items() for s in told if re.search(form, s.text)}
    if named != {tool.licence}:
        return None
    stating = [s for s in told if re.search(_LICENCES[tool.licence], s.text) and material.mentions(s.text, concept)]
    return next(iter(stating), None)


def _unfit(material: Material, other: str, concept: str, task: str) -> bool:
    """Tell whether software is provably not made for a task, for which another is."""
    proofs = truth(material)
    tasks = proofs.tasks(other)
    return bool(tasks) and not tasks & proofs.rivals(task) and proofs.apart(other, concept)


def _apart(material: Material, one: str, task: str, other: str, other_task: str) -> bool:
    return _unfit(material, one, other, other_task) and _unfit(material, other, one, task)


def _main_task(material: Material, tool: str) -> str | None:
    """Return the first task of a tool, where its summary has words of it and its title has none."""
    sheet = material.graph.notes[tool].tool
    summary = material.summary(tool, "en")
    if sheet is None or not sheet.tasks or summary is None:
        return None
    said = frozenset(stems(word("graph_tool", sheet.tasks[0], "en"))) - _IN_MANY_TASKS
    title = frozenset(stems(names(material).option(tool, "en")))
    return sheet.tasks[0] if said & frozenset(stems(summary.text)) and not said & title else None
