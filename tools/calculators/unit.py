"""Sizes, counts and rates between people's text and numbers; GB is 10^9 bytes, GiB is 2^30, never the other."""

import math
import re
from typing import Final

from knowledge.errors import UserMistake

KB: Final = 10**3
MB: Final = 10**6
GB: Final = 10**9
TB: Final = 10**12
KIB: Final = 2**10
MIB: Final = 2**20
GIB: Final = 2**30
TIB: Final = 2**40

BYTE_UNITS: Final[dict[str, int]] = {
    "B": 1, "KB": KB, "MB": MB, "GB": GB, "TB": TB, "PB": 10**15, "KIB": KIB, "MIB": MIB, "GIB": GIB, "TIB": TIB,
}  # fmt: skip
_SPELLED: Final[dict[str, str]] = {"KIB": "KiB", "MIB": "MiB", "GIB": "GiB", "TIB": "TiB"}
COUNT_UNITS: Final[dict[str, int]] = {
    "": 1, "k": 10**3, "K": 10**3, "m": 10**6, "M": 10**6, "b": 10**9, "B": 10**9, "g": 10**9, "G": 10**9,
    "t": 10**12, "T": 10**12, "Ki": KIB, "Mi": MIB, "Gi": GIB, "万": 10**4, "亿": 10**8,
}  # fmt: skip
TOKEN_UNITS: Final[dict[str, int]] = {
    "": 1, "k": 10**3, "K": KIB, "m": 10**6, "M": MIB, "Ki": KIB, "Mi": MIB, "万": 10**4,
}  # fmt: skip
LARGEST: Final = 10**18  # beyond any model, machine or run; a larger number is a slip of the keyboard

_QUANTITY = re.compile(r"\s*([+-]?(?:\d[\d,_ ]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([A-Za-z万亿]*)\s*")
_MAX_TEXT: Final = 64  # longer than any quantity a person writes; keeps hostile text from long work


def parse_bytes(text: str | float, what: str = "size") -> int:
    """Read "24GB", "24 GiB", "46068 MiB" or a plain number of bytes.

    Raises UserMistake for anything else; a bare "G" is refused, since it could be either.
    """
    value, unit = _split(text, what, "24GB (10^9 bytes) or 24GiB (2^30 bytes)")
    spelled = unit.upper()
    if spelled and spelled not in BYTE_UNITS:
        raise UserMistake(f"{unit!r} in the {what} {text!r} is not a unit of bytes.", _bytes_remedy(spelled))
    return _whole(value * BYTE_UNITS[spelled or "B"], text, what)


def parse_count(text: str | float, what: str = "count") -> int:
    """Read "7e9", "7B", "1.5M" or "30,000": decimal steps of a thousand, binary ones only as Ki, Mi, Gi."""
    return _counted(text, what, COUNT_UNITS)


def parse_tokens(text: str | float, what: str = "context") -> int:
    """Read "32000", "32k" (32,000) or "32K" (32,768), as vLLM's --max-model-len does."""
    return _counted(text, what, TOKEN_UNITS)


def format_bytes(value: float, unit: str = "GiB", digits: int = 2) -> str:
    """Write a size in the unit named: format_bytes(2**30, "GiB") is "1.00 GiB"."""
    key = unit.upper()
    if key not in BYTE_UNITS:
        raise UserMistake(f"{unit!r} is not a unit of bytes.", _bytes_remedy(key))
    return f"{value / BYTE_UNITS[key]:,.{digits}f} {_SPELLED.get(key, key)}"


def format_both(value: float) -> str:
    """Write a size in the binary unit that fits it, and the decimal one beside it: "27.51 GiB (29.54 GB)"."""
    for binary, decimal in (("TiB", "TB"), ("GiB", "GB"), ("MiB", "MB"), ("KiB", "KB")):
        if abs(value) >= BYTE_UNITS[binary.upper()]:
            return f"{format_bytes(value, binary)} ({format_bytes(value, decimal)})"
    return f"{value:,.0f} B"


def format_count(value: float, digits: int = 3) -> str:
    """Write a large number with a decimal suffix: 8190735360 is "8.19 B", 32000 is "32.0 k"."""
    for suffix, factor in (("T", 10**12), ("B", 10**9), ("M", 10**6), ("k", 10**3)):
        if abs(value) >= factor:
            return f"{_significant(value / factor, digits)} {suffix}"
    return f"{value:,.0f}" if float(value).is_integer() else _significant(value, digits)


def format_rate(value: float, unit: str) -> str:
    """Write a rate with an SI prefix: format_rate(9.89e14, "FLOP/s") is "989 TFLOP/s"."""
    for prefix, factor in (("P", 10**15), ("T", 10**12), ("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if abs(value) >= factor:
            return f"{_significant(value / factor, 4)} {prefix}{unit}"
    return f"{_significant(value, 4)} {unit}"


def format_time(seconds: float) -> str:
    """Write a duration in the unit that fits it, from microseconds to days."""
    for unit, factor in (("days", 86400.0), ("h", 3600.0), ("min", 60.0), ("s", 1.0), ("ms", 1e-3)):
        if abs(seconds) >= factor:
            return f"{_significant(seconds / factor, 4)} {unit}"
    return f"{_significant(seconds / 1e-6, 4)} µs"


def _counted(text: str | float, what: str, units: dict[str, int]) -> int:
    value, unit = _split(text, what, "32000, 32k or 7e9")
    if unit not in units:
        known = ", ".join(name for name in units if name)
        raise UserMistake(
            f"{unit!r} in the {what} {text!r} is not a known suffix.", f"Use a number, or one of {known}."
        )
    return _whole(value * units[unit], text, what)


def _split(text: str | float, what: str, example: str) -> tuple[float, str]:
    """Part a quantity into its number and its unit."""
    if isinstance(text, bool):
        raise UserMistake(f"The {what} {text!r} is not a number.", f"Write it as {example}.")
    if isinstance(text, int | float):
        return text, ""
    match = _QUANTITY.fullmatch(text) if len(text) <= _MAX_TEXT else None
    if match is None:
        raise UserMistake(f"The {what} {text[:_MAX_TEXT]!r} is not a number with a unit.", f"Write it as {example}.")
    digits = re.sub(r"[,_ ]", "", match.group(1))
    number = int(digits) if digits.lstrip("+-").isdigit() else float(digits)
    return number, match.group(2)


def _whole(value: float, text: str | float, what: str) -> int:
    if isinstance(value, float) and not math.isfinite(value):
        raise UserMistake(f"The {what} {text!r} is not a finite number.", "Give a number that can be counted.")
    if value < 0:
        raise UserMistake(f"The {what} {text!r} is negative.", "Give zero or more.")
    if value > LARGEST:
        raise UserMistake(f"The {what} {text!r} is larger than 10^18.", "Check its unit and its zeros.")
    return round(value)


def _significant(value: float, digits: int) -> str:
    """Round to so many digits that matter, without an exponent and without losing whole digits."""
    whole = len(str(int(abs(value))))
    return f"{value:,.{max(0, digits - whole)}f}"


def _bytes_remedy(unit: str) -> str:
    if unit in {"K", "M", "G", "T"}:
        return f"Say {unit}B (decimal) or {unit}iB (binary)."
    return "Use B, KB, MB, GB, TB (decimal) or KiB, MiB, GiB, TiB (binary)."
