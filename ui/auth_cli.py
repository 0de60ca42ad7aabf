"""`atlas learner password`: gives a learner a password for an app that several people use."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ui import output
from ui.options import with_settings

if TYPE_CHECKING:
    from ui.settings import Settings


@with_settings
def learner_password(
    settings: "Settings",
    as_json: bool,
    name: Annotated[str, typer.Argument(help="Who logs in; their record is the one of this name.")],
    file: Annotated[Path | None, typer.Option(help="The password file; HOME/passwords where left out.")] = None,
) -> None:
    """Set a learner's password; it is asked for, or read from standard input, and only its hash is kept."""
    from ui import auth  # noqa: PLC0415 - only what a command needs is loaded

    learner, path = auth.checked(name), (file or settings.home / auth.PASSWORD_FILE).expanduser()
    if sys.stdin.isatty():
        password = str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    auth.keep(path, learner, password)
    if as_json:
        output.print_json({"learner": learner, "file": str(path)})
    else:
        sys.stdout.write(f"{learner} has a password in {path}; (re)start the app with: atlas ui --auth {path}\n")
