"""The Beta distribution: where a share of its mass lies."""

import math
from functools import lru_cache
from typing import Final

_TINY: Final = 1e-300  # keeps the continued fraction from dividing by zero
_PRECISION: Final = 1e-14
_TERMS: Final = 300  # far more than shapes below 1000 need


@lru_cache(maxsize=8192)
def quantile(share: float, a: float, b: float) -> float:
    """Return x so that a Beta(a, b) value is below x with the probability `share`, to 1e-9.

    Newton's method, kept inside a bracket that every step narrows.
    """
    low, high = 0.0, 1.0
    x = a / (a + b)
    log_scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    for _ in range(100):
        error = cumulative(x, a, b) - share
        low, high = (x, high) if error < 0 else (low, x)
        density = math.exp(log_scale + (a - 1) * math.log(x) + (b - 1) * math.log1p(-x))
        following = x - error / density if density > 0 else low
        if not low < following < high:
            following = (low + high) / 2
        if abs(following - x) < 1e-10:
            return following
        x = following
    return x


def cumulative(x: float, a: float, b: float) -> float:
    """Return the probability that a Beta(a, b) value is below x: the regularised incomplete beta function.

    Its continued fraction by Lentz's method (Numerical Recipes, 6.4).
    """
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):  # the fraction converges fast on the other side only
        return 1 - cumulative(1 - x, b, a)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(log_front) * _fraction(x, a, b) / a


def _fraction(x: float, a: float, b: float) -> float:
    c = 1.0
    d = 1 / _nonzero(1 - (a + b) * x / (a + 1))
    total = d
    for m in range(1, _TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        factor = 1.0
        for term in (even, odd):
            d = 1 / _nonzero(1 + term * d)
            c = _nonzero(1 + term / c)
            factor = c * d
            total *= factor
        if abs(factor - 1) < _PRECISION:
            break
    return total


def _nonzero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
