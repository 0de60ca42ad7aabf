"""The commands of `atlas calc`, one for each kind of calculation, made from the calculators' own parameters."""

import inspect
import os
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup
from typer.main import get_group

from knowledge.errors import UserMistake
from knowledge.vocabulary import LANGUAGES, Language
from tools.calculators.argument import named
from tools.calculators.calculation import PARAMETERS, Calculation, Kind, Parameter, calculate, explained, recorded
from ui import output
from ui.calculation_table import compared, table
from ui.options import shared, signed

_MOST: Final = 4  # side by side in a terminal
_MOST_CHOICES: Final = 8  # more of them would hide the other options; an error names those that come close
_SEVERAL: Final = ("model", "gpu")
_SHORT: Final = {"sequence": "seq"}  # the name of an option where it is not that of the parameter
_MEANINGS: Final[Mapping[Kind, str]] = {
    "model": "Count a model's parameters, and the bytes of its weights and KV cache.",
    "memory": "Add up the memory of inference: does it fit, how long a context, how large a batch?",
    "train": "Add up the memory of training: full, LoRA or QLoRA, with ZeRO and offload.",
    "roofline": "Find what bounds a forward pass, how long it takes, and where each layer stands.",
    "serve": "Plan a server: tensor parallel size, KV cache, concurrency, and the command.",
}


@cache
def group() -> TyperGroup:
    """Build all commands."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    for kind in PARAMETERS:
        app.command(kind, help=_MEANINGS[kind])(_command(kind))
    return get_group(app)


def _command(kind: Kind) -> Any:  # noqa: ANN401 - typer takes any function
    parameters = PARAMETERS[kind]

    def run(**given: Any) -> None:  # noqa: ANN401 - whatever typer parsed
        language = _language(given["language"])
        made = _calculations(kind, {parameter.name: given[parameter.name] for parameter in parameters})
        if given["as_json"]:
            records = [_record(calculation, language, explain=given["explain"]) for calculation in made]
            output.print_json(records[0] if len(records) == 1 else {"calculations": records})
        else:
            sys.stdout.write(_text(made, language, explain=given["explain"]))

    own = [_option(parameter) for parameter in parameters]
    # Calculations need no state, notes or endpoint; a script that gives the same options everywhere may still do so.
    return signed(run, [*own, *_REPORT, *shared("model")])


def _option(parameter: Parameter) -> inspect.Parameter:
    """Return the option of a parameter; numbers stay text until the calculators read them ("32k")."""
    name = _SHORT.get(parameter.name, parameter.name).replace("_", "-")
    kind: Any = bool if parameter.form == "switch" else str
    flag = f"--{name}/--no-{name}" if parameter.form == "switch" else f"--{name}"
    annotation = Annotated[
        list[str] | None if parameter.name in _SEVERAL else kind | None,
        typer.Option(flag, help=_help(parameter), show_default=False, metavar=None if kind is bool else "TEXT"),
    ]
    return inspect.Parameter(parameter.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _help(parameter: Parameter) -> str:
    several = f" Up to {_MOST} are compared." if parameter.name in _SEVERAL else ""
    choices = f" One of {', '.join(parameter.choices)}." if 0 < len(parameter.choices) <= _MOST_CHOICES else ""
    default = "" if parameter.default is None else f" Default: {parameter.default}."
    return f"{parameter.meaning.en}{several}{choices}{default}"


_REPORT: Final = [
    inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
    for name, default, annotation in (
        ("explain", False, Annotated[bool, typer.Option("--explain", help="Show each step with its numbers.")]),
        ("language", None, Annotated[str | None, typer.Option(help="en or zh; by default that of the terminal.")]),
    )
]


def _language(asked: str | None) -> Language:
    """Return the language asked for, else that of the reader's terminal."""
    if asked is not None:
        return "zh" if named("language", asked, LANGUAGES) == "zh" else "en"
    terminal = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return "zh" if terminal.startswith("zh") else "en"


def _calculations(kind: Kind, given: dict[str, Any]) -> list[Calculation]:
    """Calculate once for each model on each GPU."""
    models: Sequence[str | None] = given.get("model") or [None]
    gpus: Sequence[str | None] = given.get("gpu") or [None]
    if len(models) * len(gpus) > _MOST:
        cards = f" on {len(gpus)} GPUs" if given.get("gpu") else ""
        raise UserMistake(f"{len(models)} models{cards} are too many to compare.", f"Name up to {_MOST} pairs.")
    pairs = [{"model": model, "gpu": gpu} for model in models for gpu in gpus]
    every = [{name: pair.get(name, value) for name, value in given.items()} for pair in pairs]
    return [calculate(kind, arguments, files=True) for arguments in every]


def _record(calculation: Calculation, language: Language, *, explain: bool) -> dict[str, Any]:
    more = {"explanation": explained(calculation, language)} if explain else {}
    return recorded(calculation, language) | more


def _text(made: Sequence[Calculation], language: Language, *, explain: bool) -> str:
    if explain:
        return "\n\n".join(explained(calculation, language) for calculation in made) + "\n"
    return table(made[0], language) if len(made) == 1 else compared(made, language)
