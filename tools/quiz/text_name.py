"""Names as they stand in texts: where a note is named, the gap in its place, and what counts as its name."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from knowledge.language import content_terms, stem
from knowledge.note import Note
from tools.quiz.text_prose import GAP, has_chinese

# Two names of the same thing, one of them in brackets, leave one gap.
_DOUBLE: Final = re.compile(rf"{GAP}\s?[(（]\s?{GAP}\s?[)）]\s?")
_LISTED: Final = re.compile(
    rf"(?:[,，、/]|\b(?:and|or|such as|like|e\.g\.|including)|[和或与及如]|例如|比如|包括)\s*(?:the |an? )?[`“\"]?{GAP}"
    rf"|{GAP}[`”\"]?s?\s*(?:[、/]|(?:and|or)\b|,(?! (?:which|whose|who|where|so|because|since|but|while|a |an |the ))"
    rf"|[和或与及])",
    re.IGNORECASE,
)
_ACRONYM: Final = re.compile(r"[A-Za-z0-9&]*[A-Z][A-Za-z0-9&]*[A-Z][A-Za-z0-9]*")
_PHRASE: Final = re.compile(
    r"\b(?:in|on|to|and|for|flags|files|metrics|statistics|suites|workflow|pipeline)\b|^vLLM |[与的中]"
)
_SHORT: Final = 3  # letters; so short a name stands by chance in other words
_SMALL: Final = re.compile(r"(?:\b(?:of|from|and|for|the|to)|&)\s")


def is_name(note: Note) -> bool:
    """Tell whether the title of a note is a name that one can be asked for, not the heading of a subject."""
    return all(not _PHRASE.search(title) and len(title.split()) < 4 for title in note.title.values())


@lru_cache(maxsize=2048)
def _same(names: tuple[str, ...], titles: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names that say the same as a title: it in another spelling, its acronym, or what it is short for."""
    found = dict.fromkeys([*titles, *(part for title in titles for part in _halves(title))])
    for name in names:
        if any(_letters(name) == _letters(title) or _abbreviates(name, title) for title in list(found)):
            found.setdefault(name)
    return tuple(found)


def same(note: Note) -> tuple[str, ...]:
    """Return the names of a note that mean exactly what its title means, titles first."""
    return _same(note.names, tuple(note.title.values()))


def _halves(title: str) -> Iterator[str]:
    if match := re.fullmatch(r"(.+?)\s*[(（](.+)[)）]", title):
        yield from match.groups()


def _letters(name: str) -> str:
    return re.sub(r"[\s_.-]", "", name.lower().replace("&", "and"))


def _abbreviates(one: str, other: str) -> bool:
    """Tell whether one name is an acronym of the other: it has the first letters of its words, and only its letters."""
    short, long = sorted((one, other), key=len)
    if has_chinese(long) or not _ACRONYM.fullmatch(short) or _letters(long).startswith(_letters(short)):
        return False
    letters = iter(_letters(long))
    if short[0].lower() != long[0].lower() or not all(letter in letters for letter in _letters(short)):
        return False
    spelt = [re.split(separator, _SMALL.sub("", long)) for separator in (r"\s+", r"[\s-]+")]
    return any(len(words) > 1 and _in_order((word[0] for word in words if word), short) for words in spelt)


def _in_order(initials: Iterable[str], short: str) -> bool:
    letters = iter(_letters(short))
    return all(initial.lower() in letters for initial in initials)


@lru_cache(maxsize=2048)
def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    """Return what finds any of the names as a whole word, the longest first, with an English plural."""
    longest = sorted({name for name in names if len(name) > 1}, key=len, reverse=True)
    return re.compile("|".join(_whole(name) for name in longest), re.IGNORECASE)


def _whole(name: str) -> str:
    body = re.escape(name).replace(r"\ ", r"[\s-]").replace(r"\-", r"[\s-]")
    if has_chinese(name):
        return body
    return rf"(?<![A-Za-z0-9_/.-]){body}s?(?![A-Za-z0-9_]|[-/.][A-Za-z0-9])"


def gapped(text: str, note: Note) -> str:
    """Return a text with a gap wherever it names the note."""
    return _DOUBLE.sub(GAP, _pattern(same(note)).sub(GAP, text))


def removed(text: str, note: Note) -> str:
    """Return the name that the first gap stands for, as it is in the text; an empty text without one."""
    match = _pattern(same(note)).search(text)
    return match[0] if match else ""


def is_listed(gapped_text: str) -> bool:
    """Tell whether a gap is one of several things named side by side, so that another of its kind might stand there."""
    return _LISTED.search(gapped_text) is not None


def gives_away(text: str, note: Note) -> bool:
    """Tell whether a text holds another name of a note, all the words of one, or one within code."""
    lower = text.lower()
    if any(len(name) > _SHORT and name.lower() in lower for name in same(note)):
        return True
    present = {stem(term) for term in content_terms(text)}
    return any({stem(term) for term in terms} <= present for name in note.names if (terms := content_terms(name)))


def accepted(note: Note, first: str) -> tuple[str, ...]:
    """Return what counts as the name of a note where `first` stands: all names that say the same, or begin the same."""
    titles = tuple(note.title.values())
    near = (name for name in note.names if any(_begins_like(name, title) for title in titles))
    forms: dict[str, str] = {}
    for name in (first, *same(note), *near):
        forms.setdefault(name.lower(), name)
        forms.setdefault(name.lower().replace("-", " "), name.replace("-", " "))
    return tuple(forms.values())


def _begins_like(name: str, title: str) -> bool:
    """Tell whether a name has the words of the title and more, or its first word, or is its last.

    What adds a number, as ZeRO-1 does, is a part only.
    """
    if has_chinese(title):
        return name[0] == title[0] and has_chinese(name)
    new_digits = set(re.findall(r"\d", name)) - set(re.findall(r"\d", title))
    if name == title.rsplit(maxsplit=1)[-1]:
        return True
    if new_digits or (len(name) < len(title) - 3 and " " not in name):
        return False
    words, wanted = ({stem(term) for term in content_terms(each)} for each in (name, title))
    first = re.match(r"[A-Za-z]{3,}", title)
    return bool(wanted <= words or (first and re.match(rf"{first[0]}[ -]", name, re.IGNORECASE)))


def initial(name: str) -> str:
    """Return the first letter of a name as it is shown."""
    return name[0] if has_chinese(name[0]) else name[0].upper()
