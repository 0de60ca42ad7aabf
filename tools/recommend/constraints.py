"""What a task demands of its tools beyond being the right kind: hardware, system, licence, place, budget and more."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any, Final, Literal

from knowledge.errors import UserMistake
from knowledge.vocabulary import TASKS
from tools.calculators import accelerator, model_catalogue

Strength = Literal["hard", "soft"]
CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "device": ("nvidia-gpu", "amd-gpu", "intel-gpu", "apple-gpu", "tpu", "npu"),
    "system": ("linux", "macos", "windows", "browser", "android"),
    "licence": ("open source", "commercial use", "no copyleft", "Apache-2.0 or MIT", "Apache-2.0", "MIT"),
    "place": ("own", "hosted"),
    "budget": ("free", "paid"),
    "language": ("python", "no python", "rust", "javascript", "cpp"),
    "skill": ("no code", "beginner"),
    "format": ("gguf", "safetensors"),
    "tasks": tuple(TASKS),
}
_LISTS: Final = frozenset({"licence", "tasks"})  # fields of CHOICES that hold several values


@dataclass(frozen=True, slots=True)
class Hardware:
    """A card by its name in the catalogue, and how many; `memory_gb` is the number on the box."""

    name: str
    count: int
    memory_gb: float
    device: str  # of knowledge.vocabulary.RUNS_ON
    taken_for: str = ""  # the vague words that stand for this card


@dataclass(frozen=True, slots=True)
class Said:
    """The words that a constraint was read from; a person's own correction has none."""

    words: str
    strength: Strength = "hard"


@dataclass(frozen=True, slots=True)
class Constraints:
    """All that was understood; an empty text, 0 or False is not said.

    `said` tells for each field its words and whether it rules tools out (hard) or weighs (soft).
    """

    accelerators: tuple[Hardware, ...] = ()
    device: str = ""  # kind of accelerator: of a card, or named without one
    cpu_only: bool = False
    system: str = ""
    licence: tuple[str, ...] = ()
    place: str = ""
    offline: bool = False
    budget: str = ""
    no_docker: bool = False
    language: str = ""
    skill: str = ""
    format: str = ""
    users: int = 0
    items: int = 0  # documents or vectors
    context: int = 0  # tokens
    method: str = ""  # full, lora, qlora
    quant: str = ""
    model: str = ""  # name in the catalogue
    named: tuple[str, ...] = ()  # tools to weigh against each other
    used: tuple[str, ...] = ()  # tools in use already
    excluded: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()  # of knowledge.vocabulary.TASKS, where a person says them instead of the text
    said: Mapping[str, Said] = field(default_factory=lambda: MappingProxyType({}))

    def is_hard(self, name: str) -> bool:
        """Tell whether a constraint rules tools out."""
        return name in self.said and self.said[name].strength == "hard"


def corrected(constraints: Constraints, **changes: Any) -> Constraints:  # noqa: ANN401 - one type for each field
    """Return the constraints with a person's corrections, which are hard; an empty value takes one away.

    `gpu` takes cards by a loose name such as "2x RTX 4090". Raises UserMistake for an unknown field or value.
    """
    known = {one.name for one in fields(Constraints)} - {"said"}
    said = dict(constraints.said)
    if "gpu" in changes:
        changes["accelerators"] = _cards(changes.pop("gpu"))
    for name, value in changes.items():
        if name not in known:
            raise UserMistake(f"{name!r} is no constraint.", f"Use one of {', '.join(sorted(known | {'gpu'}))}.")
        for one in [value] if isinstance(value, str) else value if name in _LISTS else ():
            if one and name in CHOICES and one not in CHOICES[name]:
                raise UserMistake(f"{one!r} is no {name}.", f"Use one of {', '.join(CHOICES[name])}.")
        said.pop(name, None)
        if value:
            said[name] = Said("")
    for name in _LISTS & set(changes):
        changes[name] = (changes[name],) if isinstance(changes[name], str) else tuple(changes[name])
        changes[name] = tuple(one for one in changes[name] if one)
    if changes.get("model"):
        changes["model"] = model_catalogue.find(changes["model"]).name
    if changes.get("accelerators"):
        changes.setdefault("device", changes["accelerators"][0].device)
        changes.setdefault("cpu_only", False)
        said["device"] = Said("")
        said.pop("cpu_only", None)
    elif "accelerators" in changes:
        changes.setdefault("device", "")
        said.pop("device", None)
    return replace(constraints, **changes, said=MappingProxyType(said))


def without(constraints: Constraints, name: str) -> Constraints:
    """Return the constraints less one of them."""
    said = {other: words for other, words in constraints.said.items() if other != name}
    return replace(constraints, **{name: getattr(Constraints(), name)}, said=MappingProxyType(said))


def hardware(name: str, count: int = 1, taken_for: str = "") -> Hardware:
    """Return a card of the catalogue by a loose name. Raises UserMistake for an unknown one."""
    card = accelerator.find(name)
    return Hardware(card.name, max(count, 1), card.memory_gb, _device(card), taken_for)


def _device(card: accelerator.Accelerator) -> str:
    if card.name.startswith("Gaudi"):
        return "npu"
    vendor = card.vendor.lower()
    return "tpu" if vendor == "google" else f"{vendor}-gpu"


def _cards(text: str) -> tuple[Hardware, ...]:
    count, _, name = text.partition("x ") if text[:1].isdigit() and "x " in text else ("1", "", text)
    return (hardware(name, int(count)),) if text else ()
