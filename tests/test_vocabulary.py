import re
from collections.abc import Mapping
from pathlib import Path

import pytest

import knowledge
from knowledge import vocabulary
from knowledge.frontmatter import Head, Values, read

FORMAT = (Path(knowledge.__file__).parent / "FORMAT.md").read_text("utf-8")


@pytest.mark.parametrize("name", ["STAGES", "KINDS", "RELATIONS", "TASKS", "RUNS_ON", "PLATFORMS"])
def test_each_term_is_well_formed_and_has_a_meaning_of_its_own(name: str) -> None:
    terms: Mapping[str, str] = getattr(vocabulary, name)
    assert all(re.fullmatch(r"[a-z]+([-_][a-z]+)*", term) for term in terms)
    assert all(meaning.strip() and meaning != term for term, meaning in terms.items())
    assert len(set(terms.values())) == len(terms)


def test_symmetric_relations_are_relations_that_say_so() -> None:
    assert {term for term, meaning in vocabulary.RELATIONS.items() if "(symmetric)" in meaning} == vocabulary.SYMMETRIC


def test_the_example_of_the_format_is_a_valid_and_complete_head() -> None:
    example = re.search(r"```yaml\n(---\n.*?---\n)```", FORMAT, re.DOTALL)
    assert example is not None
    head = read(example[1], own=False)
    assert isinstance(head, Head), head
    assert head.given == set(Values.model_fields)


def test_every_note_folder_is_a_stage() -> None:
    notes = Path(knowledge.__file__).parent / "notes"
    assert {folder.name for folder in notes.iterdir() if folder.is_dir()} == set(vocabulary.STAGES)
