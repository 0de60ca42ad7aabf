"""`atlas quiz`, `review`, `progress`, `path` and the records, as scripts and people use them."""

import json
from pathlib import Path

import pytest
from command_run import Command

from tools.quiz.item import from_record


def test_quiz_prints_the_fields_of_the_contract(atlas: Command) -> None:
    made = atlas("quiz", "lora", "-n", 4, "--seed", 5, "--no-model", "--json")
    assert made.status == 0
    assert len(made.json["items"]) == 4
    for item in made.json["items"]:
        fields = {"id", "type", "concept", "level", "stem", "options", "key", "explanation", "misconceptions"}
        assert fields | {"citations", "origin", "checks"} <= item.keys()
        assert item["citations"][0]["quote"]
        assert from_record(item).id == item["id"]
    assert atlas("quiz", "lora", "-n", 4, "--seed", 5, "--no-model", "--json").json["items"] == made.json["items"]


def test_quiz_keeps_to_the_types_the_level_and_the_language_asked_for(atlas: Command) -> None:
    options = ("--type", "single_choice", "--type", "numeric", "--level", 2, "--language", "zh", "--no-model", "--json")
    for item in atlas("quiz", "inference", *options).json["items"]:
        assert item["type"] in {"single_choice", "numeric"}
        assert (item["level"], item["language"]) == (2, "zh")


def test_in_a_pipe_a_quiz_is_a_sheet_with_the_answers_at_the_end(atlas: Command) -> None:
    sheet = atlas("quiz", "vllm", "-n", 3, "--seed", 1, "--no-model").out
    questions, answers = sheet.split("\n---\n")
    assert questions.count("\n[2] ") == answers.count("\n[2] ") == 1


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("quiz", "vllm", "--type", "essay"), "'essay'"),
        (("quiz", "vllm", "--origin", "thin air"), "'thin air'"),
        (("quiz", "vllm", "--language", "fr"), "'fr'"),
        (("quiz", "vllm", "-n", "0"), "0 items"),
        (("quiz", "medieval pottery glazes"), "'medieval pottery glazes'"),
        (("path", "medieval pottery glazes"), "'medieval pottery glazes'"),
        (("progress", "--learner", "bad\nname"), "name"),
        (("import-attempts", "no-such-file.jsonl"), "no-such-file.jsonl"),
        (("learner", "delete", "nobody", "--yes"), "'nobody'"),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, tuple) else "",
)
def test_a_mistake_is_named_and_ends_with_2(atlas: Command, arguments: tuple[str, ...], named: str) -> None:
    failed = atlas(*arguments, "--no-model", "--json")
    assert failed.status == 2
    assert named in failed.json["error"]["message"]
    assert failed.json["error"]["remedy"]


def test_imported_attempts_show_in_progress_and_review(atlas: Command) -> None:
    lines = [
        {"concept": "lora", "correct": True, "at": "2026-01-05T10:00:00Z"},
        {"concept": "lora", "correct": True, "at": "2026-01-20T10:00:00Z"},
        {"concept": "kv-cache", "correct": False, "at": "2026-01-20T10:05:00Z"},
    ]
    text = "\n".join(map(json.dumps, lines))
    assert atlas("import-attempts", "-", "--json", stdin=text).json["added"] == 3
    assert atlas("import-attempts", "-", "--json", stdin=text).json["known"] == 3
    progress = atlas("progress", "--no-model", "--json").json
    assert (progress["attempts"], progress["correct"]) == (3, 2)
    assert {one["concept"] for one in progress["mastery"]} == {"lora", "kv-cache"}
    review = atlas("review", "--no-model", "--json").json
    assert {one["concept"] for one in review["due"]} == {"lora", "kv-cache"}
    assert {item["concept"] for item in review["items"]} == {"lora", "kv-cache"}
    assert "LoRA" in atlas("progress", "--no-model").out


def test_path_leads_to_the_goal(atlas: Command) -> None:
    steps = atlas("path", "QLoRA", "--no-model", "--json").json["steps"]
    assert steps[-1]["concept"] == "qlora"
    assert "量化" in atlas("path", "QLoRA", "--language", "zh", "--no-model").out


def test_a_record_is_exported_moved_and_deleted(atlas: Command, tmp_path: Path) -> None:
    atlas("import-attempts", "-", stdin='{"concept": "moe", "correct": true}\n')
    file = tmp_path / "record.jsonl"
    assert atlas("learner", "export", "-o", file, "--json").json["bytes"] == file.stat().st_size
    assert atlas("learner", "export", "-o", file).status == 2
    name = "moved " + file.parent.name[:40]
    assert atlas("import-attempts", file, "--learner", name, "--json").json["added"] == 1
    assert name in atlas("learner", "list", "--json").json["learners"]
    assert atlas("learner", "delete", name, "--yes", "--json").json["deleted"] == 1
    assert name not in atlas("learner", "list", "--json").json["learners"]
    assert atlas("progress", "--no-model", "--json").json["attempts"] == 1
