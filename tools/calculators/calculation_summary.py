"""The answer of a calculation in one or two sentences, in both languages; GiB with GB beside it."""

from typing import Final

from tools.calculators.calculation_value import Figures, ModelSize
from tools.calculators.derivation import Text
from tools.calculators.inference_memory import InferenceMemory
from tools.calculators.kv_cache import UNBOUNDED
from tools.calculators.roofline import Roofline
from tools.calculators.serving import ServingPlan
from tools.calculators.training_memory import TrainingMemory
from tools.calculators.unit import format_both, format_count, format_time

_ENGINES: Final = {"vllm": "vLLM", "sglang": "SGLang"}


def summary(figures: Figures, model: str, card: str, context: int, batch: int) -> Text:
    """Say what came out; `model` names the model with its format, `card` the GPU, empty where none was named."""
    match figures:
        case ModelSize():
            return _model(figures, model)
        case InferenceMemory():
            return _memory(figures, model, card, context, batch)
        case TrainingMemory():
            return _training(figures, model, card)
        case Roofline():
            return _roofline(figures, model, card)
        case ServingPlan():
            return _serving(figures, model, card)


def _model(size: ModelSize, model: str) -> Text:
    count, cache = size.count, size.cache
    stored, total, kept = format_both(size.weights.bytes), f"{count.total:,}", f"{cache.bytes_per_token:,}"
    active = active_zh = ""
    if count.active != count.total:
        active, active_zh = f", of which a token uses {count.active:,}", f"，每个 token 激活 {count.active:,}"
    return Text(
        f"{model} has {total} parameters ({format_count(count.total)}){active}. "
        f"Its weights take {stored}, its KV cache {kept} bytes per token ({cache.dtype}).",
        f"{model} 共有 {total} 个参数（{format_count(count.total)}）{active_zh}。"
        f"权重占 {stored}，KV 缓存每个 token 占 {kept} 字节（{cache.dtype}）。",
    )


def _memory(memory: InferenceMemory, model: str, card: str, context: int, batch: int) -> Text:
    gpus, needed = memory.tensor_parallel, format_both(memory.per_gpu)
    load = f"{model} with {batch:,} sequence{'s' if batch > 1 else ''} of {context:,} tokens"
    load_zh = f"{model}（{batch:,} 个 {context:,} token 的序列）"
    if memory.limit is None:
        each, each_zh = (f" on each of {gpus} GPUs", f"{gpus} 张卡，每卡") if gpus > 1 else ("", "")
        weights, cache = format_both(memory.weights), format_both(memory.kv)
        return Text(
            f"{load} needs {needed}{each}: {weights} of weights and {cache} of KV cache in all, the rest for working.",
            f"{load_zh}：{each_zh}需要显存 {needed}；权重共 {weights}，KV 缓存共 {cache}，其余用于计算。",
        )
    verdict, gap = _verdict(memory.fits, memory.limit - memory.per_gpu)
    limit, most = format_both(memory.limit), _most(memory, context)
    return Text(
        f"{load} {verdict.en} on {gpus} × {card}: each GPU needs {needed} and may give {limit}, {gap.en}. {most.en}",
        f"{gpus} × {card} {verdict.zh} {load_zh}：每卡需要 {needed}，可用 {limit}，{gap.zh}。{most.zh}",
    )


def _verdict(fits: bool | None, gap: int) -> tuple[Text, Text]:
    size = format_both(abs(gap))
    if fits:
        return Text("fits", "可以放下"), Text(f"{size} to spare", f"剩余 {size}")
    return Text("does not fit", "放不下"), Text(f"{size} missing", f"还差 {size}")


def _most(memory: InferenceMemory, context: int) -> Text:
    """Say the longest context and the largest batch."""
    if not memory.max_context:
        return Text("Not even a single token fits: the weights are too large.", "连一个 token 也放不下：权重过大。")
    batch, longest = f"{memory.max_batch or 0:,}", f"{memory.max_context:,}"
    own = own_zh = ""
    if 0 < memory.model_context < memory.max_context:
        own, own_zh = f" (the model was made for {memory.model_context:,})", f"（模型上限 {memory.model_context:,}）"
    if memory.max_context >= UNBOUNDED:
        return Text(
            f"Memory sets no limit to the context; {batch} sequences of {context:,} tokens fit.",
            f"显存不限制上下文长度；可容纳 {batch} 个 {context:,} token 的序列。",
        )
    return Text(
        f"Memory allows a context of {longest} tokens{own}, or {batch} sequences of {context:,}.",
        f"显存允许的最长上下文为 {longest} token{own_zh}，或 {batch} 个 {context:,} token 的序列。",
    )


def _training(memory: TrainingMemory, model: str, card: str) -> Text:
    share = f"{100 * memory.trainable_parameters / memory.parameters:.3g} %"
    needed, trained = format_both(memory.per_gpu_bytes), f"{memory.trainable_parameters:,}"
    cpu = cpu_zh = ""
    if memory.cpu_bytes:
        size = format_both(memory.cpu_bytes)
        cpu, cpu_zh = f", and {size} of CPU memory", f"，另需 CPU 内存 {size}"
    said = Text(
        f"Training {model} ({memory.method}) updates {trained} parameters ({share}) and takes {needed} on each GPU"
        f"{cpu}.",
        f"训练 {model}（{memory.method}）更新 {trained} 个参数（{share}），每卡需要 {needed}{cpu_zh}。",
    )
    if memory.available_bytes is None:
        return said
    there, cuda = format_both(memory.available_bytes), format_both(memory.context_bytes)
    verdict, gap = _verdict(memory.fits, memory.available_bytes - memory.per_gpu_bytes - memory.context_bytes)
    return Text(
        f"{said.en} With {cuda} for CUDA itself it {verdict.en} on {card}, which has {there}: {gap.en}.",
        f"{said.zh}加上 CUDA 自身的 {cuda}，{card}（{there}）{verdict.zh}：{gap.zh}。",
    )


def _roofline(roof: Roofline, model: str, card: str) -> Text:
    bound_zh = "受显存带宽限制" if roof.bound == "memory" else "受算力限制"
    load, where = f"batch {roof.batch:,}, context {roof.context:,}", f"{roof.tensor_parallel} × {card}"
    moving, computing, whole = map(format_time, (roof.memory_s, roof.compute_s, roof.time_s))
    intensity, ridge = f"{roof.arithmetic_intensity:,.1f}", f"{roof.ridge_point:,.1f}"
    rate = f"{roof.tokens_per_second:,.0f}" if roof.tokens_per_second >= 100 else f"{roof.tokens_per_second:.3g}"
    link = link_zh = turn = turn_zh = ""
    if roof.communication_s:
        sending = format_time(roof.communication_s)
        link, link_zh = f", talking between GPUs {sending}", f"，卡间通信需 {sending}"
    if roof.phase == "decode":
        batch = f"{roof.critical_batch:,.0f}"
        turn, turn_zh = (
            f" Its weights turn compute-bound from batch {batch}.",
            f"batch 达到 {batch} 时权重才转为受算力限制。",
        )
    return Text(
        f"The {roof.phase} of {model} on {where} ({load}) is {roof.bound}-bound: {intensity} FLOP per byte against a "
        f"ridge point of {ridge}; moving data takes {moving}, arithmetic {computing}{link}. "
        f"It takes at least {whole}: {rate} tokens per second at most.{turn}",
        f"{model} 在 {where} 上的 {roof.phase}（{load}）{bound_zh}（{roof.bound}-bound）："
        f"算术强度 {intensity} FLOP/字节，屋脊点 {ridge}；搬运数据需 {moving}，计算需 {computing}{link_zh}。"
        f"至少需要 {whole}，最多每秒 {rate} 个 token。{turn_zh}",
    )


def _serving(plan: ServingPlan, model: str, card: str) -> Text:
    engine, where, size = _ENGINES[plan.engine], f"{plan.gpus} × {card}", plan.tensor_parallel
    if not plan.fits:
        reasons = [text for refusal in plan.refusals for text in (refusal.reason, *refusal.remedies)]
        return Text(
            f"{engine} cannot serve {model} like that on {where}. {' '.join(text.en for text in reasons)}",
            f"{engine} 无法这样在 {where} 上部署 {model}。{''.join(text.zh for text in reasons)}",
        )
    cache, tokens, full = format_both(plan.kv_cache_bytes), f"{plan.kv_cache_tokens:,}", f"{plan.max_concurrency:.2f}"
    return Text(
        f"{engine} serves {model} on {where} with tensor parallel size {size}: each GPU keeps {cache} of KV cache, "
        f"{tokens} tokens in all, or {full} requests of full length at once.",
        f"{engine} 可在 {where} 上部署 {model}（张量并行 {size}）：每卡 KV 缓存 {cache}，"
        f"共 {tokens} token，可同时容纳 {full} 个满长请求。",
    )
