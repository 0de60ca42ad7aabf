"""`atlas recommend`: which tool for a task."""

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Final

import typer

from knowledge.errors import UserMistake
from ui import output
from ui.batch import batch
from ui.options import with_settings

if TYPE_CHECKING:  # they load the notes, which not every command needs
    from knowledge.vocabulary import Language
    from tools.recommend.advice import Advice
    from ui.settings import Settings

Lang = Annotated[str | None, typer.Option("--language", help="en or zh; that of the text where left out.")]


@with_settings
def recommend(
    settings: "Settings",
    as_json: bool,
    task: Annotated[str, typer.Argument(help="What you want to do, with your constraints; - reads one a line.")],
    gpu: Annotated[str | None, typer.Option(help='Your GPUs, as in "2x RTX 4090".')] = None,
    for_model: Annotated[str | None, typer.Option("--for-model", help="The model it is to be done with.")] = None,
    system: Annotated[str | None, typer.Option(help="linux, macos, windows, browser or android.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Nothing may leave the machine.")] = False,
    licence: Annotated[str | None, typer.Option(help="What the licence has to be, as in open-source.")] = None,
    place: Annotated[str | None, typer.Option("--where", help="own or hosted: whose machines it runs on.")] = None,
    budget: Annotated[str | None, typer.Option(help="free or paid.")] = None,
    code: Annotated[str | None, typer.Option(help="python, no-python, rust, javascript or cpp.")] = None,
    skill: Annotated[str | None, typer.Option(help="no-code or beginner.")] = None,
    file_format: Annotated[str | None, typer.Option("--format", help="gguf or safetensors.")] = None,
    limit: Annotated[int, typer.Option("-k", min=1, max=5, help="How many tools at most.")] = 3,
    language: Lang = None,
) -> None:
    """Say which tools fit a task, why, what rules others out, and the first command."""
    from tools.recommend.record import record  # noqa: PLC0415 - only what a command needs is loaded
    from ui.advice_text import advice_text  # noqa: PLC0415
    from ui.assembly import open_recommender  # noqa: PLC0415

    changes = _changes({
        "gpu": gpu, "model": for_model, "system": system, "licence": licence, "offline": offline, "place": place,
        "budget": budget, "language": code, "skill": skill, "format": file_format,
    })  # fmt: skip
    reader = spoken(language)
    with open_recommender(settings) as (recommender, material):

        def advised(text: str) -> "Advice":
            found = recommender.recommend(text, changes, language=reader, limit=limit)
            return found if found.is_sure else recommender.reread(text, changes, language=reader, limit=limit) or found

        if task == "-":
            batch(lambda text, _: record(advised(text), material.graph, reader))
        elif as_json:
            output.print_json(record(advised(task), material.graph, reader))
        else:
            found = advised(task)
            sys.stdout.write(advice_text(found, material.graph, found.language))


def spoken(given: str | None) -> "Language | None":
    """Return the language that an option names.

    Raises UserMistake for one that is not ours.
    """
    from knowledge.vocabulary import LANGUAGES  # noqa: PLC0415 - only what a command needs is loaded

    if given is None:
        return None
    for language in LANGUAGES:
        if language == given:
            return language
    raise UserMistake(f"there is no language {given!r}.", f"There are {', '.join(LANGUAGES)}.")


def _changes(given: Mapping[str, str | bool | None]) -> dict[str, str | bool]:
    """Return what is given; of a choice's words, which may have spaces, a shell's user may join them by hyphens."""
    from tools.recommend.constraints import CHOICES  # noqa: PLC0415 - as above

    found = {name: value for name, value in given.items() if value}
    for name in found.keys() & CHOICES.keys():
        typed = str(found[name]).replace(" ", "-").lower()
        found[name] = next((one for one in CHOICES[name] if one.replace(" ", "-").lower() == typed), found[name])
    return found


COMMANDS: Final[dict[str, Callable[..., None]]] = {"recommend": recommend}
