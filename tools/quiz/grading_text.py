"""Whether two short texts are the same name: case, spaces, hyphens, plurals and a slip of the keyboard aside."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

from rapidfuzz.distance import OSA

Names = Mapping[str, tuple[str, ...]]  # lower-case name -> ids of the notes that go by it

_ARTICLE: Final = re.compile(r"^(?:an?|the)\s+")
_MARKS: Final = re.compile(r"(?<!\d)\.|\.(?!\d)|[\s\-‐-―_/\\,;:!?'\"`´*()\[\]{}<>“”‘’「」《》，。；：、]")
_BRACKETED: Final = re.compile(r"(.+?)\s*[(（]([^()（）]+)[)）]\s*[.。]?")
_LEAST: Final = 6  # letters that a name needs before one of them may be wrong
_SHORT_PLURAL: Final = 3  # letters: "bus", "gas" and the like are no plurals


def is_same(text: str, accepted: Sequence[str], names: Names) -> bool:
    """Tell whether a text is one of the accepted ones, or another name of the same note, slips aside.

    A slip is one letter more, less, other or exchanged in a word of six letters or more. It is none where the text
    names another note, differs in a digit or in the first letter ("asymmetric").
    """
    bracketed = _BRACKETED.fullmatch(text.strip())
    if bracketed and all(is_same(part, accepted, names) for part in bracketed.groups()):
        return True
    typed = bare(text)
    if not typed:
        return False
    keys = [bare(key) for key in accepted]
    if typed in keys:
        return True
    named, wanted = _notes(text, names), {note for key in accepted for note in _notes(key, names)}
    if named:
        return bool(named & wanted)
    singular = _singular(text)
    singulars = [_singular(key) for key in accepted]
    return singular in singulars or any(_slip(singular, key) for key in singulars)


def bare(text: str) -> str:
    """Return what counts of a name: its letters and digits in lower case, and signs such as the plus of "C++"."""
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    return _MARKS.sub("", _ARTICLE.sub("", plain))


def _singular(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    return bare(re.sub(r"[a-z]+", lambda word: _without_s(word[0]), plain))


def _without_s(word: str) -> str:
    if word.endswith("ies") and len(word) > _SHORT_PLURAL + 1:
        return word[:-3] + "y"
    if re.search(r"(?:[sxz]|ch|sh)es$", word):
        return word[:-2]
    plural = word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > _SHORT_PLURAL
    return word[:-1] if plural else word


def _slip(typed: str, key: str) -> bool:
    """Tell whether a text is a name with one letter mistyped."""
    letters = sum(character.isascii() and character.isalpha() for character in key)
    if letters < _LEAST or typed[0] != key[0] or re.findall(r"\d", typed) != re.findall(r"\d", key):
        return False
    if not typed.isascii() or not key.isascii():
        return False
    return OSA.distance(typed, key, score_cutoff=1) <= 1


def _notes(text: str, names: Names) -> frozenset[str]:
    """Return the notes that go by a name, however it is spaced."""
    plain = unicodedata.normalize("NFKC", text).strip().lower().rstrip(".。")
    exact = names.get(plain) or names.get(_ARTICLE.sub("", plain)) or ()
    if exact:
        return frozenset(exact)
    wanted = bare(text)
    return frozenset(note for name, notes in names.items() if bare(name) == wanted for note in notes)
