"""Questions about a server's memory: the pool of KV cache, what it holds, how many GPUs are needed, start-up logs."""

import random
from collections.abc import Iterator, Mapping
from typing import Final

from knowledge.vocabulary import Language
from tools.calculators.kv_cache import BLOCK, fitting_tokens, kv_cache, longest_context
from tools.calculators.unit import GB, GIB, KIB
from tools.calculators.weight_format import weights
from tools.quiz import calc_draw as draw
from tools.quiz.calc_form import posed, read
from tools.quiz.calc_kv_given import given, shape_slips
from tools.quiz.calc_problem import Problem, Question, Setting, Source, line
from tools.quiz.calc_round import Template, rounds
from tools.quiz.item import Exhibit, Item
from tools.quiz.material import Material
from tools.quiz.wording import say

_FILE: Final = "calc_serving"
_POOL: Final = Source(
    "vllm-memory",
    (("kv pool", "m_\\text{weights}"), ("pool gets everything that is left",)),
    (("kv", "m_\\text{权重}"), ("-", "m_\\text{gpu}")),
)
_TOKENS: Final = Source(
    "vllm-memory",
    (("bytes per token, so 42.2 gib hold",), ("6.25 gib holds 40,960 tokens",), ("holds 256,000 tokens in 16 bits",)),
    (("42.2 gib 约可存放",), ("只能放下 qwen3-14b 的 40960",)),
)
_LOG: Final = Source(
    "vllm-memory",
    (("maximum concurrency of about 8.6",), ("`gpu kv cache size: n tokens` reports",)),
    (("最大并发",), ("gpu kv cache size",)),
)
_PLAN: Final = Source("inference-serving", (("a serving plan starts from memory",),), ())
_SHARES: Final = ("0.92", "0.9", "0.85", "0.8")
_MEMORIES: Final = ("RTX 4090", "L40S", "A100 40GB", "A100 SXM 80GB", "H100 SXM", "H200")


def make(material: Material, concept: str, language: Language, rng: random.Random) -> Iterator[Item]:
    """Yield items on a server's memory, if the concept has to do with it."""
    return rounds(TEMPLATES, material, concept, language, rng)


def pool(setting: Setting) -> Item | None:
    """Ask what is left for the KV cache beside weights and working memory."""
    rng = setting.rng
    shape, card = draw.model(rng), draw.card(rng, _MEMORIES)
    share, working = rng.choice(_SHARES), rng.choice((1.5, 2, 2.5, 3, 4))
    memory = round(card.reported_memory / GIB, 1)
    stored = round(weights(shape, rng.choice(("bf16", "fp8"))).bytes / GIB, 2)
    budget = float(share) * memory
    value = budget - stored - working
    if not value > 2 or stored < 0.1 * memory:
        return None
    known = {
        "model": shape.name, "card": card.name, "memory": f"{memory:g}", "share": share, "weights": f"{stored:g}",
        "working": f"{working:g}",
    }  # fmt: skip
    symbols = {"u": float(share), "M": memory, "W": stored, "A": working}
    steps = (line("pool", "u × M - W - A", symbols, value, "GiB"),)
    drawn = (shape.name, card.name, share, f"{stored:g}", f"{working:g}")
    question = Question(_FILE, "serve_pool", drawn, 2, known, steps, _POOL)
    slips = {
        "whole_memory": memory - stored - working,
        "no_working": budget - stored,
        "no_weights": budget - working,
        "share_of_the_rest": float(share) * (memory - stored - working),
        "whole_budget": budget,
        "memory_unused": memory - budget,
        "weights_twice": budget - 2 * stored - working,
        "half_weights": budget - stored / 2 - working,
    }
    return posed(Problem(question, value, "GiB", slips), setting)


def pool_tokens(setting: Setting) -> Item | None:
    """Ask how many tokens a pool holds."""
    rng, language = setting.rng, setting.language
    shape, dtype = draw.model(rng), draw.kv_dtype(rng, setting.concept)
    size = rng.choice((2.5, 4, 6, 8.5, 10, 12.5, 16, 20, 24, 32, 40, 48, 60))
    value = fitting_tokens(shape, int(size * GIB), dtype)
    each = kv_cache(shape, 1, 1, dtype)
    known = given(shape, dtype, language) | {"pool": f"{size:g}"}
    steps = (
        *each.derivation.steps[:2],
        line("tokens_held", "M / k", {"M": int(size * GIB), "k": each.bytes_per_token}, value, "tokens"),
    )
    question = Question(_FILE, "serve_tokens", (shape.name, dtype, f"{size:g}"), 2, known, steps, _TOKENS)
    exact = size * GIB / each.bytes_per_token
    slips = {name: exact / factor for name, factor in shape_slips(shape, 1.0, dtype).items()}
    slips["gib_as_gb"] = exact * GB / GIB
    return posed(Problem(question, value, say("calc", "unit tokens", language), slips, coarse=True), setting)


def longest(setting: Setting) -> Item | None:
    """Ask how long each of several requests can be in a pool."""
    rng, language = setting.rng, setting.language
    shape, dtype = draw.model(rng), draw.kv_dtype(rng, setting.concept)
    size, batch = rng.choice((8, 10, 12, 16, 20, 24, 32, 40, 48, 60)), rng.choice((2, 4, 5, 8, 10, 16))
    value = longest_context(shape, size * GIB, batch, dtype)
    if not 1000 < value <= (shape.max_context or value):
        return None
    each = kv_cache(shape, 1, 1, dtype)
    known = given(shape, dtype, language, batch=batch) | {"pool": str(size)}
    symbols = {"M": size * GIB, "B": batch, "k": each.bytes_per_token}
    steps = (*each.derivation.steps[:2], line("tokens_each", "M / (B × k)", symbols, value, "tokens"))
    question = Question(_FILE, "serve_longest", (shape.name, dtype, str(size), str(batch)), 2, known, steps, _TOKENS)
    exact = size * GIB / (batch * each.bytes_per_token)
    slips = {name: exact / factor for name, factor in shape_slips(shape, 1.0, dtype).items()}
    slips |= {"pool_for_one": exact * batch, "gib_as_gb": exact * GB / GIB}
    return posed(Problem(question, value, say("calc", "unit tokens", language), slips, coarse=True), setting)


def concurrency(setting: Setting) -> Item | None:
    """Show a start-up log and ask how many requests of full length run at once."""
    rng = setting.rng
    shape, gpus = draw.model(rng), rng.choice((1, 2, 4))
    if shape.kv_heads % gpus or shape.heads % gpus:
        return None
    size, length = rng.uniform(6, 45), rng.choice((4096, 8192, 16000, 16384, 32000, 32768))
    tokens = fitting_tokens(shape, int(size * GIB), "bf16", gpus)
    value = tokens / length
    if not 2 < value < 400:
        return None
    steps = (line("at_once", "K / L", {"K": tokens, "L": length}, value, "×"),)
    known = {"length": draw.count(length)}
    question = Question(
        _FILE, "serve_concurrency", (shape.name, str(gpus), str(tokens), str(length)), 2, known, steps, _LOG
    )
    slips = {
        "split_again": value / gpus, "gpus_again": value * gpus, "kv_again_tokens": value / 2, "prompt_half": value * 2,
        "tenfold": value * 10, "blocks_for_tokens": value / BLOCK,
    }  # fmt: skip
    if gpus == 1:
        del slips["split_again"], slips["gpus_again"]
    log = _log(shape.repository or shape.name, gpus, size, tokens)
    return read(Problem(question, value, "×", slips), Exhibit("log", log), setting)


def token_bytes(setting: Setting) -> Item | None:
    """Show a start-up log and ask what one token takes on each GPU."""
    rng = setting.rng
    shape, gpus = draw.model(rng), rng.choice((1, 2, 4))
    if shape.heads % gpus or shape.kv_heads % gpus:
        return None
    size = round(rng.uniform(6, 45), 2)
    tokens = fitting_tokens(shape, int(size * GIB), "bf16", gpus)
    each = kv_cache(shape, 1, 1, "bf16", gpus).bytes_per_token
    value = each / KIB
    steps = (line("per_token_read", "M / K / unit", {"M": int(size * GIB), "K": tokens, "unit": KIB}, value, "KiB"),)
    question = Question(_FILE, "serve_token_bytes", (shape.name, str(gpus), f"{size:g}"), 3, {}, steps, _TOKENS)
    slips = {
        "half_for_keys": value / 2, "kv_again": value * 2, "bits_as_bytes": value * 8, "bytes_in_bits": value / 8,
        "tenfold": value * 10,
    }  # fmt: skip
    if gpus > 1:
        slips |= {"split_again": value / gpus, "all_gpus_read": value * gpus}
    log = _log(shape.repository or shape.name, gpus, size, tokens)
    return read(Problem(question, value, "KiB", slips), Exhibit("log", log), setting)


def _log(model: str, gpus: int, size: float, tokens: int) -> str:
    """Write the lines of vLLM's start that say what the pool is."""
    return "\n".join(
        (
            f"INFO  Starting to load model {model} (tensor_parallel_size={gpus}, dtype=torch.bfloat16)",
            f"INFO  Available KV cache memory: {size:.2f} GiB",
            f"INFO  GPU KV cache size: {tokens:,} tokens",
        )
    )


def fewest(setting: Setting) -> Item | None:
    """Ask over how many GPUs a model must be split so that weights and caches fit."""
    rng, language = setting.rng, setting.language
    shape, card = draw.model(rng), draw.card(rng, _MEMORIES)
    tokens, batch = draw.context(rng, shape, 4096), rng.choice((1, 2, 4, 8, 16))
    usable = round(float(rng.choice(_SHARES)) * card.memory_gb) - rng.choice((2, 3, 4))
    stored, cache = draw.four(weights(shape, "bf16").bytes), draw.four(kv_cache(shape, tokens, batch, "bf16").bytes)
    needed = stored + cache
    sizes = [size for size in (1, 2, 4, 8) if shape.heads % size == 0 and shape.kv_heads % size == 0]
    value = next((size for size in sizes if needed / size <= usable * GB), None)
    if value is None or value == 1 or cache < 0.1 * stored:
        return None
    if not needed / value * 1.05 < usable * GB < needed / (value // 2) / 1.05:
        return None  # too near the limit to be sure
    known = {
        "model": shape.name, "weights": draw.giga(stored), "cache": draw.giga(cache), "batch": str(batch),
        "tokens": draw.count(tokens), "card": card.name, "usable": str(usable),
    }  # fmt: skip
    steps = tuple(
        line("share_of_gpu", "(W + K) / p", {"W": stored / GB, "K": cache / GB, "p": size}, needed / size / GB, "GB")
        for size in (value // 2, value)
    )
    drawn = (shape.name, card.name, str(tokens), str(batch), str(usable))
    question = Question(_FILE, "serve_fewest", drawn, 3, known, steps, _PLAN)

    def first(size: float) -> float:
        return float(next((gpus for gpus in (1, 2, 4, 8, 16, 32, 64) if size / gpus <= usable * GB), 0))

    slips = {
        "weights_without_cache": first(stored), "cache_without_weights": first(cache),
        "as_32_bit": first(2 * stored + cache),
        "training_bytes": first(8 * stored), "one_byte_a_weight": first(stored / 2 + cache),
    }  # fmt: skip
    return posed(Problem(question, value, say("calc", "unit GPUs", language), slips, whole=True), setting)


TEMPLATES: Final[Mapping[str, tuple[Template, ...]]] = {
    "vllm-memory": (pool, pool_tokens, concurrency, token_bytes),
    "vllm": (pool, concurrency),
    "vllm-engine": (concurrency, token_bytes),
    "vllm-flags": (pool, concurrency, longest),
    "inference-serving": (fewest, pool_tokens),
    "tensor-parallelism": (fewest,),
    "vllm-tensor-parallel": (fewest, token_bytes),
    "max-model-len-exceeds-kv-cache": (pool, pool_tokens, longest, concurrency),
    "no-memory-for-kv-cache-blocks": (pool,),
    "kv-cache-quantization": (pool_tokens, longest),
    "kv-cache": (pool_tokens, longest),
    "context-window": (longest,),
}
