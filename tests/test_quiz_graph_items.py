"""Items of the graph over all built-in notes: valid, alike in form, varied, and the same for the same seed."""

import random
import re
from collections import Counter, defaultdict
from functools import cache
from itertools import islice
from pathlib import Path

import pytest
from quiz_material import material

from knowledge.vocabulary import LANGUAGES, Language
from tools.quiz.graph import MAKERS
from tools.quiz.item import Item, from_record, record

CHI_SQUARED = {1: 10.83, 2: 13.82, 3: 16.27, 4: 18.47}  # by degrees of freedom, exceeded by chance once in 1000


@cache
def text_of(path: str) -> str:
    return Path(path).read_text(encoding="utf-8")


def drawn(note: str, language: Language, seed: int = 0, most: int = 5) -> list[Item]:
    return [
        item
        for number, make in enumerate(MAKERS)
        for item in islice(make(material(), note, language, random.Random(f"{note}{number}{seed}")), most)
    ]


@cache
def items(language: Language) -> tuple[Item, ...]:
    return tuple(item for note in material().notes for item in drawn(note.id, language))


@pytest.fixture(params=LANGUAGES)
def all_items(request: pytest.FixtureRequest) -> tuple[Item, ...]:
    return items(request.param)


def test_every_note_yields_at_least_four_facts_in_three_types(all_items: tuple[Item, ...]) -> None:
    facts: dict[str, set[str]] = defaultdict(set)
    types: dict[str, set[str]] = defaultdict(set)
    for item in all_items:
        facts[item.concept].add(item.fact)
        types[item.concept].add(item.type)
    poor = [note.id for note in material().notes if len(facts[note.id]) < 4 or len(types[note.id]) < 3]
    assert poor == []


def test_an_item_is_complete(all_items: tuple[Item, ...]) -> None:
    for item in all_items:
        assert item.origin == "graph"
        assert item.stem and item.explanation and item.citations and item.checks, item.fact
        assert len(set(item.options)) == len(item.options) >= 2, item.fact
        assert all(0 <= at < len(item.options) for at in item.key), item.fact
        if item.type == "matching":
            assert sorted(item.key) == list(range(4)) and len(set(item.prompts)) == 4
        elif item.type == "multiple_choice":
            assert 2 <= len(item.key) < len(item.options) and list(item.key) == sorted(item.key)
        else:
            assert len(item.key) == 1
        wrong = [o for at, o in enumerate(item.options) if at not in item.key]
        assert all(item.misconception_of(option) for option in wrong), item.fact
        assert from_record(record(item)) == item


def test_an_item_is_in_the_language_asked_for() -> None:
    assert all(re.search(r"[\u4e00-\u9fff]", item.stem + item.explanation) for item in items("zh"))
    chinese = [
        i.stem for i in items("en") if re.search(r"[\u4e00-\u9fff，。；：？]", "".join([i.stem, *i.options, *i.hints]))
    ]
    assert chinese == []
    glued = [i.stem for i in items("zh") if re.search(r"[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u4e00-\u9fff]", i.stem)]
    assert glued == []


def test_a_citation_is_the_exact_span_of_its_file(all_items: tuple[Item, ...]) -> None:
    for item in all_items:
        assert [citation.n for citation in item.citations] == list(range(1, len(item.citations) + 1))
        for citation in item.citations:
            assert text_of(citation.path)[citation.start : citation.end] == citation.quote


def test_the_stem_does_not_have_the_key_in_it(all_items: tuple[Item, ...]) -> None:
    given = [
        (item.stem, option)
        for item in all_items
        if item.type in {"single_choice", "multiple_choice"}
        for option in (item.options[at] for at in item.key)
        if re.search(rf"(?<![\w-]){re.escape(option.lower())}(?![\w-])", item.stem.lower())
    ]
    assert given == []


@pytest.mark.parametrize("item_type", ["single_choice", "true_false", "multiple_choice"])
def test_the_key_is_at_each_place_equally_often(item_type: str, all_items: tuple[Item, ...]) -> None:
    for size in (2, 4, 5):
        chosen = [i for i in all_items if i.type == item_type and len(i.options) == size]
        if len(chosen) < 100:
            continue
        counts = Counter(at for item in chosen for at in item.key)
        expected = sum(counts.values()) / size
        chi = sum((counts[at] - expected) ** 2 / expected for at in range(size))
        assert chi < CHI_SQUARED[size - 1], counts


def test_the_key_is_not_to_be_told_by_its_length(all_items: tuple[Item, ...]) -> None:
    chosen = [i for i in all_items if i.type == "single_choice"]
    ranks = Counter(sorted(map(len, i.options)).index(len(i.options[i.key[0]])) for i in chosen)
    longest = sum(len(i.options[i.key[0]]) == max(map(len, i.options)) for i in chosen) / len(chosen)
    shortest = ranks[0] / len(chosen)
    assert 0.15 < longest < 0.36 and 0.15 < shortest < 0.36


def test_the_wrong_options_are_of_the_same_kinds_as_the_right_ones(all_items: tuple[Item, ...]) -> None:
    notes = material().graph.notes
    form = {"tool": "software", "platform": "software", "project": "software", "pitfall": "failure"}
    titles = {note.title_in(language): form.get(note.kind, "idea") for note in notes.values() for language in LANGUAGES}
    for item in all_items:
        if item.type in {"single_choice", "multiple_choice"} and all(option in titles for option in item.options):
            right = {titles[item.options[at]] for at in item.key}
            wrong = {titles[option] for at, option in enumerate(item.options) if at not in item.key}
            assert wrong <= right, item.stem


@pytest.mark.parametrize("note", ["vllm", "neural-network", "cuda-out-of-memory", "perplexity", "qwen"])
def test_the_same_seed_gives_the_same_items_and_another_one_others(note: str) -> None:
    for language in LANGUAGES:
        assert drawn(note, language, 1) == drawn(note, language, 1)
        assert drawn(note, language, 1) != drawn(note, language, 2)


def test_a_fact_is_the_same_in_both_languages() -> None:
    english, chinese = ({item.fact for item in items(language)} for language in LANGUAGES)
    shared = len(english & chinese) / len(english | chinese)
    assert shared > 0.8 and all(fact.isascii() for fact in english | chinese)


def test_an_item_of_one_template_and_fact_keeps_its_id_whatever_the_distractors() -> None:
    first = {item.fact: item for item in drawn("paged-attention", "en", 1, 50)}
    again = [item for item in drawn("paged-attention", "en", 2, 50) if item.fact in first]
    same = [item for item in again if item.id == first[item.fact].id]
    assert same and any(item.options != first[item.fact].options for item in same)


def test_a_reason_for_true_or_false_has_terms_that_the_statement_does_not_say(all_items: tuple[Item, ...]) -> None:
    judged = [item for item in all_items if item.type == "true_false"]
    with_points = [item for item in judged if item.points]
    assert len(with_points) > 0.9 * len(judged)
    for item in with_points:
        for point in item.points:
            assert point.text and all(group for group in point.terms)
