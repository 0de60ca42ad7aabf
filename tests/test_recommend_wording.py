"""The advisor's data files agree with the notes and with each other."""

import re
import string

import pytest
from quiz_material import material

from knowledge.vocabulary import TASKS
from tools.recommend import task
from tools.recommend.wording import load, mixed, phrases, say

QUOTES = [
    *((need, tool, quote) for need, entry in load("needs").items() for side in ("for", "against")
      for tool, quote in entry[side].items()),
    *((trait, tool, quote) for trait, tools in load("traits").items() for tool, quote in tools.items()),
]  # fmt: skip


def test_every_quoted_sentence_stands_in_the_note_of_its_tool() -> None:
    known = {tool: [s.text for s in material().sentences(tool, "en")] for _, tool, _ in QUOTES}
    assert [(where, tool) for where, tool, quote in QUOTES if not any(quote in text for text in known[tool])] == []


def test_every_tool_that_is_spoken_of_is_a_tool() -> None:
    assert {tool for _, tool, _ in QUOTES if material().graph.notes[tool].tool is None} == set()


def test_the_lexicon_covers_the_closed_vocabulary() -> None:
    assert set(load("tasks")) == set(TASKS)


def test_every_need_counts_for_goals_that_there_are() -> None:
    goals = {task.goal_of(name) for name in TASKS}
    assert {goal for entry in load("needs").values() for goal in entry["goals"]} <= goals


def test_every_text_has_both_languages_with_the_same_variables() -> None:
    for key, texts in load("reasons").items():
        names = [set(string.Template(texts[language]).get_identifiers()) for language in ("en", "zh")]
        assert names[0] == names[1], key
        assert re.search(r"[\u4e00-\u9fff]", texts["zh"]) or key in {"why_task", "caveat_limit", "together_steps"}, key


@pytest.mark.parametrize("variables", [{}, {"tool": "x", "surplus": "y"}], ids=["missing", "surplus"])
def test_a_text_is_strict_about_its_variables(variables: dict[str, str]) -> None:
    with pytest.raises((KeyError, ValueError)):
        say("out_offline", "en", **variables)


def test_latin_phrases_stand_alone_and_chinese_ones_anywhere() -> None:
    assert not phrases(["rag"]).search("storage")
    assert mixed(["rag", "检索"]).search("向量检索库")
