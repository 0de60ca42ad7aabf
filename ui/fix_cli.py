"""`atlas fix`: what is wrong with a log; `atlas pitfall`: the pitfalls of one's own."""

import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from knowledge.errors import UserMistake
from knowledge.vocabulary import LANGUAGES
from ui import output
from ui.batch import batch
from ui.options import with_settings

if TYPE_CHECKING:  # they load the notes, which not every command needs
    from agents.mending import Mender
    from knowledge.vocabulary import Language
    from tools.fault.own_pitfall import OwnPitfall
    from ui.settings import Settings

pitfall_app = typer.Typer(help="Look after the pitfalls of your own.", no_args_is_help=True)

_Lang = Annotated[str | None, typer.Option("--language", help="en or zh; en where left out.")]
_Id = Annotated[str, typer.Argument(metavar="ID", help="A pitfall, as `atlas pitfall list` names it.")]


@with_settings
def fix(
    settings: "Settings",
    as_json: bool,
    log: Annotated[
        str | None, typer.Argument(help="A log; standard input where left out; - reads one request a line.")
    ] = None,
    language: _Lang = None,
) -> None:
    """Find what a log shows, why it happens and how to mend it; secrets in it are masked."""
    from agents.mending import LONGEST_LOG, last_part  # noqa: PLC0415 - only what a command needs is loaded

    spoken = _language(language)
    with _mender(settings) as mender:

        def found(text: str, _: object = None) -> dict[str, Any]:
            return _diagnosis_json(mender, text, spoken)

        if log == "-":
            batch(found)
            return
        whole = sys.stdin.read() if log is None else log
        read = last_part(whole)
        if len(read) < len(whole):
            sys.stderr.write(f"atlas: only the last {LONGEST_LOG:,} characters of the log are read\n")
        diagnosis = found(read)
        if as_json:
            output.print_json(diagnosis)
        else:
            _print_diagnosis(diagnosis)


@pitfall_app.command("add")
@with_settings
def add(
    settings: "Settings",
    as_json: bool,
    file: Annotated[
        str | None, typer.Argument(help="An exported note; - reads it from standard input.", show_default=False)
    ] = None,
    title: Annotated[str | None, typer.Option(help="The failure in a few words.")] = None,
    signatures: Annotated[
        list[str] | None,
        typer.Option("--signature", help="The error as it stands in the log, <*> for what varies; may be repeated."),
    ] = None,
    cause: Annotated[str, typer.Option(help="Why it happens, in Markdown.")] = "",
    how: Annotated[str, typer.Option("--fix", help="What mends it, in Markdown.")] = "",
    check: Annotated[str, typer.Option(help="How to see that it is mended.")] = "",
    source: Annotated[str, typer.Option(help="Where it is known from: https://...")] = "",
    related: Annotated[list[str] | None, typer.Option(help="A note it occurs with, by id; may be repeated.")] = None,
    language: _Lang = None,
) -> None:
    """Add a pitfall: it becomes a note of yours and is found from then on. Secrets in it are masked."""
    from tools.fault.own_pitfall import OwnPitfall  # noqa: PLC0415

    spoken = _language(language)
    if title or signatures:
        if file:
            raise UserMistake(f"both the file {file!r} and options describe the pitfall.", "Give one of them.")
        wanted = OwnPitfall(
            title or "", tuple(signatures or ()), cause, how, check, source, spoken, tuple(related or ())
        )
    else:
        wanted = _read(file)
    with _mender(settings) as mender:
        added = mender.add(wanted)
    if as_json:
        output.print_json(asdict(added) | {"path": str(added.path)})
        return
    sys.stdout.write(f"added {added.note}: {added.title}\n  {added.path}\n")
    for kind, count in added.masked.items():
        sys.stdout.write(f"  {count} masked: {kind}\n")
    for known in added.beside:
        sys.stdout.write(f"  its logs also show: {known}\n")


@pitfall_app.command("list")
@with_settings
def list_added(settings: "Settings", as_json: bool) -> None:
    """List the pitfalls that were added."""
    with _mender(settings) as mender:
        rows = [
            {
                "note": note.id,
                "title": note.title_in("en"),
                "summary": note.summary_in("en"),
                "signatures": list(note.pitfall.signatures) if note.pitfall else [],
                "path": note.documents[0].path,
            }
            for note in mender.added
        ]
    if as_json:
        output.print_json({"pitfalls": rows})
        return
    for row in rows:
        sys.stdout.write(f"{row['note']}  {row['title']}\n")
    if not rows:
        sys.stdout.write("none yet: add one with `atlas pitfall add`\n")


@pitfall_app.command("export")
@with_settings
def export(settings: "Settings", as_json: bool, pitfall: _Id) -> None:
    """Print the note of a pitfall; `atlas pitfall add` reads it again."""
    with _mender(settings) as mender:
        text = mender.exported(pitfall)
    if as_json:
        output.print_json({"note": pitfall, "text": text})
    else:
        sys.stdout.write(text)


@pitfall_app.command("remove")
@with_settings
def remove(settings: "Settings", as_json: bool, pitfall: _Id) -> None:
    """Remove a pitfall that was added, and its note."""
    with _mender(settings) as mender:
        mender.remove(pitfall)
    if as_json:
        output.print_json({"removed": pitfall})
    else:
        sys.stdout.write(f"removed {pitfall}\n")


@contextmanager
def _mender(settings: "Settings") -> Generator["Mender"]:
    """Open the notes, brought up to date, with all their pitfalls."""
    from agents.mending import Mender  # noqa: PLC0415
    from ui.assembly import open_index, updated  # noqa: PLC0415

    with open_index(settings) as index:
        updated(index)
        yield Mender(index)


def _read(file: str | None) -> "OwnPitfall":
    from tools.fault.own_pitfall import parsed  # noqa: PLC0415

    remedy = "Give --title, --signature, --cause and --fix, or the file of an exported note."
    if file is None and sys.stdin.isatty():
        raise UserMistake("there is no pitfall to add.", remedy)
    if file is None or file == "-":
        return parsed(sys.stdin.read())
    try:
        return parsed(Path(file).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UserMistake(f"{file!r} cannot be read: {error}.", remedy) from error


def _language(given: str | None) -> "Language":
    for language in LANGUAGES:
        if language == (given or "en"):
            return language
    raise UserMistake(f"there is no language {given!r}.", f"There are {', '.join(LANGUAGES)}.")


def _diagnosis_json(mender: "Mender", log: str, language: "Language") -> dict[str, Any]:
    found = mender.diagnose(log, language)
    return {
        "matches": [asdict(match) for match in found.matches],
        "nearest": [asdict(match) for match in found.nearest],
        "abstained": found.abstained,
        "masked": dict(found.masked),
        "error": asdict(found.error) if found.error else None,
    }


def _print_diagnosis(found: Mapping[str, Any]) -> None:
    if found["masked"]:
        sys.stdout.write(f"masked: {', '.join(f'{kind} x {n}' for kind, n in found['masked'].items())}\n\n")
    if found["abstained"]:
        sys.stdout.write("Not known here.\n")
        for one in found["nearest"]:
            sys.stdout.write(f"  nearest, in doubt: {one['title']}  {one['source']}\n")
        sys.stdout.write("When you have mended it, add it: atlas pitfall add --help\n")
    for one in found["matches"]:
        whose = ", your own" if one["own"] else ""
        sys.stdout.write(f"{one['title']} ({one['score']:.0%}{whose})\n")
        sys.stdout.write("".join(f"  {line['number']}: {line['text'][:300]}\n" for line in one["lines"][:5]))
        parts = (one["cause"], one["fix"], one["check"])
        sys.stdout.write("".join(f"\n{part}\n" for part in parts if part))
        sys.stdout.write(f"\n  {one['source']}\n\n")


COMMANDS: Final[dict[str, Callable[..., None]]] = {"fix": fix}
