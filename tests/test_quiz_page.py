"""The Quiz page in Chromium, over a real examiner that asks items written by hand."""

import json
import re
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
import quiz_school as items
from playwright.sync_api import Browser, BrowserContext, Page, expect
from quiz_school import HandMade, hand_made
from served_page import served
from small_atlas import NOTES, notes_atlas, small_index
from visits import BROWSER, Visits

from learner.attempt import Attempt

pytestmark = BROWSER

KEYS = "?place=quiz&topic=everything&n=10"


@dataclass(kw_only=True)
class Exams(Visits):
    """Visits to the Quiz page, each browser context a learner of its own."""

    examiner: HandMade

    def open(self, query: str = KEYS, context: BrowserContext | None = None, state: str = "open") -> Page:
        page = self.page(context)
        page.goto(self.whole(query))
        is_in(page, state)
        return page

    def attempts(self) -> list[Attempt]:
        """The attempts of all learners since the test began."""
        store = self.examiner.store
        return [attempt for learner in store.learners() for attempt in store.attempts(learner)]


@pytest.fixture(scope="module")
def opened(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Generator[Exams]:
    """One page for all tests."""
    home: Path = tmp_path_factory.mktemp("home")
    with small_index(home, NOTES) as index:
        atlas = notes_atlas(index, home)
        examiner = hand_made(atlas)
        with served(atlas, home) as url:
            yield Exams(browser, url, examiner=examiner)


@pytest.fixture
def exams(opened: Exams) -> Generator[Exams]:
    opened.examiner.items, opened.examiner.to_write, opened.examiner.asked = items.ALL, (), 0
    for learner in opened.examiner.store.learners():
        opened.examiner.store.delete(learner)
    with opened.watched():
        yield opened


def is_in(page: Page, state: str, at: int | None = None) -> None:
    place = "" if at is None else f'[data-at="{at}"]'
    expect(page.locator(f'.quiz-now[data-state="{state}"]{place}')).to_have_count(1)


def answered(page: Page, at: int, outcome: str = "Right") -> None:
    is_in(page, "answered", at)
    expect(page.locator("#quiz-feedback .outcome")).to_have_text(outcome)
    expect(page.locator("[data-do=next]")).to_be_focused()


def test_a_whole_quiz_is_taken_by_keyboard_alone(exams: Exams) -> None:
    page = exams.open("?place=quiz&n=10", state="form")
    page.locator("#quiz-begin").focus()
    page.keyboard.press("Enter")
    answers: list[tuple[str, ...]] = [
        ("b",), ("1", "C"), ("2", "Tab", *"it wastes four percent"), tuple("sixteen"), tuple("0.26 GB"),
        tuple("Only the last block can be empty."), ("Tab", *"b", "Enter", *"a", "Enter", *"c", "Enter"),
        ("3", "ArrowUp", "ArrowUp", "3", "ArrowUp"), ("1",), ("3",),
    ]  # fmt: skip
    for at, keys in enumerate(answers):
        is_in(page, "open", at)
        expect(page.locator(".quiz-count")).to_have_text(f"{at + 1} / 10")
        page.wait_for_timeout(150)  # a reader reads
        if at == 2:
            page.keyboard.press("2")
            page.locator("#quiz-form .text").focus()
            page.keyboard.type("it wastes four percent")
        else:
            for key in keys:
                page.keyboard.press("Space" if key == " " else key)
        page.keyboard.press("Enter")
        answered(page, at)
        page.keyboard.press("Enter")
    is_in(page, "done")
    expect(page.locator(".result h2")).to_have_text("10 of 10 right")
    expect(page.locator(".result h2")).to_be_focused()
    assert [attempt.item_id for attempt in exams.attempts()] == [item.id for item in items.ALL]
    assert all(attempt.correct and attempt.seconds is not None for attempt in exams.attempts())


def test_a_wrong_answer_is_explained_and_may_be_overruled(exams: Exams) -> None:
    page = exams.open()
    page.get_by_role("radio", name="In one contiguous slab").check(force=True)
    page.get_by_role("button", name="Check answer").click()
    answered(page, 0, "Not quite")
    expect(page.locator("li.option.wrong")).to_contain_text("In one contiguous slab")
    expect(page.locator("li.option.right")).to_contain_text("Right answer")
    feedback = page.locator("#quiz-feedback")
    expect(feedback).to_contain_text("That is what servers did before")
    expect(feedback).to_contain_text(items.SECRET)
    expect(feedback.locator(".cited")).to_contain_text(items.QUOTE)
    expect(feedback.locator(".cited a")).to_have_attribute("href", items.SOURCE)
    expect(page.locator(".learned")).to_contain_text("Mastery of PagedAttention")
    assert [attempt.correct for attempt in exams.attempts()] == [False]
    page.get_by_role("button", name="I was right").click()
    expect(page.locator("#quiz-feedback .outcome")).to_have_text("Right")
    expect(feedback).to_contain_text("Counted as right, as you said.")
    expect(feedback).to_contain_text("That is what servers did before")
    expect(page.locator("[data-do=overrule]")).to_have_count(0)
    assert [(attempt.correct, attempt.grader) for attempt in exams.attempts()] == [(True, "learner")]


def test_hints_come_one_at_a_time_and_leave_the_choice_alone(exams: Exams) -> None:
    page = exams.open()
    page.keyboard.press("2")
    page.keyboard.press("h")
    expect(page.locator(".hints li")).to_have_text(["Think of how an operating system pages memory."])
    expect(page.locator("#quiz-form input:checked")).to_have_value("1")
    page.get_by_role("button", name="Hint (2 of 2)").click()
    expect(page.locator(".hints li")).to_have_count(2)
    expect(page.locator("[data-do=hint]")).to_have_count(0)
    expect(page.locator("#quiz-form input:checked")).to_have_value("1")
    page.keyboard.press("Enter")
    answered(page, 0)
    assert [attempt.hints for attempt in exams.attempts()] == [2]


def test_what_cannot_be_graded_stays_to_be_mended(exams: Exams) -> None:
    exams.examiner.items = [items.NUMERIC]
    page = exams.open()
    page.locator("#quiz-form .text").fill("a lot")
    page.keyboard.press("Enter")
    expect(page.locator("#quiz-actions [role=alert]").first).to_contain_text("'a lot' is not a number")
    expect(page.locator("#quiz-form .text")).to_have_value("a lot")
    assert exams.attempts() == []
    page.locator("#quiz-form .text").fill("")
    page.keyboard.press("Enter")
    expect(page.locator(".quiz-incomplete")).to_be_visible()
    page.locator("#quiz-form .text").fill("0.244")
    page.keyboard.press("Enter")
    answered(page, 0)


def test_who_does_not_know_is_told(exams: Exams) -> None:
    page = exams.open()
    page.get_by_role("button", name="I don't know").click()
    answered(page, 0, "Here is the answer")
    expect(page.locator("li.option.right")).to_contain_text("In fixed blocks")
    expect(page.locator("[data-do=overrule]")).to_have_count(0)
    assert [(attempt.correct, attempt.score) for attempt in exams.attempts()] == [(False, 0.0)]


def test_a_reload_keeps_the_place(exams: Exams) -> None:
    page = exams.open()
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    answered(page, 0)
    page.reload()
    is_in(page, "answered", 0)
    expect(page.locator("li.option.chosen")).to_contain_text("In fixed blocks")
    page.keyboard.press("Enter")
    is_in(page, "open", 1)
    page.reload()
    is_in(page, "open", 1)
    expect(page.locator(".quiz-bar .right")).to_have_count(1)
    assert len(exams.attempts()) == 1


def test_back_leads_to_the_form_and_the_form_to_what_was_left(exams: Exams) -> None:
    page = exams.open("?place=quiz&n=3", state="form")
    expect(page.locator("#quiz-number input:checked")).to_have_value("3")
    page.get_by_role("button", name="Start").click()
    is_in(page, "open", 0)
    expect(page).to_have_url(re.compile(r"\?place=quiz&quiz=[0-9a-f]{32}$"))
    page.get_by_role("link", name="Calculate").click()
    expect(page.locator("#quiz")).to_be_hidden()
    page.get_by_role("link", name="Quiz", exact=True).click()
    is_in(page, "open", 0)
    page.get_by_role("link", name="Quiz", exact=True).click()
    is_in(page, "form")
    page.get_by_role("link", name="Go on with it").click()
    is_in(page, "open", 0)
    page.go_back()
    is_in(page, "form")
    page.go_forward()
    is_in(page, "open", 0)


def test_a_link_begins_the_quiz_it_describes(exams: Exams) -> None:
    exams.open("?place=quiz&topic=vllm&n=3&level=2&type=matching,numeric,nonsense")
    wish = exams.examiner.wishes[-1]
    assert (wish.topic, wish.n, wish.level, wish.types) == ("vllm", 3, 2, ("matching", "numeric"))


def test_the_form_says_what_is_wished_for(exams: Exams) -> None:
    page = exams.open("?place=quiz", state="form")
    page.locator("#quiz-topic input").fill("SGL")
    page.get_by_role("option", name="SGLang").click()
    page.locator("#quiz-level").get_by_text("Apply").click()
    page.locator("#quiz-types").get_by_text("Matching").click()
    page.get_by_role("button", name="Start").click()
    is_in(page, "open", 0)
    wish = exams.examiner.wishes[-1]
    assert (wish.topic, wish.source, wish.n, wish.level, wish.types) == ("sglang", "topic", 5, 2, ("matching",))


def test_two_people_do_not_see_each_other(exams: Exams) -> None:
    one = exams.open()
    one.keyboard.press("2")
    one.keyboard.press("Enter")
    answered(one, 0)
    other = exams.open(one.url, state="lost")
    expect(other.locator("#quiz-form [role=alert]")).to_contain_text("This quiz is no longer here")
    assert items.SECRET not in other.content()
    other.get_by_role("link", name="New quiz").click()
    is_in(other, "form")
    expect(other.locator(".resume")).to_have_count(0)
    other.goto(exams.whole("?place=progress"))
    expect(other.locator("#progress-head")).to_contain_text("Nothing here yet")
    assert len(exams.examiner.store.learners()) == 1


def test_an_answer_that_is_sent_twice_is_stored_once(exams: Exams) -> None:
    page = exams.open()
    page.keyboard.press("2")
    page.evaluate(
        "for (let i = 0; i < 3; i++) for (const key of ['Enter']) "
        "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}));"
        "document.querySelector('[data-do=answer]').click(); document.querySelector('[data-do=answer]').click();"
    )
    answered(page, 0)
    assert exams.examiner.asked == 1
    assert len(exams.attempts()) == 1


def test_no_key_is_sent_before_its_answer(exams: Exams) -> None:
    received: list[str] = []
    page = exams.page()
    page.on("response", lambda response: received.append(response.text()) if "gradio_api" in response.url else None)
    page.goto(exams.whole(KEYS))
    is_in(page, "open", 0)
    page.keyboard.press("h")
    expect(page.locator(".hints li")).to_have_count(1)
    assert any("contiguous slab" in text for text in received)
    sent = json.dumps(received)
    assert items.SECRET not in sent
    assert "what servers did before" not in sent
    assert items.QUOTE not in sent
    assert "Each holds 16 tokens" not in sent
    assert not re.search(r'"key"|misconception', page.locator("#quiz").inner_html())


def test_items_that_a_model_writes_take_later_places_only(exams: Exams) -> None:
    exams.examiner.items = [items.SINGLE, items.MULTIPLE, items.CLOZE]
    exams.examiner.to_write = [
        items.item("written", type="cloze", stem="Written: ____", accepted=("x",), origin="model")
    ]
    exams.examiner.may_write.clear()
    page = exams.open()
    page.keyboard.press("2")
    exams.examiner.may_write.set()
    time.sleep(0.5)
    expect(page.locator("#quiz-form input:checked")).to_have_value("1")
    page.keyboard.press("Enter")
    answered(page, 0)
    page.keyboard.press("Enter")
    is_in(page, "open", 1)
    expect(page.locator("#quiz-stem")).to_contain_text("Which of these does a block table map?")
    page.get_by_role("button", name="I don't know").click()
    answered(page, 1, "Here is the answer")
    page.keyboard.press("Enter")
    expect(page.locator("#quiz-stem")).to_contain_text("Written:")
    expect(page.locator(".chips")).to_contain_text("written by the model")
    expect(page.locator(".quiz-count")).to_have_text("3 / 3")


def test_the_result_tells_what_to_do_next(exams: Exams) -> None:
    exams.examiner.items = [items.SINGLE, items.CLOZE]
    page = exams.open()
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    answered(page, 0, "Not quite")
    page.keyboard.press("Enter")
    is_in(page, "open", 1)
    expect(page.locator("#quiz-form .text")).to_be_focused()
    page.keyboard.type("16")
    page.keyboard.press("Enter")
    answered(page, 1)
    page.keyboard.press("Enter")
    is_in(page, "done")
    expect(page.locator(".result h2")).to_have_text("1 of 2 right")
    expect(page.locator(".by-concept tbody tr")).to_contain_text(["PagedAttention"])
    expect(page.locator(".by-concept tbody td").first).to_have_text("1/2")
    expect(page.locator(".answers li.wrong")).to_contain_text("In fixed blocks")
    page.get_by_role("button", name="The wrong ones again").click()
    is_in(page, "open", 0)
    expect(page.locator(".quiz-count")).to_have_text("1 / 1")
    page.go_back()
    is_in(page, "done")
    page.locator(".by-concept").get_by_role("link", name="PagedAttention").click()
    expect(page.locator("#box textarea")).to_have_value("Explain PagedAttention")
    expect(page.locator("#quiz")).to_be_hidden()


@pytest.mark.parametrize(
    ("query", "state", "told"),
    [
        ("?place=quiz&topic=bananas", "problem", "the notes have nothing on 'bananas'"),
        ("?place=quiz&source=due", "nothing", "There is nothing to ask"),
        (f"?place=quiz&quiz={'0' * 32}", "lost", "no longer here"),
    ],
    ids=["no such topic", "nothing due", "a quiz of an earlier run"],
)
def test_where_there_is_no_quiz_the_reason_is_told(exams: Exams, query: str, state: str, told: str) -> None:
    page = exams.open(query, state=state)
    expect(page.locator("#quiz-form")).to_contain_text(told)
    assert page.url.endswith(query)
    page.get_by_role("link", name="New quiz").click()
    is_in(page, "form")


def test_a_chinese_reader_is_served_in_chinese_and_may_change(exams: Exams) -> None:
    page = exams.open("?place=quiz&n=10", exams.context("zh-CN"), state="form")
    expect(page.locator("#quiz-start h2")).to_have_text("检验一下自己")
    page.get_by_role("button", name="开始").click()
    is_in(page, "open", 0)
    assert exams.examiner.wishes[-1].language == "zh"
    expect(page.locator(".chips")).to_contain_text("单选")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    answered(page, 0, "答错了")
    expect(page.locator(".learned")).to_contain_text("“分页注意力”的掌握度")
    page.get_by_text("English", exact=True).click()
    expect(page.locator("#quiz-feedback .outcome")).to_have_text("Not quite")
    expect(page.locator("[data-do=next]")).to_have_text("Next question")


def test_what_an_item_or_an_answer_says_runs_nothing_and_loads_nothing(exams: Exams) -> None:
    exams.examiner.items = [items.CRUEL, items.SHORT, items.CLOZE]
    page = exams.open()
    expect(page.locator("#quiz-stem")).to_contain_text("zebra")
    page.keyboard.press("h")
    expect(page.locator(".hints li")).to_contain_text("<script>")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    answered(page, 0, "Not quite")
    for at in (1, 2):
        page.keyboard.press("Enter")
        is_in(page, "open", at)
        page.locator("#quiz-form .text").fill(items.HOSTILE)
        page.keyboard.press("Enter")
        answered(page, at, "Not quite")
        expect(page.locator(".written")).to_contain_text(items.HOSTILE)
    page.keyboard.press("Enter")
    is_in(page, "done")
    assert page.evaluate("window.hacked") is None
    assert page.locator("#quiz img, #quiz script").count() == 0
    assert page.locator('a[href^="javascript:"]').count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_every_kind_of_item_in_its_width(exams: Exams, scheme: Literal["light", "dark"]) -> None:
    page = exams.open(context=exams.context(size=(360, 740), scheme=scheme, has_touch=True))
    for at, item in enumerate(items.ALL):
        is_in(page, "open", at)
        if item.type == "ordering":
            page.locator(".step").last.locator(".up").tap()
            expect(page.locator(".step").nth(1)).to_contain_text("Waiting in the queue")
        if item.exhibit is not None and item.exhibit.kind == "plot":
            expect(page.locator("#quiz-plot .main-svg").first).to_be_visible()
        expect(page.locator("[data-do=answer]")).to_be_attached()
        assert page.evaluate("document.querySelector('#quiz').scrollWidth") <= 360, item.id
        page.locator("[data-do=pass]").tap()
        answered(page, at, "Here is the answer")
        assert page.evaluate("document.querySelector('#quiz').scrollWidth") <= 360, item.id
        page.locator("[data-do=next]").tap()
    is_in(page, "done")
    assert page.evaluate("document.querySelector('#quiz').scrollWidth") <= 360
