"""How many bytes weights take: plain number formats, group quantization with its scales, and llama.cpp's mixes."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final, Literal

from tools.calculators.argument import unknown, whole
from tools.calculators.derivation import Derivation, Text, step
from tools.calculators.ggml_type import GGML_TYPES
from tools.calculators.gguf_mix import FILE_TYPES, gguf_tensors, tensor_types
from tools.calculators.shape import ModelShape
from tools.calculators.tensor import Tensor, check_parallel, shard, tensors

Scope = Literal["all", "linear", "experts", "mix"]


@dataclass(frozen=True, slots=True)
class WeightFormat:
    """A way to store weights.

    `bits` is what one quantized weight takes with its group's scale and zero point; `row_bits` and `column_bits` come
    on top for each row or column of a matrix. `scope` says which tensors it quantizes; the others stay at 16 bit.
    `compute` is the arithmetic it is made for; kernels fall back to 16 bit where a card lacks that.
    """

    name: str
    bits: float
    compute: str
    scope: Scope = "linear"
    row_bits: int = 0
    column_bits: int = 0
    source: str = ""


@dataclass(frozen=True, slots=True)
class WeightPart:
    """The tensors of one group stored in one format; `parameters` and `bytes` are those on one GPU."""

    name: str
    format: str
    parameters: int
    bytes: int


@dataclass(frozen=True, slots=True)
class WeightSize:
    """What the weights take on one GPU."""

    bytes: int
    parameters: int
    bits_per_weight: float
    format: str
    parts: tuple[WeightPart, ...]
    derivation: Derivation


_OCP: Final = "OCP Microscaling Formats 1.0: a scale of 8 bits per 32 values"
_PLAIN: Final[tuple[WeightFormat, ...]] = (
    WeightFormat("fp32", 32, "fp32", "all"),
    WeightFormat("bf16", 16, "bf16", "all"),
    WeightFormat("fp16", 16, "fp16", "all"),
    WeightFormat("fp8", 8, "fp8", source="one fp32 scale per tensor, below a byte in a million"),
    WeightFormat("fp8-block", 8 + 32 / 128**2, "fp8", source="DeepSeek-V3: an fp32 scale per 128 x 128 weights"),
    WeightFormat("int8", 8, "int8", row_bits=32, source="a scale per output channel"),
    WeightFormat("int8-bnb", 8, "int8", row_bits=32, source="arXiv:2208.07339, LLM.int8(): an fp32 maximum per row"),
    WeightFormat("nf4", 4 + 32 / 64, "bf16", source="arXiv:2305.14314: an fp32 maximum per 64 weights"),
    WeightFormat(
        "nf4-dq",
        4 + 8 / 64 + 32 / (64 * 256),
        "bf16",
        source="arXiv:2305.14314, double quantization: 8 bits per 64 weights, 32 per 256 of these",
    ),
    WeightFormat("mxfp4", 4 + 8 / 32, "fp4", "experts", source=_OCP),
    WeightFormat("nvfp4", 4 + 8 / 16, "fp4", source="NVIDIA NVFP4: an fp8 scale per 16 values"),
)
_GROUPED: Final = re.compile(r"(awq|gptq)(?:int)?([248])?(?:bit)?(?:g?(\d+)|(channel))?")
_OTHER_NAMES: Final = {
    "float32": "fp32", "f32": "fp32", "bfloat16": "bf16", "float16": "fp16", "half": "fp16", "w8a8": "int8",
    "bnb8bit": "int8-bnb", "llmint8": "int8-bnb", "bnb": "nf4", "bnb4bit": "nf4", "4bit": "nf4", "qlora": "nf4-dq",
    "nf4double": "nf4-dq", "nf4doublequant": "nf4-dq", "fp4": "nvfp4", "int4": "gptq", "w4a16": "gptq", "8bit": "int8",
}  # fmt: skip
_NAMES: Final = {
    "embedding": Text("embeddings", "词嵌入"),
    "head": Text("output head", "输出层"),
    "experts": Text("experts", "专家"),
    "attention": Text("attention", "注意力"),
    "feed-forward": Text("feed-forward", "前馈网络"),
    "norms, biases, routers": Text("norms, biases, routers", "归一化、偏置与路由"),
    "outside the text model": Text("outside the text model", "文本模型之外"),
}


def format_names() -> tuple[str, ...]:
    """All formats by name; AWQ and GPTQ take any group size, as in "gptq-g32"."""
    return (*(plain.name for plain in _PLAIN), "awq", "gptq", "gptq-g32", "gptq-int8", *FILE_TYPES)


@cache
def find_format(name: str) -> WeightFormat:
    """Return the format of that name in any spelling: "AWQ", "gptq-int4-g32", "q4_k_m", "NF4 double quant".

    Raises UserMistake with the closest names if there is none.
    """
    for plain in _PLAIN:
        if plain.name == name.lower():
            return plain
    squeezed = re.sub(r"[^a-z0-9]", "", name[:60].lower())
    if squeezed in _OTHER_NAMES:
        return find_format(_OTHER_NAMES[squeezed])
    for plain in _PLAIN:
        if plain.name.replace("-", "") == squeezed:
            return plain
    grouped = _GROUPED.fullmatch(squeezed)
    if grouped:
        return _group_format(grouped)
    for file_type, base in FILE_TYPES.items():
        if squeezed.removeprefix("gguf") == file_type.replace("_", "").lower():
            return WeightFormat(file_type, GGML_TYPES[base].bits, "bf16", "mix", source="llama.cpp, ggml-common.h")
    raise unknown("weight format", name, format_names())


@lru_cache(maxsize=256)
def weights(shape: ModelShape, format_name: str = "", tensor_parallel: int = 1) -> WeightSize:
    """Add up what every tensor takes on one GPU; without a format, as the model was published.

    Raises UserMistake for an unknown format or if the model cannot be split over so many GPUs.
    """
    whole("tensor parallel size", tensor_parallel, 1, 1024)
    check_parallel(shape, tensor_parallel)
    kind = find_format(format_name or shape.weight_format or shape.dtype)
    numbers: Counter[tuple[str, str]] = Counter()
    sizes: Counter[tuple[str, str]] = Counter()
    for tensor in gguf_tensors(shape) if kind.scope == "mix" else tensors(shape):
        held = shard(tensor, shape, tensor_parallel)
        for stored, share, bits in _stored(shape, tensor, kind):
            key = (_group(tensor), stored)
            numbers[key] += round(held * share)
            sizes[key] += round(held * share * bits / 8)
    if shape.other_parameters and kind.scope != "mix":
        key = ("outside the text model", "bf16" if kind.scope != "all" else kind.name)
        numbers[key] += shape.other_parameters
        sizes[key] += round(shape.other_parameters * find_format(key[1]).bits / 8)
    parts = tuple(WeightPart(*key, numbers[key], sizes[key]) for key in numbers)
    size, parameters = sizes.total(), numbers.total()
    derivation = _derive(parts, size, shape, kind, tensor_parallel)
    return WeightSize(size, parameters, 8 * size / parameters, kind.name, parts, derivation)


def tensor_bits(shape: ModelShape, tensor: Tensor, format_name: str = "") -> float:
    """Return the average bits that one element of the tensor takes in the format."""
    kind = find_format(format_name or shape.weight_format or shape.dtype)
    return sum(share * bits for _, share, bits in _stored(shape, tensor, kind))


def _stored(shape: ModelShape, tensor: Tensor, kind: WeightFormat) -> tuple[tuple[str, float, float], ...]:
    """Say in which formats the tensor is stored: name, share of its elements, bits per element."""
    if kind.scope == "mix":
        types = Counter(tensor_types(shape, tensor, kind.name))
        return tuple((name, count / tensor.places, GGML_TYPES[name].bits) for name, count in types.items())
    if kind.scope == "all":
        return ((kind.name, 1.0, kind.bits),)
    if not _is_quantized(shape, tensor, kind):
        rest = shape.dtype if shape.dtype in {"bf16", "fp16"} else "bf16"
        return ((rest, 1.0, 16.0),)
    return ((kind.name, 1.0, kind.bits + kind.row_bits / tensor.columns + kind.column_bits / tensor.rows),)


def _is_quantized(shape: ModelShape, tensor: Tensor, kind: WeightFormat) -> bool:
    if tensor.kind != "linear":
        return False
    return kind.scope == "linear" or tensor.role.startswith("experts.") or shape.experts is None


def _group_format(match: re.Match[str]) -> WeightFormat:
    """Build AWQ or GPTQ: per group a scale of 16 bits and a zero point as wide as a weight.

    GPTQ also stores the group of each input column as a 32-bit index (g_idx).
    """
    method, digits, group, channel = match.groups()
    bits = int(digits or 4)
    size = whole("group size", int(group or 128), 8, 65_536)
    index = 32 if method == "gptq" else 0
    label = method if bits == 4 else f"{method}-int{bits}"
    source = "AutoAWQ and AutoGPTQ layouts: fp16 scale and packed zero point per group"
    if channel:
        return WeightFormat(f"{label}-channel", bits, "bf16", "linear", 16 + bits, index, source)
    name = label if size == 128 else f"{label}-g{size}"
    return WeightFormat(name, bits + (16 + bits) / size, "bf16", "linear", 0, index, source)


def _group(tensor: Tensor) -> str:
    if tensor.kind in {"embedding", "position"}:
        return "embedding"
    if tensor.kind == "head":
        return "head"
    if tensor.kind in {"norm", "bias", "router"}:
        return "norms, biases, routers"
    if tensor.role.startswith("experts."):
        return "experts"
    return "feed-forward" if tensor.role.endswith(("gate_proj", "up_proj", "down_proj")) else "attention"


def _derive(
    parts: tuple[WeightPart, ...], size: int, shape: ModelShape, kind: WeightFormat, tensor_parallel: int
) -> Derivation:
    lines = [
        step(
            f"{_NAMES[part.name].en} in {part.format}",
            f"{_NAMES[part.name].zh}（{part.format}）",
            "N × bits / 8",
            {"N": part.parameters, "bits": 8 * part.bytes / part.parameters if part.parameters else 0.0},
            part.bytes,
            "B",
        )
        for part in parts
    ]
    symbols = {f"W{number}": part.bytes for number, part in enumerate(parts, 1)}
    lines.append(step("weights on one GPU", "每卡权重", " + ".join(symbols), symbols, size, "B"))
    assumptions = [Text("Bits include scales and zero points.", "位数已含缩放因子与零点。")]
    if kind.scope in {"linear", "experts"}:
        kept = "embeddings, head, norms and routers stay at 16 bit"
        assumptions.append(Text(f"In {kind.name}, {kept}.", f"{kind.name} 中词嵌入、输出层、归一化和路由保持 16 位。"))
    if kind.scope == "mix":
        assumptions.append(Text("Without the file's tokenizer and metadata.", "不含文件中的分词器与元数据。"))
    if shape.prediction_layers:
        assumptions.append(Text("Multi-token prediction modules are left out.", "不含多 token 预测模块。"))
    if shape.left_out:
        chinese = {"vision tower": "视觉编码器"}.get(shape.left_out, shape.left_out)
        assumptions.append(Text(f"The {shape.left_out} is left out.", f"不含{chinese}。"))
    if tensor_parallel > 1:
        assumptions.append(Text("Norms and routers stand on every GPU.", "归一化和路由在每张卡上各有一份。"))
    return Derivation(tuple(lines), tuple(assumptions), "gguf" if kind.scope == "mix" else "quantization")
