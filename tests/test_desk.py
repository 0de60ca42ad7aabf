"""The front desk keeps sessions apart and for good, and makes follow-ups stand alone."""

import multiprocessing
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scripted_model import ScriptedModel, refusing_url

from agents.clerk import Clerk
from agents.desk import Desk, Turn, checked_session, joined_question
from agents.endpoint import Endpoint
from agents.events import Usage
from knowledge.errors import ModelFailed, SetupMissing, UserMistake

HISTORY = [Turn("1", "What is LoRA?", "What is LoRA?", "LoRA trains two low-rank matrices.", ("lora",))]


@pytest.fixture
def model() -> Iterator[ScriptedModel]:
    with ScriptedModel(api_key="sk-secret") as scripted:
        yield scripted


def turn(number: int, who: str = "") -> Turn:
    return Turn(f"{who}{number}", f"question {number}", f"searched {number}", f"答案 {number}", ("vllm", "lora"))


# --- sessions -------------------------------------------------------------------------------------------------------


def test_session_that_has_not_begun_has_no_history(tmp_path: Path) -> None:
    assert Desk(tmp_path).history("new") == []


def test_last_turns_are_remembered_oldest_first_and_after_reopening(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for number in range(5):
        desk.remember("lesson", turn(number))
    assert Desk(tmp_path).history("lesson") == [turn(2), turn(3), turn(4)]


def test_sessions_do_not_mix(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.remember("a", turn(1))
    desk.remember("b", turn(2))
    assert (desk.history("a"), desk.history("b")) == ([turn(1)], [turn(2)])


def test_readers_do_not_mix_though_their_sessions_have_one_name(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for who in ("alice", "bob", ""):
        desk.remember("lesson", turn(1, who), who)
    assert [desk.history("lesson", who) for who in ("alice", "bob", "")] == [
        [turn(1, "alice")], [turn(1, "bob")], [turn(1, "")],
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["a", "день 1", "x" * 120, "'; DROP TABLE sessions; --", "../../etc/passwd"])
def test_any_printable_name_will_do_and_names_no_file(tmp_path: Path, name: str) -> None:
    desk = Desk(tmp_path / "home")
    desk.remember(name, turn(1))
    assert desk.history(name) == [turn(1)]
    assert {path.name.split("-")[0] for path in (tmp_path / "home").iterdir()} == {"sessions.sqlite"}


@pytest.mark.parametrize("name", ["", "  ", "x" * 121, "a\nb", "a\x00b", "a\u200bb", "\ud800"])
def test_impossible_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserMistake, match="no name for a session"):
        checked_session(name)
    with pytest.raises(UserMistake, match="no name for a session"):
        Desk(tmp_path).history(name)


def test_home_that_cannot_be_written_is_missing_set_up(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SetupMissing, match=r"sessions\.sqlite.*--home"):
        Desk(tmp_path / "file").remember("s", turn(1))


def test_file_that_is_no_database_is_missing_set_up(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "sessions.sqlite").write_bytes(b"not a database, but long enough to be taken for one" * 50)
    with pytest.raises(SetupMissing, match="cannot be used"):
        Desk(tmp_path).remember("s", turn(1))
    assert capfd.readouterr().out == ""


def test_turns_are_written_ahead_so_that_readers_do_not_wait(tmp_path: Path) -> None:
    Desk(tmp_path).remember("s", turn(1))
    with sqlite3.connect(tmp_path / "sessions.sqlite") as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def _write_turns(home: Path, who: str) -> None:
    desk = Desk(home)
    for number in range(10):
        desk.remember(f"of {who}", turn(number, who))


def test_two_processes_write_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_write_turns, args=(tmp_path, who)) for who in ("a", "b")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0]
    for who in ("a", "b"):
        assert [t.id for t in Desk(tmp_path).history(f"of {who}")] == [f"{who}7", f"{who}8", f"{who}9"]
    with sqlite3.connect(tmp_path / "sessions.sqlite") as database:
        assert database.execute("SELECT COUNT(*) FROM turns").fetchone() == (20,)


# --- follow-ups -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("titles", "language", "joined"),
    [
        (["LoRA"], "en", "LoRA: how much memory?"),
        (["LoRA", "QLoRA"], "en", "LoRA, QLoRA: how much memory?"),
        (["分页注意力", "vLLM"], "zh", "分页注意力、vLLM: how much memory?"),
        ([], "en", "What is LoRA? how much memory?"),
    ],
)
def test_without_a_model_a_follow_up_is_joined_with_what_was_talked_of(
    titles: list[str], language: Any, joined: str
) -> None:
    assert joined_question("how much memory?", HISTORY, titles, language) == joined


def test_follow_up_is_rewritten_in_one_call_with_examples(model: ScriptedModel) -> None:
    model.reply("How much memory does LoRA save?")
    clerk = Clerk(model.endpoint)
    assert clerk.rewrite("and how much memory?", HISTORY) == "How much memory does LoRA save?"
    (request,) = model.requests
    assert [message["role"] for message in request.messages] == ["system", *["user", "assistant"] * 3, "user"]
    assert "Earlier answer: LoRA trains two low-rank matrices.\nNew message: and how much memory?" in request.user
    assert (request.max_tokens, request.body["temperature"]) == (60, 0)
    assert clerk.usage == Usage(1, len(request.prompt.split()), 6)


@pytest.mark.parametrize(
    ("said", "question"),
    [
        ('"How much does LoRA save?"\nI hope this helps.', "How much does LoRA save?"),
        ("“LoRA 省多少显存？”", "LoRA 省多少显存？"),
        ("   \n", ""),
        ("word " * 200, ""),
    ],
    ids=["chatter", "chinese quotes", "blank", "endless"],
)
def test_only_a_question_is_taken_from_what_the_model_says(model: ScriptedModel, said: str, question: str) -> None:
    model.reply(said)
    assert Clerk(model.endpoint).rewrite("how much?", HISTORY) == question


def test_only_the_head_of_a_long_answer_is_shown(model: ScriptedModel) -> None:
    model.reply("Fine?")
    Clerk(model.endpoint).rewrite("why?", [replace(HISTORY[0], answer="long " * 500)])
    assert len(model.requests[0].user) < 400


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"hang": True}, "sent nothing for 0.4 s"),
        ({"text": "a", "close_after": 0}, "closed the connection"),
        ({"malformed": True}, "outside of OpenAI's protocol"),
        ({"status": 429}, "HTTP 429"),
        ({"status": 500, "message": "boom sk-secret"}, "HTTP 500"),
        ({"status": 401, "message": "bad key sk-secret"}, "refused the key"),
    ],
    ids=["slow", "closing", "malformed", "overloaded", "broken", "wrong key"],
)
def test_failure_of_the_model_is_told_once_and_without_the_key(
    model: ScriptedModel, capfd: pytest.CaptureFixture[str], fault: dict[str, Any], message: str
) -> None:
    model.reply(**fault)
    with pytest.raises(ModelFailed, match=message) as failed:
        Clerk(replace(model.endpoint, timeout_s=0.4)).rewrite("why?", HISTORY)
    assert len(model.requests) == 1
    printed = capfd.readouterr()
    assert printed.out == ""
    assert "sk-secret" not in str(failed.value) + printed.err


def test_dead_server_is_the_models_failure() -> None:
    with refusing_url() as url, pytest.raises(ModelFailed, match="Nothing answers"):
        Clerk(Endpoint(url, "m", "sk-secret")).talk("hello")


def test_clerk_that_was_aborted_asks_nothing(model: ScriptedModel) -> None:
    clerk = Clerk(model.endpoint)
    clerk.abort()
    with pytest.raises(ModelFailed):
        clerk.talk("hello")
    assert model.requests == []
