"""What a calculation is about: the model with the format of its weights, and the cards, out of loose names."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from knowledge.errors import UserMistake
from tools.calculators import accelerator, model_catalogue
from tools.calculators.accelerator import Accelerator
from tools.calculators.argument import whole
from tools.calculators.shape import ModelShape
from tools.calculators.weight_format import find_format

_FILES: Final = (".json", ".gguf")
_SEVERAL: Final = re.compile(r"\s*(\d{1,4})\s*[x×*]\s*(\S.*)", re.IGNORECASE)
_UNSAID: Final = frozenset({"", "none", "auto"})


@dataclass(frozen=True, slots=True)
class Subject:
    """A model; `weight_format` is empty for weights as published, `named_format` what the name itself says."""

    shape: ModelShape
    weight_format: str
    named_format: str
    folder: str

    @property
    def stored_format(self) -> str:
        """The format that the weights are in."""
        return self.weight_format or self.shape.weight_format or self.shape.dtype

    @property
    def title(self) -> str:
        """The model with its format, as a sentence names it."""
        return f"{self.shape.name} ({find_format(self.stored_format).name})"


@dataclass(frozen=True, slots=True)
class Cards:
    """Cards of one kind; `count` is 0 where the name says no number."""

    card: Accelerator
    count: int


def subject(arguments: dict[str, Any], *, files: bool) -> Subject:
    """Find the model and the format of its weights: `quant`, else the one in its name, else `dtype`.

    Raises UserMistake for an unknown one, a file that cannot be read, or a `dtype` that contradicts the quantization.
    """
    text: str = arguments["model"]
    shape = model_catalogue.load(text) if files else model_catalogue.find(text)
    file = files and text.endswith(_FILES)
    folder = "" if file or not files or shape.repository else str(Path(text))
    named = "" if file or folder else model_catalogue.split_format(text)[1]
    quant, dtype = (_said(arguments.get(name)) for name in ("quant", "dtype"))
    stored = find_format(quant or named).name if quant or named else ""
    if dtype and stored and find_format(dtype).name != stored and find_format(dtype).name not in {"bf16", "fp16"}:
        raise UserMistake(f"Weights cannot be {stored!r} and {dtype!r} at once.", "Leave out the dtype or the quant.")
    return Subject(shape, stored or (find_format(dtype).name if dtype else ""), named, folder)


def cards(text: str) -> Cards:
    """Find the cards: "RTX 4090", "2x RTX 4090", or a machine such as "Kaggle T4x2"."""
    several = _SEVERAL.fullmatch(text)
    if several:
        return Cards(accelerator.find(several.group(2)), whole("number of GPUs", int(several.group(1))))
    try:
        return Cards(accelerator.find(text), 0)
    except UserMistake as unknown:
        try:
            machine = accelerator.find_machine(text)
        except UserMistake:
            raise unknown from None
        return Cards(machine.accelerator, machine.count)


def _said(value: str | None) -> str:
    """Return the value, or nothing where it only says that none is meant."""
    return "" if value is None or value.lower() in _UNSAID else value
