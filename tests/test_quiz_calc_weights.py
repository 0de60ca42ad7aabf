"""Keys and distractors of questions on weights follow from the numbers in their stems."""

import re
from itertools import pairwise
from typing import Final

import pytest

from tests.quiz_calc_stem import Derived, Numbers, by_template, check, numbers
from tools.calculators.accelerator import find
from tools.quiz.item import Item

_CONCEPTS: Final = (
    "quantization", "floating-point-formats", "fp8", "awq", "qlora", "bitsandbytes", "gguf", "llama-cpp",
    "mixture-of-experts", "tensor-parallelism", "gpu", "memory-bandwidth", "inference-serving", "safetensors",
)  # fmt: skip
_SEEDS: Final = 10
_BILLION: Final = 1e9
_GIB: Final = 2**30
_BITS: Final = {"FP32": 32, "BF16": 16, "FP16": 16}


def _mixed(n: Numbers, bits: float, rest: float) -> float:
    return (n["Q"] * bits / 8 + n["R"] * rest) / _BILLION


def _file(n: Numbers, bits: float) -> float:
    return n["N"] * bits / 8 / _GIB


def _gb(n: Numbers, bytes_each: float, gpus: float = 1) -> float:
    return n["N"] * bytes_each / gpus / _BILLION


_TABLE: Final = {
    "weights_mixed": Derived(
        ("Q", "R", "bits"),
        lambda n: _mixed(n, n["bits"], 2),
        {
            "all_quantized": lambda n: (n["Q"] + n["R"]) * n["bits"] / 8 / _BILLION,
            "rest_left_out": lambda n: _mixed(n, n["bits"], 0),
            "nothing_quantized": lambda n: _mixed(n, 16, 2),
            "bits_for_bytes": lambda n: _mixed(n, 8 * n["bits"], 2),
            "rest_in_fp32": lambda n: _mixed(n, n["bits"], 4),
            "whole_nibble": lambda n: _mixed(n, int(n["bits"]), 2),
            "one_byte_a_weight": lambda n: _mixed(n, 8, 2),
        },
    ),
    "weights_experts": Derived(
        ("N", "active"),
        lambda n: _gb(n, 2),
        {
            "active_only": lambda n: 2 * n["active"] / _BILLION,
            "inactive_only": lambda n: 2 * (n["N"] - n["active"]) / _BILLION,
            "one_byte_a_weight": lambda n: _gb(n, 1),
            "as_32_bit": lambda n: _gb(n, 4),
            "total_and_active": lambda n: 2 * (n["N"] + n["active"]) / _BILLION,
            "bits_for_bytes": lambda n: _gb(n, 16),
        },
    ),
    "weights_experts_split": Derived(
        ("N", "active", "gpus"),
        lambda n: _gb(n, 2, n["gpus"]),
        {
            "active_only": lambda n: 2 * n["active"] / n["gpus"] / _BILLION,
            "inactive_only": lambda n: 2 * (n["N"] - n["active"]) / n["gpus"] / _BILLION,
            "one_byte_a_weight": lambda n: _gb(n, 1, n["gpus"]),
            "as_32_bit": lambda n: _gb(n, 4, n["gpus"]),
            "total_and_active": lambda n: 2 * (n["N"] + n["active"]) / n["gpus"] / _BILLION,
            "bits_for_bytes": lambda n: _gb(n, 16, n["gpus"]),
            "all_cards": lambda n: _gb(n, 2),
        },
    ),
    "weights_split": Derived(
        ("N", "gpus"),
        lambda n: _gb(n, 2, n["gpus"]),
        {
            "all_cards": lambda n: _gb(n, 2),
            "one_byte_a_weight": lambda n: _gb(n, 1, n["gpus"]),
            "as_32_bit": lambda n: _gb(n, 4, n["gpus"]),
            "split_twice": lambda n: _gb(n, 2, n["gpus"] ** 2),
            "bits_for_bytes": lambda n: _gb(n, 16, n["gpus"]),
            "training_bytes": lambda n: _gb(n, 16, n["gpus"]),
            "gpus_squared": lambda n: _gb(n, 2) * n["gpus"],
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


def test_plain_weights_are_parameters_times_bytes(made: dict[str, list[Item]]) -> None:
    for item in made["weights_plain"]:
        found = re.search(r"(?:in|以) (FP32|BF16|FP16)", item.stem)
        assert found
        each = _BITS[found[1]] / 8
        slips = {
            "bits_for_bytes": lambda n, each=each: _gb(n, 8 * each),
            "one_byte_a_weight": lambda n: _gb(n, 1),
            "four_bits_a_weight": lambda n: _gb(n, 0.5),
            "training_bytes": lambda n: _gb(n, 16),
            "as_16_bit": lambda n: _gb(n, 2),
            "as_32_bit": lambda n: _gb(n, 4),
        }
        check(item, Derived(("N",), lambda n, each=each: _gb(n, each), slips))


def test_a_file_is_parameters_times_bits(made: dict[str, list[Item]]) -> None:
    for item in made["weights_gguf"]:
        name = re.search(r"Q(\d)_", item.stem)
        assert name
        digit = int(name[1])
        slips = {
            "bits_of_the_name": lambda n, digit=digit: _file(n, digit),
            "bits_for_bytes": lambda n: _file(n, 8 * n["type_bits"]),
            "as_16_bit": lambda n: _file(n, 16),
            "one_byte_a_weight": lambda n: _file(n, 8),
            "half_byte_pairs": lambda n: _file(n, 2 * n["type_bits"]),
            "gb_for_gib": lambda n: _file(n, n["type_bits"]) * _GIB / _BILLION,
        }
        check(item, Derived(("N", "type_bits"), lambda n: _file(n, n["type_bits"]), slips))


def test_units_are_converted_by_their_definition(made: dict[str, list[Item]]) -> None:
    for item in made["weights_units"]:
        assert item.quantity
        factor = _BILLION / _GIB if item.quantity.unit == "GiB" else _GIB / _BILLION
        slips = {"same_number": lambda n: n["size"], "wrong_way": lambda n, factor=factor: n["size"] / factor}
        check(item, Derived(("size",), lambda n, factor=factor: n["size"] * factor, slips))


def _bytes(label: str) -> float:
    found = re.search(r"([\d,.]+) (billion|million|亿).*?([\d.]+) (?:bits|位)", label)
    assert found, label
    scale = {"billion": 1e9, "million": 1e6, "亿": 1e8}[found[2]]
    return float(found[1].replace(",", "")) * scale * float(found[3]) / 8


def test_models_are_ordered_by_parameters_times_bits(made: dict[str, list[Item]]) -> None:
    for item in made["weights_order"]:
        sizes = [_bytes(item.options[at]) for at in item.key]
        assert all(low * 1.09 <= high for low, high in pairwise(sizes)), item.options


def test_what_fits_on_a_card_is_smaller_than_its_memory_by_any_count(made: dict[str, list[Item]]) -> None:
    for item in made["weights_which"]:
        for at, label in enumerate(item.options):
            assert _is_clear(_bytes(label), item.stem) is (at in item.key), (item.stem, label)


def test_a_statement_that_weights_fit_is_judged_by_their_size(made: dict[str, list[Item]]) -> None:
    verdicts = set()
    for item in made["weights_fits"]:
        assert _is_clear(_bytes(item.stem), item.stem) is (item.key == (0,)), item.stem
        verdicts.add(item.key)
    assert len(verdicts) == 2


def _is_clear(size: float, stem: str) -> bool:
    """Tell whether so many bytes fit, in GB of the box as in the memory that programs see, with a margin."""
    memory = re.search(r"(?:with|一张|有) ([\d.]+) GB", stem)
    card = re.search(r"on one (.+?) with|一张 [\d.]+ GB 显存的 (.+?) 放|一张 (.+?) 有", stem)
    assert memory and card, stem
    limits = (float(memory[1]) * _BILLION, find(next(name for name in card.groups() if name)).reported_memory)
    fits = {size < limit for limit in limits}
    assert len(fits) == 1 and not any(1 / 1.09 < size / limit < 1.09 for limit in limits), stem
    return fits.pop()


def test_bits_stand_in_the_stem_of_each_quantized_format(made: dict[str, list[Item]]) -> None:
    names = {re.search(r"(FP8|AWQ|NF4)", item.stem) for item in made["weights_mixed"]}
    assert {found[1] for found in names if found} == {"FP8", "AWQ", "NF4"}
    assert {numbers(item, ("bits",))["bits"] for item in made["weights_mixed"]} == {8.0, 4.156, 4.5, 4.127}
