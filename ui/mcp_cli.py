"""`atlas mcp`: the tools for other programs, over the Model Context Protocol."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ui.options import with_settings

if TYPE_CHECKING:  # loads what not every command needs
    from ui.settings import Settings


@with_settings
def mcp(
    settings: "Settings",
    as_json: bool,
    http: Annotated[bool, typer.Option("--http", help="Serve HTTP instead of standard input and output.")] = False,
    host: Annotated[str, typer.Option(help="The address to listen on with --http.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port with --http; 0 takes a free one.")] = 8765,
    token: Annotated[
        str, typer.Option(envvar="ATLAS_MCP_TOKEN", help="What clients have to bear with --http.", show_default=False)
    ] = "",
) -> None:
    """Offer the tools and the notes to other programs over MCP."""
    if http:
        from ui.mcp_http import serve_http  # noqa: PLC0415 - only what a command needs is loaded

        serve_http(settings, host=host, port=port, token=token, as_json=as_json)
    else:
        from ui.mcp_stdio import serve_stdio  # noqa: PLC0415

        serve_stdio(settings)


COMMANDS: Final[dict[str, Callable[..., None]]] = {"mcp": mcp}
