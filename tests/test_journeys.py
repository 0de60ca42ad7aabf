"""What a person does with the app, from its beginning to its end, in Chromium: in English at a desk, in Chinese on a phone."""

import re
import zipfile
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from hash_embedder import HashEmbedder
from playwright.sync_api import Browser, Page, expect
from served_page import served
from small_atlas import QUESTION, notes_atlas, real_atlas, small_index, write_notes
from visits import BROWSER, Visits

from knowledge.index import Index
from knowledge.reader import Folder

pytestmark = BROWSER


@dataclass(frozen=True)
class Reader:
    """Who takes a journey: a language, and a screen."""

    locale: str
    size: tuple[int, int]
    scheme: Literal["light", "dark"]

    def says(self, english: str, chinese: str) -> str:
        return english if self.locale == "en-US" else chinese


READERS = {
    "English at a desk": Reader("en-US", (1280, 900), "light"),
    "中文在手机上": Reader("zh-CN", (390, 844), "dark"),
}


@pytest.fixture(scope="module")
def site(browser: Browser, built_in: Index, tmp_path_factory: pytest.TempPathFactory) -> Generator[Visits]:
    """The app over the built-in notes without a model; each browser context is a learner of its own."""
    home = tmp_path_factory.mktemp("journeys")
    with ExitStack() as stack:
        yield Visits(browser, stack.enter_context(served(notes_atlas(built_in, home), home)))


@pytest.fixture(params=READERS.values(), ids=["English at a desk", "Chinese on a phone"])
def reader(request: pytest.FixtureRequest) -> Reader:
    return request.param


@pytest.fixture
def page(site: Visits, reader: Reader) -> Generator[Page]:
    """A reader's page, at the beginning."""
    with site.watched():
        page = site.visit(context=site.context(reader.locale, reader.size, reader.scheme))
        yield page
        wider = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
        assert wider <= 0, f"the page is {wider} pixels wider than the screen"


def ask(page: Page, question: str) -> None:
    """Asks in the chat, and waits for the answer's end."""
    answered = page.locator("#chat .meta").count()
    page.fill("#box textarea", question)
    page.press("#box textarea", "Enter")
    expect(page.locator("#chat .meta")).to_have_count(answered + 1)
    expect(page.locator("#box .submit-button")).to_be_visible()


def go(page: Page, place: str) -> None:
    page.click(f"#places a[data-place={place}]")
    expect(page.locator(f"#places a[data-place={place}]")).to_have_attribute("aria-current", "page")


def quiz_is(page: Page, state: str, at: int | None = None) -> None:
    place = "" if at is None else f'[data-at="{at}"]'
    expect(page.locator(f'.quiz-now[data-state="{state}"]{place}')).to_have_count(1)


def test_learn_from_an_example_to_the_sentence_and_a_follow_up(page: Page, reader: Reader) -> None:
    page.locator("#chat .example").first.click()
    expect(page.locator("#chat .meta")).to_contain_text(reader.says("from the notes alone", "仅依据笔记"))
    page.locator('#chat a[href^="#cite-"]').first.click()
    marked = page.locator("#panel mark.now")
    expect(marked).to_be_in_viewport()
    sentence = marked.inner_text()
    page.locator("#panel .passage:has(mark.now)").get_by_role(
        "link", name=reader.says("Open the note", "打开笔记")
    ).click()
    expect(page.locator("#notes .at").first).to_be_in_viewport()
    assert page.locator("#notes .at").first.inner_text()[:30] in sentence
    page.go_back()
    expect(page.locator("#chat .user-row")).to_contain_text("PagedAttention")
    ask(page, reader.says("And what does it cost?", "它有什么代价？"))
    expect(page.locator("#panel .searched")).to_contain_text(reader.says("PagedAttention", "分页注意力"))
    page.locator("#chat .option").first.click()
    expect(page.locator("#chat .user-row")).to_have_count(3)
    expect(page.locator("#chat .meta")).to_have_count(3)
    page.locator("#chat .leads").last.get_by_role("link", name=reader.says("Three questions", "三道题")).click()
    quiz_is(page, "open", 0)
    expect(page.locator(".quiz-count")).to_have_text("1 / 3")


def test_a_guided_lesson_asks_hints_tells_and_ends_with_reviews(page: Page, reader: Reader) -> None:
    page.locator("#guided input").check()
    ask(page, reader.says("How does QLoRA work?", "QLoRA 的原理是什么？"))
    expect(page.locator("#chat")).to_contain_text(reader.says("question 1 of 3", "第 1 题，共 3 题"))
    unknown, first = reader.says("I don't know", "不知道"), reader.says("Step 1 of", "第 1 步，共")
    for _ in range(3):
        page.locator("#chat .option", has_text=unknown).click()
        expect(page.locator("#box .submit-button")).to_be_visible()
        expect(page.locator("#chat .option").first).to_be_visible()
    expect(page.locator("#chat")).to_contain_text(first)
    expect(page.locator("#chat")).to_contain_text(reader.says("Before I explain", "先不讲解"))
    ask(page, reader.says("hint", "提示"))
    ask(page, unknown)
    taught = page.locator('#chat a[href^="#cite-"]').last
    taught.click()
    expect(page.locator("#panel .now")).to_be_in_viewport()
    page.reload()
    expect(page.locator("#chat .meta")).to_have_count(6)
    expect(page.locator("#guided input")).to_be_checked()
    ask(page, reader.says("stop", "结束"))
    expect(page.locator("#chat")).to_contain_text(reader.says("We stop here", "先到这里"))
    expect(page.locator("#chat")).to_contain_text(re.compile(reader.says(r"back on 20\d\d", r"20\d\d-\d\d-\d\d 复习")))
    go(page, "progress")
    expect(page.locator("#progress-concepts tbody tr").first).to_be_visible()


def test_a_quiz_from_the_form_to_the_note_the_result_and_a_file(page: Page, reader: Reader, tmp_path: Path) -> None:
    go(page, "quiz")
    quiz_is(page, "form")
    page.locator("#quiz-topic input").click()
    page.keyboard.type("LoRA")
    page.get_by_role("option", name="LoRA", exact=True).click()
    page.locator("#quiz-number").get_by_text("3", exact=True).click()
    page.locator("#quiz-types").get_by_text(reader.says("Single choice", "单选")).click()
    page.get_by_role("button", name=reader.says("Start", "开始"), exact=True).click()
    quiz_is(page, "open", 0)
    stem = page.locator("#quiz-stem p").first.inner_text()
    page.get_by_role("button", name=reader.says("I don't know", "不知道")).click()
    quiz_is(page, "answered", 0)
    expect(page.locator("#quiz-feedback .outcome")).to_have_text(reader.says("Here is the answer", "答案如下"))
    expect(page.locator("li.option.right")).to_be_visible()
    page.locator("#quiz-after").get_by_role("link", name=reader.says("Open the note", "打开笔记")).click()
    expect(page.locator("#notes .at").first).to_be_in_viewport()
    page.go_back()
    quiz_is(page, "answered", 0)
    for at in (1, 2):
        page.locator("[data-do=next]").click()
        quiz_is(page, "open", at)
        page.locator("label.option").first.click()
        page.get_by_role("button", name=reader.says("Check answer", "提交答案")).click()
        quiz_is(page, "answered", at)
    page.get_by_role("button", name=reader.says("See the result", "查看结果")).click()
    quiz_is(page, "done")
    expect(page.locator(".answers li")).to_have_count(3)
    for name, ending in (("Markdown", "md"), ("Anki", "apkg")):
        with page.expect_download() as saved:
            page.get_by_role("button", name=name).click()
        assert saved.value.suggested_filename == f"llm-atlas-quiz.{ending}"
        saved.value.save_as(tmp_path / f"quiz.{ending}")
    assert stem[:30] in (tmp_path / "quiz.md").read_text(encoding="utf-8").replace("\\", "")
    assert "collection.anki2" in zipfile.ZipFile(tmp_path / "quiz.apkg").namelist()
    page.get_by_role("link", name=reader.says("See your progress", "查看进度")).click()
    expect(page.locator("#progress-concepts tbody tr")).to_have_count(1)


def test_choose_from_an_example_to_the_plan_that_serves(page: Page, reader: Reader) -> None:
    go(page, "choose")
    page.locator(".choose-examples a").first.click()
    card = page.locator(".choose-card", has=page.locator(".fit a.plan"))
    expect(card.locator("h3")).to_have_text("vLLM")
    card.locator(".cite").first.click()
    expect(page.locator("#choose .now")).to_be_visible()
    card.locator(".fit a.plan").click()
    command = page.locator("#calc-answer .command code")
    expect(command).to_contain_text("vllm serve")
    expect(command).to_contain_text("Qwen3-14B")
    expect(page.locator("#calc-gpus .typed")).to_have_value("2")
    page.reload()
    expect(command).to_contain_text("vllm serve")
    page.go_back()
    expect(card.locator("h3")).to_have_text("vLLM")


def test_calculate_in_the_chat_and_go_on_with_its_numbers_in_the_form(page: Page, reader: Reader) -> None:
    page.locator("#chat .example").nth(1).click()
    expect(page.locator("#chat .meta")).to_have_count(1)
    told = page.locator("#chat .bot-row").first.inner_text()
    page.locator("#chat a.calculate").click()
    expect(page.locator("#calc-model input")).to_have_value("Qwen3-14B")
    expect(page.locator("#calc-gpu input").first).to_have_value("RTX 4090")
    expect(page.locator("#calc-context .typed")).to_have_value(re.compile("32[0-9]{3}"))
    tile = page.locator("#calc-answer .tiles dd").first
    expect(tile).to_be_visible()
    figure = re.findall(r"\d+\.\d+", tile.inner_text())[0]
    assert figure in (page.locator("#chat").text_content() or ""), f"{figure} is not in {told}"
    before = tile.inner_text()
    page.locator("#calc-context .slid").press("ArrowLeft")
    expect(tile).not_to_have_text(before)
    page.go_back()
    expect(page.locator("#chat a.calculate")).to_be_visible()


def test_fix_in_the_chat_and_on_the_page_by_the_whole_log(page: Page, reader: Reader) -> None:
    page.locator("#chat .example").last.click()
    expect(page.locator("#chat .meta")).to_have_count(1)
    page.locator("#chat a.calculate").click()
    pitfall = page.locator("#fix-result h2")
    expect(pitfall).to_be_visible()
    title = pitfall.inner_text()
    expect(page).to_have_url(re.compile("pitfall="))
    page.fill(
        "#fix-log-box textarea", "INFO start\ntorch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB."
    )
    page.click("#fix-find")
    expect(page.locator("#fix-result mark").first).to_contain_text("CUDA out of memory")
    expect(pitfall).to_have_text(title)
    page.reload()
    expect(pitfall).to_have_text(title)


def test_explore_from_the_map_to_the_note_and_the_way_to_it(page: Page, reader: Reader) -> None:
    go(page, "map")
    expect(page.locator(".map-board[data-ready]")).to_be_visible()
    search = page.get_by_role("combobox", name=reader.says("Find a note", "查找笔记"))
    search.fill("vLLM")
    search.press("Enter")
    card = page.get_by_role("complementary", name=re.compile("vLLM"))
    expect(card).to_be_visible()
    card.get_by_role("link", name=reader.says("Path to here", "学习路径")).click()
    expect(page.locator(".map-path a").first).to_be_visible()
    expect(page).to_have_url(re.compile("goal=vllm"))
    card.get_by_role("link", name=reader.says("Open the note", "打开笔记")).click()
    expect(page.locator("#notes-head h2")).to_have_text("vLLM")
    page.locator("#notes").get_by_role("link", name=reader.says("Three questions", "做三道题")).click()
    quiz_is(page, "open", 0)
    page.go_back()
    expect(page.locator("#notes-head h2")).to_have_text("vLLM")
    page.go_back()
    expect(card).to_be_visible()


@pytest.fixture
def shelf(browser: Browser, tmp_path: Path) -> Generator[Visits]:
    """The app over a few notes and an empty folder of the reader's own."""
    built_in = write_notes(tmp_path / "built-in")
    own = tmp_path / "own"
    own.mkdir()
    with ExitStack() as stack:
        folders = [Folder(built_in.path, own=False), Folder(own.resolve(), own=True)]
        index = Index(tmp_path / "home", folders, HashEmbedder(dimensions=4096))
        stack.callback(index.close)
        index.update()
        visits = Visits(
            browser, stack.enter_context(served(notes_atlas(index, tmp_path), tmp_path, named_learners=True))
        )
        with visits.watched():
            yield visits


def test_a_note_of_ones_own_is_added_asked_and_cited_as_such(shelf: Visits, reader: Reader) -> None:
    page = shelf.visit("?place=notes&own=1", ".drop", shelf.context(reader.locale, reader.size, reader.scheme))
    text = reader.says(
        "Quinces are cooked for a long time before they are eaten.", "榅桲要煮很久才能吃，生吃又酸又硬。"
    )
    file = {"name": "Quinces.md", "mimeType": "text/markdown", "buffer": f"# Quinces\n\n{text}".encode()}
    page.locator(".drop input").set_input_files([file])  # pyright: ignore[reportArgumentType] - the keys are right
    expect(page.locator(".shelf [data-state=done]")).to_be_visible()
    go(page, "chat")
    ask(page, reader.says("How long are quinces cooked?", "榅桲要煮多久才能吃？"))
    expect(page.locator("#chat")).to_contain_text(text)
    page.locator('#chat a[href^="#cite-"]').first.click()
    passage = page.locator("#panel .passage:has(mark.now)")
    expect(passage.locator(".own")).to_have_text(reader.says("own note", "自己的笔记"))
    passage.get_by_role("link", name=reader.says("Open the note", "打开笔记")).click()
    expect(page.locator("#notes-head .pill.own")).to_have_text(reader.says("your note", "自己的笔记"))
    expect(page.locator("#notes .at").first).to_contain_text(text[:10])


@pytest.mark.model
def test_learn_with_the_embedded_model(browser: Browser, tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool, small_index(tmp_path) as index, real_atlas(index, tmp_path) as atlas:
        pool.submit(list, atlas.ladder.rungs(120.0)).result()  # it is in memory
        with served(atlas, tmp_path) as url:
            visits = Visits(browser, url)
            with visits.watched():
                page = visits.visit()
                expect(page.locator("#state")).to_contain_text("Embedded model ready")
                ask(page, QUESTION)
                expect(page.locator("#chat .meta")).to_contain_text("embedded model")
                expect(page.locator("#chat")).to_contain_text(re.compile("block", re.IGNORECASE))
                page.locator('#chat a[href^="#cite-"]').first.click()
                expect(page.locator("#panel mark.now")).to_be_in_viewport()
