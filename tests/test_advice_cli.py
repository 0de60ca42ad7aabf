"""`atlas recommend` and `atlas fix` over the built-in notes, as scripts and people use them."""

import json

import pytest
from command_run import Command

LOG = "RuntimeError: Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu!"
TOKEN = "hf_" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3f"


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


def test_fix_finds_the_pitfall_and_keeps_no_secret(atlas: Command) -> None:
    found = atlas("fix", "--json", stdin=f"Traceback (most recent call last):\ntoken={TOKEN}\n{LOG}\n")
    assert [match["pitfall"] for match in found.json["matches"]] == ["tensors-on-different-devices"]
    match = found.json["matches"][0]
    assert {"title", "fix", "score", "source"} <= match.keys()
    assert "model.device" in match["fix"]
    assert TOKEN not in found.out + found.err
    assert sum(found.json["masked"].values()) == 1


def test_fix_says_so_where_nothing_is_known(atlas: Command) -> None:
    found = atlas("fix", "make: *** No rule to make target 'dist/app.js'. Stop.", "--json").json
    assert (found["abstained"], found["matches"]) == (True, [])
    assert "Not known here" in atlas("fix", "make: *** No rule to make target 'dist/app.js'. Stop.").out


def test_both_read_one_request_a_line(atlas: Command) -> None:
    requests = [{"id": "a", "text": LOG}, {"id": "b", "text": " "}]
    fixes = atlas("fix", "-", stdin="\n".join(map(json.dumps, requests)) + "\n").lines
    assert fixes[0]["id"] == "a"
    assert fixes[0]["matches"]
    assert fixes[1]["error"]["kind"] == "user_mistake"
    advice = atlas("recommend", "-", stdin="fine-tune a model on one GPU\n给模型做量化\n").lines
    assert [bool(one["recommendations"]) for one in advice] == [True, True]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("recommend", "serve a model", "--gpu", "quantum 9000"), "quantum 9000"),
        (("recommend", "serve a model", "--system", "beos"), "beos"),
        (("recommend", " "), "empty"),
        (("fix", " "), "empty"),
        (("fix", LOG, "--language", "fr"), "'fr'"),
    ],
    ids=["gpu", "system", "no task", "no log", "language"],
)
def test_a_mistake_is_named_and_ends_with_2(atlas: Command, arguments: tuple[str, ...], named: str) -> None:
    failed = atlas(*arguments, "--json")
    assert failed.status == 2
    assert named in failed.json["error"]["message"]
    assert failed.json["error"]["remedy"]
