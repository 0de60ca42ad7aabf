"""Models, cards and amounts as people mention them inside a sentence, in English or Chinese."""

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tools.calculators import accelerator, model_catalogue
from tools.calculators.derivation import Text
from tools.calculators.loose_name import normal

_PART: Final = re.compile(r"[a-z]+|\d+(?:\.\d+)?", re.IGNORECASE | re.ASCII)
_LONGEST_NAME: Final = 9  # parts; "RTX PRO 6000 Blackwell Workstation Edition" has six
_MOST: Final = 3  # cards; who names more asks for something else than one calculation
TAKEN: Final = "\x01"  # stands where something has been read, so that nothing is read twice
_COUNTS: Final[dict[str, int]] = {
    "a": 1, "an": 1, "one": 1, "single": 1, "two": 2, "dual": 2, "three": 3, "four": 4, "quad": 4, "six": 6, "eight": 8,
    "sixteen": 16, "单": 1, "一": 1, "两": 2, "双": 2, "二": 2, "三": 3, "四": 4, "六": 6, "八": 8, "十六": 16,
}  # fmt: skip
COUNT: Final = (
    rf"(?:\d{{1,4}}|\b(?:{'|'.join(word for word in _COUNTS if word.isascii())})\b|十六|[单一两双二三四六八])"
)
_BEFORE: Final = re.compile(rf"(?<![\w.,-])({COUNT})\s*(?:x|×|\*|张|块|卡|片|个)?\s*$", re.IGNORECASE | re.ASCII)
_AFTER: Final = re.compile(rf"\s*[x×*]\s*(\d{{1,3}})(?![\w.])|\s*({COUNT})\s*(?:张|块|卡|片)", re.IGNORECASE | re.ASCII)
_NEAR_SIZE: Final = re.compile(r"\s*\(?(\d{1,3})\s*gi?b?\b\)?", re.IGNORECASE | re.ASCII)
_SIZE_BEFORE: Final = re.compile(r"(?<![\w.])(\d{1,3})\s*gi?b?\s*(?:的\s*)?$", re.IGNORECASE | re.ASCII)
_NO_CARD_BEFORE: Final = re.compile(
    r"(?:port|context|ctx|length|len|batch|sequence|steps?|rank|epochs?|端口|上下文|长度|批)\s*"
    r"(?:size|of|=|:|：|为|是)?\s*$",
    re.IGNORECASE | re.ASCII,
)
_NO_CARD_AFTER: Final = re.compile(
    r"\s*(?:tokens?\b|k\b|ctx\b|context\b|steps?\b|个|词元|上下文)", re.IGNORECASE | re.ASCII
)
_FAMILIES: Final = (
    "llama", "qwen", "gemma", "mistral", "deepseek", "olmo", "opt", "pythia", "yi", "glm", "smollm", "codellama",
)  # fmt: skip
_FAMILY: Final = re.compile(
    rf"(?<![\w-])(?P<family>{'|'.join(_FAMILIES)})[- ]?(?P<version>\d(?:\.\d)?)?[- ]"
    r"(?P<size>\d+(?:\.\d+)?) ?b(?![a-z0-9])"
    rf"|(?<![\w.-])(?P<size2>\d+(?:\.\d+)?) ?b[- ]?(?:的\s*)?(?P<family2>{'|'.join(_FAMILIES)})"
    r"(?:[- ]?(?P<version2>\d(?:\.\d)?))?(?![a-z0-9])",
    re.IGNORECASE | re.ASCII,
)
# A size alone stands for a well-known model of that size.
_TYPICAL: Final[dict[str, str]] = {
    "0.5": "Qwen2.5-0.5B", "0.6": "Qwen3-0.6B", "1": "Llama-3.2-1B", "1.5": "Qwen2.5-1.5B", "3": "Llama-3.2-3B",
    "4": "Qwen3-4B", "7": "Qwen2.5-7B", "8": "Llama-3.1-8B", "13": "Llama-2-13B", "14": "Qwen3-14B", "32": "Qwen3-32B",
    "34": "Yi-34B", "65": "LLaMA-1-65B", "70": "Llama-3.1-70B", "72": "Qwen2.5-72B", "175": "GPT-3-175B",
    "405": "Llama-3.1-405B", "671": "DeepSeek-V3",
}  # fmt: skip
_BARE: Final = re.compile(
    r"(?:^|[\u3000-\u9fff\uff00-\uffef,.:;(]\s*|\b(?:a|an|the|of|for|my|this|our|tune|tuning|train|training|serve|serving"
    r"|run|running|load|loading|with|q?lora)\s+)(?P<size>\d+(?:\.\d+)?) ?b(?:illion)?[- ]?"
    r"(?:(?:parameter|param|dense)s? )?(?:(?:language )?models?\b|llms?\b|的?\s*(?:大?语言)?(?:大?模型|参数))",
    re.IGNORECASE | re.ASCII,
)
# A memory size alone stands for a card that is sold with it.
_CARD_OF_SIZE: Final[dict[int, str]] = {
    8: "RTX 4060", 12: "RTX 4070", 16: "RTX 4080", 24: "RTX 4090", 32: "RTX 5090", 40: "A100 40GB", 48: "L40S",
    80: "A100 SXM 80GB", 96: "H20", 141: "H200", 192: "MI300X",
}  # fmt: skip
_SIZE: Final = re.compile(r"(?<![\w.])(\d{1,3}) ?gi?b?\b(?!\s*(?:of data|dataset|/s))", re.IGNORECASE | re.ASCII)


class Sentence:
    """A sentence that is read piece by piece: what has been taken is not read again."""

    def __init__(self, text: str) -> None:
        self.text = text

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Return the first place of a pattern, and take it."""
        found = pattern.search(self.text)
        if found is not None:
            self.cut(*found.span())
        return found

    def cut(self, start: int, end: int) -> None:
        """Take what stands between two offsets."""
        self.text = self.text[:start] + TAKEN * (end - start) + self.text[end:]

    def names(self, is_known: Callable[[str], bool], stands: Callable[[int, int], bool]) -> list[tuple[int, int]]:
        """Return the places of all known names, the longest where several begin; `stands` may refuse a place."""
        parts = [match.span() for match in _PART.finditer(self.text)]
        found: list[tuple[int, int]] = []
        at = 0
        while at < len(parts):
            after = at + 1
            for last in range(_last_joined(self.text, parts, at), at - 1, -1):
                start, end = parts[at][0], parts[last][1]
                if is_known(self.text[start:end]) and stands(start, end):
                    found.append((start, end))
                    after = last + 1
                    break
            at = after
        return found


@dataclass(frozen=True, slots=True)
class Model:
    """A model that is mentioned; `taken_for` says that a vague mention stands for it."""

    name: str
    taken_for: Text | None = None


@dataclass(frozen=True, slots=True)
class Cards:
    """A card that is mentioned, and how many; 0 where the sentence does not say."""

    name: str
    count: int = 0
    taken_for: Text | None = None


def count_of(word: str) -> int:
    """Return the number that a word or digits say."""
    return int(word) if word.isdecimal() else _COUNTS[word.lower()]


def take_models(sentence: Sentence) -> list[Model]:
    """Take all models that are named; without one, a family with a size, or a size alone."""

    def stands(start: int, end: int) -> bool:
        return not re.search(r"[\w-]$", sentence.text[:start], re.ASCII) and not sentence.text[end : end + 1].isalnum()

    places = sentence.names(model_catalogue.known, stands)
    named = [Model(sentence.text[start:end]) for start, end in places]
    for place in places:
        sentence.cut(*place)
    if named:
        return list({model_catalogue.find(model.name).name: model for model in named}.values())
    vague = _of_family(sentence) or _of_size(sentence)
    return [vague] if vague else []


def take_cards(sentence: Sentence) -> list[Cards]:
    """Take all cards that are named, each with its number; without one, a machine, or a memory size alone."""

    def stands(start: int, end: int) -> bool:
        before, after = sentence.text[:start], sentence.text[end:]
        if sentence.text[start:end].isdecimal() and (_NO_CARD_BEFORE.search(before) or _NO_CARD_AFTER.match(after)):
            return False
        starts = re.search(r"\d\s*[x×*]$", before, re.IGNORECASE | re.ASCII) or not re.search(
            r"[\w.'’-]$", before, re.ASCII
        )
        return bool(starts and re.match(r"s?(?![a-z0-9])|x\d", after, re.IGNORECASE | re.ASCII))

    found: list[Cards] = []
    while len(found) < _MOST and (places := sentence.names(accelerator.known, stands)):
        found.append(_counted(sentence, *places[0]))
    if not found and (card := _of_machine(sentence) or _of_memory(sentence)):
        found.append(card)
    return found


def _last_joined(text: str, parts: list[tuple[int, int]], at: int) -> int:
    """Return the last part that may belong to one name with the part `at`."""
    last = at
    while last + 1 < min(len(parts), at + _LONGEST_NAME) and re.fullmatch(
        r"[-_ ]?", text[parts[last][1] : parts[last + 1][0]]
    ):
        last += 1
    return last


def _of_family(sentence: Sentence) -> Model | None:
    found = _FAMILY.search(sentence.text)
    if found is None:
        return None
    family = (found["family"] or found["family2"]).lower()
    size, version = found["size"] or found["size2"], found["version"] or found["version2"] or ""
    names = [name for name in model_catalogue.names() if _is_of(normal(name).split(), family, version, size)]
    if not names:
        return None
    sentence.cut(*found.span())
    return Model(names[-1], _taken(found[0], names[-1]))


def _is_of(parts: list[str], family: str, version: str, size: str) -> bool:
    """Tell whether the parts of a full name begin with the family and its version, and name this size first."""
    sizes = [one for one, unit in itertools.pairwise(parts) if unit == "b"]
    return parts[0] == family and parts[1].startswith(version) and sizes[:1] == [size]


def _of_size(sentence: Sentence) -> Model | None:
    found = _BARE.search(sentence.text)
    name = _TYPICAL.get(found["size"]) if found else None
    if found is None or name is None:
        return None
    sentence.cut(found.start("size"), found.end("size") + 1)
    return Model(name, _taken(f"{found['size']}B", name))


def _counted(sentence: Sentence, start: int, end: int) -> Cards:
    """Take one named card with its memory size and its number."""
    name = sentence.text[start:end]
    sized = _NEAR_SIZE.match(sentence.text, end) or _SIZE_BEFORE.search(sentence.text[:start])
    if sized and accelerator.known(f"{name} {sized[1]}GB"):
        name = f"{name} {sized[1]}GB"
    if sized:
        sentence.cut(*sized.span())
        start, end = min(start, sized.start()), max(end, sized.end())
    before = _BEFORE.search(sentence.text[:start])
    after = _AFTER.match(sentence.text, end + (sentence.text[end : end + 1] in {"s", "S"}))
    for match in (before, after):
        if match:
            sentence.cut(*match.span())
    sentence.cut(start, end)
    count = before[1] if before else (after[1] or after[2]) if after else ""
    is_article = count.lower() in {"a", "an"}
    return Cards(name, 0 if is_article or not count else count_of(count))


def _of_machine(sentence: Sentence) -> Cards | None:
    found = sentence.take(re.compile(r"\b(?:kaggle|colab)\b", re.IGNORECASE | re.ASCII))
    if found is None:
        return None
    machine = accelerator.find_machine(found[0])
    return Cards(machine.accelerator.name, machine.count, _taken(found[0], machine.name))


def _of_memory(sentence: Sentence) -> Cards | None:
    found = _SIZE.search(sentence.text)
    name = _CARD_OF_SIZE.get(int(found[1])) if found else None
    if found is None or name is None:
        return None
    sentence.cut(*found.span())
    before = _BEFORE.search(sentence.text[: found.start()])
    return Cards(name, count_of(before[1]) if before else 0, _taken(f"{found[1]} GB", name))


def _taken(said: str, name: str) -> Text:
    return Text(f"“{said.strip()}” is taken for {name}.", f"“{said.strip()}”按 {name} 计算。")
