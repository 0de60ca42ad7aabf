"""The page in Chromium, over a real team whose model is scripted."""

import re
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from scripted_model import ScriptedModel
from served_page import served
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
from visits import BROWSER, LEFT, Visits

from learner.feedback import FeedbackStore

pytestmark = BROWSER

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


@dataclass(kw_only=True)
class Talks(Visits):
    """Visits to a team with a scripted model."""

    model: ScriptedModel

    def open(self, context: BrowserContext | None = None) -> Page:
        return begun(self, context)


def begun(visits: Visits, context: BrowserContext | None = None) -> Page:
    """Opens the chat in a browser of its own, and waits until it is there."""
    page = visits.visit(there="#chat .placeholder, #chat .bot-row", context=context)
    expect(page.locator("#state .state")).not_to_have_count(0)
    return page


@pytest.fixture(scope="module")
def talking(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Generator[Talks]:
    home: Path = tmp_path_factory.mktemp("home")
    with (
        small_index(home, NOTES | HOSTILE) as index,
        ScriptedModel() as model,
        served(embedded_atlas(index, home, model), home) as url,
    ):
        yield Talks(browser, url, model=model)


@pytest.fixture
def talks(talking: Talks) -> Generator[Talks]:
    """A model whose script is empty."""
    talking.known = LEFT
    with talking.watched():
        yield talking
    talking.model.renew()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of the team without a model."""
    return tmp_path_factory.mktemp("plain")


@pytest.fixture(scope="module")
def opened(browser: Browser, home: Path) -> Generator[Visits]:
    with small_index(home, NOTES | HOSTILE) as index, served(notes_atlas(index, home), home) as url:
        yield Visits(browser, url)


@pytest.fixture
def visits(opened: Visits) -> Generator[Visits]:
    """Visits to a team without a model."""
    with opened.watched():
        yield opened


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


def test_passages_stand_on_the_page_before_the_model_says_a_word(talks: Talks) -> None:
    talks.model.reply(VERBATIM, when=of_tutor, delay_s=2.0)
    judge(talks.model)
    page = talks.open()
    ask(page, QUESTION)
    expect(page.locator("#panel .passage").first).to_contain_text("fixed blocks")
    assert talks.model.requests == [] or VERBATIM not in page.inner_text("#chat")
    wait_until_done(page)
    expect(page.locator("#chat")).to_contain_text(VERBATIM)


def test_words_stream_and_then_earn_their_marks(talks: Talks) -> None:
    talks.model.reply(f"{PARAPHRASE} {OFF_NOTES}", when=of_tutor, chunk_delay_s=0.12)
    doubted = {"yes": 0.02, "no": 0.98}
    talks.model.reply(probabilities=doubted, when=lambda r: of_checker(r) and "Bananas" in r.prompt, times=None)
    judge(talks.model)
    page = talks.open()
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


def test_a_mark_opens_the_sentence_it_rests_on_also_of_an_earlier_answer(talks: Talks) -> None:
    talks.model.reply(VERBATIM, when=of_tutor)
    talks.model.reply("LoRA trains two small low-rank matrices beside each frozen weight matrix.", when=of_tutor)
    judge(talks.model)
    page = talks.open()
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


def test_a_chinese_reader_is_served_in_chinese(visits: Visits) -> None:
    page = begun(visits, visits.context("zh-CN"))
    expect(page.locator("#box textarea")).to_have_attribute("placeholder", "用中文或英文提问")
    ask(page, "LoRA 只训练什么？")
    expect(page.locator("#panel .passage").first).to_contain_text("低秩小矩阵")
    wait_until_done(page)
    expect(page.locator("#chat")).to_contain_text("研究员 · 检索笔记")
    expect(page.locator("#chat .meta")).to_contain_text("仅依据笔记")
    assert marks(page)


def test_the_reader_may_choose_another_language_and_it_is_kept(visits: Visits) -> None:
    page = begun(visits)
    page.get_by_text("中文", exact=True).click()
    expect(page.locator("#new")).to_have_text("新对话")
    page.reload()
    expect(page.locator("#new")).to_have_text("新对话")


def test_stop_frees_the_model_within_a_second_and_keeps_the_words(talks: Talks) -> None:
    talks.model.reply(LONG, when=of_tutor, chunk_delay_s=0.05)
    page = talks.open()
    ask(page, QUESTION)
    expect(answer(page)).to_contain_text("block 0")
    pressed = time.monotonic()
    page.click("#box .stop-button")
    talks.model.wait_for_disconnect()
    freed_at = talks.model.requests[-1].disconnected_at
    assert freed_at is not None
    assert freed_at - pressed < 1.0
    expect(page.locator("#chat .notice")).to_have_text("Stopped.")
    expect(answer(page)).to_contain_text("block 0")
    wait_until_done(page)


@pytest.mark.parametrize("leave", ["close", "reload"])
def test_leaving_the_page_in_the_middle_of_an_answer_frees_the_model(talks: Talks, leave: str) -> None:
    talks.model.reply(LONG, when=of_tutor, chunk_delay_s=0.05)
    page = talks.open()
    ask(page, QUESTION)
    expect(answer(page)).to_contain_text("block 0")
    left = time.monotonic()
    if leave == "close":
        page.close()
    else:
        talks.known += ("Unexpected client exception",)  # Gradio's, of the page that is left while words come
        page.reload(wait_until="commit")
    talks.model.wait_for_disconnect()
    freed_at = talks.model.requests[-1].disconnected_at
    assert freed_at is not None
    assert freed_at - left < 1.0


def test_a_reload_keeps_the_conversation_and_new_begins_another(visits: Visits) -> None:
    page = begun(visits)
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


def test_two_people_do_not_see_each_other(visits: Visits) -> None:
    one, other = begun(visits), begun(visits)
    ask(one, QUESTION)
    ask(other, "What does LoRA train?")
    wait_until_done(one)
    wait_until_done(other)
    for page, own, foreign in ((one, QUESTION, "LoRA"), (other, "What does LoRA train?", "KV cache")):
        page.reload()
        expect(page.locator("#chat .user-row")).to_have_text(re.compile(re.escape(own)))
        assert foreign not in page.inner_text("#chat .user-row")


def test_thumbs_are_stored_with_a_reason(visits: Visits, home: Path) -> None:
    page = begun(visits)
    ask(page, QUESTION)
    wait_until_done(page)
    page.get_by_label("Like", exact=True).last.click()
    expect(page.get_by_text("Thank you, that is noted.")).to_be_visible()
    page.get_by_label("Feedback").last.click()
    page.get_by_text("Not what I asked").last.click()
    deadline = time.monotonic() + 5
    while [entry.reason for entry in FeedbackStore(home).all()] != ["missed"]:
        assert time.monotonic() < deadline, FeedbackStore(home).all()
        time.sleep(0.05)
    stored = FeedbackStore(home).all()
    assert [entry.thumb for entry in stored] == ["down"]


@pytest.mark.parametrize(
    "question",
    [
        "<img src=https://outside.example/q.png onerror='window.hacked=1'> What is Zebra caching?",
        "<script>window.hacked=1</script> ![x](https://outside.example/q.png) Zebra caching?",
    ],
    ids=["an image", "a script"],
)
def test_what_is_typed_or_noted_runs_nothing_and_loads_nothing(visits: Visits, question: str) -> None:
    page = begun(visits)
    ask(page, question)
    expect(page.locator("#panel .passage").first).to_contain_text("Zebra caching keeps stripes in memory.")
    wait_until_done(page)
    expect(page.locator("#chat .user-row")).to_contain_text(question)
    assert page.evaluate("window.hacked") is None
    assert page.locator("#chat img, #panel img, #panel script, #chat script").count() == 0
    assert page.locator('a[href^="javascript:"]').count() == 0


def test_what_the_model_says_runs_nothing_and_loads_nothing(talks: Talks) -> None:
    said = f"{VERBATIM} <img src=https://outside.example/a.png onerror='window.hacked=1'> ![x](https://outside.example/b.png)"
    talks.model.reply(said, when=of_tutor)
    judge(talks.model)
    page = talks.open()
    ask(page, QUESTION)
    wait_until_done(page)
    assert page.evaluate("window.hacked") is None
    assert page.locator("#chat .message-content img").count() == 0


def test_a_question_that_is_offered_is_asked(visits: Visits) -> None:
    page = begun(visits)
    page.locator("#chat .example").last.click()
    expect(page.locator("#chat .user-row")).to_contain_text("CUDA out of memory")
    wait_until_done(page)
    page.click("#new")
    expect(page.locator("#chat .user-row")).to_have_count(0)
    ask(page, QUESTION)
    page.locator("#chat .option").first.click()
    expect(page.locator("#chat .user-row")).to_have_count(2)
    wait_until_done(page)


def test_a_phone_has_the_sources_in_a_drawer(visits: Visits) -> None:
    page = begun(visits, visits.context(size=(390, 800)))
    ask(page, QUESTION)
    expect(page.locator("#panel .passage").first).to_be_visible()
    wait_until_done(page)
    page.click("#side-title")
    expect(page.locator("#panel")).to_be_hidden()
    page.locator('#chat a[href^="#cite-"]').first.click()
    expect(page.locator("#panel mark.now")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_enter_that_chooses_a_chinese_word_does_not_send(visits: Visits) -> None:
    page = begun(visits)
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
