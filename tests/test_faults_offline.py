"""The connection goes and comes back in the middle of work, at each place, in Chromium."""

from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from quiz_school import hand_made
from served_page import served
from small_atlas import NOTES, notes_atlas, small_index
from visits import BROWSER, LEFT, Visits

pytestmark = BROWSER

LOST = {"en-US": "LLM Atlas does not answer just now.", "zh-CN": "暂时连不上 LLM Atlas。"}
PITFALL = """---
kind: pitfall
title: {en: The tunnel is down, zh: 隧道断开}
pitfall: {signatures: ["TunnelError: the tunnel to <*> is down"]}
---

## Why it happens

The tunnel of vLLM sleeps after an hour.

## How to fix it

Wake the tunnel.
"""


@dataclass(frozen=True)
class Work:
    """What a reader does at a place; all but the address are selectors."""

    address: str
    there: str  # is shown
    more: str  # asks the server, which does not answer
    came: str  # is shown once it does again
    on: str  # asks for something else
    then: str  # comes of it


PLACES = {
    "notes": Work(
        "?place=notes&note=vllm", "#notes-head h2",
        "#notes-side a[href*='note=paged-attention']", "#notes-head h2:text-is('分页注意力')",
        "#notes-side a[href*='note=vllm']", "#notes-head h2:text-is('vLLM')",
    ),
    "map": Work(
        "?place=map&note=vllm", ".map-card h3",
        ".map-card a[href*='goal=']", ".map-path strong",
        ".map-path a[href*='note=paged-attention']", ".map-card h3:text-is('分页注意力')",
    ),
    "progress": Work(
        "?place=progress", "#progress-record section",
        "#places a[data-place=quiz]", "#quiz-begin",
        "#places a[data-place=progress]", "#progress-record section",
    ),
    "calculate": Work(
        "?place=calculate&kind=memory", "#calc-answer .verdict",
        "#calc-kind label:nth-of-type(2)", "#calc-answer .verdict",
        "#calc-kind label:nth-of-type(2)", "#calc-kind label:nth-of-type(2).selected",
    ),
    "observe": Work(
        "?place=observe", "#observe h2",
        "#places a[data-place=notes]", "#notes-list a",
        "#places a[data-place=observe]", "#observe h2",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def opened(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Generator[Visits]:
    home = tmp_path_factory.mktemp("home")
    with ExitStack() as stack:
        atlas = notes_atlas(stack.enter_context(small_index(home, NOTES | {"tunnel-down": PITFALL})), home)
        hand_made(atlas)
        yield Visits(browser, stack.enter_context(served(atlas, home)), known=(*LEFT, "ERR_INTERNET_DISCONNECTED"))


@pytest.fixture
def visits(opened: Visits) -> Generator[Visits]:
    with opened.watched():
        yield opened


def lose(context: BrowserContext, page: Page, language: str = "en-US") -> None:
    """The connection goes; the page says so in a line that covers nothing."""
    context.set_offline(True)
    line = page.locator("#lost[role=alert]")
    expect(line).to_contain_text(LOST[language])
    expect(page.locator(".toast-wrap")).to_be_hidden()


def find(context: BrowserContext, page: Page) -> None:
    """The connection comes back; the page goes on by itself."""
    context.set_offline(False)
    expect(page.locator("#lost")).to_have_count(0)


@pytest.mark.parametrize(("language", "width"), [("en-US", 1280), ("zh-CN", 390)])
def test_a_question_that_is_being_written_is_there_when_the_connection_is_back(
    visits: Visits, language: str, width: int
) -> None:
    context = visits.context(language, (width, 844))
    page = visits.visit(there="#chat .examples", context=context)
    page.fill("#box textarea", "What is LoRA?")
    lose(context, page, language)
    page.press("#box textarea", "Enter")
    find(context, page)
    expect(page.locator("#chat .examples")).to_be_visible()
    expect(page.locator("#box textarea")).to_have_value("What is LoRA?")
    page.press("#box textarea", "Enter")
    expect(page.locator("#chat .meta")).to_have_count(1)
    expect(page.locator("#chat .user-row")).to_have_count(1)


def test_an_item_that_is_being_answered_is_there_with_what_was_entered(visits: Visits) -> None:
    context = visits.context()
    page = visits.visit("?place=quiz&topic=everything&n=3", '.quiz-now[data-state="open"]', context)
    page.locator("#quiz-form input").nth(1).check(force=True)
    lose(context, page)
    page.locator("[data-do=answer]").click()
    find(context, page)
    expect(page.locator('.quiz-now[data-state="open"][data-at="0"]')).to_have_count(1)
    expect(page.locator("#quiz-form input").nth(1)).to_be_checked()
    page.locator("[data-do=answer]").click()
    expect(page.locator('.quiz-now[data-state="answered"][data-at="0"]')).to_have_count(1)
    expect(page.locator("#quiz-feedback .outcome")).to_have_text("Right")


def test_a_pasted_log_is_there_when_the_connection_is_back(visits: Visits) -> None:
    log = "INFO vLLM\nTunnelError: the tunnel to 10.0.0.3 is down"
    context = visits.context()
    page = visits.visit("?place=fix", "#fix-own section", context)
    page.fill("#fix-log-box textarea", log)
    lose(context, page)
    page.click("#fix-find")
    find(context, page)
    expect(page.locator("#fix-log-box textarea")).to_have_value(log)
    page.click("#fix-find")
    expect(page.locator("#fix-result h2")).to_have_text("The tunnel is down")


def test_a_task_that_is_being_written_is_there_when_the_connection_is_back(visits: Visits) -> None:
    context = visits.context()
    page = visits.visit("?place=choose", "#choose[data-state]", context)
    page.fill("#choose-task", "Serve a model to many users")
    lose(context, page)
    find(context, page)
    expect(page.locator("#choose-task")).to_have_value("Serve a model to many users")
    page.press("#choose-task", "Enter")
    expect(page.locator(".choose-goals")).to_contain_text("Serve")


@pytest.mark.parametrize("place", PLACES)
def test_a_place_says_so_and_goes_on_from_where_it_was(visits: Visits, place: str) -> None:
    work, language = PLACES[place], "zh-CN" if place in {"map", "notes"} else "en-US"
    context = visits.context(language)
    page = visits.visit(work.address, work.there, context)
    lose(context, page, language)
    page.locator(work.more).first.click()
    find(context, page)
    expect(page.locator(work.came).first).to_be_visible()
    page.locator(work.on).first.click()
    expect(page.locator(work.then).first).to_be_visible()
