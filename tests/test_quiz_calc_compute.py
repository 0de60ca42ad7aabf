"""Keys and distractors of questions on LoRA and on training compute follow from the numbers in their stems."""

import re
from typing import Final

import pytest

from tests.quiz_calc_stem import Derived, Numbers, by_template, check
from tools.quiz.item import Item

_CONCEPTS: Final = ("lora", "peft", "qlora", "fine-tuning", "scaling-laws", "pretraining", "gpu")
_SEEDS: Final = 14
_WRONG_FLOPS: Final = {  # operations per parameter and token
    "forward_only": 2, "backward_only": 4, "one_per_multiply_add": 3, "no_factor": 1, "recomputed_forward": 8,
    "two_backward": 12, "factor_ten": 60,
}  # fmt: skip


def _flops(n: Numbers, each: float = 6) -> float:
    return each * n["N"] * n["D"] / 1e21


def _days(n: Numbers, each: float = 6, share: float | None = None) -> float:
    used = n["share"] / 100 if share is None else share
    return each * n["N"] * n["D"] / (n["gpus"] * n["peak"] * 1e12 * used) / 86_400


def _optimum(n: Numbers, ratio: float = 20, factor: float = 6) -> float:
    return (n["mantissa"] * 10 ** n["exponent"] / (factor * ratio)) ** 0.5 / 1e9


def _used(n: Numbers, each: float = 6) -> float:
    return 100 * each * n["N"] * n["trained"] / (n["gpus"] * n["peak"] * 1e12)


def _best(tokens: bool) -> Derived:
    def form(ratio: float = 20, factor: float = 6, times: float = 1):
        return lambda n: _optimum(n, ratio, factor) * (ratio if tokens else 1) * times

    slips = {
        "tokens_equal_parameters": form(1), "other_of_the_two": form(times=1 / 20 if tokens else 20),
        "no_factor": form(factor=1), "forward_only": form(factor=2), "two_backward": form(factor=12),
        "ratio_forgotten": form(1), "half_ratio": form(10), "double_ratio": form(40),
    }  # fmt: skip
    return Derived(("mantissa", "exponent"), form(), slips)


_TABLE: Final = {
    "compute_rule": Derived(
        ("N", "D"), _flops, {name: (lambda n, each=each: _flops(n, each)) for name, each in _WRONG_FLOPS.items()}
    ),
    "compute_days": Derived(
        ("N", "D", "gpus", "peak", "share"),
        _days,
        {name: (lambda n, each=each: _days(n, each)) for name, each in _WRONG_FLOPS.items()}
        | {
            "no_utilization": lambda n: _days(n, share=1),
            "sparse_peak": lambda n: _days(n) / 2,
            "utilization_twice": lambda n: _days(n, share=(n["share"] / 100) ** 2),
            "one_card": lambda n: _days(n) * n["gpus"],
            "hours_for_days": lambda n: _days(n) * 24,
        },
    ),
    "compute_parameters": _best(tokens=False),
    "compute_tokens": _best(tokens=True),
    "compute_utilization": Derived(
        ("N", "gpus", "peak", "trained"),
        _used,
        {name: (lambda n, each=each: _used(n, each)) for name, each in _WRONG_FLOPS.items()}
        | {"sparse_utilization": lambda n: _used(n) / 2, "idle_share": lambda n: 100 - _used(n)},
    ),
    "lora_matrix": Derived(
        ("rows", "columns", "lora_rank"),
        lambda n: n["lora_rank"] * (n["rows"] + n["columns"]),
        {
            "only_a": lambda n: n["lora_rank"] * n["columns"],
            "only_b": lambda n: n["lora_rank"] * n["rows"],
            "frozen_weights": lambda n: n["rows"] * n["columns"],
            "bytes_for_parameters": lambda n: 2 * n["lora_rank"] * (n["rows"] + n["columns"]),
            "alpha_twice": lambda n: 4 * n["lora_rank"] * (n["rows"] + n["columns"]),
            "longer_side_twice": lambda n: 2 * n["lora_rank"] * max(n["rows"], n["columns"]),
            "shorter_side_twice": lambda n: 2 * n["lora_rank"] * min(n["rows"], n["columns"]),
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


@pytest.mark.parametrize(("template", "each"), [("lora_layers", 1e-6), ("lora_states", 16e-6)])
def test_adapters_are_counted_matrix_by_matrix(template: str, each: float, made: dict[str, list[Item]]) -> None:
    assert len(made[template]) >= 20
    for item in made[template]:
        check(item, _adapters(item, each))


def _adapters(item: Item, each: float) -> Derived:
    """Derive from the matrices that the stem lists: rows × columns."""
    sides = [
        (float(rows.replace(",", "")), float(columns.replace(",", "")))
        for rows, columns in re.findall(r"_proj ([\d,]*\d) × ([\d,]*\d)", item.stem)
    ]
    widest = {columns for _, columns in sides[:1]}  # the first target reads the hidden state
    hidden = widest.pop()

    def size(total: float, times: float = 1):
        return lambda n: n["lora_rank"] * total * n["layers"] * each * times

    everything = sum(rows + columns for rows, columns in sides)
    slips = {
        "only_a": size(sum(columns for _, columns in sides)), "only_b": size(sum(rows for rows, _ in sides)),
        "square_matrices": size(2 * hidden * len(sides)), "one_target": size(sum(sides[0])),
        "one_lora_layer": lambda n: n["lora_rank"] * everything * each,
        "bytes_for_parameters": size(everything, 2), "rank_doubled": size(everything, 2),
        "targets_squared": size(everything, len(sides)), "no_gradients": size(everything, 12 / 16),
        "one_momentum": size(everything, 12 / 16), "no_momenta": size(everything, 8 / 16),
        "weights_alone": size(everything, 4 / 16), "master_added": size(everything, 20 / 16),
        "bits_for_bytes": size(everything, 8),
    }  # fmt: skip
    return Derived(("lora_rank", "layers"), size(everything), slips)
