"""The command that starts a serving engine, with the flags of the version named in engine.py."""

import shlex
from dataclasses import dataclass
from typing import Final

from tools.calculators.engine import PORTS, VLLM_UTILIZATION, EngineName
from tools.calculators.kv_pool import Split
from tools.calculators.shape import ModelShape
from tools.calculators.weight_format import WeightFormat

_ON_LOAD: Final[dict[EngineName, str]] = {"vllm": "fp8_per_tensor", "sglang": "fp8"}
_SUFFIXES: Final = {"awq": "-AWQ", "gptq": "-GPTQ-Int4", "gptq-int8": "-GPTQ-Int8", "fp8-block": "-FP8"}


@dataclass(frozen=True, slots=True)
class Invocation:
    """How the server is called; an empty or zero field is left to the engine.

    `path` replaces the repository, `devices` lists GPUs as in CUDA_VISIBLE_DEVICES.
    """

    served_name: str = ""
    port: int = 0
    path: str = ""
    devices: str = ""


def checkpoint(shape: ModelShape, kind: WeightFormat, path: str = "") -> tuple[str, bool]:
    """Return what the command loads, and whether such a checkpoint is known to exist.

    FP8 needs none of its own, since engines quantize to it while loading.
    """
    if path:
        return path, True
    base = shape.repository or shape.name
    if kind.name in {"bf16", "fp16", "fp32", "fp8"} or kind.name == shape.weight_format:
        return base, bool(shape.repository)
    suffix = _SUFFIXES.get(kind.name, f"-{kind.name.upper()}")
    published = base.startswith("Qwen/Qwen") and kind.name in {"awq", "gptq"}
    if published and base.startswith("Qwen/Qwen2.5") and not base.endswith("-Instruct"):
        base += "-Instruct"
    return base + suffix, published


def command(
    engine: EngineName,
    shape: ModelShape,
    kind: WeightFormat,
    split: Split,
    length: int,
    call: Invocation,
    utilization: float | None = None,
    half: bool = False,
    graphs: bool = True,
) -> str:
    """Write the command in one line, every value quoted for a shell; defaults of the engine are left out."""
    model, _ = checkpoint(shape, kind, call.path)
    words = [f"CUDA_VISIBLE_DEVICES={shlex.quote(call.devices)}"] if call.devices else []
    words += ["vllm serve"] if engine == "vllm" else ["python -m sglang.launch_server --model-path"]
    words.append(shlex.quote(model))
    flags: list[tuple[str, object]] = [("--served-model-name", call.served_name)]
    if engine == "vllm":
        flags += _vllm(split, length, utilization, graphs)
    else:
        flags += _sglang(split, length, utilization, graphs)
    flags += [("--port", call.port if call.port != PORTS[engine] else 0)]
    flags += [("--dtype", "half" if half else _dtype(shape, kind))]
    flags += [("--quantization", _ON_LOAD[engine] if kind.name == "fp8" and shape.weight_format != "fp8" else "")]
    if engine == "sglang" and kind.scope == "mix":
        flags.append(("--load-format", "gguf"))
    for flag, value in flags:
        if value is True:
            words.append(flag)
        elif value:
            words.append(f"{flag} {shlex.quote(str(value))}")
    return " ".join(words)


def _vllm(split: Split, length: int, utilization: float | None, graphs: bool) -> list[tuple[str, object]]:
    stated = utilization if utilization not in {None, VLLM_UTILIZATION} else ""
    return [
        ("--tensor-parallel-size", split.tensor_parallel if split.tensor_parallel > 1 else 0),
        ("--pipeline-parallel-size", split.pipeline_parallel if split.pipeline_parallel > 1 else 0),
        ("--max-model-len", length),
        ("--gpu-memory-utilization", stated),
        ("--kv-cache-dtype", "fp8" if split.kv_dtype == "fp8" else ""),
        ("--enforce-eager", not graphs),
    ]


def _sglang(split: Split, length: int, utilization: float | None, graphs: bool) -> list[tuple[str, object]]:
    return [
        ("--tp", split.tensor_parallel if split.tensor_parallel > 1 else 0),
        ("--pp-size", split.pipeline_parallel if split.pipeline_parallel > 1 else 0),
        ("--context-length", length),
        ("--mem-fraction-static", utilization or ""),
        ("--kv-cache-dtype", "fp8_e4m3" if split.kv_dtype == "fp8" else ""),
        ("--disable-cuda-graph", not graphs),
    ]


def _dtype(shape: ModelShape, kind: WeightFormat) -> str:
    """Return --dtype where the checkpoint's own is not meant."""
    if kind.name == shape.dtype or kind.name not in {"bf16", "fp16", "fp32"}:
        return ""
    return {"bf16": "bfloat16", "fp16": "half", "fp32": "float32"}[kind.name]
