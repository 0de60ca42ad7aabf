"""The two serving engines: what they take of a GPU by default, and how much one step of theirs computes."""

from typing import Final, Literal, NamedTuple

from tools.calculators.accelerator import Accelerator
from tools.calculators.unit import GIB, MIB
from tools.calculators.working_memory import Step, default_step

EngineName = Literal["vllm", "sglang"]
ENGINES: Final[tuple[EngineName, ...]] = ("vllm", "sglang")
VERSIONS: Final[dict[EngineName, str]] = {"vllm": "0.33.0", "sglang": "0.5.23"}
PORTS: Final[dict[EngineName, int]] = {"vllm": 8000, "sglang": 30000}
VLLM_UTILIZATION: Final = 0.92  # 0.90 in earlier versions
CUDA_CONTEXT: Final = GIB // 2  # gone before SGLang measures what is free


class SglangStep(NamedTuple):
    """SGLang's defaults for cards below so many MiB, by whether fewer than four GPUs work together."""

    below: float
    prefill: int
    graph_batch: int
    graph_batch_from_four: int


_SGLANG_STEPS: Final = (
    SglangStep(20 * 1024, 2048, 8, 8),
    SglangStep(35 * 1024, 2048, 24, 80),
    SglangStep(60 * 1024, 4096, 32, 160),
    SglangStep(90 * 1024, 8192, 256, 512),
    SglangStep(160 * 1024, 8192, 256, 512),
    SglangStep(float("inf"), 16_384, 512, 512),
)


def engine_step(engine: EngineName, card: Accelerator, tensor_parallel: int) -> Step:
    """Return the largest step of the engine with its defaults."""
    if engine == "vllm":
        return default_step(card)
    chosen = _sglang_step(card)
    return Step(chosen.prefill, chosen.graph_batch if tensor_parallel < 4 else chosen.graph_batch_from_four)


def engine_utilization(engine: EngineName, card: Accelerator, gpus: int) -> float:
    """Return --gpu-memory-utilization (vLLM) or --mem-fraction-static (SGLang) by default.

    SGLang's covers weights and cache alone; what it holds back follows _handle_gpu_memory_settings in
    python/sglang/srt/server_args.py, in MiB.
    """
    if engine == "vllm":
        return VLLM_UTILIZATION
    memory = card.reported_memory / MIB
    work = engine_step(engine, card, gpus)
    reserved = 512 + max(work.tokens, 2048) * 1.5 + work.sequences * 2 + gpus / 8 * 1024
    if memory > 60 * 1024:
        reserved = max(reserved, 10 * 1024)
    return max(0.0, round((memory - reserved) / memory, 3))


def _sglang_step(card: Accelerator) -> SglangStep:
    memory = card.reported_memory / MIB
    return next(entry for entry in _SGLANG_STEPS if memory < entry.below)
