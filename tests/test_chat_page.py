"""The Learn page's callbacks: the first minute, lessons, and what may be done with an answer."""

import json
import re
import uuid
from collections.abc import Generator, Iterable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import gradio as gr
import pytest
from served_page import page_over
from small_atlas import QUESTION, notes_atlas, small_index

from agents.atlas import Atlas
from agents.route import route
from knowledge.errors import UserMistake
from knowledge.index import Index
from ui.app import application
from ui.chat_words import examples, reason
from ui.messages import say
from ui.page import Page
from ui.turn_actions import editing
from ui.ways import ways

Stored = dict[str, str]


def visit(language: str = "en") -> gr.Request:
    return cast(
        "gr.Request",
        SimpleNamespace(session_hash="page", headers={"accept-language": language}, username=None, client=None),
    )


def chosen(value: str) -> gr.EventData:
    return cast("gr.EventData", SimpleNamespace(_data={"value": value}))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def atlas(home: Path) -> Generator[Atlas]:
    with small_index(home) as index:
        opened = notes_atlas(index, home)
        yield opened
        opened.examiner.close()


@pytest.fixture(scope="module")
def page(atlas: Atlas, home: Path) -> Page:
    """One page for all tests, each of which has a session of its own."""
    page = page_over(atlas, home)
    application(page)
    return page


@pytest.fixture
def stored() -> Stored:
    """What the browser of a test keeps."""
    session = uuid.uuid4().hex
    return {"session": session, "learner": f"browser-{session}"}


@pytest.fixture
def other(stored: Stored) -> Stored:
    """The same learner with another session."""
    return stored | {"session": uuid.uuid4().hex}


def rows(page: Page, updates: Iterable[Mapping[Any, Any]]) -> list[dict[str, Any]]:
    """Returns the messages of the chat as they are after some updates."""
    chats = [update[page.chat.chat] for update in updates if page.chat.chat in update]
    last = chats[-1] if isinstance(chats[-1], gr.Chatbot) else gr.Chatbot(chats[-1])  # as Gradio does for the page
    return json.loads(json.dumps(last.value, default=str))


def asked(page: Page, question: str, stored: Stored) -> list[dict[str, Any]]:
    return rows(page, page.chat.ask(question, stored, visit()))


def questions(messages: Iterable[Mapping[str, Any]]) -> list[str]:
    said = [message["content"][0]["text"] for message in messages if message["role"] == "user"]
    return [re.sub(r"&#(\d+);", lambda sign: chr(int(sign[1])), text) for text in said]


def kept(atlas: Atlas, stored: Stored) -> list[str]:
    """Returns the questions that the desk keeps of a session."""
    return [turn.question for turn in atlas.desk.history(stored["session"], stored["learner"])]


def turn_of(messages: list[dict[str, Any]], number: int = 0) -> str:
    """Returns the id of an answer, as its links name it."""
    return re.findall(r"#edit-([0-9a-f]+)", json.dumps(messages))[number]


# --- the first minute ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "texts"), [("en", "en"), ("zh", "zh")])
def test_the_examples_show_three_powers(language: str, texts: str) -> None:
    offered = examples(cast("Any", language))
    assert [route(one["text"]).journey for one in offered] == ["learn", "calculate", "fix"]


def test_the_line_at_the_head_opens_the_three_ways_to_be_answered() -> None:
    opened = ways("zh")
    assert re.findall(r"<code>(.*?)</code>", opened) == [
        ".venv/bin/atlas model pull", ".venv/bin/atlas ui --base-url http://127.0.0.1:11434/v1 --model qwen3:8b",
    ]  # fmt: skip
    assert opened.count("<li>") == 3
    assert "仅用笔记" in opened


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("/dance", "没有 /dance 这个命令"),
        ("/search", "/search 后面需要内容"),
        ("字" * 4001, "问题有 4,001 个字符"),
        ("/quiz 中世纪的陶釉", "笔记里没有关于"),
        ("/compare vLLM", "笔记里没有“vLLM”这个工具"),
        ("/calc 显存", "没有说明是哪个模型"),
        ("/quiz 99道 LoRA", "不能出 99 道题的测验"),
    ],
)
def test_a_mistake_is_told_in_the_language_of_the_page(page: Page, message: str, told: str, stored: Stored) -> None:
    shown = rows(page, page.chat.ask(message, stored, visit("zh")))
    assert told in json.dumps(shown, ensure_ascii=False)


def test_an_error_without_chinese_is_told_as_it_is() -> None:
    assert UserMistake("that is odd.", "Mend it.").told("zh") == "that is odd. Mend it."


# --- lessons ---------------------------------------------------------------------------------------------------------


def test_the_switch_begins_lessons_and_is_kept_by_the_browser(built_in: Index, tmp_path: Path, stored: Stored) -> None:
    page = page_over(notes_atlas(built_in, tmp_path), tmp_path)
    application(page)
    guided = page.chat.guide(stored, guided=True)
    assert guided is not None
    assert "step by step" in json.dumps(asked(page, "How does PagedAttention work?", guided))
    assert page.arrive(guided, visit())[page.chat.guided].value is True
    assert page.chat.guide(guided, guided=False) == {**stored, "guided": ""}


# --- what may be done with an answer ---------------------------------------------------------------------------------


def test_an_answer_is_copied_with_its_sources(page: Page, stored: Stored, other: Stored) -> None:
    turn = turn_of(asked(page, QUESTION, stored))
    copied = page.chat.copy(stored, visit(), chosen(turn))
    assert "PagedAttention stores the KV cache in fixed blocks of 16 tokens. [1]" in copied
    assert re.search(r"Sources:\n\n\[1\] PagedAttention, How it works: “PagedAttention stores", copied)
    assert "PagedAttention" not in page.chat.copy(other, visit(), chosen(turn))


def test_only_the_last_answer_can_be_made_again(page: Page, stored: Stored) -> None:
    asked(page, QUESTION, stored)
    shown = asked(page, "What is vLLM?", stored)
    assert json.dumps(shown).count("#again-") == 1
    assert json.dumps(shown).count("#edit-") == 2


def test_an_answer_made_again_takes_the_place_of_the_first(page: Page, atlas: Atlas, stored: Stored) -> None:
    asked(page, QUESTION, stored)
    shown = asked(page, "What is vLLM?", stored)
    again = rows(page, page.chat.again(stored, visit(), chosen(turn_of(shown, 1))))
    assert questions(again) == [QUESTION, "What is vLLM?"]
    assert kept(atlas, stored) == [QUESTION, "What is vLLM?"]


def test_a_changed_question_takes_away_what_came_after_it(page: Page, atlas: Atlas, stored: Stored) -> None:
    shown = asked(page, QUESTION, stored)
    asked(page, "What is vLLM?", stored)
    put = page.chat.edit(stored, visit(), chosen(turn_of(shown)))
    assert put[page.chat.box] == QUESTION
    assert "what came after it goes" in put[page.chat.editing]
    updates = list(page.chat.submit("What does LoRA train?", stored, put[page.chat.edited], visit()))
    assert updates[0][page.chat.editing] == ""
    assert questions(rows(page, updates)) == ["What does LoRA train?"]
    assert kept(atlas, stored) == ["What does LoRA train?"]


def test_a_question_that_is_left_as_it_was_changes_nothing(page: Page, stored: Stored) -> None:
    asked(page, QUESTION, stored)
    left = page.chat.edit(stored, visit(), chosen(""))
    assert (left[page.chat.edited], left[page.chat.editing], left[page.chat.box]) == ("", editing(None, "en"), "")
    assert questions(asked(page, "What is vLLM?", stored)) == [QUESTION, "What is vLLM?"]


def test_no_session_changes_another_ones_turns(page: Page, atlas: Atlas, stored: Stored, other: Stored) -> None:
    turn = turn_of(asked(page, QUESTION, stored))
    assert list(page.chat.again(other, visit(), chosen(turn))) == []
    list(page.chat.submit("What is vLLM?", other, turn, visit()))
    assert kept(atlas, stored) == [QUESTION]


def test_reasons_of_a_thumb_are_known_in_both_languages() -> None:
    assert [reason(say("missed", language)) for language in ("en", "zh")] == ["missed", "missed"]
    assert reason("something else") == "something else"
