"""What the reader has set on the Calculate page: its fields, their defaults, and the link that restores them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, get_args
from urllib.parse import parse_qs, urlencode

from knowledge.errors import UserMistake
from tools.calculators import accelerator, model_catalogue
from tools.calculators.calculation import PARAMETERS, Kind, Parameter
from tools.calculators.calculation_subject import cards

Control = Literal["name", "dial", "choice", "list", "switch", "text"]
Entry = str | bool

KINDS: Final[tuple[Kind, ...]] = ("memory", "serve", "roofline", "train", "model")
MOST_COMPARED: Final = 3
_LONGEST: Final = 300  # characters of a value in a link

_POWERS: Final = tuple(str(2**power) for power in range(9, 21))
_FEW: Final = ("1", "2", "3", "4", "6", "8", "12", "16", "24", "32", "48", "64")
_SHARES: Final = tuple(f"{percent / 100:g}" for percent in range(50, 100))
_EFFICIENCIES: Final = tuple(f"{percent / 100:g}" for percent in range(10, 101, 5))
_STOPS: Final[dict[str, tuple[str, ...]]] = {
    "context": _POWERS,
    "sequence": _POWERS,
    "max_model_len": ("", *_POWERS),
    "prompt": ("", *_POWERS),
    "output": ("", *_POWERS),
    "batch": (*_FEW, "96", "128", "192", "256", "384", "512", "768", "1024", "2048", "4096"),
    "gpus": ("", *_FEW),
    "tp": ("", *_FEW),
    "pp": ("1", "2", "3", "4", "6", "8"),
    "rank": ("1", "2", "4", "8", "16", "32", "64", "128", "256"),
    "requests": ("", *_FEW, "128", "256", "512", "1024"),
    "utilization": ("", *_SHARES),
    "compute_efficiency": _EFFICIENCIES,
    "memory_efficiency": _EFFICIENCIES,
}
_FRONT: Final = frozenset({
    "model", "gpu", "gpus", "context", "batch", "max_model_len", "sequence", "quant", "kv_dtype", "phase", "method",
    "rank", "zero", "checkpointing", "requests",
})  # fmt: skip
_ORDER: Final = (
    "model", "gpu", "phase", "method", "gpus", "context", "max_model_len", "sequence", "batch", "requests", "rank",
    "zero", "quant", "kv_dtype", "checkpointing",
)  # fmt: skip
_CHOICES: Final = {"zero": ("0", "1", "2", "3")}
_DEFAULTS: Final[dict[str, Entry]] = {"model": "Qwen3-14B", "gpu": "RTX 4090", "gpus": "2", "context": "32768"}
_HIDDEN: Final = frozenset({"path"})  # of no use without a shell on the machine


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to set, and for which calculations; those not in `front` stand under more settings."""

    name: str
    control: Control
    default: Entry
    options: tuple[str, ...]
    kinds: tuple[Kind, ...]
    front: bool


@dataclass(frozen=True, slots=True)
class Form:
    """What is set: the values of all fields, also of those another calculation has, and what to compare with."""

    kind: Kind = "memory"
    values: Mapping[str, Entry] = field(default_factory=lambda: {entry.name: entry.default for entry in FIELDS})
    compare: tuple[str, ...] = ()

    def arguments(self) -> dict[str, object]:
        """Return what the chosen calculation is told."""
        return {parameter.name: self.values[parameter.name] for parameter in shown_parameters(self.kind)}

    def compared(self) -> list[dict[str, object]]:
        """Return the arguments of each comparison: the same with another GPU, or with another model."""
        found: list[dict[str, object]] = []
        for name in self.compare[:MOST_COMPARED]:
            about = "gpu" if _is_card(name) else "model"
            if about == "model" or self.kind != "model":
                found.append(self.arguments() | {about: name})
        return found

    def query(self) -> str:
        """Return the link's query; what is as usual is left out."""
        fields = {entry.name: entry for entry in FIELDS}
        pairs: list[tuple[str, str]] = [("place", "calculate"), ("kind", self.kind)]
        for parameter in shown_parameters(self.kind):
            value = self.values[parameter.name]
            if parameter.name in {"model", "gpu"} or value != fields[parameter.name].default:
                pairs.append((parameter.name, str(value).lower() if isinstance(value, bool) else str(value)))
        pairs += [("compare", name) for name in self.compare]
        return "?" + urlencode(pairs)


def from_query(query: str) -> Form:
    """Return the form that a link describes; what it leaves out, or what is no choice at all, is as usual."""
    given = parse_qs(query.removeprefix("?"), keep_blank_values=True, max_num_fields=100)
    wanted = given.get("kind", [""])[-1]
    kind: Kind = next((known for known in get_args(Kind) if known == wanted), KINDS[0])
    values: dict[str, Entry] = {}
    for entry in FIELDS:
        text = given[entry.name][-1][:_LONGEST].strip() if entry.name in given else None
        values[entry.name] = entry.default if text is None else _entry(entry, text)
    compare = tuple(name[:_LONGEST].strip() for name in given.get("compare", ()) if name.strip())
    return Form(kind, values, compare)


def shown_parameters(kind: Kind) -> tuple[Parameter, ...]:
    """Return the parameters of a calculation that the page offers."""
    doubled = {"tp"} if kind in {"memory", "roofline"} else set[str]()  # there it is another word for gpus
    return tuple(p for p in PARAMETERS[kind] if p.name not in _HIDDEN | doubled)


def names() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the models and the GPUs to choose from."""
    return model_catalogue.names(), accelerator.names()


def _entry(entry: Field, text: str) -> Entry:
    if entry.control == "switch":
        return text.lower() in {"true", "1", "yes", "on"}
    if entry.control == "choice":
        return text if text in entry.options else entry.default
    return text


def _is_card(name: str) -> bool:
    if name in model_catalogue.names():
        return False
    try:
        cards(name)
    except UserMistake:
        return False
    return True


def _fields() -> tuple[Field, ...]:
    found: dict[str, Field] = {}
    for kind in KINDS:
        for parameter in shown_parameters(kind):
            kinds = (*(found[parameter.name].kinds if parameter.name in found else ()), kind)
            found[parameter.name] = _field(parameter, kinds)
    rank = {name: number for number, name in enumerate(_ORDER)}
    return tuple(sorted(found.values(), key=lambda entry: rank.get(entry.name, len(rank))))


def _field(parameter: Parameter, kinds: tuple[Kind, ...]) -> Field:
    name = parameter.name
    usual = parameter.default if isinstance(parameter.default, bool) else _text(parameter.default)
    default = _DEFAULTS.get(name, usual)
    front = name in _FRONT
    if parameter.form == "switch":
        return Field(name, "switch", default, (), kinds, front)
    if name in {"model", "gpu"}:
        return Field(name, "name", default, names()[name == "gpu"], kinds, front)
    if name in _STOPS:
        return Field(name, "dial", default, _STOPS[name], kinds, front)
    options = _CHOICES.get(name, parameter.choices)
    if not options:
        return Field(name, "text", default, (), kinds, front)
    few = len(options) <= 4 and default != ""
    return Field(name, "choice" if few else "list", default, options, kinds, front)


def _text(value: object) -> str:
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


FIELDS: Final = _fields()
