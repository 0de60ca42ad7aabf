"""An endpoint is read from options and environment, can be cut, and its failures say what to do."""

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from scripted_model import ScriptedModel, refusing_url

from agents.endpoint import OPENAI_URL, Endpoint, Line, checked_url, client, configured, failures, guarded
from agents.probe import probe
from knowledge.errors import ModelFailed, UserMistake

KEY = "sk-secret-0123456789"


def say(endpoint: Endpoint, line: Line | None = None) -> str:
    """Asks through the openai client and the guard, as the team does."""
    with line or Line(endpoint) as opened, failures(endpoint):
        chunks = client(endpoint, opened).chat.completions.create(
            model=endpoint.model, messages=[{"role": "user", "content": "hello"}], stream=True
        )
        said = [choice.delta.content or "" for chunk in guarded(chunks, endpoint) for choice in chunk.choices]
    return "".join(said)


@pytest.fixture
def model() -> Iterator[ScriptedModel]:
    with ScriptedModel(api_key=KEY, tokenizer=True, context_tokens=4096) as scripted:
        yield scripted


@pytest.mark.parametrize(
    ("options", "environment", "expected"),
    [
        pytest.param({}, {}, None, id="nothing asked for"),
        pytest.param({}, {"OPENAI_API_KEY": "k"}, None, id="a key alone sends nothing out"),
        pytest.param({}, {"OPENAI_API_KEY": "k", "OPENAI_MODEL": "m"}, (OPENAI_URL, "m", "k"), id="OpenAI itself"),
        pytest.param(
            {"base_url": "http://a:1/v1", "model": "m"},
            {"OPENAI_BASE_URL": "http://b/v1", "OPENAI_MODEL": "n", "OPENAI_API_KEY": "k"},
            ("http://a:1/v1", "m", "k"),
            id="options before environment",
        ),
        pytest.param({"base_url": "http://a:1"}, {}, ("http://a:1/v1", "", ""), id="v1 is added"),
        pytest.param({"base_url": "http://a/api/v1/"}, {}, ("http://a/api/v1", "", ""), id="slash goes"),
        pytest.param({"base_url": "https://a/v1/chat/completions"}, {}, ("https://a/v1", "", ""), id="full path"),
    ],
)
def test_endpoint_comes_from_options_before_environment(
    options: dict[str, str], environment: dict[str, str], expected: tuple[str, str, str] | None
) -> None:
    found = configured(**options, environment=environment)
    assert (found and (found.base_url, found.model, found.api_key)) == expected


@pytest.mark.parametrize(
    "url", ["localhost:8000/v1", "ftp://a/v1", "http://", "http://a:port/v1", "http://a/v1?key=1", "just words"]
)
def test_malformed_address_is_the_users_mistake_and_is_named(url: str) -> None:
    with pytest.raises(UserMistake) as caught:
        checked_url(url)
    assert repr(url) in caught.value.message
    assert "http://localhost:8000/v1" in caught.value.remedy


def test_password_in_an_address_is_refused_without_repeating_it() -> None:
    with pytest.raises(UserMistake) as caught:
        checked_url("https://me:hunter2@host/v1")
    assert "hunter2" not in str(caught.value)


def test_model_option_without_a_server_is_refused() -> None:
    with pytest.raises(UserMistake, match="'qwen'"):
        configured(model="qwen", environment={})


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:1/v1", True),
        ("http://localhost/v1", True),
        ("http://[::1]:8/v1", True),
        ("http://10.0.0.1/v1", False),
        ("https://localhost.example.org/v1", False),
    ],
)
def test_loopback_is_told_from_other_hosts(url: str, expected: bool) -> None:
    assert Endpoint(url).loopback is expected


def test_proxy_settings_do_not_apply_to_loopback(model: ScriptedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    with refusing_url() as nowhere:
        monkeypatch.setenv("HTTP_PROXY", nowhere)
        monkeypatch.setenv("NO_PROXY", "")
        model.reply("here I am")
        assert say(model.endpoint) == "here I am"


def test_words_arrive_with_the_key_and_as_asked(model: ScriptedModel) -> None:
    model.reply("Blocks, 分页 and all.")
    assert say(model.endpoint) == "Blocks, 分页 and all."
    assert model.requests[0].user == "hello"
    assert model.requests[0].headers["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        pytest.param({"status": 401}, "refused the key", id="401"),
        pytest.param({"status": 403}, "refused the key", id="403"),
        pytest.param({"status": 404, "message": "no such model"}, "no such model", id="404"),
        pytest.param({"status": 429}, "takes no more requests", id="429"),
        pytest.param({"status": 500}, "failed (HTTP 500)", id="500"),
        pytest.param({"status": 400, "message": f"bad {KEY}"}, "refused the request (HTTP 400): bad ***", id="400"),
        pytest.param({"text": ""}, "empty answer", id="empty"),
        pytest.param({"text": "one two three", "close_after": 2}, "closed the connection", id="closed mid-stream"),
        pytest.param({"text": "one two three", "end_after": 2}, "stopped in the middle", id="ends too early"),
        pytest.param({"text": "one two", "malformed": True}, "outside of OpenAI's protocol", id="malformed"),
        pytest.param({"text": "one", "hang": True}, "sent nothing for 0.3 s", id="slow before the first word"),
        pytest.param({"text": "one two", "hang_after": 2}, "sent nothing for 0.3 s", id="slow between words"),
    ],
)
def test_each_fault_is_a_model_failure_with_a_remedy(model: ScriptedModel, fault: dict[str, Any], message: str) -> None:
    model.reply(**fault)
    with pytest.raises(ModelFailed) as caught:
        say(replace(model.endpoint, timeout_s=0.3))
    assert message in caught.value.message
    assert caught.value.remedy


def test_refused_connection_is_a_model_failure_that_names_the_address() -> None:
    with refusing_url() as url, pytest.raises(ModelFailed, match="Nothing answers at") as caught:
        say(Endpoint(url, "m"))
    assert url in str(caught.value)


def test_mistake_in_our_own_code_is_not_taken_for_the_models() -> None:
    with pytest.raises(ZeroDivisionError), failures(Endpoint("http://a/v1")):
        raise ZeroDivisionError


def test_key_shows_nowhere(model: ScriptedModel, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = replace(model.endpoint, api_key="sk-wrong-key")  # the server repeats it in its answer
    with pytest.raises(ModelFailed) as caught:
        say(wrong)
    shown = "".join([str(caught.value), repr(caught.value), repr(wrong), caplog.text, probe(wrong).reason])
    assert "sk-wrong-key" not in shown
    assert "refused the key" in shown


@pytest.mark.parametrize("fault", [{"hang": True}, {"hang_after": 2}], ids=["before the first word", "between words"])
def test_cutting_the_line_ends_the_call_and_frees_the_server_at_once(
    model: ScriptedModel, fault: dict[str, Any]
) -> None:
    model.reply("one two three", **fault)
    endpoint, failed = model.endpoint, threading.Event()
    line = Line(endpoint)

    def ask() -> None:
        with pytest.raises(ModelFailed):
            say(endpoint, line)
        failed.set()

    thread = threading.Thread(target=ask)
    thread.start()
    model.wait_for_requests(1)
    time.sleep(0.1)  # the answer is under way
    began = time.monotonic()
    line.cut()
    assert failed.wait(1)
    model.wait_for_disconnect(timeout_s=1)
    assert time.monotonic() - began < 1
    thread.join()


def test_line_that_was_cut_takes_no_new_request(model: ScriptedModel) -> None:
    line = Line(model.endpoint)
    line.cut()
    with pytest.raises(ModelFailed):
        say(model.endpoint, line)
