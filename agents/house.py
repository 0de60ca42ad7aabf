"""What every conversation shares, what one request brings, and the models that may answer it."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from agents.desk import Desk
from agents.endpoint import Endpoint
from agents.events import Usage
from agents.ladder import Ladder
from agents.probe import Capabilities
from knowledge.graph import Graph
from knowledge.index import Index
from knowledge.vocabulary import Language
from learner.attempt import ME


@dataclass(frozen=True, slots=True)
class Seat:
    """A model that can be asked now, and what it can do."""

    endpoint: Endpoint
    capabilities: Capabilities


@dataclass(slots=True)
class Ledger:
    """What a request has taken so far, also where it never comes to its end."""

    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class House:
    """What every conversation shares, and the ledger of this one."""

    index: Index
    graph: Graph
    ladder: Ladder
    desk: Desk
    wait_s: float = 0.0  # how long a request waits for the embedded model to load
    clock: Callable[[], float] = time.perf_counter
    today: Callable[[], date] = date.today
    ledger: Ledger = field(default_factory=Ledger)


@dataclass(frozen=True, slots=True)
class Request:
    """A message as it arrived, cleaned and routed."""

    id: str
    message: str
    language: Language
    session: str | None = None
    reader: str = ""
    guided: bool = False
    learner: str = ME  # whose record grows by what is answered
    spoken: Language | None = None  # what the reader's page is in, for messages that are in none
    masked: Mapping[str, int] = field(default_factory=dict[str, int])  # secrets taken out of it, by kind
    lesson: str = ""  # the guided lesson that the session is in


def seats(ladder: Ladder, wait_s: float) -> Iterator[Seat]:
    """Yield the models that can be asked, the best first."""
    for endpoint in ladder.rungs(wait_s):
        capabilities = ladder.capabilities(endpoint)
        if capabilities.reachable:
            yield Seat(endpoint, capabilities)
