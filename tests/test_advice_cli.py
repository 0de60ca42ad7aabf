"""`atlas recommend` over the built-in notes, as scripts and people use it."""

import pytest
from command_run import Command


def test_recommend_prints_the_fields_of_the_contract(atlas: Command) -> None:
    advice = atlas("recommend", "serve Qwen3-8B to many users on an RTX 4090", "--json").json
    assert {"constraints", "recommendations", "ruled_out", "abstained"} <= advice.keys()
    assert not advice["abstained"]
    best = advice["recommendations"][0]
    fields = {"tool", "title", "score", "why", "evidence", "caveats", "fit", "first_command"}
    assert fields <= best.keys()
    assert best["tool"] == "vllm"
    assert "Qwen3-8B" in best["first_command"]
    assert best["fit"]["verdict"]
    assert best["evidence"][0]["quote"] in best["why"]


def test_a_hard_constraint_rules_out_and_says_why(atlas: Command) -> None:
    advice = atlas("recommend", "track my training runs", "--offline", "--json").json
    assert advice["constraints"]["offline"]["value"] is True
    named = {one["tool"] for one in advice["recommendations"]}
    ruled_out = {one["tool"]: one["reason"] for one in advice["ruled_out"]}
    assert "swanlab" in named
    assert not named & ruled_out.keys()
    assert all(ruled_out.values())


def test_options_correct_what_was_read_from_the_words(atlas: Command) -> None:
    words = "run a 7B model on my laptop"
    assert "accelerators" not in atlas("recommend", words, "--json").json["constraints"]
    cards = atlas("recommend", words, "--gpu", "2x RTX 4090", "--json").json["constraints"]["accelerators"]["value"]
    assert [(card["name"], card["count"]) for card in cards] == [("RTX 4090", 2)]


def test_off_the_ground_it_abstains(atlas: Command) -> None:
    advice = atlas("recommend", "plan a wedding for eighty guests", "--json").json
    assert (advice["abstained"], advice["recommendations"]) == (True, [])


def test_it_reads_one_request_a_line(atlas: Command) -> None:
    advice = atlas("recommend", "-", stdin="fine-tune a model on one GPU\n给模型做量化\n").lines
    assert [bool(one["recommendations"]) for one in advice] == [True, True]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("recommend", "serve a model", "--gpu", "quantum 9000"), "quantum 9000"),
        (("recommend", "serve a model", "--system", "beos"), "beos"),
        (("recommend", " "), "empty"),
    ],
    ids=["gpu", "system", "no task"],
)
def test_a_mistake_is_named_and_ends_with_2(atlas: Command, arguments: tuple[str, ...], named: str) -> None:
    failed = atlas(*arguments, "--json")
    assert failed.status == 2
    assert named in failed.json["error"]["message"]
    assert failed.json["error"]["remedy"]
