"""The Map page in Chromium, over a handful of notes and the records of a real examiner."""

import re
import uuid
from collections.abc import Generator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect
from served_page import served
from small_atlas import NOTES, notes_atlas, small_index
from visits import BROWSER, Visits

from agents.atlas import Atlas
from learner.attempt import Attempt

pytestmark = BROWSER

HOSTILE = "<img src=https://outside.example/x.png onerror=window.hacked=1>"
STAGED = {name: text.replace("---\n", "---\nstage: inference\n", 1) for name, text in NOTES.items()}
STAGED["lora"] = NOTES["lora"].replace("---\n", f'---\nstage: fine-tuning\nsummary: {{en: "{HOSTILE}"}}\n', 1)
STAGED["lora.zh"] = NOTES["lora.zh"]
STAGED["vllm"] = STAGED["vllm"].replace(
    "kind: tool\n", "kind: tool\nsummary: {en: It serves models., zh: 它服务模型。}\n"
)
GRAPH = "document.querySelector('.map-canvas')._cyreg.cy"


@dataclass(kw_only=True)
class Travels(Visits):
    """Visits to the map of a team whose learners' records can be written."""

    atlas: Atlas

    def open(
        self, query: str = "?place=map", *, language: str = "en-US", width: int = 1280, script: str = "",
        scheme: Literal["light", "dark"] = "light", wait: str = ".map-board[data-ready]",
    ) -> Page:  # fmt: skip
        context = self.context(language, (width, 800), scheme, reduced_motion="reduce")
        if script:
            context.add_init_script(script)
        return self.visit(query, wait, context)

    def as_ada(self, query: str = "?place=map") -> Page:
        """Opens the page for the learner Ada."""
        page = self.open("?place=progress", wait="#progress-record section")
        page.get_by_label("Name", exact=True).fill("Ada")
        page.get_by_role("button", name="Use this name").click()
        expect(page.locator(".told")).to_be_visible()
        page.goto(self.whole(query))
        expect(page.locator(".map-board[data-ready]")).to_be_visible()
        return page

    def knows(self, concept: str, answers: int = 5) -> None:
        for n in range(answers):
            at = datetime.now(UTC) - timedelta(days=2 * (answers - n))
            self.atlas.examiner.store.add(
                Attempt(uuid.uuid4().hex, "Ada", concept, True, at, fact=f"{concept}:{n}", score=1.0)
            )


@pytest.fixture(scope="module")
def opened(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Generator[Travels]:
    home: Path = tmp_path_factory.mktemp("home")
    with small_index(home, STAGED) as index:
        atlas = notes_atlas(index, home)
        with served(atlas, home, named_learners=True) as url:
            yield Travels(browser, url, atlas=atlas, heard=("error", "warning"))


@pytest.fixture
def travels(opened: Travels) -> Generator[Travels]:
    for learner in opened.atlas.examiner.store.learners():
        opened.atlas.examiner.store.delete(learner)
    with opened.watched():
        yield opened


def places(page: Page) -> dict[str, Any]:
    return page.evaluate(f"Object.fromEntries({GRAPH}.nodes().map((node) => [node.id(), node.position()]))")


def seen(page: Page) -> set[str]:
    return set(page.evaluate(f"{GRAPH}.nodes().filter((node) => node.visible()).map((node) => node.id())"))


def click(page: Page, note: str, *, below: float = 0) -> None:
    """Clicks on a note of the map, or that far below its middle."""
    page.wait_for_timeout(300)  # the map has come to rest
    at = page.evaluate(f"{GRAPH}.getElementById({note!r}).renderedPosition()")
    page.locator(".map-canvas").click(position={"x": at["x"], "y": at["y"] + below}, force=True)


def test_the_library_that_draws_is_loaded_when_the_map_is_first_opened_and_from_here(travels: Travels) -> None:
    page = travels.open("", wait="#box textarea")
    page.wait_for_function("typeof window.atlasMap === 'function'")
    assert not [address for address in travels.requests if "cytoscape" in address]
    page.get_by_role("link", name="Map").click()
    expect(page.locator(".map-canvas canvas").first).to_be_visible()
    assert len([address for address in travels.requests if "cytoscape" in address]) == 1


def test_every_note_stands_on_the_map_and_opens_its_card(travels: Travels) -> None:
    page = travels.open()
    assert seen(page) == {"paged-attention", "vllm", "sglang", "lora"}
    click(page, "vllm")
    card = page.get_by_role("complementary", name="About vLLM")
    expect(card).to_contain_text("It serves models.")
    expect(card).to_contain_text("Tool · Inference")
    expect(card).to_contain_text("Not tried")
    expect(card.locator("dt", has_text="Builds on").locator("+ dd")).to_have_text("PagedAttention")
    expect(card.locator("dt", has_text="alternative to").locator("+ dd")).to_have_text("SGLang")
    expect(card.locator("dt", has_text="has the parts").locator("+ dd")).to_have_text("PagedAttention")
    expect(card.get_by_role("link", name="Open the note")).to_have_attribute("href", "?place=notes&note=vllm")
    expect(card.get_by_role("link", name="Quiz me")).to_have_attribute("href", "?place=quiz&topic=vllm")
    card.get_by_role("link", name="Ask").click()
    expect(page.locator("#box textarea")).to_have_value("What is vLLM?")


def test_a_name_on_the_map_is_as_good_as_its_node(travels: Travels) -> None:
    page = travels.open("?place=map&stage=inference")
    radius = page.evaluate(f"{GRAPH}.getElementById('sglang').renderedHeight() / 2")
    click(page, "sglang", below=radius + 10)
    expect(page.get_by_role("complementary", name="About SGLang")).to_be_visible()


def test_each_note_opened_is_a_step_back_and_a_link_that_can_be_kept(travels: Travels) -> None:
    page = travels.open()
    click(page, "vllm")
    expect(page).to_have_url(re.compile(r"\?place=map&note=vllm$"))
    page.get_by_role("complementary").get_by_role("link", name="SGLang").click()
    expect(page).to_have_url(re.compile("note=sglang$"))
    expect(page.get_by_role("complementary", name="About SGLang")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("complementary", name="About vLLM")).to_be_visible()
    page.reload()
    expect(page.get_by_role("complementary", name="About vLLM")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("complementary")).to_have_count(0)
    page.get_by_role("link", name="Quiz", exact=True).click()
    expect(page.locator("#quiz-begin")).to_be_visible()


def test_the_map_is_used_by_keyboard_alone(travels: Travels) -> None:
    page = travels.open()
    page.locator(".map-canvas").focus()
    page.keyboard.press("ArrowRight")
    first = page.locator(".map-board > .unseen").inner_text()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".map-board > .unseen")).not_to_have_text(first)
    page.keyboard.press("Enter")
    expect(page.locator(".map-card h3")).to_be_focused()
    page.locator(".map-canvas").focus()
    before = page.evaluate(f"{GRAPH}.zoom()")
    page.keyboard.press("+")
    assert page.evaluate(f"{GRAPH}.zoom()") > before
    page.keyboard.press("Escape")
    expect(page.locator(".map-card")).to_be_hidden()
    page.keyboard.press("/")
    expect(page.get_by_role("combobox", name="Find a note")).to_be_focused()


def test_a_note_is_found_by_any_of_its_names(travels: Travels) -> None:
    page = travels.open()
    search = page.get_by_role("combobox", name="Find a note")
    search.fill("分页")
    expect(page.locator("#map-found [role=option]")).to_have_count(1)
    expect(page.locator("#map-found [role=option]")).to_contain_text("PagedAttention")
    search.press("Enter")
    expect(page).to_have_url(re.compile("note=paged-attention"))
    search.fill("l")
    expect(page.locator("#map-found [role=option]").first).to_have_attribute("aria-selected", "true")
    search.press("ArrowDown")
    expect(page.locator("#map-found [role=option]").nth(1)).to_have_attribute("aria-selected", "true")
    search.fill("nothing like it")
    expect(page.locator("#map-found [role=option]")).to_have_text("No note of this name")


def test_filters_are_kept_in_the_address_and_count_what_they_leave(travels: Travels) -> None:
    page = travels.open()
    page.get_by_label("Stage", exact=True).select_option(label="Inference")
    expect(page.locator(".map-count")).to_have_text("3 of 4 notes")
    assert seen(page) == {"paged-attention", "vllm", "sglang"}
    page.get_by_label("Kind", exact=True).select_option(label="Tool")
    expect(page.locator(".map-count")).to_have_text("2 of 4 notes")
    expect(page).to_have_url(re.compile("stage=inference&kind=tool"))
    page.get_by_role("button", name="List", exact=True).click()
    expect(page.locator("[data-item]")).to_have_count(2)
    page.go_back()
    page.go_back()
    expect(page.get_by_label("Kind", exact=True)).to_have_value("")
    assert seen(page) == {"paged-attention", "vllm", "sglang"}


def test_the_way_to_a_note_is_drawn_with_what_is_known_of_it_dimmed(travels: Travels) -> None:
    travels.knows("paged-attention")
    page = travels.as_ada("?place=map&note=vllm")
    page.get_by_role("complementary").get_by_role("link", name="Path to here").click()
    expect(page.locator(".map-path")).to_contain_text("2 steps, 1 of them known")
    expect(page).to_have_url(re.compile("goal=vllm"))
    assert page.evaluate(f"{GRAPH}.nodes('.past').map((node) => node.id())") == ["paged-attention"]
    assert page.evaluate(f"{GRAPH}.edges('.way').length") == 1
    assert set(page.evaluate(f"{GRAPH}.nodes('.away').map((node) => node.id())")) == {"lora"}
    page.get_by_role("link", name="Begin with vLLM").click()
    page.get_by_role("button", name="List", exact=True).click()
    expect(page.locator(".map-steps li")).to_have_text(["PagedAttention Known", "vLLM"])
    page.get_by_role("link", name="Close the path").click()
    expect(page.locator(".map-path")).to_be_hidden()


def test_a_path_to_nothing_says_so(travels: Travels) -> None:
    page = travels.open("?place=map&goal=xyzzy")
    expect(page.locator(".map-path [role=alert]")).to_contain_text("xyzzy")


def test_the_list_says_what_the_map_says(travels: Travels) -> None:
    travels.knows("paged-attention")
    page = travels.as_ada("?place=map&view=list")
    assert page.locator(".map-list h3").all_inner_texts() == ["Fine-tuning 1", "Inference 3"]
    item = page.locator("[data-item=vllm]")
    expect(item).to_contain_text("Tool")
    expect(item).to_contain_text("Not tried")
    expect(page.locator("[data-item=paged-attention]")).to_contain_text("Known")
    expect(page.locator("[data-item=paged-attention] dt", has_text="Needed by").locator("+ dd")).to_have_text("vLLM")
    expect(item.locator("dt", has_text="Builds on").locator("+ dd")).to_have_text("PagedAttention")
    item.get_by_role("link", name="PagedAttention").first.press("Enter")
    expect(page.locator("[data-item=paged-attention]").get_by_role("link", name="Open the note")).to_be_visible()
    expect(page.locator("[data-item=paged-attention] h4 a")).to_be_focused()
    assert HOSTILE in page.locator("[data-item=lora]").inner_text()
    assert page.evaluate("window.hacked") is None
    assert page.locator("#map img").count() == 0


def test_the_list_is_one_key_away_from_the_top(travels: Travels) -> None:
    page = travels.open()
    page.locator(".map-skip").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".map-list a").first).to_be_focused()
    expect(page).to_have_url(re.compile("view=list"))


def test_a_browser_that_cannot_draw_gets_the_list(travels: Travels) -> None:
    page = travels.open(script="HTMLCanvasElement.prototype.getContext = () => null;", wait="#map-wait")
    expect(page.locator("[data-item]")).to_have_count(4)
    expect(page.locator(".map-told")).to_contain_text("cannot draw the map")
    assert not [address for address in travels.requests if "cytoscape" in address]


def test_another_language_changes_the_words_and_moves_nothing(travels: Travels) -> None:
    page = travels.open("?place=map&note=vllm")
    before = places(page)
    page.get_by_text("中文", exact=True).click()
    expect(page.get_by_role("complementary", name="关于vLLM")).to_contain_text("它服务模型。")
    expect(page.get_by_role("combobox", name="查找笔记")).to_be_visible()
    assert places(page) == before


def test_what_was_learned_elsewhere_shows_when_one_comes_back(travels: Travels) -> None:
    page = travels.as_ada("?place=map&by=mastery")
    fill = f"{GRAPH}.getElementById('vllm').data('fill')"
    before, stood = page.evaluate(fill), places(page)
    page.get_by_role("link", name="Quiz", exact=True).click()
    expect(page.locator("#quiz-begin")).to_be_visible()
    travels.knows("vllm")
    page.get_by_role("link", name="Map").click()
    page.wait_for_function(f"{fill} !== {before!r}")
    assert places(page) == stood


def test_relations_are_drawn_where_the_legend_is_told_to(travels: Travels) -> None:
    page = travels.open()
    drawn = f"{GRAPH}.edges().filter((edge) => edge.visible()).length"
    assert page.evaluate(drawn) == 1
    page.locator(".map-legend summary").click()
    page.get_by_label("alternative, companion, contrast").check()
    page.wait_for_function(f"{drawn} === 2")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_the_first_stage_and_a_card_that_fits(travels: Travels, scheme: Literal["light", "dark"]) -> None:
    page = travels.open("?place=map&note=vllm", width=360, language="zh-CN", scheme=scheme)
    expect(page.get_by_role("complementary", name="关于vLLM")).to_be_visible()
    box = page.locator(".map-card").bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= 360
    assert page.evaluate("document.querySelector('#map').scrollWidth") <= 360
    page.get_by_role("link", name="关闭").click()
    expect(page.locator(".map-card")).to_be_hidden()
