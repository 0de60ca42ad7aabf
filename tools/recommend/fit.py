"""Whether the model of a task fits on its hardware with a tool, by the calculators, and in which format."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal

from knowledge.errors import UserMistake
from knowledge.vocabulary import Language
from tools.calculators import accelerator
from tools.calculators.calculation import Calculation, Kind, calculate
from tools.calculators.derivation import Text
from tools.recommend.constraints import Constraints
from tools.recommend.wording import load

Verdict = Literal["fits", "does not fit", "size only", "not computed"]
_CONTEXT: Final = 8192  # tokens where the task names none
_GGUF: Final = ("Q8_0", "Q5_K_M", "Q4_K_M", "IQ4_XS")
_FP8: Final = (8, 9)  # the first compute capability with FP8 arithmetic
_GGUF_TOOLS: Final = frozenset({"llama-cpp", "ollama", "shimmy"})


@dataclass(frozen=True, slots=True)
class Fit:
    """What the calculation says.

    `needed` and `available` are bytes of one GPU (`needed` of the machine where there is none), 0 where not computed.
    """

    verdict: Verdict
    text: Text
    derivation: str = ""  # one line: the parts that add up
    format: str = ""  # of the weights; empty: the model's own
    method: str = ""  # of training
    needed: int = 0
    available: int = 0


def fit(tool: str, goal: str, constraints: Constraints) -> Fit | None:
    """Return whether the model fits with a tool; None where memory is not what the tool is about."""
    if goal == "serve" or (goal == "quantize" and constraints.model):
        return _serving(tool, constraints)
    if goal in {"fine-tune", "scale", "pretrain"}:
        return _training(tool, constraints)
    return None


def _serving(tool: str, constraints: Constraints) -> Fit:
    if not constraints.model:
        return _unknown("fit_no_model")
    arguments: dict[str, Any] = {"model": constraints.model, "context": constraints.context or _CONTEXT}
    if constraints.cpu_only:
        return _size(arguments | {"quant": constraints.quant or "Q4_K_M"})
    if not constraints.accelerators:
        return _unknown("fit_no_hardware")
    card = constraints.accelerators[0]
    arguments |= {"gpu": card.name, "gpus": card.count}
    return _first_fit("memory", arguments, [{"quant": name} for name in _formats(tool, constraints)])


def _formats(tool: str, constraints: Constraints) -> Sequence[str]:
    """Return the formats to try, the most exact first."""
    if tool in _GGUF_TOOLS:
        named = constraints.quant if "_" in constraints.quant else ""
        return (named,) if named else _GGUF
    if constraints.quant and "_" not in constraints.quant:
        return (constraints.quant,)
    capability = accelerator.find(constraints.accelerators[0].name).compute_capability
    return ("", "fp8", "awq") if capability is not None and capability >= _FP8 else ("", "awq")


def _training(tool: str, constraints: Constraints) -> Fit | None:
    if tool not in load("commands")["trainers"]["names"]:
        return None
    if not constraints.model:
        return _unknown("fit_no_model")
    if not constraints.accelerators:
        return _unknown("fit_no_hardware")
    card = constraints.accelerators[0]
    arguments: dict[str, Any] = {"model": constraints.model, "gpu": card.name, "gpus": card.count}
    arguments |= {"sequence": constraints.context} if constraints.context else {}
    return _first_fit("train", arguments, list(_methods(tool, constraints, card.count)))


def _methods(tool: str, constraints: Constraints, gpus: int) -> Iterable[Mapping[str, Any]]:
    """Return the ways to train that a tool offers, the one that changes most first."""
    full = tool in load("commands")["trainers"]["full"]
    if constraints.method in {"", "full"} and (full or constraints.method == "full"):
        if tool in {"deepspeed", "accelerate"}:
            yield from ({"method": "full", "zero": stage} for stage in ((2, 3) if gpus > 1 else ()))
            yield {"method": "full", "zero": 3 if gpus > 1 else 2, "offload": "optimizer"}
        else:
            yield {"method": "full"}
        return
    if constraints.method != "qlora":
        yield {"method": "lora"}
    if constraints.method != "lora":
        yield {"method": "qlora"}


def _first_fit(kind: Kind, arguments: Mapping[str, Any], choices: Sequence[Mapping[str, Any]]) -> Fit:
    """Return the first choice that fits, else the last that could be computed."""
    last = _unknown("fit_no_model")
    for choice in choices:
        try:
            made = _calculated(kind, tuple(sorted({**arguments, **{k: v for k, v in choice.items() if v}}.items())))
        except UserMistake as mistake:
            last = _failed(mistake)
            continue
        last = _made(made, choice)
        if last.verdict == "fits":
            break
    return last


def _size(arguments: Mapping[str, Any]) -> Fit:
    try:
        made = _calculated("memory", tuple(sorted(arguments.items())))
    except UserMistake as mistake:
        return _failed(mistake)
    return _made(made, {"quant": arguments["quant"]})


def _made(made: Calculation, choice: Mapping[str, Any]) -> Fit:
    values = made.values
    fits = values["fits"]
    needed = int(values["per_gpu_bytes"]) + int(values.get("context_bytes") or 0)
    available = int(values.get("limit_bytes") or values.get("available_bytes") or 0)
    names = ("weights", "kv", "activation", "overhead", "parameter", "gradient", "optimizer", "context")
    parts = [f"{name} {values[f'{name}_bytes'] / 2**30:.2f}" for name in names if values.get(f"{name}_bytes")]
    divided = values.get("tensor_parallel") or 1
    line = f"{' + '.join(parts)} GiB" + (f" over {divided} GPUs" if divided > 1 else "")
    return Fit(
        "size only" if fits is None else "fits" if fits else "does not fit",
        made.answer,
        f"{line}; {needed / 2**30:.2f} GiB of {available / 2**30:.2f} GiB" if available else line,
        str(choice.get("quant") or ""),
        str(values.get("method") or ""),
        needed,
        available,
    )


@lru_cache(maxsize=256)
def _calculated(kind: Kind, arguments: tuple[tuple[str, Any], ...]) -> Calculation:
    return calculate(kind, dict(arguments))


def _unknown(key: str) -> Fit:
    words: Mapping[Language, str] = load("reasons")[key]
    return Fit("not computed", Text(words["en"], words["zh"]))


def _failed(mistake: UserMistake) -> Fit:
    words: Mapping[Language, str] = load("reasons")["fit_error"]
    said = {language: words[language].replace("$why", mistake.message) for language in words}
    return Fit("not computed", Text(said["en"], said["zh"]))
