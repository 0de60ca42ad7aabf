"""A calculation as the team speaks of it: a table for the reader, a passage for the tutor; no model writes either."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from knowledge.evidence import Evidence
from knowledge.vocabulary import Language
from tools.calculators.calculation import Calculation, Kind, calculate, explained
from tools.calculators.derivation import Text
from tools.calculators.request import commanded
from tools.calculators.unit import format_both, format_rate, format_time

_TITLE: Final = Text("Calculation", "计算结果")
_DERIVED: Final = Text("How it is calculated", "计算过程")
_ASSUMED: Final = Text("Taken for granted: ", "默认前提：")
_FITS: Final[dict[bool, Text]] = {True: Text("yes", "能放下"), False: Text("no", "放不下")}

# The figures of each kind in the order of a table; the end of a name tells how a figure is written.
_ROWS: Final[Mapping[Kind, tuple[tuple[str, Text], ...]]] = {
    "model": (
        ("parameters", Text("Parameters", "参数量")),
        ("parameters_active", Text("Active parameters per token", "每个 token 激活的参数")),
        ("weights_bytes", Text("Weights", "权重")),
        ("kv_bytes_per_token", Text("KV cache per token", "每个 token 的 KV 缓存")),
    ),
    "memory": (
        ("fits", Text("Fits", "能否放下")),
        ("per_gpu_bytes", Text("Memory on each GPU", "每卡显存")),
        ("limit_bytes", Text("Limit of each GPU", "每卡可用上限")),
        ("weights_bytes", Text("Weights on all GPUs", "权重（所有卡）")),
        ("kv_bytes", Text("KV cache on all GPUs", "KV 缓存（所有卡）")),
        ("activation_bytes", Text("Activations on all GPUs", "激活值（所有卡）")),
        ("overhead_bytes", Text("CUDA and graphs on all GPUs", "CUDA 与计算图（所有卡）")),
        ("max_context", Text("Longest context in tokens", "最长上下文（token）")),
        ("max_batch", Text("Largest batch", "最大批大小")),
    ),
    "train": (
        ("fits", Text("Fits", "能否放下")),
        ("per_gpu_bytes", Text("Memory on each GPU", "每卡显存")),
        ("parameter_bytes", Text("Weights", "权重")),
        ("gradient_bytes", Text("Gradients", "梯度")),
        ("optimizer_bytes", Text("Optimizer states", "优化器状态")),
        ("activation_bytes", Text("Activations", "激活值")),
        ("trainable_parameters", Text("Trainable parameters", "可训练参数")),
        ("cpu_bytes", Text("CPU memory", "CPU 内存")),
    ),
    "roofline": (
        ("bound", Text("Bound by", "瓶颈")),
        ("arithmetic_intensity", Text("Arithmetic intensity", "算术强度")),
        ("ridge_point", Text("Ridge point", "屋脊点")),
        ("memory_s", Text("Moving data", "搬运数据")),
        ("compute_s", Text("Arithmetic", "计算")),
        ("time_s", Text("Shortest time", "最短时间")),
        ("tokens_per_second", Text("Tokens per second at best", "每秒 token 数上限")),
        ("flops", Text("Operations", "运算量")),
        ("bytes", Text("Traffic", "访存量")),
    ),
    "serve": (
        ("fits", Text("Fits", "能否放下")),
        ("tensor_parallel", Text("Tensor parallel size", "张量并行数")),
        ("weights_bytes", Text("Weights on each GPU", "每卡权重")),
        ("kv_cache_bytes", Text("KV cache on each GPU", "每卡 KV 缓存")),
        ("kv_cache_tokens", Text("KV cache in tokens", "KV 缓存可容纳的 token 数")),
        ("max_concurrency", Text("Requests of full length at once", "可同时容纳的满长请求数")),
        ("max_model_len", Text("Longest request in tokens", "最长请求（token）")),
    ),
}
_BOUNDS: Final[dict[str, Text]] = {
    "memory": Text("memory bandwidth", "显存带宽（memory-bound）"),
    "compute": Text("arithmetic", "算力（compute-bound）"),
}


@dataclass(frozen=True, slots=True)
class Block:
    """What stands in an answer as it was computed: `head` above the tutor's words, `derivation` below them."""

    head: str
    derivation: str


def block(calculation: Calculation, assumed: Sequence[Text], language: Language) -> Block:
    """Return a calculation as Markdown: the answer, its figures, the command if any, and how it was reached."""
    parts = [calculation.summary(language), _table(calculation, language)]
    command = calculation.values.get("command")
    if command:
        parts.append(f"```bash\n{command}\n```")
    if assumed:
        said = _joined([text.said_in(language) for text in assumed], language)
        parts.append(f"*{_ASSUMED.said_in(language)}{said}*")
    parts += [f"*{text.said_in(language)}*" for text in calculation.warnings]
    # The answer in words stands in the head already.
    steps = explained(calculation, language).removeprefix(calculation.summary(language)).strip()
    return Block("\n\n".join(parts), f"**{_DERIVED.said_in(language)}**\n\n{steps}")


def passage(calculation: Calculation, language: Language, *, derived: bool) -> Evidence:
    """Return a calculation as a passage that claims may rest on, with its derivation or without; it is in no note."""
    summary = calculation.summary(language)
    stop = "。" if language == "zh" else "."
    colon = "：" if language == "zh" else ": "
    # What the summary says is not said twice: small models repeat whatever they are given.
    more = [pair for pair in figures(calculation, language) if pair[1].split()[0] not in summary]
    sentences = [summary, *(f"{name}{colon}{value}{stop}" for name, value in more)]
    if derived:
        lines = explained(calculation, language).splitlines()[1:]  # the first is the summary
        sentences += [f"{line.removeprefix('- ').rstrip('。.')}{stop}" for line in lines if line]
    text = "\n\n".join(sentences)
    title = _TITLE.said_in(language)
    return Evidence("", title, calculation.kind, text, 0, len(text), language, 1.0, "", "")


def requested(text: str, language: Language) -> Evidence:
    """Return what a request such as "memory qwen3-8b 4090 16k" comes to, as a passage; raises UserMistake."""
    asked = commanded(text)
    return passage(calculate(asked.kind, asked.arguments), language, derived=False)


def figures(calculation: Calculation, language: Language) -> list[tuple[str, str]]:
    """Return the figures that matter, each with its name; those that the calculation leaves open are left out."""
    rows: list[tuple[str, str]] = []
    for key, name in _ROWS[calculation.kind]:
        value = calculation.values.get(key)
        if value is None or (key == "cpu_bytes" and not value):
            continue
        if key == "parameters_active" and value == calculation.values["parameters"]:
            continue
        rows.append((name.said_in(language), _written(key, value, language)))
    return rows


def _written(key: str, value: Any, language: Language) -> str:  # noqa: ANN401 - a figure of any calculation
    if key in {"fits", "bound"}:
        return (_FITS[value] if key == "fits" else _BOUNDS[value]).said_in(language)
    if "bytes" in key:
        return format_both(value)
    if key == "flops":
        return format_rate(value, "FLOP")
    if key.endswith("_s"):
        return format_time(value)
    if key in {"arithmetic_intensity", "ridge_point"}:
        return f"{value:,.1f} FLOP/byte"
    return f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"


def _table(calculation: Calculation, language: Language) -> str:
    rows = [f"| {name} | {value} |" for name, value in figures(calculation, language)]
    return "\n".join([f"| {_TITLE.said_in(language)} | |", "|:--|--:|", *rows])


def _joined(sentences: Sequence[str], language: Language) -> str:
    return ("" if language == "zh" else " ").join(sentences)
