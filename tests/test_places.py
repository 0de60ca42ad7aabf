"""Every place of the app in Chromium: for all people, by keyboard alone, and with nothing from outside.

The places stand over the built-in notes, as they do after the first start; desktop and light in English, phone and dark
in Chinese. What a place does is tested in a file of its own.
"""

import hashlib
import shutil
from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe import serious
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from served_page import FLAGS, served
from small_atlas import notes_atlas

from knowledge.index import Index
from ui.auth import accounts

expect.set_options(timeout=30_000)  # the machines of continuous integration are slow and shared

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ImportWarning"),
]

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
LOOKS = {
    "desktop, light, English": {"locale": "en-US", "viewport": {"width": 1280, "height": 800}, "color_scheme": "light"},
    "phone, dark, Chinese": {"locale": "zh-CN", "viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
}


@dataclass
class Site:
    """The app on a port, and the browser before it."""

    url: str
    browser: Browser
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def page(self, context: BrowserContext) -> Page:
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("console", lambda line: self.complaints.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def assert_quiet(self) -> None:
        """Fails where anything outside was asked for, or the browser complained."""
        outside = [address for address in self.asked if not address.startswith((self.url, "data:", "blob:"))]
        # Gradio says so when a page is left while it waits for something.
        left = ("AbortError", "Connection errored out", "Failed to fetch")
        wrong = [line for line in self.complaints if not any(words in line for words in left)]
        self.asked.clear()
        self.complaints.clear()
        assert not outside
        assert not wrong


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    chromium = shutil.which("chromium")
    assert chromium, "Chromium is missing: install it (`apt-get install chromium`) or leave out `-m browser`."
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def site(browser: Browser, built_in: Index, tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    """The app without a model, for whoever is on this machine."""
    home = tmp_path_factory.mktemp("places")
    with ExitStack() as stack:
        yield Site(stack.enter_context(served(notes_atlas(built_in, home), home, named_learners=True)), browser)
        for context in browser.contexts:
            context.close()


@pytest.fixture(scope="module", params=LOOKS.values(), ids=LOOKS.keys())
def look(request: pytest.FixtureRequest, site: Site) -> Generator[Page]:
    """One page, on a screen and in a language."""
    context = site.browser.new_context(**request.param)
    yield site.page(context)
    context.close()


def opened(page: Page, site: Site, place: str) -> None:
    query, there = PLACES[place]
    page.goto(f"{site.url}/{query}")
    page.locator(there).first.wait_for(state="attached")
    expect(page.locator("#state .state")).not_to_have_count(0)
    page.wait_for_timeout(500)  # what fades in has faded in: axe reads colours


@pytest.mark.parametrize("place", PLACES)
def test_a_place_is_for_everyone_and_keeps_to_itself(look: Page, site: Site, place: str) -> None:
    opened(look, site, place)
    assert serious(look) == []
    wider = look.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    assert wider <= 0, f"the page is {wider} pixels wider than the screen"
    assert look.evaluate("() => document.documentElement.lang") in {"en", "zh-CN"}
    site.assert_quiet()


def test_an_answer_and_its_sources_are_for_everyone(look: Page, site: Site) -> None:
    opened(look, site, "chat")
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


def test_a_quiz_is_taken_by_keyboard_alone_and_is_there_after_a_reload(site: Site) -> None:
    context = site.browser.new_context(locale="en-US", viewport={"width": 1280, "height": 800})
    page = site.page(context)
    opened(page, site, "chat")
    assert tabbed(page, "#places a[data-place=quiz]")
    page.keyboard.press("Enter")
    page.locator("#quiz-link a").wait_for(state="attached")
    assert tabbed(page, "#quiz-start button, button#quiz-begin, #quiz button.primary")
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


def tabbed(page: Page, selector: str, most: int = 80) -> bool:
    """Presses Tab until something of the selector has the focus, and shows it; False where it is not reached."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("(s) => document.activeElement?.matches(s) ?? false", selector):
            outline = page.evaluate(
                "() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle + s.boxShadow; }"
            )
            assert outline != "nonenone", "the focus cannot be seen"
            return True
    return False


# --- several people --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def several(browser: Browser, built_in: Index, tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    """The app without a model, for two people with passwords."""
    home = tmp_path_factory.mktemp("several")
    admitted = accounts([f"ann:{SECRET}", f"李雷:{SECRET}"])
    with ExitStack() as stack:
        yield Site(stack.enter_context(served(notes_atlas(built_in, home), home, admitted=admitted)), browser)


def logged_in(site: Site, name: str, **look: str) -> Page:
    page = site.page(site.browser.new_context(**look))
    page.goto(f"{site.url}/?place=notes")
    assert serious(page) == []
    page.fill("input[name=name]", name)
    page.keyboard.press("Tab")
    page.keyboard.type(SECRET)
    page.keyboard.press("Enter")
    expect(page.locator("#account .who")).to_have_text(name)
    return page


def test_two_people_log_in_side_by_side_and_see_only_what_is_theirs(several: Site) -> None:
    first, second = logged_in(several, "ann", locale="en-US"), logged_in(several, "李雷", locale="zh-CN")
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


def test_a_wrong_password_is_refused_in_the_readers_language(several: Site) -> None:
    context = several.browser.new_context(locale="zh-CN", viewport={"width": 390, "height": 844}, color_scheme="dark")
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
