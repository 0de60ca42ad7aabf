import pytest

from knowledge.graph import Edge, Graph
from knowledge.library import build
from knowledge.note import Document, Link, Relation


def document(id: str, needs: str = "", **fields: object) -> Document:
    return Document.model_validate(
        {"path": f"/{id}.md", "own": True, "language": "en", "id": id, "title": {"en": f"The {id}"},
         "prerequisites": tuple(needs.split())} | fields
    )  # fmt: skip


@pytest.fixture
def graph() -> Graph:
    return Graph(build([
        document("root"),
        document("left", "root"),
        document("right", "root", relations=(Relation(type="uses", target="tool", note="always"),)),
        document("goal", "left right"),
        document("tool", links=(Link(source="the left", target="goal", label="feeds"),
                                Link(source="The left", target="x"), Link(source="goal", target="The goal"))),
    ]))  # fmt: skip


def test_edges_are_typed_and_known_from_both_ends(graph: Graph) -> None:
    edge = Edge("right", "tool", "uses", "always")
    assert edge in graph.edges_from("right")
    assert graph.edges_to("tool") == [edge]
    assert graph.edges_from("right", "prerequisite") == [Edge("right", "root", "prerequisite")]
    assert graph.edges_from("nowhere") == []


def test_an_arrow_between_known_names_is_an_edge(graph: Graph) -> None:
    assert graph.edges_from("left", "drawn") == [Edge("left", "goal", "drawn", "feeds")]
    assert graph.edges_to("goal", "drawn") == graph.edges_from("left", "drawn")


def test_neighbours_come_relations_first_and_arrows_last(graph: Graph) -> None:
    assert graph.neighbours("right") == ["tool", "root", "goal"]
    assert graph.neighbours("left") == ["root", "goal"]


def test_a_path_has_each_note_once_after_its_prerequisites_and_the_goal_last(graph: Graph) -> None:
    assert graph.path_to("goal") == ["root", "left", "right", "goal"]


@pytest.mark.parametrize(
    ("known", "path"),
    [
        (["root"], ["left", "right", "goal"]),
        (["left"], ["root", "right", "goal"]),
        (["goal"], []),
        (["stranger"], ["root", "left", "right", "goal"]),
    ],
)
def test_a_path_leaves_out_what_is_known(known: list[str], path: list[str], graph: Graph) -> None:
    assert graph.path_to("goal", known) == path


@pytest.mark.parametrize("known", [[], ["nowhere"]])
def test_a_path_to_an_unknown_goal_is_refused(known: list[str], graph: Graph) -> None:
    with pytest.raises(KeyError, match="nowhere"):
        graph.path_to("nowhere", known)
