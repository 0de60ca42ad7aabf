"""How to compute the reference rows on FLOPs, bytes, step times and throughput."""

import re

from calculator_rows import Compute, Row, rows

from tools.calculators.accelerator import Accelerator, find
from tools.calculators.critical_batch import textbook_critical_batch
from tools.calculators.layer_time import LayerTime
from tools.calculators.roofline import Roofline, roofline
from tools.calculators.workload import Phase

CARD = re.compile(r"TPU v5e|M\d (?:Pro|Max|Ultra)|H100 SXM|L40S|A100|A6000|\bL4\b", re.IGNORECASE)
FORMAT = re.compile(r"int4-g32|int8|bf16|F16|Q\d_\w+|IQ\d_\w+|AWQ")
SPELLED = {"int4-g32": "gptq-g32", "F16": "fp16", "AWQ": "awq"}
SHORT = 128  # tokens of context where a row says nothing of it: its throughput is that of a short chat


def card(row: Row) -> Accelerator:
    """Find the card that the row names: in its setting, else in its source, else in its id."""
    found = next(match for text in (row.setting, row.source, row.id) if (match := CARD.search(text)))
    return find(found.group())


def weight_format(row: Row) -> str:
    found = FORMAT.search(f"{row.setting} {row.model}")
    return SPELLED.get(found.group(), found.group()) if found else ""


def decode(row: Row, accelerator: Accelerator | None = None, form: str = "") -> Roofline:
    """Run the row's decode step on its card."""
    context, batch = row.said(r"ctx (\d+)"), row.said(r"(?:batch|concurrency) (\d+)")
    parallel = int(row.said(r"(?:TP|tp|(?=\dx TPU))(\d)") or 1)
    return roofline(
        row.shape, accelerator or card(row), "decode", int(batch or 1), int(context or SHORT),
        form or weight_format(row), tensor_parallel=parallel,
    )  # fmt: skip


def _operation(row: Row) -> LayerTime:
    """LLM-Viewer's table runs attention without fusing it."""
    phase: Phase = "decode" if "decode" in row.setting else "prefill"
    name = row.said(r"\b(\w+_\w+)")
    found = roofline(row.shape, card(row), phase, 1, 2048, attention="eager")
    return next(layer for layer in found.layers if layer.name == name)


def _throughput(row: Row) -> float:
    if "ratio check" not in row.tolerance:
        return decode(row).tokens_per_second
    any_card = find("M3 Pro")  # the machine is not named: its F16 row stands for it, and bytes give the ratio
    plain = next(other for other in rows() if other.id == "lcpp-tg-F16")
    return plain.value * decode(row, any_card).tokens_per_second / decode(plain, any_card).tokens_per_second


def _total_throughput(row: Row) -> float:
    return decode(row).tokens_per_second / float(row.said(r"output share about ([\d.]+)"))


def _floor(row: Row) -> float:
    found = decode(row)
    return found.weight_bytes / found.bandwidth


def _bandwidth(row: Row) -> float:
    """Turn the throughput of the same run into bytes per second."""
    run = next(other for other in rows() if other.id == "gf-7b-bf16")
    return decode(row).bytes * run.value


def _step_time(row: Row) -> float:
    return decode(row).memory_s  # the book leaves communication out


COMPUTE: dict[str, Compute] = {
    "flops": lambda row: _operation(row).flops / _operation(row).count,
    "arithmetic_intensity": lambda row: _operation(row).arithmetic_intensity,
    "flops_per_s": lambda row: _operation(row).attainable,
    "bandwidth": _bandwidth,
    "decode_throughput": _throughput,
    "total_throughput": _total_throughput,
    "itl": lambda row: decode(row).time_s,
    "decode_step_time": _step_time,
    "decode_step_floor": _floor,
    "critical_batch": lambda row: textbook_critical_batch(card(row), "bf16")[0],
}

BOOK = (
    "The book keeps 13e9 parameters although sharing KV heads removes 1.68e9 of them, and reads the input embedding "
    "whole; with these two added and activations left out, ours is the same (test_calc_roofline.py)."
)

OURS_IS_RIGHT = dict.fromkeys(("sb-step-gqa-1", "sb-step-gqa-16", "sb-step-gqa-32"), BOOK)
