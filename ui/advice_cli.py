"""`atlas recommend` and `atlas fix`: which tool for a task, and what is wrong with a log."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from knowledge.errors import UserMistake
from ui import output
from ui.batch import batch
from ui.options import with_settings

if TYPE_CHECKING:  # they load the notes, which not every command needs
    from knowledge.index import Index
    from knowledge.vocabulary import Language
    from tools.fault.fault import Diagnosis
    from ui.settings import Settings

_LONGEST_LOG: Final = 1_000_000  # characters
_Lang = Annotated[str | None, typer.Option("--language", help="en or zh; that of the text where left out.")]


@with_settings
def recommend(
    settings: "Settings",
    as_json: bool,
    task: Annotated[str, typer.Argument(help="What you want to do, with your constraints; - reads one a line.")],
    gpu: Annotated[str | None, typer.Option(help='Your GPUs, as in "2x RTX 4090".')] = None,
    for_model: Annotated[str | None, typer.Option("--for-model", help="The model it is to be done with.")] = None,
    system: Annotated[str | None, typer.Option(help="linux, macos, windows, browser or android.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Nothing may leave the machine.")] = False,
    licence: Annotated[str | None, typer.Option(help="What the licence has to be, as in open-source.")] = None,
    limit: Annotated[int, typer.Option("-k", min=1, max=5, help="How many tools at most.")] = 3,
    language: _Lang = None,
) -> None:
    """Say which tools fit a task, why, what rules others out, and the first command."""
    from tools.recommend.advice import recommend as advise  # noqa: PLC0415 - only what a command needs is loaded
    from tools.recommend.constraints import corrected  # noqa: PLC0415
    from tools.recommend.reading import read  # noqa: PLC0415
    from tools.recommend.record import record  # noqa: PLC0415
    from ui.assembly import open_material  # noqa: PLC0415

    given: Mapping[str, Any] = {
        "gpu": gpu, "model": for_model, "system": system, "licence": licence, "offline": offline,
    }  # fmt: skip
    changes = {name: value for name, value in given.items() if value}
    spoken = _language(language)
    with open_material(settings) as (index, material):

        def advised(text: str, _: object = None) -> dict[str, Any]:
            asked = _text(text)
            constraints = corrected(read(asked, index.library), **changes)
            found = advise(asked, material, _search(index), constraints, limit, spoken)
            return record(found, material.graph, spoken)

        if task == "-":
            batch(advised)
        elif as_json:
            output.print_json(advised(task))
        else:
            _print_advice(advised(task))


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
    from tools.fault.casebook import Casebook  # noqa: PLC0415 - only what a command needs is loaded
    from tools.fault.fault import diagnose  # noqa: PLC0415
    from ui.assembly import open_index, updated  # noqa: PLC0415

    spoken = _language(language) or "en"
    with open_index(settings) as index:
        updated(index)
        casebook = Casebook(index.library)

        def found(text: str, _: object = None) -> dict[str, Any]:
            return _diagnosis_json(diagnose(_log(text), casebook, _search(index), spoken))

        if log == "-":
            batch(found)
            return
        diagnosis = found(sys.stdin.read(_LONGEST_LOG + 1) if log is None else log)
        if as_json:
            output.print_json(diagnosis)
        else:
            _print_diagnosis(diagnosis)


def _search(index: "Index") -> Callable[[str, int], Any]:
    from knowledge import retrieval  # noqa: PLC0415

    return lambda query, k: retrieval.search(index, query, k)


def _language(given: str | None) -> "Language | None":
    from knowledge.vocabulary import LANGUAGES  # noqa: PLC0415

    if given is None:
        return None
    for language in LANGUAGES:
        if language == given:
            return language
    raise UserMistake(f"there is no language {given!r}.", f"There are {', '.join(LANGUAGES)}.")


def _text(task: str) -> str:
    from agents import route  # noqa: PLC0415 - loads the calculators

    return route.clean(task)


def _log(text: str) -> str:
    if not text.strip():
        raise UserMistake("the log is empty.", "Paste it on standard input, or give it as an argument.")
    if len(text) > _LONGEST_LOG:
        raise UserMistake(f"the log has more than {_LONGEST_LOG:,} characters.", "Give its last part.")
    return text


def _diagnosis_json(diagnosis: "Diagnosis") -> dict[str, Any]:
    return {
        "matches": [asdict(match) for match in diagnosis.matches],
        "nearest": [asdict(match) for match in diagnosis.nearest],
        "abstained": diagnosis.abstained,
        "masked": dict(diagnosis.masked),
    }


def _print_advice(advice: Mapping[str, Any]) -> None:
    for name, one in advice["constraints"].items():
        sys.stdout.write(f"  {name}: {one['value']} ({one['strength']}: {one['words'] or 'as you said'})\n")
    for number, one in enumerate(advice["recommendations"], 1):
        sys.stdout.write(f"\n{number}. {one['title']}\n   {one['why']}\n")
        for caveat in one["caveats"]:
            sys.stdout.write(f"   ! {caveat}\n")
        if one["fit"]:
            sys.stdout.write(f"   = {one['fit']['text']}\n")
        if one["first_command"]:
            sys.stdout.write("".join(f"   $ {line}\n" for line in one["first_command"].splitlines()))
        for citation in one["evidence"]:
            sys.stdout.write(f"   [{citation['n']}] {citation['title']}  {citation['source']}\n")
    for one in advice["ruled_out"]:
        sys.stdout.write(f"\n- {one['title']}: {one['reason']}")
    if advice["abstained"]:
        nearest = ", ".join(one["title"] for one in advice["nearest"])
        sys.stdout.write(f"The notes know no tool for this; the nearest notes are: {nearest}")
    elif not advice["recommendations"]:
        sys.stdout.write("\nNo tool of the notes meets all of this.")
    sys.stdout.write(f"\n{advice['question']}\n" if advice["question"] else "\n")


def _print_diagnosis(diagnosis: Mapping[str, Any]) -> None:
    if diagnosis["abstained"]:
        sys.stdout.write("Not known here.\n")
        for one in diagnosis["nearest"]:
            sys.stdout.write(f"  perhaps ({one['score']:.0%}): {one['title']}  {one['source']}\n")
    for one in diagnosis["matches"]:
        sys.stdout.write(
            f"{one['title']} ({one['score']:.0%})\n\n{one['cause']}\n\n{one['fix']}\n\n  {one['source']}\n"
        )


COMMANDS: Final[dict[str, Callable[..., None]]] = {"recommend": recommend, "fix": fix}
