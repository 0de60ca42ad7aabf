"""Keys and distractors of questions on the Roofline model follow from the numbers in their stems."""

import re
from itertools import pairwise
from typing import Any, Final

import pytest
from plotly.graph_objects import Figure

from tests.quiz_calc_stem import Derived, Numbers, by_template, check, numbers
from tools.quiz.item import Exhibit, Item

_CONCEPTS: Final = (
    "roofline-model", "arithmetic-intensity", "gpu", "memory-bandwidth", "decode", "prefill", "continuous-batching",
    "quantization", "inference-serving", "chunked-prefill",
)  # fmt: skip
_SEEDS: Final = 12


def _ridge(n: Numbers) -> float:
    return n["peak"] / n["bandwidth"]


def _intensity(n: Numbers, each: float = 2, flops: float = 2) -> float:
    m, k, c = n["m"], n["k"], n["n"]
    return flops * m * k * c / (each * (m * k + k * c + m * c))


def _rate(n: Numbers, weights: float = 1, caches: float | None = None, users: float | None = None) -> float:
    users = n["batch"] if users is None else users
    caches = n["batch"] if caches is None else caches
    read = weights * n["weights_gb"] * 1e9 + caches * n["tokens"] * n["token_bytes"]
    return users / (read / (n["bandwidth"] * 1e12))


def _step(n: Numbers, each: float = 2) -> float:
    return n["N"] * each / (n["bandwidth"] * 1e12) * 1e3


def _prefill(n: Numbers, each: float = 2, peak: float | None = None) -> float:
    return each * n["N"] * n["prompt"] / ((peak or n["peak"]) * 1e12) * 1e3


def _critical(n: Numbers) -> float:
    return _ridge(n) * n["bits"] / 16


_TABLE: Final = {
    "roof_ridge": Derived(
        ("peak", "wide", "bandwidth"),
        _ridge,
        {
            "sparse_ridge": lambda n: 2 * _ridge(n), "fp32_ridge": lambda n: n["wide"] / n["bandwidth"],
            "bits_of_bandwidth": lambda n: _ridge(n) / 8, "per_multiply_add": lambda n: _ridge(n) / 2,
            "bytes_as_bits": lambda n: 8 * _ridge(n), "sparse_and_fused": lambda n: 4 * _ridge(n),
        },
    ),
    "roof_intensity": Derived(
        ("m", "k", "n"),
        _intensity,
        {
            "per_multiply_add": lambda n: _intensity(n, flops=1), "one_byte_numbers": lambda n: _intensity(n, 1),
            "numbers_for_bytes": lambda n: _intensity(n, 1), "bits_as_bytes": lambda n: _intensity(n, 16),
            "weights_moved_only": lambda n: n["m"],
            "inputs_only": lambda n: n["m"] * n["k"] * n["n"] / (n["m"] * n["k"] + n["k"] * n["n"]),
            "fp32_numbers": lambda n: _intensity(n, 4), "output_only": lambda n: n["k"],
        },
    ),
    "roof_decode_step": Derived(
        ("N", "bandwidth", "peak"),
        _step,
        {
            "one_byte_a_weight": lambda n: _step(n, 1), "as_32_bit": lambda n: _step(n, 4),
            "bits_for_bytes": lambda n: _step(n, 16), "two_flops_for_bytes": lambda n: _step(n, 4),
            "bandwidth_in_bits": lambda n: _step(n) / 8, "four_bits_a_weight": lambda n: _step(n, 0.5),
            "compute_for_memory": lambda n: 2 * n["N"] / (n["peak"] * 1e12) * 1e3,
        },
    ),
    "roof_decode_rate": Derived(
        ("weights_gb", "token_bytes", "batch", "tokens", "bandwidth", "peak"),
        _rate,
        {
            "no_cache_read": lambda n: _rate(n, caches=0), "cache_shared": lambda n: _rate(n, caches=1),
            "one_users_rate": lambda n: _rate(n, users=1), "weights_for_each": lambda n: _rate(n, weights=n["batch"]),
            "one_request_rate": lambda n: _rate(n, caches=1, users=1), "bits_as_bytes": lambda n: _rate(n) / 8,
            "compute_bound_rate": lambda n: n["peak"] * 1e12 / (n["weights_gb"] * 1e9),
            "kv_again_read": lambda n: _rate(n, caches=2 * n["batch"]),
        },
    ),
    "roof_prefill": Derived(
        ("N", "prompt", "peak", "wide", "bandwidth"),
        _prefill,
        {
            "sparse_time": lambda n: _prefill(n) / 2, "per_multiply_add": lambda n: _prefill(n, 1),
            "training_flops": lambda n: _prefill(n, 6), "fp32_time": lambda n: _prefill(n, peak=n["wide"]),
            "memory_for_compute": _step, "bytes_for_flops": lambda n: _prefill(n, 4),
        },
    ),
    "roof_critical": Derived(
        ("bits", "peak", "wide", "bandwidth"),
        _critical,
        {
            "sparse_ridge": lambda n: 2 * _critical(n), "fp32_ridge": lambda n: _critical(n) / n["peak"] * n["wide"],
            "per_multiply_add": lambda n: _critical(n) / 2, "bits_for_bytes": lambda n: 8 * _critical(n),
            "bits_of_bandwidth": lambda n: _critical(n) / 8, "sparse_and_fused": lambda n: 4 * _critical(n),
            "ridge_whatever_bits": _ridge, "bits_inverted": lambda n: _ridge(n) * 16 / n["bits"],
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


def test_decode_is_bound_by_memory_where_the_question_says_so(made: dict[str, list[Item]]) -> None:
    for item in made["roof_decode_rate"]:
        n = numbers(item, ("weights_gb", "token_bytes", "batch", "tokens", "bandwidth", "peak"))
        arithmetic = n["batch"] * n["weights_gb"] * 1e9 / (n["peak"] * 1e12)  # two operations for two bytes
        assert arithmetic < n["batch"] / _rate(n) * 0.55, item.stem


@pytest.mark.parametrize("claimed", ["compute", "memory"])
def test_a_product_is_judged_by_its_intensity(claimed: str, made: dict[str, list[Item]]) -> None:
    verdicts = set()
    for item in made[f"roof_is_{claimed}"]:
        n = numbers(item, ("m", "k", "n", "peak", "bandwidth"))
        ratio = _intensity(n) / _ridge(n)
        assert not 1 / 1.24 < ratio < 1.24
        assert ((ratio > 1) == (claimed == "compute")) == (item.key == (0,)), item.stem
        verdicts.add(item.key)
    assert len(verdicts) == 2


@pytest.mark.parametrize(("template", "unit"), [("roof_order_decode", "TB/s"), ("roof_order_prefill", "TFLOP/s")])
def test_cards_are_ordered_by_what_limits_the_phase(template: str, unit: str, made: dict[str, list[Item]]) -> None:
    assert len(made[template]) >= 20
    for item in made[template]:
        figures = [_figures(item.options[at]) for at in item.key]
        values = [each[unit] for each in figures]
        assert all(low * 1.09 < high for low, high in pairwise(values)), item.options
        others = [each["TFLOP/s" if unit == "TB/s" else "TB/s"] for each in figures]
        assert others != sorted(others)  # the other figure would mislead


def _figures(label: str) -> dict[str, float]:
    return {unit: float(text.replace(",", "")) for text, unit in re.findall(r"([\d,.]+) (TFLOP/s|TB/s)", label)}


def _exhibit(item: Item) -> Exhibit:
    assert item.exhibit
    return item.exhibit


def _roof(item: Item) -> tuple[list[float], list[float]]:
    """Read the roof off the figure itself."""
    roof: dict[str, Any] = _exhibit(item).figure["data"][0]
    return roof["x"], roof["y"]


@pytest.mark.parametrize("alone", ["compute", "memory"])
def test_the_figure_shows_one_point_on_the_side_asked_for(alone: str, made: dict[str, list[Item]]) -> None:
    for item in made[f"plot_{alone}"]:
        (left, turn, _), (low, top, _) = _roof(item)
        marks = _exhibit(item).figure["data"][1]
        right = [x > turn for x in marks["x"]]
        assert right.count(alone == "compute") == 1
        assert item.options == tuple(marks["text"])
        assert item.key == (right.index(alone == "compute"),)
        for x, y in zip(marks["x"], marks["y"], strict=True):
            assert y < min(top, low * x / left) * 0.81  # below the roof
            assert not turn / 1.9 < x < turn * 1.9  # clearly on one side
            assert f"{y:,.3g} TFLOP/s" in _exhibit(item).text


def test_figures_are_ones_that_the_plotting_library_knows(made: dict[str, list[Item]]) -> None:
    for template in ("plot_compute", "plot_memory", "plot_ridge", "plot_attainable"):
        figure = Figure(_exhibit(made[template][0]).figure)  # refuses what it does not know
        assert figure.layout.xaxis.type == figure.layout.yaxis.type == "log"


def test_the_ridge_stands_where_the_figure_bends(made: dict[str, list[Item]]) -> None:
    for item in made["plot_ridge"]:
        (left, turn, right), (low, top, end) = _roof(item)
        assert left < turn < right and low < top == end
        check(
            item,
            Derived(
                (),
                lambda _, turn=turn: turn,
                {
                    "before_ridge": lambda _, turn=turn: turn / 3, "beyond_ridge": lambda _, turn=turn: turn * 3,
                    "decade_up": lambda _, turn=turn: turn * 10, "decade_down": lambda _, turn=turn: turn / 10,
                },
            ),
        )  # fmt: skip


def test_the_height_of_the_roof_is_read_at_the_place_named(made: dict[str, list[Item]]) -> None:
    for item in made["plot_attainable"]:
        found = re.search(r"(?:intensity of|强度为) ([\d,.]+) FLOP", item.stem)
        assert found
        place = float(found[1].replace(",", ""))
        (left, _, _), (low, top, _) = _roof(item)
        height = min(top, low * place / left)
        slips = {
            "double_roof": 2 * height, "decade_up": 10 * height, "decade_down": height / 10, "half_roof": height / 2,
            "flat_roof": top, "slope_without_end": low * place / left,
        }  # fmt: skip
        forms = {name: (lambda _, value=value: value) for name, value in slips.items()}
        check(item, Derived((), lambda _, height=height: height, forms))
