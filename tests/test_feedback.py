import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest

from knowledge.errors import SetupMissing
from learner.feedback import FeedbackStore

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_a_thumb_is_on_disk_before_it_is_acknowledged(tmp_path: Path) -> None:
    FeedbackStore(tmp_path, clock=lambda: NOON).add("a1", "s1", "down", "wrong 🙂")
    (found,) = FeedbackStore(tmp_path).all()
    assert (found.answer, found.session, found.thumb, found.reason, found.at) == ("a1", "s1", "down", "wrong 🙂", NOON)


def test_the_latest_word_on_an_answer_stands_for_each_session(tmp_path: Path) -> None:
    times = iter(NOON + timedelta(seconds=i) for i in range(3))
    store = FeedbackStore(tmp_path, clock=lambda: next(times))
    store.add("a1", "s1", "down")
    store.add("a1", "s2", "down")
    store.add("a1", "s1", "up")
    assert [(found.session, found.thumb) for found in store.all()] == [("s2", "down"), ("s1", "up")]


def test_nothing_is_known_before_the_first_thumb(tmp_path: Path) -> None:
    assert FeedbackStore(tmp_path / "new").all() == []


def test_many_readers_at_once_lose_nothing(tmp_path: Path) -> None:
    store = FeedbackStore(tmp_path)
    threads = [Thread(target=store.add, args=(f"a{i}", "s", "up")) for i in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.all()) == 20


def test_a_file_that_is_no_database_is_missing_set_up(tmp_path: Path) -> None:
    (tmp_path / "feedback.sqlite").write_bytes(b"garbage " * 1000)
    with pytest.raises(SetupMissing, match="--home"):
        FeedbackStore(tmp_path).all()
    assert (tmp_path / "feedback.sqlite").read_bytes().startswith(b"garbage")


def test_a_folder_that_cannot_be_written_is_missing_set_up(unprivileged: Path) -> None:
    unprivileged.chmod(0o500)
    with pytest.raises(SetupMissing, match="--home"):
        FeedbackStore(unprivileged / "home").add("a", "s", "up")
    unprivileged.chmod(0o700)


def test_a_reason_is_data_and_never_a_command(tmp_path: Path) -> None:
    FeedbackStore(tmp_path).add("a", "s", "up", "'); DROP TABLE feedback; --")
    with sqlite3.connect(tmp_path / "feedback.sqlite") as db:
        assert db.execute("SELECT count(*) FROM feedback").fetchone() == (1,)
    db.close()
