"""The words of advice: data files, a text in each language, and patterns that stand alone as words."""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from knowledge.vocabulary import Language
from tools.template import filled

_FOLDER: Final = Path(__file__).with_name("wording")
_CHINESE: Final = re.compile(r"[\u3400-\u9fff]")


@cache
def load(name: str) -> Mapping[str, Any]:
    """Return what stands in the file `name`."""
    return tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def say(key: str, language: Language, **variables: str) -> str:
    """Return a text of reasons.toml with its $variables filled in.

    Raises KeyError for an unknown text or a variable without a value, ValueError for a value without a variable.
    """
    return filled(load("reasons")[key][language], f"wording {key}", variables)


def phrases(latin: Iterable[str], chinese: Iterable[str] = ()) -> re.Pattern[str]:
    """Return a pattern for any of some phrases: Latin ones stand alone as words, Chinese ones anywhere."""
    words = "|".join(latin)
    alone = [rf"(?<![A-Za-z0-9_])(?:{words})(?![A-Za-z0-9_])"] if words else []
    parts = [*alone, *chinese]
    return re.compile("|".join(parts) if parts else r"(?!)", re.IGNORECASE | re.ASCII)


def mixed(listed: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern for any of some phrases, each Chinese or Latin by its own characters."""
    every = list(listed)
    chinese = [phrase for phrase in every if _CHINESE.search(phrase)]
    return phrases([phrase for phrase in every if phrase not in chinese], chinese)


def listed(words: Sequence[str], language: Language) -> str:
    """Return some words as a list in a sentence."""
    return (", " if language == "en" else "、").join(words)


def named(ids: str, language: Language) -> str:
    """Return ids of the vocabulary, separated by commas, in words; what has no words of its own stays as it is."""
    words: Mapping[str, Mapping[str, str]] = load("vocabulary")
    return listed([words[one][language] if one in words else one for one in ids.split(", ")], language)
