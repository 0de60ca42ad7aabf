"""Where a guided lesson begins, when it goes on, and how it is kept."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from quiz_school import ALL

from agents.desk import Turn
from agents.guided_lesson import STEPS, Lesson, kept, open_lesson, planned, probed
from knowledge.graph import Graph
from knowledge.index import Index

NOW = datetime(2026, 11, 22, tzinfo=UTC)
LESSON = Lesson("a", "c", "en", ("a", "b", "c"), steps=("b", "c"), total=2, taught=("b",), state="learning")


@pytest.mark.parametrize(
    ("way", "places"),
    [("a", "aa"), ("ab", "ab"), ("abc", "abc"), ("abcd", "bcd"), ("abcdefgh", "dgh")],
    ids=["all is known but the goal", "two", "three", "four", "eight"],
)
def test_the_diagnosis_asks_half_way_before_the_goal_and_on_it(way: str, places: str) -> None:
    assert "".join(probed(tuple(way))) == places


@pytest.mark.parametrize(
    ("answers", "through"),
    [
        ([], False),
        ([(0.27, True)], True),
        ([(0.1, True)], False),
        ([(0.0, False), (0.05, True)], False),
        ([(0.0, False), (0.05, True), (0.1, True)], True),
        ([(0.0, False)] * 3, True),
    ],
    ids=["nothing", "mastery", "a guess", "a mistake and once right", "twice right after it", "asked enough"],
)
def test_a_step_is_through_when_mastery_says_so(answers: list[tuple[float, bool]], through: bool) -> None:
    lesson = LESSON
    for after, right in answers:
        lesson = lesson.noted("b", 0.0, after, NOW, right=right)
    assert lesson.is_through is through


def test_a_step_that_was_never_taught_is_not_through() -> None:
    assert not replace(LESSON, taught=()).noted("b", 0.0, 0.5, NOW, right=True).is_through


def test_mastery_before_a_lesson_is_that_before_its_first_answer() -> None:
    lesson = LESSON.noted("b", 0.1, 0.3, NOW, right=True).noted("b", 0.3, 0.4, NOW, right=True)
    shown = lesson.of("b")
    assert shown is not None
    assert (shown.before, shown.after, shown.asked, shown.right) == (0.1, 0.4, 2, 2)


def test_the_plan_leaves_out_what_was_shown_and_what_that_builds_on(built_in: Index) -> None:
    graph = Graph(built_in.library)
    way = tuple(graph.path_to("qlora"))
    lesson = Lesson("a", "qlora", "en", way)
    assert planned(lesson, graph).steps == way[-STEPS:]
    shown = lesson.noted("lora", 0.0, 0.3, NOW, right=True).noted("qlora", 0.0, 0.3, NOW, right=True)
    assert planned(shown, graph).steps == ("floating-point-formats", "quantization", "qlora")
    missed = lesson.noted("lora", 0.0, 0.0, NOW, right=False)
    assert planned(missed, graph).steps == way[-STEPS:]


def test_a_lesson_is_kept_whole_with_a_turn() -> None:
    lesson = LESSON.asking(ALL[0]).noted("b", 0.0, 0.3, NOW, right=True)
    assert open_lesson([Turn("1", "q", "q", "a"), Turn("2", "q", "q", "a", lesson=kept(lesson))]) == lesson


@pytest.mark.parametrize("turns", [[], [Turn("1", "q", "q", "a")]], ids=["no turn", "no lesson"])
def test_a_session_without_a_lesson_has_none(turns: list[Turn]) -> None:
    assert open_lesson(turns) is None
