"""The Calculate page in Chromium, over a team without a model."""

import re
import time
from collections.abc import Generator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from served_page import served
from small_atlas import NOTES, notes_atlas, small_index
from visits import BROWSER, Visits

pytestmark = BROWSER


@pytest.fixture(scope="module")
def opened(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Generator[Visits]:
    """One page for all tests: it keeps nothing between two visits."""
    home: Path = tmp_path_factory.mktemp("home")
    with small_index(home, NOTES) as index, served(notes_atlas(index, home), home) as url:
        yield Visits(browser, url)


@pytest.fixture
def visits(opened: Visits) -> Generator[Visits]:
    with opened.watched():
        yield opened


def calculate(
    visits: Visits, query: str = "?place=calculate", language: str = "en-US", size: tuple[int, int] = (1280, 900)
) -> Page:
    """Opens the page in a new browser context, and waits for its first answer."""
    return visits.visit(query, "#calc-answer .verdict, #calc-answer .problem", visits.context(language, size))


def slide(page: Page, name: str, key: str, times: int = 1) -> None:
    for _ in range(times):
        page.locator(f"#calc-{name} .slid").press(key)


def write(page: Page, name: str, text: str) -> None:
    """Type into a searchable list and leave it."""
    box = page.locator(f"#calc-{name} input").first
    box.fill(text)
    box.press("Enter")
    box.blur()


def test_a_slider_changes_the_numbers_at_once(visits: Visits) -> None:
    page = calculate(visits)
    expect(page.locator("#calc-answer")).to_contain_text("32,768 tokens")
    began = time.monotonic()
    slide(page, "context", "ArrowRight")
    expect(page.locator("#calc-answer .verdict")).to_contain_text("65,536 tokens")
    assert time.monotonic() - began < 2.0
    expect(page.locator("#calc-context .typed")).to_have_value("65536")
    before = page.locator("#calc-answer .tiles dd").first.inner_text()
    slide(page, "batch", "ArrowRight", 3)
    expect(page.locator("#calc-answer .verdict")).to_contain_text("4 sequences")
    expect(page.locator("#calc-answer .tiles dd").first).not_to_have_text(before)
    expect(page.locator("#calc-answer .pill")).to_have_text("It does not fit")


def test_numbers_may_be_typed_loosely_and_what_is_typed_stays(visits: Visits) -> None:
    page = calculate(visits)
    page.locator("#calc-context .typed").select_text()
    page.keyboard.type("20k", delay=30)
    expect(page.locator("#calc-answer .verdict")).to_contain_text("20,000 tokens")
    expect(page.locator("#calc-context .typed")).to_have_value("20k")


def test_the_address_follows_the_form_and_a_reload_restores_it(visits: Visits) -> None:
    page = calculate(visits)
    page.locator("#calc-kind").get_by_text("Roofline").click()
    expect(page.locator("#calc-answer .pill")).to_have_text("Memory-bound")
    page.locator("#calc-phase").get_by_text("prefill").click()
    expect(page.locator("#calc-answer .pill")).to_have_text("Compute-bound")
    slide(page, "context", "ArrowLeft", 2)
    expect(page.locator("#calc-answer .verdict")).to_contain_text("8,192")
    expect(page).to_have_url(re.compile("kind=roofline.*phase=prefill.*context=8192|kind=roofline.*context=8192"))
    said = page.locator("#calc-answer .verdict p").inner_text()
    page.reload()
    expect(page.locator("#calc-answer .verdict p")).to_have_text(said)
    expect(page.locator("#calc-context .typed")).to_have_value("8192")
    expect(page.locator("#calc-plot .main-svg").first).to_be_visible()


def test_a_link_fills_the_form(visits: Visits) -> None:
    page = calculate(visits, "?place=calculate&kind=serve&model=qwen3-32b-awq&gpu=rtx+4090&gpus=2&max_model_len=32k")
    expect(page.locator("#calc-model input")).to_have_value("qwen3-32b-awq")
    expect(page.locator("#calc-max_model_len .typed")).to_have_value("32k")
    expect(page.locator("#calc-answer .verdict")).to_contain_text("2 × RTX 4090")
    expect(page.locator("#calc-answer .command code")).to_contain_text("--max-model-len 32000")
    expect(page.locator("#calc-rank")).to_be_hidden()
    page.locator("#calc-answer .copy").click()
    expect(page.locator("#calc-answer .copy")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == page.locator("#calc-answer .command code").inner_text()


def test_places_change_without_loading_and_back_returns(visits: Visits) -> None:
    page = visits.visit("", "#chat .placeholder")
    expect(page.locator("#calculator")).to_be_hidden()
    page.fill("#box textarea", "a question that is being written")
    page.get_by_role("link", name="Calculate").click()
    expect(page.locator("#calc-answer .verdict")).to_be_visible()
    expect(page.locator("#calc-plot .main-svg").first).to_be_visible()
    expect(page.locator("#body")).to_be_hidden()
    page.go_back()
    expect(page.locator("#box textarea")).to_have_value("a question that is being written")
    page.go_forward()
    expect(page.locator("#calc-answer .verdict")).to_be_visible()


def test_gpus_and_models_stand_side_by_side(visits: Visits) -> None:
    page = calculate(visits, "?place=calculate&kind=memory&model=Qwen3-8B&gpu=RTX+4090&gpus=1&compare=H100+SXM")
    expect(page.locator("#calc-answer thead th")).to_have_text(["RTX 4090", "H100 SXM"])
    write(page, "compare", "T4")
    expect(page.locator("#calc-answer thead th")).to_have_text(["RTX 4090", "H100 SXM", "T4"])
    expect(page.locator("#calc-plot .barlayer .trace").first.locator(".point")).to_have_count(3)
    page.locator("#calc-kind").get_by_text("Roofline").click()
    expect(page.locator("#calc-plot-2 .barlayer .trace").first).to_be_visible()
    page.reload()
    expect(page.locator("#calc-answer thead th")).to_have_text(["RTX 4090", "H100 SXM", "T4"])


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("model=Qwen9-14B", "Qwen9-14B"),
        ("gpu=RTX+9999", "RTX 9999"),
        ("context=-5", "-5"),
        ("context=lots", "lots"),
        ("batch=1e30", "1e30"),
        ("gpus=7", "7"),
        ("kind=roofline&gpu=", "gpu"),
    ],
    ids=["model", "gpu", "negative", "words", "huge", "indivisible", "missing"],
)
def test_bad_input_is_named_in_place_and_stays_to_be_mended(visits: Visits, query: str, named: str) -> None:
    page = calculate(visits, f"?place=calculate&{query}")
    expect(page.locator("#calc-answer [role=alert]")).to_contain_text(named)
    expect(page.locator("#calc-plot")).to_be_hidden()
    name, value = query.rpartition("&")[2].split("=")
    entered = page.locator(f"#calc-{name} input").first
    expect(entered).to_have_value(value.replace("+", " "))
    if name == "context":
        page.locator("#calc-context .typed").fill("4096")
        expect(page.locator("#calc-answer .pill")).to_have_text("It fits")


def test_a_model_is_found_by_typing_a_part_of_its_name(visits: Visits) -> None:
    page = calculate(visits)
    page.locator("#calc-model input").click()
    page.locator("#calc-model input").fill("llama-3.1-70")
    page.get_by_role("option", name="Llama-3.1-70B").click()
    expect(page.locator("#calc-answer .verdict")).to_contain_text("Llama-3.1-70B")
    write(page, "gpu", "2x H100")
    expect(page.locator("#calc-answer .verdict")).to_contain_text("H100 SXM")


def test_the_derivation_stays_open_while_numbers_change(visits: Visits) -> None:
    page = calculate(visits)
    page.locator("#calc-steps > button").click()
    first = page.locator("#calc-derivation .steps li").first
    expect(first).to_be_visible()
    slide(page, "context", "ArrowLeft")
    expect(page.locator("#calc-derivation")).to_contain_text("16,384")
    expect(first).to_be_visible()


def test_more_settings_count_too(visits: Visits) -> None:
    page = calculate(visits)
    page.locator("#calc-more > button").click()
    expect(page.locator("#calc-utilization .typed")).to_have_attribute("placeholder", "automatic")
    page.locator("#calc-utilization .typed").fill("0.5")
    expect(page.locator("#calc-answer .pill")).to_have_text("It does not fit")
    expect(page).to_have_url(re.compile("utilization=0.5"))
    page.locator("#calc-utilization .slid").press("End")
    expect(page.locator("#calc-answer .pill")).to_have_text("It fits")


def test_a_chinese_reader_is_served_in_chinese_and_may_change(visits: Visits) -> None:
    page = calculate(visits, "?place=calculate&kind=serve", language="zh-CN")
    expect(page.locator("#calc-kind")).to_contain_text("部署")
    expect(page.locator("#calc-gpus label span")).to_have_text("显卡数")
    expect(page.locator("#calc-answer .pill")).to_have_text("放得下")
    expect(page.locator("#calc-answer .command figcaption")).to_contain_text("启动命令")
    expect(page.locator("#calc-plot .legendtext").first).to_have_text("权重")
    page.get_by_text("English", exact=True).click()
    expect(page.locator("#calc-answer .pill")).to_have_text("It fits")
    expect(page.locator("#calc-gpus label span")).to_have_text("GPUs")
    expect(page.locator("#calc-gpus .typed")).to_have_value("2")


def test_a_phone_shows_form_and_answer_together(visits: Visits) -> None:
    page = calculate(visits, size=(390, 844))
    expect(page.locator("#calc-answer .pill")).to_be_in_viewport()
    expect(page.locator("#calc-model input")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(page.locator("#calc-plot .main-svg").first).to_be_visible()
    assert page.evaluate("document.querySelector('#calc-result').scrollWidth") <= 390


def test_what_a_link_says_runs_nothing(visits: Visits) -> None:
    page = calculate(
        visits, "?place=calculate&model=%3Cimg%20src%3Dx%20onerror%3D%22window.hacked%3D1%22%3E&compare=%3Cb%3E"
    )
    expect(page.locator("#calc-answer [role=alert]")).to_contain_text("<img")
    assert page.evaluate("window.hacked") is None
    assert page.locator("#calculator img").count() == 0
