"""Several learners on one app: passwords, logins, the gate before the page, and records that stay apart."""

import json
import stat
from collections.abc import Generator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest
from command_run import Command
from served_page import page_over, served
from small_atlas import QUESTION, notes_atlas, small_index
from starlette.requests import Request

from agents.atlas import Atlas
from knowledge.errors import SetupMissing, UserMistake
from ui import auth
from ui.app import application
from ui.auth import Accounts, accounts
from ui.auth_gate import COOKIE
from ui.auth_login import FILE, LASTS_S, Logins
from ui.auth_page import login_html
from ui.limits import Questions
from ui.page import Page

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ImportWarning"),
]

SECRET = "correct horse battery"
PAGE = {"accept": "text/html"}
_PEOPLE = accounts([f"ann:{SECRET}", f"李雷:{SECRET}"])


# --- passwords -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "password", "admitted"),
    [
        pytest.param("ann", SECRET, True, id="the right one"),
        pytest.param("李雷", SECRET, True, id="a Chinese name"),
        pytest.param("ann", SECRET + " ", False, id="one character more"),
        pytest.param("ann", "", False, id="nothing"),
        pytest.param("bob", SECRET, False, id="nobody's name"),
        pytest.param("", "", False, id="no name"),
    ],
)
def test_only_the_right_password_of_a_known_learner_is_admitted(name: str, password: str, admitted: bool) -> None:
    assert _PEOPLE.admits(name, password) is admitted


def test_a_password_file_holds_hashes_only_and_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "passwords"
    auth.keep(file, "ann", SECRET)
    auth.keep(file, "ben", SECRET)
    assert SECRET not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    lines = file.read_text().splitlines()
    assert [line.partition(":")[0] for line in lines] == ["ann", "ben"]
    assert lines[0].partition(":")[2] != lines[1].partition(":")[2], "each hash has a salt of its own"
    assert accounts([str(file)]).admits("ann", SECRET)


def test_a_changed_password_replaces_the_one_before(tmp_path: Path) -> None:
    file = tmp_path / "passwords"
    auth.keep(file, "ann", SECRET)
    auth.keep(file, "ann", "another password")
    assert (accounts([str(file)]).admits("ann", "another password"), accounts([str(file)]).admits("ann", SECRET)) == (
        True,
        False,
    )


def test_a_file_with_a_plain_password_is_refused_without_repeating_it(tmp_path: Path) -> None:
    file = tmp_path / "passwords"
    file.write_text(f"ann:{SECRET}\n")
    with pytest.raises(UserMistake, match="line 1") as refused:
        accounts([str(file)])
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param("ann", id="neither a file nor a pair"),
        pytest.param("ann:", id="no password"),
        pytest.param("ann:short", id="too short"),
        pytest.param(":" + SECRET, id="no name"),
        pytest.param(f"browser-{'0' * 32}:{SECRET}", id="the name of a nameless browser"),
    ],
)
def test_who_cannot_be_admitted_is_the_users_mistake(given: str) -> None:
    with pytest.raises(UserMistake) as refused:
        accounts([given])
    assert SECRET not in str(refused.value)
    assert "short" not in str(refused.value).partition("Use")[0]


def test_the_command_sets_a_password_read_from_standard_input(atlas: Command, tmp_path: Path) -> None:
    file = tmp_path / "passwords"
    run = atlas("learner", "password", "ann", "--file", file, "--json", stdin=f"{SECRET}\n")
    assert (run.status, json.loads(run.out)) == (0, {"learner": "ann", "file": str(file)})
    assert accounts([str(file)]).admits("ann", SECRET)
    assert atlas("learner", "password", "ann", "--file", file, stdin="short\n").status == 2
    assert accounts([str(file)]).admits("ann", SECRET), "the one before is still there"


# --- who may listen where --------------------------------------------------------------------------------------------


def test_an_address_that_others_reach_needs_a_password(atlas: Command) -> None:
    run = atlas("ui", "--host", "0.0.0.0", "--port", "0", "--json")
    assert run.status == 2
    error = json.loads(run.out)["error"]
    assert (error["kind"], "--auth" in error["remedy"], "--insecure" in error["remedy"]) == ("user_mistake", True, True)


def test_what_the_environment_names_is_looked_at(atlas: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATLAS_AUTH", "ann:short")
    run = atlas("ui", "--host", "0.0.0.0", "--port", "0", "--json")
    assert (run.status, "password has 5 characters" in run.out) == (2, True)


# --- logins ----------------------------------------------------------------------------------------------------------


def test_a_login_names_its_learner_until_it_ends() -> None:
    now = [1000.0]
    logins = Logins(_PEOPLE, clock=lambda: now[0])
    first, second = logins.begin("李雷"), logins.begin("李雷")
    assert logins.learner(first) == "李雷"
    logins.end(first)
    assert (logins.learner(first), logins.learner(second)) == (None, "李雷")
    now[0] += LASTS_S + 1
    assert logins.learner(second) is None


@pytest.mark.parametrize("forged", ["", "x", "a.b.c.d", "....", "é.1.2.3", "\0"])
def test_a_token_that_is_none_of_ours_names_nobody(forged: str) -> None:
    assert Logins(_PEOPLE).learner(forged) is None


def test_a_token_cannot_be_changed_to_another_name_or_a_later_end() -> None:
    logins = Logins(_PEOPLE)
    name, until, number, signature = logins.begin("ann").split(".")
    other = logins.begin("李雷").split(".")[0]
    assert logins.learner(f"{other}.{until}.{number}.{signature}") is None
    assert logins.learner(f"{name}.{int(until) + 1}.{number}.{signature}") is None
    assert Logins(_PEOPLE).learner(f"{name}.{until}.{number}.{signature}") is None, "another run has another key"


def test_logins_and_what_was_ended_outlive_a_restart(tmp_path: Path) -> None:
    file, now = tmp_path / FILE, [1000.0]
    logins = Logins(_PEOPLE, file, lambda: now[0])
    first, second = logins.begin("ann"), logins.begin("李雷")
    logins.end(first)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = Logins(_PEOPLE, file, lambda: now[0])
    assert (again.learner(first), again.learner(second)) == (None, "李雷")
    now[0] += LASTS_S + 1
    assert again.learner(second) is None


@pytest.mark.parametrize(
    "people",
    [
        pytest.param(Accounts({"李雷": _PEOPLE.hashes["李雷"]}), id="whose account is gone"),
        pytest.param(Accounts({**_PEOPLE.hashes, "ann": auth.hashed("another password")}), id="with a new password"),
    ],
)
def test_a_login_does_not_outlive_its_account(people: Accounts, tmp_path: Path) -> None:
    file = tmp_path / FILE
    before = Logins(_PEOPLE, file)
    ann, other = before.begin("ann"), before.begin("李雷")
    after = Logins(people, file)
    assert (after.learner(ann), after.learner(other)) == (None, "李雷")


@pytest.mark.parametrize(
    "kept", ["", "[]", '{"key": "00"}', '{"key": "zz", "ended": {}}', '{"key": "00", "ended": {}}']
)
def test_a_broken_file_of_logins_is_told_with_what_to_do(kept: str, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(kept)
    with pytest.raises(SetupMissing, match="delete it"):
        Logins(_PEOPLE, tmp_path / FILE)


# --- the page of the login -------------------------------------------------------------------------------------------


def test_the_login_page_speaks_both_languages_and_writes_no_text_as_html() -> None:
    page = login_html("zh", '?a="><script>', "<b>", '"><script>')
    assert 'lang="zh-CN"' in page
    assert ">登录<" in page.replace("\n", "")
    assert "<script" not in page
    assert "<b>" not in page
    assert "Log in" in login_html("en")


# --- the gate --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[str, Atlas]]:
    """The page over a team without a model, for those with an account."""
    home = tmp_path_factory.mktemp("several")
    with ExitStack() as stack:
        atlas = notes_atlas(stack.enter_context(small_index(home)), home)
        yield stack.enter_context(served(atlas, home, admitted=_PEOPLE)), atlas


def entered(url: str, name: str, password: str = SECRET, **form: str) -> httpx.Response:
    return httpx.post(f"{url}/login", data={"name": name, "password": password, **form}, headers=PAGE)


def inside(url: str, name: str) -> httpx.Client:
    cookies = {COOKIE: entered(url, name).cookies[COOKIE]}
    return httpx.Client(base_url=url, headers=PAGE, cookies=cookies)


@pytest.mark.parametrize(
    ("path", "headers", "kind"),
    [
        pytest.param("/", PAGE, "text/html", id="the page"),
        pytest.param("/?place=quiz", PAGE, "text/html", id="a place"),
        pytest.param("/config", {}, "application/json", id="its parts"),
        pytest.param("/gradio_api/info", {}, "application/json", id="its endpoints"),
        pytest.param("/gradio_api/queue/data?session_hash=x", {}, "application/json", id="its events"),
        pytest.param("/gradio_api/file=/etc/passwd", {}, "application/json", id="files"),
        pytest.param("/theme.css", {}, "application/json", id="its colours"),
        pytest.param("/login", PAGE, "text/html", id="the login"),
        pytest.param("/monitoring", PAGE, "text/html", id="a shut door"),
    ],
)
def test_a_stranger_sees_nothing_but_the_login(
    site: tuple[str, Atlas], path: str, headers: dict[str, str], kind: str
) -> None:
    seen = httpx.get(site[0] + path, headers=headers)
    if path == "/monitoring":
        assert seen.status_code == 404
        return
    status = 200 if kind == "text/html" else 401
    assert (seen.status_code, seen.headers["content-type"].partition(";")[0]) == (status, kind)
    assert "gradio" not in seen.text.lower()
    assert "default-src 'self'" in seen.headers["content-security-policy"]


def test_a_login_leads_to_the_place_that_was_asked_for(site: tuple[str, Atlas]) -> None:
    asked = httpx.get(f"{site[0]}/?place=quiz&topic=lora", headers=PAGE)
    assert 'value="?place=quiz&amp;topic=lora"' in asked.text
    answered = entered(site[0], "ann", next="?place=quiz&topic=lora")
    assert (answered.status_code, answered.headers["location"]) == (303, "./?place=quiz&topic=lora")
    cookie = answered.headers["set-cookie"].lower()
    assert all(part in cookie for part in ("httponly", "samesite=lax", "path=/"))
    assert entered(site[0], "ann", next="https://elsewhere.example/").headers["location"] == "./"


def test_who_logged_in_sees_the_page_until_they_log_out(site: tuple[str, Atlas]) -> None:
    with inside(site[0], "ann") as browser:
        page = browser.get("/")
        assert (page.status_code, "gradio" in page.text) == (200, True)
        assert page.headers["cache-control"] == "no-store"
        assert browser.get("/gradio_api/user").json() == "ann"
        cookie = dict(browser.cookies)
        assert browser.post("/logout").status_code == 303
        assert httpx.get(f"{site[0]}/config", cookies=cookie).status_code == 401, "the cookie is of no use any more"


def test_two_learners_logged_in_at_once_are_two(site: tuple[str, Atlas]) -> None:
    with inside(site[0], "ann") as first, inside(site[0], "李雷") as second:
        names = [browser.get("/gradio_api/user").json() for browser in (first, second, first)]
    assert names == ["ann", "李雷", "ann"]


def test_another_page_cannot_log_a_reader_in_or_out(site: tuple[str, Atlas]) -> None:
    for path in ("/login", "/logout", "/gradio_api/queue/join"):
        sent = httpx.post(site[0] + path, data={"name": "ann"}, headers={"origin": "https://elsewhere.example"})
        assert sent.status_code == 403, path


def test_who_guesses_has_to_wait(tmp_path: Path) -> None:
    with small_index(tmp_path) as index, served(notes_atlas(index, tmp_path), tmp_path, admitted=_PEOPLE) as url:
        tried = [entered(url, "ann", "wrong guess").status_code for _ in range(3)]
        at_last = entered(url, "ann", SECRET)
    assert tried == [401, 401, 401]
    assert (at_last.status_code, int(at_last.headers["retry-after"]) >= 1) == (429, True)
    assert "Try again in" in at_last.text


# --- whose record ----------------------------------------------------------------------------------------------------


def as_learner(name: str | None, session_hash: str = "tab") -> gr.Request:
    scope = {
        "type": "http",
        "headers": [],
        "method": "POST",
        "path": "/",
        "client": ("10.0.0.7", 1),
        "query_string": b"",
    }
    return gr.Request(request=Request(scope), username=name, session_hash=session_hash)  # pyright: ignore[reportArgumentType]


def words(updates: Mapping[Any, Any], page: Page) -> str:
    """Returns what an update lets stand in the conversation."""
    chat = updates[page.chat.chat]  # the component, or its messages alone
    return json.dumps(getattr(chat, "value", chat), default=str)


def test_the_learner_is_who_logged_in_whatever_the_browser_says(site: tuple[str, Atlas], tmp_path: Path) -> None:
    page = page_over(site[1], tmp_path, accounts=True)
    application(page)
    kept = page.arrive({"learner": "李雷", "session": "0" * 32}, as_learner("ann"))[page.stored]
    assert kept["learner"] == "ann"


def test_two_learners_with_the_same_session_address_have_two_conversations(
    site: tuple[str, Atlas], tmp_path: Path
) -> None:
    page = page_over(site[1], tmp_path, accounts=True)
    application(page)
    stored = {"session": "1" * 32}
    for updates in page.chat.ask(QUESTION, stored, as_learner("ann")):
        assert updates
    shown = {name: words(page.arrive(stored, as_learner(name)), page) for name in ("ann", "李雷")}
    assert tuple("PagedAttention store" in shown[name] for name in shown) == (True, False)


def test_a_reader_who_asks_too_fast_is_told_so_in_the_conversation(
    site: tuple[str, Atlas], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = page_over(site[1], tmp_path, accounts=True)
    application(page)
    monkeypatch.setattr(page, "_questions", Questions(a_minute=1))
    said = [
        words([*page.chat.ask(QUESTION, {"session": "2" * 32}, as_learner(name))][-1], page)
        for name in ("ann", "ann", "李雷")
    ]
    assert ["a lot of questions" in text for text in said] == [False, True, False]


def test_people_without_an_account_are_no_ones_learner(site: tuple[str, Atlas], tmp_path: Path) -> None:
    page = page_over(site[1], tmp_path, accounts=True)
    application(page)
    first, second = (page.arrive({"learner": "ann"}, as_learner(None))[page.stored]["learner"] for _ in range(2))
    assert first.startswith("browser-")
    assert first != second


def test_accounts_without_anyone_are_a_mistake(tmp_path: Path) -> None:
    file = tmp_path / "passwords"
    file.write_text("# nobody yet\n")
    with pytest.raises(UserMistake, match="nobody"):
        accounts([str(file)])
    assert isinstance(_PEOPLE, Accounts)
