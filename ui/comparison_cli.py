"""`atlas compare`: named tools side by side."""

import shutil
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ui import output
from ui.advice_cli import Lang, spoken
from ui.options import with_settings

if TYPE_CHECKING:  # it knows of models and the index, which take long to load
    from ui.settings import Settings


@with_settings
def compare(
    settings: "Settings",
    as_json: bool,
    names: Annotated[list[str], typer.Argument(help="Two tools or more, such as vLLM SGLang.")],
    task: Annotated[str, typer.Option("--for", help="What they are to be compared for.")] = "",
    language: Lang = None,
) -> None:
    """Put tools side by side, with what their notes say."""
    from tools.recommend.record import tabled  # noqa: PLC0415 - only what a command needs is loaded
    from ui.assembly import open_recommender  # noqa: PLC0415
    from ui.comparison_text import comparison_text  # noqa: PLC0415

    with open_recommender(settings) as (recommender, _):
        found = recommender.compare(names, task, language=spoken(language))
    if as_json:
        output.print_json(tabled(found))
    else:
        sys.stdout.write(comparison_text(found, found.language, shutil.get_terminal_size((120, 24)).columns))


COMMANDS: Final[dict[str, Callable[..., None]]] = {"compare": compare}
