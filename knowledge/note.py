"""What a note is: a concept or tool, told in one file per language."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from knowledge.vocabulary import Language


class Frozen(BaseModel):
    """A value read from a file; unknown fields are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Relation(Frozen):
    """A typed edge to another note."""

    type: str
    target: str
    note: str = ""


class Tool(Frozen):
    """What a recommendation needs to know of a tool or platform."""

    tasks: tuple[str, ...] = ()
    runs_on: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    licence: str = ""
    hosted: bool = False
    first_command: str = ""


class Pitfall(Frozen):
    """What a failure is recognized by."""

    signatures: tuple[str, ...]  # error texts letter by letter; `<*>` stands for a part that varies


class Link(Frozen):
    """An edge that stands in the text rather than in the front matter: a wiki link, or an arrow of a diagram."""

    source: str  # a name: a title, an alias or an id; empty for the note itself
    target: str
    label: str = ""


class Document(Frozen):
    """One file of a note, without its text: what the graph needs."""

    path: str
    own: bool
    language: Language
    id: str
    derived_id: bool = False  # the id comes from the file's name, so a clash can be resolved by renaming
    title: Mapping[Language, str] = Field(default_factory=dict[Language, str])
    kind: str = "concept"
    stage: str = ""
    aliases: tuple[str, ...] = ()
    summary: Mapping[Language, str] = Field(default_factory=dict[Language, str])
    prerequisites: tuple[str, ...] = ()
    relations: tuple[Relation, ...] = ()
    tool: Tool | None = None
    pitfall: Pitfall | None = None
    sources: tuple[str, ...] = ()
    checked: date | None = None
    links: tuple[Link, ...] = ()
    sibling: bool = False  # a translation: its metadata stands in the other file


@dataclass(frozen=True, slots=True)
class Note:
    """A concept or tool with its relations; the texts stay in the files of `documents`."""

    id: str
    title: Mapping[Language, str]
    kind: str
    stage: str
    aliases: tuple[str, ...]
    summary: Mapping[Language, str]
    prerequisites: tuple[str, ...]
    relations: tuple[Relation, ...]
    tool: Tool | None
    pitfall: Pitfall | None
    sources: tuple[str, ...]
    checked: date | None
    own: bool
    documents: tuple[Document, ...]

    def title_in(self, language: Language) -> str:
        """Return the title for a reader of `language`."""
        return self.title.get(language) or next(iter(self.title.values()), self.id)

    def summary_in(self, language: Language) -> str:
        """Return the summary for a reader of `language`, or an empty text."""
        return self.summary.get(language) or next(iter(self.summary.values()), "")

    @property
    def names(self) -> tuple[str, ...]:
        """All that people call it: titles, aliases, id."""
        return tuple(dict.fromkeys([*self.title.values(), *self.aliases, self.id]))


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a note file; `line` counts from 1, and is 0 for the whole file."""

    path: Path
    line: int
    message: str
    remedy: str = ""
    severity: str = "error"  # "warning": the note is loaded all the same

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}" if self.line else f"{self.path}"
        return f"{where}: {self.message} {self.remedy}".rstrip()
