"""Every place of the app in Chromium: for all people, by keyboard alone, and with nothing from outside.

The places stand over the built-in notes, as they do after the first start. What a place does is tested in a file of its
own.
"""

import hashlib
from collections.abc import Generator
from pathlib import Path
from typing import Literal

import pytest
from axe import serious
from playwright.sync_api import Browser, Page, expect
from served_page import served
from small_atlas import notes_atlas
from tabbing import tabbed
from visits import BROWSER, Visits

from agents.trace_store import TraceStore
from knowledge.index import Index
from ui.auth import accounts

pytestmark = BROWSER

Look = tuple[str, tuple[int, int], Literal["light", "dark"]]

SECRET = "correct horse battery"
# An address of each place, and what is there once it is shown.
PLACES = {
    "chat": ("?", "#chat .examples"),
    "quiz": ("?place=quiz", "#quiz-link a"),
    "item": ("?place=quiz&topic=lora&seed=1&begin=1", "#quiz-actions button"),
    "progress": ("?place=progress", "#progress-link a"),
    "map": ("?place=map", "#map-link a"),
    "notes": ("?place=notes", "#notes-list a"),
    "note": ("?place=notes&note=vllm", "#notes-text h2"),
    "choose": ("?place=choose&task=serve+a+model+on+one+gpu", "#choose-link a"),
    "calculate": ("?place=calculate", "#calc-link a"),
    "fix": ("?place=fix", "#fix-link a"),
    "observe": ("?place=observe", "#observe-link a"),
}
# Every pair of a language, a width and a theme is among them.
LOOKS: dict[str, Look] = {
    "desktop, light, English": ("en-US", (1280, 800), "light"),
    "phone, dark, English": ("en-US", (390, 844), "dark"),
    "phone, light, Chinese": ("zh-CN", (390, 844), "light"),
    "desktop, dark, Chinese": ("zh-CN", (1280, 800), "dark"),
}
# Addresses that name nothing, and what tells so.
NOTHING = {
    "a place": ("?place=nothing", "#chat .examples"),
    "a conversation": (f"?session={'0' * 32}", "#session-list [role=alert]"),
    "a topic": ("?place=quiz&topic=qzxv&begin=1", "#quiz-form .problem, #quiz-form .result"),
    "a quiz": (f"?place=quiz&quiz={'0' * 32}", "#quiz-form [role=alert]"),
    "a note": ("?place=notes&note=nothing", ".gone"),
    "a passage": ("?place=notes&q=qzxv", "#notes h2"),
    "a note of the map": ("?place=map&note=nothing", ".map-board[data-ready]"),
    "a goal": ("?place=map&goal=qzxv", ".map-path [role=alert]"),
    "a task": ("?place=choose&task=plan+a+wedding+for+eighty+guests", "#choose-result a.plain"),
    "a GPU to choose for": ("?place=choose&task=serve+a+model&gpu=quantum+9", "#choose-result [role=alert]"),
    "a model to calculate": ("?place=calculate&model=Qwen9-14B", "#calc-answer [role=alert]"),
    "a pitfall": ("?place=fix&pitfall=nothing", "#fix-result [role=alert]"),
    "an answer": ("?place=observe&answer=nothing", "#observe [role=alert]"),
}


@pytest.fixture(scope="module")
def site(browser: Browser, built_in: Index, tmp_path_factory: pytest.TempPathFactory) -> Generator[Visits]:
    """The app without a model, for whoever is on this machine."""
    home = tmp_path_factory.mktemp("places")
    with served(notes_atlas(built_in, home, open_traces=lambda: TraceStore(home)), home, named_learners=True) as url:
        yield Visits(browser, url)


@pytest.fixture(scope="module", params=LOOKS.values(), ids=list(LOOKS))
def look(request: pytest.FixtureRequest, site: Visits) -> Generator[Page]:
    """One page, on a screen and in a language."""
    context = site.context(*request.param)
    yield site.page(context)
    context.close()


def opened(page: Page, site: Visits, place: tuple[str, str]) -> None:
    query, there = place
    page.goto(site.whole(query))
    page.locator(there).first.wait_for(state="attached")
    expect(page.locator("#state .state")).not_to_have_count(0)
    page.wait_for_timeout(500)  # what fades in has faded in: axe reads colours


def assert_for_everyone(page: Page) -> None:
    """Fails where axe-core finds something serious, or the page is wider than its screen."""
    assert serious(page) == []
    wider = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    assert wider <= 0, f"the page is {wider} pixels wider than the screen"


@pytest.mark.parametrize("place", PLACES)
def test_a_place_is_for_everyone_and_keeps_to_itself(look: Page, site: Visits, place: str) -> None:
    opened(look, site, PLACES[place])
    assert_for_everyone(look)
    assert look.evaluate("() => document.documentElement.lang") in {"en", "zh-CN"}
    site.assert_quiet()


@pytest.mark.parametrize("number", range(len(NOTHING)), ids=NOTHING)
def test_an_address_that_names_nothing_is_told_for_everyone(site: Visits, number: int) -> None:
    """Each in one look, so that all looks are met."""
    context = site.context(*list(LOOKS.values())[number % len(LOOKS)])
    page = site.page(context)
    place = list(NOTHING.values())[number]
    opened(page, site, place)
    expect(page.locator(place[1]).first).to_be_visible()
    assert_for_everyone(page)
    page.reload()
    expect(page.locator(place[1]).first).to_be_visible()
    site.assert_quiet()
    context.close()


def test_an_answer_and_its_sources_are_for_everyone(look: Page, site: Visits) -> None:
    opened(look, site, PLACES["chat"])
    look.fill("#box textarea", "What is LoRA?")
    look.press("#box textarea", "Enter")
    mark = look.locator('#chat a[href^="#cite-"]').first
    mark.wait_for()
    expect(look.locator("#box .submit-button")).to_be_visible()
    mark.click()
    expect(look.locator("#panel .now")).to_be_visible()
    look.wait_for_timeout(500)
    assert serious(look) == []
    site.assert_quiet()


def test_a_quiz_is_taken_by_keyboard_alone_and_is_there_after_a_reload(site: Visits) -> None:
    context = site.context()
    page = site.page(context)
    opened(page, site, PLACES["chat"])
    tabbed(page, "#places a[data-place=quiz]")
    page.keyboard.press("Enter")
    page.locator("#quiz-link a").wait_for(state="attached")
    tabbed(page, "#quiz-start button, button#quiz-begin, #quiz button.primary")
    page.keyboard.press("Enter")
    page.locator("#quiz-stem").filter(has_text="?").wait_for()
    address = page.url
    assert "quiz=" in address
    asked = page.inner_text("#quiz-stem").strip().splitlines()[-1]
    page.reload()
    expect(page.locator("#quiz-stem")).to_contain_text(asked)
    assert page.url == address
    site.assert_quiet()
    context.close()


# --- several people --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def several(browser: Browser, built_in: Index, tmp_path_factory: pytest.TempPathFactory) -> Generator[Visits]:
    """The app without a model, for two people with passwords."""
    home = tmp_path_factory.mktemp("several")
    admitted = accounts([f"ann:{SECRET}", f"李雷:{SECRET}"])
    with served(notes_atlas(built_in, home), home, admitted=admitted) as url:
        yield Visits(browser, url)


def logged_in(site: Visits, name: str, language: str) -> Page:
    page = site.page(site.context(language))
    page.goto(f"{site.url}/?place=notes")
    assert serious(page) == []
    page.fill("input[name=name]", name)
    page.keyboard.press("Tab")
    page.keyboard.type(SECRET)
    page.keyboard.press("Enter")
    expect(page.locator("#account .who")).to_have_text(name)
    return page


def test_two_people_log_in_side_by_side_and_see_only_what_is_theirs(several: Visits) -> None:
    first, second = logged_in(several, "ann", "en-US"), logged_in(several, "李雷", "zh-CN")
    assert first.url.endswith("?place=notes"), "the place that was asked for is shown after the login"
    expect(second.get_by_role("button", name="退出登录")).to_be_visible()
    for page in (first, second):
        page.click("#places a[data-place=chat]")
    first.fill("#box textarea", "What is LoRA?")
    first.press("#box textarea", "Enter")
    first.locator('#chat a[href^="#cite-"]').first.wait_for()
    session = first.evaluate("() => location.search")
    second.goto(f"{several.url}/{session}")
    second.locator("#chat .examples").wait_for()
    expect(second.locator("#chat .user-row")).to_have_count(0)
    first.reload()
    expect(first.locator("#chat .user-row")).to_have_count(1)
    several.assert_quiet()
    first.get_by_role("button", name="Log out").click()
    first.locator("input[name=password]").wait_for()
    first.go_back()
    expect(first.locator("#chat")).to_have_count(0)
    several.complaints.clear()  # what was left open is told that it is not logged in any more
    first.context.close()
    second.context.close()


def test_a_wrong_password_is_refused_in_the_readers_language(several: Visits) -> None:
    context = several.context("zh-CN", (390, 844), "dark")
    page = several.page(context)
    page.goto(several.url)
    page.fill("input[name=name]", "ann")
    page.fill("input[name=password]", "wrong")
    page.click("button")
    expect(page.get_by_role("alert")).to_have_text("用户名或密码不正确。")
    assert serious(page) == []
    expect(page.locator("input[name=name]")).to_have_value("ann")
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    context.close()


def test_the_vendored_axe_is_the_one_that_is_named() -> None:
    vendor = Path(__file__).with_name("vendor")
    for line in (vendor / "README.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("| `"):
            name, *_, digest = (cell.strip(" `") for cell in line.strip("|").split("|"))
            assert hashlib.sha256((vendor / name).read_bytes()).hexdigest() == digest, name
