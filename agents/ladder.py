"""The ladder: which models can answer now, from the best down; below the last of them stand the notes."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from agents import embedded
from agents.download import Progress, Stopped, pull
from agents.embedded import EmbeddedServer
from agents.endpoint import Endpoint
from agents.events import Rung
from agents.probe import Capabilities, named, probe
from agents.weights import Weights, locate
from knowledge.errors import AtlasError, ModelFailed

COOLDOWN_S = 60.0
# "off": not wanted; "missing": its file is not there; "asleep": its file is there, and it starts when it is needed.
Stage = Literal["off", "missing", "downloading", "asleep", "loading", "ready", "failed"]


class Server(Protocol):
    """A model that this program starts and ends."""

    def start(self) -> Endpoint:
        """Loads the model and returns where it answers; raises AtlasError."""
        ...

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        ...

    def close(self) -> None:
        """Frees the model."""
        ...


@dataclass(frozen=True, slots=True)
class State:
    """What the ladder stands on at one moment, for people to see."""

    rung: Rung  # what would answer a question now
    endpoint: Endpoint | None  # the configured one
    endpoint_problem: str  # why it is left out for a while; empty where it is not
    retry_in_s: float  # until it is tried again
    weights: Weights | None
    embedded: Stage
    embedded_problem: str
    progress: Progress | None  # of the download under way


class Ladder:
    """Picks the models for each request; every method may be called from any thread.

    `weights` is None where no model is to be embedded. `start` makes the server of a model file, unstarted.
    """

    def __init__(
        self,
        endpoint: Endpoint | None,
        weights: Weights | None,
        cache_dir: Path,
        *,
        start: Callable[[Weights, Path], Server] = EmbeddedServer,
        fetch: Callable[..., Path] = pull,
        clock: Callable[[], float] = time.monotonic,
        cooldown_s: float = COOLDOWN_S,
    ) -> None:
        self._configured, self._weights, self._cache_dir = endpoint, weights, cache_dir
        self._start, self._fetch, self._clock, self._cooldown_s = start, fetch, clock, cooldown_s
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._stop = threading.Event()  # of the download
        self._closed = False
        self._named: Endpoint | None = None
        self._capabilities: dict[Endpoint, Capabilities] = {}
        self._problem, self._retry_at = "", 0.0
        self._server: Server | None = None
        self._embedded: Endpoint | None = None
        self._loading = self._downloading = False
        self._embedded_problem, self._embedded_retry_at = "", 0.0
        self._progress: Progress | None = None

    def rungs(self, wait_s: float = 0.0) -> Iterator[Endpoint]:
        """Yields the models to ask in turn, best first; after the last one the notes answer alone.

        The embedded model is started when a reader comes down to it; `wait_s` is how long to wait for it to load.
        """
        remote = self._remote()
        if remote:
            yield remote
        local = self._local(wait_s)
        if local:
            yield local

    def capabilities(self, endpoint: Endpoint) -> Capabilities:
        """Returns what an endpoint can do; a configured one is probed at the first call, which takes a few requests."""
        if endpoint.rung == "embedded":
            return embedded.CAPABILITIES
        with self._changed:
            known = self._capabilities.get(endpoint)
        if known is None:
            known = probe(endpoint)
            if not known.reachable:
                self.failed(endpoint, ModelFailed(known.reason))
                return known
            with self._changed:
                self._capabilities[endpoint] = known
        return known

    def failed(self, endpoint: Endpoint, error: AtlasError) -> None:
        """Leaves a configured endpoint out until its cool-down is over; the embedded model if it no longer runs."""
        with self._changed:
            if endpoint.rung == "endpoint":
                self._problem, self._retry_at = str(error), self._clock() + self._cooldown_s
                self._capabilities.pop(endpoint, None)
                self._named = None  # the server may come back with another model
            else:
                self._notice_end()

    def warm(self) -> None:
        """Prepares in the background what will answer: probes the endpoint, or loads the embedded model."""
        self._run(self._warm, "atlas-warm")

    def download(self, source: str = "auto") -> None:
        """Fetches the embedded model in the background, then loads it; does nothing where that is under way."""
        with self._changed:
            if self._weights is None or self._downloading or self._closed:
                return
            self._downloading, self._embedded_problem = True, ""
            self._stop.clear()
        self._run(lambda: self._download(source), "atlas-download")

    def stop_download(self) -> None:
        """Ends the download under way; what it has is kept."""
        self._stop.set()

    @property
    def state(self) -> State:
        """What the ladder stands on now."""
        with self._changed:
            self._notice_end()
            wait_s = max(0.0, self._retry_at - self._clock())
            stage = self._stage()
            remote_usable = self._configured is not None and not wait_s
            return State(
                rung="endpoint" if remote_usable else "embedded" if stage == "ready" else "notes",
                endpoint=self._named or self._configured,
                endpoint_problem=self._problem if wait_s else "",
                retry_in_s=wait_s,
                weights=self._weights,
                embedded=stage,
                embedded_problem=self._embedded_problem,
                progress=self._progress,
            )

    def close(self) -> None:
        """Ends the embedded model and every background thread."""
        with self._changed:
            self._closed = True
            server, self._server, self._embedded = self._server, None, None
            threads = list(self._threads)
            self._changed.notify_all()
        self._stop.set()
        if server:
            server.close()
        for thread in threads:
            thread.join(timeout=5)  # one may be in a probe's request

    def _remote(self) -> Endpoint | None:
        """Returns the configured endpoint with its model's name, or None while it is left out."""
        with self._changed:
            endpoint = self._named or self._configured
            if endpoint is None or self._clock() < self._retry_at:
                return None
        try:
            endpoint = named(endpoint)
        except ModelFailed as error:
            self.failed(endpoint, error)
            return None
        with self._changed:
            self._named = endpoint
        return endpoint

    def _local(self, wait_s: float) -> Endpoint | None:
        """Returns the embedded model, which is started if need be, or None where it is not there in time."""
        self._load()
        with self._changed:
            self._changed.wait_for(lambda: not self._loading or self._closed, wait_s)
            self._notice_end()
            return self._embedded

    def _load(self) -> None:
        """Starts loading the embedded model in the background, unless it is there, on its way, or failed just now."""
        with self._changed:
            self._notice_end()
            busy = self._embedded or self._loading or self._closed or self._clock() < self._embedded_retry_at
            path = locate(self._weights, self._cache_dir) if self._weights else None
            if busy or self._weights is None or path is None:
                return
            self._loading, self._embedded_problem = True, ""
            server = self._server = self._start(self._weights, path)
        self._run(lambda: self._serve(server), "atlas-load")

    def _serve(self, server: Server) -> None:
        endpoint: Endpoint | None = None
        problem = "The embedded model did not start."
        try:
            endpoint = server.start()
        except AtlasError as error:
            problem = str(error)
        finally:
            with self._changed:
                self._loading = False
                self._embedded = None if self._closed else endpoint
                if endpoint is None:
                    self._embedded_failed(problem)
                self._changed.notify_all()

    def _download(self, source: str) -> None:
        problem = "The download broke off."
        try:
            self._fetch(self._weights, self._cache_dir, source, self._report, stop=self._stop)
            problem = ""
        except Stopped:
            problem = ""  # as was asked
        except AtlasError as error:
            problem = str(error)
        finally:
            with self._changed:
                self._downloading, self._progress = False, None
                self._embedded_problem, self._embedded_retry_at = problem, 0.0
                self._changed.notify_all()
        self._load()

    def _warm(self) -> None:
        remote = self._remote()
        if remote is None or not self.capabilities(remote).reachable:
            self._load()

    def _report(self, progress: Progress) -> None:
        with self._changed:
            self._progress = progress
            self._changed.notify_all()

    def _run(self, work: Callable[[], None], name: str) -> None:
        with self._changed:
            if self._closed:
                return
            thread = threading.Thread(target=work, name=name, daemon=True)
            self._threads = [*(t for t in self._threads if t.is_alive()), thread]
            thread.start()

    def _notice_end(self) -> None:
        """Takes note of an embedded model whose process has ended by itself."""
        if self._embedded and self._server and not self._server.alive:
            self._embedded = None
            self._embedded_failed("The embedded model ended by itself; it is started again in a moment.")

    def _embedded_failed(self, problem: str) -> None:
        self._embedded_problem, self._embedded_retry_at = problem, self._clock() + self._cooldown_s

    def _stage(self) -> Stage:
        if self._weights is None:
            return "off"
        if self._downloading:
            return "downloading"
        if self._loading:
            return "loading"
        if self._embedded:
            return "ready"
        if locate(self._weights, self._cache_dir) is None:
            return "missing"
        return "failed" if self._embedded_problem else "asleep"
