"""A pasted log: what tells it from a question, and the words that a person put around it."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from knowledge.language import CJK
from knowledge.vocabulary import Language
from tools.fault.casebook import Casebook
from tools.fault.normalise import Line, lines_of
from tools.fault.signature import LogText

_FILE: Final = Path(__file__).with_suffix(".toml")
_LOOKED_AT: Final = 8000  # characters of a long text's beginning and of its end that tell what it is
_PREFIX: Final = 8  # characters that a logger puts before a line, at the least
_SIGNATURE: Final = 20  # literal characters; what is shorter may be the subject of a question as well
_CHINESE: Final = re.compile(f"[{CJK}]")
_WORD: Final = re.compile(r"[A-Za-z']+")
_KINDS: Final = ("traceback", "raised", "level", "fatal", "failure", "machine")
_ANY_CASE: Final = frozenset({"fatal", "failure"})


def is_log(text: str) -> bool:
    """Tell whether a message is, or holds, the output of a program that failed."""
    lines = _looked_at(text)
    if any(_says("traceback", line.pasted) or _says("raised", line.text) for line in lines):
        return True
    fatal = [line for line in lines if _is_fatal(line) and not _is_asked(line)]
    if fatal and (len(lines) > 1 or not text.rstrip().endswith(("?", "？"))):
        return True
    logged = [line for line in lines if _is_logged(line) or line.is_frame]
    return len(lines) > 1 and len(logged) > 1 and any(_says("failure", line.text) for line in lines)


def shows(casebook: Casebook, text: str) -> bool:
    """Tell whether a text has the error text of a pitfall in it, letter by letter."""
    said = LogText(_looked_at(text))
    signatures = (s for case in casebook.cases.values() for s in case.signatures)
    return any(not s.weak and s.literal >= _SIGNATURE and said.find(s) is not None for s in signatures)


def language_around(log: str) -> Language | None:
    """Return the language of the words around a log; None where there are none, or none that tell."""
    said = "\n".join(line.pasted for line in _looked_at(log) if _is_said(line))
    if _CHINESE.search(said):
        return "zh"
    asked = frozenset(str(_data()["asking"]).split())
    asking = {word for word in _WORD.findall(said.lower()) if word in asked}
    return "en" if len(asking) > 1 else None


def excerpt(log: str, lines: int = 24, characters: int = 2000) -> str:
    """Return the beginning and the end of a log, where errors stand; a mark stands for what lies between."""
    rows = log.split("\n")
    if len(rows) > lines:
        half = lines // 2
        rows = [*rows[:half], "…", *rows[-half:]]
    short = "\n".join(rows)
    return short if len(short) <= characters else f"{short[: characters // 2]}\n…\n{short[-characters // 2 :]}"


def _looked_at(text: str) -> Sequence[Line]:
    if len(text) > 2 * _LOOKED_AT:
        text = f"{text[:_LOOKED_AT]}\n{text[-_LOOKED_AT:]}"
    return lines_of(text)


def _is_fatal(line: Line) -> bool:
    return _says("fatal", line.text) or _says("level", line.pasted)


def _is_logged(line: Line) -> bool:
    """Tell whether a logger, a launcher or a container has put something before a line."""
    return len(line.text) + _PREFIX < len(line.pasted)


def _is_asked(line: Line) -> bool:
    return line.text.endswith(("?", "？"))


def _is_said(line: Line) -> bool:
    """Tell whether a person rather than a program wrote a line."""
    if line.is_frame or _is_logged(line) or _says("traceback", line.pasted):
        return False
    if _CHINESE.search(line.pasted):
        return True
    return not (_says("raised", line.text) or _is_fatal(line) or _says("machine", line.pasted))


def _says(kind: str, text: str) -> bool:
    return bool(_patterns()[kind].search(text))


@cache
def _patterns() -> Mapping[str, re.Pattern[str]]:
    return {
        kind: re.compile(
            "|".join(_data()[kind]).replace("{error}", str(_data()["error"])), re.IGNORECASE if kind in _ANY_CASE else 0
        )
        for kind in _KINDS
    }


@cache
def _data() -> Mapping[str, Any]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))
