"""A number with its unit as a learner types it, in the unit of the key."""

import math
import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from knowledge.errors import UserMistake
from knowledge.vocabulary import Language
from tools.calculators.unit import BYTE_UNITS, COUNT_UNITS
from tools.quiz.wording import say

_FILLER: Final = re.compile(
    r"^(?:about|approx(?:imately|\.)?|around|roughly|nearly|circa|ca\.|it(?:'s| is)|the answer is|answer\s*[:=]"
    r"|大约是?|大概是?|约为?|约等于|差不多|答案[是为:]?|应该是|等于|[~≈=])\s*",
    re.IGNORECASE,
)
_NUMBER: Final = re.compile(
    r"(?P<sign>[+-]?)(?P<digits>\d{1,3}(?:[ _']\d{3})+(?:\.\d+)?|\d[\d,]*(?:\.\d+)?|\.\d+)"
    r"(?:e(?P<e>[+-]?\d{1,3})(?![a-z])|\s?[x×*·]\s?10\s?\^\s?(?P<ten>[+-]?\d{1,3})|\s?\^\s?(?P<power>\d{1,3}))?",
    re.IGNORECASE,
)
_GROUPED: Final = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+")
_LONGEST: Final = 80  # characters; more than any number with its unit
_FAMILIES: Final[tuple[tuple[str, float, str], ...]] = (
    ("byte", 1, "b byte bytes 字节"), ("byte", 1e3, "kilobyte kilobytes"), ("byte", 1e6, "megabyte megabytes 兆字节"),
    ("byte", 1e9, "gigabyte gigabytes"), ("byte", 1e12, "terabyte terabytes"), ("byte", 2**10, "kibibyte kibibytes"),
    ("byte", 2**20, "mebibyte mebibytes"), ("byte", 2**30, "gibibyte gibibytes"),
    ("bit", 1, "bit bits 位 比特"),
    ("s", 1e-9, "ns nanosecond nanoseconds 纳秒"), ("s", 1e-6, "us µs μs microsecond microseconds 微秒"),
    ("s", 1e-3, "ms millisecond milliseconds 毫秒"), ("s", 1, "s sec secs second seconds 秒"),
    ("s", 60, "min mins minute minutes 分钟 分"), ("s", 3600, "h hr hrs hour hours 小时"),
    ("s", 86400, "d day days 天 日"),
    ("", 1, "x times × 倍"), ("", 0.01, "% percent 个百分点"),
    ("token", 1, "token tokens tok toks 词元 个token 个tokens 个词元"),
    ("flop", 1, "flop flops 次浮点运算 次浮点"),
    ("parameter", 1, "parameter parameters param params 参数 个参数"),
    ("request", 1, "request requests req reqs 请求 个请求 次请求"),
    ("sequence", 1, "sequence sequences seq seqs 序列 个序列 条序列"),
    ("gpu", 1, "gpu gpus 张gpu 块gpu 个gpu 张卡 块卡 卡 张显卡 块显卡"),
    ("layer", 1, "layer layers 层"), ("step", 1, "step steps 步"), ("block", 1, "block blocks 块 个块"),
    ("example", 1, "example examples sample samples 样本 个样本 条样本 条"),
    ("user", 1, "user users 用户 个用户"),
)  # fmt: skip
_UNITS: Final = {name: (factor, family) for family, factor, names in _FAMILIES for name in names.split()}
_DIMENSIONS: Final = frozenset({"byte", "bit", "s"})  # whose multiples have names of their own
_COUNTED: Final = frozenset(family for _, family in _UNITS.values()) - _DIMENSIONS - {""}
_RATES: Final = {"tps": "token/s", "t/s": "token/s", "rps": "request/s", "qps": "request/s"}
_PREFIXES: Final = {"k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12, "p": 1e15, "e": 1e18}
_WORDS: Final = {
    "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "千": 1e3, "百万": 1e6, "千万": 1e7, "十亿": 1e9,
}  # fmt: skip
_SCALES: Final[dict[str, float]] = {**COUNT_UNITS, **_WORDS}
_SCALE: Final = re.compile("|".join(sorted((re.escape(s) for s in _SCALES if s), key=len, reverse=True)))
_SCALED: Final = re.compile(rf"({_SCALE.pattern})\s*(?<![A-Za-z](?=[A-Za-z]))(\S.*)")
_COUNTERS: Final = re.compile(r"^[个张块层步次条倍]?")


@dataclass(frozen=True, slots=True)
class Number:
    """A number in the unit of the key; `stated` is as it was typed, `unit` the unit typed with it, if any."""

    value: float
    stated: float
    unit: str


def read_number(text: str, unit: str, language: Language) -> Number:
    """Read "12.5 GB", "about 12", "1.2e9", "1,073,741,824" or "１２．５" as an amount of `unit`.

    Raises UserMistake for what is no number, could be two, or has a unit of another kind.
    """
    plain = unicodedata.normalize("NFKC", text).strip().rstrip("。!?;,").removesuffix(".").strip()
    plain = plain.replace("−", "-").replace("左右", "").strip()
    while filler := _FILLER.match(plain):
        plain = plain[filler.end() :]
    number = _NUMBER.match(plain) if len(plain) <= _LONGEST else None
    if number is None:
        raise _mistake("no_number", language, text, unit)
    stated = _value(number, unit, text, language)
    typed = plain[number.end() :].strip()
    if re.match(r"[.,]\d", typed):
        raise _mistake("no_number", language, text, unit)
    if re.match(r"[-~–—至到]\s*\d|(?:to|or|或)\s*\d", typed):
        raise _mistake("two_numbers", language, text, unit)
    factor = _factor(typed, unit, text, language)
    value = stated * factor
    if not math.isfinite(value):
        raise _mistake("no_number", language, text, unit)
    return Number(value, stated, typed)


def measure(unit: str) -> tuple[float, str]:
    """Return a unit's size and what it measures: ("GiB/s") is (2**30, "byte/s"); an unknown unit measures itself."""
    scale = _SCALED.match(unit.strip())
    if scale and scale[2].lower() in _UNITS:
        factor, family = measure(scale[2])
        return _SCALES[scale[1]] * factor, family
    text = unit.strip().strip("()").lower()
    text = re.sub(r"\s*(?:/|\bper\b|每)\s*", "/", _RATES.get(text.replace(" ", ""), text))
    if text.endswith("ps") and not text.endswith("flops") and len(text) > 3:
        text = text[:-2] + "/s"  # GBps, TFLOPps
    above, _, below = text.partition("/")
    factor, family = _simple(above)
    if not below:
        return factor, family
    below_factor, below_family = _simple(below)
    return factor / below_factor, f"{family}/{below_family}"


def _simple(unit: str) -> tuple[float, str]:
    """Measure a unit without a quotient."""
    text = unit.replace(" ", "")
    if text.upper() in BYTE_UNITS:
        return float(BYTE_UNITS[text.upper()]), "byte"
    if text in _UNITS:
        return _UNITS[text]
    if text[:1] in _PREFIXES and text[1:] in {"flop", "flops", "token", "tokens", "bit", "bits"}:
        return _PREFIXES[text[0]], _UNITS[text[1:]][1]
    return 1.0, text.removesuffix("s")


def _value(number: re.Match[str], unit: str, text: str, language: Language) -> float:
    digits = re.sub(r"[ _']", "", number["digits"])
    if not _GROUPED.fullmatch(digits):
        raise _mistake("ambiguous_number", language, text, unit)
    value = float(number["sign"] + digits.replace(",", ""))
    if number["power"]:
        return _power(value, int(number["power"]))
    return value * _power(10.0, int(number["e"] or number["ten"] or 0))


def _power(base: float, exponent: int) -> float:
    try:
        return base**exponent
    except OverflowError:
        return math.inf


def _factor(typed: str, unit: str, text: str, language: Language) -> float:
    """Return by what a stated number is multiplied to be in the key's unit."""
    if not typed:
        return 1.0
    size, family = measure(unit)
    typed_size, typed_family = measure(typed)
    if typed_family == family or (family == "flop/s" and typed.lower().endswith("flops") and typed_family == "flop"):
        return typed_size / size
    if not family and typed_family in _COUNTED:
        return typed_size
    if family == "byte" and typed.upper() in {"K", "M", "G", "T"}:
        raise _mistake("ambiguous_unit", language, text, unit)
    scale = _SCALE.match(typed)
    if scale and family not in _DIMENSIONS:
        rest = _COUNTERS.sub("", typed[scale.end() :].strip())
        rest_size, rest_family = measure(rest) if rest else (1.0, family)
        if rest_family == family or (not family and rest_family in _COUNTED):
            return _SCALES[scale[0]] * rest_size / size
    raise _mistake("wrong_unit", language, text, unit)


def _mistake(key: str, language: Language, text: str, unit: str) -> UserMistake:
    shown = text.strip()[:_LONGEST]
    message = say("grading", key, language, value=repr(shown))
    return UserMistake(message, say("grading", f"{key}_remedy", language, example=f"12.5 {unit}".strip()))
