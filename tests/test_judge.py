"""The judge reads one token of a model, and joins it with what code finds; a broken model is a ModelFailed."""

import threading
from collections.abc import Mapping
from dataclasses import replace

import pytest
from scripted_model import Request, ScriptedModel, refusing_url

from agents import weights
from agents.embedded import CAPABILITIES, EmbeddedServer
from agents.endpoint import Endpoint
from agents.judge import CHECK_SLOT, Judge, Judgement, verdict
from agents.probe import Capabilities
from knowledge.errors import ModelFailed

PASSAGES = (
    "Speculative decoding lets a small draft model propose tokens, which the large target model verifies.",
    "Decode is memory-bound at small batch sizes.",
)
TRUE = "A small draft model proposes tokens."
FALSE = "Decode is compute-bound at small batch sizes."
LOGPROBS = Capabilities(reachable=True, logprobs=True)
WORDS = Capabilities(reachable=True)


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [
        ({"yes": 0.8, "no": 0.2}, 0.8),
        ({"Yes": 0.5, " yes": 0.3, "No": 0.2}, 0.8),
        ({"是": 0.6, "否": 0.2, "The": 0.2}, 0.75),
        ({"no": 0.9, "maybe": 0.1}, 0.0),
    ],
    ids=["plain", "variants add up", "Chinese, others left out", "yes not among the options"],
)
def test_probability_is_that_of_yes_against_no(probabilities: Mapping[str, float], expected: float) -> None:
    with ScriptedModel() as model:
        model.reply(probabilities=probabilities, when=Request.is_check)
        judged = Judge(model.endpoint, LOGPROBS).ask(TRUE, PASSAGES)
    assert judged.probability == pytest.approx(expected)
    assert not judged.worded


@pytest.mark.parametrize(("text", "expected"), [("Yes.", 1.0), (" no", 0.0), ("是的", 1.0), ("否。", 0.0)])
def test_without_probabilities_the_word_counts_and_is_marked(text: str, expected: float) -> None:
    with ScriptedModel() as model:
        model.reply(text)
        judged = Judge(model.endpoint, WORDS).ask(TRUE, PASSAGES)
        assert "logprobs" not in model.requests[0].body
    assert judged == Judgement(expected, worded=True)


def test_a_server_that_leaves_probabilities_out_is_read_by_its_word() -> None:
    with ScriptedModel() as model:
        model.reply("yes")
        assert Judge(model.endpoint, LOGPROBS).ask(TRUE, PASSAGES) == Judgement(1.0, worded=True)


def test_a_word_is_never_fully_sure() -> None:
    assert Judgement(1.0, worded=True).log_odds < Judgement(1.0).log_odds < 20


def test_claims_on_the_same_passages_share_all_that_precedes_them() -> None:
    with ScriptedModel() as model:
        model.reply(probabilities={"yes": 0.9, "no": 0.1}, times=None)
        judge = Judge(model.endpoint, LOGPROBS)
        for claim in (TRUE, FALSE):
            judge.ask(claim, PASSAGES)
        first, second = (request.prompt for request in model.requests)
    assert first.split(TRUE)[0] == second.split(FALSE)[0]
    assert all(passage in first.split(TRUE)[0] for passage in PASSAGES)


def test_only_the_embedded_server_is_told_of_slots() -> None:
    with ScriptedModel() as model:
        model.reply(probabilities={"yes": 0.9, "no": 0.1}, times=None)
        Judge(model.endpoint, LOGPROBS).ask(TRUE, PASSAGES)
        Judge(replace(model.endpoint, rung="embedded"), LOGPROBS).ask(TRUE, PASSAGES)
        other, embedded = (request.body for request in model.requests)
    assert "id_slot" not in other
    assert (embedded["id_slot"], embedded["cache_prompt"]) == (CHECK_SLOT, True)


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        ({"text": "Perhaps."}, "'Perhaps.'"),
        ({"text": ""}, "empty answer"),
        ({"malformed": True}, "protocol"),
        ({"status": 500, "message": "broken"}, "500"),
    ],
    ids=["neither yes nor no", "nothing", "no JSON", "server error"],
)
def test_a_malformed_answer_is_a_failure_of_the_model(reply: dict[str, object], message: str) -> None:
    with ScriptedModel() as model:
        model.reply(**reply)  # pyright: ignore[reportArgumentType]
        with pytest.raises(ModelFailed, match=message):
            Judge(model.endpoint, WORDS).ask(TRUE, PASSAGES)


def test_a_server_that_is_down_is_a_failure_of_the_model() -> None:
    with refusing_url() as url, pytest.raises(ModelFailed, match="Nothing answers"):
        Judge(Endpoint(url, "m"), LOGPROBS).ask(TRUE, PASSAGES)


def test_a_server_that_is_too_slow_is_a_failure_of_the_model() -> None:
    with ScriptedModel() as model:
        model.reply(hang=True)
        with pytest.raises(ModelFailed, match="sent nothing"):
            Judge(replace(model.endpoint, timeout_s=0.2), LOGPROBS).ask(TRUE, PASSAGES)


def test_abort_ends_a_question_under_way() -> None:
    with ScriptedModel() as model:
        model.reply(hang=True)
        judge = Judge(model.endpoint, LOGPROBS)
        stopper = threading.Thread(target=lambda: (model.wait_for_requests(1), judge.abort()))
        stopper.start()
        with pytest.raises(ModelFailed):
            judge.ask(TRUE, PASSAGES)
        stopper.join()


@pytest.mark.parametrize(
    ("claim", "yes", "expected"),
    [
        (TRUE, 0.95, "supported"),
        (TRUE, 0.05, "not_found"),
        (FALSE, 0.95, "contradicted"),
        ("LightServe offers tracing.", 0.05, "not_found"),
    ],
    ids=["both say yes", "the model says no", "code finds the opposite", "neither finds it"],
)
def test_verdict_joins_code_and_judge(claim: str, yes: float, expected: str) -> None:
    with ScriptedModel() as model:
        model.reply(probabilities={"yes": yes, "no": 1 - yes}, times=None)
        found = verdict(claim, PASSAGES, Judge(model.endpoint, LOGPROBS))
    assert found.check.verdict == expected
    assert (found.check.score > 0.5) == (expected == "supported")
    assert found.check.scores["model"] == pytest.approx(yes)
    assert set(found.check.scores) == {"code", "model"}


def test_a_verdict_names_the_sentence_and_what_clashes() -> None:
    found = verdict(FALSE, PASSAGES, None)
    assert found.place is not None
    assert (found.place.passage, found.place.start, found.place.end) == (1, 0, len(PASSAGES[1]))
    assert any("compute" in reason for reason in found.check.reasons)


def test_a_verdict_says_that_only_a_word_was_to_be_had() -> None:
    with ScriptedModel() as model:
        model.reply("yes")
        found = verdict(TRUE, PASSAGES, Judge(model.endpoint, WORDS))
    assert found.check.verdict == "supported"
    assert any("word" in reason for reason in found.check.reasons)


@pytest.mark.parametrize(("claim", "expected"), [(TRUE, "supported"), (FALSE, "contradicted")])
def test_without_a_judge_code_gives_the_verdict(claim: str, expected: str) -> None:
    found = verdict(claim, PASSAGES, None)
    assert found.check.verdict == expected
    assert set(found.check.scores) == {"code"}


def test_without_passages_nothing_is_found_and_no_model_is_asked() -> None:
    with ScriptedModel() as model:
        found = verdict(TRUE, [], Judge(model.endpoint, LOGPROBS))
        assert model.requests == []
    assert (found.check.verdict, found.check.score, found.place) == ("not_found", 0.0, None)


@pytest.mark.model
def test_the_embedded_model_tells_true_from_false() -> None:
    path = weights.locate(weights.SMALL, weights.default_cache_dir())
    if path is None:
        pytest.skip("the small model is not installed")
    server = EmbeddedServer(weights.SMALL, path)
    try:
        judge = Judge(server.start(), CAPABILITIES)
        true, false = judge.ask(TRUE, PASSAGES), judge.ask("Redis stores tokens on disk.", PASSAGES)
    finally:
        server.close()
    assert true.probability > false.probability
