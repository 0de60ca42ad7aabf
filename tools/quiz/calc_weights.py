"""Questions about the size of weights: plain formats, quantization, mixtures of experts, and what fits on a card."""

import random
from collections.abc import Iterator, Mapping
from typing import Final

from knowledge.vocabulary import Language
from tools.calculators import parameter
from tools.calculators.unit import GB, GIB
from tools.calculators.weight_format import weights
from tools.quiz import calc_draw as draw
from tools.quiz.calc_form import posed
from tools.quiz.calc_problem import Problem, Question, Setting, Source, converted, line
from tools.quiz.calc_round import Template, rounds
from tools.quiz.calc_weights_compare import fits, order, which
from tools.quiz.item import Item
from tools.quiz.material import Material

_FILE: Final = "calc_weights"
_PLAIN: Final = Source(
    "quantization",
    (("2 bytes for each parameter",), ("needs $4n$ bytes",), ("2 bytes per parameter",)),
    (("每个参数占 2 字节",), ("每个参数 2 字节",)),
)
_MIXED: Final = Source(
    "quantization",
    (
        ("output head stay in 16 bits",),
        ("output head usually stays in 16 bits",),
        ("some layers that stay in 16 bits",),
    ),
    (("输出头仍为 16 位",), ("仍保持 16 位的层",)),
)
_FILE_TYPES: Final = Source("gguf", (("4.89 bits per weight",),), (("每个权重 4.89 位",),))
_EXPERTS: Final = Source(
    "mixture-of-experts", (("total parameters of an moe model decide its memory",),), (("总参数决定显存",),)
)
_SPLIT: Final = Source(
    "tensor-parallelism",
    (("$1/t$ of the weights",), ("divides the weights",)),
    (("$1/t$ 的权重",), ("切分权重",)),
)
_UNITS: Final = Source("memory-bandwidth", (("memory sizes are often binary",),), ())
_BYTES: Final[Mapping[str, int]] = {"fp32": 4, "bf16": 2, "fp16": 2}
_QUANTIZED: Final = ("fp8", "awq", "nf4", "nf4-dq")
_TITLES: Final[Mapping[str, str]] = {"fp8": "FP8", "awq": "AWQ", "nf4": "NF4", "nf4-dq": "NF4"}
_GGUF: Final = ("Q2_K", "Q3_K_M", "Q4_K_M", "Q5_K_M", "Q6_K", "Q8_0")


def make(material: Material, concept: str, language: Language, rng: random.Random) -> Iterator[Item]:
    """Yield items on the size of weights, if the concept has to do with it."""
    return rounds(TEMPLATES, material, concept, language, rng)


def plain(setting: Setting) -> Item | None:
    """Ask what weights take in a plain format."""
    shape = draw.model(setting.rng, draw.GROUPED + draw.UNGROUPED)
    dtype = setting.rng.choice(("bf16", "bf16", "fp16", "fp32"))
    stored = weights(shape, dtype)
    value, number = stored.bytes / GB, stored.parameters
    known = {"model": shape.name, "parameters": draw.billions(number, setting.language), "dtype": dtype.upper()}
    symbols = {"N": number, "bytes": _BYTES[dtype]}
    steps = (line("weights", "N × bytes", symbols, stored.bytes, "B"), converted(stored.bytes, "GB"))
    question = Question(_FILE, "weights_plain", (shape.name, dtype), 1, known, steps, _PLAIN)
    billion = number / 1e9
    slips = {
        "bits_for_bytes": value * 8,
        "one_byte_a_weight": billion,
        "four_bits_a_weight": billion / 2,
        "training_bytes": 16 * billion,
    }
    slips |= {"as_16_bit": 2 * billion} if dtype == "fp32" else {"as_32_bit": 4 * billion}
    return posed(Problem(question, value, "GB", slips), setting)


def mixed(setting: Setting) -> Item | None:
    """Ask what weights take of which the linear layers alone are quantized."""
    rng = setting.rng
    shape = draw.model(rng)
    name = rng.choice(_OWN_FORMATS.get(setting.concept, _QUANTIZED))
    stored = weights(shape, name)
    linear = [part for part in stored.parts if part.format == stored.format]
    quantized = sum(part.parameters for part in linear)
    rest = stored.parameters - quantized
    bits = 8 * sum(part.bytes for part in linear) / quantized
    known = {
        "model": shape.name, "quantized": draw.billions(quantized, setting.language), "bits": f"{bits:.4g}",
        "rest": draw.billions(rest, setting.language), "format": _TITLES[name],
    }  # fmt: skip
    symbols = {"Q": quantized, "bits": bits, "R": rest}
    steps = (line("weights", "Q × bits / 8 + R × 2", symbols, stored.bytes, "B"), converted(stored.bytes, "GB"))
    question = Question(_FILE, "weights_mixed", (shape.name, name), 2, known, steps, _MIXED)
    q, r = quantized / 1e9, rest / 1e9
    slips = {
        "all_quantized": (q + r) * bits / 8,
        "rest_left_out": q * bits / 8,
        "nothing_quantized": 2 * (q + r),
        "bits_for_bytes": q * bits + 2 * r,
        "rest_in_fp32": q * bits / 8 + 4 * r,
        "whole_nibble": q * int(bits) / 8 + 2 * r,
    }
    if bits < 8:
        slips["one_byte_a_weight"] = q + 2 * r
    return posed(Problem(question, stored.bytes / GB, "GB", slips), setting)


def file_type(setting: Setting) -> Item | None:
    """Ask how large a GGUF file's weights are."""
    shape = draw.model(setting.rng)
    name = setting.rng.choice(_GGUF)
    stored = weights(shape, name)
    value, number = stored.bytes / GIB, stored.parameters
    bits = stored.bits_per_weight
    known = {
        "model": shape.name, "parameters": draw.billions(number, setting.language), "type": name,
        "bits": f"{bits:.4g}",
    }  # fmt: skip
    symbols = {"N": number, "bits": bits}
    steps = (line("weights", "N × bits / 8", symbols, stored.bytes, "B"), converted(stored.bytes, "GiB"))
    question = Question(_FILE, "weights_gguf", (shape.name, name), 1, known, steps, _FILE_TYPES)
    slips = {
        "bits_of_the_name": value * int(name[1]) / bits,
        "bits_for_bytes": value * 8,
        "as_16_bit": value * 16 / bits,
        "one_byte_a_weight": value * 8 / bits,
        "half_byte_pairs": value * 2,
        "gb_for_gib": stored.bytes / GB,
    }
    return posed(Problem(question, value, "GiB", slips), setting)


def experts(setting: Setting) -> Item | None:
    """Ask what the weights of a mixture of experts take."""
    shape = draw.model(setting.rng, draw.ROUTED)
    counted = parameter.count(shape)
    stored = weights(shape, "bf16")
    value = stored.bytes / GB
    total, active = counted.total, counted.active
    known = {
        "model": shape.name, "parameters": draw.billions(total, setting.language),
        "active": draw.billions(active, setting.language), "gpus": str(setting.rng.choice((1, 2, 4, 8))),
    }  # fmt: skip
    gpus = int(known["gpus"])
    one = gpus == 1
    template = "weights_experts" if one else "weights_experts_split"
    if one:
        del known["gpus"]
    symbols = {"N": total, "gpus": gpus}
    share = stored.bytes / gpus
    steps = (line("weights", "N × 2" if one else "N × 2 / gpus", symbols, share, "B"), converted(share, "GB"))
    question = Question(_FILE, template, (shape.name, str(gpus)), 2, known, steps, _EXPERTS)
    value /= gpus
    slips = {
        "active_only": 2 * active / GB / gpus,
        "inactive_only": 2 * (total - active) / GB / gpus,
        "one_byte_a_weight": value / 2,
        "as_32_bit": value * 2,
        "total_and_active": 2 * (total + active) / GB / gpus,
        "bits_for_bytes": value * 8,
    }
    if not one:
        slips["all_cards"] = value * gpus
    return posed(Problem(question, value, "GB", slips), setting)


def split(setting: Setting) -> Item | None:
    """Ask for one GPU's share of the weights under tensor parallelism."""
    rng = setting.rng
    shape = draw.model(rng, _LARGE)
    gpus = rng.choice([size for size in (2, 4, 8) if shape.heads % size == 0 and shape.kv_heads % size == 0])
    stored = weights(shape, "bf16", gpus)
    value = stored.bytes / GB
    number = weights(shape, "bf16").parameters
    known = {
        "model": shape.name, "parameters": draw.billions(number, setting.language), "gpus": str(gpus),
        "layers": str(shape.layers),
    }  # fmt: skip
    share = number * 2 / gpus
    steps = (line("weights", "N × 2 / gpus", {"N": number, "gpus": gpus}, share, "B"), converted(share, "GB"))
    question = Question(_FILE, "weights_split", (shape.name, str(gpus)), 2, known, steps, _SPLIT)
    slips = {
        "all_cards": value * gpus,
        "one_byte_a_weight": value / 2,
        "as_32_bit": value * 2,
        "split_twice": value / gpus,
        "bits_for_bytes": value * 8,
        "training_bytes": value * 8,
        "gpus_squared": value * gpus * gpus,
    }
    return posed(Problem(question, value, "GB", slips), setting)


def units(setting: Setting) -> Item | None:
    """Ask for decimal gigabytes in binary ones, or the other way round."""
    shape = draw.model(setting.rng, draw.GROUPED + draw.UNGROUPED)
    stored = weights(shape, "bf16").bytes
    to_binary = setting.rng.random() < 1 / 2
    given, unit = ("GB", "GiB") if to_binary else ("GiB", "GB")
    size = float(f"{stored / (GB if to_binary else GIB):.4g}")
    value = size * GB / GIB if to_binary else size * GIB / GB
    known = {"model": shape.name, "size": f"{size:,.4g}", "unit": given, "other": unit}
    symbols = {"S": size, "from": GB if to_binary else GIB, "to": GIB if to_binary else GB}
    steps = (line("converted", "S × from / to", symbols, value, unit),)
    question = Question(_FILE, "weights_units", (shape.name, unit), 1, known, steps, _UNITS)
    slips = {"same_number": size, "wrong_way": size * size / value}
    return posed(Problem(question, value, unit, slips, tolerance=0.01), setting)


_LARGE: Final = (
    "Qwen3-14B", "Qwen3-32B", "Qwen2.5-32B", "Qwen2.5-72B", "Llama-3.1-70B", "Llama-3.3-70B", "Llama-3.1-405B",
    "Llama-2-70B", "Mistral-Large-123B", "DeepSeek-LLM-67B", "Yi-34B", "Mistral-Small-24B", "Qwen2.5-14B",
    "Command-R-Plus",
)  # fmt: skip
_OWN_FORMATS: Final[Mapping[str, tuple[str, ...]]] = {
    "fp8": ("fp8",), "awq": ("awq",), "qlora": ("nf4", "nf4-dq"), "bitsandbytes": ("nf4", "nf4-dq"),
}  # fmt: skip
TEMPLATES: Final[Mapping[str, tuple[Template, ...]]] = {
    "quantization": (plain, mixed, fits, which, order),
    "floating-point-formats": (plain, order),
    "fp8": (mixed, fits),
    "awq": (mixed, fits),
    "qlora": (mixed,),
    "bitsandbytes": (mixed,),
    "gguf": (file_type, which),
    "llama-cpp": (file_type,),
    "mixture-of-experts": (experts,),
    "tensor-parallelism": (split,),
    "vllm-tensor-parallel": (split,),
    "gpu": (plain, units, fits, which),
    "memory-bandwidth": (units,),
    "inference-serving": (plain, fits),
    "safetensors": (plain,),
}
