"""`atlas notes add`, `list` and `remove`: the notes of one's own, as the Notes page has them."""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from knowledge.errors import UserMistake
from ui import output
from ui.options import with_settings

if TYPE_CHECKING:  # they load the index, which not every command needs
    from knowledge.index import Changes, Index
    from knowledge.shelf import Clash, Shelf
    from ui.settings import Settings


@with_settings
def add(
    settings: "Settings",
    as_json: bool,
    paths: Annotated[
        list[Path], typer.Argument(help="Markdown, text or PDF files, which are copied; folders or vaults, which stay.")
    ],
    replace: Annotated[bool, typer.Option("--replace", help="Replace files of the same name.")] = False,
    keep_both: Annotated[bool, typer.Option("--keep-both", help="Keep files of the same name beside them.")] = False,
) -> None:
    """Add notes of your own: they are indexed, and marked as yours wherever they are cited."""
    if replace and keep_both:
        raise UserMistake("--replace and --keep-both exclude each other.", "Give one of them.")
    clash: Clash = "replace" if replace else "both" if keep_both else "refuse"
    with _shelf(settings) as (index, shelf):
        added = [_added(shelf, path, clash) for path in paths]
        changes = _update(index)
        rows = [row for row in _rows(shelf) if row["name"] in {one["name"] for one in added}]
    if as_json:
        output.print_json({"added": rows, "index": output.changes_json(changes)})
        return
    for row in rows:
        _print(row)
    sys.stdout.write(f"{changes.embedded} passages embedded\n")


@with_settings
def list_own(settings: "Settings", as_json: bool) -> None:
    """List the notes of your own: what was added, what is linked, and what is wrong with any."""
    with _shelf(settings) as (index, shelf):
        changes = _update(index)
        rows = _rows(shelf)
        folder = shelf.folder
    if as_json:
        output.print_json({"folder": str(folder), "notes": rows, "pending": changes.pending, "locked": changes.locked})
        return
    for row in rows:
        _print(row)
    if not rows:
        sys.stdout.write("none yet: add some with `atlas notes add`\n")


@with_settings
def remove(
    settings: "Settings",
    as_json: bool,
    name: Annotated[str, typer.Argument(help="A file or a folder, as `atlas notes list` names it.")],
) -> None:
    """Remove an added file, or the link to a folder, whose files stay; the built-in notes cannot be removed."""
    with _shelf(settings) as (index, shelf):
        shelf.remove(name)
        changes = _update(index)
    if as_json:
        output.print_json({"removed": name, "index": output.changes_json(changes)})
    else:
        sys.stdout.write(f"removed {name}\n")


@contextmanager
def _shelf(settings: "Settings") -> Generator["tuple[Index, Shelf]"]:
    from knowledge.shelf import Shelf  # noqa: PLC0415 - only what a command needs is loaded
    from ui.assembly import open_index  # noqa: PLC0415

    with open_index(settings) as index:
        yield index, Shelf(index)


def _update(index: "Index") -> "Changes":
    from ui.assembly import updated  # noqa: PLC0415
    from ui.terminal import progress_line  # noqa: PLC0415

    return updated(index, progress_line())


def _added(shelf: "Shelf", path: Path, clash: "Clash") -> dict[str, str]:
    """Link a folder, or copy a file, and say how it is listed."""
    wanted = path.expanduser()
    if wanted.is_dir():
        return {"name": str(shelf.link(wanted.absolute()))}
    try:
        data = wanted.read_bytes()
    except OSError as error:
        raise UserMistake(
            f"{str(path)!r} cannot be read: {error.strerror}.", "Name a file or a folder of notes."
        ) from error
    return {"name": shelf.put(wanted.name, data, clash)}


def _rows(shelf: "Shelf") -> list[dict[str, Any]]:
    files = [
        {
            "name": stored.name,
            "kind": "file",
            "note": stored.note.id if stored.note else None,
            "title": stored.note.title_in("en") if stored.note else None,
            "problems": [output.problem_json(problem) for problem in stored.problems],
        }
        for stored in shelf.files()
    ]
    folders = [
        {
            "name": str(linked.path),
            "kind": "folder",
            "files": linked.files,
            "removable": not linked.is_fixed,
            "problems": [output.problem_json(problem) for problem in linked.problems],
        }
        for linked in shelf.folders()
    ]
    return [*files, *folders]


def _print(row: dict[str, Any]) -> None:
    what = f"{row['files']} files" if row["kind"] == "folder" else row["title"] or "not read"
    sys.stdout.write(f"{row['name']}  {what}\n")
    for problem in row["problems"]:
        line = f":{problem['line']}" if problem["line"] else ""
        sys.stdout.write(f"  {problem['severity']}{line}: {problem['message']} {problem['remedy']}".rstrip() + "\n")


COMMANDS: Final[dict[str, Callable[..., None]]] = {"add": add, "list": list_own, "remove": remove}
