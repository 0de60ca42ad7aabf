"""The Observe page: its figures, one trace as a waterfall, the switch for texts, and the commands that say the same."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import gradio as gr
import pytest
from conftest import Command
from playwright.sync_api import Browser, expect
from served_page import OpenTeam, served
from small_atlas import QUESTION, notes_atlas, small_index
from test_trace import NOON, SPANS, trace
from visits import Visits

from agents.trace import Price, Span
from agents.trace_figures import by_agent, spent
from agents.trace_store import TraceStore
from learner.feedback import Feedback, FeedbackStore
from ui import settings
from ui.observe_html import agents_html, answers_html, feedback_html, figures_html, trace_html
from ui.observe_page import ObservePage

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ImportWarning"),
]

HOSTILE = "<img src=x onerror=alert(1)>"
PAID = Price(2.0, 10.0)


def cells(html: str) -> list[str]:
    return [re.sub(r"<[^>]+>", " ", cell).strip() for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", html)]


# --- pure ------------------------------------------------------------------------------------------------------------


def test_a_price_is_shown_only_where_one_is_set() -> None:
    traces = [trace(1)]
    free, paid = (figures_html([("Today", spent(traces, price))], price, "en") for price in (Price(), PAID))
    assert "Cost" not in free
    assert "No price is set" in free
    assert cells(paid)[-2:] == ["Cost", "0.0040"]
    assert "Cost" in agents_html(by_agent(traces, PAID), PAID, "en")


def test_a_trace_is_a_table_whose_rows_stand_below_their_parents() -> None:
    html = trace_html(trace(1), PAID, UTC, "en")
    rows = re.findall(r"--depth:(\d)\">([^<]+)", html)
    assert [(int(depth), name) for depth, name in rows] == [
        (0, "Answer"), (1, "Tutor · Explain from the evidence"), (2, "Tutor writes"), (1, "Checker checks"),
    ]  # fmt: skip
    assert "1,000 → 100" in html
    assert "Cost 0.0040" in html
    assert "secret-question" in html


def test_nothing_that_was_said_becomes_html() -> None:
    said = trace(
        1, question=HOSTILE, spans=(SPANS[0], Span("x", "step", 0, 1, 0, HOSTILE, detail=HOSTILE, model=HOSTILE))
    )
    thumb = Feedback(said.id, "s", "down", HOSTILE, NOON)
    for html in (
        trace_html(said, PAID, UTC, "en"), answers_html([said], UTC, "zh"), feedback_html([thumb], [said], "en"),
        agents_html(by_agent([trace(1, spans=(SPANS[0], Span("w", "write", 0, 1, 0, HOSTILE, model=HOSTILE)))], PAID), PAID, "en"),
    ):  # fmt: skip
        assert "<img" not in html
        assert "&lt;img" in html


def test_texts_that_were_not_kept_are_told_so_and_still_lead_to_their_trace() -> None:
    html = answers_html([trace(1, question="")], UTC, "en")
    assert "(text not kept)" in html
    assert f"?place=observe&amp;answer={trace(1).id}" in html


# --- callbacks -------------------------------------------------------------------------------------------------------


class Visit:
    """A page over stored traces, acted on as its script does."""

    def __init__(self, home: Path, atlas: Any) -> None:
        self.store = atlas.traces.store
        self.page = ObservePage(
            OpenTeam(atlas), FeedbackStore(home), lambda *_: "en", lambda *_: "ann", PAID, clock=lambda: NOON
        )
        with gr.Blocks():
            self.page.lay_out("en")

    def act(self, **sent: object) -> str:
        event = cast("gr.EventData", SimpleNamespace(_data={"value": json.dumps(sent)}))
        updates = self.page.act({}, cast("gr.Request", SimpleNamespace()), event)
        parts = (self.page.link, self.page.figures, self.page.rest)
        return "".join(str(updates.get(part, "")) for part in parts)


@pytest.fixture
def visit(tmp_path: Path) -> Any:
    with small_index(tmp_path) as index:
        yield Visit(tmp_path, notes_atlas(index, tmp_path, open_traces=lambda: TraceStore(tmp_path)))


def test_the_page_shows_a_learners_own_answers_only(visit: Visit) -> None:
    assert "No answer yet" in visit.act(do="open", query="?place=observe")
    visit.store.add(trace(1, question="mine"))
    visit.store.add(trace(2, "bob", question="not mine"))
    shown = visit.act(do="open", query="?place=observe")
    assert "mine" in shown
    assert "not mine" not in shown
    assert "no trace" in visit.act(do="open", query=f"?place=observe&answer={trace(2).id}")
    one = visit.act(do="open", query=f"?place=observe&answer={trace(1).id}")
    assert f'href="?place=observe&amp;answer={trace(1).id}"' in one
    assert "waterfall" in one


def test_texts_are_switched_off_and_all_is_deleted(visit: Visit) -> None:
    visit.store.add(trace(1))
    assert "secret-question" not in visit.act(do="texts", keep=False)
    assert not visit.store.keeps_texts("ann")
    assert "1 traces deleted" in visit.act(do="delete")
    assert visit.store.traces() == []


@pytest.mark.parametrize("sent", ["", "[]", '{"do": 5}', '{"do": "open", "query": "?' + "&" * 99 + '"}', "nonsense"])
def test_nonsense_from_a_browser_shows_the_page(visit: Visit, sent: str) -> None:
    event = cast("gr.EventData", SimpleNamespace(_data={"value": sent}))
    assert visit.page.figures in visit.page.act({}, cast("gr.Request", SimpleNamespace()), event)


# --- prices and commands ---------------------------------------------------------------------------------------------


def test_prices_come_from_options_before_the_environment(tmp_path: Path) -> None:
    read = settings.read({"ATLAS_PRICE_IN": "0.5", "ATLAS_PRICE_OUT": "2"}, home=tmp_path)
    assert read.price == Price(0.5, 2.0)
    assert settings.priced(read, None, 3.0).price == Price(0.5, 3.0)
    for wrong in ("-1", "x", "nan", "1e9"):
        with pytest.raises(settings.UserMistake, match="no price"):
            settings.read({"ATLAS_PRICE_IN": wrong}, home=tmp_path)


def test_commands_say_export_and_delete_what_answers_took(
    atlas: Command, built_in_home: Path, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    me = request.node.name[:80]
    store = TraceStore(built_in_home)
    store.add(trace(1, me, at=datetime.now(UTC)))
    store.add(trace(2, "another of this test", at=datetime.now(UTC)))
    store.close()
    said = atlas("observe", "--json", "--price-in", "2", "--price-out", "10")
    found = json.loads(said.out)
    assert (found["spent"]["answers"], round(found["spent"]["cost"], 5)) == (1, 0.00401)
    assert [agent["agent"] for agent in found["by_agent"]] == ["tutor", "checker"]
    assert "tutor (m)" in atlas("observe").out
    file = tmp_path / "traces.jsonl"
    assert json.loads(atlas("traces", "export", "--otlp", file, "--json").out)["spans"] == 4
    assert "secret-question" in file.read_text(encoding="utf-8")
    atlas("traces", "export", "--otlp", file, "--no-texts")
    assert "secret-question" not in file.read_text(encoding="utf-8")
    assert json.loads(atlas("traces", "delete", "--json").out) == {"deleted": 1}


# --- in Chromium -----------------------------------------------------------------------------------------------------


@pytest.mark.browser
def test_an_answer_leads_to_its_trace_and_back(browser: Browser, tmp_path: Path) -> None:
    with small_index(tmp_path) as index:
        atlas = notes_atlas(index, tmp_path, open_traces=lambda: TraceStore(tmp_path))
        with served(atlas, tmp_path) as url:
            visits = Visits(browser, url, known=())
            with visits.watched():
                page = visits.visit(context=visits.context("zh-CN"))
                expect(page.locator(".sessions-now[data-state=shown]")).to_be_attached()
                page.locator("#box textarea").fill(QUESTION)
                page.locator("#box textarea").press("Enter")
                page.locator("#chat .meta a").click()
                expect(page.locator("#observe .waterfall")).to_be_visible()
                address = page.url
                page.locator("#observe .back").click()
                expect(page.locator("#observe .figures")).to_contain_text("回答")
                page.go_back()
                expect(page.locator("#observe .waterfall")).to_be_visible()
                assert page.url == address
                page.locator("#observe a", has_text="打开对话").click()
                expect(page.locator("#chat")).to_contain_text("16 tokens")
