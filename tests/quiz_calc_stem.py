"""Reads the numbers of a calculated question off its own stem, and checks key and distractors against closed forms."""

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from knowledge.vocabulary import LANGUAGES, Language
from tests.quiz_material import material
from tools.quiz.calc import MAKERS
from tools.quiz.item import Item
from tools.quiz.wording import load

Numbers = Mapping[str, float]
Form = Callable[[Numbers], float]

_N: Final = r"([\d,.]*\d)"
# What a number is called in either language. The first match in the stem counts.
_FIELDS: Final[Mapping[str, tuple[str, str]]] = {
    "layers": (rf"{_N} layers", rf"{_N} 层"),
    "hidden": (rf"hidden size of {_N}", rf"隐藏维度 {_N}"),
    "heads": (rf"{_N} (?:query|attention) heads", rf"{_N} 个(?:查询头|注意力头)"),
    "kv": (rf"{_N} KV heads", rf"{_N} 个 KV 头"),
    "dim": (rf"head dimension of {_N}", rf"头维度 {_N}"),
    "each": (rf"\({_N} bytes? per value\)", rf"（每个数 {_N} 字节）"),
    "batch": (rf"{_N} requests", rf"{_N} 个(?:[\d,]+ token 的|长度相同的)?请求"),
    "tokens": (
        rf"(?:of|with|request of) {_N} tokens|With --max-model-len {_N}",
        rf"{_N} 个? ?token|--max-model-len 设为 {_N}",
    ),
    "pool": (rf"{_N} GiB", rf"{_N} GiB"),
    "rank": (rf"kv_lora_rank {_N}", rf"kv_lora_rank 为 {_N}"),
    "rope": (rf"qk_rope_head_dim {_N}", rf"qk_rope_head_dim 为 {_N}"),
    "nope": (rf"qk_nope_head_dim {_N}", rf"qk_nope_head_dim 为 {_N}"),
    "longest": (rf"grow to {_N} tokens", rf"最长可达 {_N} 个"),
    "used": (rf"holds {_N} tokens", rf"目前各有 {_N} 个"),
    "block": (rf"blocks of {_N} tokens", rf"每块 {_N} 个"),
    "token_bytes": (rf"{_N} bytes of KV cache per token", rf"每个 token 的 KV 缓存[占为] {_N} 字节"),
    "gpus": (rf"{_N} (?:GPUs|× )", rf"{_N} 张"),
    "bits": (rf"{_N} bits", rf"{_N} 位"),
    "stage": (rf"stage {_N}", rf"阶段 {_N}"),
    "room": (rf"{_N} GB are left", rf"显存为 {_N} GB"),
    "width": (rf"feed-forward width of {_N}", rf"前馈宽度 {_N}"),
    "micro_kept": (rf"with {_N} × [\d,]+ tokens", rf"序列长度为 {_N} ×"),
    "length": (rf"with \d+ × {_N} tokens", rf"序列长度为 \d+ × {_N}"),
    "micro": (rf"micro-batch of {_N}", rf"微批为 {_N}"),
    "steps": (rf"{_N} gradient accumulation", rf"梯度累积 {_N}"),
    "lora_rank": (rf"rank {_N}", rf"秩为 {_N}"),
    "rows": (rf"size {_N} ×", rf"大小为 {_N} ×"),
    "columns": (rf"size [\d,]+ × {_N}", rf"大小为 [\d,]+ × {_N}"),
    "peak": (rf"{_N} TFLOP/s for dense BF16|peak of {_N} TFLOP/s|{_N} TFLOP/s each|{_N} TFLOP/s dense",
             rf"BF16 稠密(?:算力|算力为|峰值为) {_N} TFLOP/s|16 位稠密算力 {_N} TFLOP/s"),
    "wide": (rf"{_N} TFLOP/s for FP32", rf"FP32 算力 {_N} TFLOP/s"),
    "bandwidth": (rf"{_N} TB/s", rf"{_N} TB/s"),
    "m": (rf"(?:size|matrices,) {_N} ×", rf"(?:一个|计算) {_N} ×"),
    "k": (rf"× {_N}", rf"× {_N}"),
    "n": (rf"× [\d,]+.*?[\d,]+ × {_N}", rf"× [\d,]+.*?[\d,]+ × {_N}"),
    "share": (rf"reaches {_N} %", rf"达到其 {_N}%"),
    "mantissa": (rf"budget of {_N} ×", rf"预算为 {_N} ×"),
    "exponent": (r"10\^(\d+)", r"10\^(\d+)"),
    "memory": (rf"reports {_N} GiB", rf"显存为 {_N} GiB"),
    "utilization": (rf"utilization {_N}\.", rf"utilization 设为 {_N}。"),
    "weights_gib": (rf"weights take {_N} GiB", rf"权重占 {_N} GiB"),
    "working": (rf"graphs take {_N} GiB", rf"CUDA Graph 共占 {_N} GiB"),
    "weights_gb": (rf"{_N} GB of weights", rf"权重为 {_N} GB"),
    "cache_gb": (rf"take {_N} GB of KV", rf"共需 {_N} GB"),
    "usable": (rf"give {_N} GB", rf"提供 {_N} GB"),
    "latency": (rf"after {_N} s", rf"总延迟为 {_N} 秒"),
    "first": (rf"token came after {_N} s", rf"（TTFT）为 {_N} 秒"),
    "answer": (rf"answer of {_N} tokens", rf"一个 {_N} token 的回答"),
    "gap": (rf"every {_N} ms", rf"每 {_N} ms"),
    "hour": (rf"{_N} dollars", rf"{_N} 美元"),
    "rate": (rf"yields {_N} output", rf"每秒输出 {_N} 个"),
    "trained": (rf"through {_N} tokens", rf"每秒处理 {_N} 个"),
    "load": (rf"load is {_N} %", rf"负载 {_N}%"),
    "budget": (rf"budget of {_N} tokens", rf"预算为 {_N}。"),
    "running": (rf"{_N} requests are", rf"一直有 {_N} 个"),
    "prompt": (rf"prompt of {_N} tokens", rf"一个 {_N} token|处理 {_N} 个 token"),
    "ahead": (rf"proposes {_N} tokens", rf"提出 {_N} 个"),
    "probability": (rf"probability {_N}\.", rf"概率为 {_N}。"),
    "stages": (rf"{_N} stages", rf"{_N} 个阶段"),
    "parts": (rf"{_N} micro-batches", rf"{_N} 个微批"),
    "size": (r"take ([\d,.]+) Gi?B", r"权重占 ([\d,.]+) Gi?B"),
    "type_bits": (rf"take {_N} bits", rf"平均每个权重 {_N} 位"),
}  # fmt: skip
_LARGE: Final = {
    "en": (r"{} ?([\d,.]+) (billion|million|trillion)", {"million": 1e6, "billion": 1e9, "trillion": 1e12}),
    "zh": (r"{} ?([\d,.]+) (万亿|亿)", {"亿": 1e8, "万亿": 1e12}),
}
_COUNTS: Final[Mapping[str, tuple[str, str]]] = {
    "N": ("(?:has|with|experts with|,)", "(?:有|共有|（)"),
    "Q": ("quantized:", "线性层的"),
    "R": ("the other", "其余"),
    "active": ("token uses", "激活其中"),
    "D": ("trained on", "用"),
}


@dataclass(frozen=True)
class Derived:
    """Which numbers a template's stem gives, and what key and slips they lead to."""

    given: tuple[str, ...]
    key: Form
    slips: Mapping[str, Form] = field(default_factory=dict[str, Form])


def numbers(item: Item, given: Sequence[str]) -> dict[str, float]:
    """Read numbers off the stem, or the exhibit where it shows a log."""
    return {name: _number(item.stem, item.language, name) for name in given}


def _number(stem: str, language: Language, name: str) -> float:
    if name in _COUNTS:
        pattern, factors = _LARGE[language]
        found = re.search(pattern.format(_COUNTS[name][language == "zh"]), stem)
        assert found, (name, stem)
        return float(found[1].replace(",", "")) * factors[found[2]]
    found = re.search(_FIELDS[name][language == "zh"], stem)
    assert found, (name, stem)
    return float(next(group for group in found.groups() if group).replace(",", ""))


def shown(text: str) -> float:
    """Read the number of an option."""
    found = re.match(r"[\d,.]+", text)
    assert found, text
    return float(found[0].replace(",", ""))


def template_of(item: Item) -> str:
    """Name the template that an item was made from."""
    return item.fact.split(":")[1]


@cache
def made(concept: str, language: Language, seed: int) -> tuple[Item, ...]:
    """Make all items that the calculators' makers have on a concept."""
    return tuple(
        item
        for make in MAKERS
        for item in make(material(), concept, language, random.Random(f"{concept} {make.__module__} {seed}"))
    )


def items(concepts: Sequence[str], seeds: int) -> Iterator[Item]:
    """Make items on concepts in both languages."""
    for concept in concepts:
        for language in LANGUAGES:
            for seed in range(seeds):
                yield from made(concept, language, seed)


def by_template(concepts: Sequence[str], seeds: int) -> dict[str, list[Item]]:
    """Make items on concepts, sorted by the template each was made from."""
    found: dict[str, list[Item]] = {}
    for item in items(concepts, seeds):
        found.setdefault(template_of(item), []).append(item)
    return found


def check(item: Item, derived: Derived) -> None:
    """Assert that key and wrong answers follow from the numbers in the stem."""
    given = numbers(item, derived.given)
    right = derived.key(given)
    if item.quantity:
        assert _close(item.quantity.value, right, 0.001), (item.stem, item.quantity, right)
        answers = [(m.answer, m.why) for m in item.misconceptions]
        for misconception in item.misconceptions:
            assert misconception.value is not None
            assert _close(shown(misconception.answer), misconception.value, 0.006), (item.stem, misconception)
    else:
        text = item.options[item.key[0]]
        assert _close(shown(text), right, 0.006), (item.stem, text, right)
        answers = [(text, item.misconception_of(text)) for at, text in enumerate(item.options) if at not in item.key]
    for answer, why in answers:
        names = [name for name in _names(why, item.language) if name in derived.slips]
        assert names, (template_of(item), why)
        wrong = [derived.slips[name](given) for name in names]
        assert any(_close(shown(answer), value, 0.006) for value in wrong), (item.stem, answer, why, wrong)


def _close(value: float, other: float, tolerance: float) -> bool:
    rounding = 0.51 if float(value).is_integer() else 0.0  # shown without decimals
    return abs(value - other) <= max(tolerance * abs(other), rounding if abs(other) > 1 else 0.0)


@cache
def _names(why: str, language: Language) -> tuple[str, ...]:
    return tuple(name for name, texts in load("calc_misconception").items() if texts[language] == why)
