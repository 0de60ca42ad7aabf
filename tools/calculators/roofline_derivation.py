"""The arithmetic of a roofline estimate, line by line."""

from collections.abc import Iterator, Sequence

from tools.calculators.attention import attention_core, pairs, windows
from tools.calculators.collective import Collective
from tools.calculators.derivation import Derivation, Step, Text, step
from tools.calculators.layer_time import LayerTime, Roof, main_dtype
from tools.calculators.operation import distinct_experts, matrices
from tools.calculators.shape import ModelShape
from tools.calculators.workload import Workload, stored_format


def derive(
    shape: ModelShape,
    work: Workload,
    roof: Roof,
    layers: Sequence[LayerTime],
    sent: Sequence[Collective],
    critical: float,
) -> Derivation:
    """Write down how FLOPs, bytes and times came about; every line is one GPU's share."""
    lines = (
        *_flops(shape, work, layers),
        *_bytes(shape, work, layers),
        *_times(work, roof, layers, sent),
        *_critical(shape, work, roof, critical),
    )
    return Derivation(lines, tuple(_assumptions(shape, work, roof)), "roofline-model")


def _sum(layers: Sequence[LayerTime], field: str, *kinds: str) -> float:
    return sum(getattr(layer, field) for layer in layers if not kinds or layer.kind in kinds)


def _flops(shape: ModelShape, work: Workload, layers: Sequence[LayerTime]) -> Iterator[Step]:
    prefill, n = work.phase == "prefill", work.tokens
    formula = "B × T" if prefill else "B"
    yield step("tokens in this pass", "本次处理的 token", formula, {"B": work.batch, "T": work.context}, n, "tokens")
    linear, head = _sum(layers, "flops", "linear"), _sum(layers, "flops", "head")
    symbols = {"n": n, "N": linear / n / 2, "m": work.positions, "H": head / work.positions / 2}
    total = linear + head
    yield step("FLOPs of weights", "权重计算量", "2 × n × N + 2 × m × H", symbols, total, "FLOP")
    core = attention_core(shape, not prefill, work.kv_dtype, work.tensor_parallel)
    terms, values, met = _pairs(shape, work)
    yield step("query-key pairs of one sequence", "单条序列的 query-key 对", terms, values, met, "pairs")
    symbols = {"c": core.pair_flops, "B": work.batch, "p": met}
    attention = _sum(layers, "flops", "attention")
    yield step("FLOPs of attention", "注意力计算量", "c × B × p", symbols, attention, "FLOP")
    other = _sum(layers, "flops", "elementwise", "lookup")
    yield step("FLOPs of all else", "其余计算量", "n × e", {"n": n, "e": other / n}, other, "FLOP")
    symbols = {"F_w": total, "F_a": attention, "F_e": other}
    yield step("FLOPs", "计算量", "F_w + F_a + F_e", symbols, total + attention + other, "FLOP")


def _pairs(shape: ModelShape, work: Workload) -> tuple[str, dict[str, float], int]:
    terms: list[str] = []
    values: dict[str, float] = {"T": work.context}
    for number, (window, count) in enumerate(windows(shape).items(), 1):
        layer, width = f"L{number}", f"W{number}"
        values |= {layer: count, width: window}
        inside = bool(window) and window < work.context
        if work.phase == "decode":
            terms.append(f"{layer} × {width if inside else 'T'}")
        elif work.attention == "eager":
            terms.append(f"{layer} × T × T")
        elif inside:
            terms.append(f"{layer} × ({width} × ({width} + 1) / 2 + (T - {width}) × {width})")
        else:
            terms.append(f"{layer} × T × (T + 1) / 2")
    met = sum(count * pairs(work, window) for window, count in windows(shape).items())
    return " + ".join(terms), values, met


def _bytes(shape: ModelShape, work: Workload, layers: Sequence[LayerTime]) -> Iterator[Step]:
    weights = _sum(layers, "weight_bytes")
    parts = [p for p in matrices(shape, work.weight_format, work.tensor_parallel) if p.copies > 1]
    if parts and shape.experts:
        count, chosen = shape.experts.count, shape.experts.per_token
        distinct = distinct_experts(count, chosen, work.tokens)
        missed = 1 - distinct / count
        name = ("distinct experts chosen in a layer", "每层被选中的不同专家数")
        yield step(*name, "E × (1 - q)", {"E": count, "q": missed}, distinct, "experts")
        routed = sum(p.weight_bytes for p in parts)
        symbols = {"W": weights - routed * distinct / count, "X": routed, "D": distinct, "E": count}
        yield step("bytes of weights", "权重字节数", "W + X × D / E", symbols, weights, "B")
    else:
        formula, symbols = (
            "N × bits / 8",
            {"N": 8 * weights / _bits(work, shape, weights), "bits": _bits(work, shape, weights)},
        )
        yield step("bytes of weights", "权重字节数", formula, symbols, weights, "B")
    cache = _sum(layers, "kv_bytes")
    core = attention_core(shape, work.phase == "decode", work.kv_dtype, work.tensor_parallel)
    moved = cache / core.cache_bytes
    yield step("bytes of the KV cache", "KV 缓存字节数", "k × s", {"k": core.cache_bytes, "s": moved}, cache, "B")
    passing = _sum(layers, "activation_bytes")
    symbols = {"n": work.tokens, "a": passing / work.tokens}
    yield step("bytes of activations", "激活字节数", "n × a", symbols, passing, "B")
    symbols = {"D_w": weights, "D_kv": cache, "D_a": passing}
    yield step("bytes", "访存量", "D_w + D_kv + D_a", symbols, weights + cache + passing, "B")


def _times(work: Workload, roof: Roof, layers: Sequence[LayerTime], sent: Sequence[Collective]) -> Iterator[Step]:
    flops, moved, band = _sum(layers, "flops"), _sum(layers, "bytes"), roof.bandwidth
    symbols = {"F": flops, "D": moved}
    yield step("arithmetic intensity", "算术强度", "F / D", symbols, flops / moved, "FLOP/byte")
    peak = roof.peak(main_dtype(layers))
    yield step("ridge point", "屋脊点", "P / BW", {"P": peak, "BW": band}, peak / band, "FLOP/byte")
    by_peak: dict[float, float] = {}
    for layer in layers:
        by_peak[layer.peak] = by_peak.get(layer.peak, 0.0) + layer.flops
    values = {f"{sign}{i}": x for i, pair in enumerate(by_peak.items(), 1) for sign, x in zip("PF", pair, strict=True)}
    formula = " + ".join(f"F{i} / P{i}" for i in range(1, len(by_peak) + 1))
    compute_s = sum(share / top for top, share in by_peak.items())
    yield step("arithmetic alone", "仅计算的时间", formula, values, compute_s, "s")
    yield step("memory alone", "仅访存的时间", "D / BW", {"D": moved, "BW": band}, moved / band, "s")
    symbols = {"t_c": compute_s, "t_m": moved / band}
    overlapped = ("if everything overlapped", "若全部重叠")
    yield step(*overlapped, "max(t_c, t_m)", symbols, max(compute_s, moved / band), "s")
    held = {bound: sum(x.time_s for x in layers if x.bound == bound) for bound in ("compute", "memory")}
    talk = sum(part.time_s for part in sent)
    if sent:
        symbols = {"S": sum(part.sent for part in sent), "link": roof.card.link.bandwidth}
        yield step("communication", "通信时间", "S / link", symbols, talk, "s")
    symbols = {"t_compute": held["compute"], "t_memory": held["memory"], "t_link": talk}
    formula = "t_compute + t_memory" + (" + t_link" if sent else "")
    total = sum(held.values()) + talk
    yield step("sum over operations of the longer time", "逐算子取较长时间之和", formula, symbols, total, "s")
    yield step(
        "tokens per second", "每秒 token 数", "n / t", {"n": work.tokens, "t": total}, work.tokens / total, "token/s"
    )


def _critical(shape: ModelShape, work: Workload, roof: Roof, critical: float) -> Iterator[Step]:
    parts = matrices(shape, work.weight_format, work.tensor_parallel, True)
    read = sum(p.weight_bytes * distinct_experts(p.copies, p.active, critical) / p.copies for p in parts)
    seconds = sum(p.flops / roof.peak(p.dtype) for p in parts)
    name = ("batch at which decode's weights turn compute-bound", "解码权重转为计算受限的批大小")
    yield step(*name, "W / BW / t_1", {"W": read, "BW": roof.bandwidth, "t_1": seconds}, critical, "sequences")


def _bits(work: Workload, shape: ModelShape, weights: float) -> float:
    """Return the average bits of the weights that are read."""
    parts = matrices(shape, work.weight_format, work.tensor_parallel)
    return 8 * sum(p.weight_bytes for p in parts) / sum(p.flops / 2 * p.copies / p.active for p in parts)


def _assumptions(shape: ModelShape, work: Workload, roof: Roof) -> Iterator[Text]:
    yield Text("Dense peaks, without structured sparsity.", "采用稠密峰值，不计结构化稀疏。")
    yield Text("Weights are read once per pass, whatever the batch.", "无论批大小，每次前向只读一遍权重。")
    yield Text("Activations pass through memory between kernels.", "核函数之间的激活经由显存传递。")
    yield Text("Of the input embedding only the tokens' rows are read.", "词嵌入只读取所需的行。")
    percent = round(100 * roof.compute_efficiency), round(100 * roof.memory_efficiency)
    yield Text(
        f"Kernels reach {percent[0]}% of peak and {percent[1]}% of bandwidth; launches are free.",
        f"核函数达到峰值的 {percent[0]}%、带宽的 {percent[1]}%，不计启动开销。",
    )
    if work.attention == "fused":
        yield Text(
            "Attention keeps its scores on the chip (FlashAttention).", "注意力分数不写回显存（FlashAttention）。"
        )
    else:
        yield Text("Attention writes its scores to memory and masks them there.", "注意力分数写入显存后再加掩码。")
    if work.phase == "prefill" and work.attention == "fused":
        yield Text("The causal mask halves prefill's attention.", "因果掩码使预填充注意力减半。")
    if work.logits == "last":
        yield Text("Logits are computed for the last position only.", "只计算最后一个位置的 logits。")
    if shape.latent and work.phase == "decode":
        yield Text(
            "Latent attention runs absorbed: heads share the cached latent.", "MLA 采用吸收形式，各头共用缓存的潜向量。"
        )
    if shape.experts:
        yield Text(
            "Tokens choose experts evenly and independently; q = (1 - k/E)^n.",
            "假设 token 均匀独立选择专家，q = (1 - k/E)^n。",
        )
    if work.tensor_parallel > 1:
        yield Text(
            "Figures are one GPU's; all-reduces wait, and their latency is left out.",
            "数值为单卡；all-reduce 不与计算重叠，不计其延迟。",
        )
    if shape.max_context and work.context > shape.max_context:
        yield Text(
            f"The model was made for {shape.max_context:,} tokens.", f"该模型的上下文上限为 {shape.max_context:,}。"
        )
    yield from _format_assumptions(shape, work, roof)


def _format_assumptions(shape: ModelShape, work: Workload, roof: Roof) -> Iterator[Text]:
    fallen = {
        p.dtype for p in matrices(shape, work.weight_format, work.tensor_parallel) if roof.dtype(p.dtype) != p.dtype
    }
    for dtype in sorted(fallen):
        used = roof.dtype(dtype)
        yield Text(
            f"{roof.card.name} has no {dtype} arithmetic; {used} is used.",
            f"{roof.card.name} 不支持 {dtype} 计算，改用 {used}。",
        )
    kind = stored_format(shape, work.weight_format)
    if kind not in {"fp32", "bf16", "fp16", "fp8", "fp8-block", "int8"}:
        yield Text(f"{kind} weights are widened for free.", f"不计 {kind} 权重的反量化开销。")
