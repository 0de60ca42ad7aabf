"""The numbers and choices of a calculation as a sentence states them: context, batch, formats, training method."""

import re
from collections.abc import Callable
from typing import Final

from knowledge.errors import UserMistake
from tools.calculators.mention import Sentence
from tools.calculators.unit import parse_tokens
from tools.calculators.weight_format import find_format

_IS: Final = r"(?:\s*(?:size|length|window|of|with|at|is|up to|=|:|：|为|是|到|设为|取))*\s*"
_NUMBER: Final = r"(\d[\d,]*(?:\.\d+)?)\s?(k|m|万)?"
_TOKENS: Final = r"(?:个?\s*(?:tokens?|词元))"
_CONTEXT: Final = r"(?:context|ctx|prompt|sequences?|seq(?:[-_ ]?len)?|max[-_ ]model[-_ ]len|上下文|序列|提示)"
_CONTEXTS: Final = (
    rf"(?:{_CONTEXT}|max(?:imum)? length|(?:上下文|序列)?长度)(?:窗口|长度)?{_IS}(?<![\d.]){_NUMBER}"
    r"(?![\w.]*[a-z]{2}|b\b)",
    rf"(?<![\w.-]){_NUMBER}\s?-?{_TOKENS}?\s?(?:的|long\s|of\s)?-?{_CONTEXT}",
    rf"(?<![\w.-]){_NUMBER}\s?-?{_TOKENS}(?!\s?(?:/|per|a|每)\s?s)",
    r"(?<![\w.-])(\d+(?:\.\d+)?)(k)(?![\w.])",
)
_BATCHES: Final = (
    rf"\b(?:batch(?:es|[-_ ]size)?|bs|concurrency){_IS}(\d[\d,]*)(?![\w.])",
    rf"(?:批(?:量|次|大小)?(?:大小)?|并发(?:数)?){_IS}(\d[\d,]*)",
    r"(?<![\w.-])(\d[\d,]*)\s?(?:concurrent|parallel|simultaneous)?\s?(?:users|requests|sequences|个?(?:并发|请求|用户|序列))",
)
_KV: Final = r"(?:fp8|int8|q8_0|q4_0)"
_KV_DTYPES: Final = (
    rf"({_KV})\s?(?:的\s?)?(?:kv|key-value|键值)[- ]?(?:cache|缓存)?",
    rf"(?:kv|键值)[- ]?(?:cache|缓存)?\s?(?:in|as|at|with|=|用|为|dtype)?\s?({_KV})",
)
_GGUF: Final = r"(?:gguf[- ]?)?i?q[2-8]_(?:k(?:_[sml])?|[01]|xxs|xs|s|m|nl)"
_QUANT: Final = (
    rf"(?<![a-z0-9])((?:awq|gptq)(?:[- ]?int[48])?(?:-g\d+)?|{_GGUF}|nf4(?:-dq)?|mxfp4|nvfp4|fp8(?:-block)?"
    r"|int[48]|w4a16|w8a8)(?![a-z0-9])"
)
_BITS: Final = r"(?<![\w.])([48])[- ]?(?:bits?\b|位|比特)"
_OF_BITS: Final = {"4": "int4", "8": "int8"}
_ALIASES: Final = {"half": "fp16", "半": "fp16"}


def take_amounts(sentence: Sentence) -> dict[str, object]:
    """Take all amounts and choices that a sentence states, by name; what it does not state is left out."""
    readers: tuple[tuple[str, Callable[[Sentence], object]], ...] = (
        ("kv_dtype", lambda s: _word(s, *_KV_DTYPES)),
        ("method", _method),
        ("zero", lambda s: _whole(s, r"\bzero[- ]?(?:stage[- ]?)?([0-3])\b")),
        ("offload", _offload),
        ("rank", lambda s: _whole(s, r"\b(?:rank|r)\s?(?:=|of|is|为)?\s?(\d+)\b", r"秩(?:为|是|=)?\s?(\d+)")),
        ("port", lambda s: _whole(s, r"(?:\bport|端口)(?:为|是|=|\s)*\s?(\d+)")),
        ("utilization", _utilization),
        ("batch", lambda s: _whole(s, *_BATCHES)),
        ("context", _context),
        ("quant", _quant),
        ("dtype", _dtype),
        ("phase", _phase),
        ("optimizer", lambda s: _word(s, r"\b(sgd|adafactor|lion|muon)\b")),
        ("engine", lambda s: _word(s, r"\b(sglang)\b")),
    )
    found = {name: read(sentence) for name, read in readers}
    return {name: value for name, value in found.items() if value is not None}


def _first(sentence: Sentence, *patterns: str) -> re.Match[str] | None:
    """Take the first place of the first pattern that stands in a sentence."""
    return next((m for p in patterns if (m := sentence.take(re.compile(p, re.IGNORECASE | re.ASCII)))), None)


def _word(sentence: Sentence, *patterns: str) -> str | None:
    found = _first(sentence, *patterns)
    return found[1].lower() if found else None


def _whole(sentence: Sentence, *patterns: str) -> int | None:
    found = _first(sentence, *patterns)
    return int(found[1].replace(",", "")) if found else None


def _context(sentence: Sentence) -> int | None:
    found = _first(sentence, *_CONTEXTS)
    return parse_tokens(f"{found[1]}{found[2] or ''}") if found else None


def _quant(sentence: Sentence) -> str | None:
    found = _first(sentence, _QUANT)
    if found is None:
        bits = _first(sentence, _BITS)
        return _OF_BITS[bits[1]] if bits else None
    try:
        return find_format(found[1]).name
    except UserMistake:  # written like a format, and none
        return None


def _dtype(sentence: Sentence) -> str | None:
    word = _word(sentence, r"\b((?:bf|fp)16|b?float16|fp32|float32)\b", r"\b(half)[- ]precision\b", "(半)精度")
    return None if word is None else _ALIASES.get(word, word.replace("bfloat", "bf").replace("float", "fp"))


def _phase(sentence: Sentence) -> str | None:
    found = _first(
        sentence, r"\bprefill(?:s|ing)?\b|预填充|首\s?token|\bttft\b", r"\bdecod(?:e|es|ing)\b|解码|\btpot\b"
    )
    if found is None:
        return None
    return "decode" if found[0].lower().startswith(("decod", "解码", "tpot")) else "prefill"


def _method(sentence: Sentence) -> str | None:
    word = _word(sentence, r"(?<![a-z])(q?lora)(?![a-z])")
    if word:
        return word
    return "full" if _first(sentence, r"\bfull(?:y|[- ]parameter)?(?= |-)(?! context)|全量|全参数?") else None


def _offload(sentence: Sentence) -> str | None:
    found = _first(sentence, r"\boffload(?:ing|ed)?\b|卸载")
    return "optimizer" if found else None


def _utilization(sentence: Sentence) -> float | None:
    found = _first(sentence, r"(?:utili[sz]ation|利用率)(?:为|是|=|of|\s)*\s?(0?\.\d+|\d{1,3}%)")
    if found is None:
        return None
    return float(found[1].rstrip("%")) / (100 if found[1].endswith("%") else 1)
