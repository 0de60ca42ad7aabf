"""A plan to serve a model: how it is split over GPUs, what the KV cache holds, the command, or why it cannot be."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from tools.calculators.accelerator import Accelerator
from tools.calculators.argument import named, real, whole
from tools.calculators.derivation import Derivation, Text
from tools.calculators.engine import ENGINES, VERSIONS, EngineName, engine_step, engine_utilization
from tools.calculators.inference_memory import cache_dtype
from tools.calculators.kv_cache import UNBOUNDED, kv_cache
from tools.calculators.kv_pool import KvPool, Split, held, kv_pool, one_request_fits
from tools.calculators.refusal import Refusal, card_warnings, needs_half, refusals
from tools.calculators.serving_command import Invocation, checkpoint, command
from tools.calculators.shape import ModelShape
from tools.calculators.tensor import parallel_refusal
from tools.calculators.unit import format_bytes
from tools.calculators.weight_format import WeightFormat, find_format
from tools.calculators.working_memory import Step

MOST_GPUS: Final = 1024
_SEARCHED_GPUS: Final = 16  # how far a plan without a number of GPUs looks


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked of the server at one time: requests, and tokens of prompt and answer of each."""

    requests: int
    prompt: int
    output: int


@dataclass(frozen=True, slots=True)
class ServingPlan:
    """How to serve the model; sizes in bytes on one GPU, `kv_cache_bytes` 0 where nothing is left.

    `smallest_tensor_parallel` is the fewest GPUs that would do (0: none found), `max_model_len` the longest request
    that fits, `running_requests` how many of the load run at once (None without a load). `command` is empty where the
    engine would not start.
    """

    model: str
    accelerator: str
    engine: EngineName
    version: str
    fits: bool
    gpus: int
    tensor_parallel: int
    pipeline_parallel: int
    smallest_tensor_parallel: int
    utilization: float
    budget_bytes: int
    weights_bytes: int
    activation_bytes: int
    overhead_bytes: int
    kv_cache_bytes: int
    kv_cache_tokens: int
    request_bytes: int
    max_concurrency: float
    max_model_len: int
    running_requests: int | None
    command: str
    warnings: tuple[Text, ...]
    refusals: tuple[Refusal, ...]
    derivation: Derivation


@dataclass(frozen=True, slots=True)
class _Order:
    """All of the request that does not depend on the split."""

    shape: ModelShape
    card: Accelerator
    kind: WeightFormat
    length: int
    engine: EngineName
    utilization: float | None
    load: Load | None
    graphs: bool

    def share(self, split: Split) -> float:
        gpus = split.tensor_parallel * split.pipeline_parallel
        return self.utilization if self.utilization is not None else engine_utilization(self.engine, self.card, gpus)

    def work(self, split: Split) -> Step:
        return engine_step(self.engine, self.card, split.tensor_parallel)

    def pool(self, split: Split) -> KvPool:
        work, share = self.work(split), self.share(split)
        return kv_pool(self.shape, self.card, split, self.length, work, share, self.engine, self.graphs)

    def fits(self, split: Split) -> bool:
        work, share = self.work(split), self.share(split)
        return one_request_fits(self.shape, self.card, split, self.length, work, share, self.engine, self.graphs)

    def refused(self, split: Split) -> list[Refusal]:
        return list(refusals(self.shape, self.card, split, self.kind, self.length, self.engine))


def serving_plan(
    shape: ModelShape,
    card: Accelerator,
    gpus: int = 0,
    max_model_len: int = 0,
    weight_format: str = "",
    kv_dtype: str = "",
    utilization: float | None = None,
    engine: str = "vllm",
    tensor_parallel: int = 0,
    pipeline_parallel: int = 1,
    load: Load | None = None,
    call: Invocation | None = None,
    graphs: bool = True,
) -> ServingPlan:
    """Plan a server on `gpus` cards of one kind; 0 finds the fewest, and 0 tokens means the model's own length.

    Given GPUs are all used as far as the heads can be divided. Raises UserMistake for input that cannot be; what the
    engine would refuse stands in `refusals`.
    """
    chosen: EngineName = "vllm" if named("engine", engine, ENGINES) == "vllm" else "sglang"
    whole("number of GPUs", gpus, 0, MOST_GPUS)
    whole("tensor parallel size", tensor_parallel, 0, MOST_GPUS)
    whole("pipeline parallel size", pipeline_parallel, 1, MOST_GPUS)
    length = whole("max model length", max_model_len or shape.max_context or 4096, 1, UNBOUNDED)
    if utilization is not None:
        real("memory utilization", utilization, 0.01, 1.0)
    if load:
        for what, value in (("number of requests", load.requests), ("prompt", load.prompt), ("output", load.output)):
            whole(what, value, 0 if what == "prompt" else 1, UNBOUNDED)
    kind = find_format(weight_format or shape.weight_format or shape.dtype)
    order = _Order(shape, card, kind, length, chosen, utilization, load, graphs)
    cache = kv_cache(shape, 1, 1, cache_dtype(shape, weight_format, kv_dtype)).dtype
    base = Split(weight_format, cache, 1, pipeline_parallel)
    smallest = _smallest(order, base)
    per_stage = gpus // pipeline_parallel if gpus else 0
    size = tensor_parallel or (_widest(order, base, per_stage) if gpus else smallest or _widest(order, base, 16))
    split = replace(base, tensor_parallel=size)
    refused = order.refused(split)
    if any(refusal.code in {"not-divisible", "group-torn"} for refusal in refused):
        return _unsplit(order, split, gpus, smallest, refused)
    return _planned(order, split, gpus or size * pipeline_parallel, smallest, refused, call or Invocation())


def _planned(
    order: _Order, split: Split, gpus: int, smallest: int, refused: list[Refusal], call: Invocation
) -> ServingPlan:
    pool = order.pool(split)
    if split.tensor_parallel * split.pipeline_parallel > gpus:
        refused.append(_too_few(split, gpus))
    if not pool.fits:
        refused.append(_lacking(order, split, pool, smallest))
    running = _running(order, split, pool)
    said = [*card_warnings(order.shape, order.card, split, order.kind)]
    said += _warnings(order, split, pool, gpus, smallest, call, running)
    half = needs_half(order.shape, order.card, order.kind)
    line = command(
        order.engine, order.shape, order.kind, split, order.length, call, order.utilization, half, order.graphs
    )
    return _plan(order, split, gpus, smallest, refused, pool, "" if refused else line, tuple(said), running)


def _plan(
    order: _Order,
    split: Split,
    gpus: int,
    smallest: int,
    refused: list[Refusal],
    pool: KvPool | None,
    line: str,
    said: tuple[Text, ...],
    running: int | None,
) -> ServingPlan:
    return ServingPlan(
        model=order.shape.name,
        accelerator=order.card.name,
        engine=order.engine,
        version=VERSIONS[order.engine],
        fits=not refused,
        gpus=gpus,
        tensor_parallel=split.tensor_parallel,
        pipeline_parallel=split.pipeline_parallel,
        smallest_tensor_parallel=smallest,
        utilization=order.share(split),
        budget_bytes=pool.budget if pool else 0,
        weights_bytes=pool.weights if pool else 0,
        activation_bytes=pool.activation if pool else 0,
        overhead_bytes=pool.overhead if pool else 0,
        kv_cache_bytes=max(0, pool.room) if pool else 0,
        kv_cache_tokens=pool.tokens if pool else 0,
        request_bytes=pool.request if pool else 0,
        max_concurrency=pool.concurrency if pool else 0.0,
        max_model_len=pool.longest if pool else 0,
        running_requests=running,
        command=line,
        warnings=said,
        refusals=tuple(refused),
        derivation=pool.derivation if pool else Derivation(note="heads-not-divisible-by-tp"),
    )


def _unsplit(order: _Order, split: Split, gpus: int, smallest: int, refused: list[Refusal]) -> ServingPlan:
    """Return the plan of a model that cannot be split like that: reasons, and no sizes."""
    return _plan(order, split, gpus or split.tensor_parallel, smallest, refused, None, "", (), None)


def _sizes(order: _Order, base: Split, most: int) -> Iterator[Split]:
    """Yield the splits that the model's heads, widths and groups allow."""
    for size in range(1, most + 1):
        split = replace(base, tensor_parallel=size)
        if parallel_refusal(order.shape, size):
            continue
        if not any(refusal.code == "group-torn" for refusal in order.refused(split)):
            yield split


def _smallest(order: _Order, base: Split) -> int:
    return next((s.tensor_parallel for s in _sizes(order, base, _SEARCHED_GPUS) if order.fits(s)), 0)


def _widest(order: _Order, base: Split, most: int) -> int:
    return max((split.tensor_parallel for split in _sizes(order, base, max(1, most))), default=1)


def _running(order: _Order, split: Split, pool: KvPool) -> int | None:
    if order.load is None:
        return None
    layers = -(-order.shape.layers // split.pipeline_parallel) / order.shape.layers
    tokens = order.load.prompt + order.load.output
    work = order.work(split)
    most = min(order.load.requests, work.sequences) if order.engine == "vllm" else order.load.requests
    return min(most, int(held(order.shape, pool.room, tokens, split, work.tokens, layers)[2]))


def _too_few(split: Split, gpus: int) -> Refusal:
    needed = split.tensor_parallel * split.pipeline_parallel
    return Refusal(
        "too-few-gpus",
        Text(f"The split needs {needed} GPUs, and there are {gpus}.", f"该切分需要 {needed} 张卡，但只有 {gpus} 张。"),
        (Text(f"Give {needed} GPUs or a smaller size.", f"提供 {needed} 张卡，或减小并行数。"),),
        "vllm-tensor-parallel",
    )


def _lacking(order: _Order, split: Split, pool: KvPool, smallest: int) -> Refusal:
    """Say by how much memory falls short, and which changes would do."""
    short = format_bytes(pool.request - pool.room)
    if pool.room <= 0:
        reason = Text(
            f"Weights and working memory leave nothing for the KV cache: {short} are missing on each GPU.",
            f"权重与工作显存已占满，KV 缓存没有空间：每卡还差 {short}。",
        )
        return Refusal(
            "no-room", reason, tuple(_remedies(order, split, pool, smallest)), "no-memory-for-kv-cache-blocks"
        )
    reason = Text(
        f"One request of {order.length:,} tokens needs {format_bytes(pool.request)} of KV cache, "
        f"and {format_bytes(pool.room)} are left: {short} are missing on each GPU.",
        f"一个 {order.length:,} token 的请求需要 {format_bytes(pool.request)} KV 缓存，"
        f"而只剩 {format_bytes(pool.room)}：每卡还差 {short}。",
    )
    remedies = tuple(_remedies(order, split, pool, smallest))
    return Refusal("context-too-long", reason, remedies, "max-model-len-exceeds-kv-cache")


def _remedies(order: _Order, split: Split, pool: KvPool, smallest: int) -> Iterator[Text]:
    """Yield the changes that make it fit, each alone."""
    if pool.longest:
        flag = "--max-model-len" if order.engine == "vllm" else "--context-length"
        yield Text(f"Context: {flag} {pool.longest} fits.", f"上下文：{flag} {pool.longest} 可以容纳。")
    for name in ("fp8", "awq"):
        kind = find_format(name)
        other = replace(split, weight_format=name)
        if kind.bits >= order.kind.bits or replace(order, kind=kind).refused(other):
            continue
        if replace(order, kind=kind).fits(other):
            yield Text(f"Quantization: {name.upper()} weights fit.", f"量化：{name.upper()} 权重可以容纳。")
    other = replace(split, kv_dtype="fp8")
    if split.kv_dtype != "fp8" and not order.refused(other) and order.fits(other):
        yield Text("KV cache: --kv-cache-dtype fp8 fits.", "KV 缓存：--kv-cache-dtype fp8 可以容纳。")
    if smallest > split.tensor_parallel:
        yield Text(
            f"GPUs: {smallest} of these cards fit (tensor parallel size {smallest}).",
            f"显卡：{smallest} 张此卡可以容纳（张量并行数 {smallest}）。",
        )
    elif not smallest:
        yield Text(
            f"Even {_SEARCHED_GPUS} of these cards do not fit it; take larger cards or a smaller model.",
            f"{_SEARCHED_GPUS} 张此卡也放不下；请换更大的显卡或更小的模型。",
        )


def _warnings(
    order: _Order, split: Split, pool: KvPool, gpus: int, smallest: int, call: Invocation, running: int | None
) -> Iterator[Text]:
    used = split.tensor_parallel * split.pipeline_parallel
    if used < gpus:
        yield Text(
            f"{gpus - used} of {gpus} GPUs stay idle: the model is divided by {split.tensor_parallel} at most.",
            f"{gpus} 张卡中有 {gpus - used} 张闲置：模型最多按 {split.tensor_parallel} 张切分。",
        )
    if pool.fits and 0 < smallest < split.tensor_parallel:
        yield Text(
            f"It fits on {smallest} GPU(s); {used // smallest} copies (--data-parallel-size) often serve more.",
            f"{smallest} 张卡即可容纳；部署 {used // smallest} 份副本（--data-parallel-size）往往吞吐更高。",
        )
    model, known = checkpoint(order.shape, order.kind, call.path)
    if pool.fits and not known and order.kind.scope != "mix":
        yield Text(f"Check that the checkpoint {model!r} exists.", f"请确认权重 {model!r} 存在。")
    if pool.fits:
        yield _meaning_of_concurrency(order, pool, order.work(split).sequences)
    if order.load and running is not None:
        yield from _load_warnings(order, order.load, running)


def _meaning_of_concurrency(order: _Order, pool: KvPool, sequences: int) -> Text:
    most = f", up to {sequences:,} (--max-num-seqs)" if order.engine == "vllm" else ""
    most_chinese = f"，最多 {sequences:,} 个（--max-num-seqs）" if order.engine == "vllm" else ""
    return Text(
        f"{pool.concurrency:.2f}x is how many requests of all {order.length:,} tokens fit at once, no batch limit; "
        f"shorter requests run in larger numbers{most}; further ones wait.",
        f"{pool.concurrency:.2f}x 表示可同时容纳多少个 {order.length:,} token 的满长请求，并非批大小上限："
        f"较短的请求可同时运行更多{most_chinese}，其余排队。",
    )


def _load_warnings(order: _Order, load: Load, running: int) -> Iterator[Text]:
    tokens = load.prompt + load.output
    if tokens > order.length:
        yield Text(
            f"Requests of {tokens:,} tokens are longer than the limit of {order.length:,} and are refused.",
            f"{tokens:,} token 的请求超过上限 {order.length:,}，会被拒绝。",
        )
    if running < load.requests:
        yield Text(
            f"Of {load.requests:,} requests {running:,} run at once; the others wait for cache.",
            f"{load.requests:,} 个请求中可同时运行 {running:,} 个，其余等待缓存。",
        )
