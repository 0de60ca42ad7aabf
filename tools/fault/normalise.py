"""A pasted log without what differs from run to run, line by line."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

MAX_CHARACTERS: Final = 400_000  # of a log; of a longer one the beginning and the end are read, where errors stand
_HEAD: Final = 100_000

_ANSI: Final = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])|[\x00-\x08\x0b\x0c\x0e-\x1f]"
)
_BARE_ANSI: Final = re.compile(r"\[(?:\d{1,3}(?:;\d{1,3})*)m")  # where the escape character got lost in copying
# What launchers, containers and loggers put before a line; taken off again and again.
_LEVEL: Final = r"(?:TRACE|DEBUG|INFO|WARN(?:ING)?|ERROR|CRITICAL|FATAL)"
_PREFIX: Final = re.compile(
    rf"""\s*(?:
      (?:\[[^\]\n]{{0,40}}?)?\b(?:rank|RANK|local_rank|Rank)[ _:=]?\d+(?:[^\]\n]{{0,20}}\])?[:|]?\s
    | \[(?:default|rank|worker|node)?\d+(?:,\d+)?\](?:(?:<std(?:err|out)>)?:\s*|\s)   # [1,0]<stderr>:
    | \((?:\w+\s)?(?:pid|ip)=[^)\n]{{1,60}}\)\s                                    # (VllmWorker pid=1)
    | \((?:EngineCore|APIServer|Worker|VllmWorker|RayWorker)[^)\n]{{0,60}}\)\s
    | [\w.-]{{1,40}}\s*\|\s                                                        # vllm-1  |
    | \[?\d{{4}}[-/]\d\d?[-/]\d\d?[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:\s?(?:Z|[+-]\d\d:?\d\d|UTC))?\]?[,:]?\s
    | \[?\d\d[-/]\d\d(?:/\d{{4}})?[ ]\d\d:\d\d:\d\d(?:[.,]\d+)?\]?\s
    | -\s(?:{_LEVEL}|[\w.]{{2,40}})\s-\s                                           # - INFO -
    | \[?\d\d:\d\d:\d\d(?:[.,]\d+)?\]?\s
    | (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\s+\d\d?\s\d\d:\d\d:\d\d\s
      (?:[\w.-]+\s)?(?:[\w./-]+(?:\[\d+\])?:\s)?                                   # syslog
    | {_LEVEL}\b[:\s]
    | \[{_LEVEL}[^\]\n]{{0,20}}\]:?\s
    | \[[\w./-]{{1,60}}\.(?:py|cc|cpp|cu|h|go|rs)(?::\d+)?(?::\w+)?\]\s             # [core.py:718]
    | [IWEF]\d{{4}}\s\d\d:\d\d:\d\d\.\d+\s+\d+\s[\w./-]+:\d+\]\s                   # glog
    | >+\s | \|\s | E\s{{3,}}                                                      # quoted, boxed, pytest
    )""",
    re.VERBOSE,
)
_PROGRESS: Final = re.compile(
    r"(?:[\w .()/-]{0,60}:\s*)?\d{1,3}%\|[^|\n]*\|\s*(?:[\d.,]+[kMGT]?/[\d.,?]+[kMGT]?i?B?\s*)?"
    r"(?:\[[^\]\n]*\])?|[█▏▎▍▌▋▊▉━╸╺#=>-]{8,}"
)
_ESCAPED_END: Final = re.compile(r"\\r?\\n|\\n")  # of a line within a quoted text
_FRAME: Final = re.compile(r"""\s*(?:File "[^"\n]*", line \d+|at [\w.$<>]+\(|frame #\d+:|#\d+ 0x)""")
_BOX: Final = re.compile(r"^[\s│║┃╭╰╮╯─═+|-]+$|^\s*[│┃║]\s?|\s?[│┃║]\s*$")
_QUOTES: Final = str.maketrans({"“": "'", "”": "'", "‘": "'", "’": "'", '"': "'", "`": "'"})
_SPACE: Final = re.compile(r"\s+")
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs"})  # control and format characters, halves of surrogate pairs


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a log: its `number` from 1 on, as it was pasted, and without prefixes and colours."""

    number: int
    pasted: str
    text: str
    is_frame: bool = False  # of a traceback: a place in the code rather than a message


def lines_of(log: str) -> tuple[Line, ...]:
    """Return the lines of a log that say something; progress bars and empty lines say nothing."""
    found: list[Line] = []
    for number, pasted in _numbered(log):
        text = _ANSI.sub("", pasted.replace("\r", " "))
        text = _BARE_ANSI.sub("", unicodedata.normalize("NFKC", text) if not text.isascii() else text)
        text = _BOX.sub("", _BOX.sub("", text))
        text = _ESCAPED_END.sub(" ", _PROGRESS.sub(" ", _unprefixed(text)))
        if any(character.isalnum() for character in text):
            found.append(Line(number, pasted.strip(), text.strip(), is_frame=bool(_FRAME.match(text))))
    return tuple(found)


def _numbered(log: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that are read with their numbers in the whole log."""
    if len(log) <= MAX_CHARACTERS:
        yield from enumerate(log.replace("\r\n", "\n").split("\n"), 1)
        return
    rest = _HEAD - MAX_CHARACTERS
    yield from enumerate(log[:_HEAD].replace("\r\n", "\n").split("\n"), 1)
    yield from enumerate(log[rest:].replace("\r\n", "\n").split("\n"), log.count("\n", 0, rest + len(log)) + 1)


def shown(line: str) -> str:
    """Return a line of a log as people see it: without colours and what cannot be seen."""
    text = _BARE_ANSI.sub("", _ANSI.sub("", line.replace("\t", "    ").replace("\r", " ")))
    return "".join(sign for sign in text if unicodedata.category(sign) not in _UNSEEN)


def folded(text: str) -> str:
    """Return a text as signatures are compared: in lower case, one kind of quotes, single spaces."""
    return _SPACE.sub(" ", text.translate(_QUOTES)).lower().strip()


def _unprefixed(text: str) -> str:
    while (prefix := _PREFIX.match(text)) and prefix.end() < len(text):
        text = text[prefix.end() :]
    return text


_VARYING: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s'\")>]+"), "URL"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE), "ID"),
    (re.compile(r"\b0x[0-9a-f]+\b|\b[0-9a-f]{12,64}\b", re.IGNORECASE), "ADDRESS"),
    (re.compile(r"(?<![\w.])(?:~|\.{1,2}|[A-Za-z]:)?(?:[/\\][\w.@+=-]+){2,}[/\\]?"), "PATH"),
    (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b"), "HOST"),
    (re.compile(r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)?\b|\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b"), "TIME"),
    (re.compile(r"(?<![\w.])\d+(?:[.,]\d+)*(?=(?:[a-zA-Z%]{1,3})?\b)"), "N"),
)


def without_values(text: str, stand_in: str = "") -> str:
    """Return a text with its paths, numbers, addresses and times replaced by what they are, or by one stand-in."""
    for pattern, kind in _VARYING:
        text = pattern.sub(stand_in or kind, text)
    return text
