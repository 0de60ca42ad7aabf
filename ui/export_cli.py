"""`atlas export`: items for Anki, Moodle, spreadsheets and readers, and training sets from the notes."""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

import typer

from knowledge.errors import UserMistake
from ui import output
from ui.options import with_settings

if TYPE_CHECKING:  # they load the notes, which not every command needs
    from knowledge.index import Index
    from knowledge.note import Note
    from tools.export.instruction import Example
    from tools.export.training_set import Form, Wanted
    from tools.quiz.item import Item
    from tools.quiz.material import Material
    from tools.quiz.wish import Wish
    from ui.settings import Settings

export_app = typer.Typer(help="Write items and notes in the forms that other programs read.", no_args_is_help=True)

_MOST: Final = 5000  # items on a topic; no topic has more
_KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "anki": (".apkg", "Cards for Anki; importing them again updates them."),
    "markdown": (".md", "A page to read: the questions, then the answers."),
    "csv": (".csv", "A table for Excel and others, one row an item."),
    "json": (".json", "All there is of each item; --quiz reads it again."),
    "gift": (".gift", "Questions for Moodle (GIFT)."),
}

_Topics = Annotated[
    list[str] | None, typer.Argument(metavar="[TOPIC]...", help="Notes, stages or words; everything where left out.")
]
_Output = Annotated[
    str | None, typer.Option("-o", "--output", help="The file; - prints.  [llm-atlas.*]", show_default=False)
]
_Force = Annotated[bool, typer.Option("--force", help="Replace the file where it exists.")]


def _of_kind(kind: str) -> Callable[..., None]:
    """Return the command that writes items in one form."""

    @with_settings
    def export(
        settings: "Settings",
        as_json: bool,
        topics: _Topics = None,
        count: Annotated[int, typer.Option("-n", "--count", min=1, max=_MOST, help="Items on each topic.")] = 20,
        types: Annotated[list[str] | None, typer.Option("--type", help="A type of item; may be repeated.")] = None,
        level: Annotated[int | None, typer.Option(min=1, max=3, help="1 recall, 2 apply, 3 analyse.")] = None,
        language: Annotated[str | None, typer.Option(help="en or zh; that of the topic where left out.")] = None,
        seed: Annotated[int | None, typer.Option(help="Make the same items again.")] = None,
        quiz: Annotated[str | None, typer.Option(help="Take the items of this JSON file; - reads one.")] = None,
        file: _Output = None,
        force: _Force = False,
    ) -> None:
        path = _path(file, _KINDS[kind][0], as_json=as_json, force=force)
        if quiz is not None and (topics or types or language or level is not None or seed is not None):
            raise UserMistake("--quiz names the items already.", "Leave topics and what selects items out.")
        from ui.assembly import open_material  # noqa: PLC0415

        with open_material(settings) as (index, material):
            if quiz is not None:
                items = _read(quiz)
            else:
                wishes = [_wish(topic, types, level, language, seed) for topic in topics or [""]]
                items = [item for wish in wishes for item in _made(index, material, wish, count)]
        items = list({item.id: item for item in items}.values())
        if not items:
            raise UserMistake("there are no such items.", "Leave --type or --level open, or name another topic.")
        size = _write(path, [_rendered(kind, items, material.graph.notes)], force=force)
        notes = sorted({item.concept for item in items})
        _report(path, {"items": len(items), "bytes": size, "notes": notes}, f"{len(items)} items", as_json=as_json)

    return export


for _name, (_ending, _meaning) in _KINDS.items():
    export_app.command(_name, help=_meaning)(_of_kind(_name))


@export_app.command("sft")
@with_settings
def sft(
    settings: "Settings",
    as_json: bool,
    topics: _Topics = None,
    form: Annotated[str, typer.Option("--format", help="openai, alpaca or chatml.")] = "openai",
    templates: Annotated[
        list[str] | None,
        typer.Option("--template", help="all, explain, quote, diagnosis, command, question or reasoning; repeatable."),
    ] = None,
    language: Annotated[str, typer.Option(help="en, zh or both.")] = "both",
    limit: Annotated[int | None, typer.Option("-n", "--limit", min=1, help="At most so many examples.")] = None,
    seed: Annotated[int, typer.Option(help="Another one gives another choice and order.")] = 0,
    metadata: Annotated[bool, typer.Option("--metadata", help="Add where each answer comes from.")] = False,
    file: _Output = None,
    force: _Force = False,
) -> None:
    """Instructions with the notes' answers, to fine-tune a model on (JSON lines)."""
    from knowledge.vocabulary import LANGUAGES  # noqa: PLC0415 - only what a command needs is loaded
    from tools.export.instruction import TEMPLATES  # noqa: PLC0415
    from tools.export.training_set import FORMS, Wanted  # noqa: PLC0415

    path = _path(file, ".jsonl", as_json=as_json, force=force)
    names: Any = _among(templates or ["all"], TEMPLATES, "template", every="all")
    languages: Any = _among([language], LANGUAGES, "language", every="both")
    (chosen,) = cast("list[Form]", _among([form], FORMS, "format"))
    from ui.assembly import open_material  # noqa: PLC0415

    counts: Counter[str] = Counter()
    with open_material(settings) as (index, material):
        made = _examples(index, material, Wanted(names, languages, seed), topics or [])
        lines = islice(_lines(made, chosen, counts, metadata=metadata), limit)
        size = _write(path, _not_empty(lines), force=force)
    skipped = counts.pop("", 0)
    found = {"format": form, "examples": counts.total(), "bytes": size, "skipped": skipped, "templates": dict(counts)}
    left_out = f" ({skipped} that hold control tokens are left out)" if skipped else ""
    _report(path, found, f"{counts.total()} examples{left_out}", as_json=as_json)


def _wish(topic: str, types: "list[str] | None", level: int | None, language: str | None, seed: int | None) -> "Wish":
    from ui.record_cli import wish_of  # noqa: PLC0415

    return wish_of(topic, 1, types, level, language, seed)


def _made(index: "Index", material: "Material", wish: "Wish", count: int) -> "list[Item]":
    from tools.export.supply import bulk  # noqa: PLC0415

    return bulk(material, _concepts(index, material, [wish.topic], wish), wish, count)


def _concepts(index: "Index", material: "Material", topics: "Sequence[str]", wish: "Wish") -> list[str]:
    """Return the notes that some topics are about; all of them where none is named."""
    from agents.topic import topic  # noqa: PLC0415

    found = [note for words in topics for note in topic(index, material.graph, words, wish.language).notes]
    return list(dict.fromkeys(found)) or sorted(material.graph.notes)


def _read(name: str) -> "list[Item]":
    from tools.export.quiz_file import loaded  # noqa: PLC0415

    try:
        text = sys.stdin.read() if name == "-" else Path(name).expanduser().read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserMistake(f"the quiz file {name!r} cannot be read: {error}.", "Name a JSON file.") from error
    return list(loaded(text))


def _rendered(kind: str, items: "Sequence[Item]", notes: "Mapping[str, Note]") -> bytes:
    from tools.export import anki, gift, markdown, quiz_file, table  # noqa: PLC0415

    match kind:
        case "anki":
            return anki.package(items, notes)
        case "markdown":
            return markdown.page(items, notes, items[0].language).encode()
        case "csv":
            return table.csv_text(items).encode()
        case "json":
            return quiz_file.dumped(items).encode()
        case _:
            return gift.text(items, notes).encode()


def _examples(index: "Index", material: "Material", wanted: "Wanted", topics: "Sequence[str]") -> "Iterator[Example]":
    from tools.export.section import sections  # noqa: PLC0415
    from tools.export.supply import each  # noqa: PLC0415
    from tools.export.training_set import examples  # noqa: PLC0415
    from tools.quiz.graph_name import names  # noqa: PLC0415

    concepts = _concepts(index, material, topics, _wish("", None, None, next(iter(wanted.languages)), None))
    library, graph = index.library, material.graph
    made = sections(index.catalog.all_passages(), library.note_of_path, graph.notes, names(material).noun)
    of_topic = [section for section in made if section.note.id in set(concepts)]
    return examples(wanted, of_topic, lambda language, rng: each(material, concepts, language, rng))


def _lines(made: "Iterable[Example]", form: "Form", counts: "Counter[str]", *, metadata: bool) -> Iterator[bytes]:
    """Yield the lines of a training set, and count them by template; those that are left out under an empty name."""
    from tools.export.training_set import line  # noqa: PLC0415

    for example in made:
        text = line(example, form, metadata=metadata)
        counts[example.template if text is not None else ""] += 1
        if text is not None:
            yield text.encode()


def _not_empty(lines: Iterator[bytes]) -> Iterator[bytes]:
    first = next(lines, None)
    if first is None:
        raise UserMistake("there are no such examples.", "Name another template or topic.")
    return chain([first], lines)


def _path(file: str | None, ending: str, *, as_json: bool, force: bool) -> Path | None:
    """Return the file to write, or None for standard output; a mistake shows before the work begins."""
    from tools.export.file import check  # noqa: PLC0415

    if file == "-":
        if ending == ".apkg":
            raise UserMistake("an Anki package is no text.", "Name a file with -o.")
        if as_json:
            raise UserMistake("--json prints one object, so -o - cannot print the file.", "Name a file with -o.")
        return None
    path = Path(file or f"llm-atlas{ending}").expanduser()
    check(path, force=force)
    return path


def _write(path: Path | None, parts: Iterable[bytes], *, force: bool) -> int:
    from tools.export.file import write  # noqa: PLC0415

    if path is not None:
        return write(path, parts, force=force)
    size = sum(sys.stdout.buffer.write(part) for part in parts)
    sys.stdout.flush()
    return size


def _report(path: Path | None, found: "Mapping[str, Any]", what: str, *, as_json: bool) -> None:
    if path is None:
        return
    if as_json:
        output.print_json({"file": str(path), **found})
    else:
        sys.stdout.write(f"{what} in {path}\n")


def _among(given: "Sequence[str]", known: "Sequence[str]", what: str, every: str = "") -> list[str]:
    if every and every in given:
        return list(known)
    for value in given:
        if value not in known:
            names = ", ".join([*known, *filter(None, [every])])
            raise UserMistake(f"there is no {what} {value!r}.", f"There are {names}.")
    return list(dict.fromkeys(given))
