"""Plain words that ask which tool to use, or which of some named ones."""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

AdviceJourney = Literal["recommend", "compare"]
Named = Callable[[str], Sequence[str]]  # the tools that a text names

_FILE: Final = Path(__file__).with_suffix(".toml")
_LONGEST: Final = 1200  # characters; what is longer tells a story rather than a wish


@dataclass(frozen=True, slots=True)
class AdviceRequest:
    """A wish for advice; one that is not sure may as well ask something else."""

    journey: AdviceJourney
    is_sure: bool = True


def advice_request(message: str, named: Named) -> AdviceRequest | None:
    """Return the advice that a message asks for, or None; `named` tells which tools a text names."""
    text = " ".join(message.split())
    if len(text) > _LONGEST or _says(text, "no", "choice"):
        return None
    if _says(text, "wish", "choice") and not _says(text, "no", "named") and len(named(text)) > 1:
        return AdviceRequest("compare")
    if _says(text, "no", "tool"):
        return None
    if _says(text, "wish", "sure"):
        return AdviceRequest("recommend")
    return AdviceRequest("recommend", is_sure=False) if _says(text, "wish", "likely") else None


def _says(text: str, table: str, key: str) -> bool:
    return bool(_patterns()[table, key].search(text))


@cache
def _patterns() -> Mapping[tuple[str, str], re.Pattern[str]]:
    data: Mapping[str, Mapping[str, Any]] = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    parts = {name: "".join(part.split("\n")) for name, part in data["parts"].items()}
    return {
        (table, key): re.compile("|".join(_filled(text, parts) for text in data[table][key]), re.IGNORECASE)
        for table in ("wish", "no")
        for key in data[table]
    }


def _filled(pattern: str, parts: Mapping[str, str]) -> str:
    for name, part in parts.items():
        pattern = pattern.replace(f"{{{name}}}", part)
    return pattern
