"""Prompts: data files whose variables are checked, so that a forgotten or misspelt one fails at once."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from tools.template import filled

_FOLDER = Path(__file__).with_name("prompts")


@cache
def load(name: str) -> Mapping[str, str]:
    """Return the texts of the prompt file `name`, by key."""
    texts: dict[str, str] = tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    return texts


def render(name: str, key: str, **variables: str) -> str:
    """Return a prompt's text with its variables filled in.

    Raises KeyError for an unknown prompt or a variable without a value, ValueError for a value without a variable.
    """
    return filled(load(name)[key], f"prompt {name}.{key}", variables)
