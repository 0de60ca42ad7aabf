"""How to compute the reference rows on GPUs and rented machines."""

from calculator_rows import Compute, Row

from tools.calculators.accelerator import find, find_machine, peak, ridge


def _peak(row: Row) -> float:
    return peak(find(row.model), row.quantity.removeprefix("peak_"))


def _memory(row: Row) -> float | None:
    return find(row.model).memory_gb if row.unit == "GB (marketing)" else None


PEAKS = ("fp32", "tf32", "bf16", "fp16", "fp16_fp16acc", "fp8", "fp4", "int8", "int4")

COMPUTE: dict[str, Compute] = {
    **{f"peak_{dtype}": _peak for dtype in PEAKS},
    "memory": _memory,
    "memory_bandwidth": lambda row: find(row.model).bandwidth,
    "usable_total_memory": lambda row: find(row.model).reported_memory,
    "memory_per_gpu": lambda row: find_machine(row.model).accelerator.reported_memory,
    "ridge_point": lambda row: ridge(find(row.model)).value,
}

OURS_IS_RIGHT: dict[str, str] = {}
