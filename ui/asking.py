"""One question on its way through the page: the events of its answer, folded into the turn that is shown."""

import logging
import time
import uuid
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from agents.events import Event, EvidenceFound, Step
from agents.route import visible
from agents.stop import Stoppable
from knowledge.errors import AtlasError
from knowledge.vocabulary import Language
from tools.fault.mask import mask
from ui.chat import Asking, Turn, advanced, ended
from ui.opening import Team

if TYPE_CHECKING:
    from agents.atlas import Atlas  # loads the team's parts, after the page is up

SHOWN_EVERY_S: Final = 0.08  # a page that is told of each word and step has no time to draw them; sources never wait
OPENING_S: Final = 180.0  # how long a question waits for the notes to open
_BEAT_S: Final = 0.5
_LOG = logging.getLogger(__name__)

Clock = Callable[[], float]


def turns(
    team: Team,
    question: str,
    session: str,
    learner: str,
    asking: Asking,
    *,
    spoken: Language | None = None,
    guided: bool = False,
    admitted: AbstractContextManager[None] | None = None,
    clock: Clock = time.monotonic,
) -> Generator[Turn]:
    """Yield the turn each time that there is something new to see; the last one is complete, stopped or failed.

    `learner` is whose session it is and whose record grows by the answers to a quiz, `spoken` the language of the
    page, `guided` begins a lesson on what is asked, and `admitted` is entered while the answer is made: it raises
    where the reader asks too much. The turn shows the question without its secrets.
    """
    turn = Turn(uuid.uuid4().hex[:12], mask(visible(question)).text)

    def answer(atlas: "Atlas") -> Stoppable[Event]:
        return atlas.ask(question, session, reader=learner, learner=learner, guided=guided, spoken=spoken)

    try:
        with admitted or nullcontext():
            for latest in _answered(team, turn, answer, asking, clock):
                turn = latest
                yield turn
    except AtlasError as error:
        yield ended(turn, "failed", error.told(spoken or "en"))
        return
    except Exception as error:  # noqa: BLE001 - logged in full; the page must not wait for ever
        _LOG.exception("an answer broke off")
        yield ended(turn, "failed", f"{type(error).__name__}: {error}")
        return
    if turn.outcome == "open":
        yield ended(turn, "stopped")


def _answered(
    team: Team, turn: Turn, answer: Callable[["Atlas"], Stoppable[Event]], asking: Asking, clock: Clock
) -> Generator[Turn]:
    yield turn
    began = clock()
    while (atlas := team.atlas(_BEAT_S)) is None:
        if asking.stopped:
            return
        waited = clock() - began
        if waited > OPENING_S:
            raise AtlasError(
                "the notes are still being opened.", "Ask again in a minute.", "笔记还在打开，请一分钟后再问。"
            )
        yield replace(turn, steps=(Step("open", "desk", "", "running", waited),))
    answering = answer(atlas)
    asking.begins(answering.close)
    shown_at, is_behind = clock(), False
    for event in answering:
        before, turn = turn, advanced(turn, event)
        is_behind = is_behind or _shows(event, before, turn)
        if is_behind and (isinstance(event, EvidenceFound) or clock() - shown_at >= SHOWN_EVERY_S):
            shown_at, is_behind = clock(), False
            yield turn
    if is_behind:
        yield turn


def _shows(event: Event, before: Turn, after: Turn) -> bool:
    """Tell whether an event changes what is seen; a running step is shown to the second."""
    if not isinstance(event, Step) or event.status != "running":
        return before != after
    known = next((step for step in before.steps if step.id == event.id), None)
    return known is None or known.status != "running" or int(known.seconds or 0) != int(event.seconds or 0)
