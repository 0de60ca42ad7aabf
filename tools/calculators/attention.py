"""The arithmetic and traffic of attention itself: scores and weighted values, without the projections around it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from tools.calculators.kv_cache import kv_cache
from tools.calculators.operation import SOFTMAX_FLOPS, Operation
from tools.calculators.shape import ModelShape
from tools.calculators.tensor import kv_heads_per_gpu
from tools.calculators.workload import Workload, activation_bytes, activation_dtype


@dataclass(frozen=True, slots=True)
class AttentionCore:
    """What attention of one layer does on one GPU, per pair of query and key or per token.

    Widths are in elements: `keys` and `values` are those of a prefill's own tokens, `key_share` and `value_share` the
    parts of a cached token that scores and weighted values read.
    """

    heads: int
    score_flops: int
    value_flops: int
    queries: int
    results: int
    keys: int
    values: int
    key_share: float
    value_share: float
    cache_bytes: float

    @property
    def pair_flops(self) -> int:
        """FLOPs for one query that meets one key, over all heads of the GPU."""
        return self.score_flops + self.value_flops


def windows(shape: ModelShape) -> dict[int, int]:
    """Count the layers by how many tokens they attend to, 0 for all."""
    return dict(sorted(Counter(shape.windows).items())) if shape.windows else {0: shape.layers}


def pairs(work: Workload, window: int) -> int:
    """Count the query-key pairs of one sequence in one layer that the causal mask and the window leave."""
    reach = min(work.context, window or work.context)
    if work.phase == "decode":
        return reach
    if work.attention == "eager":
        return work.context**2
    return reach * (reach + 1) // 2 + (work.context - reach) * reach


@lru_cache(maxsize=256)
def attention_core(shape: ModelShape, absorbed: bool, kv_dtype: str, tensor_parallel: int) -> AttentionCore:
    """Return what one GPU's attention costs per pair and per token.

    `absorbed` is DeepSeek's decode: queries are projected into the latent space, so that keys and values of all heads
    are the one cached latent and are never expanded (arXiv:2405.04434, section 2.1.2).
    """
    heads = shape.heads // tensor_parallel
    cached = kv_cache(shape, 1, dtype=kv_dtype, tensor_parallel=tensor_parallel).bytes_per_token / shape.layers
    latent = shape.latent
    if latent is None:
        width, kv = heads * shape.head_dim, kv_heads_per_gpu(shape, tensor_parallel) * shape.head_dim
        return AttentionCore(heads, 2 * width, 2 * width, width, width, kv, kv, 0.5, 0.5, cached)
    if absorbed:
        key, value = latent.kv_rank + latent.rope_dim, latent.kv_rank
        share = value / key
        scores, results = 2 * heads * key, 2 * heads * value
        return AttentionCore(heads, scores, results, heads * key, heads * value, key, 0, 1.0, share, cached)
    key, value = heads * (latent.nope_dim + latent.rope_dim), heads * latent.value_dim
    return AttentionCore(heads, 2 * key, 2 * value, key, value, key, value, 1.0, 0.0, cached)


def attention_operations(shape: ModelShape, work: Workload) -> Iterator[Operation]:
    """List attention on one GPU, one group for each window that layers of the model have."""
    core = attention_core(shape, work.phase == "decode", work.kv_dtype, work.tensor_parallel)
    dtype = activation_dtype(shape, work.weight_format)
    each = activation_bytes(dtype)
    groups = windows(shape)
    for window, count in groups.items():
        label = "" if len(groups) == 1 and not window else f" (window {window})" if window else " (full)"
        make = _fused if work.attention == "fused" else _eager
        yield from make(core, work, window, count, label, dtype, each)


def _fused(
    core: AttentionCore, work: Workload, window: int, count: int, label: str, dtype: str, each: int
) -> Iterator[Operation]:
    met = pairs(work, window)
    moved = work.tokens * (core.queries + core.results) * each
    if work.phase == "prefill":
        moved += work.tokens * (core.keys + core.values) * each
    yield Operation(
        f"attention{label}",
        "attention",
        count,
        flops=count * work.batch * met * core.pair_flops,
        kv_bytes=count * core.cache_bytes * (work.tokens + (work.batch * met if work.phase == "decode" else 0)),
        activation_bytes=count * moved,
        dtype=dtype,
    )


def _eager(
    core: AttentionCore, work: Workload, window: int, count: int, label: str, dtype: str, each: int
) -> Iterator[Operation]:
    met = work.batch * pairs(work, window)
    scores = met * core.heads * each
    decode = work.phase == "decode"
    read = met if decode else 0
    keys, values = (0, 0) if decode else (work.tokens * core.keys * each, work.tokens * core.values * each)
    yield Operation(
        f"qk_matmul{label}",
        "attention",
        count,
        flops=count * met * core.score_flops,
        kv_bytes=count * core.cache_bytes * core.key_share * (read + work.tokens),
        activation_bytes=count * (work.tokens * core.queries * each + keys + scores),
        dtype=dtype,
    )
    yield Operation(
        f"softmax{label}",
        "elementwise",
        count,
        flops=count * met * core.heads * SOFTMAX_FLOPS,
        activation_bytes=count * 2 * scores,
        dtype=dtype,
    )
    written = work.tokens * (1.0 - core.key_share)
    yield Operation(
        f"sv_matmul{label}",
        "attention",
        count,
        flops=count * met * core.value_flops,
        kv_bytes=count * core.cache_bytes * (core.value_share * read + written),
        activation_bytes=count * (work.tokens * core.results * each + values + scores),
        dtype=dtype,
    )
