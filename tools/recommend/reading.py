"""Constraints read from a task in free English or Chinese text, by rules, each with the words it was read from."""

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from knowledge.language import mentions
from knowledge.library import Library
from tools.calculators import model_catalogue
from tools.calculators.amount import take_amounts
from tools.calculators.mention import Sentence, count_of, take_cards, take_models
from tools.calculators.request import COUNT
from tools.recommend.constraints import Constraints, Hardware, Said, Strength, hardware
from tools.recommend.wording import load, mixed, phrases

CLAUSE: Final = re.compile(
    r"[,.;:!?，。；：！？、\n](?!\d)|\b(?:but|and|while|though)\b|但是?|而且|不过|并且", re.IGNORECASE
)
_NO_CARD: Final = re.compile(  # memory of a computer or a size of data, no card
    r"\d+(?:\.\d+)?\s*[gt]i?b?\s*(?:of\s+)?(?:的\s*)?(?:system |main |cpu )?(?:ram|memory\b(?! card)|laptop|macbook"
    r"|computer|pc|machine|phone|data|disk|text|corpus|jsonl|parquet|logs?|pdfs?|电脑|笔记本|手机|机器|内存|数据|语料|硬盘|文本|日志)",
    re.IGNORECASE,
)
_GPUS: Final = re.compile(
    rf"(?<![\w.-])({COUNT}) ?(?:x )?(?:[\w.-]+ ){{0,2}}?(?:gpus?\b|cards\b)"
    rf"|({COUNT}) ?(?:张|块|个) ?(?:显?卡|gpu)|([单双两四八])卡",
    re.IGNORECASE | re.ASCII,
)
_ITEMS: Final = re.compile(
    r"(\d[\d,.]*)\s?(thousand|million|billion|k|m|b|百|千|万|百万|千万|亿)?\s?(?:条|个|份|篇)?\s?"
    r"(?:[a-z]+ )?(?:vectors?|embeddings?|documents?|docs|pdfs|passages|chunks|records|向量|文档|文本|记录|数据|段落)",
    re.IGNORECASE,
)
_USERS: Final = re.compile(
    r"(\d[\d,]*)\s?(?:多|\+)?\s?(?:concurrent |simultaneous |parallel )?"
    r"(?:users|requests|people|employees|customers|developers|students|clients|(?:个|名|位)?\s?(?:并发|用户|人|员工|请求|客户))",
    re.IGNORECASE,
)
_TIMES: Final = {
    "": 1, "k": 1_000, "thousand": 1_000, "m": 1_000_000, "million": 1_000_000, "b": 10**9, "billion": 10**9, "百": 100,
    "千": 1_000, "万": 10_000, "百万": 1_000_000, "千万": 10_000_000, "亿": 10**8,
}  # fmt: skip
_DENIABLE: Final = frozenset({"system", "device"})
_DENIAL: Final = re.compile(
    r"(?:\b(?:no|not|without|never|non-?|isn.t)(?: (?:a|an|on|any|use|using|have|need))*|不是|没有|不用|非|不装|没) ?$",
    re.IGNORECASE,
)
_CJK_COUNTS: Final = {"单": 1, "双": 2, "两": 2, "四": 4, "八": 8}


def read(text: str, library: Library) -> Constraints:
    """Return the constraints that a task states."""
    found: dict[str, Any] = {}
    said: dict[str, Said] = {}
    _rules(text, found, said)
    _hardware(text, found, said)
    _amounts(text, found, said)
    named, used, excluded = _tools(text, library)
    found |= {"named": named, "used": used, "excluded": excluded}
    for name in ("named", "used", "excluded"):
        if found[name]:
            said[name] = Said(", ".join(found[name]), "hard" if name == "excluded" else "soft")
    return Constraints(**found, said=MappingProxyType(said))


def rule_spans(text: str) -> list[tuple[int, int]]:
    """Return where the rules find something, with the words before it that deny it: "no Linux"."""
    spans: list[tuple[int, int]] = []
    for field, _, _, pattern in _compiled():
        for match in pattern.finditer(text):
            denial = _DENIAL.search(text[: match.start()]) if field in _DENIABLE else None
            spans.append((denial.start() if denial else match.start(), match.end()))
    return spans


def _rules(text: str, found: dict[str, Any], said: dict[str, Said]) -> None:
    """Apply the rules of constraints.toml; a field takes its first match, the licence all that differ."""
    for field, value, hard, pattern in _compiled():
        match = next((m for m in pattern.finditer(text) if field not in _DENIABLE or not _denied(text, m)), None)
        if match is None or (field in found and field != "licence"):
            continue
        strength = _strength(text, match, hard)
        if field == "licence":
            if found.get("licence") and {value, *found["licence"]} & {"Apache-2.0 or MIT"}:
                continue  # the narrower demand has been read from the same words
            found["licence"] = (*found.get("licence", ()), value)
        else:
            found[field] = value == "yes" if value == "yes" else value
        said[field] = Said(match[0].strip(), strength)
    if found.get("cpu_only") and found.get("device") != "apple-gpu":
        found.pop("device", None)
        said.pop("device", None)
    if found.get("offline") and found.get("place") == "hosted":
        found.pop("place")
        said.pop("place")


def _denied(text: str, match: re.Match[str]) -> bool:
    """Tell whether the words before say that it is not so: "no Linux", "不是 Windows"."""
    return bool(_DENIAL.search(text[: match.start()]))


def strength_in(text: str, words: str) -> Strength:
    """Return how binding some words of a text are, by their clause; soft where nothing says that they bind."""
    match = re.search(re.escape(words), text, re.IGNORECASE)
    return "soft" if match is None else _strength(text, match, hard=_demands_hard(match[0]))


def _demands_hard(words: str) -> bool:
    listed: Mapping[str, list[str]] = load("constraints")["demand"]
    return any(mixed(patterns).search(words) for patterns in listed.values())


def _strength(text: str, match: re.Match[str], hard: bool) -> Strength:
    """Return how binding a constraint is, by the words of its own clause."""
    start = max((m.end() for m in CLAUSE.finditer(text, 0, match.start())), default=0)
    after = CLAUSE.search(text, match.end())
    clause = text[start : after.start() if after else len(text)]
    words = _strengths()
    if words["soft"].search(clause) and not words["hard"].search(clause):
        return "soft"
    return "hard" if hard or words["hard"].search(clause) else "soft"


def _hardware(text: str, found: dict[str, Any], said: dict[str, Said]) -> None:
    """Read the model first, since its name holds numbers, then the cards."""
    sentence = Sentence(_NO_CARD.sub(lambda m: "\x01" * len(m[0]), text))
    models = take_models(sentence)
    if models:
        found["model"] = model_catalogue.find(models[0].name).name
        said["model"] = Said(models[0].name, "soft")
    before = sentence.text
    cards = () if found.get("cpu_only") else take_cards(sentence)
    if cards:
        number = _GPUS.search(text)
        count = (
            (count_of(number[1] or number[2]) if number[1] or number[2] else _CJK_COUNTS[number[3]]) if number else 0
        )
        read_cards = tuple(
            hardware(card.name, card.count or count or 1, card.taken_for.en if card.taken_for else "") for card in cards
        )
        if found.get("device") in {None, *(card.device for card in read_cards)}:
            found["accelerators"] = read_cards
            found["device"] = read_cards[0].device
            words = " ".join(a for a, b in zip(before, sentence.text, strict=True) if a != b) or cards[0].name
            said["accelerators"] = said["device"] = Said(_joined(words, read_cards))
    if "device" in found and found["device"] == "apple-gpu" and "system" not in found:
        found["system"] = "macos"
        said["system"] = Said(said["device"].words)


def _joined(words: str, cards: tuple[Hardware, ...]) -> str:
    """Return the words of the cards as they stood, without the gaps between characters."""
    return words.replace("   ", "\0").replace(" ", "").replace("\0", " ") or cards[0].name


def _amounts(text: str, found: dict[str, Any], said: dict[str, Said]) -> None:
    amounts = take_amounts(Sentence(text))
    for name in ("context", "method", "quant"):
        if amounts.get(name):
            found[name] = amounts[name]
            said[name] = Said(str(amounts[name]), "soft")
    for name, pattern in (("users", _USERS), ("items", _ITEMS)):
        match = pattern.search(text)
        if match:
            times = _TIMES[(match[2] or "").lower()] if name == "items" else 1
            digits = match[1].replace(",", "").rstrip(".")
            if digits.count(".") <= 1:
                found[name] = int(float(digits) * times)
                said[name] = Said(match[0], "soft")

    if found.get("context") is not None and found.get("context") == found.get("items"):
        found.pop("context")  # "200k docs" is a number of documents
        said.pop("context")


def _tools(text: str, library: Library) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return the tools that a text weighs, has in use already, and does not want."""
    marked, order = _marked(text, library)
    one = "\x02[\\w-]+\x03"
    row = rf"{one}(?:\s*(?:,|，|、|/|or|and|nor|和|或者?|以及|与)\s*(?:the )?{one})*"
    listed: Mapping[str, list[str]] = load("constraints")["exclusion"]
    latin = "|".join(word for word in listed["before"] if word.isascii())
    chinese = "|".join(word for word in listed["before"] if not word.isascii())
    excluded = _ids(rf"(?:(?<![A-Za-z])(?:{latin})\s+|(?:{chinese})\s*)({row})", marked)
    excluded |= _ids(rf"({row})\s*(?:{'|'.join(listed['after'])})", marked)
    latin = "|".join(word for word in listed["using"] if word.isascii())
    chinese = "|".join(word for word in listed["using"] if not word.isascii())
    used = _ids(rf"(?:(?<![A-Za-z])(?:{latin})\s+|(?:{chinese})\s*)({row})", marked) - excluded
    named = tuple(name for name in order if name not in excluded | used)
    return named, tuple(n for n in order if n in used), tuple(n for n in order if n in excluded)


def _ids(pattern: str, marked: str) -> set[str]:
    places = re.finditer(pattern, marked, re.IGNORECASE)
    return {name for place in places for name in re.findall("\x02([\\w-]+)\x03", place[1])}


def _marked(text: str, library: Library) -> tuple[str, list[str]]:
    """Return the text with each name of a tool replaced by its id between marks, and the ids in order."""
    ordinary = set(load("constraints")["ordinary"]["names"])
    for name in sorted(_tool_names(library), key=len, reverse=True):
        if name not in text.lower() or not mentions(name, text.lower()):
            continue
        tool = library.names[name][0]
        place = re.search(rf"(?<![A-Za-z0-9\x02-]){re.escape(name)}(?![A-Za-z0-9\x03-])", text, re.IGNORECASE)
        if place is None or (tool in ordinary and place[0] == place[0].lower()):
            continue
        text = re.sub(
            rf"(?<![A-Za-z0-9\x02-]){re.escape(name)}(?![A-Za-z0-9\x03-])", f"\x02{tool}\x03", text, flags=re.I
        )
    return text, list(dict.fromkeys(re.findall("\x02([\\w-]+)\x03", text)))


def _tool_names(library: Library) -> list[str]:
    return [n for n, ids in library.names.items() if len(n) > 2 and library.notes[ids[0]].tool is not None]


@cache
def _compiled() -> tuple[tuple[str, str, bool, re.Pattern[str]], ...]:
    return tuple(
        (rule["field"], rule["value"], rule["hard"], phrases(rule["latin"], rule["chinese"]))
        for rule in load("constraints")["rule"]
    )


@cache
def _strengths() -> Mapping[str, re.Pattern[str]]:
    listed: Mapping[str, list[str]] = load("constraints")["strength"]
    return {name: mixed(words) for name, words in listed.items()}
