"""How to compute the reference rows that logs of serving engines gave."""

from dataclasses import replace
from itertools import pairwise

from calculator_rows import Compute, Row, rows

from tools.calculators.accelerator import Accelerator, find
from tools.calculators.engine import engine_step
from tools.calculators.kv_pool import Split, held, kv_pool
from tools.calculators.model_catalogue import split_format
from tools.calculators.unit import GIB
from tools.calculators.weight_format import weights
from tools.calculators.working_memory import Step

_EARLIER_UTILIZATION = 0.90
_CARDS = ("L40S", "L4", "H100", "RTX 3090")


def _total(row: Row) -> int:
    stated = row.said(r"\(([\d.]+) GiB\)")
    return round(float(stated) * GIB) if stated else _card(row).reported_memory


def _card(row: Row) -> Accelerator:
    named = next((name for name in _CARDS if name in row.setting), "H100")  # "same GPU" follows rows on an H100
    return find({"H100": "H100 SXM"}.get(named, named))


def _measured(row: Row) -> float | None:
    """Where the log names activations and non-torch memory, only the weights are ours."""
    activation, rest = row.said(r"activation ([\d.]+)"), row.said(r"non-torch ([\d.]+)")
    if not activation:
        return None
    share = float(row.said(r"util ([\d.]+)"))
    return share * _total(row) - weights(row.shape).bytes - (float(activation) + float(rest)) * GIB


def _available(row: Row) -> float:
    measured = _measured(row)
    if measured is not None:
        return measured
    card = replace(_card(row), reported_memory=_total(row))
    stored = "fp32" if "float32" in row.setting else split_format(row.model)[1]
    stages = int(row.said(r"--pipeline-parallel-size (\d)") or 1)
    split = Split(stored, "", row.tensor_parallel, stages)
    work, share, graphs = engine_step("vllm", card, 1), float(row.said(r"util ([\d.]+)") or 0.92), True
    if "float32" in row.setting:  # vLLM 0.19 at 0.95, as in the rows before; it did not subtract graphs yet
        share, graphs = 0.95, False
    if "10517" in row.source:  # vLLM 0.6 profiled with one prompt of the full length and did not subtract graphs
        work, share, graphs = Step(int(row.said(r"len (\d+)")), 256), _EARLIER_UTILIZATION, False
    return kv_pool(row.shape, card, split, 4096, work, share, "vllm", graphs).room


def _concurrency(row: Row) -> float:
    """The setting is that of the row before."""
    before = next(earlier for earlier, this in pairwise(rows()) if this.id == row.id)
    length = int(before.said(r"len (\d+)"))
    return held(before.shape, round(_available(before)), length, Split(), 8192)[2]


COMPUTE: dict[str, Compute] = {"available_kv_cache": _available, "maximum_concurrency": _concurrency}

OURS_IS_RIGHT: dict[str, str] = {}
