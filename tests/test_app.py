"""The app without a browser: turns, sessions, stopping, opening, the guard, the callbacks, and the program itself."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import gradio as gr
import httpx
import pytest
from scripted_model import ScriptedModel
from served_page import OpenTeam, page_over, served
from small_atlas import (
    QUESTION,
    VERBATIM,
    embedded_atlas,
    judge,
    notes_atlas,
    of_tutor,
    small_index,
    write_notes,
)

from agents.atlas import Atlas
from agents.desk import Desk
from agents.events import Answer, Cited, Done, Event, EvidenceFound, Failed, Step, Token
from agents.ladder import Ladder
from knowledge.citation import Citation
from knowledge.errors import AtlasError, ModelFailed, SetupMissing, UserMistake
from knowledge.evidence import Evidence
from knowledge.index import Changes, Index
from learner.feedback import FeedbackStore
from learner.store import AttemptStore
from ui import asking
from ui.app import application, listening
from ui.chat import Asking, Chats, Live, Turn, advanced, ended
from ui.header import Opening
from ui.opening import BackgroundTeam
from ui.page import Page

pytestmark = [
    # CrewAI uses what it deprecates itself, and imports its parts in an odd order.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ImportWarning"),
]

SESSION = "0123456789abcdef" * 2
STORED = {"session": SESSION, "learner": f"browser-{SESSION}"}
LONG = " ".join(f"PagedAttention keeps block {i} of the cache." for i in range(200))
PASSAGE = Evidence("a", "A", "", "A is b.", 0, 7, "en", 1.0, "", "/a.md")
CITATION = Citation(1, "a", "A", "", "A is b.", 0, 7, "", "/a.md")


# --- turns -----------------------------------------------------------------------------------------------------------


def folded(*events: Event) -> Turn:
    turn = Turn("t", "q")
    for event in events:
        turn = advanced(turn, event)
    return turn


def test_words_add_up_and_checked_words_take_their_place() -> None:
    assert folded(Token("A is "), Token("b.")).text == "A is b."
    turn = folded(Token("A is b."), Cited("A is b. [1]", "A is b.", "supported", (CITATION,)))
    assert (turn.text, turn.citations) == ("A is b. [1]", (CITATION,))


def test_words_after_the_checks_begin_the_answer_anew() -> None:
    turn = folded(Token("No."), Cited("No. [?]", "No.", "not_found", ()), Token("The notes"), Token(" say b."))
    assert turn.text == "The notes say b."


def test_a_fallen_rung_takes_its_words_along() -> None:
    turn = folded(EvidenceFound((PASSAGE,), "q", "en", 0.1), Token("half a"), Failed(ModelFailed("down"), "embedded"))
    assert (turn.text, turn.evidence) == ("", (PASSAGE,))


def test_the_answer_ends_the_turn() -> None:
    answer = Answer("A [1].", (CITATION,), (PASSAGE,), False, "notes", "en")
    turn = folded(Token("A"), Done(answer))
    assert (turn.text, turn.outcome, turn.answer) == ("A [1].", "done", answer)


def test_a_step_replaces_the_one_before_it_and_counts_on_when_it_begins_anew() -> None:
    def check(status: str, seconds: float, detail: str = "") -> Step:
        return Step("check", "checker", "", "done" if status == "done" else "running", seconds, detail)

    turn = folded(
        Step("search", "researcher", "", "done", 0.1), check("running", 0.0), check("done", 1.0, "1/2"),
        check("running", 0.0), check("running", 0.5), check("done", 2.0, "2/2"),
    )  # fmt: skip
    assert [(step.id, step.seconds, step.detail) for step in turn.steps] == [("search", 0.1, ""), ("check", 3.0, "2/2")]


def test_no_step_runs_on_in_a_turn_that_ended_early() -> None:
    turn = ended(folded(Step("teach", "tutor", "", "running", 1.0)), "stopped")
    assert (turn.outcome, turn.steps[0].status) == ("stopped", "failed")


# --- sessions --------------------------------------------------------------------------------------------------------


def test_sessions_do_not_mix_and_the_oldest_are_forgotten() -> None:
    chats = Chats(sessions=2, turns=2)
    for session, turn in [("a", "1"), ("b", "2"), ("a", "3"), ("c", "4")]:
        chats.put(session, Turn(turn, "q"))
    assert [turn.id for turn in chats.turns("a")] == ["1", "3"]
    assert chats.turns("b") == ()
    assert chats.find("c", "1") is None
    chats.put("a", Turn("1", "changed"))
    assert [turn.question for turn in chats.turns("a")] == ["changed", "q"]
    chats.put("a", Turn("5", "q"))
    assert [turn.id for turn in chats.turns("a")] == ["3", "5"]


def test_an_answer_that_was_stopped_before_it_began_is_closed_when_it_begins() -> None:
    closed: list[str] = []
    current = Asking()
    current.stop()
    current.begins(lambda: closed.append("now"))
    assert closed == ["now"]
    assert current.stopped


def test_a_page_stops_its_own_answer_only() -> None:
    live, closed = Live(), list[str]()
    for page in ("one", "two"):
        live.begin(page).begins(lambda page=page: closed.append(page))
    live.stop("one")
    live.stop("one")
    live.stop("nobody")
    assert closed == ["one"]
    live.begin("two")
    assert closed == ["one", "two"]


# --- asking ----------------------------------------------------------------------------------------------------------


@dataclass
class ClosedTeam:
    """A team that never opens."""

    error: AtlasError | None = None

    def atlas(self, timeout_s: float) -> Atlas | None:
        time.sleep(0.01)
        if self.error:
            raise self.error
        return None

    @property
    def opening(self) -> Opening:
        return Opening()

    state = None


@contextmanager
def team(home: Path, *, with_model: bool = True) -> Generator[tuple[Atlas, ScriptedModel]]:
    with ExitStack() as stack:
        index = stack.enter_context(small_index(home))
        model = stack.enter_context(ScriptedModel())
        atlas = embedded_atlas(index, home, model) if with_model else notes_atlas(index, home)
        yield atlas, model
        atlas.ladder.close()


def test_evidence_is_shown_before_words_and_words_before_marks(tmp_path: Path) -> None:
    with team(tmp_path) as (atlas, model):
        model.reply(VERBATIM, when=of_tutor, chunk_delay_s=0.1)
        judge(model)
        turns = list(asking.turns(OpenTeam(atlas), QUESTION, SESSION, "me", Asking()))
    first_evidence = next(i for i, turn in enumerate(turns) if turn.evidence)
    first_words = next(i for i, turn in enumerate(turns) if turn.text)
    first_mark = next(i for i, turn in enumerate(turns) if turn.citations)
    assert first_evidence < first_words < first_mark
    assert (turns[-1].text, turns[-1].outcome) == (f"{VERBATIM} [1]", "done")


def test_words_are_shown_at_most_so_often(tmp_path: Path) -> None:
    with team(tmp_path) as (atlas, model):
        model.reply(" ".join(["PagedAttention"] * 300), when=of_tutor)
        judge(model)
        turns = list(asking.turns(OpenTeam(atlas), QUESTION, SESSION, "me", Asking()))
    assert len(turns) < 60
    assert turns[-1].outcome == "done"


def test_a_stopped_answer_keeps_its_words_and_frees_the_model(tmp_path: Path) -> None:
    with team(tmp_path) as (atlas, model):
        model.reply(LONG, when=of_tutor, chunk_delay_s=0.05)
        current = Asking()
        turns: list[Turn] = []
        for turn in asking.turns(OpenTeam(atlas), QUESTION, SESSION, "me", current):
            turns.append(turn)
            if "block 0" in turn.text:
                current.stop()
        model.wait_for_disconnect(timeout_s=1)
    assert turns[-1].outcome == "stopped"
    assert "block 0" in turns[-1].text


def test_a_question_waits_for_the_notes_to_open_and_can_be_stopped_meanwhile() -> None:
    current = Asking()
    turns: list[Turn] = []
    for turn in asking.turns(ClosedTeam(), QUESTION, SESSION, "me", current):
        turns.append(turn)
        if turn.steps:
            current.stop()
    assert [step.id for step in turns[1].steps] == ["open"]
    assert turns[-1].outcome == "stopped"


@pytest.mark.parametrize(
    ("broken", "question", "problem"),
    [
        (ClosedTeam(SetupMissing("the disk is full.", "Free it.")), QUESTION, "the disk is full. Free it."),
        (None, "/dance now", "there is no command '/dance'."),
    ],
    ids=["notes that cannot be opened", "an unknown command"],
)
def test_a_failure_is_told_with_its_remedy(
    tmp_path: Path, broken: ClosedTeam | None, question: str, problem: str
) -> None:
    with team(tmp_path, with_model=False) as (atlas, _):
        turns = list(asking.turns(broken or OpenTeam(atlas), question, SESSION, "me", Asking()))
    assert turns[-1].outcome == "failed"
    assert problem in turns[-1].problem


# --- opening ---------------------------------------------------------------------------------------------------------


def waited_for(condition: Any, timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)


@contextmanager
def unindexed(home: Path) -> Generator[Atlas]:
    from hash_embedder import HashEmbedder  # noqa: PLC0415

    index = Index(home / "home", [write_notes(home / "notes")], HashEmbedder(dimensions=4096))
    ladder = Ladder(None, None, home)
    yield Atlas(index, ladder, Desk(home), lambda: AttemptStore(home))
    ladder.close()
    index.close()


def test_the_team_opens_indexes_and_prepares_behind_the_page(tmp_path: Path) -> None:
    prepared: list[Atlas] = []
    rehearsed: list[str] = []

    def rehearse(atlas: Atlas) -> None:
        rehearsed.extend(evidence.note for evidence in atlas.search("LoRA", 1))  # the notes are read by now
        assert background.atlas(0) is None

    background = BackgroundTeam(lambda: unindexed(tmp_path), prepared.append, rehearse)
    assert (background.atlas(0), background.state) == (None, None)
    background.start()
    atlas = background.atlas(20)
    assert atlas is not None
    waited_for(lambda: prepared == [atlas] and not background.opening.indexing)
    assert rehearsed == ["lora"]
    assert atlas.search(QUESTION)[0].note == "paged-attention"
    assert background.state is not None
    background.close()


def test_a_team_that_cannot_open_says_why(tmp_path: Path) -> None:
    @contextmanager
    def broken() -> Generator[Atlas]:
        raise SetupMissing("no encoder.", "Install it.")
        yield

    background = BackgroundTeam(broken)
    background.start()
    with pytest.raises(SetupMissing, match=r"no encoder"):
        background.atlas(20)
    assert background.opening.problem == "no encoder. Install it."
    background.close()


def test_closing_ends_an_update_under_way(tmp_path: Path) -> None:
    @contextmanager
    def slow() -> Generator[Atlas]:
        with unindexed(tmp_path) as atlas:

            def update(progress: Any, *, wait_s: float) -> Changes:
                for _ in range(10_000):
                    progress(1, 2)
                    time.sleep(0.01)
                return Changes()

            atlas.index.update = update
            yield atlas

    background = BackgroundTeam(slow)
    background.start()
    waited_for(lambda: background.opening.indexing)
    began = time.monotonic()
    background.close()
    assert time.monotonic() - began < 2


# --- the page's callbacks --------------------------------------------------------------------------------------------


def visit(page: str = "page", language: str = "en") -> gr.Request:
    return cast(
        "gr.Request",
        SimpleNamespace(session_hash=page, headers={"accept-language": language}, username=None, client=None),
    )


@pytest.fixture
def open_page(tmp_path: Path) -> Generator[Page]:
    with team(tmp_path, with_model=False) as (atlas, _):
        page = page_over(atlas, tmp_path)
        application(page)
        yield page


def asked(page: Page, question: str, stored: Mapping[str, str] = STORED) -> list[dict[Any, Any]]:
    return list(page.chat.ask(question, stored, visit()))


def chat_of(update: Mapping[Any, Any], page: Page) -> str:
    return json.dumps(update[page.chat.chat].value, default=str)


def test_an_empty_question_is_no_question(open_page: Page) -> None:
    assert asked(open_page, " \n ") == []


def test_a_browser_gets_a_session_of_its_own_and_keeps_it(open_page: Page) -> None:
    one, other = (open_page.arrive(None, visit())[open_page.stored]["session"] for _ in range(2))
    assert one != other
    assert open_page.arrive({"session": one}, visit())[open_page.stored]["session"] == one


@pytest.mark.parametrize("session", ["", "../../etc", "A" * 32, "0" * 31, "0" * 500], ids=lambda s: s[:9])
def test_a_session_that_we_did_not_give_is_replaced(open_page: Page, session: str) -> None:
    assert re.fullmatch("[0-9a-f]{32}", open_page.arrive({"session": session}, visit())[open_page.stored]["session"])


def test_a_conversation_is_there_again_after_a_reload_for_its_own_session_only(open_page: Page) -> None:
    asked(open_page, QUESTION)
    assert "blocks of 16 tokens" in chat_of(open_page.arrive(STORED, visit("later")), open_page)
    assert "blocks" not in chat_of(open_page.arrive({"session": "f" * 32}, visit("other")), open_page)


def test_a_follow_up_knows_what_was_talked_of(open_page: Page) -> None:
    asked(open_page, QUESTION)
    last = asked(open_page, "How much memory does it waste?")
    panels = [update[open_page.chat.panel] for update in last if open_page.chat.panel in update]
    assert "Searched for: PagedAttention" in panels[0]


@pytest.mark.parametrize(
    ("liked", "thumb", "reason"),
    [(True, "up", ""), (False, "down", ""), ("Hard to understand", "down", "unclear"), ("内容有误", "down", "wrong")],
    ids=["up", "down", "a reason", "a reason in Chinese"],
)
def test_a_thumb_is_stored_with_its_reason(
    open_page: Page, tmp_path: Path, liked: bool | str, thumb: str, reason: str
) -> None:
    asked(open_page, QUESTION)
    open_page.chat.rate(STORED, visit(), cast("gr.LikeData", SimpleNamespace(index=2, liked=liked)))
    assert [(f.session, f.thumb, f.reason) for f in FeedbackStore(tmp_path).all()] == [(SESSION, thumb, reason)]


def test_an_earlier_answer_shows_its_passages_to_its_own_session_only(open_page: Page) -> None:
    first = asked(open_page, QUESTION)[-1]
    turn_id = re.findall(r"#cite-([0-9a-f]+)-1", chat_of(first, open_page))[0]
    asked(open_page, "What does LoRA train?")
    chosen = cast("gr.EventData", SimpleNamespace(_data={"value": turn_id}))
    assert VERBATIM in open_page.chat.open(STORED, visit(), chosen)
    assert VERBATIM not in open_page.chat.open({"session": "f" * 32}, visit(), chosen)


def test_a_chosen_language_beats_the_browsers(open_page: Page) -> None:
    update = open_page.translate(STORED, "zh", visit())
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
