import pytest

from knowledge.errors import UserMistake
from tools.calculators.accelerator import find, find_machine, machines, names, peak, ridge
from tools.calculators.unit import GIB


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("4090", "RTX 4090"),
        ("rtx4090", "RTX 4090"),
        ("NVIDIA GeForce RTX 4090", "RTX 4090"),
        ("a100", "A100 SXM 80GB"),
        ("NVIDIA A100-SXM4-80GB", "A100 SXM 80GB"),
        ("NVIDIA A100 80GB PCIe", "A100 PCIe 80GB"),
        ("A100 40GB", "A100 40GB"),
        ("NVIDIA H100 80GB HBM3", "H100 SXM"),
        ("Tesla T4", "T4"),
        ("NVIDIA L40S", "L40S"),
        ("GB200 (per GPU)", "GB200"),
        ("Apple M3 Pro", "M3 Pro"),
        ("AMD Instinct MI300X", "MI300X"),
        ("tpu v5e", "TPU v5e"),
    ],
)
def test_a_card_is_found_by_a_loose_name(typed: str, name: str) -> None:
    assert find(typed).name == name


@pytest.mark.parametrize("name", names())
def test_every_card_is_whole(name: str) -> None:
    card = find(name)
    assert card.name == name
    assert card.source
    assert 0 < card.reported_memory <= card.memory_gb * GIB
    assert card.bandwidth > 5e10
    assert all(value > 0 for value in card.peaks.values())
    assert card.peaks.keys() & {"bf16", "fp16"}
    assert ridge(card).value == peak(card, "bf16" if card.bf16 else "fp16") / card.bandwidth


def test_no_alias_leads_to_two_cards() -> None:
    for name in names():
        for alias in find(name).aliases:
            assert find(alias).name == name, alias


def test_peaks_are_dense() -> None:
    assert peak(find("H100"), "bf16") == 989e12  # the data sheet's 1,979 counts zeros that are skipped
    assert peak(find("4090"), "fp16") == 165.2e12  # fp32 accumulation


def test_arithmetic_that_a_card_lacks_is_refused_with_what_it_has() -> None:
    with pytest.raises(UserMistake, match=r"T4 has no native 'bf16' arithmetic\. Use fp16\."):
        peak(find("T4"), "bf16")
    with pytest.raises(UserMistake, match=r"'fp8'.*It has fp32, tf32, bf16"):
        peak(find("A100"), "fp8")


def test_an_unknown_card_is_answered_with_the_closest() -> None:
    with pytest.raises(UserMistake, match=r"'RTX 4095' is not a known accelerator\. Closest: .*RTX 4090"):
        find("RTX 4095")


@pytest.mark.parametrize(
    ("typed", "name"), [("colab", "Colab T4"), ("Kaggle", "Kaggle T4x2"), ("google colab", "Colab T4")]
)
def test_a_machine_is_found_by_a_loose_name(typed: str, name: str) -> None:
    assert find_machine(typed).name == name


def test_kaggle_lends_two_t4_with_less_memory_than_the_box_says() -> None:
    machine = find_machine("kaggle t4 x2")
    assert (machine.accelerator.name, machine.count) == ("T4", 2)
    assert machine.accelerator.reported_memory < 15 * GIB


def test_every_machine_states_its_source() -> None:
    assert all(machine.source and machine.count for machine in machines())
    with pytest.raises(UserMistake, match="Kaggle"):
        find_machine("kagle t4x2")
