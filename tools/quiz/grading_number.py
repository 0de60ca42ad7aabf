"""Whether a number is right, and what went wrong where it is not."""

import math
from typing import Final

from knowledge.vocabulary import Language
from tools.quiz.item import Item, Misconception, Quantity
from tools.quiz.response_number import Number, measure
from tools.quiz.wording import say

_ROUNDING: Final = 1e-9  # of a product in floating point
_NEAR: Final = 0.005  # relative; within which a wrong number is recognized at the least
_STEPS: Final = ((2**10, 1000, "k"), (2**20, 1000**2, "M"), (2**30, 1000**3, "G"), (2**40, 1000**4, "T"))
_BITS: Final = 8


def nearly(value: float, key: float, tolerance: float) -> bool:
    """Tell whether a value is within a relative tolerance of a key; around zero the tolerance is absolute."""
    allowed = tolerance * abs(key) if key else tolerance
    return abs(value - key) <= allowed + _ROUNDING * max(abs(key), abs(value))


def misconception_of_value(item: Item, value: float) -> Misconception | None:
    """Return the misconception whose wrong value is nearest to a value, of those within the tolerance of it."""
    tolerance = max(_NEAR, item.quantity.tolerance if item.quantity else 0.0)
    near = [m for m in item.misconceptions if m.value is not None and nearly(value, m.value, tolerance)]
    return min(near, key=lambda m: abs(value - (m.value or 0.0)), default=None)


def confusion(quantity: Quantity, number: Number, language: Language) -> str:
    """Return which units a wrong number confuses: GB and GiB, bits and bytes, or a step of a thousand."""
    key = quantity.value
    if not key or not number.value or not math.isfinite(number.value):
        return ""
    ratio = number.value / key
    slack = max(_NEAR, min(quantity.tolerance, 0.01))
    size, family = measure(quantity.unit)
    if family.startswith("byte"):
        sizes = {size, measure(number.unit)[0]} if number.unit else {size}
        for binary, decimal, letter in _STEPS:
            step = binary / decimal
            if sizes & {float(binary), float(decimal)} and (
                nearly(ratio, step, slack) or nearly(ratio, 1 / step, slack)
            ):
                return say(
                    "grading",
                    "binary",
                    language,
                    binary=f"{letter.upper()}iB",
                    decimal=f"{letter.upper()}B",
                    step=f"{step:.4g}",
                )
        if nearly(ratio, _BITS, slack) or nearly(ratio, 1 / _BITS, slack):
            return say("grading", "bits", language)
    for base in (1000.0, 1024.0):
        for power in (-3, -2, -1, 1, 2, 3):
            if nearly(ratio, base**power, slack):
                return say(
                    "grading", "too_large" if power > 0 else "too_small", language, times=f"{1000 ** abs(power):,}"
                )
    return ""


def shown(value: float, unit: str) -> str:
    """Write a number for people: no exponent where digits will do, four that matter below ten thousand."""
    if value and not 1e-3 <= abs(value) < 1e15:
        text = f"{value:.4g}"
    elif float(value).is_integer() or abs(value) >= 1e4:
        text = f"{value:,.0f}"
    else:
        text = f"{value:.4g}"
    return f"{text}{unit}" if unit in {"%", "×"} else f"{text} {unit}".strip()
