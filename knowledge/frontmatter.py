"""The YAML head of a note, read strictly: each fault is reported with its line and a remedy."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Annotated, Any, Final, cast

import yaml
from pydantic import AfterValidator, Field, ValidationError

from knowledge.lines import unified
from knowledge.note import Frozen, Pitfall, Relation, Tool
from knowledge.vocabulary import KINDS, PLATFORMS, RELATIONS, RUNS_ON, STAGES, TASKS

_FENCE: Final = re.compile(r"\A\ufeff?---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_OPENING: Final = re.compile(r"\A\ufeff?---[ \t]*\n[ \t]*(?:[A-Za-z_]+:|#|-[ ])")
_SHORTEST_SIGNATURE: Final = 10  # characters between two varying parts
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


def _signature(value: str) -> str:
    literal = max(value.split("<*>"), key=len).strip()
    if len(literal) < _SHORTEST_SIGNATURE:
        remedy = f"write at least {_SHORTEST_SIGNATURE} characters of the error in a row."
        raise ValueError(f"{value!r} would match too many logs; {remedy}")
    return value


class _Pitfall(Pitfall):
    signatures: Annotated[tuple[Annotated[str, AfterValidator(_signature)], ...], Field(min_length=1)]


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
    pitfall: _Pitfall | None = None
    sources: tuple[Annotated[str, AfterValidator(_address)], ...] = ()
    checked: date | None = None


_MODELS: Final[dict[str, type[Frozen]]] = {
    "title": _Titles,
    "summary": _Titles,
    "relations": _Relation,
    "tool": _Tool,
    "pitfall": _Pitfall,
}
_UNIONS: Final = frozenset({"title", "summary"})

# Fields of Obsidian and static sites that only look like fields of ours written wrongly.
_FOREIGN_FIELDS: Final = frozenset({"alias", "source", "tag"})


def read(text: str, *, own: bool) -> Head | list[Fault]:
    """Read the head of a note's text, or return all its faults; a text without a head has an empty one.

    A reader's own notes may carry fields of other programs; the built-in ones only those of the format.
    """
    lines = unified(text)
    fence = _FENCE.match(lines)
    if fence is None:
        if _OPENING.match(lines):
            return [Fault(1, "the YAML head has no end.", "Close it with a line of three hyphens.")]
        return Head(Values(), frozenset(), len(text) - len(text.removeprefix("\ufeff")), {})
    parsed = _parsed(text[fence.start(1) : fence.end(1)])
    if isinstance(parsed, Fault):
        return [parsed]
    raw, root = parsed
    if own:
        raw = _without_foreign(raw)
    faults = [Fault(line, f"the field {key!r} stands twice.", "Keep one of them.") for key, line in _repeated(root)]
    try:
        values = Values.model_validate(raw)
    except ValidationError as error:
        return sorted(faults + _faults(root, error), key=lambda fault: fault.line)
    return faults or Head(values, frozenset(raw), fence.end(), _summary_spans(root, text, fence.start(1)))


def _parsed(source: str) -> tuple[dict[Any, Any], yaml.MappingNode] | Fault:
    """Parse YAML to its values and its nodes, which know their lines."""
    try:
        root = yaml.compose(source, Loader=yaml.CSafeLoader)
        raw: object = yaml.load(source, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        remedy = "Quote values that hold ': ' or begin with a sign."
        return Fault(mark.line + 2 if mark else 1, f"the YAML head does not parse: {error.problem}.", remedy)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        remedy = "Check it for control characters and impossible dates."
        return Fault(1, f"the YAML head does not parse: {' '.join(str(error).split())}.", remedy)
    if raw is None:
        return {}, yaml.MappingNode("", [], start_mark=yaml.Mark("", 0, 0, 0, None, 0))
    if isinstance(raw, dict) and isinstance(root, yaml.MappingNode):
        return cast("dict[Any, Any]", raw), root
    kind = "list" if isinstance(root, yaml.SequenceNode) else "single value"
    return Fault(2, f"the head is a {kind}, not a mapping.", "Write `field: value` lines.")


def _without_foreign(raw: dict[Any, Any]) -> dict[Any, Any]:
    """Leave out what other programs write into a head, unless it looks like a field of ours written wrongly."""
    kept: dict[Any, Any] = {}
    for key, value in raw.items():
        ours = key in Values.model_fields
        if value is None or key in _FOREIGN_FIELDS or not (ours or _meant(str(key), Values)):
            continue
        kept[key] = [value] if key == "aliases" and isinstance(value, str) else value
    return kept


def _meant(name: str, model: type[Frozen]) -> str | None:
    """Return the field whose name `name` resembles."""
    return next(iter(get_close_matches(name, model.model_fields, 1, cutoff=0.75)), None)


def _faults(root: yaml.Node, error: ValidationError) -> list[Fault]:
    """Return one fault for each value that is wrong, however many types it was tried as."""
    faults: dict[tuple[int | str, ...], Fault] = {}
    for found in error.errors(include_url=False):
        path = found["loc"]
        if path[0] in _UNIONS:
            path = path[:1] + path[2:]  # without the member of the union that was tried
        line = _line(root, path) + 2
        field = ".".join(str(part) for part in path)
        message = found["msg"].removeprefix("Value error, ")
        if found["type"] == "extra_forbidden":
            near = _meant(str(path[-1]), _MODELS.get(str(path[0]) if len(path) > 1 else "", Values))
            remedy = f"Did you mean {near!r}?" if near else "Remove it."
            fault = Fault(line, f"unknown field {field!r}.", remedy)
        elif path[0] in _UNIONS:
            fault = Fault(line, f"{field}: is no text.", "Write a text, or one each for en and zh; quote numbers.")
        else:
            fault = Fault(line, f"{field}: {message}", "See the note format.")
        longer = any(len(known) > len(path) and known[: len(path)] == path for known in faults)
        if not longer:  # of a union, the member that got furthest says what is wrong
            faults.setdefault(path, fault)
    return list(faults.values())


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
