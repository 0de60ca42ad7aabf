"""`atlas fix` and `atlas pitfall` as scripts and people use them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from command_run import Run
from conftest import Command
from small_atlas import NOTES, write_notes

LOG = "RuntimeError: Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu!"
TOKEN = "hf_" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3f"
MINE = "FrobnicationError: the frobnicator at 10.0.0.3 refused"
ADD = (
    "pitfall", "add", "--title", "The frobnicator refuses", "--signature", "FrobnicationError: the frobnicator at <*> refused",
    "--cause", "It sleeps.", "--fix", "Wake it:\n\n```bash\nwake\n```", "--source", "https://example.org/frob",
)  # fmt: skip
ID = "the-frobnicator-refuses"


@pytest.fixture
def own(atlas: Command, tmp_path: Path) -> Callable[..., Run]:
    """Run a command over a home and a few notes of the test's own."""
    folder = write_notes(tmp_path / "own", {"vllm": NOTES["vllm"]})

    def run(*arguments: str, stdin: str = "") -> Run:
        home = ["--home", tmp_path / "home", "--notes", folder.path, "--only-notes"]
        return atlas(*arguments, *home, stdin=stdin)

    return run


def test_a_match_has_the_fields_of_the_contract_and_keeps_no_secret(atlas: Command) -> None:
    run = atlas("fix", "--json", stdin=f"Traceback (most recent call last):\ntoken={TOKEN}\n{LOG}\n")
    found = run.json
    assert [match["pitfall"] for match in found["matches"]] == ["tensors-on-different-devices"]
    match = found["matches"][0]
    assert (found["abstained"], match["own"], found["error"]["number"]) == (False, False, 3)
    assert {"title", "fix", "cause", "check", "score", "source", "citations", "lines"} <= match.keys()
    assert "model.device" in match["fix"]
    assert TOKEN not in run.out + run.err
    assert sum(found["masked"].values()) == 1


def test_people_see_the_line_the_cause_and_the_fix(atlas: Command) -> None:
    shown = atlas("fix", stdin=f"starting\n{LOG}\n").out
    assert f"  2: {LOG}" in shown
    assert "99%" in shown
    assert "model.device" in shown


def test_an_unknown_error_names_the_nearest_in_doubt_and_the_way_to_add_it(atlas: Command) -> None:
    shown = atlas("fix", "FrobnicationError: connecting to the model API was refused by the frobnicator").out
    assert shown.startswith("Not known here.")
    assert "nearest, in doubt:" in shown
    assert "atlas pitfall add" in shown


def test_what_is_no_error_of_the_stack_is_not_known(atlas: Command) -> None:
    found = atlas("fix", "make: *** No rule to make target 'dist/app.js'. Stop.", "--json").json
    assert (found["abstained"], found["matches"]) == (True, [])


def test_of_a_long_log_the_last_part_is_read(atlas: Command) -> None:
    run = atlas("fix", "--json", stdin="step ok\n" * 150_000 + LOG)
    assert run.json["matches"][0]["pitfall"] == "tensors-on-different-devices"
    assert "last 1,000,000 characters" in run.err


def test_a_pitfall_is_added_found_listed_exported_and_removed(own: Callable[..., Run]) -> None:
    added = own(*ADD, "--json").json
    assert (added["note"], Path(added["path"]).exists(), added["masked"], added["beside"]) == (ID, True, {}, [])
    match = own("fix", MINE, "--json").json["matches"][0]
    assert (match["pitfall"], match["own"], match["source"]) == (ID, True, "https://example.org/frob")
    assert own("search", "frobnicator sleeps", "--json").json["results"][0]["note"] == ID
    assert [row["note"] for row in own("pitfall", "list", "--json").json["pitfalls"]] == [ID]
    exported = own("pitfall", "export", ID).out
    assert exported == own("pitfall", "export", ID, "--json").json["text"]
    assert own("pitfall", "remove", ID, "--json").json == {"removed": ID}
    assert own("fix", MINE, "--json").json["abstained"]
    assert own("pitfall", "add", "--json", stdin=exported).json["note"] == ID
    assert own("pitfall", "export", ID).out == exported


def test_an_exported_note_is_added_from_its_file(own: Callable[..., Run], tmp_path: Path) -> None:
    own(*ADD)
    file = tmp_path / "shared.md"
    file.write_text(own("pitfall", "export", ID).out, encoding="utf-8")
    own("pitfall", "remove", ID)
    assert own("pitfall", "add", str(file), "--json").json["note"] == ID


def test_people_are_told_what_was_added_listed_and_removed(own: Callable[..., Run]) -> None:
    assert "none yet" in own("pitfall", "list").out
    told = own(*ADD, "--check", "password=hunter2 works").out
    assert f"added {ID}: The frobnicator refuses" in told
    assert "1 masked: password" in told
    assert f"{ID}  The frobnicator refuses" in own("pitfall", "list").out
    assert own("fix", MINE).out.startswith("The frobnicator refuses (99%, your own)")
    assert own("pitfall", "remove", ID).out == f"removed {ID}\n"


@pytest.mark.parametrize(
    ("arguments", "stdin", "named"),
    [
        (("fix", " "), "", "empty"),
        (("fix", LOG, "--language", "fr"), "", "'fr'"),
        (("pitfall", "add", "--title", "Only a title here"), "", "signature is empty"),
        ((*ADD, "--signature", "connection refused"), "", "too general"),
        ((*ADD, "--related", "vlllm"), "", "'vlllm'"),
        (("pitfall", "add"), "no note", "no note of a pitfall"),
        (("pitfall", "add", "/nowhere.md"), "", "/nowhere.md"),
        ((*ADD, "x.md"), "", "x.md"),
        (("pitfall", "remove", "nothing"), "", "'nothing'"),
        (("pitfall", "export", "vllm"), "", "'vllm'"),
    ],
    ids=["no log", "language", "no signature", "general", "related", "no note", "no file", "both", "remove", "export"],
)
def test_a_mistake_is_named_and_ends_with_2(
    own: Callable[..., Run], arguments: tuple[str, ...], stdin: str, named: str
) -> None:
    failed = own(*arguments, "--json", stdin=stdin)
    assert failed.status == 2, failed.out
    assert named in failed.json["error"]["message"]
    assert failed.json["error"]["remedy"]


def test_one_request_a_line(own: Callable[..., Run]) -> None:
    own(*ADD)
    requests = [{"id": "a", "text": MINE}, {"id": "b", "text": " "}]
    lines = own("fix", "-", stdin="\n".join(map(json.dumps, requests)) + "\n").lines
    assert (lines[0]["id"], lines[0]["matches"][0]["pitfall"]) == ("a", ID)
    assert lines[1]["error"]["kind"] == "user_mistake"
