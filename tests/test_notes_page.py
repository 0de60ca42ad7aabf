"""The Notes page in Chromium, over a few built-in notes and a folder of the reader's own."""

import re
from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from hash_embedder import HashEmbedder
from playwright.sync_api import Browser, Page, expect
from served_page import served
from small_atlas import NOTES, notes_atlas, write_notes
from visits import BROWSER, Visits

from agents.atlas import Atlas
from knowledge.index import Index
from knowledge.reader import Folder
from ui.notes_query import note_query

pytestmark = BROWSER

SHOWN = r"""---
title: {en: Flash attention, zh: 闪存注意力}
kind: technique
stage: inference
summary: {en: It never writes the score matrix., zh: 从不写出分数矩阵。}
prerequisites: [paged-attention]
relations: [{type: works_with, target: vllm, note: by default}]
sources: [https://example.org/flash]
checked: 2024-01-02
---

## How it works

Flash attention computes $\\sqrt{d_k}$ in tiles. Each tile stays in fast memory. See [[vLLM|the engine]], [LoRA](lora.md)
and [[Nowhere]].

| Memory | Speed |
|---|---|
| SRAM | 19 TB/s |

```python
print("tile")
```

```mermaid
flowchart LR
  subgraph fast [Fast memory]
    T["1. Tile <b>of</b> keys"]
  end
  T -->|next tile| S[Softmax]
  click S "https://outside.example/" "tip"
  style S fill:#f00
```

## Long

One more paragraph at the very end, which is what the link points to. Another sentence follows it.
""".replace("\\\\", "\\")
HOSTILE = """---
title: "<img src=https://outside.example/t.png onerror=window.hacked=1>"
summary: "<script>window.hacked=1</script>"
---
<script>window.hacked=1</script> ![x](https://outside.example/x.png) <img src=x onerror=window.hacked=1>
[[<img src=x onerror=window.hacked=1>]] [click](javascript:window.hacked=1)

```mermaid
flowchart TD
  A["<img src=https://outside.example/m.png onerror=window.hacked=1>"] --> B
  click A call hacked()
```
"""
PAPER = """<html lang="zh"><head><meta charset="utf-8"><title>部署指南</title></head><body style="font: 12pt sans-serif">
<h1>部署指南</h1><p>批处理让加速器一直忙碌，请求可以随时加入或离开，吞吐量因此提高许多。</p>
<p style="page-break-before: always">分块缓存把键值存放在固定大小的块中，显存几乎没有浪费，序列之间还能共享。</p></body></html>"""


@dataclass(kw_only=True)
class Reading(Visits):
    """Visits to the notes of a team: on this machine, or as others see them, at `remote`."""

    atlas: Atlas
    remote: str

    @property
    def added(self) -> Path:
        return self.atlas.index.folders[-1].path

    def open(self, query: str, *, url: str = "", language: str = "en-US") -> Page:
        page = self.page(self.context(language))
        page.goto(f"{url or self.url}/{query}")
        expect(page.locator("#notes[data-state]:not([data-state=waiting])")).to_have_count(1)
        return page


@pytest.fixture(scope="module")
def opened(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Generator[Reading]:
    home: Path = tmp_path_factory.mktemp("home")
    built_in = write_notes(home / "built-in", NOTES | {"flash": SHOWN, "hostile": HOSTILE})
    (home / "own").mkdir()
    with ExitStack() as stack:
        folders = [Folder(built_in.path, own=False), Folder((home / "own").resolve(), own=True)]
        index = Index(home / "home", folders, HashEmbedder(dimensions=4096))
        stack.callback(index.close)
        index.update()
        atlas = notes_atlas(index, home)
        local = stack.enter_context(served(atlas, home, named_learners=True))
        remote = stack.enter_context(served(atlas, home))
        yield Reading(browser, local, others=(remote,), atlas=atlas, remote=remote)


@pytest.fixture
def reading(opened: Reading) -> Generator[Reading]:
    for path in opened.added.glob("*.md"):
        path.unlink()
    (opened.atlas.index.home / "folders.json").unlink(missing_ok=True)
    opened.atlas.index.update()
    with opened.watched():
        yield opened


def give(page: Page, *files: tuple[str, bytes]) -> None:
    """Chooses files to be added."""
    chosen = [{"name": name, "mimeType": "text/plain", "buffer": data} for name, data in files]
    page.locator(".drop input").set_input_files(chosen)  # pyright: ignore[reportArgumentType] - the keys are right


# --- reading


def test_a_note_is_read_with_formula_table_code_and_diagram(reading: Reading) -> None:
    page = reading.open("?place=notes&note=flash")
    expect(page.locator("#notes-head h2")).to_have_text("Flash attention")
    expect(page.locator("#notes-head .pill").first).to_have_text("Technique")
    expect(page.locator(".summary")).to_have_text("It never writes the score matrix.")
    expect(page.locator("#notes-text .katex").first).to_be_visible()
    expect(page.locator("#notes-text td").first).to_have_text("SRAM")
    expect(page.locator("#notes-text pre").first).to_contain_text('print("tile")')
    drawn = page.locator("#notes-text .mermaid svg")
    expect(drawn).to_contain_text("1. Tile of keys")
    expect(drawn).to_contain_text("next tile")
    expect(drawn).to_contain_text("Fast memory")
    assert drawn.locator("a").count() == 0
    page.get_by_text("The diagram as a list").click()
    expect(page.locator(".told-diagram li").first).to_have_text("1. Tile of keys → Softmax (next tile)")


def test_a_note_tells_its_age_its_sources_and_what_it_is_related_to(reading: Reading) -> None:
    page = reading.open("?place=notes&note=flash")
    expect(page.locator(".standing")).to_contain_text("Facts checked on 2024-01-02")
    expect(page.locator(".stale")).to_contain_text("more than a year ago")
    expect(page.locator(".how-well")).to_contain_text("not tried yet")
    side = page.locator("#notes-side")
    expect(side.get_by_role("link", name="example.org/flash")).to_have_attribute("href", "https://example.org/flash")
    expect(side.locator("section", has_text="Builds on").get_by_role("link")).to_have_text("PagedAttention")
    expect(side.locator("section", has_text="works with")).to_contain_text("by default")
    side.get_by_role("link", name="PagedAttention").click()
    expect(page.locator("#notes-head h2")).to_have_text("PagedAttention")
    expect(side.locator("section", has_text="Needed by")).to_contain_text("Flash attention")
    expect(page).to_have_url(re.compile("note=paged-attention$"))


def test_links_in_a_note_lead_to_notes_and_back_leads_back(reading: Reading) -> None:
    page = reading.open("?place=notes&note=flash")
    expect(page.locator("#notes-text")).to_contain_text("and Nowhere.")
    page.locator("#notes-text").get_by_role("link", name="the engine").click()
    expect(page.locator("#notes-head h2")).to_have_text("vLLM")
    page.go_back()
    expect(page.locator("#notes-head h2")).to_have_text("Flash attention")
    page.locator("#notes-text").get_by_role("link", name="LoRA").click()
    expect(page.locator("#notes-head h2")).to_have_text("LoRA")


def test_a_link_to_a_sentence_marks_it_and_brings_it_into_view(reading: Reading) -> None:
    text = SHOWN
    start = text.index("One more paragraph")
    end = text.index(" Another sentence")
    page = reading.open(f"?place=notes&note=flash&at={start}-{end}")
    marked = page.locator("#notes-text mark.at")
    expect(marked).to_have_text("One more paragraph at the very end, which is what the link points to.")
    expect(marked).to_be_in_viewport()
    page.reload()
    expect(page.locator("#notes-text mark.at")).to_be_in_viewport()


@pytest.mark.parametrize("words", ["| SRAM | 19 TB/s |", 'print("tile")'], ids=["table", "code"])
def test_a_link_into_a_table_or_code_marks_the_whole_of_it(reading: Reading, words: str) -> None:
    start = SHOWN.index(words)
    page = reading.open(f"?place=notes&note=flash&at={start}-{start + len(words)}")
    expect(page.locator("#notes-text div.at")).to_contain_text(words.strip("| ").partition(" |")[0])
    expect(page.locator("#notes-text div.at :is(table, pre)")).to_have_count(1)


def test_a_note_is_read_in_either_language(reading: Reading) -> None:
    page = reading.open("?place=notes&note=lora", language="zh-CN")
    expect(page.locator("#notes-text")).to_contain_text("冻结原有权重矩阵")
    page.get_by_role("link", name="阅读英文版").click()
    expect(page.locator("#notes-text")).to_contain_text("two small low-rank matrices")
    expect(page).to_have_url(re.compile("language=en"))
    page.locator("#language").get_by_text("English").click()
    expect(page.get_by_role("link", name="Ask about it")).to_be_visible()


def test_from_a_note_one_asks_and_is_asked(reading: Reading) -> None:
    page = reading.open("?place=notes&note=vllm")
    page.get_by_role("link", name="Ask about it").click()
    expect(page.locator("#box textarea")).to_have_value("What is vLLM?")
    page.go_back()
    page.get_by_role("link", name="Three questions").click()
    expect(page.locator(".quiz-topic")).to_have_text("vLLM")
    expect(page.locator(".quiz-count")).to_contain_text("/ 3")


def test_a_note_that_is_not_there_is_told_with_the_nearest(reading: Reading) -> None:
    page = reading.open("?place=notes&note=vlm")
    expect(page.locator(".gone")).to_contain_text("There is no note “vlm”.")
    page.locator(".gone").get_by_role("link", name="vLLM").click()
    expect(page.locator("#notes-head h2")).to_have_text("vLLM")


def test_a_hostile_note_neither_runs_nor_loads_anything(reading: Reading) -> None:
    for query in ("?place=notes&note=hostile", "?place=notes", "?place=notes&q=onerror"):
        page = reading.open(query)
        expect(page.locator("#notes")).to_contain_text("onerror=window.hacked=1")
        page.wait_for_timeout(500)
        assert page.evaluate("window.hacked") is None
        assert page.locator("#notes :is(img, script)").count() == 0
        page.context.close()


def test_a_citation_in_the_chat_opens_the_note_at_its_sentence(reading: Reading) -> None:
    page = reading.visit()
    page.locator("#box textarea").fill("How does PagedAttention store the KV cache?")
    page.locator("#box textarea").press("Enter")
    page.locator("#panel .passage.cited").first.get_by_role("link", name="Open the note").click()
    expect(page.locator("#notes-head h2")).to_have_text("PagedAttention")
    expect(page.locator("#notes-text .at")).to_contain_text("blocks of 16 tokens")


@pytest.mark.parametrize("way", ["place=notes&note=vllm", "place=quiz"], ids=["another note", "another place"])
def test_leaving_a_note_while_its_diagram_is_drawn_complains_of_nothing(reading: Reading, way: str) -> None:
    page = reading.open("?place=notes&note=vllm")
    for _ in range(2):
        page.evaluate(
            """way => {
          const go = (query) => {
            const link = document.body.appendChild(document.createElement("a"));
            link.href = query;
            link.click();
            link.remove();
          };
          go("?place=notes&note=flash");
          new MutationObserver((_, watching) => {
            if (!document.querySelector("#notes-text .mermaid")) return;
            watching.disconnect();
            setTimeout(() => go(way), 30);
          }).observe(document.body, { subtree: true, childList: true });
        }""",
            f"?{way}",
        )
        page.wait_for_timeout(4000)
    page.evaluate("history.pushState(null, '', '?place=notes&note=flash'); window.atlasPlace()")
    expect(page.locator("#notes-text .mermaid > svg")).to_be_visible()


# --- finding


def test_the_list_is_narrowed_and_its_address_kept(reading: Reading) -> None:
    page = reading.open("?place=notes")
    expect(page.locator(".sieve [role=status]")).to_have_text("6 of 6 notes")
    page.get_by_label("Filter by name").fill("闪存")
    expect(page.locator("#notes-list li:visible")).to_have_count(1)
    page.get_by_label("Filter by name").fill("")
    page.locator("[data-sieve=kind]").select_option("Tool")
    expect(page.locator("#notes-list li:visible a")).to_have_text(["SGLang", "vLLM"])
    expect(page).to_have_url(re.compile("kind=tool$"))
    page.get_by_role("link", name="vLLM").click()
    expect(page.locator("#notes-head h2")).to_have_text("vLLM")
    page.go_back()
    expect(page.locator(".sieve [role=status]")).to_have_text("2 of 6 notes")
    page.reload()
    expect(page.locator(".sieve [role=status]")).to_have_text("2 of 6 notes")


def test_a_search_leads_to_the_passage_in_its_note(reading: Reading) -> None:
    page = reading.open("?place=notes")
    page.get_by_role("searchbox", name="Search all passages").fill("radix tree prefixes")
    page.get_by_role("searchbox", name="Search all passages").press("Enter")
    page.locator(".hits li").first.get_by_role("link").click()
    expect(page.locator("#notes-head h2")).to_have_text("SGLang")
    expect(page.locator("#notes-text .at")).to_contain_text("radix tree")
    page.go_back()
    expect(page.locator(".hits li").first).to_be_visible()
    expect(page).to_have_url(re.compile("q=radix"))


# --- one's own notes


def test_a_file_is_added_found_marked_as_ones_own_and_removed(reading: Reading) -> None:
    page = reading.open("?place=notes&own=1")
    give(page, ("Quinces.md", b"# Quinces\n\nQuinces are sour and hard, and are cooked for a long time."))
    expect(page.locator(".shelf [data-state=done]")).to_be_visible()
    page.locator(".shelf").get_by_role("link", name="Quinces").click()
    expect(page.locator("#notes-head .pill.own")).to_have_text("your note")
    page.get_by_role("searchbox", name="Search all passages").fill("sour quinces")
    page.get_by_role("searchbox", name="Search all passages").press("Enter")
    expect(page.locator(".hits li").first.locator(".own")).to_have_text("your note")
    page.get_by_role("link", name="Your notes").click()
    page.locator(".shelf .take-away summary").click()
    page.get_by_role("button", name="Yes, remove").click()
    expect(page.locator(".shelf")).to_contain_text("None yet.")
    assert list(reading.added.glob("*.md")) == []


def test_a_name_that_is_taken_is_asked_about_before_anything_is_lost(reading: Reading) -> None:
    page = reading.open("?place=notes&own=1")
    give(page, ("a.md", b"First."))
    expect(page.locator(".shelf li", has_text="a.md")).to_be_visible()
    give(page, ("a.md", b"Second."), ("b.md", b"Third."))
    expect(page.locator(".taken")).to_contain_text("There is a note “a.md” already.")
    assert (reading.added / "a.md").read_text() == "First."
    page.get_by_role("button", name="Keep both").click()
    expect(page.locator(".shelf li", has_text="b.md")).to_be_visible()
    assert {path.name: path.read_text() for path in reading.added.glob("*.md")} == {
        "a.md": "First.", "a-2.md": "Second.", "b.md": "Third.",
    }  # fmt: skip
    give(page, ("a.md", b"Fourth."))
    page.get_by_role("button", name="Replace it").click()
    expect(page.locator(".shelf .told")).to_have_count(0)
    expect(page.locator(".taken")).to_have_count(0)
    assert (reading.added / "a.md").read_text() == "Fourth."


def test_what_is_wrong_with_a_file_is_told_with_its_line_and_remedy(reading: Reading) -> None:
    page = reading.open("?place=notes&own=1")
    give(page, ("bad.md", b"---\nkind: tol\n---\nText."), ("run.exe", b"MZ"))
    expect(page.locator(".sending .problem")).to_contain_text("run.exe is no Markdown, text or PDF file.")
    expect(page.locator(".problems")).to_contain_text("bad.md, line 2")
    expect(page.locator(".problems")).to_contain_text("did you mean 'tool'")
    expect(page.locator(".shelf .pill.bad")).to_have_text("not read")


def test_a_chinese_pdf_becomes_a_note_whose_passages_tell_their_page(reading: Reading) -> None:
    maker = reading.browser.new_page()
    maker.set_content(PAPER)
    pdf = maker.pdf()
    maker.close()
    page = reading.open("?place=notes&own=1", language="zh-CN")
    give(page, ("paper.pdf", pdf))
    page.locator(".shelf").get_by_role("link", name="部署指南").click()
    expect(page.locator("#notes-text h2").nth(1)).to_have_text("第 2 页")
    hits = reading.atlas.search("分块缓存把键值存放在固定大小的块中", 1)
    assert (hits[0].note, hits[0].heading, hits[0].own) == ("paper", "第 2 页", True)


def test_a_folder_is_linked_and_unlinked_on_this_machine_alone(reading: Reading, tmp_path: Path) -> None:
    (tmp_path / "figs.md").write_text("Figs are sweet and soft, and are eaten fresh or dried in the sun.")
    page = reading.open("?place=notes&own=1")
    page.get_by_label("A folder of notes").fill(str(tmp_path / "nowhere"))
    page.get_by_role("button", name="Link the folder").click()
    expect(page.locator(".shelf > .problem")).to_contain_text("cannot be read")
    page.get_by_label("A folder of notes").fill(str(tmp_path))
    page.get_by_role("button", name="Link the folder").click()
    expect(page.locator(".shelf li", has_text=str(tmp_path))).to_contain_text("files: 1")
    other = reading.open("?place=notes&own=1", url=reading.remote)
    expect(other.locator(".adding")).to_contain_text("Everyone who uses this app sees")
    assert other.locator(".linking").count() == 0
    assert str(tmp_path) not in other.locator("#notes").inner_text()
    page.locator(".shelf .take-away summary").click()
    page.get_by_role("button", name="Yes, remove").click()
    expect(page.locator(".shelf li", has_text=str(tmp_path))).to_have_count(0)
    assert (tmp_path / "figs.md").exists()


def test_no_event_links_or_unlinks_a_folder_where_the_page_does_not_offer_it(reading: Reading, tmp_path: Path) -> None:
    (tmp_path / "figs.md").write_text("Figs.")
    page = reading.open("?place=notes&own=1", url=reading.remote)
    page.evaluate(
        """path => {
          const form = document.createElement("form");
          form.innerHTML = "<input>";
          form.querySelector("input").value = path;
          document.querySelector("#notes-adding").append(form);
          form.requestSubmit();
        }""",
        str(tmp_path),
    )
    page.wait_for_timeout(1500)
    assert reading.atlas.index.linked == ()


def test_the_links_of_the_query_are_read_back() -> None:
    assert note_query("vllm", "/x/vllm.zh.md", 3, 9) == "?place=notes&note=vllm&at=3-9&language=zh"
    assert note_query("vllm", "/x/vllm.md", 3, 9) == "?place=notes&note=vllm&at=3-9"
