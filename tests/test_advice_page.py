"""The Choose page in Chromium, over the built-in notes and a team without a model."""

import json
import re
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from playwright.sync_api import Browser, Page, expect
from scripted_model import Request, ScriptedModel
from served_page import OpenTeam, served
from small_atlas import answer_probe, endpoint_atlas, notes_atlas
from visits import Visits

from agents.ladder import State
from knowledge.index import Index
from ui.advice_page import AdvicePage
from ui.header import Opening
from ui.opening import Team

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ImportWarning"),
]

WINDOWS = "Serve Qwen3-8B to 10 people on a Windows PC with an RTX 4090"


@pytest.fixture(scope="module")
def opened(browser: Browser, built_in: Index, tmp_path_factory: pytest.TempPathFactory) -> Generator[Visits]:
    """One page for all tests: it keeps nothing between two visits."""
    home = tmp_path_factory.mktemp("home")
    with served(notes_atlas(built_in, home), home) as url:
        yield Visits(browser, url)


@pytest.fixture
def visits(opened: Visits) -> Generator[Visits]:
    with opened.watched():
        yield opened


def choose(
    visits: Visits, query: str = "?place=choose", language: str = "en-US", size: tuple[int, int] = (1280, 900)
) -> Page:
    """Opens the page in a new browser context."""
    page = visits.visit(query, "#choose", visits.context(language, size))
    # The first answer of a team reads the notes for advice, which takes seconds.
    expect(page.locator("#choose[data-state]")).to_be_visible(timeout=60_000)
    return page


def ask(page: Page, task: str) -> None:
    page.fill("#choose-task", task)
    page.locator("#choose-task").press("Enter")


def cards(page: Page) -> list[str]:
    expect(page.locator(".choose-card").first).to_be_visible()
    return page.locator(".choose-card h3").all_inner_texts()


@pytest.mark.browser
def test_a_task_is_answered_with_its_conditions_cards_and_what_is_ruled_out(visits: Visits) -> None:
    page = choose(visits)
    expect(page.locator(".choose-examples a")).to_have_count(3)
    ask(page, WINDOWS)
    assert "llama.cpp" in cards(page)
    expect(page.locator('.choose-chips [data-name="system"]')).to_contain_text("Windows")
    expect(page.locator("#choose-result .ruled_out")).to_contain_text("vLLM")
    page.locator(".choose-card .copy").first.click()
    command = page.locator(".choose-card .command code").first.inner_text()
    assert page.evaluate("navigator.clipboard.readText()") == command
    expect(page).to_have_url(re.compile("task=Serve.*Windows"))


@pytest.mark.browser
def test_a_condition_is_corrected_and_taken_away_and_back_returns(visits: Visits) -> None:
    page = choose(visits)
    ask(page, WINDOWS)
    assert "vLLM" not in cards(page)
    page.locator("#choose-conditions summary").click()
    expect(page.locator('[data-field="system"]')).to_have_value("windows")
    expect(page.locator('[data-field="accelerators"]')).to_have_value("RTX 4090")
    page.locator('[data-field="system"]').select_option("linux")
    chip = page.locator('.choose-chips [data-name="system"]')
    expect(chip).to_contain_text("Linux")
    expect(chip).to_contain_text("set by you")
    expect(page.locator("#choose-result .ruled_out")).to_have_count(0)
    page.locator('[data-field="count"]').fill("2")
    page.locator('[data-field="count"]').press("Enter")
    expect(page.locator('.choose-chips [data-name="accelerators"]')).to_contain_text("2 × RTX 4090")
    page.locator('.choose-chips [data-name="accelerators"] a').click()
    expect(page.locator('.choose-chips [data-name="accelerators"]')).to_have_count(0)
    expect(page.locator('[data-field="accelerators"]')).to_have_value("")
    page.go_back()
    expect(page.locator('.choose-chips [data-name="accelerators"]')).to_contain_text("2 × RTX 4090")
    page.reload()
    expect(page.locator('.choose-chips [data-name="accelerators"]')).to_contain_text("2 × RTX 4090")
    expect(page.locator('[data-field="count"]')).to_have_value("2")
    expect(page.locator("#choose-task")).to_have_value(WINDOWS)


@pytest.mark.browser
def test_another_task_keeps_what_was_set(visits: Visits) -> None:
    page = choose(visits, "?place=choose&task=serve+a+model&gpu=2x+RTX+4090&system=&compare=vllm,sglang")
    expect(page.locator(".choose-table")).to_be_visible()
    ask(page, "fine-tune a model")
    expect(page.locator(".choose-goals")).to_contain_text("Fine-tune")
    expect(page.locator('.choose-chips [data-name="accelerators"]')).to_contain_text("2 × RTX 4090")
    expect(page.locator(".choose-table")).to_have_count(0)
    assert "system" not in page.url


@pytest.mark.browser
def test_a_mistake_is_named_in_place_and_stays_to_be_mended(visits: Visits) -> None:
    page = choose(visits, "?place=choose&task=serve+a+model&gpu=quantum+9")
    expect(page.locator("#choose-result [role=alert]")).to_contain_text("quantum 9")
    typed = page.locator('[data-field="accelerators"]')
    expect(typed).to_be_visible()
    expect(typed).to_have_value("quantum 9")
    typed.fill("rtx 4090")
    typed.press("Enter")
    expect(page.locator('.choose-chips [data-name="accelerators"]')).to_contain_text("1 × RTX 4090")


@pytest.mark.browser
def test_a_mark_opens_the_sentence_and_a_fit_opens_the_calculator(visits: Visits) -> None:
    page = choose(visits, "?place=choose&task=Serve+Qwen3-14B+to+200+users+on+2x+RTX+4090")
    mark = page.locator(".choose-card .cite").first
    mark.focus()
    mark.press("Enter")
    expect(page.locator("#choose-evidence-1")).to_be_focused()
    expect(page.locator("#choose-evidence-1 a")).to_be_visible()
    needed = page.locator(".choose-card .fit p").first.inner_text().partition("each GPU needs ")[2].split(" GiB")[0]
    page.locator(".choose-card .fit a.calculate").first.click()
    expect(page.locator("#calc-answer .verdict")).to_contain_text("Qwen3-14B")
    expect(page.locator("#calc-answer .tiles dd").first).to_contain_text(needed)
    page.get_by_role("link", name="Choose").click()
    expect(page).to_have_url(re.compile("task=Serve"))
    expect(page.locator(".choose-card").first).to_be_visible()


@pytest.mark.browser
def test_a_question_back_is_answered_by_a_button(visits: Visits) -> None:
    page = choose(visits, "?place=choose&task=serve+a+language+model")
    page.locator(".choose-question").get_by_text("8 × H100").click()
    expect(page.locator(".choose-question")).to_have_count(0)
    expect(page.locator('.choose-chips [data-name="users"]')).to_contain_text("100")
    assert cards(page)[0] in {"vLLM", "SGLang"}


@pytest.mark.browser
def test_tools_are_set_side_by_side(visits: Visits) -> None:
    page = choose(visits, "?place=choose&task=vLLM+or+SGLang+or+Shimmy+for+many+users+on+an+H100%3F")
    heads = page.locator(".choose-table thead th")
    expect(heads).to_have_text(["Criterion", "vLLM", "SGLang", "Shimmy"])
    page.locator("#choose-adding").fill("ollama")
    page.locator("#choose-adding").press("Enter")
    expect(heads).to_have_text(["Criterion", "vLLM", "SGLang", "Shimmy", "Ollama"])
    expect(page.locator("#choose-adding")).to_be_focused()
    page.get_by_role("link", name="Remove SGLang").click()
    expect(heads).to_have_text(["Criterion", "vLLM", "Shimmy", "Ollama"])
    page.reload()
    expect(heads).to_have_text(["Criterion", "vLLM", "Shimmy", "Ollama"])
    page.go_back()
    expect(heads).to_have_count(5)


@pytest.mark.browser
def test_outside_its_ground_it_says_so_and_shows_the_nearest_notes(visits: Visits) -> None:
    page = choose(visits, "?place=choose&task=plan+a+wedding+for+eighty+guests")
    expect(page.locator("#choose-result")).to_contain_text("The notes know no tool for this")
    nearest = page.locator("#choose-result a.plain").first
    title = nearest.inner_text()
    nearest.click()
    expect(page.locator("#box textarea")).to_have_value(f"What is {title}?")


@pytest.mark.browser
def test_a_chinese_reader_is_served_in_chinese_and_may_change(visits: Visits) -> None:
    page = choose(visits, language="zh-CN")
    page.locator(".choose-examples a").first.click()
    expect(page.locator(".choose-goals")).to_have_text("部署")
    expect(page.locator(".choose-card .command figcaption").first).to_contain_text("第一条命令")
    expect(page.locator(".choose-card .fit .pill").first).to_have_text("放得下")
    page.get_by_text("English", exact=True).click()
    expect(page.locator(".choose-goals")).to_have_text("Serve")
    expect(page.locator("#choose-task")).to_have_value(re.compile("部署"))


@pytest.mark.browser
def test_a_phone_shows_all_of_it_without_scrolling_sideways(visits: Visits) -> None:
    page = choose(
        visits, "?place=choose&task=serve+Qwen3-8B+on+an+RTX+4090&compare=vllm,sglang,ollama", size=(390, 844)
    )
    expect(page.locator(".choose-table")).to_be_visible()
    assert page.evaluate("document.querySelector('#choose').scrollWidth") <= 390
    table = page.locator(".choose-table")
    table.evaluate("table => table.scrollTo(400, 0)")
    head = page.locator(".choose-table tbody th").first
    head.scroll_into_view_if_needed()
    expect(head).to_be_in_viewport(ratio=1)


@pytest.mark.browser
def test_what_a_link_says_runs_nothing(visits: Visits) -> None:
    page = choose(
        visits,
        "?place=choose&task=serve+%3Cimg%20src%3Dx%20onerror%3D%22window.hacked%3D1%22%3E+a+model"
        "&compare=%3Cimg%20src%3Dx%20onerror%3D%22window.hacked%3D1%22%3E,vllm",
    )
    expect(page.locator("#choose-comparison [role=alert]")).to_contain_text("<img")
    assert page.evaluate("window.hacked") is None
    assert page.locator("#choose img").count() == 0


class OpeningTeam:
    """A team whose notes are not open yet."""

    def atlas(self, timeout_s: float) -> None:
        return None

    @property
    def opening(self) -> Opening:
        return Opening()

    @property
    def state(self) -> State | None:
        return None


def laid_out(team: Team) -> AdvicePage:
    page = AdvicePage(team, lambda stored, request: "en")
    with gr.Blocks():
        page.lay_out("en")
    return page


def opened_with(query: str) -> tuple[None, Any, Any]:
    """What a callback is given."""
    return None, SimpleNamespace(session_hash="page"), SimpleNamespace(_data={"value": query})


def test_while_the_notes_are_opening_it_says_so_and_keeps_the_task() -> None:
    page = laid_out(OpeningTeam())
    shown = page.open(*opened_with("?place=choose&task=serve+a+model&gpu=T4"))
    assert "Opening the notes" in shown[page.result]
    assert 'data-state="waiting"' in shown[page.link]
    assert "task=serve+a+model&amp;gpu=T4" in shown[page.link]


def test_what_the_rules_are_not_sure_of_is_read_by_a_model_after_the_first_answer(
    built_in: Index, tmp_path: Path, model: ScriptedModel
) -> None:
    atlas = endpoint_atlas(built_in, tmp_path, model.endpoint)
    page = laid_out(OpenTeam(atlas))
    asked = opened_with("?place=choose&task=help+me+choose+something+for+my+vectors+thing")
    first = page.open(*asked)
    assert 'data-state="reading"' in first[page.link]
    assert "a model is reading the task" in first[page.understood]
    answer_probe(model, json_schema=True)
    model.reply(json.dumps({"tasks": ["store-vectors"], "demands": []}), when=of_advisor)
    with ThreadPoolExecutor(1) as pool:  # Playwright's loop runs in the thread of its tests, and CrewAI wants its own
        then = pool.submit(page.reread, *asked).result()
    assert 'data-state="answered"' in then[page.link]
    assert "Store vectors" in then[page.understood]
    assert "Chroma" in then[page.result]
    atlas.ladder.close()


def of_advisor(request: Request) -> bool:
    return "vectors thing" in request.prompt
