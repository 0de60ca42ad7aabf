"""The form for a pitfall of one's own: its fields, what they begin with, and what is made of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import gradio as gr

from knowledge.graph import Graph
from knowledge.vocabulary import Language
from tools.fault.fault import Diagnosis
from tools.fault.own_pitfall import OwnPitfall, signature_of
from tools.fault.signature import WILDCARD
from ui.fix_messages import say

_LONGEST_TITLE: Final = 80  # characters that a title begins with
_NEEDED: Final = ("title", "signatures", "cause", "fix")


@dataclass(frozen=True, slots=True)
class Field:
    """A text field of the form; `lines` is its height."""

    name: str
    lines: int


FIELDS: Final = (
    Field("title", 1), Field("signatures", 2), Field("cause", 2), Field("fix", 4), Field("check", 1),
    Field("source", 1),
)  # fmt: skip
Entered = Mapping[str, str]


def textbox(field: Field, language: Language) -> gr.Textbox:
    """Return a field as a component."""
    return gr.Textbox(
        label=say(f"field_{field.name}", language), lines=field.lines, max_lines=max(field.lines, 10),
        elem_id=f"fix-{field.name}", autoscroll=False,
    )  # fmt: skip


def begun(found: Diagnosis | None) -> Entered:
    """Return what the form begins with: the error of the log that was pasted, where it is not known yet."""
    blank = {field.name: "" for field in FIELDS}
    if found is None or found.error is None or not found.abstained:
        return blank
    signature = signature_of(found.error)
    title = " ".join(signature.replace(WILDCARD, " ").split())[:_LONGEST_TITLE].rstrip(" :,;.=-")
    return blank | {"signatures": signature, "title": title}


def lacking(entered: Entered, language: Language) -> str:
    """Return what is still missing, in words, or an empty text."""
    missing = [say(f"field_{name}", language) for name in _NEEDED if not entered[name].strip()]
    return say("lacks", language, fields="; ".join(missing)) if missing else ""


def pitfall_of(entered: Entered, related: Sequence[str], language: Language) -> OwnPitfall:
    """Return the pitfall that the form describes."""
    signatures = tuple(line for line in entered["signatures"].splitlines() if line.strip())
    return OwnPitfall(
        entered["title"], signatures, entered["cause"], entered["fix"], entered["check"], entered["source"], language,
        tuple(related),
    )  # fmt: skip


def tools_of(graph: Graph, language: Language) -> list[tuple[str, str]]:
    """Return the tools that an error may occur with, by their titles."""
    notes = (note for note in graph.notes.values() if note.kind in {"tool", "platform"})
    return sorted((note.title_in(language), note.id) for note in notes)
