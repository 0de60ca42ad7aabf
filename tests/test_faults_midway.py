"""What goes wrong in the middle of an answer, in Chromium: the model dies, the page goes, tabs and people meet."""

import re
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from scripted_model import Request, ScriptedModel
from served_page import served
from small_atlas import (
    QUESTION,
    VERBATIM,
    answer_probe,
    embedded_atlas,
    endpoint_atlas,
    judge,
    of_tutor,
    small_index,
)
from visits import BROWSER, LEFT, Visits

from agents.atlas import Atlas
from knowledge.index import Index

pytestmark = BROWSER

LONG = " ".join(f"PagedAttention keeps block {i} of the cache." for i in range(200))
LORA = "What does LoRA train?"
TRAINS = "LoRA trains two small low-rank matrices beside each frozen weight matrix."
LORA_ZH, TRAINS_ZH = "LoRA 只训练什么？", "LoRA 冻结原有权重矩阵，只训练旁边两个低秩小矩阵。"
# Gradio's client, to which the rest of an answer still comes while its page is being left.
LEAVING = "Unexpected client exception TypeError"

# The server greets a browser by its queue, here two seconds late.
LATE = """const now = window.fetch;
window.fetch = async (...given) => {
  if (String(given[0]?.url ?? given[0]).includes("queue/join")) await new Promise((go) => setTimeout(go, 2000));
  return now(...given);
};"""

Opened = Callable[[Atlas], Visits]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Generator[Index]:
    with small_index(tmp_path_factory.mktemp("notes")) as opened:
        yield opened


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Generator[Opened]:
    """Serves a team; nothing outside may be asked for, and nothing may go wrong unseen."""
    with ExitStack() as stack:

        @contextmanager
        def serving(atlas: Atlas) -> Generator[Visits]:
            with served(atlas, tmp_path) as url:
                visits = Visits(browser, url, known=(*LEFT, LEAVING))
                with visits.watched():
                    yield visits

        yield lambda atlas: stack.enter_context(serving(atlas))


@pytest.fixture
def visits(opened: Opened, index: Index, tmp_path: Path, model: ScriptedModel) -> Visits:
    """The page over a small team whose embedded model is scripted."""
    return opened(embedded_atlas(index, tmp_path, model))


def about(words: str) -> Callable[[Request], bool]:
    """Tells the tutor's requests on a question that contains the words."""
    return lambda request: of_tutor(request) and words in request.prompt


def send(page: Page, question: str) -> None:
    asked = page.locator("#chat .user-row").count()
    page.fill("#box textarea", question)
    page.press("#box textarea", "Enter")
    expect(page.locator("#chat .user-row")).to_have_count(asked + 1)


def ended(page: Page, answers: int = 1) -> None:
    expect(page.locator("#chat .meta")).to_have_count(answers)
    expect(page.locator("#box .submit-button")).to_be_visible()


def questions(page: Page) -> list[str]:
    return [row.strip() for row in page.locator("#chat .user-row").all_inner_texts()]


# --- the model goes down ---------------------------------------------------------------------------------------------


def test_a_model_that_dies_in_mid_answer_leaves_a_whole_answer_from_the_notes(
    visits: Visits, model: ScriptedModel
) -> None:
    model.reply(LONG, when=of_tutor, chunk_delay_s=0.03, close_after=60)
    page = visits.visit(context=visits.context("zh-CN", (390, 844), "dark"))
    send(page, LORA_ZH)
    expect(page.locator("#chat")).to_contain_text("keeps block 1 ")
    ended(page)
    expect(page.locator("#chat")).not_to_contain_text("keeps block")
    expect(page.locator("#chat")).to_contain_text(TRAINS_ZH)
    expect(page.locator('#chat a[href^="#cite-"]').first).to_be_visible()
    expect(page.locator("#chat .meta")).to_contain_text("仅依据笔记")
    expect(page.locator("#chat .notice").first).to_contain_text("断开")


def test_an_endpoint_that_dies_in_mid_answer_is_followed_by_the_embedded_model(
    opened: Opened, index: Index, tmp_path: Path, model: ScriptedModel
) -> None:
    with ScriptedModel(name="big") as big:
        answer_probe(big)
        big.reply(LONG, when=of_tutor, chunk_delay_s=0.03, close_after=60)
        model.reply(VERBATIM, when=of_tutor)
        judge(model)
        page = opened(endpoint_atlas(index, tmp_path, big.endpoint, model)).visit()
        send(page, QUESTION)
        expect(page.locator("#chat")).to_contain_text("keeps block 1 ")
        ended(page)
        expect(page.locator("#chat")).not_to_contain_text("keeps block")
        expect(page.locator("#chat")).to_contain_text(VERBATIM)
        expect(page.locator("#chat .meta")).to_contain_text("embedded model")
        expect(page.locator("#chat .notice")).to_contain_text("closed the connection")
        expect(page.locator("#state")).to_contain_text("big does not answer")


# --- the page goes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("leave", ["reload", "close"])
def test_a_page_left_in_mid_answer_keeps_the_turn_as_far_as_it_went(
    visits: Visits, model: ScriptedModel, leave: str
) -> None:
    model.reply(LONG, when=of_tutor, chunk_delay_s=0.05)
    context = visits.context()
    page = visits.visit(context=context)
    send(page, QUESTION)
    expect(page.locator("#chat")).to_contain_text("keeps block 1 ")
    if leave == "reload":
        page.reload()
    else:
        page.close()
        page = visits.visit(context=context)
    expect(page.locator("#chat .user-row")).to_have_text(re.compile(re.escape(QUESTION)))
    expect(page.locator("#chat")).to_contain_text("keeps block 1 ")
    expect(page.locator("#chat .notice")).to_have_text("Stopped.")
    model.reply(VERBATIM, when=of_tutor)
    judge(model)
    page.get_by_text("Answer again").click()
    ended(page)
    expect(page.locator("#chat")).to_contain_text(VERBATIM)
    expect(page.locator("#session-list li")).to_have_count(1)
    page.reload()
    ended(page)
    assert questions(page) == [QUESTION]


def test_a_question_sent_before_the_page_is_greeted_is_there_after_a_reload(
    visits: Visits, model: ScriptedModel
) -> None:
    model.reply(VERBATIM, when=of_tutor)
    judge(model)
    page = visits.page()
    page.add_init_script(LATE)
    page.goto(visits.url)
    page.fill("#box textarea", QUESTION)
    page.press("#box textarea", "Enter")
    ended(page)
    page.reload()
    ended(page)
    assert questions(page) == [QUESTION]


# --- tabs and people -------------------------------------------------------------------------------------------------


def test_two_tabs_of_one_conversation_see_each_others_turns(visits: Visits, model: ScriptedModel) -> None:
    model.reply(f"{VERBATIM} {LONG[:900]}", when=about("store the KV cache"), chunk_delay_s=0.05)
    model.reply(TRAINS, when=about("LoRA train"))
    judge(model, 0.02, about="keeps block")
    judge(model)
    context = visits.context()
    one = visits.visit(context=context)
    send(one, LORA)
    ended(one)
    other = visits.visit(one.url, context=context)
    ended(other)
    send(one, QUESTION)
    expect(one.locator("#chat")).to_contain_text("16 tokens")
    other.reload()
    expect(other.locator("#chat")).to_contain_text("16 tokens")
    ended(one, 2)
    ended(other, 2)  # it follows what the other tab is answered, and shows its end
    for tab in (one, other):
        tab.reload()
        ended(tab, 2)
        assert questions(tab) == [LORA, QUESTION]


def test_two_tabs_in_two_conversations_stay_apart(visits: Visits, model: ScriptedModel) -> None:
    model.reply(VERBATIM, when=about("store the KV cache"), chunk_delay_s=0.1)
    model.reply(TRAINS, when=about("LoRA train"), chunk_delay_s=0.1)
    judge(model)
    context = visits.context()
    one = visits.visit(context=context)
    send(one, QUESTION)
    ended(one)
    other = visits.visit(context=context)
    ended(other)
    other.click("#new")
    expect(other.locator("#chat .user-row")).to_have_count(0)
    send(other, LORA)
    ended(other)
    for tab, own in ((one, QUESTION), (other, LORA)):
        tab.reload()
        ended(tab)
        assert questions(tab) == [own]
        expect(tab.locator("#session-list li")).to_have_count(2)


def test_two_people_who_ask_at_once_get_each_their_own_answer(visits: Visits, model: ScriptedModel) -> None:
    model.reply(VERBATIM, when=about("store the KV cache"), chunk_delay_s=0.2)
    model.reply(TRAINS, when=about("LoRA train"), chunk_delay_s=0.2)
    judge(model)
    one, other = visits.visit(), visits.visit(context=visits.context("zh-CN"))
    send(one, QUESTION)
    send(other, LORA)
    ended(one)
    ended(other)
    for page, own, foreign in ((one, VERBATIM, "low-rank"), (other, TRAINS, "16 tokens")):
        expect(page.locator("#chat")).to_contain_text(own)
        assert foreign not in page.inner_text("#chat") + page.inner_text("#panel")
        expect(page.locator("#session-list li")).to_have_count(1)
