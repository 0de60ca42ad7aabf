"""The façade: what goes in is checked, what comes out can be stopped at any moment, from any thread."""

import gc
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from scripted_model import Request, ScriptedModel
from small_atlas import (
    FALSE,
    OFF_NOTES,
    PARAPHRASE,
    QUESTION,
    VERBATIM,
    answer_of,
    answer_probe,
    embedded_atlas,
    endpoint_atlas,
    judge,
    notes_atlas,
    of_checker,
    of_desk,
    of_tutor,
    only,
    real_atlas,
    small_index,
)

from agents.atlas import Atlas
from agents.desk import Turn
from agents.events import Cited, Event, EvidenceFound, Step, Token
from agents.stop import Stoppable
from knowledge.errors import SetupMissing, UserMistake
from knowledge.index import Index


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with small_index(tmp_path_factory.mktemp("atlas")) as opened:
        yield opened


@pytest.fixture
def atlas(index: Index, tmp_path: Path, model: ScriptedModel) -> Atlas:
    return embedded_atlas(index, tmp_path, model)


# --- what goes in ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        ("", "empty"),
        (" \n\t", "empty"),
        ("\x00\x01", "empty"),
        ("\u200b\u2060", "empty"),
        ("x" * 20_000, "20,000 characters"),
        ("/dance", "no command '/dance'"),
        ("/check ", "needs a text"),
    ],
    ids=["nothing", "blank", "control", "zero width", "endless", "unknown command", "bare command"],
)
def test_impossible_message_is_refused_before_anything_runs(
    atlas: Atlas, model: ScriptedModel, message: str, complaint: str
) -> None:
    with pytest.raises(UserMistake, match=complaint):
        atlas.ask(message)
    assert model.requests == []


@pytest.mark.parametrize(
    "message",
    [
        f"\x00{QUESTION}\x1b", f"{QUESTION}\u200b\u202e", QUESTION.replace(" ", "\u200b "), f"\n\n{QUESTION}\r\n",
        f"{QUESTION}\ud83d",
    ],
    ids=["control", "direction", "zero width", "line ends", "half a surrogate pair"],
)  # fmt: skip
def test_invisible_characters_leave_a_question_as_it_looks(atlas: Atlas, model: ScriptedModel, message: str) -> None:
    model.reply(VERBATIM, when=of_tutor)
    found = only(atlas.ask(message), EvidenceFound)[0]
    assert found.question == QUESTION
    assert f"Question: {QUESTION}\n" in model.requests[0].user


@pytest.mark.parametrize("session", ["", " ", "a\nb", "x" * 121])
def test_impossible_session_is_refused_before_anything_runs(atlas: Atlas, session: str) -> None:
    with pytest.raises(UserMistake, match="no name for a session"):
        atlas.ask(QUESTION, session)


def test_session_that_cannot_be_stored_is_told(index: Index, tmp_path: Path) -> None:
    (tmp_path / "sessions.sqlite").mkdir()
    with pytest.raises(SetupMissing, match=r"sessions\.sqlite"):
        notes_atlas(index, tmp_path).answer(QUESTION, "lesson")


@pytest.mark.parametrize("text", ["", "\u200b", "x" * 5000], ids=["nothing", "zero width", "endless"])
def test_search_and_check_refuse_what_ask_refuses(atlas: Atlas, text: str) -> None:
    for refuse in (atlas.search, atlas.check):
        with pytest.raises(UserMistake):
            refuse(text)


# --- search and check -----------------------------------------------------------------------------------------------


def test_search_returns_the_best_passages_first(atlas: Atlas) -> None:
    found = atlas.search("PagedAttention KV cache blocks", k=2)
    assert [evidence.note for evidence in found] == ["paged-attention", "vllm"]
    assert found[0].score > found[1].score


def test_graph_follows_the_notes(atlas: Atlas) -> None:
    assert set(atlas.graph.notes) == {"paged-attention", "vllm", "sglang", "lora"}
    assert atlas.graph is atlas.graph


@pytest.mark.parametrize(
    ("claim", "verdict", "asked"),
    [(VERBATIM, "supported", 0), (PARAPHRASE, "supported", 1), (FALSE, "contradicted", 1), (OFF_NOTES, "not_found", 1)],
    ids=["verbatim", "paraphrase", "false", "off the notes"],
)
def test_claim_is_checked_against_the_notes(
    atlas: Atlas, model: ScriptedModel, claim: str, verdict: str, asked: int
) -> None:
    judge(model, 0.02, about="Bananas")
    judge(model, 0.6, about="64 tokens")
    judge(model)
    found = atlas.check(claim)
    assert found.verdict == verdict
    assert (found.score > 0.5) is (verdict == "supported")
    assert len(model.requests) == asked


def test_claim_is_checked_against_a_given_text_alone(atlas: Atlas, model: ScriptedModel) -> None:
    judge(model, 0.9)
    found = atlas.check("Bananas ripen in paper bags", "In paper bags, bananas ripen in three days. Apples help.")
    assert found.verdict == "supported"
    (citation,) = found.citations
    assert (citation.note, citation.quote) == ("", "In paper bags, bananas ripen in three days.")
    assert "PagedAttention" not in model.requests[0].prompt


@pytest.mark.parametrize("evidence", ["", "  ", "\u200b"])
def test_empty_evidence_is_refused(atlas: Atlas, evidence: str) -> None:
    with pytest.raises(UserMistake, match="evidence is empty"):
        atlas.check(PARAPHRASE, evidence)


def test_check_goes_on_without_a_failing_model_and_says_so(atlas: Atlas, model: ScriptedModel) -> None:
    model.fail(500, when=of_checker)
    found = atlas.check(PARAPHRASE)
    assert found.verdict == "supported"
    assert "HTTP 500" in found.reasons[-1]
    assert "model" not in found.scores


# --- stopping -------------------------------------------------------------------------------------------------------

DRAWN_OUT = f"{VERBATIM} " * 20


def hang_tutor(model: ScriptedModel) -> None:
    model.reply(DRAWN_OUT, when=of_tutor, hang=True)


def drawl(model: ScriptedModel) -> None:
    model.reply(DRAWN_OUT, when=of_tutor, chunk_delay_s=0.05)


def hang_in_words(model: ScriptedModel) -> None:
    model.reply(DRAWN_OUT, when=of_tutor, hang_after=3)


def hang_check(model: ScriptedModel) -> None:
    model.reply(f"{VERBATIM} {PARAPHRASE}", when=of_tutor)
    model.reply(when=of_checker, hang=True)


def hang_claim(model: ScriptedModel) -> None:
    model.reply(when=of_checker, hang=True)


def hang_desk(model: ScriptedModel) -> None:
    model.reply(when=of_desk, hang=True)


CASES: dict[str, tuple[Callable[[ScriptedModel], None], Callable[[Request], bool], str]] = {
    "before the first word": (hang_tutor, of_tutor, QUESTION),
    "between words": (drawl, of_tutor, QUESTION),
    "waiting for a word": (hang_in_words, of_tutor, QUESTION),
    "during a check": (hang_check, of_checker, QUESTION),
    "during the check of a claim": (hang_claim, of_checker, f"/check {PARAPHRASE}"),
    "during small talk": (hang_desk, of_desk, "hello"),
}  # fmt: skip


def asked(model: ScriptedModel, kind: Callable[[Request], bool]) -> int:
    """Waits for a request of this kind; returns its number."""
    for _ in range(600):
        for number, request in enumerate(list(model.requests)):
            if kind(request):
                return number
        time.sleep(0.05)
    raise AssertionError("the request did not come")


def _collect(answering: Stoppable[Event], into: list[Event], ended: threading.Event) -> None:
    for event in answering:
        into.append(event)
    ended.set()


@pytest.mark.parametrize(("script", "kind", "message"), CASES.values(), ids=CASES)
def test_closing_from_another_thread_frees_the_model_within_a_second(
    atlas: Atlas,
    model: ScriptedModel,
    script: Callable[[ScriptedModel], None],
    kind: Callable[[Request], bool],
    message: str,
) -> None:
    script(model)
    events: list[Event] = []
    ended = threading.Event()
    answering = atlas.ask(message)
    threading.Thread(target=_collect, args=(answering, events, ended), daemon=True).start()
    number = asked(model, kind)
    if script in (drawl, hang_in_words):
        while not only(events, Token):
            time.sleep(0.01)
    began = time.monotonic()
    answering.close()
    assert time.monotonic() - began < 0.2
    assert ended.wait(1.0)
    model.wait_for_disconnect(number, timeout_s=1.0)
    assert next(answering, None) is None
    assert atlas.ladder.state.endpoint_problem == ""


@pytest.mark.parametrize("leave", ["close", "forget"])
def test_abandoned_answer_frees_the_model_within_a_second(atlas: Atlas, model: ScriptedModel, leave: str) -> None:
    drawl(model)
    answering = atlas.ask(QUESTION)
    for event in answering:
        if isinstance(event, Token):
            break
    if leave == "close":
        answering.close()
    del answering
    gc.collect()
    model.wait_for_disconnect(asked(model, of_tutor), timeout_s=1.0)


def test_stopping_an_endpoint_is_no_failure_of_it(index: Index, tmp_path: Path, model: ScriptedModel) -> None:
    answer_probe(model)
    model.reply(when=of_checker, hang=True)
    atlas = endpoint_atlas(index, tmp_path, model.endpoint)
    answering = atlas.ask(f"/check {PARAPHRASE}")
    ended = threading.Event()
    threading.Thread(target=_collect, args=(answering, [], ended), daemon=True).start()
    number = asked(model, of_checker)
    answering.close()
    assert ended.wait(1.0)
    model.wait_for_disconnect(number, timeout_s=1.0)
    time.sleep(0.1)  # the checking thread ends after its connection
    assert atlas.ladder.state.endpoint_problem == ""


def test_answer_that_waits_for_a_probe_ends_at_once(index: Index, tmp_path: Path, model: ScriptedModel) -> None:
    model.reply(hang=True, times=None)
    answering = endpoint_atlas(index, tmp_path, replace(model.endpoint, timeout_s=3.0)).ask(QUESTION)
    ended = threading.Event()
    threading.Thread(target=_collect, args=(answering, [], ended), daemon=True).start()
    model.wait_for_requests(1)
    answering.close()
    assert ended.wait(1.0)


def test_answer_closed_before_it_began_asks_nobody(atlas: Atlas, model: ScriptedModel) -> None:
    answering = atlas.ask(QUESTION)
    answering.close()
    answering.close()
    assert list(answering) == []
    assert model.requests == []


def test_closing_a_finished_answer_does_nothing(atlas: Atlas, model: ScriptedModel) -> None:
    model.reply(VERBATIM, when=of_tutor)
    answering = atlas.ask(QUESTION)
    assert answer_of(answering).text
    answering.close()
    assert next(answering, None) is None


def test_next_answer_comes_after_a_stopped_one(atlas: Atlas, model: ScriptedModel) -> None:
    model.reply(DRAWN_OUT, when=of_tutor, chunk_delay_s=0.05)
    answering = atlas.ask(QUESTION)
    for event in answering:
        if isinstance(event, Token):
            answering.close()
    model.reply(VERBATIM, when=of_tutor)
    assert atlas.answer(QUESTION).text == f"{VERBATIM} [1]"


# --- many at once ---------------------------------------------------------------------------------------------------


def test_answers_of_several_threads_do_not_mix(atlas: Atlas, model: ScriptedModel) -> None:
    said = {
        QUESTION: VERBATIM,
        "What is LoRA?": "LoRA trains two small low-rank matrices beside each frozen weight matrix.",
        "What is SGLang?": "SGLang is an inference engine that shares prefixes between requests in a radix tree.",
        "What is vLLM?": "vLLM is an inference engine that serves large language models.",
    }
    for question, answer in said.items():
        model.reply(answer, when=lambda r, q=question: of_tutor(r) and f"Question: {q}\n" in r.user, chunk_delay_s=0.01)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda question: atlas.answer(question, f"of {question}"), said))
    assert [answer.text for answer in answers] == [f"{answer} [1]" for answer in said.values()]
    for question in said:
        assert [turn.question for turn in atlas.desk.history(f"of {question}")] == [question]


def test_steps_end_as_they_began(atlas: Atlas, model: ScriptedModel) -> None:
    judge(model)
    model.reply(f"{VERBATIM} {PARAPHRASE}", when=of_tutor)
    running: set[str] = set()
    for event in atlas.ask(QUESTION):
        if isinstance(event, Step):
            running.add(event.id) if event.status == "running" else running.discard(event.id)
        if isinstance(event, Cited):
            assert running == set()
    assert running == set()


# --- the real model -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(index: Index, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Atlas]:
    """A team with the small embedded model, which stays in memory for the tests below."""
    with real_atlas(index, tmp_path_factory.mktemp("real")) as opened:
        yield opened


@pytest.mark.model
def test_small_model_teaches_from_the_notes_within_its_budget(real: Atlas) -> None:
    events = list(real.ask(QUESTION))
    answer = answer_of(events)
    assert (answer.rung, answer.abstained, answer.notices) == ("embedded", False, ())
    assert "PagedAttention" in answer.text
    assert {citation.note for citation in answer.citations} == {"paged-attention"}
    assert (answer.usage.calls, answer.usage.prompt_tokens < 700) == (1, True)
    assert len(only(events, Cited)) >= answer.usage.checks
    assert len(only(events, Token)) > 10


@pytest.mark.model
def test_small_model_completes_a_follow_up(real: Atlas) -> None:
    real.desk.remember("real", Turn("1", "What is vLLM?", "What is vLLM?", "vLLM is an inference engine.", ("vllm",)))
    events = real.ask("and what does it use?", "real")
    found = [event.question for event in events if isinstance(event, EvidenceFound)]
    assert "vLLM" in found[-1]
    assert found[-1].endswith("?")


@pytest.mark.model
def test_small_model_tells_a_supported_claim_from_an_unsupported_one(real: Atlas) -> None:
    true, false = real.check(PARAPHRASE), real.check("PagedAttention trains low-rank matrices.")
    assert true.verdict == "supported"
    assert false.verdict != "supported"
    assert true.scores["model"] > false.scores["model"]
