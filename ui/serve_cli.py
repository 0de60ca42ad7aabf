"""`atlas ui`: serves the page, to whoever is at this machine or to those with a password."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from ui import observe_cli
from ui.options import with_settings

if TYPE_CHECKING:  # loads what not every command needs
    from ui.settings import Settings


@with_settings
def serve_page(
    settings: "Settings",
    as_json: bool,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = 7860,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in the browser.")] = False,
    pull: Annotated[
        bool, typer.Option("--pull/--no-pull", help="Fetch the embedded model where it is missing.")
    ] = True,
    auth: Annotated[
        list[str] | None,
        typer.Option(help="Who may log in: a password file or NAME:PASSWORD; may be repeated.  [ATLAS_AUTH]"),
    ] = None,
    keeper: Annotated[
        list[str] | None,
        typer.Option(help="Who of them may add and remove notes and pitfalls; may be repeated. Whoever is alone may."),
    ] = None,
    insecure: Annotated[bool, typer.Option("--insecure", help="Let everyone in who reaches this machine.")] = False,
    price_in: observe_cli.PriceIn = None,
    price_out: observe_cli.PriceOut = None,
) -> None:
    """Open the app in the browser."""
    from ui.app import serve  # noqa: PLC0415
    from ui.settings import priced  # noqa: PLC0415

    admitted = auth or [line for line in os.environ.get("ATLAS_AUTH", "").splitlines() if line.strip()]
    serve(
        priced(settings, price_in, price_out), host=host, port=port, open_browser=open_browser, pull=pull,
        as_json=as_json, auth=admitted, keeping=keeper or (), insecure=insecure,
    )  # fmt: skip
