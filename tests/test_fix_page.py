"""The Fix page in Chromium, over a real team without a model."""

import re
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from served_page import served
from small_atlas import NOTES, notes_atlas, small_index
from visits import BROWSER, Visits

from agents.mending import Mender

pytestmark = BROWSER

PITFALL = """---
kind: pitfall
title: {en: The tunnel is down, zh: 隧道断开}
pitfall: {signatures: ["TunnelError: the tunnel to <*> is down"]}
sources: [https://example.org/tunnel]
---

## Why it happens

The tunnel of vLLM sleeps after an hour.

## How to fix it

Wake the tunnel:

```bash
tunnel wake --now
```

## How to check

`tunnel state` says awake.
"""
KEY = "hf_QwErTyUiOpAsDfGhJkLzXcVbNm123456"
ERROR = "TunnelError: the tunnel to 10.0.0.3 is down"
LOG = f"INFO vLLM\nHF_TOKEN={KEY}\n<b>Traceback</b> (most recent call last):\n{ERROR}\nbye"
UNKNOWN = "loading vLLM\nFrobnicationError: the frobnicator at 10.0.0.3:80 refused\nbye"


@dataclass(kw_only=True)
class Repairs(Visits):
    """Visits to the Fix page of a team that may add pitfalls of its own."""

    mender: Mender
    home: Path

    def open(self, query: str = "?place=fix", context: BrowserContext | None = None) -> Page:
        return self.visit(query, "#fix-own section", context)


@pytest.fixture(scope="module")
def opened(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Generator[Repairs]:
    home: Path = tmp_path_factory.mktemp("home")
    with small_index(home, NOTES | {"tunnel-down": PITFALL}) as index:
        atlas = notes_atlas(index, home)
        with served(atlas, home) as url:
            yield Repairs(browser, url, mender=atlas.mender, home=home)


@pytest.fixture
def repairs(opened: Repairs) -> Generator[Repairs]:
    for note in opened.mender.added:
        opened.mender.remove(note.id)
    with opened.watched():
        yield opened


def is_in(page: Page, state: str) -> None:
    expect(page.locator(f'.fix-now[data-state="{state}"]')).to_have_count(1)


def find(page: Page, log: str, state: str = "found") -> None:
    page.fill("#fix-log-box textarea", log)
    page.press("#fix-log-box textarea", "Control+Enter")
    is_in(page, state)


def test_a_log_is_answered_by_keyboard_alone(repairs: Repairs) -> None:
    page = repairs.open()
    box = page.locator("#fix-log-box textarea")
    box.focus()
    page.keyboard.insert_text(LOG)
    page.keyboard.press("Enter")  # a new line, no answer
    expect(box).to_have_value(f"{LOG}\n")
    page.keyboard.press("Control+Enter")
    is_in(page, "found")
    expect(page.locator("#fix-result h2")).to_be_focused()
    expect(page.locator("#fix-result h2")).to_have_text("The tunnel is down")
    expect(page.locator("#fix-result .pill.ok")).to_have_text(re.compile(r"^Almost certain · 9\d%$"))
    expect(page.locator("#fix-result mark")).to_have_text(ERROR)
    expect(page.locator(".fix-masked")).to_have_text("1 secret masked: huggingface-token")
    expect(page.locator("#fix-result .fix-log")).to_contain_text("<b>Traceback</b>")
    expect(page.locator("#fix-result")).to_contain_text("The tunnel of vLLM sleeps after an hour.")
    expect(page.locator("#fix-result")).to_contain_text("tunnel state says awake.")
    expect(page.locator(".fix-foot a").first).to_have_attribute("href", "https://example.org/tunnel")
    expect(page.locator("p.unseen[role=status]").last).to_contain_text("The tunnel is down")
    assert KEY not in page.inner_text("#fix-result")


def test_the_address_leads_back_to_the_pitfall_and_holds_no_log(repairs: Repairs) -> None:
    page = repairs.open()
    find(page, LOG)
    expect(page).to_have_url(f"{repairs.url}/?place=fix&pitfall=tunnel-down")
    again = repairs.open("?place=fix&pitfall=tunnel-down")
    is_in(again, "pitfall")
    expect(again.locator("#fix-result h2")).to_have_text("The tunnel is down")
    expect(again.locator("#fix-result")).to_contain_text("TunnelError: the tunnel to <*> is down")
    expect(again.locator("#fix-log-box textarea")).to_have_value("")
    assert not [url for url in repairs.requests if "Tunnel" in url or KEY in url]


def test_another_place_and_back_leaves_everything_as_it_was(repairs: Repairs) -> None:
    page = repairs.open()
    find(page, LOG)
    page.click('#places a[data-place="calculate"]')
    expect(page.locator("#fix")).to_be_hidden()
    page.click('#places a[data-place="fix"]')
    expect(page.locator("#fix-result mark")).to_have_text(ERROR)
    expect(page.locator("#fix-log-box textarea")).to_have_value(LOG)


def test_another_language_shows_the_same_log_anew(repairs: Repairs) -> None:
    page = repairs.open()
    find(page, LOG)
    page.locator("#language label", has_text="中文").click()
    expect(page.locator("#fix-result h2")).to_have_text("隧道断开")
    expect(page.locator("#fix-result mark")).to_have_text(ERROR)
    expect(page.locator("#fix-log-box textarea")).to_have_value(LOG)
    expect(page.locator("#fix-find")).to_have_text("查找解决方法")


def test_what_is_not_known_is_added_in_place_and_found_at_once(repairs: Repairs) -> None:
    page = repairs.open()
    find(page, UNKNOWN, "unknown")
    expect(page.locator("#fix-result h2")).to_have_text("Not known here")
    expect(page).to_have_url(f"{repairs.url}/?place=fix")
    page.click('.fix-unknown [data-fix="form"]')
    expect(page.locator("#fix-form-intro h3")).to_be_focused()
    expect(page.locator("#fix-signatures textarea")).to_have_value("FrobnicationError: the frobnicator at <*> refused")
    page.click("#fix-save")
    expect(page.locator("#fix-form-told [role=alert]")).to_contain_text("Still missing: Why it happens; How to fix it")
    page.fill("#fix-cause textarea", f"It sleeps.\n\n## How to fix it\n\npassword={KEY}")
    page.fill("#fix-fix textarea", "Wake it:\n\n```bash\nfrob wake\n```\n<script>alert(1)</script>")
    page.press("#fix-fix textarea", "Control+Enter")
    is_in(page, "found")
    expect(page.locator("#fix-told")).to_contain_text("It is found from now on.")
    expect(page.locator("#fix-form")).to_be_hidden()
    expect(page.locator("#fix-result .pill.own")).to_have_text("Your own")
    expect(page.locator("#fix-result mark")).to_have_text("FrobnicationError: the frobnicator at 10.0.0.3:80 refused")
    expect(page.locator("#fix-result .command code")).to_have_text("frob wake")
    expect(page.locator("#fix-result")).to_contain_text("<script>alert(1)</script>")
    (note,) = repairs.mender.added
    expect(page).to_have_url(f"{repairs.url}/?place=fix&pitfall={note.id}")
    expect(page.locator("#fix-own li a")).to_have_text(note.title["en"])
    assert KEY not in repairs.mender.exported(note.id)


def test_what_was_added_can_be_saved_and_removed(repairs: Repairs) -> None:
    page = repairs.open()
    find(page, UNKNOWN, "unknown")
    page.click('.fix-unknown [data-fix="form"]')
    expect(page.locator("#fix-signatures textarea")).not_to_have_value("")
    page.fill("#fix-cause textarea", "It sleeps.")
    page.fill("#fix-fix textarea", "Wake it.")
    page.click("#fix-save")
    is_in(page, "found")
    (note,) = repairs.mender.added
    with page.expect_download() as download:
        page.click(".fix-own a[download]")
    assert Path(download.value.path()).read_text() == repairs.mender.exported(note.id)
    page.click(".fix-own summary")
    page.click('.fix-own [data-fix="remove"]')
    is_in(page, "unknown")
    expect(page.locator("#fix-told")).to_contain_text("Removed:")
    expect(page.locator("#fix-own li")).to_have_count(0)
    assert repairs.mender.added == ()


def test_a_pitfall_that_is_too_general_is_refused_and_nothing_is_lost(repairs: Repairs) -> None:
    page = repairs.open()
    page.click('#fix-own [data-fix="form"]')
    page.fill("#fix-title textarea, #fix-title input", "Nothing answers here")
    page.fill("#fix-signatures textarea", "connection refused")
    page.fill("#fix-cause textarea", "It sleeps.")
    page.fill("#fix-fix textarea", "Wake it.")
    page.click("#fix-save")
    expect(page.locator("#fix-form-told [role=alert]")).to_contain_text("too general")
    expect(page.locator("#fix-cause textarea")).to_have_value("It sleeps.")
    page.click("#fix-cancel")
    expect(page.locator("#fix-form")).to_be_hidden()
    expect(page.locator("#fix-log-box textarea")).to_be_focused()


@pytest.mark.parametrize(
    ("log", "state"),
    [
        pytest.param("", "empty", id="nothing"),
        pytest.param("\x00\x01\x02\udcff\ufffd<svg onload=alert(1)>" * 50, "unknown", id="junk"),
        pytest.param("[link](javascript:alert(1)) \x1b[31m**b** $x$ \u202e\u200b", "unknown", id="markup"),
        pytest.param("step ok\n" * 140_000 + ERROR, "found", id="megabyte"),
    ],
)  # fmt: skip
def test_any_log_is_answered(repairs: Repairs, log: str, state: str) -> None:
    page = repairs.open()
    page.evaluate(
        "(log) => { const box = document.querySelector('#fix-log-box textarea'); box.value = log; box.dispatchEvent(new Event('input')); }",
        log.encode(errors="replace").decode(),
    )
    page.click("#fix-find")
    is_in(page, state)
    if len(log) > 1_000_000:
        expect(page.locator("#fix-told")).to_contain_text("Only the last 1,000,000 characters were read.")
        expect(page.locator("#fix-result mark")).to_have_text(ERROR)
    assert page.locator("#fix-result script, #fix-result svg, #fix-result img").count() == 0


def test_a_link_to_a_pitfall_that_is_none_says_so(repairs: Repairs) -> None:
    page = repairs.visit("?place=fix&pitfall=%3Cb%3E", "#fix-result")
    expect(page.locator("#fix-result [role=alert]")).to_contain_text("there is no pitfall '<b>'")


def test_on_a_telephone_nothing_is_wider_than_the_screen(repairs: Repairs) -> None:
    page = repairs.open(context=repairs.context("zh-CN", (390, 844)))
    find(page, LOG + " " + "w" * 3000)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    wide = page.evaluate(
        "[...document.querySelectorAll('#fix *')].filter((e) => e.getBoundingClientRect().right > 391 && !e.closest('.unseen')).map((e) => e.className)"
    )
    assert wide == []
    small = page.evaluate(
        "[...document.querySelectorAll('#fix button:not(.copy)')].filter((e) => e.offsetParent && e.offsetHeight < 34).map((e) => e.outerHTML.slice(0, 80))"
    )
    assert small == []


def test_each_field_has_a_name(repairs: Repairs) -> None:
    page = repairs.open()
    page.click('#fix-own [data-fix="form"]')
    expect(page.locator("#fix-form")).to_be_visible()
    names = page.evaluate(
        "[...document.querySelectorAll('#fix textarea, #fix input')].map((e) => e.ariaLabel || e.labels?.[0]?.innerText || '')"
    )
    assert len(names) >= 8
    assert all(re.search(r"\w", name) for name in names), names


def test_what_was_pasted_reaches_no_file(repairs: Repairs) -> None:
    page = repairs.open()
    find(page, LOG)
    stored = [path for path in repairs.home.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    assert stored == []
