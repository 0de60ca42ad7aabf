"""The link to the Choose page keeps all that is set, and gives the advisor what it takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.recommend.constraints import Constraints, corrected
from ui.advice_query import FIELDS, Choice, cards_of, from_query, split_cards

_WORDS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)


@given(_WORDS, st.dictionaries(st.sampled_from(FIELDS), _WORDS | st.just("")), st.lists(_WORDS, max_size=4))
def test_a_link_leads_back_to_what_was_set(task: str, changes: dict[str, str], names: list[str]) -> None:
    compare = tuple(dict.fromkeys(name for name in names if "," not in name)) or None
    choice = Choice(task, changes, compare)
    assert from_query(choice.query()) == choice


@pytest.mark.parametrize(
    ("query", "arguments"),
    [
        ("gpu=RTX+4090", {"gpu": "1x RTX 4090"}),
        ("gpu=2x+RTX+4090", {"gpu": "2x RTX 4090"}),
        ("gpu=2+%C3%97+T4", {"gpu": "2x T4"}),
        ("gpu=16gb+x+card", {"gpu": "1x 16gb x card"}),
        ("gpu=", {"gpu": ""}),
        ("gpu=CPU", {"gpu": "", "cpu_only": True}),
        ("gpu=cpu&cpu_only=", {"gpu": "", "cpu_only": True}),
        ("offline=yes&where=own", {"offline": True, "place": "own"}),
        ("users=1,000&context=0&items=many", {"users": 1000, "context": 0, "items": 0}),
        ("licence=MIT&code=no+python&tasks=", {"licence": ("MIT",), "language": "no python", "tasks": ()}),
    ],
)
def test_what_a_link_sets_is_what_the_advisor_takes(query: str, arguments: dict[str, object]) -> None:
    assert from_query(f"?place=choose&{query}").arguments() == arguments


def test_taking_a_condition_away_leaves_the_others() -> None:
    choice = Choice("x", {"accelerators": "cpu", "system": "linux"})
    assert choice.without("system").arguments() == {"gpu": "", "cpu_only": True, "system": ""}
    assert choice.without("cpu_only").arguments() == {"cpu_only": False, "system": "linux"}


@pytest.mark.parametrize(
    ("changes", "shown"), [({"gpu": "2x RTX 4090"}, "2x RTX 4090"), ({"cpu_only": True}, "cpu"), ({}, "")]
)
def test_cards_are_written_as_they_are_read(changes: dict[str, object], shown: str) -> None:
    assert cards_of(corrected(Constraints(), **changes)) == shown


def test_a_number_of_cards_is_told_from_a_name() -> None:
    assert [split_cards(text) for text in ("8x H100 SXM", "RTX 4090", "")] == [
        ("8", "H100 SXM"),
        ("1", "RTX 4090"),
        ("1", ""),
    ]
