"""A calculation as a table of text, alone or beside others."""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest
from typing import Any, Final, NamedTuple

from knowledge.vocabulary import Language
from tools.calculators.calculation import Calculation, Kind
from tools.calculators.derivation import Text
from tools.calculators.unit import format_both, format_count, format_time

_NONE: Final = "-"


class _Line(NamedTuple):
    """One figure: its name in JSON, what it is called, and how it is written."""

    field: str
    name: Text
    write: Callable[[Any], str]


def _whole(value: float) -> str:
    return f"{value:,.0f}"


def _less(value: float) -> str:
    return f"-{format_both(value)}"


def _short(value: float) -> str:
    return f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"


_LINES: Final[dict[Kind, tuple[_Line, ...]]] = {
    "model": (
        _Line("parameters", Text("parameters", "参数量"), _whole),
        _Line("parameters_non_embedding", Text("without embeddings", "不含词嵌入"), _whole),
        _Line("parameters_active", Text("active per token", "每 token 激活"), _whole),
        _Line("weight_format", Text("weight format", "权重格式"), str),
        _Line("bits_per_weight", Text("bits per weight", "每权重位数"), _short),
        _Line("weights_bytes", Text("weights", "权重"), format_both),
        _Line("kv_bytes_per_token", Text("KV cache per token", "每 token 的 KV 缓存"), format_both),
    ),
    "memory": (
        _Line("weights_bytes", Text("weights", "权重"), format_both),
        _Line("kv_bytes", Text("KV cache", "KV 缓存"), format_both),
        _Line("activation_bytes", Text("activations", "激活值"), format_both),
        _Line("overhead_bytes", Text("overhead", "额外开销"), format_both),
        _Line("total_bytes", Text("total, all GPUs", "合计（全部显卡）"), format_both),
        _Line("per_gpu_bytes", Text("on each GPU", "每卡"), format_both),
        _Line("limit_bytes", Text("a GPU may give", "每卡可用"), format_both),
        _Line("fits", Text("fits", "能否放下"), str),
        _Line("max_context", Text("longest context", "最长上下文"), _whole),
        _Line("max_batch", Text("largest batch", "最大批次"), _whole),
    ),
    "train": (
        _Line("trainable_parameters", Text("trainable parameters", "可训练参数"), _whole),
        _Line("parameter_bytes", Text("parameters", "参数"), format_both),
        _Line("gradient_bytes", Text("gradients", "梯度"), format_both),
        _Line("optimizer_bytes", Text("optimizer", "优化器"), format_both),
        _Line("activation_bytes", Text("activations, buffers", "激活值与缓冲"), format_both),
        _Line("overlap_bytes", Text("used one after the other", "先后复用"), _less),
        _Line("per_gpu_bytes", Text("on each GPU", "每卡"), format_both),
        _Line("available_bytes", Text("a GPU has", "每卡显存"), format_both),
        _Line("cpu_bytes", Text("CPU memory", "CPU 内存"), format_both),
        _Line("fits", Text("fits", "能否放下"), str),
    ),
    "roofline": (
        _Line("bound", Text("bound by", "瓶颈"), str),
        _Line("arithmetic_intensity", Text("FLOP per byte", "算术强度（FLOP/字节）"), _short),
        _Line("ridge_point", Text("ridge point", "屋脊点"), _short),
        _Line("flops", Text("FLOP", "浮点运算"), format_count),
        _Line("bytes", Text("bytes moved", "搬运字节"), format_both),
        _Line("compute_s", Text("arithmetic", "计算时间"), format_time),
        _Line("memory_s", Text("moving data", "搬运时间"), format_time),
        _Line("communication_s", Text("between GPUs", "卡间通信"), format_time),
        _Line("time_s", Text("time at least", "最短时间"), format_time),
        _Line("tokens_per_second", Text("tokens per second", "每秒 token 数"), _short),
        _Line("critical_batch", Text("compute-bound from batch", "转为算力受限的批次"), _whole),
    ),
    "serve": (
        _Line("fits", Text("fits", "能否部署"), str),
        _Line("tensor_parallel", Text("tensor parallel size", "张量并行数"), _whole),
        _Line("budget_bytes", Text("the engine may use", "引擎可用"), format_both),
        _Line("weights_bytes", Text("weights, each GPU", "每卡权重"), format_both),
        _Line("activation_bytes", Text("activations", "激活值"), format_both),
        _Line("overhead_bytes", Text("overhead", "额外开销"), format_both),
        _Line("kv_cache_bytes", Text("KV cache, each GPU", "每卡 KV 缓存"), format_both),
        _Line("kv_cache_tokens", Text("KV cache tokens", "KV 缓存 token 数"), _whole),
        _Line("max_concurrency", Text("requests of full length", "满长请求数"), "{:.2f}".format),
        _Line("max_model_len", Text("longest request that fits", "可容纳的最长请求"), _whole),
    ),
}
_LAYER_TITLES: Final[dict[Language, tuple[str, ...]]] = {
    "en": ("operation", "layers", "FLOP/byte", "bound by", "time", "share"),
    "zh": ("运算", "层数", "FLOP/字节", "瓶颈", "时间", "占比"),
}
_YES: Final = {True: Text("yes", "是"), False: Text("no", "否")}


def table(calculation: Calculation, language: Language) -> str:
    """Write one calculation: its answer, its figures, layers of a roofline, the command, and warnings."""
    summary = calculation.summary(language)
    rows = [[line.name.said_in(language), _cell(line, calculation, language)] for line in _lines([calculation])]
    blocks = [summary, _aligned(rows)]
    if calculation.kind == "roofline":
        blocks.append(_layers(calculation, language))
    return "\n\n".join([*blocks, *_ends([calculation], language, summary)]) + "\n"


def compared(calculations: Sequence[Calculation], language: Language) -> str:
    """Write calculations of one kind side by side."""
    titles = ["", *(_title(calculation) for calculation in calculations)]
    rows = [
        [line.name.said_in(language), *(_cell(line, calculation, language) for calculation in calculations)]
        for line in _lines(calculations)
    ]
    return "\n\n".join([_aligned([titles, *rows]), *_ends(calculations, language)]) + "\n"


def _title(calculation: Calculation) -> str:
    card = f" @ {calculation.card.name}" if calculation.card else ""
    return f"{calculation.shape.name}{card}"


def _lines(calculations: Sequence[Calculation]) -> list[_Line]:
    """Choose the figures that say something in at least one of the calculations."""
    lines = _LINES[calculations[0].kind]
    return [line for line in lines if any(_says(calculation.values[line.field]) for calculation in calculations)]


def _says(value: object) -> bool:
    return isinstance(value, bool) or value not in {None, 0}


def _cell(line: _Line, calculation: Calculation, language: Language) -> str:
    value = calculation.values[line.field]
    if isinstance(value, bool):
        return _YES[value].said_in(language)
    return _NONE if value is None else line.write(value)


def _layers(calculation: Calculation, language: Language) -> str:
    """Write the operations of a roofline, the longest first."""
    titles = _LAYER_TITLES[language]
    rows = [
        [
            layer["name"],
            f"{layer['count']}",
            _short(layer["arithmetic_intensity"]),
            layer["bound"],
            format_time(layer["time_s"]),
            f"{100 * layer['time_s'] / calculation.values['time_s']:.1f} %",
        ]
        for layer in sorted(calculation.values["layers"], key=lambda layer: -layer["time_s"])
    ]
    return _aligned([[*titles], *rows])


def _ends(calculations: Sequence[Calculation], language: Language, said: str = "") -> list[str]:
    """Write commands, warnings that were not said yet, and the notes that explain."""
    commands = [text for text in (calculation.values.get("command") for calculation in calculations) if text]
    texts = dict.fromkeys(text.said_in(language) for calculation in calculations for text in calculation.warnings)
    warnings = [f"! {text}" for text in texts if text not in said]
    notes = dict.fromkeys(calculation.note for calculation in calculations)
    see = Text("Explained in the note", "相关笔记").said_in(language)
    blocks = ["\n".join(commands), "\n".join(warnings), f"{see}: {', '.join(notes)}"]
    return [block for block in blocks if block]


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    """Set the first column left and the others right."""
    columns = [max(map(_width, column)) for column in zip_longest(*rows, fillvalue="")]
    return "\n".join(_row(row, columns) for row in rows)


def _row(cells: Sequence[str], columns: Iterable[int]) -> str:
    padded = [
        " " * (width - _width(cell)) + cell if number else cell + " " * (width - _width(cell))
        for number, (cell, width) in enumerate(zip(cells, columns, strict=True))
    ]
    return "  ".join(padded).rstrip()


def _width(text: str) -> int:
    """Count the columns of a terminal; Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)
