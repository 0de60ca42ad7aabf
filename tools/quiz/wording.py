"""The words of quiz items: data files, a text in each language, strict about their variables."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from knowledge.vocabulary import Language
from tools.template import filled

_FOLDER: Final = Path(__file__).with_name("wording")


@cache
def load(name: str) -> Mapping[str, Mapping[Language, str]]:
    """Return the texts of the file `name`: for each key, one in each language."""
    return tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def say(name: str, key: str, language: Language, **variables: str) -> str:
    """Return a text with its $variables filled in.

    Raises KeyError for an unknown text or a variable without a value, ValueError for a value without a variable.
    """
    return filled(load(name)[key][language], f"wording {name}.{key}", variables)
