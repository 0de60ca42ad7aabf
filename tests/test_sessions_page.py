"""The list of conversations in Chromium: opened, found, named, saved and deleted; Back, another browser, a restart."""

import re
from collections.abc import Generator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from served_page import served
from small_atlas import QUESTION, notes_atlas, small_index
from visits import BROWSER, Visits

pytestmark = BROWSER

LORA = "What is LoRA?"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def opened(browser: Browser, home: Path) -> Generator[Visits]:
    with small_index(home) as index, served(notes_atlas(index, home), home) as url:
        yield Visits(browser, url, known=())


@pytest.fixture
def visits(opened: Visits) -> Generator[Visits]:
    with opened.watched():
        yield opened


def enter(visits: Visits, context: BrowserContext | None = None, address: str = "") -> Page:
    """Opens the app, and waits for the list of conversations."""
    page = visits.page(context)
    page.goto(visits.whole(address))
    expect(page.locator(".sessions-now[data-state=shown]")).to_be_attached()
    return page


def ask(page: Page, question: str) -> None:
    answered = page.locator("#chat .meta").count()
    page.locator("#box textarea").fill(question)
    page.locator("#box textarea").press("Enter")
    expect(page.locator("#chat .meta")).to_have_count(answered + 1)
    expect(page).to_have_url(re.compile(r"\?session=[0-9a-f]{32}$"))


def begin_anew(page: Page) -> None:
    page.locator("#new").click()
    expect(page.locator("#chat .meta")).to_have_count(0)


def titles(page: Page) -> list[str]:
    return page.locator("#session-list li > a").all_text_contents()


def choose(page: Page, title: str, action: str) -> None:
    row = page.locator("#session-list li", has_text=title)
    row.hover()
    row.locator("summary").click()
    row.get_by_role("button", name=action).click()


def test_conversations_are_listed_and_back_leads_to_the_one_before(visits: Visits) -> None:
    page = enter(visits)
    expect(page.locator("#session-list")).to_contain_text("will be listed here")
    ask(page, QUESTION)
    first = page.url
    begin_anew(page)
    expect(page.locator("#chat")).not_to_contain_text("16 tokens")
    assert page.url == f"{visits.url}/"
    ask(page, LORA)
    second = page.url
    expect(page.locator("#session-list li")).to_have_count(2)
    assert titles(page) == [LORA, QUESTION]
    page.locator("#session-list li a", has_text="PagedAttention").click()
    expect(page.locator("#chat")).to_contain_text("16 tokens")
    expect(page.locator("#chat")).not_to_contain_text("low-rank")
    expect(page).to_have_url(first)
    page.go_back()
    expect(page.locator("#chat")).to_contain_text("low-rank")
    expect(page).to_have_url(second)
    page.locator("#places a[data-place=quiz]").click()
    page.locator("#places a[data-place=chat]").click()
    expect(page).to_have_url(second)
    page.reload()
    expect(page.locator("#chat")).to_contain_text("low-rank")


def test_an_address_opens_in_another_tab_of_the_browser_and_in_no_other_browser(visits: Visits) -> None:
    context = visits.context()
    page = enter(visits, context)
    ask(page, LORA)
    address = page.url.removeprefix(visits.url)
    tab = enter(visits, context, address)
    expect(tab.locator("#chat")).to_contain_text("low-rank")
    other = enter(visits, address=address)
    expect(other.locator("#session-list [role=alert]")).to_contain_text("not here")
    expect(other.locator("#chat")).not_to_contain_text("low-rank")
    ask(tab, QUESTION)
    begin_anew(page)
    ask(page, "What is SGLang?")
    expect(page.locator("#session-list li")).to_have_count(2)
    expect(tab.locator("#chat")).not_to_contain_text("radix tree")
    expect(other.locator("#session-list li")).to_have_count(0)


def test_a_conversation_is_found_named_deleted_and_brought_back(visits: Visits) -> None:
    page = enter(visits, visits.context(language="zh-CN"))
    ask(page, LORA)
    begin_anew(page)
    ask(page, QUESTION)
    search = page.locator("#session-head input")
    search.fill("低秩 absent")
    expect(page.locator("#session-list")).to_contain_text("没有对话包含")
    search.fill("low-rank")
    expect(page.locator("#session-list li")).to_have_count(1)
    choose(page, LORA, "重命名")
    page.locator("#session-list li input").fill("论文笔记")
    page.locator("#session-list li input").press("Enter")
    search.fill("论文")
    expect(page.locator("#session-list li a")).to_have_text(["论文笔记"])
    search.fill("")
    expect(page.locator("#session-list li")).to_have_count(2)
    choose(page, QUESTION, "删除")
    expect(page.locator("#session-list [role=status]")).to_contain_text("已删除")
    expect(page.locator("#session-list li")).to_have_count(1)
    expect(page.locator("#chat")).not_to_contain_text("16 tokens")
    page.get_by_role("button", name="撤销").click()
    expect(page.locator("#session-list li")).to_have_count(2)
    page.locator("#session-list li a", has_text="PagedAttention").click()
    expect(page.locator("#chat")).to_contain_text("16 tokens")


def test_a_conversation_is_saved_as_markdown_and_as_a_notebook(visits: Visits, tmp_path: Path) -> None:
    page = enter(visits)
    ask(page, LORA)
    for action, ending in (("Save as Markdown", "md"), ("Save as notebook", "ipynb")):
        with page.expect_download() as saved:
            choose(page, LORA, action)
        assert re.fullmatch(rf"what-is-lora-\d{{4}}-\d\d-\d\d\.{ending}", saved.value.suggested_filename)
        saved.value.save_as(tmp_path / f"x.{ending}")
    assert "low-rank" in (tmp_path / "x.md").read_text(encoding="utf-8")
    assert "## Sources" in (tmp_path / "x.md").read_text(encoding="utf-8")
    nbformat.validate(nbformat.read(tmp_path / "x.ipynb", as_version=4))


def test_a_conversation_is_there_after_a_restart_with_its_sources_and_marks(visits: Visits, home: Path) -> None:
    page = enter(visits)
    ask(page, LORA)
    kept = page.evaluate("localStorage.getItem('llm-atlas')")
    address = page.url.removeprefix(visits.url)
    with small_index(home / "again") as index, served(notes_atlas(index, home), home) as url:
        visits.others = (url,)
        again = enter(visits, address=url)
        again.evaluate("kept => localStorage.setItem('llm-atlas', kept)", kept)
        again.goto(url + "/" + address.removeprefix("/"))
        expect(again.locator("#chat")).to_contain_text("low-rank")
        again.locator("#chat a[href^='#cite-']").first.click()
        expect(again.locator("#panel mark.now")).to_be_visible()
        ask(again, "and how much memory does it save?")
        expect(again.locator("#chat .user-row")).to_have_count(2)
        again.close()


def test_on_a_phone_the_title_opens_the_list(visits: Visits) -> None:
    page = enter(visits, visits.context(size=(390, 900)))
    ask(page, LORA)
    expect(page.locator("#session-list li").first).to_be_hidden()
    page.get_by_role("button", name="Conversations").click()
    page.locator("#session-list li a", has_text=LORA).click()
    expect(page.locator("#session-list li").first).to_be_hidden()
    expect(page.locator("#chat")).to_contain_text("low-rank")
