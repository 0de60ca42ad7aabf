"""What the Map page's script is sent, whatever state the team is in."""

import asyncio
import json
import re
from collections.abc import Generator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from small_atlas import notes_atlas, small_index

from agents.atlas import Atlas
from agents.ladder import State
from knowledge.errors import SetupMissing
from ui.header import Opening
from ui.map_page import MapPage


@dataclass
class Opened:
    """A team that is open, on its way, or cannot be opened."""

    team: Atlas | None
    error: SetupMissing | None = None

    def atlas(self, timeout_s: float) -> Atlas | None:
        if self.error:
            raise self.error
        return self.team

    opening = Opening()
    state: State | None = None


@pytest.fixture
def atlas(tmp_path: Path) -> Generator[Atlas]:
    with small_index(tmp_path) as index:
        yield notes_atlas(index, tmp_path)


async def page_over(team: Opened) -> MapPage:
    """Makes the page where an event loop runs: Gradio makes one of its own elsewhere, and never closes it."""
    page = MapPage(team, lambda stored, request: "en", lambda stored, request: "Ada")
    with gr.Blocks(analytics_enabled=False):
        page.lay_out("en")
    return page


def answer(team: Opened, sent: str) -> Any:
    """Returns what the page answers to what its script sent."""
    page = asyncio.run(page_over(team))
    (html,) = page.act({}, gr.Request(), gr.EventData(None, {"value": sent})).values()
    found = re.fullmatch(r'<pre hidden data-token="[0-9a-f]{32}">(.*)</pre>', html, re.DOTALL)
    assert found
    return json.loads(unescape(found[1]))


def test_a_team_on_its_way_is_waited_for() -> None:
    assert answer(Opened(None), "{}") == {"waiting": True}


def test_a_team_that_cannot_be_opened_is_told_with_the_remedy() -> None:
    said = answer(Opened(None, SetupMissing("the notes are gone.", "Bring them back.")), "{}")
    assert said["problem"] == "the notes are gone. Bring them back."


def test_the_chart_is_sent_once(atlas: Atlas) -> None:
    first = answer(Opened(atlas), "{}")
    assert [note["id"] for note in first["chart"]["notes"]] == ["lora", "paged-attention", "sglang", "vllm"]
    again = answer(Opened(atlas), json.dumps({"has": first["chart"]["id"]}))
    assert again == {"standing": {}}


@pytest.mark.parametrize("sent", ["", "[]", "null", '{"goal": 7, "has": []}', "{"], ids=repr)
def test_what_no_script_of_ours_sends_does_no_harm(sent: str, atlas: Atlas) -> None:
    assert "standing" in answer(Opened(atlas), sent)


def test_a_goal_by_another_of_its_names_is_the_same_goal(atlas: Atlas) -> None:
    path = answer(Opened(atlas), json.dumps({"goal": "PagedAttention"}))["path"]
    assert path == {"goal": "paged-attention", "steps": [["paged-attention", "new"]]}
