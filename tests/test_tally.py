"""What calls to a model took: those that ended, those that were refused, and those that were cut."""

from pathlib import Path

import pytest
from scripted_model import ScriptedModel
from small_atlas import QUESTION, VERBATIM, answer_probe, embedded_atlas, endpoint_atlas, judge, of_tutor, small_index

from agents.endpoint import Endpoint
from agents.events import Token
from agents.tally import Tally
from agents.trace_store import TraceStore

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ImportWarning"),
]

NOWHERE = Endpoint("http://127.0.0.1:9/v1", "m")


def test_a_call_that_ends_has_the_tokens_that_the_server_tells_of() -> None:
    tally = Tally("tutor", NOWHERE, "write")
    tally.begin("a prompt")
    tally.word("one")
    tally.end(20, 5)
    usage = tally.usage
    assert (usage.calls, usage.prompt_tokens, usage.completion_tokens) == (1, 20, 5)
    assert not usage.spent[0].is_cut
    assert usage.spent[0].first_token_s is not None


def test_a_call_that_was_cut_has_its_prompt_and_each_piece_that_came() -> None:
    tally = Tally("tutor", NOWHERE, "write")
    tally.begin("word " * 30)
    for piece in ("one", " two", " three"):
        tally.word(piece)
    (call,) = tally.usage.spent
    assert (call.is_cut, call.prompt_tokens, call.completion_tokens) == (True, 50, 3)
    tally.begin("")  # asked once more
    tally.end(7, 1)
    assert [(call.is_cut, call.completion_tokens) for call in tally.usage.spent] == [(True, 3), (False, 1)]


def test_a_call_that_was_refused_took_nothing() -> None:
    tally = Tally("tutor", NOWHERE, "write")
    tally.begin("word " * 30)
    tally.refused()
    assert tally.usage.calls == 0


def test_checks_are_counted_apart_from_what_is_written() -> None:
    tally = Tally("checker", NOWHERE, "check")
    tally.begin("word " * 30)
    tally.end(20, 1)
    usage = tally.usage
    assert (usage.calls, usage.prompt_tokens, usage.checks, usage.spent[0].prompt_tokens) == (0, 0, 1, 20)


def test_an_answer_that_is_stopped_has_what_its_call_took_in_its_trace(tmp_path: Path) -> None:
    store = TraceStore(tmp_path)
    with small_index(tmp_path) as index, ScriptedModel() as model:
        model.reply("one two three four five six seven", when=of_tutor, chunk_delay_s=0.1, hang_after=4)
        events = embedded_atlas(index, tmp_path, model, open_traces=lambda: store).ask(QUESTION)
        said = 0
        for event in events:
            said += isinstance(event, Token)
            if said == 2:
                break
        events.close()
    (kept,) = store.traces()
    (call,) = kept.calls
    assert (kept.outcome, kept.rung, call.agent, call.is_failed) == ("stopped", "embedded", "tutor", True)
    assert call.prompt_tokens > 50
    assert 2 <= call.completion_tokens <= 4


def test_a_rung_that_broke_off_is_paid_for_beside_the_one_that_answered(tmp_path: Path) -> None:
    store = TraceStore(tmp_path)
    with small_index(tmp_path) as index, ScriptedModel() as model, ScriptedModel() as below:
        answer_probe(model)
        model.reply("one two three four five six", when=of_tutor, close_after=3)
        below.reply(VERBATIM, when=of_tutor)
        judge(below)
        atlas = endpoint_atlas(index, tmp_path, model.endpoint, below, open_traces=lambda: store)
        answer = atlas.answer(QUESTION)
    (kept,) = store.traces()
    written = [call for call in kept.calls if call.kind == "write"]
    assert [(call.rung, call.is_failed, call.completion_tokens > 0) for call in written] == [
        ("endpoint", True, True),
        ("embedded", False, True),
    ]
    assert answer.usage.calls == 2
    assert answer.usage.prompt_tokens == sum(call.prompt_tokens for call in written)
    assert answer.usage.completion_tokens == sum(call.completion_tokens for call in written)
