"""The page in Chromium, over a real team whose model is scripted."""

import re
import shutil
import time
from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright
from scripted_model import ScriptedModel
from served_page import FLAGS, served
from small_atlas import (
    NOTES,
    OFF_NOTES,
    PARAPHRASE,
    QUESTION,
    VERBATIM,
    embedded_atlas,
    judge,
    notes_atlas,
    of_checker,
    of_tutor,
    small_index,
)

from agents.atlas import Atlas
from learner.feedback import FeedbackStore

expect.set_options(timeout=20_000)  # the machines of continuous integration are slow and shared

pytestmark = [
    pytest.mark.browser,
    # CrewAI uses what it deprecates itself, and imports its parts in an odd order.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ImportWarning"),
]

LONG = " ".join(f"PagedAttention keeps block {i} of the cache." for i in range(200))
HOSTILE = {
    "zebra": """---
title: {en: "Zebra <img src=https://outside.example/title.png>"}
---

## How it works

Zebra caching keeps stripes in memory. <script>window.hacked = 1</script> ![p](https://outside.example/note.png) \
<img src=https://outside.example/raw.png onerror="window.hacked = 2"> [run](javascript:window.hacked=3) it.
""",
}


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    chromium = shutil.which("chromium")
    assert chromium, "Chromium is missing: install it (`apt-get install chromium`) or leave out `-m browser`."
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield opened
        opened.close()


@dataclass
class Desktop:
    """Opens the page in new browser contexts and remembers what they asked for and complained of."""

    browser: Browser
    url: str
    model: ScriptedModel
    home: Path
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def context(self, language: str = "en-US", size: tuple[int, int] = (1280, 800)) -> BrowserContext:
        return self.browser.new_context(locale=language, viewport={"width": size[0], "height": size[1]})

    def open(self, context: BrowserContext | None = None) -> Page:
        page = (context or self.context()).new_page()
        page.set_default_timeout(15_000)
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda line: self.complaints.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(self.url)
        expect(page.locator("#chat .placeholder, #chat .bot-row").first).to_be_visible(timeout=20_000)
        expect(page.locator("#state .state")).not_to_have_count(0)
        return page


@pytest.fixture
def desktop(browser: Browser, tmp_path: Path) -> Generator[Desktop]:
    """The page over a small team with a scripted model; whatever a test does, nothing outside may be asked for."""
    with ExitStack() as stack:
        index = stack.enter_context(small_index(tmp_path, NOTES | HOSTILE))
        model = stack.enter_context(ScriptedModel())
        yield from _opened(stack, browser, embedded_atlas(index, tmp_path, model), model, tmp_path)


@pytest.fixture
def plain_desktop(browser: Browser, tmp_path: Path) -> Generator[Desktop]:
    """The page over a team without a model."""
    with ExitStack() as stack:
        index = stack.enter_context(small_index(tmp_path, NOTES | HOSTILE))
        model = stack.enter_context(ScriptedModel())
        yield from _opened(stack, browser, notes_atlas(index, tmp_path), model, tmp_path)


def _opened(stack: ExitStack, browser: Browser, atlas: Atlas, model: ScriptedModel, home: Path) -> Generator[Desktop]:
    url = stack.enter_context(served(atlas, home))
    desktop = Desktop(browser, url, model, home)
    yield desktop
    for context in browser.contexts:
        context.close()
    outside = [address for address in desktop.requests if not address.startswith((url, "data:", "blob:"))]
    assert not outside, f"the page asked for {outside}"
    # Gradio says so when a page is left while it waits for something.
    left = ("AbortError", "Connection errored out", "Failed to fetch")
    complaints = [complaint for complaint in desktop.complaints if not any(words in complaint for words in left)]
    assert not complaints, complaints


def ask(page: Page, question: str) -> None:
    page.fill("#box textarea", question)
    asked = page.locator("#chat .user-row").count()
    page.press("#box textarea", "Enter")
    expect(page.locator("#chat .user-row")).to_have_count(asked + 1)


def answer(page: Page) -> Locator:
    return page.locator("#chat .bot-row .message-content:not(.thought-group *)").first


def wait_until_done(page: Page) -> None:
    expect(page.locator("#box .submit-button")).to_be_visible(timeout=20_000)


def marks(page: Page) -> list[str]:
    return page.locator('#chat a[href^="#cite-"]').all_inner_texts()


def test_passages_stand_on_the_page_before_the_model_says_a_word(desktop: Desktop) -> None:
    desktop.model.reply(VERBATIM, when=of_tutor, delay_s=2.0)
    judge(desktop.model)
    page = desktop.open()
    ask(page, QUESTION)
    expect(page.locator("#panel .passage").first).to_contain_text("fixed blocks")
    assert desktop.model.requests == [] or VERBATIM not in page.inner_text("#chat")
    wait_until_done(page)
    expect(page.locator("#chat")).to_contain_text(VERBATIM)


def test_words_stream_and_then_earn_their_marks(desktop: Desktop) -> None:
    desktop.model.reply(f"{PARAPHRASE} {OFF_NOTES}", when=of_tutor, chunk_delay_s=0.12)
    doubted = {"yes": 0.02, "no": 0.98}
    desktop.model.reply(probabilities=doubted, when=lambda r: of_checker(r) and "Bananas" in r.prompt, times=None)
    judge(desktop.model)
    page = desktop.open()
    ask(page, QUESTION)
    expect(answer(page)).to_contain_text("The KV cache")
    first = answer(page).inner_text()
    assert "Bananas" not in first
    wait_until_done(page)
    assert marks(page) == ["1"]
    doubt = page.locator('#chat a[href="#unsupported"]')
    expect(doubt).to_have_count(1)
    expect(doubt).to_have_attribute("title", "The notes do not support this sentence")
    expect(page.locator("#chat .legend")).to_contain_text("not supported by the notes")


def test_a_mark_opens_the_sentence_it_rests_on_also_of_an_earlier_answer(desktop: Desktop) -> None:
    desktop.model.reply(VERBATIM, when=of_tutor)
    desktop.model.reply("LoRA trains two small low-rank matrices beside each frozen weight matrix.", when=of_tutor)
    judge(desktop.model)
    page = desktop.open()
    ask(page, QUESTION)
    wait_until_done(page)
    ask(page, "What does LoRA train?")
    expect(page.locator('#chat a[href^="#cite-"]')).to_have_count(2)
    wait_until_done(page)
    page.locator('#chat a[href^="#cite-"]').nth(0).click()
    expect(page.locator("#panel mark.now")).to_have_text(VERBATIM)
    page.locator('#chat a[href^="#cite-"]').nth(1).click()
    expect(page.locator("#panel mark.now")).to_contain_text("two small low-rank matrices")
    expect(page.locator("#panel .passage:has(mark.now) .where")).to_contain_text("LoRA")
    expect(page.locator("#panel .passage:has(mark.now) .own")).to_have_text("own note")


def test_a_chinese_reader_is_served_in_chinese(plain_desktop: Desktop) -> None:
    page = plain_desktop.open(plain_desktop.context("zh-CN"))
    expect(page.locator("#box textarea")).to_have_attribute("placeholder", "用中文或英文提问")
    ask(page, "LoRA 只训练什么？")
    expect(page.locator("#panel .passage").first).to_contain_text("低秩小矩阵")
    wait_until_done(page)
    expect(page.locator("#chat")).to_contain_text("研究员 · 检索笔记")
    expect(page.locator("#chat .meta")).to_contain_text("仅依据笔记")
    assert marks(page)


def test_the_reader_may_choose_another_language_and_it_is_kept(plain_desktop: Desktop) -> None:
    page = plain_desktop.open()
    page.get_by_text("中文", exact=True).click()
    expect(page.locator("#new")).to_have_text("新对话")
    page.reload()
    expect(page.locator("#new")).to_have_text("新对话")


def test_stop_frees_the_model_within_a_second_and_keeps_the_words(desktop: Desktop) -> None:
    desktop.model.reply(LONG, when=of_tutor, chunk_delay_s=0.05)
    page = desktop.open()
    ask(page, QUESTION)
    expect(answer(page)).to_contain_text("block 0")
    pressed = time.monotonic()
    page.click("#box .stop-button")
    desktop.model.wait_for_disconnect()
    freed_at = desktop.model.requests[-1].disconnected_at
    assert freed_at is not None
    assert freed_at - pressed < 1.0
    expect(page.locator("#chat .notice")).to_have_text("Stopped.")
    expect(answer(page)).to_contain_text("block 0")
    wait_until_done(page)


@pytest.mark.parametrize("leave", ["close", "reload"])
def test_leaving_the_page_in_the_middle_of_an_answer_frees_the_model(desktop: Desktop, leave: str) -> None:
    desktop.model.reply(LONG, when=of_tutor, chunk_delay_s=0.05)
    page = desktop.open()
    ask(page, QUESTION)
    expect(answer(page)).to_contain_text("block 0")
    left = time.monotonic()
    if leave == "close":
        page.close()
    else:
        page.reload(wait_until="commit")
    desktop.model.wait_for_disconnect()
    freed_at = desktop.model.requests[-1].disconnected_at
    assert freed_at is not None
    assert freed_at - left < 1.0


def test_a_reload_keeps_the_conversation_and_new_begins_another(plain_desktop: Desktop) -> None:
    page = plain_desktop.open()
    ask(page, QUESTION)
    wait_until_done(page)
    page.reload()
    expect(page.locator("#chat .user-row")).to_contain_text(QUESTION)
    expect(page.locator("#panel mark").first).to_be_visible()
    page.click("#new")
    expect(page.locator("#chat .user-row")).to_have_count(0)
    page.reload()
    expect(page.locator("#chat .placeholder")).to_be_visible()
    expect(page.locator("#chat .user-row")).to_have_count(0)


def test_two_people_do_not_see_each_other(plain_desktop: Desktop) -> None:
    one, other = plain_desktop.open(), plain_desktop.open()
    ask(one, QUESTION)
    ask(other, "What does LoRA train?")
    wait_until_done(one)
    wait_until_done(other)
    for page, own, foreign in ((one, QUESTION, "LoRA"), (other, "What does LoRA train?", "KV cache")):
        page.reload()
        expect(page.locator("#chat .user-row")).to_have_text(re.compile(re.escape(own)))
        assert foreign not in page.inner_text("#chat .user-row")


def test_thumbs_are_stored_with_a_reason(plain_desktop: Desktop) -> None:
    page = plain_desktop.open()
    ask(page, QUESTION)
    wait_until_done(page)
    page.get_by_label("Like", exact=True).last.click()
    expect(page.get_by_text("Thank you, that is noted.")).to_be_visible()
    page.get_by_label("Feedback").last.click()
    page.get_by_text("Not what I asked").last.click()
    deadline = time.monotonic() + 5
    while [entry.reason for entry in FeedbackStore(plain_desktop.home).all()] != ["missed"]:
        assert time.monotonic() < deadline, FeedbackStore(plain_desktop.home).all()
        time.sleep(0.05)
    stored = FeedbackStore(plain_desktop.home).all()
    assert [entry.thumb for entry in stored] == ["down"]


@pytest.mark.parametrize(
    "question",
    [
        "<img src=https://outside.example/q.png onerror='window.hacked=1'> What is Zebra caching?",
        "<script>window.hacked=1</script> ![x](https://outside.example/q.png) Zebra caching?",
    ],
    ids=["an image", "a script"],
)
def test_what_is_typed_or_noted_runs_nothing_and_loads_nothing(plain_desktop: Desktop, question: str) -> None:
    page = plain_desktop.open()
    ask(page, question)
    expect(page.locator("#panel .passage").first).to_contain_text("Zebra caching keeps stripes in memory.")
    wait_until_done(page)
    expect(page.locator("#chat .user-row")).to_contain_text(question)
    assert page.evaluate("window.hacked") is None
    assert page.locator("#chat img, #panel img, #panel script, #chat script").count() == 0
    assert page.locator('a[href^="javascript:"]').count() == 0


def test_what_the_model_says_runs_nothing_and_loads_nothing(desktop: Desktop) -> None:
    said = f"{VERBATIM} <img src=https://outside.example/a.png onerror='window.hacked=1'> ![x](https://outside.example/b.png)"
    desktop.model.reply(said, when=of_tutor)
    judge(desktop.model)
    page = desktop.open()
    ask(page, QUESTION)
    wait_until_done(page)
    assert page.evaluate("window.hacked") is None
    assert page.locator("#chat .message-content img").count() == 0


def test_a_question_that_is_offered_is_asked(plain_desktop: Desktop) -> None:
    page = plain_desktop.open()
    page.locator("#chat .example").last.click()
    expect(page.locator("#chat .user-row")).to_contain_text("CUDA out of memory")
    wait_until_done(page)
    page.click("#new")
    expect(page.locator("#chat .user-row")).to_have_count(0)
    ask(page, QUESTION)
    page.locator("#chat .option").first.click()
    expect(page.locator("#chat .user-row")).to_have_count(2)
    wait_until_done(page)


def test_a_phone_has_the_sources_in_a_drawer(plain_desktop: Desktop) -> None:
    page = plain_desktop.open(plain_desktop.context(size=(390, 800)))
    ask(page, QUESTION)
    expect(page.locator("#panel .passage").first).to_be_visible()
    wait_until_done(page)
    page.click("#side-title")
    expect(page.locator("#panel")).to_be_hidden()
    page.locator('#chat a[href^="#cite-"]').first.click()
    expect(page.locator("#panel mark.now")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_enter_that_chooses_a_chinese_word_does_not_send(plain_desktop: Desktop) -> None:
    page = plain_desktop.open()
    page.fill("#box textarea", "zhuyili")
    page.evaluate(
        "document.querySelector('#box textarea').dispatchEvent(new KeyboardEvent('keydown', "
        "{key: 'Enter', isComposing: true, bubbles: true, cancelable: true}))"
    )
    page.wait_for_timeout(300)
    assert page.input_value("#box textarea") == "zhuyili"
    page.press("#box textarea", "Enter")
    expect(page.locator("#chat .user-row")).to_contain_text("zhuyili")
    wait_until_done(page)
