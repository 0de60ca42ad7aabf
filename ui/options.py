"""The options that every command takes, written once."""

import inspect
import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Final, get_args

import typer

MODEL_WAIT_S: Final = 120.0  # a cold disk reads the weights of the embedded model in a minute

_OPTIONS: dict[str, Any] = {
    "as_json": Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output, nothing else.")],
    "home": Annotated[Path | None, typer.Option(help="Where state lies.  [ATLAS_HOME]", show_default=False)],
    "notes": Annotated[list[Path] | None, typer.Option(help="A folder of your own notes; may be repeated.")],
    "only_notes": Annotated[bool, typer.Option("--only-notes", help="Leave the built-in notes aside.")],
    "store": Annotated[
        str | None,
        typer.Option(
            help="Where vectors live: http://HOST:8000 (Chroma), FILE.db or milvus+http://HOST.  [ATLAS_STORE]"
        ),
    ],
    "learner": Annotated[str | None, typer.Option(help="Whose record is meant; me where left out.  [ATLAS_LEARNER]")],
    "database": Annotated[
        str | None,
        typer.Option(help="Where records live: postgresql://HOST/NAME, else below --home.  [ATLAS_DATABASE]"),
    ],
    "no_model": Annotated[bool, typer.Option("--no-model", help="Answer from the notes alone.")],
    "base_url": Annotated[str | None, typer.Option(help="An OpenAI-compatible endpoint.  [OPENAI_BASE_URL]")],
    "model": Annotated[str | None, typer.Option(help="Its model, or the id of an embedded one.  [OPENAI_MODEL]")],
    "api_key": Annotated[str | None, typer.Option(help="Its key.  [OPENAI_API_KEY]")],
}


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the common options, and its first two parameters: the settings, and whether to print JSON."""

    @wraps(command)
    def run(**given: Any) -> None:  # noqa: ANN401 - whatever typer parsed
        from ui import settings  # noqa: PLC0415 - it knows of models and the index, which take long to load

        common = {name: given.pop(name) for name in _OPTIONS}
        as_json = common.pop("as_json")
        common["notes"] = common["notes"] or ()
        command(settings.read(os.environ, **common), as_json=as_json, **given)

    own = list(inspect.signature(command).parameters.values())[2:]
    return signed(run, [*(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own), *shared()])


def shared(*without: str) -> list[inspect.Parameter]:
    """Return the common options as parameters, but those named."""
    return [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=False if get_args(kind)[0] is bool else None, annotation=kind
        )
        for name, kind in _OPTIONS.items()
        if name not in without
    ]


def signed(command: Callable[..., None], parameters: list[inspect.Parameter]) -> Callable[..., None]:
    """Give a command the parameters from which typer makes its options."""
    command.__signature__ = inspect.Signature(  # pyright: ignore[reportFunctionMemberAccess] - how typer learns of them
        parameters
    )
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command
