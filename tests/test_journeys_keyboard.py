"""The chat and its frame by keyboard alone, in Chromium: the focus is seen, and lands where one goes on."""

from collections.abc import Generator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Page, expect
from served_page import served
from small_atlas import QUESTION, VERBATIM, notes_atlas, small_index
from tabbing import tabbed
from visits import BROWSER, Visits

pytestmark = BROWSER


@pytest.fixture(scope="module")
def opened(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Generator[Visits]:
    home = tmp_path_factory.mktemp("home")
    with ExitStack() as stack:
        atlas = notes_atlas(stack.enter_context(small_index(home)), home)
        yield Visits(browser, stack.enter_context(served(atlas, home)))


@pytest.fixture
def page(opened: Visits) -> Generator[Page]:
    with opened.watched():
        yield opened.visit(there="#chat .examples")


def asked(page: Page, question: str = QUESTION) -> None:
    """Asks in the box, which has the focus."""
    expect(page.locator("#box textarea")).to_be_focused()
    answered = page.locator("#chat .meta").count()
    page.keyboard.type(question)
    page.keyboard.press("Enter")
    expect(page.locator("#chat .meta")).to_have_count(answered + 1)
    expect(page.locator("#box .submit-button")).to_be_visible()


def test_one_asks_opens_a_citation_and_comes_back_to_it(page: Page) -> None:
    asked(page)
    tabbed(page, '#chat a[href^="#cite-"]', back=True)
    mark = page.evaluate("() => document.activeElement.getAttribute('href')")
    page.keyboard.press("Enter")
    expect(page.locator("#panel mark.now").first).to_be_in_viewport()
    expect(page.locator("#panel .passage:has(.now)")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#panel .passage:has(.now) .source a").first).to_be_focused()
    page.keyboard.press("Escape")
    assert page.evaluate("() => document.activeElement.getAttribute('href')") == mark
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#notes-head h2")).to_be_focused()
    expect(page.locator("#notes-text .at")).to_have_text(VERBATIM)
    page.keyboard.press("Alt+ArrowLeft")
    page.go_back()
    expect(page.locator("#chat")).to_contain_text(VERBATIM)


def test_one_goes_to_a_place_and_on_within_it(page: Page) -> None:
    tabbed(page, "#places a[data-place=notes]")
    page.keyboard.press("Enter")
    expect(page.locator("#notes-list a").first).to_be_visible()
    tabbed(page, "#notes-list a")
    page.keyboard.press("Enter")
    expect(page.locator("#notes-head h2")).to_be_focused()
    tabbed(page, "#places a[data-place=chat]")
    page.keyboard.press("Enter")
    expect(page.locator("#box textarea")).to_be_visible()


def test_the_ways_open_from_the_line_at_the_head_and_close_to_it(page: Page) -> None:
    tabbed(page, "#state button")
    page.keyboard.press("Enter")
    expect(page.locator("#ways")).to_be_visible()
    tabbed(page, "#ways .copy", most=12)
    page.keyboard.press("Enter")
    expect(page.locator("#ways .copy").first).to_have_text("Copied")
    page.keyboard.press("Escape")
    expect(page.locator("#ways")).to_be_hidden()
    expect(page.locator("#state button")).to_be_focused()


def test_the_language_is_changed_and_keeps_the_focus(page: Page) -> None:
    tabbed(page, "#language input")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#new")).to_have_text("新对话")
    expect(page.locator("#language input").nth(1)).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#new")).to_have_text("New conversation")


def test_a_conversation_is_deleted_and_brought_back(page: Page) -> None:
    asked(page)
    expect(page.locator("#session-list li")).to_have_count(1)
    tabbed(page, "#session-list summary", back=True)
    page.keyboard.press("Enter")
    tabbed(page, "#session-list [data-do=delete]", most=8)
    page.keyboard.press("Enter")
    expect(page.locator("#session-list li")).to_have_count(0)
    expect(page.locator("#session-list [data-do=undo]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#session-list li")).to_have_count(1)
    expect(page.locator("#session-list li a")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#chat")).to_contain_text(VERBATIM)


def test_a_new_conversation_begins_with_the_focus_in_the_box(page: Page) -> None:
    asked(page)
    tabbed(page, "#new", back=True)
    page.keyboard.press("Enter")
    expect(page.locator("#chat .user-row")).to_have_count(0)
    expect(page.locator("#box textarea")).to_be_focused()
