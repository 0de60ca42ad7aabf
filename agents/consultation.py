"""A consultation: the task that a session asks advice on, as it stands now, kept with the turns of the session."""

import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from agents.desk import Turn
from knowledge.language import question_language
from knowledge.library import Library
from knowledge.vocabulary import Language
from tools.calculators.mention import COUNT, count_of
from tools.recommend.constraints import Constraints
from tools.recommend.reading import read
from tools.recommend.scoring import Need, needs
from tools.recommend.wording import say as said_by_advice

_FILE: Final = Path(__file__).with_suffix(".toml")
_LONGEST: Final = 240  # characters of a message that only adds to a task
_WORDLESS: Final = 40  # characters of one that may go without a word that leads on
_COUNT: Final = re.compile(
    rf"(?<![\w.-])({COUNT}) ?(?:x )?(?:gpus?|cards)\b|([\d单双两四八]+) ?(?:张|块|个)? ?(?:显?卡|gpu)", re.IGNORECASE
)
_CJK_COUNTS: Final = {"单": 1, "双": 2, "两": 2, "四": 4, "八": 8}
_MAY_LEAVE: Final = ("ask_track", "ask_trace")  # questions that yes or no answers
_STAYS: Final[dict[Language, str]] = {
    "en": "the data must stay on our own servers",
    "zh": "数据必须留在自己的服务器上",
}
_MAY_GO: Final[dict[Language, str]] = {"en": "a hosted service would be nice", "zh": "可以的话用托管服务"}
# A new word on one of a group takes back what was said on all of it.
_GROUPS: Final = (frozenset({"accelerators", "device", "cpu_only"}), frozenset({"offline", "place"}))
_OPPOSITES: Final = {"one-user": "many-users", "many-users": "one-user"}
_ADDED: Final = frozenset({"named", "used", "excluded"})  # what joins what was said before


@dataclass(frozen=True, slots=True)
class Consultation:
    """What advice was given on: the task in the person's own words, the tools advised, and what was asked back."""

    task: str
    language: Language
    tools: tuple[str, ...] = ()  # ids, the best first
    question: str = ""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What a message makes of a consultation: its task as it stands now, or tools to set beside each other for it."""

    consultation: Consultation
    compared: tuple[str, ...] = ()


_adapter: Final = TypeAdapter(Consultation)


def kept(consultation: Consultation) -> str:
    """Return what a turn keeps of a consultation."""
    return _adapter.dump_json(consultation).decode()


def open_consultation(turns: Sequence[Turn]) -> Consultation | None:
    """Return the consultation that a session is in, which other questions may have interrupted."""
    latest = next((turn.consultation for turn in reversed(turns) if turn.consultation), "")
    return _adapter.validate_json(latest) if latest else None


def follow_up(message: str, consultation: Consultation, library: Library) -> FollowUp | None:
    """Return what a message adds to a consultation, or None where it speaks of something else."""
    text = " ".join(message.split())
    if len(text) > _LONGEST:
        return None
    spoken = replace(consultation, language=_language(text, consultation.language))
    rival = _rival(text, consultation, library)
    if rival:
        return FollowUp(spoken, (*consultation.tools[:1], rival))
    answered = _yes_or_no(text, consultation)
    if answered:
        return FollowUp(replace(spoken, task=_joined(consultation.task, answered), question=""))
    bare = _patterns()["lead"].sub("", text)
    leads = _says("leads", text) or bool(consultation.question)
    if _says("asks", bare) or not (leads or (len(text) <= _WORDLESS and not text.endswith(("?", "？")))):
        return None
    task = _changed(consultation.task, text, bare, library, leads=leads)
    return None if task is None else FollowUp(replace(spoken, task=task, question=""))


def _rival(text: str, consultation: Consultation, library: Library) -> str:
    """Return the tool that a message such as "why not SGLang?" puts forward, or an empty text."""
    match = _patterns()["rival"].search(text)
    if match is None or not consultation.tools:
        return ""
    named = library.named(next(group for group in match.groups() if group))
    return named.id if named and named.tool and named.id != consultation.tools[0] else ""


def _yes_or_no(text: str, consultation: Consultation) -> str:
    """Return what yes or no says to a question on where data may go."""
    asked = {said_by_advice(key, consultation.language) for key in _MAY_LEAVE}
    if consultation.question not in asked:
        return ""
    if _says("yes", text):
        return _MAY_GO[consultation.language]
    return _STAYS[consultation.language] if _says("no", text) else ""


def _changed(task: str, text: str, bare: str, library: Library, *, leads: bool) -> str | None:
    """Return a task with what a message says of it; None where the message says nothing that counts.

    A message without words that lead on counts only where it states a constraint.
    """
    before, more = read(task, library), read(text, library)
    said = {name for name in more.said if getattr(more, name)}
    if _says("release", text) and said:
        freed = _without(task, before, said)
        return freed if freed != task else None
    cards = _counted(task, before, bare)
    if cards is not None:
        return cards
    if not leads and not said - {"named"}:
        return None
    # Hardware tells by itself for how many people it is.
    wishes = set[str]() if more.device else _names(needs(text, Constraints()))
    kept_task = _without(task, before, said - _ADDED, {_OPPOSITES[name] for name in wishes & _OPPOSITES.keys()})
    now = _joined(kept_task, bare)
    is_new = _values(read(now, library)) != _values(before) or _names(needs(now, more)) != _names(needs(task, more))
    return now if is_new else None


def _counted(task: str, before: Constraints, bare: str) -> str | None:
    """Return a task with another number of the same cards."""
    match = _COUNT.search(bare)
    if match is None or not before.accelerators:
        return None
    count = count_of(match[1]) if match[1] else _CJK_COUNTS.get(match[2]) or int(match[2])
    freed = _without(task, before, {"accelerators"})
    return _joined(freed, f"{count}x {before.accelerators[0].name}")


def _without(task: str, before: Constraints, names: Collection[str], wishes: Collection[str] = ()) -> str:
    """Return a task without the words from which some constraints and needs were read."""
    gone = {*names, *(name for group in _GROUPS if not group.isdisjoint(names) for name in group)}
    words = [before.said[name].words for name in gone if name in before.said]
    words += [need.words for need in needs(task, before) if need.name in wishes]
    for phrase in sorted(words, key=len, reverse=True):
        letters = "".join(phrase.split())
        if letters:
            pattern = r"(?:\b(?:on|for|with|in|to)\s+)?" + r"\s*".join(map(re.escape, letters))
            task = re.sub(pattern, "", task, count=1, flags=re.IGNORECASE)
    return re.sub(r"\s+(?=[,.;?!，。；？！])|(?<=\s)\s+|[,，](?=\s*[,，.。])", "", task).strip(" ,，;；")


def _joined(task: str, more: str) -> str:
    task, more = task.rstrip(" .?。？"), more.strip(" .?。？")
    gap = "；" if question_language(task + more) == "zh" else "; "
    return f"{task}{gap}{more}"


def _values(constraints: Constraints) -> dict[str, object]:
    return {one.name: getattr(constraints, one.name) for one in fields(constraints) if one.name != "said"}


def _names(wishes: Sequence[Need]) -> set[str]:
    return {need.name for need in wishes}


def _language(text: str, known: Language) -> Language:
    """Return the language of a message; names and numbers alone are in none."""
    words = re.findall(r"(?<![\w-])[a-z]{2,}(?![\w-])", text)
    return "zh" if question_language(text) == "zh" else "en" if len(words) > 1 else known


def _says(kind: str, text: str) -> bool:
    return bool(_patterns()[kind].search(text))


@cache
def _patterns() -> Mapping[str, re.Pattern[str]]:
    listed: Mapping[str, list[str]] = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {kind: re.compile("|".join(texts), re.IGNORECASE) for kind, texts in listed.items()}
