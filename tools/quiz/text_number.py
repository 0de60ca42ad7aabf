"""Cloze items: a sentence of a note in which a number is missing, and how that number may be written."""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from knowledge.language import CJK
from knowledge.vocabulary import Language
from tools.quiz.item import Item, Misconception, identity
from tools.quiz.material import Material, Sentence
from tools.quiz.text_name import same
from tools.quiz.text_prose import GAP, prose
from tools.quiz.wording import say

_WORDING: Final = "text_cloze"
_NUMBER: Final = re.compile(
    r"(?<![\w.,/$*^{<>=~+×:-])\d+(?:,\d{3})*(?:\.\d+)?(?![\w/*^}<>=+×:]|[.,]\d|-\d|\s?[-–~至到]\s?\d)"
)
_CODE: Final = re.compile(r"`[^`]*`|“[^”]*”|\"[^\"]*\"|\[[^\]]*\]")
# A bound, a guess or a range can be met by other numbers as well.
_VAGUE: Final[dict[Language, re.Pattern[str]]] = {
    "en": re.compile(
        r"(?:more|less|fewer|greater|better|larger|smaller|higher|lower|longer|shorter|older|newer|later|earlier) than|"
        r"\b(?:over|under|above|below|about|around|roughly|nearly|almost|up to|at least|at most|least|most|some|beyond|"
        r"between|from|to|and|or|by|approximately|perhaps|typically|usually|often|within|exceeds?|until|since|before|"
        r"after|than|until|every|first|last|in)$",
        re.IGNORECASE,
    ),
    "zh": re.compile(
        r"(?:超过|不到|不足|大于|小于|高于|低于|多于|少于|至少|最多|最少|至多|大约|约|近|接近|几乎|左右|达到?|以上|以下|"
        r"一个|两个|从|到|至|和|或|及|与|、|～|第|前|后|了|每|比如|例如|每隔|多达|高达|起|自|在|于)\s*$"
    ),
}
_VAGUE_AFTER: Final = re.compile(
    r"^\s?(?:or (?:more|less|fewer|newer|later|higher)|and (?:more|above|up)|to \d|(?:%|\w+)\s?(?:or|to)\s(?:more|\d)|"
    rf"多|余|来|几|[{CJK}]?(?:以上|以下|左右|以内|以前|以后|之前|之后|上下|多|余)|\.|,|，|。|年|月|日|版|起|、|和 ?\d|"
    r"个?[例如]|and\b|or\b|\))"
)
_RANGE: Final = re.compile(r"\s?(?:to|or|and|到|至|或|以上|以下|以内|左右|多)\s?\d?")
_LABEL: Final = re.compile(
    r"(?:[A-Z][\w+.]*|\b(?:stage|version|rank|step|level|code|port|figure|table|phase|rule|layer|type|id|line|position|"
    r"item|error|page|chapter|seed|part|exit)|阶段|版本|端口|代码|第)\s?$"
)
_UNIT: Final = re.compile(
    r"\s?(%|(?:billion|million|trillion|tokens?|parameters|layers|bytes?|bits|[KMGT]i?B(?:/s)?|dimensions|questions|"
    r"problems|tasks|languages|subjects|pieces|rows|entries|words|heads|examples|steps|experts|categories|points|"
    r"results|control tokens|repositories|samples|numbers|buckets|rules|models|pages|hours|minutes|seconds|days|"
    r"characters|messages|processes|threads|values|functions|domains|nats|TFLOPS?)\b(?! (?:to|or) )|"
    r"亿|万|层|字节|位(?!数)|维|题|道|种|步|"
    r"个(?:token|子词|词表项|字节|维度|任务|类别|学科|问题|样本|语言)?|分|行|类|页|小时|分钟|秒|天|条|门)"
)
_NEAR: Final[dict[Language, int]] = {"en": 24, "zh": 12}  # characters; the subject stands at the beginning
_SMALL: Final = 5  # 2, 3 or 4 of something are too often true of something else
# What follows from other numbers of the sentence, or was chosen for an example.
_DERIVED: Final = re.compile(
    r"\b(?:therefore|thus|would|then|hence|when|if|a million|says|instead of|examples?|e\.g\.|for instance|suppose)\b|"
    r"因此|为例|如果|当|可以显示|例如|比如|假设|示例|实例|约[^，。]{0,6}\d",
    re.IGNORECASE,
)
_WORDS: Final[dict[Language, Sequence[str]]] = {
    "en": ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"],
    "zh": "零一二三四五六七八九十",
}


@dataclass(frozen=True, slots=True)
class _Number:
    """A number of a sentence that is said once and exactly; `unit` follows it."""

    text: str
    unit: str
    start: int
    end: int

    @property
    def value(self) -> float:
        return float(self.text.replace(",", ""))


def numbers(material: Material, concept: str, language: Language, rng: random.Random) -> Iterator[Item]:
    """Yield items that ask for a number which a sentence of the note gives exactly."""
    found = [s for s in prose(material, concept, language) if s.heading.split(" > ")[-1] not in ("Example", "示例")]
    rng.shuffle(found)
    asked: set[str] = set()
    for sentence in found:
        number = _asked(sentence)
        if number is not None and number.text not in asked and _begins_with(material, concept, sentence, number):
            asked.add(number.text)
            yield _item(material, sentence, number, language)


def _begins_with(material: Material, concept: str, sentence: Sentence, number: _Number) -> bool:
    """Tell whether the subject of a sentence, before the number, is the note itself."""
    names = same(material.graph.notes[concept])
    head = sentence.text[: number.start].lower()
    return any(0 <= head.find(name.lower()) < _NEAR[sentence.language] for name in names)


def _asked(sentence: Sentence) -> _Number | None:
    """Return the only number of a sentence that may be asked for."""
    text = _CODE.sub(lambda code: "\0" * len(code[0]), sentence.text)
    if _DERIVED.search(text):
        return None
    matches = list(_NUMBER.finditer(text))
    fit = [number for match in matches if (number := _read(text, match, sentence.language)) is not None]
    if len(fit) != 1 or len(matches) > 2 or sentence.text.count(fit[0].text) > 1:
        return None
    return fit[0]


def _read(text: str, match: re.Match[str], language: Language) -> _Number | None:
    """Return a number that is said with its unit and exactly: no year, no version, no bound, no end of a range."""
    before, after = text[: match.start()].rstrip(), text[match.end() :]
    unit = _UNIT.match(after)
    value = float(match[0].replace(",", ""))
    is_year = re.fullmatch(r"(?:19|20)\d\d", match[0]) is not None
    if unit is None or is_year or (value < _SMALL and "." not in match[0]) or _LABEL.search(before):
        return None
    if _VAGUE[language].search(before[-40:]) or _VAGUE_AFTER.match(after) or _RANGE.match(after[unit.end() :]):
        return None
    if "\0" in after[:2] or before.endswith(("\0", "(", "（")):
        return None
    return _Number(match[0], unit[1], match.start(), match.end())


def _item(material: Material, sentence: Sentence, number: _Number, language: Language) -> Item:
    fact = f"number:{sentence.note}:{number.text}"
    text = f"{sentence.text[: number.start]}{GAP}{sentence.text[number.end :]}"
    title = material.graph.notes[sentence.note].title_in(language)
    low, high = _shown(number.value / 2), _shown(number.value * 3)
    return Item(
        id=identity("text_number", fact, "cloze", language),
        fact=fact,
        type="cloze",
        concept=sentence.note,
        level=1,
        language=language,
        origin="graph",
        stem=f"{say(_WORDING, 'number', language)}\n\n> {text}",
        explanation=say(_WORDING, "number_explained", language, number=number.text, sentence=sentence.text),
        citations=(material.citation(sentence),),
        accepted=spellings(number.text, number.unit, language),
        misconceptions=tuple(_slips(number.value, language)),
        hints=(
            say(_WORDING, "number_subject", language, title=title),
            say(_WORDING, "number_between", language, low=low, high=high),
        ),
        checks={"key": "the number stands in the cited sentence", "unique": "said once, exactly, with its unit"},
    )


def _slips(value: float, language: Language) -> Iterator[Misconception]:
    for factor, name in ((0.1, "tenth"), (10.0, "tenfold")):
        yield Misconception(_shown(value * factor), say(_WORDING, f"number_{name}", language), value * factor)


def spellings(number: str, unit: str, language: Language) -> tuple[str, ...]:
    """Return how a number may be written: with or without its unit and its commas, as a word where it is small."""
    plain = number.replace(",", "")
    forms = [number, plain]
    if plain.isdigit() and int(plain) >= 1000:
        forms.append(f"{int(plain):,}")
    if plain.isdigit() and int(plain) < len(_WORDS[language]):
        forms.append(_WORDS[language][int(plain)])
    forms += [f"{form}{space}{unit}" for form in list(forms) for space in (" ", "")]
    return tuple(dict.fromkeys(forms))


def _shown(value: float) -> str:
    return f"{value:.3g}" if value < 1000 else f"{round(value):,}"
