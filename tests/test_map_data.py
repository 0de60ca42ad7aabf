import hashlib
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import ui
from agents.standing import PathStep
from knowledge.chart import chart
from knowledge.graph import Graph
from knowledge.library import build
from knowledge.note import Document, Relation
from knowledge.vocabulary import KINDS, RELATIONS, Language
from learner.attempt import Attempt
from learner.mastery import mastery
from ui.map_data import chart_data, path_data, standing_data
from ui.map_messages import LINES, kinds, line_of, lines, relations, words

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def graph() -> Graph:
    return Graph(build([
        Document(path="/a.md", own=False, language="en", id="a", title={"en": "The first", "zh": "第一"}, stage="inference",
                 summary={"en": "It comes first.", "zh": "它在最前。"}, aliases=("one",)),
        Document(path="/b.md", own=True, language="en", id="b", title={"en": "The second"}, stage="inference", kind="tool",
                 prerequisites=("a",), relations=(Relation(type="uses", target="a", note="always"),)),
    ]))  # fmt: skip


def answers(*right: bool, days_apart: float = 2.0, last_days_ago: float = 0.0) -> list[Attempt]:
    start = NOW - timedelta(days=last_days_ago + days_apart * (len(right) - 1))
    return [
        Attempt(f"{n}", "me", "a", correct, start + timedelta(days=n * days_apart), fact=f"{n}", score=float(correct))
        for n, correct in enumerate(right)
    ]


def test_a_note_is_told_in_the_readers_language_with_all_names_it_goes_by(graph: Graph) -> None:
    data = chart_data(graph, chart(graph), "zh")
    assert data["notes"][0]["title"] == "第一"
    assert data["notes"][0]["summary"] == "它在最前。"
    assert data["notes"][0]["names"] == ["The first", "第一", "one", "a"]
    assert data["notes"][1]["title"] == "The second"
    assert [note["own"] for note in data["notes"]] == [False, True]
    assert [stage["title"] for stage in data["stages"]] == ["推理"]


def test_a_prerequisite_leads_to_what_needs_it_and_a_relation_from_the_note_that_has_it(graph: Graph) -> None:
    assert chart_data(graph, chart(graph), "en")["edges"] == [
        [1, 0, "uses", "use", "always"], [0, 1, "prerequisite", "prerequisite", ""]
    ]  # fmt: skip


def test_the_same_chart_has_the_same_id_and_other_words_another(graph: Graph) -> None:
    assert chart_data(graph, chart(graph), "en")["id"] == chart_data(graph, chart(graph), "en")["id"]
    assert chart_data(graph, chart(graph), "en")["id"] != chart_data(graph, chart(graph), "zh")["id"]


@pytest.mark.parametrize(
    ("attempts", "state"),
    [
        pytest.param(answers(False), "begun", id="answered wrong"),
        pytest.param(answers(True), "begun", id="answered right once"),
        pytest.param(answers(True, True, True, True, True), "known", id="answered right over days"),
    ],
)
def test_a_standing_tells_how_far_a_concept_is_mastered(attempts: list[Attempt], state: str) -> None:
    value, told, _, count = standing_data({"a": mastery(attempts, NOW)}, NOW)["a"]
    assert (told, count) == (state, len(attempts))
    assert 0 <= value <= 1


def test_a_review_that_is_due_lies_in_the_past() -> None:
    fresh = standing_data({"a": mastery(answers(True, True), NOW)}, NOW)["a"]
    old = standing_data({"a": mastery(answers(True, True, last_days_ago=300), NOW)}, NOW)["a"]
    assert fresh[2] > 0 > old[2]


def test_a_path_is_whole_with_what_is_known_of_it(graph: Graph) -> None:
    missing = [PathStep("b", "The second", "inference", "new", 0.0, "")]
    assert path_data(graph, "b", missing) == {"goal": "b", "steps": [["a", "known"], ["b", "new"]]}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_kind_and_relation_has_its_words_and_a_line(language: Language) -> None:
    assert kinds(language).keys() == KINDS.keys()
    assert relations(language).keys() == {*RELATIONS, "drawn"}
    assert all(words(language).values())
    assert {line_of(type_) for type_ in [*RELATIONS, "drawn", "prerequisite"]} == LINES.keys() == lines(language).keys()


def test_every_kind_has_a_shape_in_the_pages_script() -> None:
    script = (Path(ui.__file__).parent / "map_element.js").read_text(encoding="utf-8")
    shapes = script.partition("const SHAPES = {")[2].partition("};")[0]
    assert set(re.findall(r"^  (\w+): \[", shapes, re.MULTILINE)) == KINDS.keys()


def test_what_others_made_is_what_its_list_says() -> None:
    folder = Path(ui.__file__).parent / "vendor"
    listed = dict(
        re.findall(r"^\| `([^`]+)` \|.*`([0-9a-f]{64})` \|$", (folder / "README.md").read_text("utf-8"), re.M)
    )
    assert {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.iterdir()
        if file.name != "README.md"
    } == listed
    assert "cytoscape.min.js" in listed
