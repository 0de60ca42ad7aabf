"""What a learner is told of an answer in a lesson: the key in short, why it is right, and what the answer changed."""

import re
from dataclasses import replace
from typing import Final

from agents.phrases import say
from agents.quizzing import Outcome
from knowledge.citation import Citation
from knowledge.sentence import sentences
from knowledge.vocabulary import Language
from tools.quiz.grading import right
from tools.quiz.item import Item
from tools.quiz.response import LETTERS

_LONG: Final = 60  # characters of an option from which its letter is enough, since the reason repeats it
_FULL_STOPS: Final = "。！？”"
_CLOSING: Final = '”’"」』)*_`'
_BLANKS: Final = re.compile(r"\n[ \t]*\n\s*")


def key_in_short(item: Item) -> str:
    """Return the key as a reply would give it; options that the reason repeats by their letters alone."""
    letters = [LETTERS[position] for position in item.key]
    match item.type:
        case "matching":
            return ", ".join(f"{number}-{letter}" for number, letter in enumerate(letters, 1))
        case "ordering":
            return " → ".join(letters)
        case "single_choice" | "multiple_choice" | "reading":
            options = [item.options[position] for position in item.key]
            named = zip(letters, options, strict=True)
            is_short = sum(map(len, options)) <= _LONG and not any("____" in option for option in options)
            return ", ".join(f"{letter}. {option}" if is_short else letter for letter, option in named)
        case _:
            return right(item)


def reason(item: Item, feedback: str) -> tuple[str, tuple[Citation, ...]]:
    """Return the feedback with each sentence once, a mark where it quotes the notes, and the citations it earns."""
    text = _once(feedback)
    ends = {c: _end_of(c.quote, text) for c in item.citations if c.quote and c.quote in text}
    # The other options of a choice between descriptions have citations of their own, which the reason does not use.
    is_alone = item.type == "single_choice" and item.fact.startswith(("summary:", "difference:"))
    kept = [c for c in item.citations if c in ends or not (is_alone and ends)]
    numbered = {old: replace(old, n=n) for n, old in enumerate(kept, 1)}
    elsewhere = _statement_end(item, text)  # of what rests on a sentence that the reason does not quote
    for old in sorted(kept, key=lambda c: (-ends.get(c, elsewhere), -c.n)):
        end = ends.get(old, elsewhere)
        gap, after = "" if text[end - 1 : end] in _FULL_STOPS else " ", " " if text[end : end + 1].strip() else ""
        text = f"{text[:end]}{gap}[{numbered[old].n}]{after}{text[end:]}"
    return text, tuple(numbered.values())


def progress(title: str, outcome: Outcome, language: Language) -> tuple[str, ...]:
    """Return what an answer changed of a concept's mastery; nothing where a reader would see no change."""
    if outcome.is_practice:
        return (say("quiz_practice", language),)
    before, after = f"{outcome.before.value:.0%}", f"{outcome.after.value:.0%}"
    return () if before == after else (say("quiz_mastery", language, title=title, before=before, after=after),)


def _end_of(quote: str, text: str) -> int:
    """Return where a quote ends in a text, with the signs that close it."""
    end = text.find(quote) + len(quote)
    while end < len(text) and text[end] in _CLOSING:
        end += 1
    return end


def _statement_end(item: Item, text: str) -> int:
    """Return where the statement ends that an item asks about: a relation's is its own sentence, the last but one."""
    spans = sentences(text)
    if item.origin == "graph" and item.type != "matching" and len(spans) > 1:
        return spans[-2][1]
    return len(text)


def _once(text: str) -> str:
    """Return a text without sentences that it has said already."""
    seen: set[str] = set()
    parts, at = list[str](), 0
    for start, end in sentences(text):
        said = text[start:end]
        is_new = said not in seen
        parts.append(text[at:end] if is_new else text[at:start])
        seen.add(said)
        at = end
    return _BLANKS.sub("\n\n", "".join([*parts, text[at:]])).strip()
