import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from learner_stores import KINDS, NOON, Clock, attempt, opened, place

from learner.progress import progress
from learner.record import Records
from learner.store import AttemptStore


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[AttemptStore]:
    with opened(place(request.param, tmp_path)) as found:
        yield found


def test_a_record_has_what_is_stored_by_now(store: AttemptStore) -> None:
    records = Records(store)
    assert records.of("anna").concepts == {}
    store.add(attempt("1"))
    first = records.of("anna")
    assert [one.id for one in first.attempts] == ["1"]
    store.add(attempt("2", concept="lora"))
    store.add(attempt("3", "ben"))
    assert set(records.of("anna").concepts) == {"kv-cache", "lora"}
    assert set(first.concepts) == {"kv-cache"}, "a record given out has changed"


def test_a_record_is_kept_while_nothing_changes(store: AttemptStore) -> None:
    records = Records(store)
    store.add(attempt("1"))
    assert records.of("anna") is records.of("anna")


def test_a_record_is_found_under_the_name_as_it_is_kept(store: AttemptStore) -> None:
    store.add(attempt("1"))
    records = Records(store)
    assert records.of(" anna ") is records.of("anna")


def test_a_verdict_that_changes_changes_what_followed_from_it(store: AttemptStore) -> None:
    records = Records(store)
    store.add(attempt("1", correct=False))
    store.add(attempt("2", hours=50))
    before = records.of("anna").concepts["kv-cache"]
    store.amend("1", "anna", correct=True)
    after = records.of("anna").concepts["kv-cache"]
    assert after.card.stability > before.card.stability
    assert after == Records(store).of("anna").concepts["kv-cache"]


def test_a_deleted_learner_who_comes_back_begins_anew(store: AttemptStore) -> None:
    records = Records(store)
    store.add(attempt("1", concept="old"))
    assert set(records.of("anna").concepts) == {"old"}
    store.delete("anna")
    assert records.of("anna").concepts == {}
    store.add(attempt("1", concept="new"))
    assert set(records.of("anna").concepts) == {"new"}
    store.delete("anna")
    store.add(attempt("1", concept="newer"))
    assert set(records.of("anna").concepts) == {"newer"}


deeds = st.lists(
    st.tuples(
        st.sampled_from(["add", "add", "add", "amend", "look", "delete"]),
        st.integers(0, 8),
        st.floats(0, 500),
        st.booleans(),
    ),
    max_size=25,
)


@settings(max_examples=40, deadline=None)
@given(deeds)
@example([*[("add", 0, 0.0, False)] * 9, ("look", 0, 0.0, False), *[("add", 0, 0.0, False)] * 2])  # ids sort as texts
def test_a_record_kept_up_to_date_is_one_read_anew(
    tmp_path_factory: pytest.TempPathFactory, done: list[tuple[str, int, float, bool]]
) -> None:
    clock = Clock()
    with opened(tmp_path_factory.mktemp("record"), clock) as store:
        records = Records(store)
        for n, (deed, which, hours, correct) in enumerate(done):
            clock.now += timedelta(minutes=1)
            if deed == "add":
                store.add(attempt(str(n), concept=f"c{which % 3}", hours=hours, correct=correct, fact=str(which % 2)))
            elif deed == "amend" and (there := store.attempts("anna")):
                store.amend(there[which % len(there)].id, "anna", correct=correct)
            elif deed == "delete" and which == 0:
                store.delete("anna")
            elif deed == "look":
                records.of("anna")
        assert records.of("anna") == Records(store).of("anna")


def test_learners_and_threads_at_once_do_not_mix(store: AttemptStore) -> None:
    records = Records(store)

    def work(n: int) -> None:
        learner = f"l{n % 3}"
        store.add(attempt(str(n), learner, concept=f"{learner}-c", hours=n))
        record = records.of(learner)
        assert set(record.concepts) == {f"{learner}-c"}
        assert str(n) in {one.id for one in record.attempts}

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(60)))
    for n in range(3):
        found = [one.id for one in records.of(f"l{n}").attempts]
        assert sorted(found, key=int) == [str(k) for k in range(n, 60, 3)]


def test_progress_over_a_long_record_is_quick_and_one_more_attempt_is_read_alone(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        with store.adding("anna") as add:
            add([(attempt(str(n), concept=f"c{n % 260}", hours=n / 2, fact=str(n % 900)), ()) for n in range(500)])
            for start in range(500, 20_000, 500):
                span = range(start, start + 500)
                add([(attempt(str(n), concept=f"c{n % 260}", hours=n / 2, fact=str(n % 900)), ()) for n in span])
        records = Records(store)
        records.of("anna")
        store.add(attempt("one more", hours=20_000))
        began = time.process_time()  # of this process alone: others may keep the processor
        found = progress(records.of("anna").concepts, NOON + timedelta(days=900), stage_of={}, prerequisites={})
        assert time.process_time() - began < 0.3
        assert found.attempts == 20_001
