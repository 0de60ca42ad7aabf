"""The app without a browser: the page's callbacks, the guard before its server, and the program itself."""

import json
import re
import signal
import subprocess
import sys
import uuid
from collections.abc import Generator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import gradio as gr
import httpx
import pytest
from served_page import page_over, served
from small_atlas import QUESTION, VERBATIM, notes_atlas, small_index, write_notes

from knowledge.errors import UserMistake
from learner.feedback import FeedbackStore
from ui.app import application, listening
from ui.page import Page

pytestmark = [
    # CrewAI uses what it deprecates itself, and imports its parts in an odd order.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ImportWarning"),
]


Stored = dict[str, str]


# --- the page's callbacks --------------------------------------------------------------------------------------------


def visit(page: str = "page", language: str = "en") -> gr.Request:
    return cast(
        "gr.Request",
        SimpleNamespace(session_hash=page, headers={"accept-language": language}, username=None, client=None),
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def open_page(home: Path) -> Generator[Page]:
    """One page for all tests, each of which has a session of its own."""
    with small_index(home) as index:
        page = page_over(notes_atlas(index, home), home)
        application(page)
        yield page


@pytest.fixture
def stored() -> Stored:
    """What the browser of a test keeps."""
    session = uuid.uuid4().hex
    return {"session": session, "learner": f"browser-{session}"}


def asked(page: Page, question: str, stored: Stored) -> list[dict[Any, Any]]:
    return list(page.chat.ask(question, stored, visit()))


def chat_of(update: Mapping[Any, Any], page: Page) -> str:
    """The messages that an update shows: the component's in the first, alone in those after it."""
    chat = update[page.chat.chat]
    return json.dumps(chat if isinstance(chat, list) else chat.value, default=str)


def test_an_empty_question_is_no_question(open_page: Page, stored: Stored) -> None:
    assert asked(open_page, " \n ", stored) == []


def test_a_browser_gets_a_session_of_its_own_and_keeps_it(open_page: Page) -> None:
    one, other = (open_page.arrive(None, visit())[open_page.stored]["session"] for _ in range(2))
    assert one != other
    assert open_page.arrive({"session": one}, visit())[open_page.stored]["session"] == one


@pytest.mark.parametrize("session", ["", "../../etc", "A" * 32, "0" * 31, "0" * 500], ids=lambda s: s[:9])
def test_a_session_that_we_did_not_give_is_replaced(open_page: Page, session: str) -> None:
    assert re.fullmatch("[0-9a-f]{32}", open_page.arrive({"session": session}, visit())[open_page.stored]["session"])


def test_a_conversation_is_there_again_after_a_reload_for_its_own_session_only(open_page: Page, stored: Stored) -> None:
    asked(open_page, QUESTION, stored)
    assert "blocks of 16 tokens" in chat_of(open_page.arrive(stored, visit("later")), open_page)
    assert "blocks" not in chat_of(open_page.arrive({"session": "f" * 32}, visit("other")), open_page)


def test_a_follow_up_knows_what_was_talked_of(open_page: Page, stored: Stored) -> None:
    asked(open_page, QUESTION, stored)
    last = asked(open_page, "How much memory does it waste?", stored)
    panels = [update[open_page.chat.panel] for update in last if open_page.chat.panel in update]
    assert "Searched for: PagedAttention" in panels[0]


@pytest.mark.parametrize(
    ("liked", "thumb", "reason"),
    [(True, "up", ""), (False, "down", ""), ("Hard to understand", "down", "unclear"), ("内容有误", "down", "wrong")],
    ids=["up", "down", "a reason", "a reason in Chinese"],
)
def test_a_thumb_is_stored_with_its_reason(
    open_page: Page, home: Path, stored: Stored, liked: bool | str, thumb: str, reason: str
) -> None:
    asked(open_page, QUESTION, stored)
    open_page.chat.rate(stored, visit(), cast("gr.LikeData", SimpleNamespace(index=2, liked=liked)))
    kept = [feedback for feedback in FeedbackStore(home).all() if feedback.session == stored["session"]]
    assert [(feedback.thumb, feedback.reason) for feedback in kept] == [(thumb, reason)]


def test_an_earlier_answer_shows_its_passages_to_its_own_session_only(open_page: Page, stored: Stored) -> None:
    first = asked(open_page, QUESTION, stored)[-1]
    turn_id = re.findall(r"#cite-([0-9a-f]+)-1", chat_of(first, open_page))[0]
    asked(open_page, "What does LoRA train?", stored)
    chosen = cast("gr.EventData", SimpleNamespace(_data={"value": turn_id}))
    assert VERBATIM in open_page.chat.open(stored, visit(), chosen)
    assert VERBATIM not in open_page.chat.open({"session": "f" * 32}, visit(), chosen)


def test_a_chosen_language_beats_the_browsers(open_page: Page, stored: Stored) -> None:
    update = open_page.translate(stored, "zh", visit())
    assert update[open_page.stored]["language"] == "zh"
    assert open_page.arrive(update[open_page.stored], visit(language="en"))[open_page.chat.new].value == "新对话"


# --- the server ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    home = tmp_path_factory.mktemp("site")
    with small_index(home) as index, served(notes_atlas(index, home), home) as url:
        yield url


def test_the_page_may_load_nothing_from_elsewhere(site: str) -> None:
    answer = httpx.get(site)
    policy = answer.headers["content-security-policy"]
    assert answer.status_code == 200
    assert "default-src 'self'" in policy
    assert not re.search(r"https?:|\*", policy)


def test_the_page_names_no_outside_address_to_load(site: str) -> None:
    loaded = re.findall(r'(?:src|href)="(https?://[^"]+)"', httpx.get(site).text)
    assert loaded == []


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", ""], ids=str)
def test_the_page_answers_to_its_own_name_only(site: str, host: str) -> None:
    assert httpx.get(site, headers={"host": host}).status_code == 421


@pytest.mark.parametrize(
    "path",
    ["/gradio_api/proxy=https://outside.example/", "/gradio_api/file=/etc/passwd", "/gradio_api/file=pyproject.toml",
     "/monitoring", "/openapi.json", "/docs"],
    ids=str,
)  # fmt: skip
def test_doors_that_the_page_does_not_need_are_shut(site: str, path: str) -> None:
    assert httpx.get(site + path).status_code in {401, 403, 404}


def test_nothing_can_be_uploaded(site: str) -> None:
    answer = httpx.post(f"{site}/gradio_api/upload", files={"files": ("a.md", b"x")})
    assert answer.status_code == 404


def test_no_endpoint_is_offered_to_programs(site: str) -> None:
    offered = httpx.get(f"{site}/gradio_api/info").json()
    assert offered["named_endpoints"] == {}
    assert offered["unnamed_endpoints"] == {}


def test_a_taken_port_gives_way_to_the_next_one() -> None:
    with listening("127.0.0.1", 0) as first:
        port = int(first.getsockname()[1])
        with listening("127.0.0.1", port) as second:
            assert port < int(second.getsockname()[1]) < port + 20


def test_an_address_that_is_none_is_the_users_mistake() -> None:
    with pytest.raises(UserMistake, match=r"127\.0\.0\.1%nowhere"), listening("127.0.0.1%nowhere", 8000):
        pass


# --- the program -----------------------------------------------------------------------------------------------------


def started(home: Path, *options: str) -> "subprocess.Popen[str]":
    write_notes(home / "notes")
    command = [
        sys.executable,
        "-c",
        "from ui.cli import main; main()",
        "ui",
        "--json",
        "--no-model",
        "--only-notes",
        "--port",
        "0",
        *options,
    ]
    command += ["--home", str(home / "home"), "--notes", str(home / "notes")]

    def interruptible() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell's background job ignores it, and so would its children

    return subprocess.Popen(
        command,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=interruptible,  # noqa: PLW1509 - it only sets a signal
    )


def test_the_program_says_where_the_page_is_and_ends_when_it_is_interrupted(tmp_path: Path) -> None:
    program = started(tmp_path)
    assert program.stdout is not None
    url = json.loads(program.stdout.readline())["url"]
    assert httpx.get(url, timeout=20).status_code == 200
    program.send_signal(signal.SIGINT)
    out, err = program.communicate(timeout=20)
    assert (program.returncode, out) == (130, "")
    assert "Traceback" not in err
