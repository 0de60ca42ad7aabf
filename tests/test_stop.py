"""An answer can be stopped from any thread, whatever it waits for."""

import threading
import time
from collections.abc import Callable

import pytest

from agents.stop import HEARTBEAT_S, Stop, watched


def test_wish_to_stop_aborts_all_that_is_under_way_once() -> None:
    stop, aborted = Stop(), list[str]()
    stop.aborts(lambda: aborted.append("team"))
    stop.aborts(lambda: aborted.append("judge"))
    assert aborted == []
    stop.set()
    stop.set()
    assert (aborted, stop.is_set) == (["team", "judge"], True)


def test_what_begins_after_the_wish_is_aborted_at_once() -> None:
    stop, aborted = Stop(), list[str]()
    stop.set()
    stop.aborts(lambda: aborted.append("late"))
    assert aborted == ["late"]


def test_words_come_in_order_and_the_result_last() -> None:
    def work(say: Callable[[str], None]) -> int:
        say("one")
        say("two")
        return 2

    run = watched(work, Stop(), "work")
    assert [next(run), next(run)] == ["one", "two"]
    with pytest.raises(StopIteration) as end:
        next(run)
    assert end.value.value == 2


def test_waiting_gives_heartbeats() -> None:
    go = threading.Event()
    run = watched(lambda _: go.wait(5), Stop(), "work")
    began = time.monotonic()
    assert [next(run), next(run)] == [None, None]
    assert time.monotonic() - began >= 2 * HEARTBEAT_S
    go.set()
    with pytest.raises(StopIteration):
        while True:
            next(run)


def test_failure_of_the_work_is_raised_to_the_reader() -> None:
    def work(_: Callable[[str], None]) -> None:
        raise LookupError("not there")

    with pytest.raises(LookupError, match="not there"):
        next(watched(work, Stop(), "work"))


def test_stop_ends_the_wait_within_a_heartbeat_though_the_work_goes_on() -> None:
    stop, go = Stop(), threading.Event()
    run = watched(lambda _: go.wait(10), stop, "work")
    next(run)
    stop.set()
    began = time.monotonic()
    with pytest.raises(GeneratorExit):
        next(run)
    assert time.monotonic() - began < 1
    go.set()


def test_result_that_comes_after_the_wish_is_not_taken() -> None:
    stop = Stop()
    go = threading.Event()
    stop.aborts(go.set)
    run = watched(lambda _: go.wait(10), stop, "work")
    next(run)
    stop.set()
    with pytest.raises(GeneratorExit):
        next(run)


@pytest.mark.parametrize("leave", ["close", "forget"])
def test_abandoned_wait_stops_the_work(leave: str) -> None:
    stop, aborted = Stop(), threading.Event()
    stop.aborts(aborted.set)
    run = watched(lambda _: aborted.wait(10), stop, "work")
    next(run)
    if leave == "close":
        run.close()
    del run
    assert aborted.wait(1)


def test_finished_work_leaves_the_answer_going_on() -> None:
    stop = Stop()
    with pytest.raises(StopIteration):
        next(watched(lambda _: 1, stop, "work"))
    assert not stop.is_set
