"""GPUs and their like: dense peaks by number format, memory as sold and as reported, bandwidth, interconnect."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from knowledge.errors import UserMistake
from tools.calculators.argument import unknown
from tools.calculators.derivation import Derivation, Text, step
from tools.calculators.loose_name import LooseNames
from tools.calculators.unit import GIB

_DATA: Final = Path(__file__).with_name("accelerators.json")
_DECORATION: Final = ("nvidia", "geforce", "amd", "instinct", "radeon", "google", "apple", "intel", "tesla", "gpu")
_TYPICAL_REPORTED: Final = 0.98  # of as many GiB as the box says GB, where no log is at hand


@dataclass(frozen=True, slots=True)
class Link:
    """How cards of one machine talk to each other; bytes per second in one direction."""

    name: str
    bandwidth: float


@dataclass(frozen=True, slots=True)
class Accelerator:
    """One card; `peaks` are dense (never with sparsity) in operations per second by number format.

    `memory_gb` is the number on the box; `reported_memory` is what the driver tells a program the total to be, in
    bytes, and the one to calculate with.
    """

    name: str
    vendor: str
    memory_gb: float
    reported_memory: int
    reported_is_measured: bool
    bandwidth: float
    peaks: Mapping[str, float] = field(hash=False)
    compute_capability: tuple[int, int] | None
    link: Link
    aliases: tuple[str, ...] = ()
    notes: str = ""
    source: str = ""

    @property
    def bf16(self) -> bool:
        """Whether it multiplies bf16 matrices natively."""
        return "bf16" in self.peaks


@dataclass(frozen=True, slots=True)
class Machine:
    """A rented or free machine with its cards."""

    name: str
    accelerator: Accelerator
    count: int
    source: str


@dataclass(frozen=True, slots=True)
class Ridge:
    """The arithmetic intensity (FLOP per byte) from which a card is bound by arithmetic instead of memory."""

    value: float
    peak: float
    bandwidth: float
    dtype: str
    derivation: Derivation


def find(name: str) -> Accelerator:
    """Return the card of that loose name: "4090", "rtx4090", "NVIDIA A100 80GB PCIe"; raises UserMistake if unknown."""
    key = _names().find(name)
    if key is None:
        raise unknown("accelerator", name, names())
    return _cards()[key]


def known(name: str) -> bool:
    """Tell whether `find` knows a name, without looking for the closest ones."""
    return _names().find(name) is not None


def names() -> tuple[str, ...]:
    """All cards by their full name."""
    return tuple(_cards())


def find_machine(name: str) -> Machine:
    """Return the machine of that name, such as "Kaggle T4x2" or "Colab"; raises UserMistake if unknown."""
    key = LooseNames({entry["name"]: entry.get("aliases", ()) for entry in _data()["machines"]}).find(name)
    if key is None:
        raise unknown("machine", name, _machines())
    return _machines()[key]


def machines() -> tuple[Machine, ...]:
    """All rented or free machines that are known."""
    return tuple(_machines().values())


def peak(card: Accelerator, dtype: str) -> float:
    """Return the dense peak for operands of that format; raises UserMistake if the card has no such arithmetic."""
    if dtype in card.peaks:
        return card.peaks[dtype]
    known = ", ".join(card.peaks)
    remedy = "Use fp16." if dtype == "bf16" and "fp16" in card.peaks else f"It has {known}."
    raise UserMistake(f"{card.name} has no native {dtype!r} arithmetic.", remedy)


def ridge(card: Accelerator, dtype: str = "") -> Ridge:
    """Divide the dense peak by the memory bandwidth; without a format, the card's best 16-bit one."""
    dtype = dtype or ("bf16" if card.bf16 else "fp16")
    top = peak(card, dtype)
    value = top / card.bandwidth
    line = step("ridge point", "屋脊点", "P / B", {"P": top, "B": card.bandwidth}, value, "FLOP/byte")
    dense = Text("Dense peak, without structured sparsity.", "采用稠密峰值，不计结构化稀疏。")
    return Ridge(value, top, card.bandwidth, dtype, Derivation((line,), (dense,), "roofline-model"))


@cache
def _cards() -> dict[str, Accelerator]:
    return {card.name: card for card in map(_card, _data()["accelerators"])}


@cache
def _names() -> LooseNames:
    return LooseNames({name: card.aliases for name, card in _cards().items()}, _DECORATION)


@cache
def _machines() -> dict[str, Machine]:
    return {
        entry["name"]: Machine(entry["name"], find(entry["accelerator"]), entry["count"], entry["source"])
        for entry in _data()["machines"]
    }


@cache
def _data() -> dict[str, list[dict[str, Any]]]:
    return json.loads(_DATA.read_text(encoding="utf-8"))


def _card(entry: dict[str, Any]) -> Accelerator:
    reported = entry.get("reported_gib")
    capability = entry.get("compute_capability")
    return Accelerator(
        name=entry["name"],
        vendor=entry["vendor"],
        memory_gb=entry["memory_gb"],
        reported_memory=round(reported * GIB) if reported else round(entry["memory_gb"] * GIB * _TYPICAL_REPORTED),
        reported_is_measured=reported is not None,
        bandwidth=entry["bandwidth_gb_s"] * 1e9,
        peaks={dtype: value * 1e12 for dtype, value in entry["peak_tera"].items()},
        compute_capability=(int(capability[0]), int(capability[1])) if capability else None,
        link=Link(entry["link"], entry["link_gb_s"] * 1e9),
        aliases=tuple(entry.get("aliases", ())),
        notes=entry.get("notes", ""),
        source=entry["source"],
    )
