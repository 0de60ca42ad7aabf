"""Keys and distractors of questions on the KV cache follow from the numbers in their stems."""

import math
import re
from itertools import pairwise
from typing import Final

import pytest

from tests.quiz_calc_stem import Derived, Numbers, by_template, check, numbers
from tools.quiz.item import Item

_CONCEPTS: Final = (
    "kv-cache", "grouped-query-attention", "multi-query-attention", "multi-head-attention", "multi-head-latent-attention",
    "kv-cache-quantization", "paged-attention", "tensor-parallelism", "vllm-tensor-parallel", "context-window",
    "max-model-len-exceeds-kv-cache", "vllm-preemption", "inference-serving",
)  # fmt: skip
_SEEDS: Final = 12
_SHAPE: Final = ("layers", "hidden", "heads", "kv", "dim", "each")
_GIB: Final = 2**30


def _token(n: Numbers) -> float:
    """Bytes of one token by the formula of the note."""
    return 2 * n["layers"] * n["kv"] * n["dim"] * n["each"]


# What each slip makes of the bytes of one token.
_WRONG_TOKEN: Final = {
    "one_of_kv": lambda n: n["layers"] * n["kv"] * n["dim"] * n["each"],
    "query_heads": lambda n: 2 * n["layers"] * n["heads"] * n["dim"] * n["each"],
    "hidden_per_head": lambda n: 2 * n["layers"] * n["kv"] * n["hidden"] / n["heads"] * n["each"],
    "one_layer": lambda n: 2 * n["kv"] * n["dim"] * n["each"],
    "bits_as_bytes": lambda n: 2 * n["layers"] * n["kv"] * n["dim"] * n["each"] * 8,
    "other_width": lambda n: 2 * n["layers"] * n["kv"] * n["dim"] * 2,
    "hidden_width": lambda n: 2 * n["layers"] * n["hidden"] * n["each"],
    "one_head": lambda n: 2 * n["layers"] * n["dim"] * n["each"],
}  # fmt: skip


def _scaled(scale):
    return {name: (lambda n, form=form: scale(n, form(n))) for name, form in _WRONG_TOKEN.items()}


def _all(n: Numbers, token: float) -> float:
    return token * n["tokens"] * n["batch"] / _GIB


def _mha(n: Numbers, heads: float) -> float:
    return 2 * n["layers"] * heads * n["dim"] * n["each"] * n["tokens"]


def _paged(n: Numbers, filled: float) -> float:
    return n["batch"] * (n["longest"] - filled) * n["token_bytes"] / _GIB


def _filled(n: Numbers) -> float:
    return math.ceil(n["used"] / n["block"]) * n["block"]


def _share(n: Numbers, heads: float) -> float:
    return 2 * n["layers"] * heads * n["dim"] * n["each"] * n["tokens"] * n["batch"] / _GIB


def _own(n: Numbers) -> float:
    """KV heads on one GPU: never less than one."""
    return max(1, n["kv"] / n["gpus"])


def _latent(n: Numbers, width: float) -> float:
    return n["layers"] * width * n["each"] / 1024


_TABLE: Final = {
    "kv_per_token": Derived(_SHAPE, lambda n: _token(n) / 1024, _scaled(lambda n, token: token / 1024)),
    "kv_requests": Derived(
        (*_SHAPE, "tokens", "batch"),
        lambda n: _all(n, _token(n)),
        _scaled(_all)
        | {
            "no_batch": lambda n: _all(n, _token(n)) / n["batch"],
            "gb_for_gib": lambda n: _token(n) * n["tokens"] * n["batch"] / 1e9,
        },
    ),
    "kv_all_heads": Derived(
        (*_SHAPE, "tokens"),
        lambda n: _mha(n, n["heads"]) / _GIB,
        {
            "one_of_kv": lambda n: _mha(n, n["heads"]) / 2 / _GIB,
            "unchanged_heads": lambda n: _mha(n, n["kv"]) / _GIB,
            "inverted_heads": lambda n: _mha(n, n["kv"] ** 2 / n["heads"]) / _GIB,
            "bits_as_bytes": lambda n: _mha(n, n["heads"]) * 8 / _GIB,
            "times_heads": lambda n: _mha(n, n["kv"] * n["heads"]) / _GIB,
            "times_kv_heads": lambda n: _mha(n, n["kv"] ** 2) / _GIB,
            "hidden_per_head": lambda n: _mha(n, n["heads"]) / n["dim"] * n["hidden"] / n["heads"] / _GIB,
            "gb_for_gib": lambda n: _mha(n, n["heads"]) / 1e9,
        },
    ),
    "kv_one_head": Derived(
        (*_SHAPE, "tokens"),
        lambda n: _mha(n, 1) / 2**20,
        {
            "one_of_kv": lambda n: _mha(n, 1) / 2 / 2**20,
            "unchanged_heads": lambda n: _mha(n, n["kv"]) / 2**20,
            "head_per_group": lambda n: _mha(n, n["heads"] / n["kv"]) / 2**20,
            "all_heads_kept": lambda n: _mha(n, n["heads"]) / 2**20,
            "bits_as_bytes": lambda n: _mha(n, 8) / 2**20,
            "one_layer": lambda n: _mha(n, 1) / n["layers"] / 2**20,
            "hidden_per_head": lambda n: _mha(n, 1) / n["dim"] * n["hidden"] / n["heads"] / 2**20,
            "key_shared_twice": lambda n: _mha(n, 1) / 4 / 2**20,
        },
    ),
    "kv_latent": Derived(
        ("layers", "heads", "rank", "rope", "nope", "each"),
        lambda n: _latent(n, n["rank"] + n["rope"]),
        {
            "latent_twice": lambda n: _latent(n, 2 * (n["rank"] + n["rope"])),
            "latent_heads": lambda n: _latent(n, 2 * n["heads"] * n["nope"]),
            "no_rotated_key": lambda n: _latent(n, n["rank"]),
            "one_layer": lambda n: _latent(n, n["rank"] + n["rope"]) / n["layers"],
            "bits_as_bytes": lambda n: _latent(n, 8 * (n["rank"] + n["rope"])),
            "latent_per_head": lambda n: _latent(n, n["heads"] * (n["rank"] + n["rope"])),
            "other_width": lambda n: n["layers"] * (n["rank"] + n["rope"]) * 2 / 1024,
            "one_byte_each": lambda n: n["layers"] * (n["rank"] + n["rope"]) / 1024,
        },
    ),
    "kv_held": Derived(
        (*_SHAPE, "tokens", "pool"),
        lambda n: n["pool"] * _GIB // (_token(n) * n["tokens"]),
        _scaled(lambda n, token: n["pool"] * _GIB // (token * n["tokens"])),
    ),
    "kv_paged": Derived(
        ("token_bytes", "batch", "longest", "used", "block"),
        lambda n: _paged(n, _filled(n)),
        {
            "still_used": lambda n: n["batch"] * _filled(n) * n["token_bytes"] / _GIB,
            "no_batch": lambda n: _paged(n, _filled(n)) / n["batch"],
            "all_reserved": lambda n: _paged(n, 0),
            "kv_again": lambda n: 2 * _paged(n, _filled(n)),
            "gb_for_gib": lambda n: _paged(n, _filled(n)) * _GIB / 1e9,
            "half_key": lambda n: _paged(n, _filled(n)) / 2,
        },
    ),
    "kv_split": Derived(
        (*_SHAPE, "tokens", "batch", "gpus"),
        lambda n: _share(n, _own(n)),
        {
            "all_gpus": lambda n: _share(n, n["kv"]),
            "split_heads": lambda n: _share(n, n["kv"] / n["gpus"]),
            "one_of_kv": lambda n: _share(n, _own(n)) / 2,
            "query_heads": lambda n: _share(n, n["heads"] / n["gpus"]),
            "no_batch": lambda n: _share(n, _own(n)) / n["batch"],
            "hidden_per_head": lambda n: _share(n, _own(n)) / n["dim"] * n["hidden"] / n["heads"],
            "bits_as_bytes": lambda n: _share(n, _own(n)) * 8,
        },
    ),
}


@pytest.fixture(scope="module")
def made() -> dict[str, list[Item]]:
    return by_template(_CONCEPTS, _SEEDS)


@pytest.mark.parametrize("template", _TABLE)
def test_key_and_slips_follow_from_the_stem(template: str, made: dict[str, list[Item]]) -> None:
    assert len(made[template]) >= 20
    for item in made[template]:
        check(item, _TABLE[template])


def test_models_are_ordered_by_the_cache_of_a_token(made: dict[str, list[Item]]) -> None:
    for item in made["kv_order"]:
        sizes = [_label_size(item.options[at]) for at in item.key]
        assert all(low * 1.1 <= high for low, high in pairwise(sizes)), item.options


def _label_size(label: str) -> float:
    layers, heads, kv, dim = (
        float(text) for text in re.findall(r"[:：,，] ?(?:头维度 |head dimension )?([\d]+)", label)
    )
    assert kv <= heads
    return layers * kv * dim


def test_a_smaller_cache_has_a_smaller_product(made: dict[str, list[Item]]) -> None:
    for item in made["kv_smaller"]:
        base = numbers(item, ("batch", "tokens"))
        for at, label in enumerate(item.options):
            found = re.match(r"([\d,]+) (?:requests of|个请求 ×) ([\d,]+) ", label)
            assert found
            product = float(found[1].replace(",", "")) * float(found[2].replace(",", ""))
            product *= 1 if re.search(r"KV (?:cache in|缓存) FP8", label) else 2
            assert (product < 2 * base["batch"] * base["tokens"]) == (at in item.key), (item.stem, label)


def test_a_statement_that_requests_fit_is_judged_by_their_size(made: dict[str, list[Item]]) -> None:
    verdicts = set()
    for item in made["kv_fits"]:
        n = numbers(item, (*_SHAPE, "batch", "tokens", "pool"))
        needed = _token(n) * n["batch"] * n["tokens"] / _GIB
        assert not 1 / 1.1 < needed / n["pool"] < 1.1, item.stem
        assert (needed < n["pool"]) == (item.key == (0,)), item.stem
        assert f"{needed:.3g}" in item.points[0].text
        verdicts.add(item.key)
    assert len(verdicts) == 2
