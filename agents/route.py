"""Where a message belongs, decided by rules: a slash command always works, and obvious cases need no model."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from agents.advice_request import AdviceJourney, advice_request
from agents.pasted_log import is_log
from agents.record_request import RecordJourney, record_request
from knowledge.errors import UserMistake
from knowledge.language import content_terms
from tools.calculators.request import Request, commanded, recognised

Journey = Literal["learn", "calculate", "check", "search", "talk", "help", "fix"] | RecordJourney | AdviceJourney

LONGEST_MESSAGE: Final = 4000  # characters
LONGEST_LOG: Final = 200_000  # characters of a log that is pasted into a message
_COMMANDS: Final[dict[str, Journey]] = {
    "ask": "learn",
    "learn": "learn",
    "check": "check",
    "search": "search",
    "calc": "calculate",
    "recommend": "recommend",
    "compare": "compare",
    "fix": "fix",
    "guide": "guide",
    "quiz": "quiz",
    "review": "review",
    "progress": "progress",
    "path": "path",
    "next": "next",
    "help": "help",
}
_WITHOUT_TEXT: Final = frozenset({"guide", "quiz", "review", "progress", "next", "help"})
_SMALL_TALK: Final = re.compile(
    r"(?:hi|hello|hey|good (?:morning|evening|afternoon)|thanks?(?: you)?(?: so much| a lot)?|thx|bye|goodbye|see you|"
    r"how are you(?: today)?|nice|cool|great|ok(?:ay)?|who are you|what are you|what can you do|"
    r"你好|您好|嗨|早上好|晚上好|谢谢(?:你|您)?|多谢|再见|拜拜|好的|不错|太好了|你是谁|你能做什么|你会什么)"
    r"(?: there| atlas)?",
    re.IGNORECASE,
)
_CHECK: Final = re.compile(
    r"^(?:is it true that|is it correct that|true or false:?|fact check:?|check (?:this|the) claim:?)\s+(.+)$|"
    r"^(?:判断对错|判断正误|核查|这句话对吗)[:：]\s*(.+)$",
    re.IGNORECASE | re.DOTALL,
)
# Words that point back at what was said; the weak ones do so only in a message that names nothing itself.
_POINTS_BACK: Final = re.compile(
    r"\b(?:it|its|they|them|their|the (?:former|latter|first one|second one))\b|它|前者|后者|这个|那个|上面|刚才",
    re.IGNORECASE,
)
_MAY_POINT_BACK: Final = re.compile(
    r"\b(?:that|this|these|those|one|ones|also|instead|else|more|again|same)\b|"
    r"^(?:and|but|so|or|why|how|really|what about|how about|for example)\b|"
    r"其|此|还有|那么|再|继续|举例|比如|为什么[?？]?$",
    re.IGNORECASE,
)
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs"})  # control and format characters, halves of surrogate pairs
_COMMAND: Final = re.compile(r"/([a-z]+)(?![a-z0-9_/.-])\s*(.*)", re.IGNORECASE | re.DOTALL)  # "/v1/models" is none


@dataclass(frozen=True, slots=True)
class Route:
    """The journey a message starts, and the text it starts it with; `request` is what there is to calculate.

    One that is not sure may as well mean another journey, where its own comes to nothing.
    """

    journey: Journey
    text: str
    request: Request | None = None
    is_command: bool = False
    is_sure: bool = True


@dataclass(frozen=True, slots=True)
class Known:
    """What the notes know that a message may speak of: the tools it names, and whether it shows a known error."""

    tools: Callable[[str], Sequence[str]] = lambda _: ()
    is_error: Callable[[str], bool] = lambda _: False


def clean(message: str, longest: int = LONGEST_MESSAGE) -> str:
    """Return a message without control and invisible characters.

    Raises UserMistake for an empty or overlong one.
    """
    text = visible(message).strip()
    if not text:
        raise UserMistake(
            "the question is empty.", "Ask in words, in English or Chinese.", "问题是空的。请用中文或英文提问。"
        )
    if len(text) > longest:
        raise _too_long(text, longest)
    return text


def visible(text: str) -> str:
    """Return a text without control and invisible characters, which can hide what it says; lines end in a newline."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(sign for sign in text if sign in "\n\t" or unicodedata.category(sign) not in _INVISIBLE)


def route(message: str, known: Known | None = None) -> Route:
    """Return where a cleaned message belongs; only a log may be longer than other messages.

    Raises UserMistake for an unknown slash command, one to calculate without a known model, and an overlong message.
    """
    found = _commanded(message) or _obvious(message, known or Known())
    if found is None:
        request = recognised(message)
        found = Route("calculate" if request else "learn", message, request)
    if found.journey != "fix" and len(message) > LONGEST_MESSAGE:
        raise _too_long(message, LONGEST_MESSAGE)
    return found


def _commanded(message: str) -> Route | None:
    command = _COMMAND.match(message)
    if command is None:
        return None
    journey = _COMMANDS.get(command[1].lower())
    if journey is None:
        known = ", ".join(f"/{name}" for name in _COMMANDS)
        zh = f"没有 /{command[1]} 这个命令。可用的命令：{known}。"
        raise UserMistake(f"there is no command {'/' + command[1]!r}.", f"There are {known}.", zh)
    if journey not in _WITHOUT_TEXT and not command[2].strip():
        zh = f"/{command[1]} 后面需要内容，请写在命令之后。"
        raise UserMistake(f"{'/' + command[1]!r} needs a text.", f"Write it after /{command[1]}.", zh)
    text = command[2].strip()
    return Route(journey, text, commanded(text) if journey == "calculate" else None, is_command=True)


def _obvious(message: str, known: Known) -> Route | None:
    """Return the journey that plain words ask for; a log before the others, since it may hold any words."""
    claim = _CHECK.match(message)
    if claim:
        return Route("check", next(group for group in claim.groups() if group).strip(" ?？"))
    if is_log(message):
        return Route("fix", message)
    return _worded(message, known) if len(message) <= LONGEST_MESSAGE else None


def _worded(message: str, known: Known) -> Route | None:
    if _SMALL_TALK.fullmatch(message.strip(" .,!?~。！？，～")):
        return Route("talk", message)
    asked = record_request(message)
    if asked is not None:
        journey, text = asked
        return Route(journey, text)
    advice = advice_request(message, known.tools)
    if advice is not None:
        return Route(advice.journey, message, is_sure=advice.is_sure)
    return Route("fix", message) if known.is_error(message) else None


def _too_long(text: str, longest: int) -> UserMistake:
    remedy = f"Ask in at most {longest:,} characters; add long texts as notes instead."
    zh = f"问题有 {len(text):,} 个字符。最多 {longest:,} 个字符，长文本请作为笔记添加。"
    return UserMistake(f"the question has {len(text):,} characters.", remedy, zh)


def leans_on_history(message: str, *, names_a_note: bool) -> bool:
    """Tell whether a message can only be understood from what was said before it."""
    if not content_terms(message) or _POINTS_BACK.search(message):
        return True
    return not names_a_note and bool(_MAY_POINT_BACK.search(message))
