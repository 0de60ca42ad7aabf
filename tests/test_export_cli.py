"""`atlas export`: files that other programs read, as scripts and people ask for them."""

import csv
import io
import json
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import gift_reader
import pytest
from command_run import Run
from export_items import items

from knowledge.embedding import Embedder
from knowledge.index import Index
from tools.export import quiz_file
from ui import assembly, cli

Command = Callable[..., Run]


@pytest.fixture
def run(
    built_in: Index, built_in_home: Path, encoder: Embedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Command:  # fmt: skip
    """Runs a command in this process over the built-in notes, in a folder of its own."""
    for name in ("OPENAI_BASE_URL", "OPENAI_MODEL", "OPENAI_API_KEY", "ATLAS_DATABASE", "ATLAS_STORE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ATLAS_HOME", str(built_in_home))
    monkeypatch.setattr(assembly, "embedder", lambda _: encoder)
    monkeypatch.chdir(tmp_path)

    def run_command(*arguments: str | Path, stdin: str = "") -> Run:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main(["export", *(str(argument) for argument in arguments)])
        printed = capfd.readouterr()
        assert isinstance(ended.value.code, int)
        return Run(ended.value.code, printed.out, printed.err)

    return run_command


ENDINGS = {"anki": ".apkg", "markdown": ".md", "csv": ".csv", "json": ".json", "gift": ".gift"}


@pytest.mark.parametrize("kind", ENDINGS)
def test_each_kind_is_written_and_counted(run: Command, tmp_path: Path, kind: str) -> None:
    made = run(kind, "vllm", "-n", 4, "--seed", 2, "--json")
    assert made.status == 0
    assert made.json["file"] == f"llm-atlas{ENDINGS[kind]}"
    assert made.json["items"] == 4
    assert made.json["notes"] == ["vllm"]
    content = (tmp_path / f"llm-atlas{ENDINGS[kind]}").read_bytes()
    assert len(content) == made.json["bytes"]
    match kind:
        case "anki":
            assert zipfile.is_zipfile(tmp_path / "llm-atlas.apkg")
        case "markdown":
            assert content.decode().count("\n### Question ") == 4
        case "csv":
            assert len(list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))) == 4
        case "json":
            assert len(quiz_file.loaded(content.decode())) == 4
        case _:
            assert len(gift_reader.read(content.decode())) == 4


def test_text_is_printed_for_a_dash(run: Command, tmp_path: Path) -> None:
    printed = run("json", "vllm", "-n", 3, "-o", "-")
    assert len(quiz_file.loaded(printed.out)) == 3
    assert not list(tmp_path.iterdir())


def test_the_same_seed_makes_the_same_items_as_they_were_wished_for(run: Command) -> None:
    wish = ("json", "inference", "-n", 6, "--seed", 4, "--type", "single_choice", "--level", 1, "--language", "zh")
    first = run(*wish, "-o", "-").out
    assert run(*wish, "-o", "-").out == first
    made = quiz_file.loaded(first)
    assert {(item.type, item.level, item.language) for item in made} == {("single_choice", 1, "zh")}
    assert len({item.id for item in made}) == len({item.fact for item in made}) == 6


def test_several_topics_have_their_items_each(run: Command) -> None:
    made = quiz_file.loaded(run("json", "vllm", "lora", "-n", 3, "-o", "-").out)
    assert sorted(item.concept for item in made) == [*["lora"] * 3, *["vllm"] * 3]


def test_the_items_of_a_file_can_be_written_in_another_form(run: Command) -> None:
    Path("mine.json").write_text(quiz_file.dumped(items()), encoding="utf-8")
    made = run("gift", "--quiz", "mine.json", "-o", "-").out
    assert {question.name.split()[-1] for question in gift_reader.read(made)} == {item.id for item in items()}
    again = run("json", "--quiz", "-", "-o", "-", stdin=quiz_file.dumped(items())).out
    assert quiz_file.loaded(again) == items()


def test_a_file_that_is_there_stays_without_force(run: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.md").write_text("mine")
    refused = run("markdown", "vllm", "-o", "mine.md", "--json")
    assert (refused.status, refused.json["error"]["kind"]) == (2, "user_mistake")
    assert (tmp_path / "mine.md").read_text() == "mine"
    assert run("markdown", "vllm", "-n", 2, "-o", "mine.md", "--force", "--json").json["items"] == 2


def test_a_training_set_is_lines_of_json_and_the_same_again(run: Command, tmp_path: Path) -> None:
    made = run("sft", "vllm", "lora", "--format", "chatml", "-n", 30, "--json")
    assert made.status == 0
    first = (tmp_path / "llm-atlas.jsonl").read_text(encoding="utf-8")
    assert made.json["examples"] == 30 == sum(made.json["templates"].values()) == len(first.splitlines())
    assert made.json["bytes"] == len(first.encode())
    assert all(json.loads(line).keys() == {"text"} for line in first.splitlines())
    assert run("sft", "vllm", "lora", "--format", "chatml", "-n", 30, "-o", "-").out == first


def test_a_training_set_keeps_to_its_templates_language_and_notes(run: Command) -> None:
    options = ("--template", "explain", "--template", "quote", "--language", "zh", "--metadata")
    made = [json.loads(line) for line in run("sft", "vllm", *options, "-o", "-").out.splitlines()]
    assert {row["metadata"]["template"] for row in made} == {"explain", "quote"}
    assert {row["metadata"]["language"] for row in made} == {"zh"}
    assert {row["metadata"]["concept"] for row in made} == {"vllm"}


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("anki", "vllm", "-o", "-"), "package"),
        (("csv", "vllm", "-o", "-", "--json"), "--json"),
        (("csv", "vllm", "-o", "no-such-folder/x.csv"), "no-such-folder"),
        (("csv", "vllm", "--type", "essay"), "'essay'"),
        (("csv", "vllm", "--language", "fr"), "'fr'"),
        (("csv", "medieval pottery glazes"), "'medieval pottery glazes'"),
        (("csv", "vllm", "-n", "0"), "-n"),
        (("csv", "vllm", "--quiz", "x.json"), "--quiz"),
        (("csv", "--quiz", "no-such-file.json"), "no-such-file.json"),
        (("csv", "vllm", "--type", "true_false", "--level", "3"), "no such items"),
        (("sft", "--format", "parquet"), "'parquet'"),
        (("sft", "--template", "poem"), "'poem'"),
        (("sft", "--language", "fr"), "'fr'"),
        (("sft", "vllm", "--template", "diagnosis"), "no such examples"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, tuple) else "",
)
def test_a_mistake_is_named_and_ends_with_2(
    run: Command, tmp_path: Path, arguments: tuple[str, ...], named: str
) -> None:
    failed = run(*arguments, *(() if "--json" in arguments else ("--json",)))
    assert failed.status == 2
    assert named in failed.json["error"]["message"]
    assert failed.json["error"]["remedy"]
    assert not list(tmp_path.iterdir())
