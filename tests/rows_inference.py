"""How to compute the reference rows on memory that a model needs to run."""

from calculator_rows import Compute, Row

from tools.calculators.inference_memory import inference_memory

_FORMATS = {"AWQ": "awq", "GPTQModel-int4": "gptq", "AutoGPTQ-int4": "gptq", "torchao-int4": "gptq"}


def _peak_memory(row: Row) -> float | None:
    if "transformers generate" not in row.setting:
        return None  # a row on training
    spelled = row.setting.split(",")[0]
    return inference_memory(row.shape, 1024, 1, _FORMATS[spelled], graphs=False).per_gpu


COMPUTE: dict[str, Compute] = {"peak_memory": _peak_memory}

OURS_IS_RIGHT = {
    "peak-l31-8b-AWQ": "AWQ stores the same 4 bits in groups of 128 as GPTQ, whose three processes peak at 6.3 to 6.5 GB;"
    " no part of the model explains the 1.6 GB more of this one process.",
}
