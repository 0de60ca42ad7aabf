"""Orders: each item has one order only, and the diagrams or the prerequisites say which."""

import random
from functools import cache
from itertools import pairwise, permutations
from pathlib import Path

import pytest
from quiz_material import material

from knowledge import mermaid
from knowledge.vocabulary import LANGUAGES, Language
from tools.quiz.item import Item
from tools.quiz.text_diagram import Diagram, paths
from tools.quiz.text_ordering import prerequisites, steps


@cache
def drawn(language: Language) -> tuple[Item, ...]:
    return tuple(i for note in material().notes for i in steps(material(), note.id, language, random.Random(1)))


@cache
def built(language: Language) -> tuple[Item, ...]:
    return tuple(i for note in material().notes for i in prerequisites(material(), note.id, language, random.Random(1)))


def ordered(item: Item) -> list[str]:
    return [item.options[at] for at in item.key]


@pytest.mark.parametrize("language", LANGUAGES)
def test_of_all_orders_just_one_goes_along_every_arrow(language: Language) -> None:
    for item in drawn(language):
        citation = item.citations[0]
        text = Path(citation.path).read_bytes().decode()[citation.start : citation.end]
        chart = mermaid.parse("\n".join(text.split("\n")[1:-1]))
        label = {node: mermaid.plain(name) for node, name in chart.nodes.items()}
        arrows = {(label.get(e.source), label.get(e.target)) for e in chart.edges}
        assert all(pair in arrows for pair in pairwise(ordered(item)))
        inside = {(a, b) for a, b in arrows if a in item.options and b in item.options}
        fitting = [o for o in permutations(item.options) if all(o.index(str(a)) < o.index(str(b)) for a, b in inside)]
        assert [list(o) for o in fitting] == [ordered(item)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_of_all_orders_just_one_puts_every_prerequisite_first(language: Language) -> None:
    by_title = {note.title_in(language): note for note in material().notes}
    for item in built(language):
        notes = [by_title[title] for title in ordered(item)]
        assert all(before.id in after.prerequisites for before, after in pairwise(notes))
        needed = [(a, b) for a in notes for b in notes if a.id in b.prerequisites]
        fitting = [o for o in permutations(notes) if all(o.index(a) < o.index(b) for a, b in needed)]
        assert fitting == [tuple(notes)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_item_is_shown_in_its_right_order(language: Language) -> None:
    assert all(list(item.options) != ordered(item) for item in (*drawn(language), *built(language)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_steps_are_readable_and_no_questions(language: Language) -> None:
    for item in drawn(language):
        assert 4 <= len(item.options) <= 6 and len(set(item.options)) == len(item.options)
        assert all(0 < len(label) <= 60 and "?" not in label for label in item.options)


def chart(*edges: tuple[str, str]) -> Diagram:
    return Diagram("", 0, 0, "", edges, edges)


def test_a_chain_is_found() -> None:
    assert list(paths(chart(("a", "b"), ("b", "c"), ("c", "d")))) == [("a", "b", "c", "d")]


def test_three_steps_are_too_few() -> None:
    assert list(paths(chart(("a", "b"), ("b", "c")))) == []


def test_a_circle_has_no_order() -> None:
    assert list(paths(chart(("a", "b"), ("b", "c"), ("c", "d"), ("d", "a")))) == []


def test_steps_beside_each_other_stand_in_different_chains() -> None:
    found = set(paths(chart(("a", "b"), ("a", "x"), ("b", "c"), ("x", "c"), ("c", "d"))))
    assert found == {("a", "b", "c", "d"), ("a", "x", "c", "d")}


def test_a_long_chain_is_cut_to_six_steps() -> None:
    found = list(paths(chart(*pairwise("abcdefgh"))))
    assert all(len(path) == 6 for path in found) and tuple("abcdef") in found
