"""The command line: `atlas`."""

import gc
import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from knowledge.errors import AtlasError, UserMistake
from ui import advice_cli, auth_cli, comparison_cli, fix_cli, mcp_cli, notes_cli, observe_cli, output, record_cli
from ui.batch import batch, text_of
from ui.calculation_cli import calculation_app
from ui.export_cli import export_app
from ui.options import MODEL_WAIT_S, with_settings
from ui.serve_cli import serve_page

if TYPE_CHECKING:  # loads what not every command needs
    from ui.settings import Settings

app = typer.Typer(
    help="Learn the LLM stack: ask, search, check, calculate, be tested, choose tools, mend failures.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
notes_app = typer.Typer(help="Look after the notes.", no_args_is_help=True)
model_app = typer.Typer(help="Look after the embedded model.", no_args_is_help=True)
app.add_typer(notes_app, name="notes")
app.add_typer(model_app, name="model")
app.add_typer(calculation_app, name="calc")
app.add_typer(export_app, name="export")
record_cli.learner_app.command("password")(auth_cli.learner_password)
app.add_typer(record_cli.learner_app, name="learner")
app.add_typer(observe_cli.traces_app, name="traces")
app.add_typer(fix_cli.pitfall_app, name="pitfall")
_COMMANDS = {
    name: command
    for part in (record_cli, advice_cli, comparison_cli, fix_cli, mcp_cli, observe_cli)
    for name, command in part.COMMANDS.items()
}
for _name, _command in _COMMANDS.items():
    app.command(_name)(_command)
app.command("ui")(serve_page)
for _name, _command in notes_cli.COMMANDS.items():
    notes_app.command(_name)(_command)

_LESSONS: Final = "guided"  # the session of lessons that name none


@app.command()
@with_settings
def ask(
    settings: "Settings",
    as_json: bool,
    question: Annotated[str, typer.Argument(help="A question in English or Chinese; - reads one a line.")],
    session: Annotated[str | None, typer.Option(help="Remember this conversation under a name.")] = None,
    guided: Annotated[
        bool, typer.Option("--guided", help="Teach it step by step: it asks, and the same command answers.")
    ] = False,
) -> None:
    """Ask the team; the answer cites the notes."""
    from ui.assembly import open_atlas  # noqa: PLC0415 - only what a command needs is loaded
    from ui.terminal import show_answer  # noqa: PLC0415

    how: dict[str, Any] = {"learner": settings.learner}
    with open_atlas(settings, wait_s=MODEL_WAIT_S) as atlas:
        if guided and question != "-":
            session = session or _LESSONS
            question = question if atlas.goes_on(question, session) else f"/guide {question}"
        if question == "-":
            batch(lambda text, _: output.answer_json(atlas.answer(text, session, **how)))
        elif as_json:
            output.print_json(output.answer_json(atlas.answer(question, session, **how)))
        else:
            show_answer(atlas.ask(question, session, **how))


@app.command()
@with_settings
def search(
    settings: "Settings",
    as_json: bool,
    query: Annotated[str, typer.Argument(help="Words or a question; - reads one a line.")],
    k: Annotated[int, typer.Option("-k", min=1, max=100, help="How many passages.")] = 10,
) -> None:
    """Find passages of the notes."""
    from agents import route  # noqa: PLC0415
    from knowledge import retrieval  # noqa: PLC0415
    from ui.assembly import open_index, updated  # noqa: PLC0415

    with open_index(settings) as index:
        updated(index)

        def found(text: str, _: object = None) -> dict[str, Any]:
            passages = retrieval.search(index, route.clean(text), k)
            return {"query": text, "results": [output.evidence_json(passage) for passage in passages]}

        if query == "-":
            batch(found)
        elif as_json:
            output.print_json(found(query))
        else:
            output.print_passages(retrieval.search(index, route.clean(query), k))


@app.command()
@with_settings
def check(
    settings: "Settings",
    as_json: bool,
    claim: Annotated[str, typer.Argument(help="A statement; - reads one a line.")],
    evidence: Annotated[str | None, typer.Option(help="Check against this text instead of the notes.")] = None,
) -> None:
    """Tell whether the notes, or a text, support a claim."""
    from ui.assembly import open_atlas  # noqa: PLC0415

    with open_atlas(settings, wait_s=MODEL_WAIT_S) as atlas:
        if claim == "-":
            batch(lambda text, given: output.check_json(atlas.check(text, text_of(given, "evidence", evidence))))
        elif as_json:
            output.print_json(output.check_json(atlas.check(claim, evidence)))
        else:
            output.print_check(atlas.check(claim, evidence))


@app.command()
@with_settings
def index(
    settings: "Settings",
    as_json: bool,
    folder: Annotated[Path | None, typer.Argument(help="A folder of your own notes.")] = None,
) -> None:
    """Bring the index up to date; only what changed is read again."""
    from dataclasses import replace  # noqa: PLC0415

    from knowledge.reader import Folder  # noqa: PLC0415
    from ui.assembly import open_index  # noqa: PLC0415
    from ui.terminal import progress_line  # noqa: PLC0415

    if folder is not None:
        settings = replace(settings, folders=(*settings.folders, Folder(folder.expanduser(), own=True)))
    with open_index(settings) as opened:
        changes = opened.update(progress_line(), wait_s=10)
    if as_json:
        output.print_json(output.changes_json(changes))
        return
    if changes.locked:
        sys.stdout.write("another process is indexing these notes; nothing was done\n")
    sys.stdout.write(
        f"{len(changes.added)} added, {len(changes.changed)} changed, {len(changes.removed)} removed, "
        f"{changes.unchanged} unchanged files; {changes.embedded} passages embedded\n"
    )
    for problem in changes.failed:
        sys.stderr.write(f"{problem}\n")


@notes_app.command("check")
@with_settings
def notes_check(settings: "Settings", as_json: bool) -> None:
    """Check every note: its format, its edges, its sources, its age."""
    from datetime import UTC, datetime  # noqa: PLC0415

    from knowledge import library, local_link, reader  # noqa: PLC0415

    folders = (*settings.folders, *settings.linked)
    readings = [reader.read(path, folder) for folder in folders for path in reader.files(folder)]
    documents = [reading.document for reading in readings if reading.document is not None]
    built = library.build(documents)
    problems = [problem for reading in readings for problem in reading.problems]
    problems += [problem for document in documents for problem in local_link.dead(Path(document.path))]
    problems += [*built.problems, *library.audit(built, datetime.now(UTC).date())]
    errors = sum(problem.severity == "error" for problem in problems)
    if as_json:
        found = [output.problem_json(problem) for problem in problems]
        output.print_json({"notes": len(built.notes), "files": len(readings), "problems": found})
    else:
        for problem in problems:
            sys.stdout.write(f"{problem.severity}: {problem}\n")
        warnings = len(problems) - errors
        sys.stdout.write(f"{len(built.notes)} notes in {len(readings)} files, {errors} errors, {warnings} warnings\n")
    if errors:
        raise typer.Exit(2)


@model_app.command("list")
@with_settings
def model_list(settings: "Settings", as_json: bool) -> None:
    """List the models that can be embedded, and which are here."""
    from agents.weights import CATALOGUE, locate  # noqa: PLC0415

    here = {weights.id: locate(weights, settings.cache_dir) is not None for weights in CATALOGUE}
    if as_json:
        rows = [
            {"id": w.id, "title": w.title, "bytes": w.bytes, "licence": w.licence, "installed": here[w.id]}
            for w in CATALOGUE
        ]
        output.print_json({"models": rows})
        return
    for w in CATALOGUE:
        state = "installed" if here[w.id] else "not here"
        sys.stdout.write(f"{w.id}  {w.bytes / 1e9:.2f} GB  {w.licence}  {state}  {w.title}\n")


@model_app.command("pull")
@with_settings
def model_pull(
    settings: "Settings",
    as_json: bool,
    name: Annotated[str | None, typer.Argument(help="The id of a model; the default one where left out.")] = None,
    source: Annotated[str, typer.Option("--from", help="auto, hub, mirror, or the path of a file.")] = "auto",
) -> None:
    """Fetch an embedded model; goes on where an earlier attempt stopped."""
    from agents.download import pull  # noqa: PLC0415
    from agents.weights import DEFAULT, find  # noqa: PLC0415
    from ui.terminal import download_line  # noqa: PLC0415

    weights = find(name) if name else settings.weights or DEFAULT
    path = pull(weights, settings.cache_dir, source, download_line())
    if as_json:
        output.print_json({"model": weights.id, "path": str(path), "bytes": weights.bytes})
    else:
        sys.stdout.write(f"{path}\n")


@model_app.command("path")
@with_settings
def model_path(
    settings: "Settings",
    as_json: bool,
    name: Annotated[str | None, typer.Argument(help="The id of a model; the default one where left out.")] = None,
) -> None:
    """Print where the embedded model lies."""
    from agents.weights import DEFAULT, find, locate  # noqa: PLC0415
    from knowledge.errors import SetupMissing  # noqa: PLC0415

    weights = find(name) if name else settings.weights or DEFAULT
    path = locate(weights, settings.cache_dir)
    if path is None:
        raise SetupMissing(f"the model {weights.id!r} is not here.", f"Run `atlas model pull {weights.id}`.")
    if as_json:
        output.print_json({"model": weights.id, "path": str(path)})
    else:
        sys.stdout.write(f"{path}\n")


@app.command()
@with_settings
def doctor(settings: "Settings", as_json: bool) -> None:
    """Say what is installed, reachable or missing, and how to mend it."""
    from ui.doctor import examine  # noqa: PLC0415

    findings = examine(settings)
    if as_json:
        output.print_json({"ok": all(f["ok"] for f in findings), "findings": findings})
        return
    for finding in findings:
        mark = "✓" if finding["ok"] else "✗"
        sys.stdout.write(f"{mark} {finding['what']}: {finding['state']}\n")
        if finding["remedy"]:
            sys.stdout.write(f"    {finding['remedy']}\n")


def main(arguments: list[str] | None = None) -> None:
    """Run `atlas`; exits with 0 done, 2 the user's mistake, 3 set-up missing, 4 the model failed."""
    # Importing the big libraries makes very many lasting objects; looking for garbage meanwhile costs a fifth of it.
    gc.set_threshold(50_000, 50, 50)
    arguments = sys.argv[1:] if arguments is None else arguments
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        status = app(arguments, standalone_mode=False)
        sys.exit(status if isinstance(status, int) else 0)
    except typer.TyperException as error:
        complaint = error.format_message().rstrip(".")
        if not complaint:  # it has shown the help instead
            sys.exit(error.exit_code)
        _fail(UserMistake(f"{complaint}.", "See `atlas --help`."), arguments)
    except AtlasError as error:
        _fail(error, arguments)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _fail(error: AtlasError, arguments: list[str]) -> None:
    if "--json" in arguments:
        output.print_json(output.error_json(error))
    else:
        sys.stderr.write(f"atlas: {error}\n")
    sys.exit(error.exit_status)
