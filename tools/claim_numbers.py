"""Quantities in English and Chinese text, comparable across units, scales and spellings."""

import re
from dataclasses import dataclass, replace
from typing import Final

_SCALES: Final[dict[str, float]] = {
    "hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "k": 1e3, "m": 1e6, "b": 1e9,
    "t": 1e12, "十": 10, "百": 1e2, "千": 1e3, "万": 1e4, "百万": 1e6, "千万": 1e7, "亿": 1e8, "十亿": 1e9,
    "百亿": 1e10, "千亿": 1e11, "万亿": 1e12,
}  # fmt: skip
# dimension, factor to its base, its units; a dimension of "" is a bare count.
_DIMENSIONS: Final[tuple[tuple[str, float, str], ...]] = (
    ("bytes", 1, "byte bytes 字节"), ("bytes", 1e3, "kb kilobytes"), ("bytes", 1e6, "mb megabyte megabytes"),
    ("bytes", 1e9, "gb gigabyte gigabytes"), ("bytes", 1e12, "tb terabyte terabytes"), ("bytes", 1e15, "pb"),
    ("bytes", 2**10, "kib"), ("bytes", 2**20, "mib"), ("bytes", 2**30, "gib"), ("bytes", 2**40, "tib"),
    ("bytes/s", 1e6, "mb/s"), ("bytes/s", 1e9, "gb/s"), ("bytes/s", 1e12, "tb/s"), ("bits", 1, "bit bits 比特 位"),
    ("flop/s", 1, "flop/s"), ("flop/s", 1e9, "gflop/s"), ("flop/s", 1e12, "tflop/s tflops"),
    ("flop/s", 1e15, "pflop/s"),
    ("s", 1e-9, "ns"), ("s", 1e-6, "us 微秒"), ("s", 1e-3, "ms 毫秒 millisecond milliseconds"),
    ("s", 1, "s sec second seconds 秒"), ("s", 60, "min minute minutes 分钟"), ("s", 3600, "h hour hours 小时"),
    ("s", 86400, "day days 天"), ("s", 604800, "week weeks 周"), ("ratio", 0.01, "% percent"),
    ("times", 1, "x times fold 倍"),
    ("watts", 1, "w watts 瓦"), ("money", 1, "$"), ("month", 1, "月"),
)  # fmt: skip
_UNITS: Final = {unit: (dimension, factor) for dimension, factor, units in _DIMENSIONS for unit in units.split()}
_WORDS: Final[dict[str, float]] = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11,
    "twelve": 12, "sixteen": 16, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70,
    "eighty": 80, "ninety": 90, "hundred": 100, "hundreds": 100, "thousand": 1000, "thousands": 1000, "million": 1e6,
    "millions": 1e6, "billions": 1e9, "dozen": 12, "tens": 10,
}  # fmt: skip
_SHARES: Final[dict[str, tuple[float, str]]] = {
    "half": (0.5, "ratio"), "halves": (0.5, "ratio"), "quarter": (0.25, "ratio"), "third": (1 / 3, "ratio"),
    "twice": (2, "times"), "double": (2, "times"), "doubles": (2, "times"), "triple": (3, "times"),
    "一半": (0.5, "ratio"),
    "翻倍": (2, "times"), "百分之百": (1, "ratio"), "a gigabyte": (1e9, "bytes"), "a terabyte": (1e12, "bytes"),
    "a megabyte": (1e6, "bytes"), "a kilobyte": (1e3, "bytes"),
}  # fmt: skip
_MONTHS: Final[tuple[str, ...]] = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_DIGITS: Final = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"两": 2}
_HAN: Final = "零一二两三四五六七八九十百千万亿"
_UNIT: Final = "|".join(sorted((re.escape(u) for u in _UNITS), key=len, reverse=True))
_CLASSIFIER: Final = "个|种|步|项|次|组|层|倍|台|张|块|条|篇|年|月|类|阶段|多|比特|位|小时|天|周|秒|分钟|道|名"

_NUMBER: Final = re.compile(
    rf"(?<![A-Za-z0-9_.@])(?P<share>百分之)?(?P<digits>\d+(?:,\d{{3}})*(?:\.\d+)?)"
    rf"(?:%?\s*(?:-|–|to|~|至|到)\s*(?P<upper>\d+(?:,\d{{3}})*(?:\.\d+)?))?(?P<han>\s*[十百千万亿]+)?"
    rf"(?:(?P<scale>[KkMBT])(?![A-Za-z])|[ -]?(?P<word>hundred|thousand|million|billion|trillion)s?\b)?"
    rf"(?:[- ]?[多余]?(?P<unit>{_UNIT})(?![A-Za-z]))?",
    re.IGNORECASE,
)
_SPELLED: Final = re.compile(
    rf"\b(?P<first>{'|'.join(_WORDS)})(?:[ -](?:of )?(?P<second>(?:hundred|thousand|million|billion|trillion)s?))?\b"
    rf"(?:[- ](?P<unit>{_UNIT})\b)?",
    re.IGNORECASE,
)
_FRACTION: Final = re.compile(
    r"(?P<below>[二三四五六七八九十])分之(?P<above>[一二三四五六七八九])"
    r"|\b(?P<count>one|two|three) (?P<part>third|quarter|fifth|tenth)s?\b",
    re.IGNORECASE,
)
_PARTS: Final[dict[str, int]] = {"third": 3, "quarter": 4, "fifth": 5, "tenth": 10, "one": 1, "two": 2, "three": 3}
_MORE: Final = re.compile(
    r"(?:more than|over|above|at least|exceeding|upwards of|超过|至少|不少于|高于|多于)\s*$", re.IGNORECASE
)
_LESS: Final = re.compile(
    r"(?:less than|fewer than|under|below|at most|up to|almost|nearly|不到|不足|至多|最多|少于|低于|近)\s*$",
    re.IGNORECASE,
)
_SHARE: Final = re.compile("|".join(rf"\b{s}\b" if s.isascii() else s for s in _SHARES), re.IGNORECASE)
_MONTH: Final = re.compile(rf"\b({'|'.join(_MONTHS)})\b(?=,? (?:of )?\d{{4}})", re.IGNORECASE)
_VAGUE: Final = ("tens", "hundreds", "thousands", "millions", "billions")
_EASILY_COUNTED: Final = 3  # "the two phases" of what a passage names one by one
_CHINESE: Final = re.compile(
    rf"(?P<ordinal>第)?(?P<vague>[数几上])?(?P<han>[{_HAN}]+)(?=多?(?:{_CLASSIFIER}))(?:多?(?P<unit>{_UNIT}))?"
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its dimension ("" for a count); `low` and `high` differ for a range; offsets into the text.

    `bound` is 1 for "more than", -1 for "less than"; `loose` marks a share or a small count in words, which may
    be worked out from others; `bare` is the number without its unit, where the unit may stand elsewhere.
    """

    low: float
    high: float
    dimension: str
    start: int
    end: int
    bound: int = 0
    loose: bool = False
    bare: float = 0.0

    def agrees(self, other: "Quantity") -> bool:
        """Tells whether both can speak of the same amount, up to rounding; a bare count may leave its unit unsaid."""
        slack = 0.0 if "year" in (self.dimension, other.dimension) else 0.02 * max(abs(other.low), abs(other.high))
        if self.dimension != other.dimension:
            return "" in (self.dimension, other.dimension) and self.bare == other.bare != 0
        if self.bound * other.bound < 0 and self.low == other.low:
            return False
        above, below = (1.5 if self.bound > 0 else 1.0), (0.5 if self.bound < 0 else 1.0)
        return self.high * above >= other.low - slack and self.low * below <= other.high + slack

    def comparable(self, other: "Quantity") -> bool:
        """Tells whether one could stand in the other's place: the same dimension, and counts of like size."""
        if self.dimension != other.dimension:
            return False
        return bool(self.dimension) or 0.01 <= (self.low or 1) / (other.low or 1) <= 100


def quantities(text: str) -> tuple[Quantity, ...]:
    """Returns the numbers in a text by place; digits within names (A100, FP16, 8x7B) are not numbers."""
    found = [_from_digits(match) for match in _NUMBER.finditer(text) if not _within_name(text, match)]
    found += [
        Quantity(n, n, "month", m.start(), m.end())
        for m in _MONTH.finditer(text)
        for n in [_MONTHS.index(m[1].lower()) + 1.0]
    ]
    found += [_fraction(match) for match in _FRACTION.finditer(text)]
    taken = [(q.start, q.end) for q in found]
    for match in (*_SPELLED.finditer(text), *_SHARE.finditer(text), *_CHINESE.finditer(text)):
        if all(match.end() <= start or match.start() >= end for start, end in taken) and (q := _from_words(match)):
            found.append(q)
            taken.append((q.start, q.end))
    return tuple(replace(q, bound=_bound(text, q)) for q in sorted(found, key=lambda q: q.start))


def _bound(text: str, quantity: Quantity) -> int:
    before = text[max(0, quantity.start - 14) : quantity.start]
    if _MORE.search(before) or text[quantity.end : quantity.end + 1] in {"多", "余"}:
        return 1
    return -1 if _LESS.search(before) else 0


def _within_name(text: str, match: re.Match[str]) -> bool:
    after = text[match.end() : match.end() + 1]
    before = text[match.start() - 1 : match.start()]
    joined = before in {"-", "/"} and text[match.start() - 2 : match.start() - 1].isalpha()
    return joined or (after.isascii() and (after.isalnum() or after == "_"))


def _fraction(match: re.Match[str]) -> Quantity:
    if match["part"]:
        value = _PARTS[match["count"].lower()] / _PARTS[match["part"].lower()]
    else:
        value = _han_value(match["above"]) / _han_value(match["below"])
    return Quantity(value, value, "ratio", match.start(), match.end(), loose=True)


def _from_digits(match: re.Match[str]) -> Quantity:
    low = float(match["digits"].replace(",", ""))
    high = float(match["upper"].replace(",", "")) if match["upper"] else low
    scale = 1.0
    if han := (match["han"] or "").strip():
        scale = _SCALES.get(han, 0.0) or _han_value(han)
    elif word := (match["scale"] or match["word"]):
        scale = _SCALES[word.lower()]
    dimension, factor = _UNITS[match["unit"].lower()] if match["unit"] else ("", 1.0)
    if match["share"]:
        dimension, factor = "ratio", 0.01
    if not dimension and scale == 1 and low == high and 1950 <= low <= 2100 and "," not in match["digits"]:
        dimension = "year"
    value = (low * scale * factor, high * scale * factor)
    return Quantity(*value, dimension, match.start(), match.end(), bare=low * scale)


def _from_words(match: re.Match[str]) -> Quantity | None:
    groups = match.groupdict()
    unit = groups.get("unit")
    dimension, factor = _UNITS[unit.lower()] if unit else ("", 1.0)
    spread = 1.0
    if "first" in groups:
        value = _WORDS[groups["first"].lower()]
        spread = 10.0 if groups["first"].lower() in _VAGUE else 1.0
        if groups["second"]:
            value *= _SCALES[groups["second"].lower().removesuffix("s")]
    elif "han" in groups:
        value = _han_value(groups["han"])
        spread = 10.0 if groups["vague"] else 1.0
        if value <= 1 or groups["ordinal"]:  # "一个" is an article
            return None
    else:
        value, dimension = _SHARES[match[0].lower()]
    loose = dimension in ("ratio", "times") or value <= _EASILY_COUNTED
    low, high = value * factor, value * factor * spread
    return Quantity(low, high, dimension, match.start(), match.end(), loose=loose, bare=value)


def _han_value(han: str) -> float:
    """Returns the value of a Chinese numeral such as 三百二十 or 两千万."""
    total = section = 0.0
    digit: float | None = None
    for character in han:
        if character in _DIGITS:
            digit = _DIGITS[character]
        elif character in "十百千":
            section += (1 if digit is None else digit) * _SCALES[character]
            digit = None
        else:
            total = (total + section + (digit or 0) or 1) * _SCALES[character]
            section, digit = 0.0, None
    return total + section + (digit or 0)
