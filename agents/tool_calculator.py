"""The calculators as tools: one for each kind, with the calculators' own parameters, and one that takes loose words."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from pydantic import Field, create_model
from pydantic.json_schema import SkipJsonSchema

from agents.tool import Arguments, Call, Result, Tool
from knowledge.vocabulary import Language
from tools.calculators.calculation import PARAMETERS, Kind, Parameter, calculate, recorded
from tools.calculators.calculation_parameter import Form

_TITLES: Final[Mapping[Kind, str]] = {
    "model": "Size of a model",
    "memory": "Memory of inference",
    "train": "Memory of training",
    "roofline": "Roofline",
    "serve": "Serving plan",
}
_TYPES: Final[Mapping[Form, Any]] = {"text": str, "count": int, "tokens": int | str, "share": float, "switch": bool}
_OPEN: Final = frozenset({"quant", "kv_dtype"})  # their choices are only the usual ones
_MOST_EXAMPLES: Final = 8
_NAME: Final = (
    "A model by name, such as Qwen3-8B or meta-llama/Llama-3.1-8B."  # files are not opened for other programs
)


class Calculated(Result):
    """A calculation; its figures (bytes, seconds, counts) stand beside these fields."""

    kind: str
    inputs: dict[str, Any] = Field(description="The arguments as understood.")
    summary: str = Field(description="The answer in words.")
    assumptions: list[str]
    warnings: list[str]
    note: str = Field(description="The note that explains it: atlas://notes/{id}.")


class Request(Arguments):
    """A calculation in loose words."""

    request: str = Field(max_length=500, description='As in "memory qwen3-8b awq 2x RTX 4090 32k context".')


class Passage(Result):
    """What was calculated, in words."""

    text: str


def calculators() -> tuple[Tool[Any], ...]:
    """Return a tool for each kind of calculation."""
    return tuple(
        Tool(f"calculate_{kind}", _TITLES[kind], _arguments(kind), Calculated, _work(kind)) for kind in PARAMETERS
    )


def loose_calculator(calculated: Callable[[str], str]) -> Tool[Request]:
    """Return one tool for all calculations, which `calculated` makes from loose words.

    Its schema takes a twentieth of the tokens of the others: a member of the team gets it anew with every call.
    """
    return Tool("calculate", "Calculate", Request, Passage, lambda asked, _: {"text": calculated(asked.request)})


def _work(kind: Kind) -> Callable[[Arguments, Call], Mapping[str, Any]]:
    def work(given: Arguments, _: Call) -> Mapping[str, Any]:
        told = given.model_dump(exclude_none=True)
        language: Language = told.pop("language")
        steps: bool = told.pop("steps")
        made = recorded(calculate(kind, told), language)
        return made if steps else {name: value for name, value in made.items() if name != "derivation"}

    return work


def _arguments(kind: Kind) -> type[Arguments]:
    fields: dict[str, Any] = {parameter.name: _field(parameter) for parameter in PARAMETERS[kind]}
    fields["language"] = (Language, Field("en", description="The language of the words in the result."))
    fields["steps"] = (bool, Field(False, description="Return each step of the derivation with its numbers too."))
    return create_model(f"{kind}_arguments", __base__=Arguments, **fields)


def _field(parameter: Parameter) -> tuple[Any, Any]:
    """Return a parameter's type and field; what is left out, the calculation finds."""
    extra: dict[str, Any] = {}
    if parameter.choices and parameter.name in _OPEN:
        extra["examples"] = list(parameter.choices[:_MOST_EXAMPLES])
    elif parameter.choices:
        extra["enum"] = list(parameter.choices)
    meaning = _NAME if parameter.name == "model" else parameter.meaning.en
    if parameter.form == "tokens":
        meaning += ' "32k" is 32,000, "32K" is 32,768.'
    kind: Any = _TYPES[parameter.form]
    described = Field(description=meaning, json_schema_extra=extra or None)
    if parameter.required:
        return kind, described
    if parameter.default is None:
        kind = kind | SkipJsonSchema[None]
    return Annotated[kind, described], parameter.default
