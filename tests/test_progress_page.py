"""The Progress page in Chromium, over the records of a real examiner."""

import json
import re
import uuid
from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from served_page import served
from small_atlas import NOTES, notes_atlas, small_index
from visits import BROWSER, Visits

from learner.attempt import Attempt
from learner.store import AttemptStore

pytestmark = BROWSER

HOSTILE = "<img src=https://outside.example/x.png onerror=window.hacked=1>"
STAGED = {name: text.replace("---\n", "---\nstage: inference\n", 1) for name, text in NOTES.items()}
STAGED["lora"] = NOTES["lora"].replace("---\n", "---\nstage: fine-tuning\n", 1)
STAGED["lora.zh"] = NOTES["lora.zh"]


@dataclass(kw_only=True)
class Records(Visits):
    """Visits to the records of learners, who may go by names; at `nameless` they may not."""

    nameless: str
    store: AttemptStore

    def open(
        self, query: str = "?place=progress", *, url: str = "", language: str = "en-US", width: int = 1280
    ) -> Page:
        context = self.context(language, (width, 900))
        return self.visit(f"{url or self.url}/{query}", "#progress-record section", context)

    def has_answered(self, learner: str, concept: str, *right: bool, days_ago: float = 3.0) -> None:
        """Stores answers to a concept, one after the other within minutes."""
        for n, correct in enumerate(right):
            at = datetime.now(UTC) - timedelta(days=days_ago) + timedelta(minutes=n)
            fact, score = f"{concept}:{n}", float(correct)
            self.store.add(Attempt(uuid.uuid4().hex, learner, concept, correct, at, fact=fact, score=score))


@pytest.fixture(scope="module")
def opened(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Generator[Records]:
    home: Path = tmp_path_factory.mktemp("home")
    with ExitStack() as stack:
        index = stack.enter_context(small_index(home, STAGED))
        atlas = notes_atlas(index, home)
        named = stack.enter_context(served(atlas, home, named_learners=True))
        nameless = stack.enter_context(served(atlas, home))
        yield Records(browser, named, others=(nameless,), nameless=nameless, store=atlas.examiner.store)


@pytest.fixture
def records(opened: Records) -> Generator[Records]:
    for learner in opened.store.learners():
        opened.store.delete(learner)
    with opened.watched():
        yield opened


def go_by(page: Page, name: str, *, bring: bool = False) -> None:
    page.get_by_label("Name", exact=True).fill(name)
    if page.locator(".bring").count():
        page.locator(".bring input").set_checked(bring)
    page.get_by_role("button", name="Use this name").click()
    expect(page.locator(".told")).to_have_text(f"You learn as {name} now.")


def tile(page: Page, name: str) -> str:
    return page.locator(".tiles div", has_text=name).locator("dd").inner_text()


def titles(page: Page) -> list[str]:
    return page.locator(".by-concept tbody tr:visible th").all_inner_texts()


def test_who_has_answered_nothing_is_shown_where_to_begin(records: Records) -> None:
    page = records.open()
    expect(page.locator("#progress-head")).to_contain_text("Nothing here yet")
    expect(page.locator("#progress .js-plotly-plot")).to_have_count(0)
    expect(page.locator("#progress-next .advice li").first).to_be_visible()
    page.get_by_role("link", name="Take a first quiz").click()
    expect(page.locator("#quiz-begin")).to_be_visible()


def test_a_record_is_told_in_figures_plots_and_lists(records: Records) -> None:
    records.has_answered("Ada", "lora", True, True, True, True, days_ago=40)
    records.has_answered("Ada", "lora", True, True, days_ago=2)
    records.has_answered("Ada", "vllm", False, False)
    records.has_answered("Ada", "paged-attention", True, days_ago=0.1)
    page = records.open()
    go_by(page, "Ada")
    assert tile(page, "Concepts tried") == "3"
    assert tile(page, "Answers") == "9 78% right"
    assert tile(page, "Due now") == "1"
    for name in ("course", "stages", "forecast", "history"):
        expect(page.locator(f"#progress-{name} .main-svg").first).to_be_visible()
    assert sorted(page.locator("#progress-stages .ytick").all_text_contents()) == ["Fine-tuning", "Inference"]
    assert page.locator("#progress-course .legendtext").all_text_contents() == ["Fine-tuning", "Inference"]
    due = page.locator("#progress-next section", has_text="Due today")
    expect(due.locator("li")).to_have_count(1)
    expect(due.get_by_role("link", name="Review what is due")).to_be_visible()
    weak = page.locator("#progress-next section", has_text="Weak spots")
    expect(weak.locator("li").first).to_contain_text("vLLM")
    expect(weak.locator("li").first).to_contain_text("2 of the last answers wrong")
    expect(page.locator(".by-concept tr", has_text="vLLM").locator(".overdue")).to_have_text("today")
    due.get_by_role("link", name="Review what is due").click()
    expect(page.locator('.quiz-now[data-state="open"]')).to_have_count(1)


def test_the_page_is_never_blank_while_the_record_is_looked_up(records: Records) -> None:
    context = records.context("zh-CN")
    page = records.page(context)
    page.route("**/gradio_api/**", lambda route: route.abort())  # the server has not answered yet
    page.goto(records.whole("?place=progress"))
    expect(page.locator("#progress-head h2")).to_be_visible()
    expect(page.locator("#progress-head .sketch").first).to_be_visible()
    context.close()
    records.complaints.clear()


def test_a_streak_is_told_where_there_is_one_and_its_end_is_not(records: Records) -> None:
    for days_ago in (1.0, 2.0, 3.0):
        records.has_answered("Ada", "lora", True, days_ago=days_ago)
    page = records.open()
    go_by(page, "Ada")
    assert tile(page, "Days in a row") == "3"
    records.has_answered("Grace", "lora", True, days_ago=5)
    go_by(page, "Grace")
    expect(page.locator(".tiles div", has_text="Days in a row")).to_have_count(0)


def test_concepts_are_sorted_and_filtered(records: Records) -> None:
    records.has_answered("Ada", "lora", True, True)
    records.has_answered("Ada", "vllm", False)
    records.has_answered("Ada", "paged-attention", True, False)
    page = records.open()
    go_by(page, "Ada")
    expect(page.locator(".sieve [role=status]")).to_have_text("3 of 3")
    assert titles(page)[0] == "vLLM"
    page.get_by_role("button", name="Mastery").click()
    assert titles(page)[0] == "LoRA"
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("Mastery")
    page.get_by_role("button", name="Concept").click()
    assert titles(page) == ["LoRA", "PagedAttention", "vLLM"]
    page.get_by_label("Filter by name").fill("paged")
    assert titles(page) == ["PagedAttention"]
    expect(page.locator(".sieve [role=status]")).to_have_text("1 of 3")
    page.get_by_label("Filter by name").fill("")
    page.locator(".sieve select").select_option("Fine-tuning")
    assert titles(page) == ["LoRA"]


def test_the_way_to_a_goal_is_chosen_and_kept_in_the_address(records: Records) -> None:
    page = records.open()
    page.locator("#progress-goal input").fill("vLLM")
    page.get_by_role("option", name="vLLM").click()
    expect(page.locator(".path li")).to_contain_text(["PagedAttention", "vLLM"])
    expect(page.locator(".path li").first).to_contain_text("for vLLM")
    expect(page).to_have_url(re.compile("goal=vllm$"))
    expect(page.locator("#progress-steps .left")).to_contain_text("Not enough data yet")
    on_map = page.get_by_role("link", name="Show it on the map")
    expect(on_map).to_have_attribute("href", "?place=map&goal=vllm")
    page.reload()
    expect(page.locator(".path li")).to_have_count(2)
    page.locator(".path li").first.get_by_role("link", name="Quiz").click()
    expect(page.locator('.quiz-now[data-state="open"]')).to_have_count(1)
    expect(page.locator(".quiz-topic")).to_have_text("PagedAttention")


def test_a_record_is_taken_along_to_a_name_and_found_from_another_browser(records: Records) -> None:
    records.has_answered("Grace", "lora", True)
    one = records.open()
    go_by(one, "Ada")
    records.has_answered("Ada", "vllm", True, False)
    one.reload()
    expect(one.locator("#progress-record")).to_contain_text("You learn as Ada.")
    go_by(one, "Grace", bring=True)
    assert tile(one, "Answers") == "3 67% right"
    assert records.store.learners() == ["Grace"]
    other = records.open()
    expect(other.locator("#progress-head")).to_contain_text("Nothing here yet")
    expect(other.locator("#learners option")).to_have_attribute("value", "Grace")
    go_by(other, "Grace")
    assert tile(other, "Answers") == "3 67% right"
    other.get_by_role("button", name="Learn without a name").click()
    expect(other.locator("#progress-head")).to_contain_text("Nothing here yet")
    assert len(records.store.attempts("Grace")) == 3


def test_where_names_are_not_for_choosing_no_name_is_taken_or_told(records: Records) -> None:
    records.has_answered("Ada", "vllm", True)
    page = records.open(url=records.nameless)
    expect(page.locator(".naming")).to_have_count(0)
    page.evaluate(
        "document.querySelector('.record').insertAdjacentHTML('beforeend', '<form class=naming><input type=text "
        "value=Ada><button type=submit id=forged>x</button></form>')"
    )
    page.click("#forged")
    page.wait_for_timeout(500)
    expect(page.locator("#progress-head")).to_contain_text("Nothing here yet")
    assert "Ada" not in page.locator("#progress-head").inner_text()


def test_a_record_is_downloaded_added_elsewhere_and_deleted_after_a_second_word(
    records: Records, tmp_path: Path
) -> None:
    records.has_answered("Ada", "vllm", True, False, True)
    page = records.open()
    go_by(page, "Ada")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download my record").click()
    file = tmp_path / "record.jsonl"
    download.value.save_as(file)
    assert re.fullmatch(r"llm-atlas-\d{4}-\d\d-\d\d\.jsonl", download.value.suggested_filename)
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [line["correct"] for line in lines[1:]] == [True, False, True]
    page.get_by_role("button", name="Delete my record").click()
    page.get_by_role("button", name="Keep it").click()
    expect(page.locator(".sure")).to_be_hidden()
    assert len(records.store.attempts("Ada")) == 3
    page.get_by_role("button", name="Delete my record").click()
    page.get_by_role("button", name="Yes, delete").click()
    expect(page.locator(".told")).to_have_text("Deleted: 3 answers.")
    assert records.store.attempts("Ada") == []
    other = records.open()
    other.locator("#progress [type=file]").set_input_files(file)
    expect(other.locator(".told")).to_have_text("3 answers added, 0 were there already.")
    assert tile(other, "Answers") == "3 67% right"


def test_a_file_that_is_no_record_is_refused_and_named(records: Records, tmp_path: Path) -> None:
    file = tmp_path / "notes.json"
    file.write_text(f'{{"concept": "{HOSTILE}"}}', encoding="utf-8")
    page = records.open()
    page.locator("#progress [type=file]").set_input_files(file)
    expect(page.locator("#progress-head [role=alert]")).to_contain_text("there is no 'correct'")
    large = tmp_path / "large.jsonl"
    large.write_bytes(b" " * (9 * 2**20))
    page.locator("#progress [type=file]").set_input_files(large)
    expect(page.locator("#progress-record [role=alert]")).to_contain_text("larger than 8 MiB")
    assert records.store.learners() == []


def test_what_a_record_or_a_link_says_runs_nothing(records: Records) -> None:
    records.has_answered(HOSTILE, HOSTILE, True, False)
    page = records.open(f"?place=progress&goal={HOSTILE}")
    expect(page.locator("#progress-steps [role=alert]")).to_contain_text("<img")
    go_by(page, HOSTILE)
    expect(page.locator(".by-concept tbody th")).to_contain_text(HOSTILE)
    assert page.evaluate("window.hacked") is None
    assert page.locator("#progress img").count() == 0


def test_a_chinese_reader_on_a_phone_is_served_too(records: Records) -> None:
    records.has_answered("Ada", "lora", True, False)
    page = records.open(language="zh-CN", width=360)
    page.get_by_label("名字", exact=True).fill("Ada")
    page.get_by_role("button", name="使用这个名字").click()
    expect(page.locator(".told")).to_have_text("现在的学习者：Ada。")
    expect(page.locator(".tiles dt").first).to_have_text("现在到期")
    expect(page.locator("#progress-stages .main-svg").first).to_be_visible()
    assert page.evaluate("document.querySelector('#progress').scrollWidth") <= 360
    page.get_by_text("English", exact=True).click()
    expect(page.locator(".tiles dt").first).to_have_text("Due now")
    expect(page.locator("#progress-record")).to_contain_text("You learn as Ada.")
