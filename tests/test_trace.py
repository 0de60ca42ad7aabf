"""Traces: what is taken down of an answer, how it is stored, summed up, erased and exported."""

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from learner_stores import KINDS, attempt, opened, place
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from scripted_model import ScriptedModel
from small_atlas import PARAPHRASE, QUESTION, VERBATIM, embedded_atlas, judge, notes_atlas, of_tutor, small_index

from agents.events import ModelCall, Step
from agents.recording import Recording
from agents.trace import Price, Span, Trace
from agents.trace_export import export
from agents.trace_figures import by_agent, by_day, spent
from agents.trace_store import TraceStore, without_texts
from knowledge.errors import SetupMissing, UserMistake

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ImportWarning"),
]

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
CALL = Span("tutor.write", "write", 0.5, 2.0, 1, "tutor", model="m", rung="endpoint", prompt_tokens=1000, completion_tokens=100, first_token_s=0.4)  # fmt: skip
CHECK = Span("checker.check", "check", 2.6, 0.2, 0, "checker", model="m", rung="endpoint", prompt_tokens=500, completion_tokens=1)  # fmt: skip
SPANS = (
    Span("learn", "journey", 0.0, 3.0, None),
    Span("teach", "step", 0.4, 2.2, 0, "tutor", detail="secret-detail"),
    CALL,
    CHECK,
)


def trace(number: int = 1, learner: str = "ann", **changed: object) -> Trace:
    fields: dict[str, object] = {
        "id": f"{number:032x}", "learner": learner, "session": "s", "at": NOON - timedelta(days=number),
        "journey": "learn", "outcome": "done", "rung": "endpoint", "language": "en", "seconds": 3.0 + number,
        "spans": SPANS, "question": "secret-question", "text": "secret-answer", "first_token_s": 1.0,
        "notices": ("secret-notice",),
    }  # fmt: skip
    return Trace(**fields | changed)  # pyright: ignore[reportArgumentType]


# --- taken down ------------------------------------------------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_steps_become_spans_and_calls_stand_in_the_step_in_which_they_began() -> None:
    clock = Clock()
    recording = Recording(clock)
    for at, step in (
        (100.5, Step("search", "researcher", "", "done", 0.5, "LoRA")),
        (101.0, Step("teach", "tutor", "", "running", 0.0)),
        (102.0, Step("teach", "tutor", "", "running", 1.0)),
        (103.0, Step("teach", "tutor", "", "done", 2.0)),
        (104.0, Step("check", "checker", "", "running", 0.0)),
    ):
        clock.now = at
        recording.note(step)
    clock.now = 105.0
    call = ModelCall("tutor", "m", "embedded", "write", 101.2, 1.5, 0.3, 20, 5)
    spans = recording.spans([call], "learn")
    assert [(s.name, s.began_s, s.seconds, s.parent, s.is_failed) for s in spans] == [
        ("learn", 0.0, 5.0, None, False),
        ("search", 0.0, 0.5, 0, False),
        ("teach", 1.0, 2.0, 0, False),
        ("check", 4.0, 1.0, 0, True),
        ("tutor.write", pytest.approx(1.2), 1.5, 2, False),
    ]
    assert [(step.id, step.seconds) for step in recording.steps] == [("search", 0.5), ("teach", 2.0)]


def test_a_step_taken_twice_has_two_spans_and_took_as_long_as_both() -> None:
    recording = Recording(Clock())
    for seconds in (0.2, 0.3):
        recording.note(Step("check", "checker", "", "running", 0.0))
        recording.note(Step("check", "checker", "", "done", seconds))
    assert [step.seconds for step in recording.steps] == [0.5]
    assert [span.name for span in recording.spans((), "learn")] == ["learn", "check", "check"]


def test_an_answer_leaves_a_trace_with_the_calls_of_each_agent(tmp_path: Path) -> None:
    store = TraceStore(tmp_path)
    with small_index(tmp_path) as index, ScriptedModel() as model:
        model.reply(f"{VERBATIM} {PARAPHRASE}", when=of_tutor)
        judge(model)
        answer = embedded_atlas(index, tmp_path, model, open_traces=lambda: store).answer(QUESTION, learner="ann")
    (kept,) = store.traces("ann")
    assert (kept.id, kept.question, kept.text, kept.outcome) == (answer.id, QUESTION, answer.text, "done")
    calls = {(call.agent, call.kind): call for call in kept.calls}
    tutor = calls["tutor", "write"]
    assert (tutor.prompt_tokens, tutor.completion_tokens) == (
        answer.usage.prompt_tokens,
        answer.usage.completion_tokens,
    )
    assert tutor.parent is not None
    assert kept.spans[tutor.parent].name == "teach"
    assert calls["checker", "check"].completion_tokens == 1
    assert 0 <= tutor.began_s <= tutor.began_s + tutor.seconds <= kept.seconds + 0.1


def test_an_answer_that_is_stopped_leaves_a_trace_too(tmp_path: Path) -> None:
    store = TraceStore(tmp_path)
    with small_index(tmp_path) as index:
        events = notes_atlas(index, tmp_path, open_traces=lambda: store).ask(QUESTION)
        next(events)
        events.close()
    assert [(kept.outcome, kept.text) for kept in store.traces()] == [("stopped", "")]


def test_an_answer_is_given_though_its_trace_cannot_be_stored(tmp_path: Path) -> None:
    (tmp_path / "traces.sqlite").write_bytes(b"no database" * 500)
    with small_index(tmp_path) as index:
        answer = notes_atlas(index, tmp_path, open_traces=lambda: TraceStore(tmp_path)).answer(QUESTION)
    assert "16 tokens" in answer.text
    assert "traces" in answer.notices[-1]


# --- stored ----------------------------------------------------------------------------------------------------------


def test_traces_come_back_as_they_were_newest_first_and_each_learners_own(tmp_path: Path) -> None:
    for number, learner in ((3, "ann"), (1, "ann"), (2, "bob")):
        TraceStore(tmp_path).add(trace(number, learner))
    store = TraceStore(tmp_path)
    assert store.traces("ann") == [trace(1), trace(3)]
    assert [kept.learner for kept in store.traces()] == ["ann", "bob", "ann"]
    assert store.traces("ann", since=NOON - timedelta(days=2)) == [trace(1)]
    assert store.traces("ann", newest=1) == [trace(1)]
    assert store.trace(trace(1).id, "ann") == trace(1)
    assert store.trace(trace(1).id, "bob") is None


@pytest.mark.parametrize("kind", KINDS)
def test_traces_and_attempts_share_a_place_in_either_kind_of_database(tmp_path: Path, kind: str) -> None:
    where = place(kind, tmp_path)
    with opened(where) as attempts:
        attempts.add(attempt("1"))
        store = TraceStore(where)
        store.add(trace(1))
        store.add(trace(1, question="another"))
        store.keep_texts("bob", keep=False)
        store.keep_texts("bob", keep=False)
        store.add(trace(2, "bob"))
        assert [kept.question for kept in store.traces()] == ["another", ""]
        assert store.trace(trace(1).id) == trace(1, question="another")
        assert store.delete("ann") == 1
        assert store.traces("ann") == []
        store.close()
        assert [kept.id for kept in attempts.attempts("anna")] == ["1"]


def test_who_keeps_no_texts_has_none_in_the_file_neither_old_nor_new(tmp_path: Path) -> None:
    store = TraceStore(tmp_path)
    store.add(trace(1))
    store.keep_texts("ann", keep=False)
    store.add(trace(2))
    assert store.traces("ann") == [without_texts(trace(1)), without_texts(trace(2))]
    assert b"secret-" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert (store.keeps_texts("ann"), store.keeps_texts("bob")) == (False, True)
    store.keep_texts("ann", keep=True)
    store.add(trace(3))
    assert store.trace(trace(3).id) == trace(3)


def test_texts_of_a_deleted_session_are_erased_and_its_figures_stay(tmp_path: Path) -> None:
    store = TraceStore(tmp_path)
    store.add(trace(1))
    store.add(trace(2, session="other"))
    store.forget_session("ann", "s")
    assert store.traces("ann") == [without_texts(trace(1)), trace(2, session="other")]


def test_deleted_traces_leave_nothing_in_the_file(tmp_path: Path) -> None:
    store = TraceStore(tmp_path)
    for number, learner in ((1, "ann"), (2, "bob")):
        store.add(trace(number, learner, question=f"secret-{learner}"))
    assert store.delete("ann") == 1
    assert b"secret-ann" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert [kept.learner for kept in store.traces()] == ["bob"]
    assert store.delete() == 1


# --- summed up -------------------------------------------------------------------------------------------------------


def test_what_answers_took_is_summed_up_and_only_an_endpoint_costs() -> None:
    own = trace(2, spans=(SPANS[0], Span("tutor.write", "write", 0, 1.0, 0, "tutor", rung="embedded", prompt_tokens=7)))
    total = spent([trace(1), own, trace(3, outcome="stopped", first_token_s=None)], Price(2.0, 10.0))
    assert (total.answers, total.calls, total.checks, total.prompt_tokens, total.completion_tokens) == (
        3,
        3,
        2,
        3007,
        202,
    )
    assert total.cost == pytest.approx(2 * (1500 * 2.0 + 101 * 10.0) / 1e6)
    assert (total.median_s, total.median_first_token_s) == (4.5, 1.0)
    assert spent([], Price()).median_s is None


def test_agents_and_days_have_their_own_sums() -> None:
    traces = [trace(1), trace(1, id="x"), trace(3)]
    assert [(a.agent, a.spent.answers, a.spent.tokens) for a in by_agent(traces, Price())] == [
        ("tutor", 2 + 1, 3300), ("checker", 3, 1503),
    ]  # fmt: skip
    assert {day: one.answers for day, one in by_day(traces, Price(), UTC).items()} == {
        date(2026, 11, 19): 1, date(2026, 11, 21): 2,
    }  # fmt: skip


# --- exported --------------------------------------------------------------------------------------------------------


@contextmanager
def collector(status: int = 200) -> Generator[tuple[str, list[ExportTraceServiceRequest]]]:
    """An OTLP receiver over HTTP on this machine; gives its address and what it received."""
    received: list[ExportTraceServiceRequest] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            assert self.path == "/v1/traces"
            received.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_collector_receives_the_spans_with_openinference_names() -> None:
    with collector() as (url, received):
        assert export([trace(1), trace(2)], url) == 8
    (request,) = received
    resource = {a.key: a.value.string_value for a in request.resource_spans[0].resource.attributes}
    assert resource["service.name"] == "llm-atlas"
    spans = [span for scope in request.resource_spans[0].scope_spans for span in scope.spans]
    root, step, call, check = spans[:4]
    told = [{a.key: a.value for a in span.attributes} for span in (root, step, call, check)]
    kinds = [of["openinference.span.kind"].string_value for of in told]
    assert kinds == ["CHAIN", "AGENT", "LLM", "LLM"]
    assert told[0]["input.value"].string_value == "secret-question"
    assert told[0]["output.value"].string_value == "secret-answer"
    assert told[2]["llm.model_name"].string_value == "m"
    assert [told[2][f"llm.token_count.{what}"].int_value for what in ("prompt", "completion", "total")] == [
        1000,
        100,
        1100,
    ]
    assert (root.parent_span_id, step.parent_span_id, call.parent_span_id) == (b"", root.span_id, step.span_id)
    assert len({span.trace_id for span in spans}) == 2
    assert call.end_time_unix_nano - call.start_time_unix_nano == 2_000_000_000
    assert root.start_time_unix_nano == int(trace(1).at.timestamp()) * 1_000_000_000


def test_a_file_has_a_request_a_line_with_hexadecimal_ids(tmp_path: Path) -> None:
    file = tmp_path / "traces.jsonl"
    assert export([without_texts(trace(n)) for n in range(60)], str(file)) == 240
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    spans = [s for line in lines for r in line["resourceSpans"] for scope in r["scopeSpans"] for s in scope["spans"]]
    assert (len(lines), len(spans)) == (2, 240)
    assert all(len(bytes.fromhex(span["traceId"])) == 16 and len(bytes.fromhex(span["spanId"])) == 8 for span in spans)
    assert "secret" not in file.read_text(encoding="utf-8")


def test_a_collector_that_refuses_or_is_none_is_told_of(tmp_path: Path) -> None:
    with collector(400) as (url, _), pytest.raises(SetupMissing, match="did not take"):
        export([trace(1)], url)
    with pytest.raises(UserMistake, match="no address"):
        export([trace(1)], "ftp://host/x")
    with pytest.raises(UserMistake, match="cannot be written"):
        export([trace(1)], str(tmp_path / "none" / "x.jsonl"))
