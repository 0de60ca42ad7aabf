import pytest

from knowledge.errors import UserMistake
from tools.calculators.argument import named, real, unknown, whole


@pytest.mark.parametrize("value", [1, 5, 5.0])
def test_a_whole_number_passes(value: float) -> None:
    assert whole("batch", value) == int(value)


@pytest.mark.parametrize("value", [0, -1, 1.5, "8", None, True, float("nan"), float("inf"), 10**19])
def test_what_is_no_whole_number_is_refused_by_name_and_value(value: object) -> None:
    with pytest.raises(UserMistake, match="batch") as refusal:
        whole("batch", value)
    assert repr(value) in refusal.value.message
    assert refusal.value.remedy


@pytest.mark.parametrize("value", [-0.1, 1.1, "0.9", None, False, float("nan"), float("-inf")])
def test_what_is_no_number_in_range_is_refused(value: object) -> None:
    with pytest.raises(UserMistake, match="utilisation"):
        real("utilisation", value, 0.0, 1.0)


def test_a_number_in_range_passes_at_both_ends() -> None:
    assert [real("utilisation", value, 0.0, 1.0) for value in (0, 0.5, 1)] == [0.0, 0.5, 1.0]


def test_a_name_of_a_closed_set_passes_and_another_gets_the_closest() -> None:
    assert named("phase", "decode", ("prefill", "decode")) == "decode"
    with pytest.raises(UserMistake, match=r"'decod' is not a known phase\. Closest: decode\."):
        named("phase", "decod", ("prefill", "decode"))
    with pytest.raises(UserMistake, match=r"None is not a known phase"):
        named("phase", None, ("prefill", "decode"))


def test_a_name_like_none_gets_all_that_are_known() -> None:
    assert unknown("phase", "zzz", ("prefill", "decode")).remedy == "Known: prefill, decode."
