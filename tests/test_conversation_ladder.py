"""A question whose model fails or is not sure: a rung below each failure, and the researcher where it helps."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scripted_model import ScriptedModel, refusing_url
from small_atlas import (
    QUESTION,
    VERBATIM,
    answer_of,
    answer_probe,
    endpoint_atlas,
    failures,
    of_desk,
    of_researcher,
    of_tutor,
    only,
    small_index,
    steps,
)

from agents import conversation
from agents.desk import Turn
from agents.endpoint import Endpoint
from agents.events import Cited, EvidenceFound, Failed, Step, Token
from knowledge.index import Index


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with small_index(tmp_path_factory.mktemp("conversation")) as opened:
        yield opened


# --- the ladder -----------------------------------------------------------------------------------------------------

FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "slow": ({"hang": True}, "sent nothing"),
    "slow in the middle": ({"text": "a b c d", "hang_after": 3}, "sent nothing"),
    "closing": ({"text": "a b c d", "close_after": 3}, "closed the connection"),
    "breaking off": ({"text": "a b c d", "end_after": 3}, "stopped in the middle"),
    "malformed": ({"text": "a b", "malformed": True}, "outside of OpenAI's protocol"),
    "empty": ({"text": ""}, "empty answer"),
    "overloaded": ({"status": 429}, "HTTP 429"),
    "broken": ({"status": 500}, "HTTP 500"),
}


@pytest.mark.parametrize(("fault", "message"), FAULTS.values(), ids=FAULTS)
def test_failing_model_drops_one_rung_and_the_notes_answer(
    index: Index, model: ScriptedModel, tmp_path: Path, fault: dict[str, Any], message: str
) -> None:
    answer_probe(model)
    model.reply(when=of_tutor, **fault)
    # Only what is slow has to wait until patience ends; on a busy machine the others may take their time.
    endpoint = replace(model.endpoint, timeout_s=0.4 if message == "sent nothing" else 10.0)
    events = list(endpoint_atlas(index, tmp_path, endpoint).ask(QUESTION))
    (failed,) = only(events, Failed)
    assert (failed.rung, failed.final) == ("endpoint", False)
    assert message in str(failed.error)
    assert ("teach", "failed") in steps(events)
    answer = answer_of(events)
    assert answer.rung == "notes"
    assert answer.text.startswith(f"{VERBATIM} [1]")
    assert answer.citations
    assert message in answer.notices[0]
    assert answer.notices[-1] == "Answering from the notes alone."


def test_endpoint_that_refuses_connections_is_passed_over_with_a_notice(index: Index, tmp_path: Path) -> None:
    with refusing_url() as url:
        atlas = endpoint_atlas(index, tmp_path, Endpoint(url, "gone", "sk-secret"))
        events = list(atlas.ask(QUESTION))
    answer = answer_of(events)
    assert (answer.rung, bool(answer.citations)) == ("notes", True)
    assert "Nothing answers at" in " ".join(answer.notices)
    assert "Nothing answers at" in failures(events)[0]


def test_words_of_a_failed_endpoint_are_void_and_the_embedded_model_answers(
    index: Index, model: ScriptedModel, tmp_path: Path
) -> None:
    with ScriptedModel() as below:
        answer_probe(model)
        model.reply("Void words of", close_after=3, when=of_tutor)
        below.reply(VERBATIM, when=of_tutor)
        events = list(endpoint_atlas(index, tmp_path, model.endpoint, below).ask(QUESTION))
    kinds = [type(event) for event in events if isinstance(event, Token | Failed | Cited)]
    assert kinds.index(Failed) < kinds.index(Cited)
    answer = answer_of(events)
    assert (answer.text, answer.rung) == (f"{VERBATIM} [1]", "embedded")
    assert "closed the connection" in answer.notices[0]
    assert [call.is_cut for call in answer.usage.spent] == [True, False]  # what was void was paid for all the same


def test_endpoint_that_failed_is_not_asked_again_at_once(index: Index, model: ScriptedModel, tmp_path: Path) -> None:
    answer_probe(model)
    model.fail(500, when=of_tutor)
    atlas = endpoint_atlas(index, tmp_path, model.endpoint)
    assert "HTTP 500" in atlas.answer(QUESTION).notices[0]
    asked = len(model.requests)
    assert atlas.answer(QUESTION).rung == "notes"
    assert len(model.requests) == asked


def test_key_appears_in_no_event_and_no_file(
    index: Index, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with ScriptedModel(api_key="sk-secret") as model:
        answer_probe(model, json_schema=True)
        model.fail(500, "the key sk-secret is broken", when=of_desk)
        atlas = endpoint_atlas(index, tmp_path, model.endpoint)
        atlas.desk.remember("s", Turn("1", "What is vLLM?", "What is vLLM?", "An engine.", ("vllm",)))
        seen = [repr(event) for event in atlas.ask("How does it store the KV cache?", "s")]
    with ScriptedModel(api_key="sk-other") as strict:
        stranger = replace(strict.endpoint, api_key="sk-secret")
        seen += [repr(event) for event in endpoint_atlas(index, tmp_path, stranger).ask(QUESTION, "s")]
    assert any("HTTP 401" in event for event in seen)
    printed = capfd.readouterr()
    logged = [record.getMessage() for record in caplog.records]
    assert [text for text in [*seen, *logged, printed.out, printed.err] if "sk-secret" in text] == []
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.name == "sessions.sqlite" for path in files)
    assert [path for path in files if b"sk-secret" in path.read_bytes()] == []


def test_waiting_for_a_model_to_wake_shows_that_the_tutor_is_at_work(
    index: Index, model: ScriptedModel, tmp_path: Path
) -> None:
    model.reply("x", when=lambda request: "Say yes." in request.prompt, delay_s=0.7)
    answer_probe(model)
    model.reply(VERBATIM, when=of_tutor)
    events = list(endpoint_atlas(index, tmp_path, model.endpoint).ask(QUESTION))
    waited = [step for step in only(events, Step) if step.id == "teach" and step.status == "running"]
    assert waited[0].seconds  # the tutor's own step begins at 0
    assert answer_of(events).rung == "endpoint"


# --- the researcher -------------------------------------------------------------------------------------------------


@pytest.fixture
def unsure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that is found is good enough to leave the researcher out."""
    monkeypatch.setattr(conversation, "CONFIDENT", 100.0)


@pytest.mark.usefixtures("unsure")
def test_researcher_narrows_under_a_schema_where_there_are_no_tools(
    index: Index, model: ScriptedModel, tmp_path: Path
) -> None:
    answer_probe(model, json_schema=True)
    model.reply('{"helpful": [1], "missing": "vLLM inference engine"}', when=of_researcher)
    model.reply(VERBATIM, when=of_tutor)
    events = list(endpoint_atlas(index, tmp_path, model.endpoint).ask(QUESTION))
    first, second = only(events, EvidenceFound)
    assert [evidence.note for evidence in first.evidence] == ["paged-attention"]
    assert [evidence.note for evidence in second.evidence][:2] == ["paged-attention", "vllm"]
    (asked,) = [request for request in model.requests if of_researcher(request)]
    assert asked.schema is not None
    assert asked.body["response_format"]["type"] == "json_schema"
    answer = answer_of(events)
    assert answer.usage.calls == 2
    assert "vLLM: vLLM is an inference engine" in next(r for r in model.requests if of_tutor(r)).prompt


@pytest.mark.usefixtures("unsure")
def test_researcher_uses_native_tools_where_the_probe_finds_them(
    index: Index, model: ScriptedModel, tmp_path: Path
) -> None:
    answer_probe(model, tools=True, json_schema=True)
    model.reply(tool_calls=[("search_notes", {"query": "vLLM inference engine"})], when=of_researcher)
    model.reply("done", when=of_researcher)
    model.reply(VERBATIM, when=of_tutor)
    events = list(endpoint_atlas(index, tmp_path, model.endpoint).ask(QUESTION))
    first, second = [request for request in model.requests if of_researcher(request)]
    assert (first.tools, first.schema) == (["search_notes", "calculate"], None)
    assert "vLLM is an inference engine" in str(second.messages[-1]["content"])
    assert {"vllm", "paged-attention"} <= {evidence.note for evidence in answer_of(events).evidence}
    assert answer_of(events).usage.calls == 3


@pytest.mark.usefixtures("unsure")
def test_researchers_nonsense_leaves_the_tutor_with_the_first_evidence(
    index: Index, model: ScriptedModel, tmp_path: Path
) -> None:
    answer_probe(model, json_schema=True)
    model.reply("I like the first one best.", when=of_researcher)
    model.reply(VERBATIM, when=of_tutor)
    events = list(endpoint_atlas(index, tmp_path, model.endpoint).ask(QUESTION))
    answer = answer_of(events)
    assert (answer.rung, answer.text) == ("endpoint", f"{VERBATIM} [1]")
    assert ("research", "failed") in steps(events)
    assert "something else than it was asked for" in answer.notices[0]


@pytest.mark.usefixtures("unsure")
def test_endpoint_that_can_only_chat_has_no_researcher(index: Index, model: ScriptedModel, tmp_path: Path) -> None:
    answer_probe(model)
    model.reply(VERBATIM, when=of_tutor)
    assert endpoint_atlas(index, tmp_path, model.endpoint).answer(QUESTION).rung == "endpoint"
    assert not [request for request in model.requests if of_researcher(request)]


def test_sure_find_needs_no_researcher(index: Index, model: ScriptedModel, tmp_path: Path) -> None:
    answer_probe(model, tools=True, json_schema=True)
    model.reply(VERBATIM, when=of_tutor)
    answer = endpoint_atlas(index, tmp_path, model.endpoint).answer(QUESTION)
    assert answer.usage.calls == 1
    assert not [request for request in model.requests if of_researcher(request)]
