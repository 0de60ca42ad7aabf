"""The ladder picks what can answer, leaves out what failed for a while, and never waits for what is not needed."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from scripted_model import Request, ScriptedModel, refusing_url

from agents.download import Progress, Stopped
from agents.embedded import CAPABILITIES
from agents.endpoint import Endpoint
from agents.ladder import Ladder
from agents.probe import Capabilities
from agents.weights import SMALL, Weights
from knowledge.errors import AtlasError, ModelFailed, SetupMissing

SMALL_ENDPOINT = Endpoint("http://127.0.0.1:9/v1", SMALL.id, "key", rung="embedded")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class FakeServer:
    """Stands for llama.cpp: loads when `gate` opens, and lives until it is closed or killed."""

    gate: threading.Event
    error: AtlasError | None = None
    alive: bool = True
    closed: bool = False

    def start(self) -> Endpoint:
        assert self.gate.wait(5)
        if self.error:
            raise self.error
        return SMALL_ENDPOINT

    def close(self) -> None:
        self.closed, self.alive = True, False
        self.gate.set()


class Bench:
    """A ladder with a clock to turn and servers to break."""

    def __init__(self, cache_dir: Path) -> None:
        self.cache_dir, self.clock = cache_dir, Clock()
        self.servers: list[FakeServer] = []
        self.gate = threading.Event()
        self.gate.set()
        self.load_error: AtlasError | None = None
        self.fetch: Callable[..., Path] = self.good_fetch
        self.ladders: list[Ladder] = []

    def good_fetch(self, weights: Weights, cache_dir: Path, source: str, report: Any, **_: Any) -> Path:
        report(Progress("downloading", 1, 2, "hub"))
        self.install()
        return cache_dir / weights.file

    def install(self) -> None:
        (self.cache_dir / SMALL.file).write_bytes(b"GGUF")

    def make(self, weights: Weights, path: Path) -> FakeServer:
        self.servers.append(FakeServer(self.gate, self.load_error))
        return self.servers[-1]

    def ladder(self, endpoint: Endpoint | None = None, weights: Weights | None = SMALL) -> Ladder:
        made = Ladder(endpoint, weights, self.cache_dir, start=self.make, fetch=self.fetch, clock=self.clock)
        self.ladders.append(made)
        return made


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.gate.set()
    for ladder in bench.ladders:
        ladder.close()


def rungs(ladder: Ladder, wait_s: float = 5.0) -> list[str]:
    return [endpoint.rung for endpoint in ladder.rungs(wait_s)]


def until(ladder: Ladder, stage: str) -> None:
    waited = threading.Event()
    for _ in range(500):
        if ladder.state.embedded == stage:
            return
        waited.wait(0.01)
    pytest.fail(f"the embedded model is {ladder.state.embedded!r}, not {stage!r}")


def test_nothing_configured_and_nothing_installed_leaves_the_notes(bench: Bench) -> None:
    ladder = bench.ladder()
    assert rungs(ladder) == []
    assert (ladder.state.rung, ladder.state.embedded) == ("notes", "missing")


def test_without_a_model_the_notes_answer_though_a_file_lies_there(bench: Bench) -> None:
    bench.install()
    ladder = bench.ladder(weights=None)
    assert rungs(ladder) == []
    assert ladder.state.embedded == "off"


def test_configured_endpoint_comes_before_the_embedded_model(bench: Bench, model: ScriptedModel) -> None:
    bench.install()
    assert rungs(bench.ladder(model.endpoint)) == ["endpoint", "embedded"]


def test_embedded_model_is_not_loaded_while_nobody_comes_down_to_it(bench: Bench, model: ScriptedModel) -> None:
    bench.install()
    ladder = bench.ladder(model.endpoint)
    assert next(iter(ladder.rungs())).rung == "endpoint"
    assert bench.servers == []
    assert ladder.state.embedded == "asleep"


def test_model_is_named_by_the_server_once(bench: Bench, model: ScriptedModel) -> None:
    ladder = bench.ladder(replace(model.endpoint, model=""))
    assert [endpoint.model for endpoint in ladder.rungs()] == ["scripted"]
    model.close()
    assert [endpoint.model for endpoint in ladder.rungs()] == ["scripted"]


def test_failed_endpoint_is_left_out_until_its_cool_down_is_over(bench: Bench, model: ScriptedModel) -> None:
    bench.install()
    ladder = bench.ladder(model.endpoint)
    ladder.failed(model.endpoint, ModelFailed("It sent nothing.", "Wait."))
    assert rungs(ladder) == ["embedded"]
    state = ladder.state
    assert (state.rung, state.endpoint_problem, state.retry_in_s) == ("embedded", "It sent nothing. Wait.", 60.0)
    bench.clock.now += 60
    assert rungs(ladder) == ["endpoint", "embedded"]
    assert (ladder.state.rung, ladder.state.endpoint_problem) == ("endpoint", "")


def test_unreachable_endpoint_without_a_model_name_gives_way(bench: Bench) -> None:
    bench.install()
    with refusing_url() as url:
        ladder = bench.ladder(Endpoint(url))
        assert rungs(ladder) == ["embedded"]
        assert "Nothing answers" in ladder.state.endpoint_problem


def test_capabilities_are_probed_once(bench: Bench, model: ScriptedModel) -> None:
    model.fail(400, times=None, when=lambda request: request.max_tokens != 1 or request.is_check())
    model.reply("yes")  # for one probe
    ladder = bench.ladder(model.endpoint)
    assert ladder.capabilities(model.endpoint) == Capabilities(True)
    assert ladder.capabilities(model.endpoint) == Capabilities(True)
    assert ladder.capabilities(SMALL_ENDPOINT) is CAPABILITIES


def test_probe_that_fails_leaves_the_endpoint_out(bench: Bench, model: ScriptedModel) -> None:
    model.fail(500)
    ladder = bench.ladder(model.endpoint)
    assert not ladder.capabilities(model.endpoint).reachable
    assert rungs(ladder) == []
    assert "HTTP 500" in ladder.state.endpoint_problem


def test_loading_is_visible_and_nobody_waits_longer_than_asked(bench: Bench) -> None:
    bench.install()
    bench.gate.clear()
    ladder = bench.ladder()
    assert rungs(ladder, wait_s=0) == []
    assert ladder.state.embedded == "loading"
    bench.gate.set()
    assert rungs(ladder) == ["embedded"]
    assert (ladder.state.embedded, ladder.state.rung, len(bench.servers)) == ("ready", "embedded", 1)


def test_many_requests_at_once_load_one_model(bench: Bench) -> None:
    bench.install()
    bench.gate.clear()
    ladder, found = bench.ladder(), list[list[str]]()
    threads = [threading.Thread(target=lambda: found.append(rungs(ladder))) for _ in range(8)]
    for thread in threads:
        thread.start()
    bench.gate.set()
    for thread in threads:
        thread.join()
    assert found == [["embedded"]] * 8
    assert len(bench.servers) == 1


def test_model_that_does_not_load_is_reported_and_tried_again_later(bench: Bench) -> None:
    bench.install()
    bench.load_error = SetupMissing("The file is truncated.", "Pull it.")
    ladder = bench.ladder()
    assert rungs(ladder) == []
    assert (ladder.state.embedded, ladder.state.embedded_problem) == ("failed", "The file is truncated. Pull it.")
    bench.load_error = None
    assert rungs(ladder) == []
    bench.clock.now += 60
    assert rungs(ladder) == ["embedded"]


def test_model_that_ended_by_itself_is_started_again_after_the_cool_down(bench: Bench) -> None:
    bench.install()
    ladder = bench.ladder()
    assert rungs(ladder) == ["embedded"]
    bench.servers[0].alive = False
    ladder.failed(SMALL_ENDPOINT, ModelFailed("It closed the connection."))
    assert rungs(ladder) == []
    assert "ended by itself" in ladder.state.embedded_problem
    bench.clock.now += 60
    assert rungs(ladder) == ["embedded"]
    assert len(bench.servers) == 2


def test_one_bad_answer_does_not_take_the_embedded_model_away(bench: Bench) -> None:
    bench.install()
    ladder = bench.ladder()
    assert rungs(ladder) == ["embedded"]
    ladder.failed(SMALL_ENDPOINT, ModelFailed("It gave an empty answer."))
    assert rungs(ladder) == ["embedded"]


def test_warming_loads_the_embedded_model_in_the_background(bench: Bench) -> None:
    bench.install()
    ladder = bench.ladder()
    ladder.warm()
    until(ladder, "ready")


def test_warming_leaves_the_embedded_model_asleep_where_the_endpoint_works(bench: Bench, model: ScriptedModel) -> None:
    bench.install()
    model.reply("yes", when=Request.is_check)
    model.fail(400, times=2)
    ladder = bench.ladder(model.endpoint)
    ladder.warm()
    model.wait_for_requests(3)
    ladder.close()
    assert bench.servers == []


def test_warming_loads_the_embedded_model_where_the_endpoint_is_down(bench: Bench) -> None:
    bench.install()
    with refusing_url() as url:
        ladder = bench.ladder(Endpoint(url, "m"))
        ladder.warm()
        until(ladder, "ready")
        assert ladder.state.rung == "embedded"


def test_download_shows_its_progress_and_loads_the_model_at_its_end(bench: Bench) -> None:
    told, leave = threading.Event(), threading.Event()

    def slow_fetch(weights: Weights, cache_dir: Path, source: str, report: Any, **_: Any) -> Path:
        report(Progress("downloading", 7, 9, source))
        told.set()
        assert leave.wait(5)
        return bench.good_fetch(weights, cache_dir, source, report)

    bench.fetch = slow_fetch
    ladder = bench.ladder()
    ladder.download("mirror")
    assert told.wait(5)
    assert ladder.state.embedded == "downloading"
    assert ladder.state.progress == Progress("downloading", 7, 9, "mirror")
    assert rungs(ladder, wait_s=0) == []
    leave.set()
    until(ladder, "ready")
    assert ladder.state.progress is None


@pytest.mark.parametrize(
    ("error", "problem"),
    [(SetupMissing("No room.", "Make some."), "No room. Make some."), (Stopped("It was stopped."), "")],
    ids=["failed", "stopped"],
)
def test_download_that_fails_says_why(bench: Bench, error: AtlasError, problem: str) -> None:
    def fetch(*_: Any, **__: Any) -> Path:
        raise error

    bench.fetch = fetch
    ladder = bench.ladder()
    ladder.download()
    until(ladder, "missing")
    assert ladder.state.embedded_problem == problem


def test_closing_ends_the_model_and_the_download(bench: Bench) -> None:
    bench.install()
    stopped = threading.Event()

    def fetch(*_: Any, stop: threading.Event, **__: Any) -> Path:
        assert stop.wait(5)
        stopped.set()
        raise Stopped("It was stopped.")

    bench.fetch = fetch
    ladder = bench.ladder()
    assert rungs(ladder) == ["embedded"]
    ladder.download()
    ladder.close()
    assert bench.servers[0].closed
    assert stopped.is_set()
    assert rungs(ladder) == []
