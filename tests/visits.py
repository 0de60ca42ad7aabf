"""Chromium before the page: how tests open it, what it asked for and what it complained of.

pytestmark = BROWSER

@pytest.fixture(scope="module")
def opened(browser: Browser, ...) -> Generator[Visits]:
    with served(atlas, home) as url:
        yield Visits(browser, url)

@pytest.fixture
def visits(opened: Visits) -> Generator[Visits]:
    with opened.watched():
        yield opened
"""

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from served_page import FLAGS

expect.set_options(timeout=30_000)  # the machines of continuous integration are slow and shared

BROWSER: Final = [
    pytest.mark.browser,
    # CrewAI uses what it deprecates itself, and imports its parts in an odd order.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ImportWarning"),
]
# What Gradio says when a page is left while it waits for something.
LEFT: Final = ("AbortError", "Connection errored out", "Failed to fetch")


@contextmanager
def chromium() -> Generator[Browser]:
    """Chromium without a screen; Playwright's loop runs in this thread until the block ends."""
    path = shutil.which("chromium")
    assert path, "Chromium is missing: install it (`apt-get install chromium`) or leave out `-m browser`."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Visits:
    """Opens pages, each in a browser context of its own unless one is given: a context is one reader."""

    browser: Browser
    url: str
    others: tuple[str, ...] = ()  # addresses of the same app, served otherwise
    known: tuple[str, ...] = LEFT  # complaints that are expected
    heard: tuple[str, ...] = ("error",)  # the kinds of lines on the console that are complaints
    requests: list[str] = field(default_factory=list[str])
    complaints: list[str] = field(default_factory=list[str])

    def context(
        self, language: str = "en-US", size: tuple[int, int] = (1280, 900),
        scheme: Literal["light", "dark"] = "light", **more: Any,
    ) -> BrowserContext:  # fmt: skip
        """A new reader with a screen (width and height in CSS pixels); `more` goes to Playwright."""
        context = self.browser.new_context(
            locale=language, viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, **more
        )
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=self.url)
        return context

    def page(self, context: BrowserContext | None = None) -> Page:
        """A new tab, empty yet."""
        page = (context or self.context()).new_page()
        page.set_default_timeout(30_000)
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda line: self.complaints.append(line.text) if line.type in self.heard else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def whole(self, address: str) -> str:
        """An address of the app (`?place=map`) with its host; a whole one stays as it is."""
        return address if address.startswith("http") else f"{self.url}/{address.removeprefix('/')}"

    def visit(self, address: str = "", there: str = "#state .state", context: BrowserContext | None = None) -> Page:
        """A new tab at an address of the app (`?place=map`, or a whole one), once the element `there` is shown."""
        page = self.page(context)
        page.goto(self.whole(address))
        expect(page.locator(there).first).to_be_visible()
        return page

    @contextmanager
    def watched(self) -> Generator[None]:
        """Nothing outside may be asked for in the block, and nothing may go wrong unseen; its contexts are closed."""
        self.requests.clear()
        self.complaints.clear()
        yield
        for context in self.browser.contexts:
            context.close()
        self.assert_quiet()

    def assert_quiet(self) -> None:
        """Fails where anything outside was asked for, or the browser complained, since the last call."""
        own = (self.url, *self.others, "data:", "blob:")
        outside = [address for address in self.requests if not address.startswith(own)]
        wrong = [line for line in self.complaints if not any(words in line for words in self.known)]
        self.requests.clear()
        self.complaints.clear()
        assert not outside, f"the page asked for {outside}"
        assert not wrong, wrong
