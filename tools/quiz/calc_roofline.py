"""Questions about the Roofline model: ridge points, intensities, the times of prefill and decode, critical batches."""

import random
from collections.abc import Iterator, Mapping
from typing import Final

from knowledge.vocabulary import Language
from tools.calculators import accelerator, parameter
from tools.calculators.accelerator import Accelerator
from tools.calculators.critical_batch import textbook_critical_batch
from tools.calculators.kv_cache import kv_cache
from tools.calculators.unit import GB
from tools.calculators.weight_format import weights
from tools.quiz import calc_draw as draw
from tools.quiz.calc_form import posed
from tools.quiz.calc_plot import attainable, ridge_line, turning, which_side
from tools.quiz.calc_problem import Problem, Question, Setting, Source, line
from tools.quiz.calc_roofline_compare import bound, order
from tools.quiz.calc_round import Template, rounds
from tools.quiz.item import Item
from tools.quiz.material import Material
from tools.quiz.wording import say

_FILE: Final = "calc_roofline"
_RIDGE: Final = Source(
    "roofline-model",
    (("ridge point is the arithmetic intensity",), ("ratio of compute to bandwidth",), ("$989 / 3.35 = 295$",)),
    (("拐点（ridge point）是",), ("算力带宽比",), ("$989 / 3.35 = 295$",)),
)
_COUNT: Final = Source("arithmetic-intensity", (("$2(mk + kn + mn)$",),), (("$2(mk + kn + mn)$",),))
_DECODE: Final = Source(
    "decode",
    (("number of bytes read divided by the memory bandwidth",), ("bytes read divided by the memory bandwidth",)),
    (("读取的字节数除以内存带宽",),),
)
_PREFILL: Final = Source("prefill", (("$2n$ floating-point operations",),), (("约需 $2n$ 次浮点运算",),))
_CRITICAL: Final = Source("roofline-model", (("about equal to the batch size",),), (("约等于批大小",),))


def make(material: Material, concept: str, language: Language, rng: random.Random) -> Iterator[Item]:
    """Yield items on the Roofline model, if the concept has to do with it."""
    return rounds(TEMPLATES, material, concept, language, rng)


def _peaks(card: Accelerator) -> dict[str, str]:
    """Return what a data sheet says of a card; only NVIDIA's cards since Ampere print figures with sparsity."""
    peak, wide = card.peaks["bf16"], card.peaks["fp32"]
    return {
        "card": card.name, "peak": draw.tera(peak), "sparse": draw.tera(2 * draw.four(peak)), "wide": draw.tera(wide),
        "bandwidth": draw.tera(card.bandwidth),
    }  # fmt: skip


def ridge(setting: Setting) -> Item | None:
    """Ask for the ridge point of a card."""
    card = draw.card(setting.rng, _CARDS)
    value = accelerator.ridge(card, "bf16").value
    question = Question(_FILE, "roof_ridge", (card.name,), 1, _peaks(card), (ridge_line(card),), _RIDGE)
    slips = {
        "sparse_ridge": value * 2,
        "fp32_ridge": card.peaks["fp32"] / card.bandwidth,
        "bits_of_bandwidth": value / 8,
        "per_multiply_add": value / 2,
        "bytes_as_bits": value * 8,
        "sparse_and_fused": value * 4,
    }
    return posed(Problem(question, value, say("calc", "unit FLOP/byte", setting.language), slips), setting)


def intensity(setting: Setting) -> Item | None:
    """Ask for the arithmetic intensity of a matrix product in 16 bits."""
    rng = setting.rng
    m, k, n = rng.choice((1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048)), rng.choice(_WIDTHS), rng.choice(_WIDTHS)
    flops, moved = 2 * m * k * n, 2 * (m * k + k * n + m * n)
    value = flops / moved
    known = {"m": draw.count(m), "k": draw.count(k), "n": draw.count(n)}
    symbols = {"m": m, "k": k, "n": n, "b": 2}
    steps = (
        line("operations", "2 × m × k × n", symbols, flops, "FLOP"),
        line("moved", "b × (m × k + k × n + m × n)", symbols, moved, "B"),
        line("intensity", "F / M", {"F": flops, "M": moved}, value, "FLOP/byte"),
    )
    question = Question(_FILE, "roof_intensity", (str(m), str(k), str(n)), 2, known, steps, _COUNT, _NOTE)
    slips = {
        "per_multiply_add": value / 2,
        "one_byte_numbers": value * 2,
        "numbers_for_bytes": value * 2,
        "bits_as_bytes": value / 8,
        "weights_moved_only": float(m),
        "inputs_only": m * k * n / (m * k + k * n),
        "fp32_numbers": value / 2,
        "output_only": float(k),
    }
    return posed(Problem(question, value, say("calc", "unit FLOP/byte", setting.language), slips), setting)


def decode_step(setting: Setting) -> Item | None:
    """Ask for the least time of a decode step of one request."""
    rng, language = setting.rng, setting.language
    shape, card = draw.model(rng), draw.card(rng)
    stored = weights(shape, "bf16")
    if stored.bytes > 0.9 * card.reported_memory or stored.bytes < 2 * GB:
        return None
    number, speed = draw.four(stored.parameters), draw.four(card.bandwidth)
    value = 2 * number / speed * 1e3
    known = {
        "model": shape.name, "parameters": draw.billions(number, language), "card": card.name,
        "bandwidth": draw.tera(speed), "peak": draw.tera(card.peaks["bf16"]),
    }  # fmt: skip
    symbols = {"N": number, "b": 2, "BW": speed}
    steps = (line("step_time", "N × b / BW × 1000", symbols, value, "ms"),)
    question = Question(_FILE, "roof_decode_step", (shape.name, card.name), 1, known, steps, _DECODE)
    slips = {
        "one_byte_a_weight": value / 2,
        "as_32_bit": value * 2,
        "bits_for_bytes": value * 8,
        "two_flops_for_bytes": value * 2,
        "bandwidth_in_bits": value / 8,
        "four_bits_a_weight": value / 4,
        "compute_for_memory": 2 * number / card.peaks["bf16"] * 1e3,
    }
    return posed(Problem(question, value, "ms", slips), setting)


def decode_rate(setting: Setting) -> Item | None:
    """Ask how many tokens per second a batch yields at most, weights read once and caches read each."""
    rng, language = setting.rng, setting.language
    shape, card = draw.model(rng), draw.card(rng)
    batch, tokens = rng.choice((4, 8, 16, 32, 64)), draw.context(rng, shape)
    stored, cache = weights(shape, "bf16").bytes, kv_cache(shape, tokens, batch, "bf16")
    if stored + cache.bytes > 0.92 * card.reported_memory or cache.bytes < 0.15 * stored:
        return None
    size, speed, each = draw.four(stored), draw.four(card.bandwidth), cache.bytes_per_token
    kept = each * tokens * batch
    seconds = (size + kept) / speed
    value = batch / seconds
    if 2 * parameter.count(shape).total * batch / card.peaks["bf16"] > seconds / 2:
        return None  # arithmetic would count too
    known = {
        "model": shape.name, "weights": draw.giga(size), "each": draw.count(each), "batch": str(batch),
        "tokens": draw.count(tokens), "card": card.name, "bandwidth": draw.tera(speed),
        "peak": draw.tera(card.peaks["bf16"]),
    }  # fmt: skip
    steps = (
        line("kv_read", "B × T × k", {"B": batch, "T": tokens, "k": each}, kept, "B"),
        line("step_time", "(W + K) / BW × 1000", {"W": size, "K": kept, "BW": speed}, seconds * 1e3, "ms"),
        line("rate", "B / t × 1000", {"B": batch, "t": seconds * 1e3}, value, "tokens/s"),
    )
    drawn = (shape.name, card.name, str(batch), str(tokens))
    question = Question(_FILE, "roof_decode_rate", drawn, 3, known, steps, _DECODE)
    slips = {
        "no_cache_read": batch / (size / speed),
        "cache_shared": batch / ((size + kept / batch) / speed),
        "one_users_rate": value / batch,
        "weights_for_each": batch / ((size * batch + kept) / speed),
        "one_request_rate": 1 / ((size + kept / batch) / speed),
        "compute_bound_rate": card.peaks["bf16"] / (2 * parameter.count(shape).total),
        "bits_as_bytes": value / 8,
        "kv_again_read": batch / ((size + 2 * kept) / speed),
    }
    return posed(Problem(question, value, say("calc", "unit tokens/s", language), slips, coarse=True), setting)


def prefill_time(setting: Setting) -> Item | None:
    """Ask for the least time that the weights' arithmetic of a prompt takes."""
    rng, language = setting.rng, setting.language
    shape, card = draw.model(rng), draw.card(rng, _CARDS)
    tokens = rng.choice((1000, 2000, 4000, 8000, 16000))
    number, peak = draw.four(parameter.count(shape).total), draw.four(card.peaks["bf16"])
    if 2 * number > 0.9 * card.reported_memory:
        return None
    value = 2 * number * tokens / peak * 1e3
    known = _peaks(card) | {
        "model": shape.name, "parameters": draw.billions(number, language), "tokens": draw.count(tokens)
    }  # fmt: skip
    flops = 2 * number * tokens
    steps = (
        line("operations", "2 × N × T", {"N": number, "T": tokens}, flops, "FLOP"),
        line("step_time", "F / P × 1000", {"F": flops, "P": peak}, value, "ms"),
    )
    question = Question(_FILE, "roof_prefill", (shape.name, card.name, str(tokens)), 2, known, steps, _PREFILL)
    slips = {
        "sparse_time": value / 2,
        "per_multiply_add": value / 2,
        "training_flops": value * 3,
        "fp32_time": flops / card.peaks["fp32"] * 1e3,
        "memory_for_compute": 2 * number / card.bandwidth * 1e3,
        "bytes_for_flops": value * 2,
    }
    return posed(Problem(question, value, "ms", slips), setting)


def critical(setting: Setting) -> Item | None:
    """Ask from which batch on the weights of a decode step are bound by arithmetic."""
    rng = setting.rng
    card, bits = draw.card(rng, _CARDS), rng.choice((4, 8, 16))
    value, _ = textbook_critical_batch(card, "bf16", bits)
    known = _peaks(card) | {"bits": str(bits)}
    symbols = {"P": card.peaks["bf16"] / 1e12, "BW": card.bandwidth / 1e12, "bits": bits}
    steps = (line("critical", "P / BW × bits / 16", symbols, value, "requests"),)
    question = Question(_FILE, "roof_critical", (card.name, str(bits)), 2, known, steps, _CRITICAL)
    slips = {
        "sparse_ridge": value * 2,
        "fp32_ridge": card.peaks["fp32"] / card.bandwidth * bits / 16,
        "per_multiply_add": value / 2,
        "bits_for_bytes": value * 8,
        "bits_of_bandwidth": value / 8,
        "sparse_and_fused": value * 4,
    }
    if bits < 16:
        slips |= {"ridge_whatever_bits": value * 16 / bits, "bits_inverted": value * (16 / bits) ** 2}
    unit = say("calc", "unit requests", setting.language)
    return posed(Problem(question, value, unit, slips, coarse=True), setting)


_NOTE: Final = "the formula of the note"
_WIDTHS: Final = (1024, 2048, 3072, 4096, 5120, 6144, 8192, 11008, 12288, 14336)
_CARDS: Final = (
    "RTX 3090", "RTX 4090", "RTX 5090", "L4", "A10", "RTX A6000", "A100 40GB", "A100 SXM 80GB", "H100 PCIe",
    "H100 SXM", "H200", "B200",
)  # fmt: skip
TEMPLATES: Final[Mapping[str, tuple[Template, ...]]] = {
    "roofline-model": (ridge, critical, bound, which_side, turning, attainable),
    "arithmetic-intensity": (intensity, ridge, bound, which_side),
    "gpu": (ridge, decode_step, order),
    "memory-bandwidth": (decode_step, decode_rate, order),
    "decode": (decode_step, decode_rate, critical, order),
    "prefill": (prefill_time, order),
    "continuous-batching": (decode_rate, critical),
    "quantization": (critical,),
    "inference-serving": (decode_rate,),
    "chunked-prefill": (prefill_time,),
}
