"""Secrets in pasted text, put out of sight before anything else reads it.

The patterns are our own: the scanners there are look for secrets in source code. They name the line of a secret and not
its end, keep their settings in a process-wide object, and know few of the keys of this field.
"""

import re
import string
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

_FILE: Final = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True, slots=True)
class Masked:
    """A text without its secrets, and how many of each kind it had."""

    text: str
    kinds: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Secret:
    """A kind of secret; a text without any of the `hints` has none, and a `harmless` value is none."""

    kind: str
    harmless: re.Pattern[str]
    hints: tuple[str, ...]
    pattern: re.Pattern[str]


def mask(text: str) -> Masked:
    """Return a text with each secret replaced by a placeholder such as ‹masked:openai-key›."""
    kinds: Counter[str] = Counter()
    lower = text.lower()
    for secret in _secrets():
        if any(hint in lower for hint in secret.hints):

            def replaced(match: re.Match[str], secret: _Secret = secret) -> str:
                value = match["secret"]
                if secret.harmless.fullmatch(value):
                    return match[0]
                kinds[secret.kind] += 1
                at = match.start("secret") - match.start()
                quote = value[0] if value[0] in "\"'" else ""
                return f"{match[0][:at]}{quote}‹masked:{secret.kind}›{quote}{match[0][at + len(value) :]}"

            text = secret.pattern.sub(replaced, text)
    return Masked(text, MappingProxyType(dict(kinds)))


@cache
def _secrets() -> tuple[_Secret, ...]:
    """Read the kinds of secrets; one pattern for each way of writing them."""
    data = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    parts = {name: data[name] for name in ("quoted", "bare", "is")}
    return tuple(secret for entry in data["secret"] for secret in _compiled(entry, data["harmless"], parts))


def _compiled(entry: Mapping[str, Any], harmless: list[str], parts: Mapping[str, str]) -> list[_Secret]:
    values = "|".join([*harmless, *([entry["harmless"]] if "harmless" in entry else [])])
    none = re.compile(rf"""["']?(?:{values})?["']?""", re.IGNORECASE)
    patterns = [f"(?P<secret>{pattern})" for pattern in entry.get("whole", ())]
    patterns += [string.Template(pattern).substitute(parts) for pattern in entry.get("within", ())]
    return [_Secret(entry["kind"], none, tuple(entry["hints"]), re.compile(pattern)) for pattern in patterns]
