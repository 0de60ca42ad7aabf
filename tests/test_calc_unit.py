import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.errors import UserMistake
from tools.calculators.unit import (
    BYTE_UNITS,
    GB,
    GIB,
    format_both,
    format_bytes,
    format_count,
    format_rate,
    format_time,
    parse_bytes,
    parse_count,
    parse_tokens,
)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("24GB", 24_000_000_000),
        ("24 GiB", 25_769_803_776),
        ("24gib", 25_769_803_776),
        ("46068 MiB", 48_305_799_168),
        ("1.5 TB", 1_500_000_000_000),
        (".5KB", 500),
        ("1,024 B", 1024),
        ("4096", 4096),
        (4096, 4096),
        ("0", 0),
    ],
)
def test_a_size_is_read_in_the_unit_it_names(text: str | int, size: int) -> None:
    assert parse_bytes(text) == size


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("7e9", 7_000_000_000),
        ("7B", 7_000_000_000),
        ("1.5M", 1_500_000),
        ("30,000", 30_000),
        ("30k", 30_000),
        ("3万", 30_000),
    ],
)
def test_a_count_steps_by_thousands(text: str, count: int) -> None:
    assert parse_count(text) == count


@pytest.mark.parametrize(
    ("text", "tokens"), [("32000", 32_000), ("32k", 32_000), ("32K", 32_768), ("128Ki", 131_072), ("25.6k", 25_600)]
)
def test_tokens_are_read_as_vllm_reads_them(text: str, tokens: int) -> None:
    assert parse_tokens(text) == tokens


@pytest.mark.parametrize(
    "text", ["", "GB", "24 G", "24 gigs", "-1GB", "nan", "inf", "1e400", "9e30GB", "1..2GB", "x" * 9_999]
)
def test_a_size_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UserMistake) as refusal:
        parse_bytes(text)
    assert refusal.value.remedy


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1, True])
def test_a_number_that_is_no_size_is_refused(value: float) -> None:
    with pytest.raises(UserMistake):
        parse_bytes(value)


def test_a_bare_g_is_refused_because_it_could_be_either() -> None:
    with pytest.raises(UserMistake, match=r"'G'.*GB \(decimal\) or GiB \(binary\)"):
        parse_bytes("24G")


def test_a_size_is_written_in_both_kinds_of_unit() -> None:
    assert format_both(29_536_614_400) == "27.51 GiB (29.54 GB)"
    assert format_both(512) == "512 B"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (format_count(8_190_735_360), "8.19 B"),
        (format_count(999), "999"),
        (format_rate(9.89e14, "FLOP/s"), "989.0 TFLOP/s"),
        (format_rate(2.039e12, "B/s"), "2.039 TB/s"),
        (format_time(0.00835), "8.350 ms"),
        (format_time(90), "1.500 min"),
        (format_time(3e-6), "3.000 µs"),
    ],
)
def test_numbers_are_written_for_people(written: str, expected: str) -> None:
    assert written == expected


@given(st.integers(0, 10**15), st.sampled_from(sorted(BYTE_UNITS)))
def test_a_size_survives_being_written_and_read(size: int, unit: str) -> None:
    factor = BYTE_UNITS[unit]
    read = parse_bytes(format_bytes(size, unit, digits=6))
    assert abs(read - size) <= factor * 1e-6 + size * 1e-12 + 1


@given(st.integers(1, 10**6))
def test_decimal_and_binary_sizes_are_never_the_same(count: int) -> None:
    assert parse_bytes(f"{count}GB") == count * GB != parse_bytes(f"{count}GiB") == count * GIB


@given(st.text(max_size=80))
def test_any_text_is_a_size_or_a_mistake_of_the_user(text: str) -> None:
    try:
        assert math.isfinite(parse_bytes(text))
    except UserMistake as refusal:
        assert refusal.remedy
