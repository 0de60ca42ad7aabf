"""What the program says of failures, in Chinese: sentences of the code are looked up in `translation.toml`."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from knowledge.vocabulary import Language

_FILE: Final = Path(__file__).with_name("translation.toml")
_VARIES: Final = re.compile(r"\{(\w+)\}")
_FIELD: Final = re.compile(r"([\w.]{1,80}): ")  # a value's place, as in "relations.0.type: ..."
_STOP: Final = re.compile(r"(?<=[.?]) ")
_LONGEST: Final = 2_000  # characters; no message of ours is as long
_DEEPEST: Final = 4  # a reason of a reason of a reason


@dataclass(frozen=True, slots=True)
class Entry:
    """One sentence: its fixed parts with a name between each two, and its Chinese with the same names."""

    fixed: tuple[str, ...]
    names: tuple[str, ...]
    chinese: str

    def values(self, text: str) -> Mapping[str, str] | None:
        """Return what stands for each name where the text is this sentence."""
        first, last = self.fixed[0], self.fixed[-1]
        if not self.names:
            return {} if text == first else None
        end = len(text) - len(last)
        if len(first) > end or not text.startswith(first) or not text.endswith(last):
            return None
        found, begin = dict[str, str](), len(first)
        for name, fixed in zip(self.names, (*self.fixed[1:-1], None), strict=True):
            # The first place is right for every part but the last, which ends the text.
            until = end if fixed is None else text.find(fixed, begin, end)
            if until < begin or found.setdefault(name, text[begin:until]) != text[begin:until]:
                return None
            begin = until + len(fixed or "")
        return found


def told(message: str, remedy: str, language: Language) -> str:
    """Return what went wrong and what to do about it in a language, or as they are where the first is unknown."""
    chinese = in_chinese(message) if language == "zh" else ""
    return f"{chinese}{in_chinese(remedy) or remedy}" if chinese else f"{message} {remedy}".strip()


def translated(text: str, language: Language) -> str:
    """Return a message, with or without its remedy, in a language, or as it is where it is unknown."""
    return text if language == "en" else in_chinese(text) or text


def in_chinese(text: str) -> str:
    """Return what a message says, in Chinese, also one with its remedy behind it; an empty text where it is unknown."""
    if len(text) > _LONGEST:
        return ""
    for stop in _STOP.finditer(text):
        message = _sentence(text[: stop.start()])
        remedy = _sentence(text[stop.end() :]) if message else ""
        if remedy:
            return message + remedy
    field = _FIELD.match(text)
    rest = _sentence(text[field.end() :]) if field else ""
    return _sentence(text) or (f"{field[1]}：{rest}" if field and rest else "")


@cache
def entries() -> Sequence[Entry]:
    """Return every sentence, those with the longest fixed parts first."""
    read = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    found = [_entry(english, chinese) for section in read.values() for english, chinese in section.items()]
    return sorted(found, key=lambda entry: -sum(map(len, entry.fixed)))


def _entry(english: str, chinese: str) -> Entry:
    parts = _VARIES.split(english)
    return Entry(tuple(parts[::2]), tuple(parts[1::2]), chinese)


def _sentence(text: str, depth: int = _DEEPEST) -> str:
    for entry in entries():
        values = entry.values(text)
        if values is not None:
            parts = _VARIES.split(entry.chinese)
            parts[1::2] = [_value(values[name], depth - 1) for name in parts[1::2]]
            return "".join(parts)
    return ""


def _value(text: str, depth: int) -> str:
    """Return what stands in a sentence: a reason has Chinese of its own, several are parted by semicolons."""
    if not depth:
        return text
    return "；".join(_sentence(part, depth) or part for part in text.split("; "))
