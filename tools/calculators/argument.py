"""What a caller hands in, checked once: numbers in their range and names from a closed set."""

import difflib
import math
from collections.abc import Iterable

from knowledge.errors import UserMistake
from tools.calculators.unit import LARGEST


def whole(what: str, value: object, least: int = 1, most: int = LARGEST) -> int:
    """Return `value` as an integer between `least` and `most`.

    Raises UserMistake for text, a fraction, NaN, infinity or a number out of range.
    """
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise UserMistake(f"The {what} {value!r} is not a whole number.", f"Give a whole number from {least:,}.")
    if not least <= value <= most:
        zh = f"{what} 的值 {value:,} 超出范围，请给出 {least:,} 到 {most:,} 之间的整数。"
        remedy = f"Give a whole number from {least:,} to {most:,}."
        raise UserMistake(f"The {what} {value!r} is out of range.", remedy, zh)
    return value


def real(what: str, value: object, least: float = 0.0, most: float = float(LARGEST)) -> float:
    """Return `value` as a finite number between `least` and `most`; raises UserMistake otherwise."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise UserMistake(f"The {what} {value!r} is not a finite number.", f"Give a number from {least:g} to {most:g}.")
    if not least <= value <= most:
        raise UserMistake(f"The {what} {value!r} is out of range.", f"Give a number from {least:g} to {most:g}.")
    return float(value)


def named(what: str, value: object, known: Iterable[str]) -> str:
    """Return `value` if it is one of the `known` names; raises UserMistake with the closest of them."""
    names = tuple(known)
    if isinstance(value, str) and value in names:
        return value
    raise unknown(what, value, names)


def unknown(what: str, value: object, known: Iterable[str], remedy: str = "") -> UserMistake:
    """Build the error for a name that is none of the `known`, with up to five that look like it."""
    names = tuple(known)
    near = difflib.get_close_matches(str(value)[:100].lower(), [name.lower() for name in names], n=5, cutoff=0.4)
    spelled = {name.lower(): name for name in names}
    listed = [spelled[name] for name in near] or list(names[:8])
    shown = value[:100] if isinstance(value, str) else value
    advice = f"{'Closest' if near else 'Known'}: {', '.join(listed)}. {remedy}".strip()
    zh = f"不认识“{shown}”。{'最接近的是' if near else '已知的有'}：{'、'.join(listed)}。"
    return UserMistake(f"{shown!r} is not a known {what}.", advice, zh)
