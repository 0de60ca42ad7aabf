"""Why an engine cannot serve a model on a card as asked, or only with a change, and what to do instead."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tools.calculators.accelerator import Accelerator
from tools.calculators.derivation import Text
from tools.calculators.engine import VERSIONS, EngineName
from tools.calculators.kv_pool import Split
from tools.calculators.shape import ModelShape
from tools.calculators.tensor import parallel_refusal
from tools.calculators.weight_format import WeightFormat

FP16_OVERFLOWS: Final = ("gemma2", "gemma3", "gemma3_text", "glm4")  # vLLM 0.33.0 refuses float16 for them
CACHE_FORMATS: Final = ("bf16", "fp16", "fp32", "fp8")
_BITSANDBYTES: Final = ("nf4", "nf4-dq", "int8-bnb")
_TURING: Final = (7, 5)
_AMPERE: Final = (8, 0)
_ADA: Final = (8, 9)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason why the plan does not start; `note` explains it."""

    code: str
    reason: Text
    remedies: tuple[Text, ...]
    note: str


def refusals(
    shape: ModelShape, card: Accelerator, split: Split, kind: WeightFormat, length: int, engine: EngineName
) -> Iterator[Refusal]:
    """Name every reason that memory has nothing to do with."""
    yield from _splitting(shape, split, kind)
    yield from _formats(shape, card, kind, engine, length)
    yield from _card(card, split, engine)
    if split.kv_dtype not in CACHE_FORMATS:
        yield Refusal(
            "cache-format-unsupported",
            Text(
                f"{engine} keeps no KV cache in {split.kv_dtype}.", f"{engine} 不支持 {split.kv_dtype} 格式的 KV 缓存。"
            ),
            (Text("Use --kv-cache-dtype fp8 or auto.", "使用 --kv-cache-dtype fp8 或 auto。"),),
            "kv-cache-quantization",
        )
    if shape.max_context and length > shape.max_context:
        yield Refusal(
            "context-beyond-model",
            Text(
                f"{shape.name} was made for {shape.max_context:,} tokens, fewer than {length:,}.",
                f"{shape.name} 的最大上下文为 {shape.max_context:,} 个 token，小于所要求的 {length:,}。",
            ),
            (
                Text(
                    f"Use --max-model-len {shape.max_context}, or RoPE scaling (YaRN) if its card says so.",
                    f"使用 --max-model-len {shape.max_context}；若模型卡说明支持，可用 YaRN 扩展。",
                ),
            ),
            "max-model-len-exceeds-kv-cache",
        )


def _splitting(shape: ModelShape, split: Split, kind: WeightFormat) -> Iterator[Refusal]:
    size = split.tensor_parallel
    reason = parallel_refusal(shape, size)
    smaller = [n for n in range(1, size) if not parallel_refusal(shape, n)]
    remedy = Text(
        f"Use --tensor-parallel-size {smaller[-1]}, or spread the layers instead: --pipeline-parallel-size {size}.",
        f"改用 --tensor-parallel-size {smaller[-1]}，或按层切分：--pipeline-parallel-size {size}。",
    ) if smaller else Text("Use one GPU.", "使用单卡。")  # fmt: skip
    if reason:
        chinese = f"{shape.name} 的 {shape.heads} 个查询头、{shape.kv_heads} 个 KV 头等不能按张量并行数 {size} 均分。"
        yield Refusal("not-divisible", Text(reason, chinese), (remedy,), "heads-not-divisible-by-tp")
    elif torn := _torn_group(shape, size, kind):
        width, group = torn
        yield Refusal(
            "group-torn",
            Text(
                f"{width} inputs per GPU are no whole number of {kind.name} groups of {group}.",
                f"每卡 {width} 个输入维度不是 {kind.name} 分组大小 {group} 的整数倍。",
            ),
            (remedy,),
            "heads-not-divisible-by-tp",
        )
    if split.pipeline_parallel > shape.layers:
        yield Refusal(
            "more-stages-than-layers",
            Text(f"{shape.name} has only {shape.layers} layers.", f"{shape.name} 只有 {shape.layers} 层。"),
            (Text(f"Use at most {shape.layers} stages.", f"最多使用 {shape.layers} 级。"),),
            "pipeline-parallelism",
        )


def _torn_group(shape: ModelShape, size: int, kind: WeightFormat) -> tuple[int, int] | None:
    """Return the inputs of a row-split matrix on one GPU if they do not hold whole quantization groups."""
    if size == 1 or not kind.name.startswith(("awq", "gptq", "fp8-block")) or kind.name.endswith("channel"):
        return None
    stated = re.search(r"-g(\d+)$", kind.name)
    group = int(stated.group(1)) if stated else 128
    widths = [shape.value_width, shape.intermediate if shape.dense_layers else 0]
    widths += [shape.experts.intermediate] if shape.experts else []
    return next(((width // size, group) for width in widths if width // size % group), None)


def _formats(
    shape: ModelShape, card: Accelerator, kind: WeightFormat, engine: EngineName, length: int
) -> Iterator[Refusal]:
    version = VERSIONS[engine]
    if kind.scope == "mix" and engine == "vllm":
        yield Refusal(
            "gguf-needs-plugin",
            Text(f"vLLM {version} reads GGUF only with a plugin.", f"vLLM {version} 需插件才能读取 GGUF。"),
            (
                Text(
                    f"Serve the {kind.name} file by Shimmy or llama.cpp: llama-server -m FILE.gguf -c {length} -ngl 99",
                    f"用 Shimmy 或 llama.cpp 部署 {kind.name} 文件：llama-server -m FILE.gguf -c {length} -ngl 99",
                ),
                Text("For vLLM take an AWQ, GPTQ or FP8 checkpoint.", "使用 vLLM 请选 AWQ、GPTQ 或 FP8 权重。"),
            ),
            "gguf",
        )
    if kind.name in _BITSANDBYTES and engine == "vllm":
        yield Refusal(
            "bitsandbytes-dropped",
            Text(
                f"vLLM {version} no longer reads bitsandbytes checkpoints.",
                f"vLLM {version} 不再支持 bitsandbytes 权重。",
            ),
            (Text("Take an AWQ, GPTQ or FP8 checkpoint.", "改用 AWQ、GPTQ 或 FP8 权重。"),),
            "vllm",
        )
    if needs_half(shape, card, kind) and shape.architecture in FP16_OVERFLOWS:
        yield Refusal(
            "float16-overflows",
            Text(
                f"{card.name} lacks bf16, and {shape.name} overflows in float16.",
                f"{card.name} 不支持 bf16，而 {shape.name} 在 float16 下会溢出。",
            ),
            (Text("Use a card of compute capability 8.0 or above.", "改用计算能力 8.0 及以上的显卡。"),),
            "bf16-unsupported-gpu",
        )


def _card(card: Accelerator, split: Split, engine: EngineName) -> Iterator[Refusal]:
    capability = card.compute_capability
    if card.vendor == "Apple":
        yield Refusal(
            "no-such-platform",
            Text(f"{card.name} is no platform of {engine}.", f"{engine} 不支持 {card.name}。"),
            (Text("Use llama.cpp, MLX or Ollama.", "改用 llama.cpp、MLX 或 Ollama。"),),
            "llama-cpp",
        )
    if capability is None:
        return
    stated = f"{capability[0]}.{capability[1]}"
    if capability < _TURING:
        yield Refusal(
            "card-too-old",
            Text(
                f"{card.name} has compute capability {stated}; current releases ask for 7.5.",
                f"{card.name} 的计算能力为 {stated}，当前版本要求 7.5。",
            ),
            (Text("Use llama.cpp with a GGUF file.", "改用 llama.cpp 与 GGUF 文件。"),),
            "bf16-unsupported-gpu",
        )
    elif capability < _AMPERE and split.kv_dtype.startswith("fp8"):
        yield Refusal(
            "fp8-cache-unsupported",
            Text(
                f"{card.name} (compute capability {stated}) has no attention kernel for an FP8 cache.",
                f"{card.name}（计算能力 {stated}）没有支持 FP8 缓存的注意力内核。",
            ),
            (Text("Leave --kv-cache-dtype at auto.", "将 --kv-cache-dtype 保持为 auto。"),),
            "kv-cache-quantization",
        )


def needs_half(shape: ModelShape, card: Accelerator, kind: WeightFormat) -> bool:
    """Whether the model would compute in bf16 on an NVIDIA card that lacks it."""
    computes_in_bf16 = kind.name == "bf16" or (shape.dtype == "bf16" and kind.name not in {"fp16", "fp32"})
    return computes_in_bf16 and card.compute_capability is not None and card.compute_capability < _AMPERE


def card_warnings(shape: ModelShape, card: Accelerator, split: Split, kind: WeightFormat) -> Iterator[Text]:
    """Say what works, but not as one might expect."""
    capability = card.compute_capability
    if needs_half(shape, card, kind):
        yield Text(
            f"{card.name} has no bf16: it takes --dtype half (float16); check answers for overflow.",
            f"{card.name} 不支持 bf16，需用 --dtype half（float16）；请检查输出是否溢出。",
        )
    if capability is not None and _AMPERE <= capability < _ADA and split.kv_dtype.startswith("fp8"):
        yield Text(
            f"{card.name} has no FP8 arithmetic: the FP8 cache saves memory, but needs the FlashInfer backend.",
            f"{card.name} 没有 FP8 运算：FP8 缓存只省显存，且需要 FlashInfer 后端。",
        )
    if capability is not None and capability < _ADA and kind.compute == "fp8":
        yield Text(
            f"{card.name} has no FP8 arithmetic: FP8 weights save memory, the arithmetic stays at 16 bit.",
            f"{card.name} 没有 FP8 运算：FP8 权重只省显存，计算仍为 16 位。",
        )
    if card.vendor in {"Google", "Intel", "AMD"}:
        yield Text(
            f"The memory model is fitted to NVIDIA cards; {card.name} may differ.",
            f"显存模型按 NVIDIA 显卡拟合，{card.name} 可能有出入。",
        )
