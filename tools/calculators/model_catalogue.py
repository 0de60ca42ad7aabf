"""Models known by name; each entry keeps its published config and where that stands."""

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from knowledge.errors import UserMistake
from tools.calculators.argument import unknown
from tools.calculators.config_file import read_config, shape_from_config
from tools.calculators.gguf_file import read_gguf
from tools.calculators.loose_name import LooseNames
from tools.calculators.shape import ModelShape

_DATA: Final = Path(__file__).with_name("models.json")
_DECORATION: Final = ("meta", "instruct", "chat", "hf", "it", "base", "pt", "text", "model", "gguf", "preview")
_QUANTIZED: Final = re.compile(
    r"[-_ .](awq|gptq(?:-int[48])?|int4|int8|fp8|nf4|mxfp4|nvfp4|w4a16|w8a8|bnb-4bit|4bit|i?q\d[0-9a-z_]*|f16|bf16)$",
    re.IGNORECASE,
)
_FORMAT_OF_SUFFIX: Final = {
    "int4": "gptq",
    "w4a16": "gptq",
    "gptq-int4": "gptq",
    "gptq-int8": "gptq-int8",
    "w8a8": "int8",
    "bnb-4bit": "nf4-dq",
    "4bit": "nf4-dq",
    "f16": "fp16",
}


def find(name: str, remedy: str = "") -> ModelShape:
    """Return the model of that loose name: "qwen3-14b", "Qwen/Qwen3-14B", "llama 3.1 8b", "Qwen3-14B-AWQ".

    Raises UserMistake with the closest names, and `remedy`, if none is known.
    """
    met = _names().match(name) or _names().match(split_format(name)[0])
    if met is None:
        raise unknown("model", name, names(), remedy)
    return _shape(*met)


def known(name: str) -> bool:
    """Tell whether `find` knows a name, without looking for the closest ones."""
    return _names().match(name) is not None


def names() -> tuple[str, ...]:
    """All built-in models by their full name."""
    return tuple(_entries())


def split_format(name: str) -> tuple[str, str]:
    """Part "Qwen3-14B-AWQ" into ("Qwen3-14B", "awq"); the second is empty if the name says no weight format."""
    match = _QUANTIZED.search(name.strip())
    if match is None:
        return name, ""
    suffix = match.group(1).lower()
    return name.strip()[: match.start()], _FORMAT_OF_SUFFIX.get(suffix, suffix)


def load(text: str) -> ModelShape:
    """Return a model by its name, or from a config.json, a folder that holds one, or a GGUF file."""
    path = Path(text)
    if text.endswith(".gguf"):
        return read_gguf(path).shape
    if text.endswith(".json"):
        return read_config(path)
    try:
        folder = bool(text.strip()) and (path / "config.json").is_file()
    except (OSError, ValueError):
        folder = False  # the text cannot be a path, so it is a name
    if folder:
        return read_config(path / "config.json")
    return find(text, "A path to a config.json or a GGUF file works too.")


@cache
def _entries() -> dict[str, dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads(_DATA.read_text(encoding="utf-8"))
    return {entry["name"]: entry for entry in entries}


@cache
def _names() -> LooseNames:
    return LooseNames({name: entry.get("aliases", ()) for name, entry in _entries().items()}, _DECORATION)


@cache
def _shape(name: str, spelling: str) -> ModelShape:
    """Build a built-in shape; a spelling with an owner is a repository of its own, another one a nickname."""
    entry = _entries()[name]
    try:
        shape = shape_from_config(entry["config"], name, entry["source"])
    except UserMistake as error:
        raise AssertionError(f"built-in model {name}: {error}") from error  # our data, so not the user's mistake
    if "/" in spelling:
        return replace(shape, name=spelling.rsplit("/", 1)[-1], repository=spelling)
    return replace(shape, repository=entry.get("repository", ""))
