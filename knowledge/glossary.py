"""The field's words in English and Chinese, so that a question finds passages in the other language by its words."""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

from knowledge.language import content_terms, question_language

FILE: Final = Path(__file__).with_name("glossary.txt")
_FOR_SEARCH: Final = "\n# For search:"
_WORD: Final = re.compile(r"[a-z0-9]+")


Idea = tuple[tuple[str, ...], tuple[str, ...]]


def ideas() -> tuple[Idea, ...]:
    """Return the ideas, each as its English and its Chinese forms; the first form is the usual one."""
    return _read()[0]


@cache
def _read() -> tuple[tuple[Idea, ...], tuple[Idea, ...]]:
    """Return the ideas, and those with what only helps a search: words that questions use, no equals in meaning."""
    exact, _, loose = FILE.read_text(encoding="utf-8").partition(_FOR_SEARCH)
    found = _ideas(exact)
    return found, found + _ideas(loose)


def _ideas(text: str) -> tuple[Idea, ...]:
    lines = [line for line in text.splitlines() if "=" in line and not line.startswith("#")]
    sides = [line.split("=", 1) for line in lines]
    return tuple((_forms(english), _forms(chinese)) for english, chinese in sides)


def translated_terms(question: str) -> list[str]:
    """Return the terms by which the other language speaks of what a question names; the longest forms win."""
    if question_language(question) == "zh":
        forms = _by_chinese()
        rest, found = question.lower(), list[str]()
        for form in sorted((form for form in forms if form in rest), key=len, reverse=True):
            if form in rest:
                rest = rest.replace(form, "\n")
                found += forms[form]
    else:
        forms = _by_english()
        words = _WORD.findall(question.lower())
        rest, found = f" {' '.join(words)} ", list[str]()
        for form in sorted((form for form in forms if f" {form}" in rest), key=len, reverse=True):
            for inflected in (f" {form} ", f" {form}s "):
                if inflected in rest:
                    rest = rest.replace(inflected, "  ")
                    found += forms[form]
    known = set(content_terms(question))
    return [term for term in dict.fromkeys(t for form in found for t in content_terms(form)) if term not in known]


@cache
def _by_chinese() -> dict[str, tuple[str, ...]]:
    return _collected((form, english) for english, chinese in _read()[1] for form in chinese)


@cache
def _by_english() -> dict[str, tuple[str, ...]]:
    return _collected((form, chinese) for english, chinese in _read()[1] for form in english)


def _collected(pairs: Iterable[tuple[str, tuple[str, ...]]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for form, others in pairs:
        found[form] = found.get(form, ()) + others
    return found


def _forms(side: str) -> tuple[str, ...]:
    return tuple(form.strip() for form in side.split("|"))
