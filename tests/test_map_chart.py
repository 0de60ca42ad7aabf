from itertools import combinations

import pytest

from knowledge.chart import CELL_HEIGHT, CELL_WIDTH, Chart, Place, chart
from knowledge.graph import Graph
from knowledge.index import Index
from knowledge.library import build
from knowledge.note import Document, Relation
from knowledge.vocabulary import STAGES


def document(id: str, stage: str, needs: str = "", uses: str = "") -> Document:
    return Document(
        path=f"/{id}.md", own=True, language="en", id=id, title={"en": id}, stage=stage, prerequisites=tuple(needs.split()),
        relations=tuple(Relation(type="uses", target=target) for target in uses.split()),
    )  # fmt: skip


def graph_of(*documents: Document) -> Graph:
    return Graph(build(documents))


@pytest.fixture(scope="module")
def all_notes(built_in: Index) -> Graph:
    return Graph(built_in.library)


@pytest.fixture(scope="module")
def charted(all_notes: Graph) -> Chart:
    return chart(all_notes)


def test_stages_stand_from_left_to_right_in_the_order_they_are_learned(charted: Chart) -> None:
    assert [region.stage for region in charted.regions] == list(STAGES)
    rights = [region.left + region.width for region in charted.regions]
    assert all(right < following.left for right, following in zip(rights, charted.regions[1:], strict=False))


def test_every_note_stands_in_the_region_of_its_stage(charted: Chart, all_notes: Graph) -> None:
    assert charted.places.keys() == all_notes.notes.keys()
    regions = {region.stage: region for region in charted.regions}
    for note in all_notes.notes.values():
        place, region = charted.places[note.id], regions[note.stage]
        assert region.left < place.x < region.left + region.width
        assert 0 <= place.y < region.height


def test_what_comes_first_stands_above_what_needs_it_within_a_stage(charted: Chart, all_notes: Graph) -> None:
    pairs = [
        (needed, note.id)
        for note in all_notes.notes.values()
        for needed in note.prerequisites
        if all_notes.notes[needed].stage == note.stage
    ]
    assert len(pairs) > 100
    assert [pair for pair in pairs if charted.places[pair[0]].y >= charted.places[pair[1]].y] == []


def test_no_two_notes_lie_on_each_other(charted: Chart) -> None:
    for one, other in combinations(charted.places.values(), 2):
        across, down = abs(one.x - other.x) * CELL_WIDTH, abs(one.y - other.y) * CELL_HEIGHT
        assert across >= 80 or down >= 60


def test_the_chart_has_the_shape_of_a_window(charted: Chart) -> None:
    last = charted.regions[-1]
    width = (last.left + last.width) * CELL_WIDTH
    height = max(region.height for region in charted.regions) * CELL_HEIGHT
    assert 1.1 < width / height < 2.1


def test_notes_stand_nearer_to_what_they_are_tied_to_than_in_the_order_of_their_names(
    charted: Chart, all_notes: Graph
) -> None:
    in_order: dict[str, Place] = {}
    for region in charted.regions:
        ids = sorted(note.id for note in all_notes.notes.values() if note.stage == region.stage)
        slots = sorted((charted.places[id] for id in ids), key=lambda place: (place.y, place.x))
        in_order |= dict(zip(ids, slots, strict=True))
    assert _crossings(charted.places, all_notes) < 0.75 * _crossings(in_order, all_notes)


def test_the_same_notes_give_the_same_chart_whatever_their_order() -> None:
    documents = [
        document("a", "inference"), document("b", "inference", "a"), document("c", "inference", "a", uses="d"),
        document("d", "application", "c"),
    ]  # fmt: skip
    assert chart(graph_of(*documents)) == chart(graph_of(*documents))
    assert chart(graph_of(*documents)).places == chart(graph_of(*reversed(documents))).places


def test_notes_of_no_stage_and_of_ones_own_stages_come_last() -> None:
    charted = chart(graph_of(document("mine", "cooking"), document("loose", ""), document("a", "inference")))
    assert [region.stage for region in charted.regions] == ["inference", "cooking", ""]


def test_a_long_chain_goes_down_step_by_step() -> None:
    links = [document(f"n{n:02}", "inference", f"n{n - 1:02}" if n else "") for n in range(30)]
    places = chart(graph_of(*links)).places
    assert [places[f"n{n:02}"].y for n in range(30)] == [float(n) for n in range(30)]


def test_there_is_a_chart_of_nothing() -> None:
    assert chart(graph_of()) == Chart({}, [])


def _crossings(places: dict[str, Place] | object, graph: Graph) -> int:
    """Counts how often the lines of prerequisites cross."""
    assert isinstance(places, dict)
    lines = [(places[note.id], places[needed]) for note in graph.notes.values() for needed in note.prerequisites]

    def side(a: Place, b: Place, c: Place) -> float:
        return (c.y - a.y) * (b.x - a.x) - (b.y - a.y) * (c.x - a.x)

    return sum(
        side(a, b, p) * side(a, b, q) < 0 and side(p, q, a) * side(p, q, b) < 0
        for (a, b), (p, q) in combinations(lines, 2)
    )
