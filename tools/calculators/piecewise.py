"""The largest whole number whose cost stays within a limit, for costs made of straight pieces."""

from collections.abc import Callable, Iterable
from itertools import pairwise


def largest(cost: Callable[[int], int], bends: Iterable[float], limit: int, most: int) -> int:
    """Solve cost(x) <= limit for the largest x from 1 to `most`; 0 if even 1 costs more.

    `cost` never falls and is straight between neighbouring `bends`, up to the rounding of a byte.
    """
    if cost(1) > limit:
        return 0
    inner = (whole for bend in bends if 1 <= bend < most for whole in (int(bend), int(bend) + 1))
    for left, right in pairwise(sorted({1, most, *inner})):
        if cost(right) > limit:
            return _on_line(cost, left, right, limit)
    return most


def _on_line(cost: Callable[[int], int], left: int, right: int, limit: int) -> int:
    """Cut the straight line between two points with the limit; a rounded byte moves the cut by one at most."""
    low = cost(left)
    cut = left + (limit - low) * (right - left) // (cost(right) - low)
    if cost(cut) > limit:
        return cut - 1
    return cut + 1 if cut + 1 < right and cost(cut + 1) <= limit else cut
