"""Keys and distractors of questions on serving, latency and cost follow from their stems and logs."""

import math
import re
from typing import Final

import pytest

from tests.quiz_calc_stem import Derived, Numbers, by_template, check, numbers
from tools.quiz.item import Item

_CONCEPTS: Final = (
    "vllm-memory", "vllm", "vllm-engine", "vllm-flags", "inference-serving", "tensor-parallelism", "vllm-tensor-parallel",
    "max-model-len-exceeds-kv-cache", "no-memory-for-kv-cache-blocks", "kv-cache-quantization", "kv-cache",
    "context-window", "serving-metrics", "latency-monitoring", "cost-monitoring", "token-accounting", "chunked-prefill",
    "speculative-decoding", "pipeline-parallelism",
)  # fmt: skip
_SEEDS: Final = 10
_GIB: Final = 2**30
_SHAPE: Final = ("layers", "hidden", "heads", "kv", "dim", "each")
_WRONG_TOKEN: Final = {  # what each slip multiplies the bytes of a token with
    "one_of_kv": lambda n: 0.5, "query_heads": lambda n: n["heads"] / n["kv"],
    "hidden_per_head": lambda n: n["hidden"] / n["heads"] / n["dim"], "one_layer": lambda n: 1 / n["layers"],
    "bits_as_bytes": lambda n: 8, "other_width": lambda n: 2 / n["each"],
    "hidden_width": lambda n: n["hidden"] / (n["kv"] * n["dim"]), "one_head": lambda n: 1 / n["kv"],
    "gib_as_gb": lambda n: _GIB / 1e9,
}  # fmt: skip


def _token(n: Numbers) -> float:
    return 2 * n["layers"] * n["kv"] * n["dim"] * n["each"]


def _pool(n: Numbers, share: float | None = None, weights: float = 1, working: float = 1) -> float:
    used = n["utilization"] if share is None else share
    return used * n["memory"] - weights * n["weights_gib"] - working * n["working"]


def _tokens(n: Numbers) -> float:
    return n["pool"] * _GIB / _token(n)


def _gap(n: Numbers) -> float:
    return (n["latency"] - n["first"]) / (n["answer"] - 1) * 1000


def _price(n: Numbers) -> float:
    return n["hour"] * n["gpus"] / (n["rate"] * 3600) * 1e6


def _chunks(n: Numbers, decodes: float) -> float:
    return math.ceil(n["prompt"] / (n["budget"] - decodes * n["running"]))


def _guessed(n: Numbers) -> float:
    return sum(n["probability"] ** power for power in range(int(n["ahead"]) + 1))


def _idle(n: Numbers) -> float:
    return 100 * (n["stages"] - 1) / (n["parts"] + n["stages"] - 1)


_TABLE: Final = {
    "serve_pool": Derived(
        ("memory", "utilization", "weights_gib", "working"),
        _pool,
        {
            "whole_memory": lambda n: _pool(n, 1), "no_working": lambda n: _pool(n, working=0),
            "no_weights": lambda n: _pool(n, weights=0), "whole_budget": lambda n: _pool(n, weights=0, working=0),
            "share_of_the_rest": lambda n: n["utilization"] * _pool(n, 1),
            "memory_unused": lambda n: (1 - n["utilization"]) * n["memory"],
            "weights_twice": lambda n: _pool(n, weights=2), "half_weights": lambda n: _pool(n, weights=0.5),
        },
    ),
    "serve_longest": Derived(
        (*_SHAPE, "pool", "batch"),
        lambda n: _tokens(n) / n["batch"] // 16 * 16,  # whole blocks
        {
            name: (lambda n, factor=factor: _tokens(n) / n["batch"] / factor(n))
            for name, factor in _WRONG_TOKEN.items()
        }
        | {"pool_for_one": _tokens},
    ),
    "serve_tokens": Derived(
        (*_SHAPE, "pool"),
        lambda n: _tokens(n) // 16 * 16,
        {name: (lambda n, factor=factor: _tokens(n) / factor(n)) for name, factor in _WRONG_TOKEN.items()},
    ),
    "latency_gap": Derived(
        ("latency", "first", "answer"),
        _gap,
        {
            "first_token_included": lambda n: n["latency"] / n["answer"] * 1000,
            "first_token_added": lambda n: (n["latency"] + n["first"]) / (n["answer"] - 1) * 1000,
            "rate_for_time": lambda n: 1000 / _gap(n), "a_tenth": lambda n: _gap(n) / 10,
            "tenfold": lambda n: _gap(n) * 10, "first_token_time": lambda n: n["first"] * 1000,
        },
    ),
    "latency_rate": Derived(
        ("batch", "gap"),
        lambda n: n["batch"] * 1000 / n["gap"],
        {
            "one_users_rate": lambda n: 1000 / n["gap"], "users_times_gap": lambda n: n["batch"] * n["gap"],
            "tenfold": lambda n: n["batch"] * 10_000 / n["gap"], "a_tenth": lambda n: n["batch"] * 100 / n["gap"],
            "minutes_for_seconds": lambda n: n["batch"] * 1000 / n["gap"] / 60,
            "half_the_tokens": lambda n: n["batch"] * 500 / n["gap"],
            "prompt_counted": lambda n: n["batch"] * 2000 / n["gap"],
        },
    ),
    "latency_price": Derived(
        ("hour", "gpus", "rate", "load"),
        lambda n: _price(n) / n["load"] * 100,
        {
            "full_load": _price, "load_multiplied": lambda n: _price(n) * n["load"] / 100,
            "minutes_for_hours": lambda n: _price(n) / n["load"] * 6000,
            "tenfold": lambda n: _price(n) / n["load"] * 1000, "a_tenth": lambda n: _price(n) / n["load"] * 10,
            "unused_load": lambda n: _price(n) / (100 - n["load"]) * 100,
            "one_gpus_price": lambda n: _price(n) / n["load"] * 100 / n["gpus"],
            "price_of_rates": lambda n: _price(n) / n["load"] * 100 * n["gpus"],
        },
    ),
    "latency_chunks": Derived(
        ("budget", "running", "prompt"),
        lambda n: _chunks(n, 1),
        {
            "decodes_for_free": lambda n: _chunks(n, 0), "decodes_on_top": lambda n: _chunks(n, -1),
            "rounded_down": lambda n: n["prompt"] // (n["budget"] - n["running"]),
            "decodes_twice": lambda n: _chunks(n, 2), "one_request_each": lambda n: _chunks(n, 0) + n["running"],
        },
    ),
    "latency_guesses": Derived(
        ("ahead", "probability"),
        _guessed,
        {
            "product_of_both": lambda n: n["ahead"] * n["probability"], "all_accepted": lambda n: n["ahead"] + 1,
            "own_token_left_out": lambda n: _guessed(n) - 1,
            "one_more_product": lambda n: n["ahead"] * n["probability"] + 1,
            "never_rejected": lambda n: 1 / (1 - n["probability"]), "guesses_for_tokens": lambda n: n["ahead"],
        },
    ),
    "latency_bubble": Derived(
        ("stages", "parts"),
        _idle,
        {
            "work_for_idle": lambda n: 100 - _idle(n), "ratio_to_work": lambda n: 100 * (n["stages"] - 1) / n["parts"],
            "stages_for_gaps": lambda n: 100 * n["stages"] / (n["parts"] + n["stages"]),
            "one_part": lambda n: 100 / n["parts"], "one_stage": lambda n: 100 / n["stages"],
            "swapped": lambda n: 100 * (n["parts"] - 1) / (n["parts"] + n["stages"] - 1),
            "stages_by_parts": lambda n: 100 * n["stages"] / n["parts"],
        },
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def made() -> dict[str, list[Item]]:
    return by_template(_CONCEPTS, _SEEDS)


@pytest.mark.parametrize("template", _TABLE)
def test_key_and_slips_follow_from_the_stem(template: str, made: dict[str, list[Item]]) -> None:
    assert len(made[template]) >= 20
    for item in made[template]:
        check(item, _TABLE[template])


def test_fewest_gpus_hold_weights_and_caches(made: dict[str, list[Item]]) -> None:
    assert len(made["serve_fewest"]) >= 20
    for item in made["serve_fewest"]:
        n = numbers(item, ("weights_gb", "cache_gb", "usable"))

        def first(size: float, usable: float = n["usable"]) -> float:
            return next((gpus for gpus in (1, 2, 4, 8, 16, 32, 64) if size / gpus <= usable), 0)

        weights, cache = n["weights_gb"], n["cache_gb"]
        found = {
            "weights_without_cache": first(weights), "cache_without_weights": first(cache),
            "as_32_bit": first(2 * weights + cache), "training_bytes": first(8 * weights),
            "one_byte_a_weight": first(weights / 2 + cache),
        }  # fmt: skip
        value = first(weights + cache)
        slips = {name: (lambda _, number=number: number) for name, number in found.items()}
        check(item, Derived((), lambda _, value=value: value, slips))
        assert (weights + cache) / value * 1.04 < n["usable"] < (weights + cache) / value * 2 / 1.04


def _logged(item: Item) -> dict[str, float]:
    assert item.exhibit
    found = re.search(
        r"tensor_parallel_size=(\d+).*memory: ([\d.]+) GiB.*size: ([\d,]+) tokens", item.exhibit.text, re.S
    )
    assert found
    return {"gpus": float(found[1]), "pool": float(found[2]), "held": float(found[3].replace(",", ""))}


def test_concurrency_is_read_off_the_log(made: dict[str, list[Item]]) -> None:
    assert len(made["serve_concurrency"]) >= 20
    for item in made["serve_concurrency"]:
        log = _logged(item)
        value = log["held"] / numbers(item, ("tokens",))["tokens"]
        slips = {
            "split_again": value / log["gpus"], "gpus_again": value * log["gpus"], "kv_again_tokens": value / 2,
            "prompt_half": value * 2, "tenfold": value * 10, "blocks_for_tokens": value / 16,
        }  # fmt: skip
        forms = {name: (lambda _, number=number: number) for name, number in slips.items()}
        check(item, Derived((), lambda _, value=value: value, forms))


def test_the_bytes_of_a_token_are_read_off_the_log(made: dict[str, list[Item]]) -> None:
    assert len(made["serve_token_bytes"]) >= 20
    for item in made["serve_token_bytes"]:
        log = _logged(item)
        value = log["pool"] * _GIB / log["held"] / 1024
        slips = {
            "half_for_keys": value / 2, "kv_again": value * 2, "bits_as_bytes": value * 8, "bytes_in_bits": value / 8,
            "tenfold": value * 10, "split_again": value / log["gpus"], "all_gpus_read": value * log["gpus"],
        }  # fmt: skip
        forms = {name: (lambda _, number=number: number) for name, number in slips.items()}
        check(item, Derived((), lambda _, value=value: value, forms))
