"""A probe believes what a server does, not what it accepts."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from scripted_model import Request, ScriptedModel, refusing_url

from agents.endpoint import Endpoint
from agents.probe import Capabilities, count_tokens, estimate_tokens, named, probe


@pytest.fixture
def model() -> Iterator[ScriptedModel]:
    with ScriptedModel(api_key="key", tokenizer=True, context_tokens=4096) as scripted:
        yield scripted


def answer_probe(model: ScriptedModel, *, able: bool) -> None:
    """Scripts a server that can do everything the probe asks for, or accepts it all and does nothing of it."""
    plain = {"times": None}
    model.reply(probabilities={"yes": 0.9} if able else None, text="yes", when=Request.is_check, **plain)
    schema = '{"colour": "red"}' if able else "Red is a colour."
    model.reply(schema, when=lambda request: request.schema is not None, **plain)
    call = [("weather", {"city": "Paris"})] if able else []
    model.reply("<tools> weather(Paris)", tool_calls=call, when=lambda request: bool(request.tools), **plain)


def test_probe_finds_what_a_server_can_do(model: ScriptedModel) -> None:
    answer_probe(model, able=True)
    assert probe(model.endpoint) == Capabilities(True, True, True, True, True, 4096)


def test_probe_believes_answers_and_not_politeness() -> None:
    with ScriptedModel() as plain:
        answer_probe(plain, able=False)
        assert probe(plain.endpoint) == Capabilities(True)


def test_probe_takes_a_refused_option_for_a_missing_ability() -> None:
    with ScriptedModel() as strict:
        strict.fail(400, times=None, when=lambda request: request.max_tokens != 1 or request.is_check())
        strict.reply("yes")
        assert probe(strict.endpoint) == Capabilities(True)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [({"status": 500}, "HTTP 500"), ({"malformed": True}, "protocol"), ({"hang": True}, "sent nothing")],
    ids=["failing", "malformed", "slow"],
)
def test_probe_gives_the_reason_why_an_endpoint_cannot_be_used(fault: dict[str, Any], reason: str) -> None:
    with ScriptedModel() as broken:
        broken.reply("x", **fault)
        found = probe(replace(broken.endpoint, timeout_s=0.3))
        assert not found.reachable
        assert reason in found.reason


def test_model_is_named_by_the_server_where_nobody_named_it(model: ScriptedModel) -> None:
    assert named(replace(model.endpoint, model="")).model == "scripted"
    assert named(replace(model.endpoint, model="mine")).model == "mine"


def test_tokens_are_counted_by_the_server_or_estimated_high(model: ScriptedModel) -> None:
    text = "Paged attention stores blocks."
    assert count_tokens(model.endpoint, text) == 5
    assert count_tokens(model.endpoint, text, tokenize=False) == estimate_tokens(text) == 11
    with refusing_url() as url:
        assert count_tokens(Endpoint(url, "m"), text) == 11


@pytest.mark.parametrize(
    ("text", "tokens"),  # counted by the tokenizer of Qwen2.5-Coder
    [
        ("", 0),
        ("Paged attention stores the key-value cache in fixed-size blocks.", 13),
        ("分页注意力把键值缓存存放在固定大小的块中，不需要连续的显存。", 22),
        ("vLLM 的 PagedAttention 把 KV cache 分成 block 管理。", 19),
        ("for i in range(10): print(f'{i:>3} {x[i]:.2f}')", 23),
        ("RuntimeError: CUDA out of memory. Tried to allocate 2.34 GiB (GPU 0; 23.65 GiB total)", 33),
        ("鬱齉龘爨", 6),
    ],
    ids=["empty", "English", "Chinese", "mixed", "code", "log", "rare characters"],
)
def test_estimate_is_above_the_true_count_but_not_by_far(text: str, tokens: int) -> None:
    assert tokens <= estimate_tokens(text) <= 2.1 * tokens
