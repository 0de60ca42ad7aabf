"""A conversation as a file: Markdown with numbered sources, or a notebook whose code can be run."""

import json
import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

from agents.reply import UNSUPPORTED_MARK
from knowledge.citation import Citation
from knowledge.vocabulary import Language
from ui.chat import Turn
from ui.session_messages import say

_MARK: Final = re.compile(r"\[(\d{1,3})\]")
_FENCE: Final = re.compile(
    r"^(?P<fence>`{3,}|~{3,})[ \t]*(?P<kind>[\w+-]*)[^\n]*\n(?P<code>.*?)^(?P=fence)[ \t]*$", re.MULTILINE | re.DOTALL
)
_PYTHON: Final = frozenset({"python", "py", "python3"})
_SHELL: Final = frozenset({"bash", "sh", "shell", "console"})
_NOT_IN_NAMES: Final = re.compile(r"[^\w-]+")
_LONGEST_NAME: Final = 60


def markdown(title: str, turns: Sequence[Turn], on: date, language: Language) -> str:
    """Return a conversation as Markdown; marks are numbered through it and lead to the list of sources at its end."""
    sources: dict[tuple[str, str], int] = {}
    parts = [f"# {_line(title)}", say("exported", language, date=on.isoformat())]
    for turn in turns:
        parts += [f"## {_line(turn.question)}", _numbered(turn, sources)]
    parts += _end(turns, sources, language)
    return "\n\n".join(parts) + "\n"


def notebook(title: str, turns: Sequence[Turn], on: date, language: Language) -> str:
    """Return a conversation as a Jupyter notebook: fenced Python and shell code of answers are cells that run."""
    import nbformat  # noqa: PLC0415 - loads late
    from nbformat import v4  # noqa: PLC0415

    made: Any = v4
    sources: dict[tuple[str, str], int] = {}
    cells: list[Any] = [made.new_markdown_cell(f"# {_line(title)}\n\n{say('exported', language, date=on.isoformat())}")]
    for turn in turns:
        cells.append(made.new_markdown_cell(f"## {_line(turn.question)}"))
        for kind, text in _pieces(_numbered(turn, sources)):
            cells.append(made.new_code_cell(text) if kind == "code" else made.new_markdown_cell(text))
    end = _end(turns, sources, language)
    if end:
        cells.append(made.new_markdown_cell("\n\n".join(end)))
    for n, cell in enumerate(cells):
        cell["id"] = f"cell-{n}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    whole: Any = made.new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})
    validate: Any = nbformat.validate  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - untyped
    validate(whole)
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def file_name(title: str, on: date, ending: str) -> str:
    """Return a name that every file system takes."""
    words = _NOT_IN_NAMES.sub("-", title).strip("-")[:_LONGEST_NAME].strip("-").lower()
    return f"{words or 'conversation'}-{on.isoformat()}.{ending}"


def _pieces(text: str) -> list[tuple[str, str]]:
    """Split an answer at its code that can be run, in the order of the text."""
    pieces: list[tuple[str, str]] = []
    at = 0
    for fence in _FENCE.finditer(text):
        code = _runnable(fence["kind"].lower(), fence["code"])
        if code:
            pieces += [("words", text[at : fence.start()].strip()), ("code", code)]
            at = fence.end()
    pieces.append(("words", text[at:].strip()))
    return [(kind, piece) for kind, piece in pieces if piece]


def _runnable(kind: str, code: str) -> str:
    """Return what a cell runs, or nothing for code in another language."""
    code = code.strip("\n")
    if not code.strip():
        return ""
    if kind in _PYTHON:
        return code
    if kind in _SHELL:
        lines = (line.removeprefix("$ ") for line in code.splitlines())
        return "%%bash\n" + "\n".join(lines)
    return ""


def _numbered(turn: Turn, sources: dict[tuple[str, str], int]) -> str:
    """Return an answer with its marks as the numbers of the whole conversation; code is left as it is."""
    cited = {citation.n: citation for citation in turn.citations}

    def renumber(mark: re.Match[str]) -> str:
        citation = cited.get(int(mark[1]))
        return mark[0] if citation is None else f"[{_number(citation, sources)}]"

    parts: list[str] = []
    at = 0
    for fence in _FENCE.finditer(turn.text):
        parts += [_MARK.sub(renumber, turn.text[at : fence.start()]), fence[0]]
        at = fence.end()
    return "".join([*parts, _MARK.sub(renumber, turn.text[at:])]) or turn.problem


def _number(citation: Citation, sources: dict[tuple[str, str], int]) -> int:
    return sources.setdefault((_source(citation), " ".join(citation.quote.split())), len(sources) + 1)


def _source(citation: Citation) -> str:
    """Return where a citation stands; of a file of the reader's own only its name: its folder concerns nobody."""
    place = f"{citation.title}, {citation.heading}" if citation.heading else citation.title
    address = citation.source if "://" in citation.source else Path(citation.source).name
    return f"{place}. {address}" if address else place


def _end(turns: Sequence[Turn], sources: dict[tuple[str, str], int], language: Language) -> list[str]:
    end: list[str] = []
    if sources:
        lines = [f"{n}. {source}\n   > {quote}" for (source, quote), n in sources.items()]
        end += [f"## {say('sources', language)}", "\n".join(lines)]
    if any(UNSUPPORTED_MARK in turn.text for turn in turns):
        end.append(say("unsupported", language))
    return end


def _line(text: str) -> str:
    return " ".join(text.split())
