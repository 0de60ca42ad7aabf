"""The rows of the published reference, what each means in base units, and when an answer is within tolerance."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tools.calculators.model_catalogue import find
from tools.calculators.shape import ModelShape

REFERENCE = Path(__file__).parent / "data" / "calculator_reference.json"
FACTORS = {"GiB": 2**30, "GB": 10**9, "MB": 10**6, "ms": 1e-3}


@dataclass(frozen=True)
class Row:
    """One published figure; `expected` is its value in bytes, seconds, FLOP and so on."""

    id: str
    model: str
    setting: str
    quantity: str
    value: float
    unit: str
    tolerance: str
    source: str
    strength: str

    @property
    def expected(self) -> float:
        return self.value * FACTORS.get(self.unit, 1)

    def accepts(self, ours: float) -> bool:
        """An exact row takes the same number, a bound one at least (upper bound: at most) as much, others so many %."""
        if self.tolerance == "exact":
            return ours == self.expected
        if self.tolerance.endswith("%"):
            return abs(ours - self.expected) <= float(self.tolerance[:-1]) / 100 * self.expected
        return ours <= self.expected if self.tolerance == "upper bound" else ours >= self.expected

    def said(self, pattern: str) -> str:
        """Return what the first group of the pattern finds in the setting, or nothing."""
        found = re.search(pattern, self.setting)
        return found.group(1) if found else ""

    @property
    def shape(self) -> ModelShape:
        """The model of the row, which may vary a published one: "X with ... (8 kv heads)", "X-like, ..."."""
        name = re.split(r" with |,", self.model)[0].removesuffix("-like")
        heads = re.search(r"\((\d+) kv heads\)", self.model)
        return replace(find(name), kv_heads=int(heads.group(1))) if heads else find(name)

    @property
    def tensor_parallel(self) -> int:
        return int(self.said(r"(?:TP|tp|tensor-parallel-size )(\d)") or 1)


Compute = Callable[[Row], float | None]


def rows() -> list[Row]:
    return [Row(**entry) for entry in json.loads(REFERENCE.read_text(encoding="utf-8"))]
