"""The tools as CrewAI's own, for the members of the team."""

import json
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from pydantic import PrivateAttr

from agents.tool import Tool
from knowledge.errors import UserMistake

if TYPE_CHECKING:
    from crewai.tools import BaseTool


def for_crewai(tools: "Sequence[Tool[Any]]") -> "list[BaseTool]":
    """Return the tools as members of a team take them; a mistake in what a model asks for is told to it."""
    return [_native()(tool) for tool in tools]


@cache
def _native() -> "Any":  # noqa: ANN401 - a class that is made late
    from crewai.tools import BaseTool  # noqa: PLC0415 - loads late: seconds

    class Native(BaseTool):
        """A tool of ours in CrewAI's form."""

        _tool: Tool[Any] = PrivateAttr()

        def __init__(self, tool: Tool[Any]) -> None:
            super().__init__(name=tool.name, description=tool.description, args_schema=tool.arguments)
            self._tool = tool

        def _run(self, **given: object) -> str:
            try:
                return json.dumps(self._tool.run(given), ensure_ascii=False)
            except UserMistake as mistake:
                return str(mistake)

    return cast("Any", Native)
