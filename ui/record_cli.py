"""`atlas quiz` and what a learner's record tells: `review`, `progress`, `path`, and the records themselves."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

import typer

from knowledge.errors import UserMistake
from ui import output
from ui.options import MODEL_WAIT_S, with_settings

if TYPE_CHECKING:  # they load the notes and the records, which not every command needs
    from collections.abc import Callable, Collection, Mapping, Sequence

    from agents.quizzing import Examiner
    from knowledge.vocabulary import Language
    from learner.store import AttemptStore
    from learner.transfer import Report
    from tools.quiz.item import ItemType, Level, Origin
    from tools.quiz.quiz import Quiz
    from tools.quiz.wish import Wish
    from ui.settings import Settings

learner_app = typer.Typer(help="Look after learners' records.", no_args_is_help=True)

_Count = Annotated[int, typer.Option("-n", "--count", help="How many items.")]
_Kinds = Annotated[list[str] | None, typer.Option("--type", help="A type of item; may be repeated.")]
_Origins = Annotated[list[str] | None, typer.Option("--origin", help="graph, calculator or model; may be repeated.")]
_Level = Annotated[int | None, typer.Option("--level", min=1, max=3, help="1 recall, 2 apply, 3 analyse.")]
_Lang = Annotated[str | None, typer.Option("--language", help="en or zh; that of the topic where left out.")]
_Seed = Annotated[int | None, typer.Option(help="Make the same quiz again.")]


def wish_of(
    topic: str,
    count: int,
    kinds: list[str] | None,
    level: int | None,
    language: str | None,
    seed: int | None,
    origins: list[str] | None = None,
) -> "Wish":
    """Return the wish that options name.

    Raises UserMistake for a type, an origin or a language there is none of.
    """
    from knowledge.language import question_language  # noqa: PLC0415 - only what a command needs is loaded
    from knowledge.vocabulary import LANGUAGES  # noqa: PLC0415
    from tools.quiz.item import ORIGINS, TYPES  # noqa: PLC0415
    from tools.quiz.wish import Wish  # noqa: PLC0415

    return Wish(
        topic=topic,
        n=count,
        types=cast("tuple[ItemType, ...]", _among(kinds or (), TYPES, "type")),
        level=cast("Level | None", level),
        language=cast("Language", _among([language], LANGUAGES, "language")[0])
        if language
        else question_language(topic),
        seed=seed,
        origins=cast("tuple[Origin, ...]", _among(origins or (), ORIGINS, "origin")),
    )


@with_settings
def quiz(
    settings: "Settings",
    as_json: bool,
    topic: Annotated[str, typer.Argument(help="A note, a stage or a few words; anything where left out.")] = "",
    count: _Count = 5,
    kinds: _Kinds = None,
    level: _Level = None,
    language: _Lang = None,
    seed: _Seed = None,
    origins: _Origins = None,
) -> None:
    """Be tested on a topic; in a pipe or a file, the items with their keys."""
    from ui.assembly import open_atlas  # noqa: PLC0415

    wish = wish_of(topic, count, kinds, level, language, seed, origins)
    with open_atlas(settings, wait_s=MODEL_WAIT_S if "model" in wish.origins else 0.0) as atlas:
        made, usage = atlas.examiner.complete(wish, settings.learner)
        _present(atlas.examiner, made, settings.learner, as_json=as_json, more={"usage": asdict(usage)})


@with_settings
def review(settings: "Settings", as_json: bool, count: _Count = 10, language: _Lang = None) -> None:
    """Be tested on what is due."""
    from dataclasses import replace  # noqa: PLC0415

    from ui.assembly import open_atlas  # noqa: PLC0415
    from ui.standing_text import due_json  # noqa: PLC0415

    wish = replace(wish_of("", count, None, None, language, None), source="due")
    with open_atlas(settings, wait_s=0) as atlas:
        due = due_json(atlas.examiner.progress(settings.learner), atlas.graph, wish.language)
        _present(
            atlas.examiner, atlas.examiner.quiz(wish, settings.learner), settings.learner, as_json=as_json, more=due
        )


@with_settings
def progress(settings: "Settings", as_json: bool, language: _Lang = None) -> None:
    """Tell how far each concept is mastered, what is due and what is weak."""
    from ui.assembly import open_atlas  # noqa: PLC0415
    from ui.standing_text import progress_json, progress_text  # noqa: PLC0415

    with open_atlas(settings, wait_s=0) as atlas:
        spoken = wish_of("", 1, None, None, language, None).language
        found = atlas.examiner.progress(settings.learner)
        if as_json:
            output.print_json(progress_json(found, settings.learner, atlas.graph, spoken))
        else:
            sys.stdout.write(progress_text(found, settings.learner, atlas.graph, spoken))


@with_settings
def path(
    settings: "Settings",
    as_json: bool,
    goal: Annotated[str, typer.Argument(help="What you want to understand.")],
    language: _Lang = None,
) -> None:
    """Tell what to learn for a goal, in order."""
    from ui.assembly import open_atlas  # noqa: PLC0415

    with open_atlas(settings, wait_s=0) as atlas:
        spoken = wish_of(goal, 1, None, None, language, None).language
        steps = atlas.examiner.path(goal, settings.learner, spoken)
        if as_json:
            output.print_json({"goal": goal, "steps": [asdict(step) for step in steps]})
            return
        for number, step in enumerate(steps, 1):
            sys.stdout.write(f"{number:3}. {step.title}  ({step.state}, {step.mastery:.0%})\n")
        if not steps:
            sys.stdout.write("nothing is missing\n")


@with_settings
def import_attempts(
    settings: "Settings",
    as_json: bool,
    file: Annotated[Path, typer.Argument(help="JSON lines or a JSON array; - reads standard input.")],
    of: Annotated[str, typer.Option("--of", help="Take only the attempts of this learner.")] = "",
) -> None:
    """Add attempts from a file to the learner's record; the same file may be read twice."""
    from ui.assembly import open_index, open_records, updated  # noqa: PLC0415

    with open_index(settings) as index, open_records(settings) as store:
        updated(index)
        report = _loaded(store, settings.learner, file, index.library.notes, of)
    if as_json:
        output.print_json(asdict(report) | {"unknown": dict(report.unknown), "learner": settings.learner})
        return
    sys.stdout.write(f"{report.added} added, {report.known} known already, {report.refused_count} refused\n")
    for refused in report.refused:
        sys.stderr.write(f"line {refused.line}: {refused.reason}\n")
    for concept, times in report.unknown.items():
        sys.stderr.write(f"there is no note {concept!r} ({times} attempts, kept)\n")


@learner_app.command("list")
@with_settings
def learner_list(settings: "Settings", as_json: bool) -> None:
    """List those who have records."""
    from ui.assembly import open_records  # noqa: PLC0415

    with open_records(settings) as store:
        names = store.learners()
    if as_json:
        output.print_json({"learners": names})
    else:
        sys.stdout.write("".join(f"{name}\n" for name in names))


@learner_app.command("export")
@with_settings
def learner_export(
    settings: "Settings",
    as_json: bool,
    file: Annotated[Path, typer.Option("-o", "--output", help="The file to write; - is standard output.")],
    force: Annotated[bool, typer.Option("--force", help="Replace the file where it exists.")] = False,
) -> None:
    """Write all attempts of the learner as JSON lines; `atlas import-attempts` reads them again."""
    from datetime import UTC, datetime  # noqa: PLC0415

    from learner import transfer  # noqa: PLC0415
    from tools.export.file import write  # noqa: PLC0415
    from ui.assembly import open_records  # noqa: PLC0415

    with open_records(settings) as store:
        lines = transfer.export(store, settings.learner, datetime.now(UTC))
        if str(file) == "-":
            sys.stdout.writelines(lines)
            return
        size = write(file, (line.encode() for line in lines), force=force)
    if as_json:
        output.print_json({"file": str(file), "learner": settings.learner, "bytes": size})
    else:
        sys.stdout.write(f"the record of {settings.learner} is in {file}\n")


@learner_app.command("delete")
@with_settings
def learner_delete(
    settings: "Settings",
    as_json: bool,
    name: Annotated[str, typer.Argument(help="Whose record goes.")],
    sure: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete all that is stored of a learner, for good."""
    from ui.assembly import open_records  # noqa: PLC0415

    with open_records(settings) as store:
        if name not in store.learners():
            known = ", ".join(store.learners()) or "none"
            raise UserMistake(f"there is no record of {name!r}.", f"There are records of: {known}.")
        if not sure:
            typer.confirm(f"Delete all attempts of {name!r}?", abort=True, err=True)
        deleted = store.delete(name)
    if as_json:
        output.print_json({"learner": name, "deleted": deleted})
    else:
        sys.stdout.write(f"{deleted} attempts of {name} deleted\n")


def _loaded(store: "AttemptStore", learner: str, file: Path, concepts: "Collection[str]", of: str) -> "Report":
    from datetime import UTC, datetime  # noqa: PLC0415

    from learner import transfer  # noqa: PLC0415

    if str(file) == "-":
        return transfer.load(store, learner, sys.stdin, datetime.now(UTC), concepts=concepts, of=of)
    try:
        with file.open(encoding="utf-8") as lines:
            return transfer.load(store, learner, lines, datetime.now(UTC), concepts=concepts, of=of)
    except (OSError, UnicodeDecodeError) as error:
        raise UserMistake(f"{str(file)!r} cannot be read: {error}.", "Name a file of JSON lines.") from error


def _present(
    examiner: "Examiner", made: "Quiz", learner: str, *, as_json: bool, more: "Mapping[str, Any] | None" = None
) -> None:
    """Print a quiz as JSON, ask it in a terminal, or print it with its keys."""
    from tools.quiz.item import record  # noqa: PLC0415
    from ui.quiz_terminal import ask_all, sheet  # noqa: PLC0415

    if as_json:
        fields = {"quiz": made.id, "topic": made.topic, "learner": learner, "notices": list(made.notices)}
        output.print_json(fields | {"items": [record(item) for item in made.items]} | dict(more or {}))
        return
    for notice in made.notices:  # where there is nothing to ask, they are all there is to say
        (sys.stderr if made.items else sys.stdout).write(f"{notice}\n")
    if sys.stdin.isatty() and sys.stdout.isatty():
        ask_all(examiner, made, learner)
    else:
        sys.stdout.write(sheet(made))


def _among(given: "Sequence[str]", known: "Sequence[str]", what: str) -> tuple[str, ...]:
    for value in given:
        if value not in known:
            raise UserMistake(f"there is no {what} {value!r}.", f"There are {', '.join(known)}.")
    return tuple(given)


COMMANDS: Final[dict[str, "Callable[..., None]"]] = {
    "quiz": quiz,
    "review": review,
    "progress": progress,
    "path": path,
    "import-attempts": import_attempts,
}
