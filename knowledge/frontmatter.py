"""The YAML head of a note, read strictly: each fault is reported with its line and a remedy."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Annotated, Any, Final, cast

import yaml
from pydantic import AfterValidator, Field, ValidationError

from knowledge.note import Frozen, Relation, Tool
from knowledge.vocabulary import KINDS, PLATFORMS, RELATIONS, RUNS_ON, STAGES, TASKS

_FENCE: Final = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_ID: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of the head; `line` counts from 1 within the file."""

    line: int
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Head:
    """The values of the head, where the body begins, and where in the file each summary stands."""

    values: "Values"
    given: frozenset[str]
    body_start: int
    summary_spans: dict[str, tuple[int, int]]


def _one_of(vocabulary: dict[str, str], name: str) -> AfterValidator:
    def check(value: str) -> str:
        if value not in vocabulary:
            near = get_close_matches(value, vocabulary, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"use one of: {', '.join(vocabulary)}."
            raise ValueError(f"{value!r} is not a known {name}; {hint}")
        return value

    return AfterValidator(check)


def _identifier(value: str) -> str:
    if not _ID.fullmatch(value):
        raise ValueError(f"{value!r} is no id; use lower-case letters, digits and single hyphens.")
    return value


def _address(value: str) -> str:
    if not value.startswith(("https://", "http://")):
        raise ValueError(f"{value!r} is no address; a source begins with https://.")
    return value


Id = Annotated[str, AfterValidator(_identifier)]
Text = Annotated[str, Field(min_length=1)]


class _Titles(Frozen):
    en: Text | None = None
    zh: Text | None = None


class _Relation(Relation):
    type: Annotated[str, _one_of(RELATIONS, "relation type")]
    target: Id


class _Tool(Tool):
    tasks: tuple[Annotated[str, _one_of(TASKS, "task")], ...] = ()
    runs_on: tuple[Annotated[str, _one_of(RUNS_ON, "hardware")], ...] = ()
    platforms: tuple[Annotated[str, _one_of(PLATFORMS, "platform")], ...] = ()


class Values(Frozen):
    """The head as a person writes it; everything may be left out in one's own notes."""

    id: Id | None = None
    title: _Titles | Text | None = None
    kind: Annotated[str, _one_of(KINDS, "kind")] = "concept"
    stage: Annotated[str, _one_of(STAGES, "stage")] | None = None
    aliases: tuple[Text, ...] = ()
    summary: _Titles | Text | None = None
    prerequisites: tuple[Id, ...] = ()
    relations: tuple[_Relation, ...] = ()
    tool: _Tool | None = None
    sources: tuple[Annotated[str, AfterValidator(_address)], ...] = ()
    checked: date | None = None


# What a folder of someone's own notes may also carry (Obsidian and static sites do); it is left alone.
_FOREIGN_FIELDS: Final = frozenset(
    """
    tags tag alias cssclass cssclasses publish permalink date created updated modified author authors lang draft layout
    category categories description slug weight toc image cover type status
    """.split()
)


def read(text: str, *, own: bool) -> Head | list[Fault]:
    """Read the head of a note's text, or return all its faults; a text without a head has an empty one.

    A reader's own notes may carry fields of other programs; the built-in ones only those of the format.
    """
    fence = _FENCE.match(text)
    if fence is None:
        if text.startswith("---\n") and not own:
            return [Fault(1, "the YAML head has no end.", "Close it with a line of three hyphens.")]
        return Head(Values(), frozenset(), 0, {})
    try:
        root = cast("yaml.Node | None", yaml.compose(fence[1], Loader=yaml.CSafeLoader))
        raw: object = yaml.load(fence[1], Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 2 if mark else 1
        return [
            Fault(
                line,
                f"the YAML head does not parse: {error.problem}.",
                "Quote values that hold ': ' or begin with a sign.",
            )
        ]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return [
            Fault(1, f"the YAML head does not parse: {error}.", "Check it for control characters and impossible dates.")
        ]
    if raw is None:
        return Head(Values(), frozenset(), fence.end(), {})
    if not isinstance(raw, dict) or not isinstance(root, yaml.MappingNode):
        return [Fault(2, f"the head is a {type(raw).__name__}, not a mapping.", "Write `field: value` lines.")]
    return _validated(cast("dict[str, Any]", raw), root, text, fence, own=own)


def _validated(
    raw: dict[str, Any], root: yaml.MappingNode, text: str, fence: re.Match[str], *, own: bool
) -> Head | list[Fault]:
    if own:
        raw = {key: value for key, value in raw.items() if key not in _FOREIGN_FIELDS}
        raw = {key: [value] if key == "aliases" and isinstance(value, str) else value for key, value in raw.items()}
        raw = {key: value for key, value in raw.items() if value is not None}
    faults = [Fault(line, f"the field {key!r} stands twice.", "Keep one of them.") for key, line in _repeated(root)]
    try:
        values = Values.model_validate(raw)
    except ValidationError as error:
        faults += [_fault(root, found["loc"], found["msg"], found["type"]) for found in error.errors()]
    else:
        if not faults:
            return Head(values, frozenset(raw), fence.end(), _summary_spans(root, text, fence.start(1)))
    return faults


def _fault(root: yaml.Node, location: tuple[int | str, ...], message: str, kind: str) -> Fault:
    path = [
        part for part in location if isinstance(part, int) or not part.startswith(("_Titles", "constrained", "str"))
    ]
    field = ".".join(str(part) for part in path)
    line = _line(root, path) + 2
    if kind == "extra_forbidden":
        near = get_close_matches(str(path[-1]), Values.model_fields, 1)
        return Fault(line, f"unknown field {field!r}.", f"Did you mean {near[0]!r}?" if near else "Remove it.")
    return Fault(line, f"{field}: {message.removeprefix('Value error, ')}", "See the note format.")


def _line(node: yaml.Node, path: Iterable[int | str]) -> int:
    """Return the line, counted from 0, of the value at `path`, or of the nearest thing above it."""
    line = node.start_mark.line
    for part in path:
        child: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            child = next((value for key, value in _pairs(node) if key.value == part), None)
            line = next((key.start_mark.line for key, _ in _pairs(node) if key.value == part), line)
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            child = cast("yaml.Node", node.value[part])
            line = child.start_mark.line
        if child is None:
            return line
        node = child
    return line


def _pairs(node: yaml.MappingNode) -> list[tuple[yaml.Node, yaml.Node]]:
    return cast("list[tuple[yaml.Node, yaml.Node]]", node.value)


def _repeated(root: yaml.MappingNode) -> list[tuple[str, int]]:
    seen: set[str] = set()
    repeated: list[tuple[str, int]] = []
    for key, _ in _pairs(root):
        if key.value in seen:
            repeated.append((str(key.value), key.start_mark.line + 2))
        seen.add(str(key.value))
    return repeated


def _summary_spans(root: yaml.MappingNode, text: str, offset: int) -> dict[str, tuple[int, int]]:
    """Find where each summary stands in the file, where it stands there letter by letter on one line."""
    spans: dict[str, tuple[int, int]] = {}
    summary = next((value for key, value in _pairs(root) if key.value == "summary"), None)
    scalars = _pairs(summary) if isinstance(summary, yaml.MappingNode) else [(None, summary)] if summary else []
    for key, node in scalars:
        start, end = offset + node.start_mark.index, offset + node.end_mark.index
        if text[start:end][:1] in {'"', "'"}:
            start, end = start + 1, end - 1
        if text[start:end] == node.value:
            spans[str(key.value) if key else ""] = (start, end)
    return spans
