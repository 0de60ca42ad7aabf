"""What to ask next comes from the graph around the notes that an answer rests on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from small_atlas import NOTES, small_index

from agents.suggestion import next_questions
from knowledge.graph import Graph


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graph]:
    with small_index(tmp_path_factory.mktemp("suggestion")) as index:
        yield Graph(index.library)


def test_alternative_comes_first_then_what_the_topic_is_built_from_each_once(graph: Graph) -> None:
    assert next_questions(graph, ["vllm"], "en") == (
        "How do vLLM and SGLang differ?",
        "What is PagedAttention?",
    )


def test_questions_are_in_the_readers_language(graph: Graph) -> None:
    assert next_questions(graph, ["vllm"], "zh")[:2] == ("vLLM 和 SGLang 有什么区别？", "分页注意力是什么？")


def test_note_that_was_just_read_is_not_asked_about_again(graph: Graph) -> None:
    questions = next_questions(graph, ["paged-attention", "vllm"], "en", limit=9)
    assert "What is vLLM?" not in questions
    assert "What is PagedAttention?" not in questions


@pytest.mark.parametrize("notes", [[], ["nowhere"], ["lora"]], ids=["no note", "unknown note", "note without edges"])
def test_without_neighbours_nothing_is_suggested(graph: Graph, notes: list[str]) -> None:
    assert next_questions(graph, notes, "en") == ()


def test_number_of_questions_is_limited(graph: Graph) -> None:
    assert len(next_questions(graph, ["vllm"], "en", limit=1)) == 1


def test_notes_of_the_tests_are_without_a_problem(tmp_path: Path) -> None:
    with small_index(tmp_path) as index:
        assert index.library.problems == ()
        assert len(index.library.notes) == len(NOTES) - 1  # one is a translation
