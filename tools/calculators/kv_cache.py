"""How many bytes keys and values take, and how many tokens, sequences or how long a context fits into given bytes."""

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from tools.calculators.argument import unknown, whole
from tools.calculators.derivation import Derivation, Text, step
from tools.calculators.ggml_type import GGML_TYPES
from tools.calculators.shape import ModelShape
from tools.calculators.tensor import check_parallel, kv_heads_per_gpu

BLOCK: Final = 16  # tokens in a block of vLLM's paged cache
UNBOUNDED: Final = 10**9  # stands for "memory sets no limit": every layer slides and its window fits
BATCHED_TOKENS: Final = 2048  # vLLM's default of --max-num-batched-tokens below 70 GiB; 8192 above

_BITS: Final[dict[str, float]] = {
    "bf16": 16, "fp16": 16, "fp32": 32, "fp8": 8, "int8": 8,
    **{name.lower(): GGML_TYPES[name].bits for name in ("Q8_0", "Q5_1", "Q5_0", "Q4_1", "Q4_0", "IQ4_NL")},
}  # fmt: skip
_OTHER_NAMES: Final = {
    "bfloat16": "bf16", "float16": "fp16", "half": "fp16", "f16": "fp16", "float32": "fp32", "f32": "fp32",
    "fp8_e4m3": "fp8", "fp8_e5m2": "fp8",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class KvCache:
    """What the cache takes on one GPU.

    `bytes_per_token` counts all layers as if none slid; `growing_bytes_per_token` only those with full attention;
    `bytes` is the whole cache of all sequences, sliding layers held to their window.
    """

    bytes: int
    bytes_per_token: int
    growing_bytes_per_token: int
    bytes_per_sequence: int
    dtype: str
    derivation: Derivation


@dataclass(frozen=True, slots=True)
class _Layout:
    """Layers by the window they see (0: all tokens), and what one token takes in one layer of one GPU."""

    layers_by_window: tuple[tuple[int, int], ...]
    layer_bytes: float
    dtype: str

    def per_sequence(self, tokens: int, block: int) -> float:
        held = _round_up(tokens, block)
        return self.layer_bytes * sum(
            count * (min(held, _round_up(window, block)) if window else held) for window, count in self.layers_by_window
        )


def dtype_names() -> tuple[str, ...]:
    """The formats that keys and values can be kept in."""
    return tuple(_BITS)


def kv_cache(
    shape: ModelShape, context: int, batch: int = 1, dtype: str = "", tensor_parallel: int = 1, block: int = 1
) -> KvCache:
    """Add up the cache of `batch` sequences of `context` tokens on one GPU; `block` rounds each sequence up.

    Without a dtype, 16 bit (32 for a model that computes in fp32). Raises UserMistake for sizes that cannot be.
    """
    whole("context", context, 1, UNBOUNDED)
    whole("batch", batch, 1, UNBOUNDED)
    whole("block", block, 1, 1024)
    layout = _layout(shape, dtype, tensor_parallel)
    one = round(layout.per_sequence(context, block))
    growing = sum(count for window, count in layout.layers_by_window if not window)
    return KvCache(
        one * batch,
        round(layout.layer_bytes * shape.layers),
        round(layout.layer_bytes * growing),
        one,
        layout.dtype,
        _derive(shape, layout, context, batch, tensor_parallel, block, one),
    )


def cache_bytes(shape: ModelShape, context: int, batch: int = 1, dtype: str = "", tensor_parallel: int = 1) -> int:
    """Return the bytes of the cache alone, for whoever solves for a context or a batch."""
    return round(_layout(shape, dtype, tensor_parallel).per_sequence(context, 1)) * batch


def fitting_tokens(
    shape: ModelShape, available: int, dtype: str = "", tensor_parallel: int = 1, block: int = BLOCK
) -> int:
    """Count the tokens that vLLM reports as "GPU KV cache size" for so many bytes on one GPU.

    Layers of several kinds form groups of equal size, the last one padded, and a token takes a place in each group.
    Source: vllm/v1/core/kv_cache_utils.py.
    """
    whole("available bytes", available, 0)
    layout = _layout(shape, dtype, tensor_parallel)
    size, groups = _groups(layout)
    blocks = int(available // (layout.layer_bytes * block * size))
    return blocks // groups * block


def request_bytes(
    shape: ModelShape,
    context: int,
    dtype: str = "",
    tensor_parallel: int = 1,
    block: int = BLOCK,
    batched_tokens: int = BATCHED_TOKENS,
) -> int:
    """Return what vLLM wants free for one request of that length: sliding layers also hold a chunk of prefill.

    Source: SlidingWindowSpec.max_memory_usage_bytes in vllm/v1/kv_cache_interface.py.
    """
    whole("context", context, 1, UNBOUNDED)
    layout = _layout(shape, dtype, tensor_parallel)
    size, _ = _groups(layout)
    blocks = 0
    for window, count in layout.layers_by_window:
        held = _round_up(min(window - 1 + batched_tokens, context), block) // block + 1 if window else 0
        blocks += -(-count // size) * (held or _round_up(context, block) // block)
    return round(blocks * size * block * layout.layer_bytes)


def longest_context(
    shape: ModelShape, available: int, batch: int = 1, dtype: str = "", tensor_parallel: int = 1, block: int = BLOCK
) -> int:
    """Solve for the longest context that `batch` sequences can have in so many bytes; 0 if none fits.

    UNBOUNDED where every layer slides and all windows fit. The model's own limit is not applied.
    """
    whole("available bytes", available, 0)
    budget = available / whole("batch", batch, 1, UNBOUNDED)
    layout = _layout(shape, dtype, tensor_parallel)
    slope = layout.layer_bytes * shape.layers
    fixed = 0.0
    for window, count in sorted((_round_up(w, block), n) for w, n in layout.layers_by_window if w):
        if fixed + slope * window > budget:
            break
        fixed += layout.layer_bytes * count * window
        slope -= layout.layer_bytes * count
    if slope < layout.layer_bytes / 2:
        return UNBOUNDED
    return min(UNBOUNDED, int((budget - fixed) / slope) // block * block)


def largest_batch(
    shape: ModelShape, available: int, context: int, dtype: str = "", tensor_parallel: int = 1, block: int = BLOCK
) -> int:
    """Solve for how many sequences of that length fit into so many bytes."""
    whole("available bytes", available, 0)
    return available // kv_cache(shape, context, 1, dtype, tensor_parallel, block).bytes


@lru_cache(maxsize=256)
def _layout(shape: ModelShape, dtype: str, tensor_parallel: int) -> _Layout:
    whole("tensor parallel size", tensor_parallel, 1, 1024)
    check_parallel(shape, tensor_parallel)
    name = _dtype(shape, dtype)
    if shape.latent:
        elements = shape.latent.kv_rank + shape.latent.rope_dim
    else:
        elements = 2 * kv_heads_per_gpu(shape, tensor_parallel) * shape.head_dim
    counts = Counter(shape.windows) if shape.windows else Counter({0: shape.layers})
    return _Layout(tuple(sorted(counts.items())), elements * _BITS[name] / 8, name)


def _dtype(shape: ModelShape, dtype: str) -> str:
    if dtype in {"", "auto"}:
        return shape.dtype if shape.dtype in {"fp32", "fp16", "bf16"} else "bf16"
    name = dtype.lower()
    name = _OTHER_NAMES.get(name, name)
    if name not in _BITS:
        raise unknown("KV cache format", dtype, _BITS)
    return name


def _groups(layout: _Layout) -> tuple[int, int]:
    """Return how many layers a group of vLLM's cache has, and how many groups there are.

    The factor is 1.5 in recent versions and was 1.25 at first; no built-in model lies between.
    """
    counts = [count for _, count in layout.layers_by_window]
    least, most = min(counts), max(counts)
    size = most if most < least * 1.5 else least
    return size, sum(-(-count // size) for count in counts)


def _derive(
    shape: ModelShape, layout: _Layout, context: int, batch: int, tensor_parallel: int, block: int, one: int
) -> Derivation:
    each = _BITS[layout.dtype] / 8
    if shape.latent:
        symbols: dict[str, float] = {"r": shape.latent.kv_rank, "d_rope": shape.latent.rope_dim, "b": each}
        formula = "(r + d_rope) × b"
    else:
        symbols = {"n_kv": kv_heads_per_gpu(shape, tensor_parallel), "d_head": shape.head_dim, "b": each}
        formula = "2 × n_kv × d_head × b"
    lines = [step("KV of one token in one layer", "每层每 token 的 KV", formula, symbols, layout.layer_bytes, "B")]
    terms: list[str] = []
    values: dict[str, float] = {"k": layout.layer_bytes, "T": _round_up(context, block)}
    for number, (window, count) in enumerate(layout.layers_by_window, 1):
        values |= {f"L{number}": count, f"W{number}": _round_up(window, block)}
        terms.append(f"L{number} × min(T, W{number})" if window else f"L{number} × T")
    lines.append(step("KV of one sequence", "单条序列的 KV", f"k × ({' + '.join(terms)})", values, one, "B"))
    lines.append(step("KV of all sequences", "全部序列的 KV", "B × S", {"B": batch, "S": one}, one * batch, "B"))
    return Derivation(tuple(lines), tuple(_assumptions(shape, tensor_parallel, block)), "kv-cache")


def _assumptions(shape: ModelShape, tensor_parallel: int, block: int) -> list[Text]:
    said: list[Text] = []
    if shape.latent:
        said.append(Text("The latent stands on every GPU; it has no heads to split.", "潜向量无头可分，每卡一份。"))
    elif tensor_parallel > shape.kv_heads:
        said.append(Text("A KV head is never split, so GPUs share copies.", "KV 头不可再分，多卡持有副本。"))
    if any(shape.windows):
        said.append(Text("Sliding-window layers keep only their window.", "滑动窗口层只保留窗口内的 token。"))
    if block > 1:
        said.append(Text(f"Each sequence fills blocks of {block} tokens.", f"每条序列按 {block} 个 token 的块取整。"))
    return said


def _round_up(value: int, block: int) -> int:
    return -(-value // block) * block
