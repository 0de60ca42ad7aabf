"""Keys and distractors of questions on training follow from the numbers in their stems."""

import re
from typing import Final

import pytest

from tests.quiz_calc_stem import Derived, Numbers, by_template, check, numbers
from tools.quiz.item import Item
from tools.quiz.wording import load

_CONCEPTS: Final = (
    "adamw", "mixed-precision", "zero", "deepspeed", "data-parallelism", "cuda-out-of-memory", "gradient-checkpointing",
    "gradient-accumulation", "fine-tuning", "bitsandbytes", "lora", "peft", "qlora",
)  # fmt: skip
_SEEDS: Final = 10
_GB: Final = 1e9
_RECIPES: Final = {  # bytes of weight, gradient, master copy, moments
    "mixed": (2, 2, 4, 8), "fp32": (4, 4, 0, 8), "pure": (2, 2, 0, 4), "eight_bit": (2, 2, 4, 2),
}  # fmt: skip


def _recipe(item: Item) -> tuple[int, int, int, int]:
    texts = {load("calc_training")[f"recipe_{name}"][item.language]: each for name, each in _RECIPES.items()}
    return next(each for text, each in texts.items() if text in item.stem)


def _states(item: Item, copied: bool) -> Derived:
    w, g, m, o = _recipe(item)
    total = w + g + m + o

    def size(each: float):
        return lambda n: each * n["N"] / _GB

    slips = {
        "no_gradients": size(total - g), "no_momenta": size(total - o), "weights_alone": size(w),
        "weights_and_gradients": size(w + g), "all_in_fp32": size(8 + m + o), "bits_for_bytes": size(8 * total),
        "no_master": size(total - m), "master_added": size(total + 4),
    }  # fmt: skip
    if copied:
        slips |= {
            "states_divided": lambda n: total * n["N"] / n["gpus"] / _GB,
            "states_added": lambda n: total * n["N"] * n["gpus"] / _GB,
        }
    return Derived(("N", "gpus") if copied else ("N",), size(total), slips)


def _zero(n: Numbers, stage: int, w: float = 2, g: float = 2, o: float = 12) -> float:
    p = n["gpus"]
    return (w / (p if stage == 3 else 1) + g / (p if stage >= 2 else 1) + o / (p if stage >= 1 else 1)) * n["N"] / _GB


def _zero_slips(stage: int):
    return {
        "not_divided": lambda n: _zero(n, 0),
        **{f"zero_stage_{other}": (lambda n, other=other: _zero(n, other)) for other in (1, 2, 3)},
        "no_master": lambda n: _zero(n, stage, o=8),
        "no_gradients": lambda n: _zero(n, stage, g=0),
        "weights_alone": lambda n: _zero(n, stage, g=0, o=0),
        "no_momenta": lambda n: _zero(n, stage, o=4),
    }


def _kept(n: Numbers) -> float:
    return n["layers"] * n["micro_kept"] * n["length"] * n["hidden"] * 2 / 2**30


def _batch(n: Numbers) -> float:
    return n["micro"] * n["steps"] * n["gpus"]


_TABLE: Final = {
    "train_fsdp": Derived(("N", "gpus"), lambda n: _zero(n, 3), _zero_slips(3)),
    "train_kept": Derived(
        ("layers", "hidden", "heads", "width", "micro_kept", "length"),
        _kept,
        {
            "all_activations": lambda n: _kept(n) / 2 * 34,
            "one_checkpoint": lambda n: _kept(n) / n["layers"],
            "inner_width": lambda n: _kept(n) / n["hidden"] * n["width"],
            "fp32_activations": lambda n: _kept(n) * 2,
            "one_byte_activations": lambda n: _kept(n) / 2,
            "bits_as_bytes": lambda n: _kept(n) * 8,
            "checkpoint_per_head": lambda n: _kept(n) * n["heads"],
            "gb_for_gib": lambda n: _kept(n) * 2**30 / 1e9,
            "one_sequence": lambda n: _kept(n) / n["micro_kept"],
        },
    ),
    "train_batch": Derived(
        ("micro", "steps", "gpus"),
        _batch,
        {
            "batch_without_gpus": lambda n: n["micro"] * n["steps"],
            "batch_without_steps": lambda n: n["micro"] * n["gpus"],
            "gpus_and_steps_added": lambda n: n["micro"] * (n["gpus"] + n["steps"]),
            "batch_doubled": lambda n: 2 * _batch(n),
            "batch_per_gpu_again": lambda n: _batch(n) * n["gpus"],
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


@pytest.mark.parametrize("template", ["train_states", "train_states_copied"])
def test_states_are_the_bytes_that_the_recipe_names(template: str, made: dict[str, list[Item]]) -> None:
    assert {_recipe(item) for item in made[template]} == set(_RECIPES.values())
    for item in made[template]:
        check(item, _states(item, template == "train_states_copied"))


def test_a_share_follows_from_the_stage(made: dict[str, list[Item]]) -> None:
    for item in made["train_zero"]:
        stage = int(numbers(item, ("stage",))["stage"])
        check(item, Derived(("N", "gpus"), lambda n, stage=stage: _zero(n, stage), _zero_slips(stage)))


def test_fewest_gpus_is_the_first_power_of_two_that_fits(made: dict[str, list[Item]]) -> None:
    assert len(made["train_fewest"]) >= 20
    for item in made["train_fewest"]:
        n = numbers(item, ("N", "stage", "room"))
        stage = int(n["stage"])

        def first(w: float, g: float, o: float, stage: int = stage, n: Numbers = n) -> float:
            sizes = (2**power for power in range(11))
            return next((p for p in sizes if _zero({**n, "gpus": p}, stage, w, g, o) <= n["room"]), 0)

        everything, room = first(2, 2, 12), n["room"]
        slips = {
            "weights_alone": lambda _, n=n, room=room: _spread(n, 2, room),
            "no_momenta": lambda _, first=first: first(2, 2, 4),
            "no_master": lambda _, n=n, room=room: _spread(n, 12, room),
            "weights_and_gradients": lambda _, n=n, room=room: _spread(n, 4, room),
            "all_in_fp32": lambda _, n=n, room=room: _spread(n, 20, room),
            "bits_for_bytes": lambda _, first=first: first(16, 16, 96),
            **{
                f"zero_stage_{other}": (lambda _, other=other, first=first: first(2, 2, 12, other))
                for other in (1, 2, 3)
            },
        }
        check(item, Derived((), lambda _, everything=everything: everything, slips))
        for gpus in (everything, everything / 2):
            assert not 1 / 1.05 < _zero({**n, "gpus": gpus}, stage) / room < 1.05


def _spread(n: Numbers, each: float, room: float) -> float:
    return next((p for p in (2**power for power in range(11)) if each * n["N"] / p / _GB <= room), 0)


def test_methods_are_ordered_by_their_states(made: dict[str, list[Item]]) -> None:
    assert len(made["train_order"]) >= 20
    for item in made["train_order"]:
        n = numbers(item, ("N", "gpus"))
        for rough in (0.5, 0.6):  # bytes that a parameter takes in NF4, its scales left out or counted
            sizes = [_method(item.options[at], n, rough) for at in item.key]
            assert sizes == sorted(sizes), (item.stem, item.options, sizes)


def _method(label: str, n: Numbers, rough: float) -> float:
    """States by hand: LoRA trains about 1 % of the parameters."""
    if stage := re.search(r"ZeRO (?:stage|阶段) (\d)", label):
        return _zero(n, int(stage[1]))
    if "QLoRA" in label:
        return rough * n["N"] / _GB
    if "LoRA" in label:
        return 2.1 * n["N"] / _GB
    return _zero(n, 0)
