import pytest

from knowledge.errors import UserMistake
from knowledge.graph import Graph
from knowledge.library import build
from knowledge.note import Document, Relation
from learner.mastery import Mastery
from learner.path import Step, Suggestion, next_up, path


def document(id: str, needs: str = "", **fields: object) -> Document:
    return Document.model_validate(
        {"path": f"/{id}.md", "own": True, "language": "en", "id": id, "title": {"en": f"The {id}"},
         "prerequisites": tuple(needs.split())} | fields
    )  # fmt: skip


@pytest.fixture
def graph() -> Graph:
    return Graph(build([
        document("tensor"),
        document("attention", "tensor"),
        document("kv-cache", "attention"),
        document("memory"),
        document("vllm", "kv-cache memory", relations=(Relation(type="alternative_to", target="sglang"),)),
        document("sglang", "kv-cache"),
        document("island"),
    ]))  # fmt: skip


def known(value: float = 0.9, settled: float = 0.8) -> Mastery:
    return Mastery(value, settled, 1.0, settled, 5, 5, 1.0)


def tried(value: float = 0.3, correct: int = 2) -> Mastery:
    return Mastery(value, 0.0, 0.8, 0.0, 2, correct, 1.0)


def test_the_way_to_a_goal_has_prerequisites_first_and_says_who_needs_them(graph: Graph) -> None:
    assert path(graph, "vllm", {}) == [
        Step("tensor", "new", "attention"),
        Step("attention", "new", "kv-cache"),
        Step("kv-cache", "new", "vllm"),
        Step("memory", "new", "vllm"),
        Step("vllm", "new"),
    ]


def test_what_is_known_is_left_out_with_what_it_builds_on(graph: Graph) -> None:
    steps = path(graph, "vllm", {"attention": known(), "memory": tried()})
    assert steps == [Step("kv-cache", "new", "vllm"), Step("memory", "weak", "vllm"), Step("vllm", "new")]


def test_what_is_known_but_due_is_refreshed_where_something_missing_builds_on_it(graph: Graph) -> None:
    mastery = {"attention": known(value=0.4), "tensor": known()}
    steps = path(graph, "vllm", mastery, due=["attention", "tensor", "island"])
    assert steps[0] == Step("attention", "refresh", "kv-cache")
    assert [step.concept for step in steps] == ["attention", "kv-cache", "memory", "vllm"]


def test_nothing_is_missing_for_a_goal_that_is_known(graph: Graph) -> None:
    assert path(graph, "vllm", {"vllm": known()}) == []
    assert path(graph, "vllm", {"vllm": known()}, due=["vllm"]) == [Step("vllm", "refresh")]


def test_high_but_uncertain_mastery_is_not_known(graph: Graph) -> None:
    assert path(graph, "island", {"island": known(value=0.9, settled=0.29)}) == [Step("island", "weak")]
    assert path(graph, "island", {"island": known(value=0.9, settled=0.3)}) == []


def test_an_unknown_goal_is_named_with_its_nearest(graph: Graph) -> None:
    with pytest.raises(UserMistake, match="'vlm'") as raised:
        path(graph, "vlm", {})
    assert raised.value.remedy == "Did you mean vllm?"


def test_what_is_due_comes_first_in_its_own_order(graph: Graph) -> None:
    found = next_up(graph, {"memory": known(), "tensor": known()}, due=["tensor", "memory"], limit=3)
    assert found == [Suggestion("tensor", "due"), Suggestion("memory", "due"), Suggestion("attention", "ready")]


def test_what_went_wrong_comes_after_what_it_builds_on(graph: Graph) -> None:
    found = next_up(graph, {"kv-cache": tried(correct=1), "tensor": known()}, limit=3)
    assert found == [
        Suggestion("attention", "prerequisite_of:kv-cache"), Suggestion("kv-cache", "weak"), Suggestion("memory", "ready"),
    ]  # fmt: skip


def test_what_was_only_tried_a_little_is_not_weak(graph: Graph) -> None:
    found = next_up(graph, {"memory": tried()})
    assert [one.reason for one in found] == ["ready"] * len(found)
    assert "memory" not in [one.concept for one in found]


def test_what_is_ready_has_all_its_prerequisites_and_lies_near_what_was_just_studied(graph: Graph) -> None:
    mastery = {"tensor": known(), "attention": known(), "kv-cache": known()}
    assert next_up(graph, mastery, after=["kv-cache"]) == [
        Suggestion("sglang", "ready"), Suggestion("memory", "ready"), Suggestion("island", "ready"),
    ]  # fmt: skip


def test_what_the_just_studied_builds_on_comes_before_what_is_far_from_it(graph: Graph) -> None:
    assert next_up(graph, {}, after=["vllm"]) == [
        Suggestion("kv-cache", "prerequisite_of:vllm"), Suggestion("memory", "prerequisite_of:vllm"),
        Suggestion("tensor", "ready"), Suggestion("island", "ready"),
    ]  # fmt: skip


def test_a_newcomer_is_led_to_what_needs_nothing(graph: Graph) -> None:
    assert next_up(graph, {}) == [Suggestion(concept, "ready") for concept in ("tensor", "memory", "island")]


def test_what_was_just_studied_is_not_suggested_again_unless_due(graph: Graph) -> None:
    assert "island" not in [one.concept for one in next_up(graph, {}, after=["island"])]
    assert next_up(graph, {}, due=["island"], after=["island"])[0] == Suggestion("island", "due")


def test_concepts_without_a_note_any_more_are_passed_over(graph: Graph) -> None:
    found = next_up(graph, {"gone": tried(correct=0)}, due=["gone"], after=["gone"])
    assert [one.reason for one in found] == ["ready"] * 3
