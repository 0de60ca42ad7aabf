import sqlite3
import subprocess
import sys
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from threading import Barrier

import postgres_server
import pytest
from learner_stores import KINDS, NOON, Clock, attempt, opened, place

from knowledge.errors import SetupMissing, UserMistake
from learner.attempt import Amendment, Attempt
from learner.store import AttemptStore, Mark

FULL = Attempt(
    "1", "anna", "kv-cache", False, datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC), "i", "implements:a:b",
    "multiple_choice", 3, "model", "zh", "答案是 “B”\n'; DROP TABLE attempts; --", 1 / 3, 2, 12.75, "model", "quiz-1", '{"a": 1}',
)  # fmt: skip


@pytest.fixture(params=KINDS)
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    return place(request.param, tmp_path)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(where: Path | str, clock: Clock) -> Generator[AttemptStore]:
    with opened(where, clock) as found:
        yield found


def ids(attempts: list[Attempt]) -> list[str]:
    return [one.id for one in attempts]


def test_an_attempt_comes_back_as_it_was_stored_in_a_later_process_too(store: AttemptStore, where: Path | str) -> None:
    store.add(FULL)
    store.close()
    with opened(where) as later:
        assert later.attempts("anna") == [FULL]
        assert later.attempt("1", "anna") == FULL


def test_a_time_of_another_zone_is_the_same_moment_in_utc(store: AttemptStore) -> None:
    store.add(replace(FULL, at=FULL.at.astimezone(timezone(timedelta(hours=8)))))
    assert store.attempts("anna")[0].at.tzinfo is UTC
    assert store.attempts("anna") == [FULL]


def test_attempts_come_in_the_order_of_time(store: AttemptStore) -> None:
    for n in (3, 1, 2):
        store.add(attempt(str(n), hours=n))
    assert ids(store.attempts("anna")) == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"concept": "lora"}, ["2"]),
        ({"since": NOON + timedelta(hours=2)}, ["2", "3"]),
        ({"newest": 2}, ["2", "3"]),
        ({"newest": 0}, []),
        ({"concept": "kv-cache", "newest": 1}, ["3"]),
        ({"after": 1}, ["2", "3"]),
        ({"after": 1, "until": 2}, ["2"]),
        ({"concept": "nothing"}, []),
    ],
)
def test_attempts_are_found_by(asked: dict[str, object], found: list[str], store: AttemptStore) -> None:
    store.add(attempt("1", hours=1))
    store.add(attempt("2", hours=2, concept="lora"))
    store.add(attempt("3", hours=3))
    assert ids(store.attempts("anna", **asked)) == found  # type: ignore[arg-type]


def test_without_the_whole_attempt_only_the_long_texts_are_left_out(store: AttemptStore) -> None:
    store.add(FULL)
    assert store.attempts("anna", whole=False) == [replace(FULL, response="", item="")]


def test_an_id_is_stored_once_for_each_learner(store: AttemptStore) -> None:
    store.add(attempt("1"))
    store.add(attempt("1", "ben", correct=False))
    with pytest.raises(UserMistake, match="'1' is stored already"):
        store.add(attempt("1", hours=5))
    assert store.attempts("anna") == [attempt("1")]
    assert store.attempts("ben") == [attempt("1", "ben", correct=False)]


def test_a_later_verdict_stands_and_the_first_is_kept(store: AttemptStore, clock: Clock) -> None:
    store.add(attempt("1", correct=False, score=0.4))
    store.amend("1", "anna", correct=True)
    clock.now += timedelta(minutes=1)
    assert store.attempts("anna") == [attempt("1", correct=True, score=1.0, grader="learner")]
    assert store.attempt("1", "anna") == attempt("1", correct=True, score=1.0, grader="learner")
    store.amend("1", "anna", correct=False, grader="model")
    assert store.attempts("anna") == [attempt("1", correct=False, score=0.0, grader="model")]
    first, second = Amendment(True, "learner", NOON), Amendment(False, "model", NOON + timedelta(minutes=1))
    assert list(store.history("anna")) == [(attempt("1", correct=False, score=0.4), (first, second))]


def test_only_an_attempt_of_the_learner_can_be_amended(store: AttemptStore) -> None:
    store.add(attempt("1"))
    with pytest.raises(UserMistake, match="'ben' has no attempt '1'"):
        store.amend("1", "ben", correct=False)
    assert store.attempts("anna") == [attempt("1")]
    assert store.learners() == ["anna"]


def test_facts_asked_lately_come_latest_first_and_once(store: AttemptStore) -> None:
    for n, fact in enumerate(["a", "b", "", "a", "c"]):
        store.add(attempt(str(n), hours=n, fact=fact))
    store.add(attempt("1", "ben", fact="z"))
    assert store.recent_facts("anna") == ["c", "a", "b"]
    assert store.recent_facts("anna", 2) == ["c", "a"]


def test_a_deleted_learner_is_gone_and_the_others_stay(store: AttemptStore) -> None:
    store.add(attempt("1"))
    store.amend("1", "anna", correct=False)
    store.add(attempt("1", "ben"))
    before = store.mark("anna")
    assert store.delete("anna") == 1
    assert (store.learners(), store.attempts("anna"), store.recent_facts("anna")) == (["ben"], [], [])
    assert store.mark("anna") == Mark()
    assert store.attempts("ben") == [attempt("1", "ben")]
    store.add(attempt("1"))
    assert store.attempts("anna") == [attempt("1")], "an old verdict came back"
    assert store.mark("anna").born != before.born


def test_the_mark_moves_with_every_change_of_this_learner(store: AttemptStore) -> None:
    marks = [store.mark("anna")]
    store.add(attempt("1"))
    marks.append(store.mark("anna"))
    store.add(attempt("1", "ben"))
    assert store.mark("anna") == marks[-1]
    store.amend("1", "anna", correct=False)
    marks.append(store.mark("anna"))
    assert [mark.changes for mark in marks] == [0, 1, 2]
    assert store.amended_after("anna", 1) == {"1"}
    assert store.amended_after("anna", 2) == set()


@pytest.mark.parametrize(
    ("given", "kept"), [("  Anna  ", "Anna"), ("小明", "小明"), ("Zoe\u0308", "Zo\u00eb"), ("a" * 80, "a" * 80)]
)
def test_a_name_is_kept_without_space_around_it_and_composed(given: str, kept: str, store: AttemptStore) -> None:
    store.add(attempt("1", given))
    assert store.learners() == [kept]
    assert store.attempts(given) == [attempt("1", kept)]


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "a\0b", "a" * 81, "a\u202eb", "\ud800"])
def test_what_is_no_name_is_refused(name: str, tmp_path: Path) -> None:
    with opened(tmp_path) as store, pytest.raises(UserMistake, match="1 to 80 printable") as raised:
        store.add(attempt("1", name))
    assert repr(name)[:20] in raised.value.message
    assert not list(tmp_path.iterdir()), "something was written"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("response", "a\0b"), ("item", "\ud800"), ("concept", " "), ("id", ""), ("id", "x" * 201), ("score", 1.5),
        ("score", float("nan")), ("seconds", -1.0), ("seconds", float("inf")), ("level", 4), ("hints", -1), ("hints", True),
        ("grader", "chance"), ("at", NOON.replace(tzinfo=None)), ("correct", 1), ("quiz", None),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_unchanged_is_refused_by_field(field: str, value: object, tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        with pytest.raises(UserMistake, match=f"cannot be stored: '{field}' "):
            store.add(replace(FULL, **{field: value}))
        assert store.attempts("anna") == []


def test_adding_keeps_all_or_none(store: AttemptStore) -> None:
    with pytest.raises(ZeroDivisionError), store.adding("anna") as add:
        assert add([(attempt("1"), ())]) == ["added"]
        raise ZeroDivisionError
    assert store.learners() == []
    with store.adding("anna") as add:
        assert add([(attempt("1"), ()), (attempt("1"), ()), (attempt("1", concept="other"), ())]) == [
            "added", "known", "differs",
        ]  # fmt: skip
    assert store.attempts("anna") == [attempt("1")]


def test_many_threads_store_for_two_learners_and_nothing_mixes(store: AttemptStore) -> None:
    def write(n: int) -> None:
        learner = ("anna", "ben")[n % 2]
        store.add(attempt(str(n), learner, hours=n, response=learner))
        store.amend(str(n), learner, correct=False)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(80)))
    for learner, first in (("anna", 0), ("ben", 1)):
        found = store.attempts(learner)
        assert ids(found) == [str(n) for n in range(first, 80, 2)]
        assert {(one.response, one.correct) for one in found} == {(learner, False)}
        assert store.mark(learner).changes == 80


def test_processes_that_open_it_first_at_once_all_store(where: Path | str) -> None:
    script = Path(__file__).with_name("attempt_process.py")
    command = [sys.executable, str(script), "write", str(where)]
    writers = [
        subprocess.Popen([*command, learner, prefix, "40"], stdout=subprocess.PIPE, cwd=script.parents[1])
        for learner, prefix in [("anna", "x"), ("anna", "y"), ("ben", "x")]
    ]
    assert [writer.wait(120) for writer in writers] == [0, 0, 0]
    for writer in writers:
        assert writer.stdout is not None
        writer.stdout.close()
    with opened(where) as store:
        assert sorted(ids(store.attempts("anna"))) == sorted(f"{p}{n}" for p in "xy" for n in range(40))
        assert len(store.attempts("ben")) == 40
        assert store.mark("anna").changes == 80


def test_many_may_make_a_new_file_at_once(tmp_path: Path) -> None:
    def first(home: Path, n: int) -> None:
        with opened(home) as store:
            start.wait()
            store.add(attempt(str(n)))

    for number in range(5):
        start = Barrier(6)
        with ThreadPoolExecutor(6) as threads:
            list(threads.map(first, [tmp_path / str(number)] * 6, range(6)))
        with opened(tmp_path / str(number)) as store:
            assert len(store.attempts("anna")) == 6


def test_deleting_leaves_no_trace_in_the_files(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        for n in range(300):
            store.add(
                attempt(f"s{n}", "anna", concept=f"secret-{n}", response="secret words " * (n % 40), item="secret " * n)
            )
            store.add(attempt(str(n), "ben", response="public words " * (n % 40)))
        files = sorted(tmp_path.iterdir())
        assert any(b"secret" in file.read_bytes() for file in files)
        store.delete("anna")
        assert not any(
            b"secret" in file.read_bytes() or b"anna" in file.read_bytes() for file in files if file.exists()
        )
        assert len(store.attempts("ben")) == 300


def test_deleting_tells_where_another_program_keeps_traces_from_going(tmp_path: Path) -> None:
    with opened(tmp_path) as store, closing(sqlite3.connect(tmp_path / "learner.sqlite")) as other:
        store.add(attempt("1"))
        other.execute("BEGIN")
        other.execute("SELECT * FROM attempts").fetchall()
        with pytest.raises(SetupMissing, match="traces are left") as raised:
            store.delete("anna")
        assert store.attempts("anna") == []
        assert "delete again" in raised.value.remedy
        other.rollback()
        assert store.delete("anna") == 0


def test_a_commit_waits_for_the_disk(tmp_path: Path) -> None:
    with opened(tmp_path) as store, store._database.reading() as db:  # pyright: ignore[reportPrivateUsage]
        asked = {name: db.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")}
    assert asked == {"journal_mode": "wal", "synchronous": 2}


def test_constructing_a_store_does_nothing_yet(tmp_path: Path) -> None:
    with opened(tmp_path / "home"):
        assert not (tmp_path / "home").exists()


def test_a_file_that_is_no_database_is_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "learner.sqlite").write_text("not a database" * 100)
    with opened(tmp_path) as store, pytest.raises(SetupMissing, match=r"learner\.sqlite.*--home"):
        store.attempts("anna")


def test_a_home_that_cannot_be_written_is_named(unprivileged: Path) -> None:
    unprivileged.chmod(0o500)
    with opened(unprivileged / "home") as store, pytest.raises(SetupMissing, match="--home"):
        store.add(attempt("1"))
    unprivileged.chmod(0o700)


def test_attempts_of_a_later_version_are_left_alone(store: AttemptStore, where: Path | str) -> None:
    store.add(attempt("1"))
    with store._database.writing() as db:  # pyright: ignore[reportPrivateUsage]
        db.exec_driver_sql("UPDATE about SET value = '2' WHERE key = 'schema'")
    with opened(where) as later, pytest.raises(SetupMissing, match=r"schema '2'; this program reads 1\. Update"):
        later.attempts("anna")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://me:secret@host/atlas", "'mysql://…'"),
        ("postgresql://me:secret@word@host/atlas", "more than one '@'"),
        ("postgresql://me:secret@host:port/atlas", "cannot be read"),
    ],
)
def test_a_url_that_cannot_be_is_refused_without_its_password(url: str, message: str) -> None:
    with pytest.raises(UserMistake, match="postgresql://user:password@host/database") as raised:
        AttemptStore(url)
    assert message in raised.value.message
    assert "secret" not in str(raised.value)


def test_a_server_that_is_down_is_named_without_the_password() -> None:
    where = "postgresql://me:secret@127.0.0.1:9/atlas"
    with opened(where) as store, pytest.raises(SetupMissing, match=r"postgresql://127\.0\.0\.1:9/atlas") as raised:
        store.attempts("anna")
    assert "Start the server" in raised.value.remedy
    assert "secret" not in str(raised.value) + repr(raised.value.__cause__)


def test_a_missing_driver_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with (
        opened("postgresql://me:secret@127.0.0.1/atlas") as store,
        pytest.raises(SetupMissing, match="psycopg") as raised,
    ):
        store.attempts("anna")
    assert "pip install" in raised.value.remedy
    assert "secret" not in str(raised.value)


def test_a_server_that_comes_back_is_used_again(tmp_path: Path) -> None:
    where = place("postgres", tmp_path)
    server = postgres_server.server()
    assert not isinstance(server, str)
    with opened(where) as store:
        store.add(attempt("1"))
        server.stop()
        with pytest.raises(SetupMissing, match="Start the server"):
            store.add(attempt("2"))
        server.start()
        store.add(attempt("3"))
        assert ids(store.attempts("anna")) == ["1", "3"]


def test_a_home_may_have_any_characters(tmp_path: Path) -> None:
    with opened(tmp_path / "a b?c#d%20 学习") as store:
        store.add(attempt("1"))
    with closing(AttemptStore(str(tmp_path / "a b?c#d%20 学习"))) as again:
        assert ids(again.attempts("anna")) == ["1"]
