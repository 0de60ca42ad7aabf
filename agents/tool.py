"""A tool as any framework can offer it: a name, when to use it, typed arguments, a typed result, and its work."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import to_jsonable_python

from agents import prompt
from agents.stop import Stop
from knowledge.errors import UserMistake


class Arguments(BaseModel):
    """What a tool is told; an unknown argument is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Result(BaseModel):
    """What a tool returns at least, as JSON; it may say more."""

    model_config = ConfigDict(extra="allow")


@dataclass(frozen=True, slots=True)
class Call:
    """A tool at work: `say` is told what it is doing, `stop` ends it from any thread."""

    say: Callable[[str], None] = lambda _: None
    stop: Stop = field(default_factory=Stop)


A = TypeVar("A", bound=Arguments)


@dataclass(frozen=True, slots=True)
class Tool(Generic[A]):
    """One thing that agents can use; its description is the prompt of its name."""

    name: str
    title: str
    arguments: type[A]
    result: type[Result]
    work: Callable[[A, Call], Mapping[str, Any]]

    @property
    def description(self) -> str:
        """What it does, and when to use it."""
        return prompt.render("tools", self.name).strip()

    @property
    def takes(self) -> dict[str, Any]:
        """The JSON schema of its arguments."""
        return _plain(self.arguments.model_json_schema())

    @property
    def gives(self) -> dict[str, Any]:
        """The JSON schema of its result."""
        return _plain(self.result.model_json_schema(mode="serialization"))

    def run(self, given: Mapping[str, object], call: Call | None = None) -> dict[str, Any]:
        """Work, and return the result as JSON can hold it.

        Raises UserMistake for arguments that cannot be, and what the work raises.
        """
        try:
            arguments = self.arguments.model_validate(given)
        except ValidationError as error:
            raise self._mistake(error) from None  # the cause quotes what was given, which may hold a secret
        made: dict[str, Any] = to_jsonable_python(self.work(arguments, call or Call()))
        return made

    def _mistake(self, error: ValidationError) -> UserMistake:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in one['loc'])!r}: {one['msg']}"
            for one in error.errors(include_input=False, include_url=False, include_context=False)
        )
        return UserMistake(
            f"{self.name} cannot take this: {wrong}.", f"It takes {', '.join(self.arguments.model_fields)}."
        )


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a JSON schema without what only costs its readers words: titles, and nothing as a default."""
    return {
        name: _plained(value)
        for name, value in schema.items()
        if not (name == "title" and isinstance(value, str)) and not (name == "default" and value is None)
    }


def _plained(value: Any) -> Any:  # noqa: ANN401 - any part of a JSON schema
    if isinstance(value, dict):
        return _plain(cast("dict[str, Any]", value))
    if isinstance(value, list):
        return [_plained(entry) for entry in cast("list[Any]", value)]
    return value
