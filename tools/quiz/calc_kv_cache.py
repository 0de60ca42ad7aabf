"""Questions about the size of the KV cache."""

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from knowledge.vocabulary import Language
from tools.calculators.kv_cache import BLOCK, kv_cache, largest_batch
from tools.calculators.tensor import parallel_refusal
from tools.calculators.unit import GIB, KIB, MIB
from tools.quiz import calc_draw as draw
from tools.quiz.calc_form import posed
from tools.quiz.calc_kv_compare import fits, order, smaller
from tools.quiz.calc_kv_given import BATCHES, given, shape_slips
from tools.quiz.calc_kv_source import BLOCKS, HEADS, LATENT, POOL, SIZE, SPLIT
from tools.quiz.calc_problem import Problem, Question, Setting, converted, line
from tools.quiz.calc_round import Template, rounds
from tools.quiz.item import Item
from tools.quiz.material import Material
from tools.quiz.wording import say

_FILE: Final = "calc_kv_cache"


def make(material: Material, concept: str, language: Language, rng: random.Random) -> Iterator[Item]:
    """Yield items on the KV cache, if the concept has to do with it."""
    return rounds(TEMPLATES, material, concept, language, rng)


def per_token(setting: Setting) -> Item | None:
    """Ask what one token takes in all layers."""
    rng = setting.rng
    ungrouped = rng.random() < _UNGROUPED.get(setting.concept, 0.2)
    shape = draw.model(rng, draw.UNGROUPED if ungrouped else draw.GROUPED)
    dtype = draw.kv_dtype(rng, setting.concept)
    cache = kv_cache(shape, 1, 1, dtype)
    value = cache.bytes_per_token / KIB
    steps = (*cache.derivation.steps[:2], converted(cache.bytes_per_token, "KiB"))
    known = given(shape, dtype, setting.language)
    question = Question(_FILE, "kv_per_token", (shape.name, dtype), 1, known, steps, SIZE)
    return posed(Problem(question, value, "KiB", shape_slips(shape, value, dtype)), setting)


def requests(setting: Setting) -> Item | None:
    """Ask what several requests of one length take."""
    rng = setting.rng
    shape = draw.model(rng)
    dtype, tokens, batch = draw.kv_dtype(rng, setting.concept), draw.context(rng, shape), rng.choice(BATCHES)
    cache = kv_cache(shape, tokens, batch, dtype)
    if not 0.05 * GIB < cache.bytes < 900 * GIB:
        return None
    value = cache.bytes / GIB
    known = given(shape, dtype, setting.language, tokens=tokens, batch=batch)
    drawn = (shape.name, dtype, str(tokens), str(batch))
    steps = (*cache.derivation.steps, converted(cache.bytes, "GiB"))
    question = Question(_FILE, "kv_requests", drawn, 2, known, steps, SIZE)
    slips = shape_slips(shape, value, dtype) | {"no_batch": value / batch, "gb_for_gib": cache.bytes / 1e9}
    return posed(Problem(question, value, "GiB", slips), setting)


def all_heads(setting: Setting) -> Item | None:
    """Ask what the cache would take with a key and value head for each query head."""
    rng = setting.rng
    shape = draw.model(rng)
    tokens = draw.context(rng, shape, 4096)
    ratio = shape.heads / shape.kv_heads
    other = kv_cache(replace(shape, kv_heads=shape.heads), tokens)
    value = other.bytes / GIB
    known = given(shape, "bf16", setting.language, tokens=tokens)
    steps = (*other.derivation.steps[:2], converted(other.bytes, "GiB"))
    question = Question(_FILE, "kv_all_heads", (shape.name, str(tokens)), 2, known, steps, HEADS)
    slips = {
        "one_of_kv": value / 2,
        "unchanged_heads": value / ratio,
        "inverted_heads": value / ratio / ratio,
        "bits_as_bytes": value * 8,
        "times_heads": value / ratio * shape.heads,
        "times_kv_heads": value / ratio * shape.kv_heads,
        "hidden_per_head": value * (shape.hidden / shape.heads) / shape.head_dim,
        "gb_for_gib": other.bytes / 1e9,
    }
    return posed(Problem(question, value, "GiB", slips), setting)


def one_head(setting: Setting) -> Item | None:
    """Ask what the cache would take with one key and value head for all query heads."""
    rng = setting.rng
    shape = draw.model(rng)
    tokens = draw.context(rng, shape, 4096)
    ratio = shape.heads / shape.kv_heads
    cache = kv_cache(replace(shape, kv_heads=1), tokens)
    value = cache.bytes / MIB
    known = given(shape, "bf16", setting.language, tokens=tokens)
    steps = (*cache.derivation.steps[:2], converted(cache.bytes, "MiB"))
    question = Question(_FILE, "kv_one_head", (shape.name, str(tokens)), 2, known, steps, HEADS)
    slips = {
        "one_of_kv": value / 2,
        "unchanged_heads": value * shape.kv_heads,
        "head_per_group": value * ratio,
        "all_heads_kept": value * shape.heads,
        "bits_as_bytes": value * 8,
        "one_layer": value / shape.layers,
        "hidden_per_head": value * (shape.hidden / shape.heads) / shape.head_dim,
        "key_shared_twice": value / 4,
    }
    return posed(Problem(question, value, "MiB", slips), setting)


def latent(setting: Setting) -> Item | None:
    """Ask what one token takes in a model with latent attention."""
    shape = draw.model(setting.rng, draw.LATENT)
    own = shape.latent
    assert own  # all of these have it
    dtype = draw.kv_dtype(setting.rng, setting.concept)
    cache = kv_cache(shape, 1, 1, dtype)
    value = cache.bytes_per_token / KIB
    known = {
        "model": shape.name, "layers": draw.count(shape.layers), "heads": draw.count(shape.heads),
        "rank": draw.count(own.kv_rank), "rope": draw.count(own.rope_dim), "nope": draw.count(own.nope_dim),
        "dtype": draw.dtype_text(dtype, setting.language),
    }  # fmt: skip
    steps = (*cache.derivation.steps[:2], converted(cache.bytes_per_token, "KiB"))
    question = Question(_FILE, "kv_latent", (shape.name, dtype), 2, known, steps, LATENT)
    number = value / (own.kv_rank + own.rope_dim)
    slips = {
        "latent_twice": value * 2,
        "latent_heads": 2 * shape.heads * own.nope_dim * number,
        "no_rotated_key": own.kv_rank * number,
        "one_layer": value / shape.layers,
        "bits_as_bytes": value * 8,
        "latent_per_head": value * shape.heads,
    }
    if dtype == "fp8":
        slips["other_width"] = value * 2
    else:
        slips["one_byte_each"] = value / 2
    return posed(Problem(question, value, "KiB", slips), setting)


def held(setting: Setting) -> Item | None:
    """Ask how many requests of full length a pool holds."""
    rng = setting.rng
    shape = draw.model(rng)
    dtype, tokens = draw.kv_dtype(rng, setting.concept), draw.context(rng, shape, 4096)
    pool = rng.choice((4, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 60)) * GIB
    request = kv_cache(shape, tokens, 1, dtype, 1, BLOCK)
    value = largest_batch(shape, pool, tokens, dtype)
    exact = pool / request.bytes
    if not 4 <= value <= 400 or not 0.05 < exact % 1 < 0.9:
        return None  # too few to tell apart, or so near a whole number that rounding would decide
    known = given(shape, dtype, setting.language, tokens=tokens) | {"pool": draw.count(pool / GIB)}
    division = line("held", "floor(M / S)", {"M": pool, "S": request.bytes}, value, "requests")
    drawn = (shape.name, dtype, str(tokens), str(pool // GIB))
    question = Question(_FILE, "kv_held", drawn, 2, known, (*request.derivation.steps[:2], division), POOL)
    factors = shape_slips(shape, 1.0, dtype)
    slips = {name: float(math.floor(exact / factor + 1e-9)) for name, factor in factors.items()}
    unit = say("calc", "unit requests", setting.language)
    return posed(Problem(question, value, unit, slips, whole=True), setting)


def paged(setting: Setting) -> Item | None:
    """Ask what blocks on demand save against a region reserved for the longest request."""
    rng = setting.rng
    shape = draw.model(rng)
    longest = draw.context(rng, shape, 4096)
    used, batch = int(longest * rng.uniform(0.1, 0.7)) | 1, rng.choice((4, 8, 16, 32))  # odd: no last block is full
    reserved, blocks = kv_cache(shape, longest, batch), kv_cache(shape, used, batch, block=BLOCK)
    saved = reserved.bytes - blocks.bytes
    value = saved / GIB
    if not 0.5 < value < 2000:
        return None
    known = {
        "model": shape.name, "each": draw.count(reserved.bytes_per_token), "longest": draw.count(longest),
        "used": draw.count(used), "batch": str(batch), "block": str(BLOCK),
    }  # fmt: skip
    filled = blocks.bytes_per_sequence // blocks.bytes_per_token
    symbols = {"B": batch, "T": longest, "U": filled, "k": reserved.bytes_per_token}
    steps = (
        line("filled", "ceil(U / b) × b", {"U": used, "b": BLOCK}, filled, "tokens"),
        line("saved", "B × (T - U) × k", symbols, saved, "B"),
        converted(saved, "GiB"),
    )
    drawn = (shape.name, str(longest), str(used), str(batch))
    question = Question(_FILE, "kv_paged", drawn, 3, known, steps, BLOCKS)
    slips = {
        "still_used": blocks.bytes / GIB, "no_batch": value / batch, "all_reserved": reserved.bytes / GIB,
        "kv_again": value * 2, "gb_for_gib": saved / 1e9, "half_key": value / 2,
    }  # fmt: skip
    return posed(Problem(question, value, "GiB", slips), setting)


def split(setting: Setting) -> Item | None:
    """Ask for one GPU's share under tensor parallelism, which stops shrinking where the KV heads run out."""
    rng = setting.rng
    shape = draw.model(rng)
    size = rng.choice([size for size in (2, 4, 8, 16) if not parallel_refusal(shape, size)])
    tokens, batch = draw.context(rng, shape, 4096), rng.choice((4, 8, 16, 32))
    whole, share = kv_cache(shape, tokens, batch), kv_cache(shape, tokens, batch, "", size)
    value = share.bytes / GIB
    if not 0.05 < value < 500:
        return None
    known = given(shape, "bf16", setting.language, tokens=tokens, batch=batch, gpus=size)
    drawn = (shape.name, str(tokens), str(batch), str(size))
    steps = (*share.derivation.steps, converted(share.bytes, "GiB"))
    question = Question(_FILE, "kv_split", drawn, 3, known, steps, SPLIT)
    slips = {
        "all_gpus": whole.bytes / GIB,
        "split_heads": whole.bytes / GIB / size,
        "one_of_kv": value / 2,
        "query_heads": whole.bytes / GIB / size * shape.heads / shape.kv_heads,
        "no_batch": value / batch,
        "hidden_per_head": value * (shape.hidden / shape.heads) / shape.head_dim,
        "bits_as_bytes": value * 8,
    }
    return posed(Problem(question, value, "GiB", slips), setting)


_UNGROUPED: Final[Mapping[str, float]] = {"multi-head-attention": 1.0, "grouped-query-attention": 0.0}
TEMPLATES: Final[Mapping[str, tuple[Template, ...]]] = {
    "kv-cache": (per_token, requests, all_heads, held, smaller, fits, order),
    "grouped-query-attention": (per_token, requests, all_heads, split, order),
    "multi-query-attention": (one_head, all_heads),
    "multi-head-attention": (per_token, all_heads),
    "multi-head-latent-attention": (latent,),
    "kv-cache-quantization": (per_token, requests, held, smaller),
    "paged-attention": (paged, held),
    "tensor-parallelism": (split,),
    "vllm-tensor-parallel": (split,),
    "max-model-len-exceeds-kv-cache": (requests, held, fits),
    "vllm-preemption": (held, fits),
    "context-window": (requests, smaller),
    "inference-serving": (held, fits),
}
