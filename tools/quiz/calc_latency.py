"""Questions about latency, throughput, steps and cost, by the formulas of the notes."""

import math
import random
from collections.abc import Iterator, Mapping
from typing import Final

from knowledge.vocabulary import Language
from tools.quiz import calc_draw as draw
from tools.quiz.calc_form import posed
from tools.quiz.calc_problem import Problem, Question, Setting, Source, line
from tools.quiz.calc_round import Template, rounds
from tools.quiz.item import Item
from tools.quiz.material import Material
from tools.quiz.wording import say

_FILE: Final = "calc_latency"
_BY: Final = "the formula of the note"
_GAP: Final = Source("serving-metrics", (("\\text{tpot} =",),), (("\\text{tpot} =",),))
_WHOLE: Final = Source("serving-metrics", (("differ by the batch size",),), (("相差一个批大小",),))
_PRICE: Final = Source("cost-monitoring", (("$2 / (1500 \\times 3600)",),), (("$2 / (1500 \\times 3600)",),))
_CHUNK: Final = Source("chunked-prefill", (("served first with one token each",),), (("先各取一个 token",),))
_GUESS: Final = Source("speculative-decoding", (("\\gamma+1}",),), (("\\gamma+1}",),))
_BUBBLE: Final = Source("pipeline-parallelism", (("$(p-1)/(m+p-1)$",),), (("$(p-1)/(m+p-1)$",),))


def make(material: Material, concept: str, language: Language, rng: random.Random) -> Iterator[Item]:
    """Yield items on latency and its like, if the concept has to do with it."""
    return rounds(TEMPLATES, material, concept, language, rng)


def between_tokens(setting: Setting) -> Item | None:
    """Ask for the time per output token of an answer."""
    rng = setting.rng
    first, each, tokens = rng.randint(2, 30) / 10, rng.uniform(9, 55), rng.choice(_LENGTHS)  # a round key would show
    latency = round(first + (tokens - 1) * each / 1000, 2)
    value = (latency - first) / (tokens - 1) * 1000
    known = {"first": f"{first:g}", "latency": f"{latency:g}", "tokens": draw.count(tokens)}
    symbols = {"L": latency, "T": first, "n": tokens}
    steps = (line("gap", "(L - T) / (n - 1) × 1000", symbols, value, "ms"),)
    drawn = (f"{first:g}", f"{latency:g}", str(tokens))
    question = Question(_FILE, "latency_gap", drawn, 1, known, steps, _GAP, _BY)
    slips = {
        "first_token_included": latency / tokens * 1000,
        "first_token_added": (latency + first) / (tokens - 1) * 1000,
        "rate_for_time": (tokens - 1) / (latency - first),
        "a_tenth": value / 10,
        "tenfold": value * 10,
        "first_token_time": first * 1000,
    }
    return posed(Problem(question, value, "ms", slips), setting)


_LENGTHS: Final = (51, 101, 151, 201, 301, 401, 501)


def throughput(setting: Setting) -> Item | None:
    """Ask for the tokens per second of a whole server."""
    rng, language = setting.rng, setting.language
    users, gap = rng.choice((4, 8, 12, 16, 24, 32, 48)), rng.choice((10, 12.5, 16, 20, 25, 32, 40, 50))
    value = users * 1000 / gap
    known = {"users": str(users), "gap": f"{gap:g}"}
    steps = (line("rate", "B × 1000 / t", {"B": users, "t": gap}, value, "tokens/s"),)
    question = Question(_FILE, "latency_rate", (str(users), f"{gap:g}"), 1, known, steps, _WHOLE, _BY)
    slips = {
        "one_users_rate": value / users, "users_times_gap": users * gap, "tenfold": value * 10,
        "a_tenth": value / 10, "minutes_for_seconds": value / 60, "half_the_tokens": value / 2,
        "prompt_counted": value * 2,
    }  # fmt: skip
    return posed(Problem(question, value, say("calc", "unit tokens/s", language), slips, coarse=True), setting)


def price(setting: Setting) -> Item | None:
    """Ask what a million output tokens cost on one's own GPUs."""
    rng = setting.rng
    hour, gpus = rng.choice((0.8, 1.2, 1.8, 2, 2.5, 3, 4)), rng.choice((2, 4, 8))
    rate, load = rng.choice((400, 800, 1200, 1500, 2000, 2500, 4000)), rng.choice((20, 25, 40, 50, 60, 80))
    full = hour * gpus / (rate * 3600) * 1e6
    value = full / load * 100
    known = {"hour": f"{hour:g}", "gpus": str(gpus), "rate": draw.count(rate), "load": str(load)}
    symbols = {"p": hour, "G": gpus, "r": rate, "u": load / 100}
    steps = (line("price", "p × G / (r × 3600 × u) × 1000000", symbols, value, "USD"),)
    drawn = (f"{hour:g}", str(gpus), str(rate), str(load))
    question = Question(_FILE, "latency_price", drawn, 2, known, steps, _PRICE, _BY)
    slips = {
        "full_load": full, "load_multiplied": full * load / 100, "minutes_for_hours": value * 60,
        "tenfold": value * 10, "a_tenth": value / 10, "unused_load": full / (1 - load / 100),
        "one_gpus_price": value / gpus, "price_of_rates": value * gpus,
    }  # fmt: skip
    return posed(Problem(question, value, "USD", slips), setting)


def chunks(setting: Setting) -> Item | None:
    """Ask over how many steps chunked prefill spreads a prompt."""
    rng, language = setting.rng, setting.language
    budget, running = rng.choice((512, 1024, 2048, 4096)), rng.choice((32, 48, 64, 96, 128, 192, 256))
    prompt = rng.choice((6000, 10000, 16000, 20000, 24000, 30000, 60000))
    if running > budget / 3:
        return None
    value = math.ceil(prompt / (budget - running))
    known = {"budget": draw.count(budget), "running": str(running), "prompt": draw.count(prompt)}
    symbols = {"P": prompt, "B": budget, "R": running}
    steps = (line("steps_needed", "ceil(P / (B - R))", symbols, value, "steps"),)
    question = Question(_FILE, "latency_chunks", (str(budget), str(running), str(prompt)), 2, known, steps, _CHUNK, _BY)
    slips = {
        "decodes_for_free": float(math.ceil(prompt / budget)),
        "decodes_on_top": float(math.ceil(prompt / (budget + running))),
        "rounded_down": float(prompt // (budget - running)),
        "decodes_twice": float(math.ceil(prompt / (budget - 2 * running))),
        "one_request_each": float(math.ceil(prompt / budget) + running),
    }
    unit = say("calc", "unit steps", language)
    return posed(Problem(question, value, unit, slips, whole=True), setting)


def guesses(setting: Setting) -> Item | None:
    """Ask how many tokens a step of speculative decoding yields on average."""
    rng, language = setting.rng, setting.language
    rate, ahead = rng.choice((0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9)), rng.randint(2, 8)
    value = (1 - rate ** (ahead + 1)) / (1 - rate)
    known = {"rate": f"{rate:g}", "ahead": str(ahead)}
    powers = " + ".join("1" if power == 0 else " × ".join(["a"] * power) for power in range(ahead + 1))
    steps = (line("expected", powers, {"a": rate}, value, "tokens"),)
    question = Question(_FILE, "latency_guesses", (f"{rate:g}", str(ahead)), 2, known, steps, _GUESS, _BY)
    slips = {
        "product_of_both": rate * ahead, "all_accepted": ahead + 1.0, "own_token_left_out": value - 1,
        "one_more_product": rate * ahead + 1, "never_rejected": 1 / (1 - rate), "guesses_for_tokens": float(ahead),
    }  # fmt: skip
    return posed(Problem(question, value, say("calc", "unit tokens", language), slips), setting)


def bubble(setting: Setting) -> Item | None:
    """Ask what share of a training step a pipeline is idle."""
    rng = setting.rng
    stages, parts = rng.choice((2, 4, 8, 16)), rng.choice((4, 8, 12, 16, 24, 32, 64))
    value = 100 * (stages - 1) / (parts + stages - 1)
    known = {"stages": str(stages), "parts": str(parts)}
    steps = (line("idle", "(p - 1) / (m + p - 1) × 100", {"p": stages, "m": parts}, value, "%"),)
    question = Question(_FILE, "latency_bubble", (str(stages), str(parts)), 1, known, steps, _BUBBLE, _BY)
    slips = {
        "work_for_idle": 100 - value,
        "ratio_to_work": 100 * (stages - 1) / parts,
        "stages_for_gaps": 100 * stages / (parts + stages),
        "one_part": 100 / parts,
        "one_stage": 100 / stages,
        "swapped": 100 * (parts - 1) / (parts + stages - 1),
        "stages_by_parts": 100 * stages / parts,
    }
    slips = {name: share for name, share in slips.items() if share < _ALL}
    return posed(Problem(question, value, "%", slips), setting)


_ALL: Final = 100  # percent
TEMPLATES: Final[Mapping[str, tuple[Template, ...]]] = {
    "serving-metrics": (between_tokens, throughput),
    "inference-serving": (throughput,),
    "latency-monitoring": (between_tokens,),
    "cost-monitoring": (price,),
    "token-accounting": (price,),
    "chunked-prefill": (chunks,),
    "vllm-flags": (chunks,),
    "speculative-decoding": (guesses,),
    "pipeline-parallelism": (bubble,),
}
