"""`atlas calc`: the group of calculations; what they need is loaded when one is called."""

from typing import Any

import typer
from typer.core import TyperGroup


class _Calculations(TyperGroup):
    """Makes its commands from the calculators' own parameters, which other commands of `atlas` need not load."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401 - typer keeps the type of its contexts private
        """Name the calculations."""
        from ui.calculation_command import group  # noqa: PLC0415 - loads the calculators

        return group().list_commands(ctx)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401 - as above
        """Return the command of a calculation, or None."""
        from ui.calculation_command import group  # noqa: PLC0415 - loads the calculators

        return group().get_command(ctx, cmd_name)


calculation_app = typer.Typer(
    cls=_Calculations, help="Calculate size, memory, training, roofline and serving.", no_args_is_help=True
)
