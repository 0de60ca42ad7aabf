"""Items on the fact sheets of tools and platforms: what they are made for, and under which licence.

Licence: software under one licence is not under another, so any other licence is wrong; asked only where a sentence of
the note states it and the note names no second one. Task: a fact sheet does not list all that software could be used
for, so a wrong answer shares no task with any software that is made for the asked one, and is tied to the key by no
edge. What software runs on is not asked: that a platform is not listed does not prove that it does not run there. Nor
is the first command: it has the name of the tool in it.
"""

import random
import re
from collections.abc import Iterator
from typing import Final

from knowledge.vocabulary import Language
from tools.quiz.graph_evidence import candidates, first, in_order, shuffled
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
_CHECKS_LICENCE: Final = {"key": "fact sheet and cited sentence", "distractors": "the note names no other licence"}
_CHECKS_TASK: Final = {
    "key": "a task of the fact sheet",
    "distractors": "no task in common with any software made for it, and no edge to the key",
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
    """Yield items that ask which software to choose for a task, in random order."""
    for task in shuffled(sorted(truth(material).tasks(concept)), rng):
        if not _names_task(material, concept, task):
            yield from _which(material, concept, task, language, rng)


def _which(material: Material, concept: str, task: str, language: Language, rng: random.Random) -> Iterator[Item]:
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
        tasks = [t for t in sorted(truth(material).tasks(tool)) if not _names_task(material, tool, t)]
        rng.shuffle(tasks)
        fitting = [t for t in tasks if all(_apart(material, tool, t, o, kept[o]) for o in kept)]
        if fitting:
            kept[tool] = fitting[0]
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
    return bool(tasks) and not tasks & proofs.rivals(task) and not proofs.touch(other, concept)


def _apart(material: Material, one: str, task: str, other: str, other_task: str) -> bool:
    return _unfit(material, one, other, other_task) and _unfit(material, other, one, task)


def _names_task(material: Material, tool: str, task: str) -> bool:
    """Tell whether the title has a telling word of the task, so that the item answers itself."""
    title = set(re.findall(r"[a-z]{4,}", names(material).option(tool, "en").lower()))
    said = word("graph_tool", task, "en").lower()
    return any(part[:6] in said for part in title)
