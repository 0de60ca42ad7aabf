"""Keys and wrong answers of graph items, worked out a second time from the note files themselves."""

import random
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from quiz_material import material

from knowledge.index import BUILT_IN
from knowledge.vocabulary import LANGUAGES, SYMMETRIC, Language
from tools.quiz import graph_description, graph_fix, graph_pair, graph_relation, graph_tool
from tools.quiz.item import Item

ONE_WAY = {"is_a", "part_of", "extends"}


@cache
def head(note: str) -> dict[str, Any]:
    (path,) = BUILT_IN.glob(f"*/{note}.md")
    return yaml.safe_load(path.read_text(encoding="utf-8").split("---\n")[1])


@cache
def whole_text(note: str) -> str:
    return "\n".join(p.read_text(encoding="utf-8") for p in sorted(BUILT_IN.glob(f"*/{note}*.md")) if stem(p) == note)


def stem(path: Path) -> str:
    return path.name.removesuffix(".md").removesuffix(".zh")


@cache
def all_notes() -> tuple[str, ...]:
    return tuple(p.stem for p in sorted(BUILT_IN.glob("*/*.md")) if not p.name.endswith(".zh.md"))


@cache
def edges() -> frozenset[tuple[str, str, str]]:
    found: set[tuple[str, str, str]] = set()
    for note in all_notes():
        for relation in head(note).get("relations") or []:
            found.add((relation["type"], note, relation["target"]))
            if relation["type"] in SYMMETRIC:
                found.add((relation["type"], relation["target"], note))
        found |= {("prerequisite", note, before) for before in head(note).get("prerequisites") or []}
    return frozenset(found)


@cache
def before(note: str) -> frozenset[str]:
    direct = head(note).get("prerequisites") or []
    return frozenset(direct).union(*(before(other) for other in direct))


@cache
def by_title(language: Language) -> dict[str, str]:
    return {head(note)["title"][language]: note for note in all_notes()}


@cache
def joined() -> frozenset[frozenset[str]]:
    return frozenset(frozenset(edge[1:]) for edge in edges())


@cache
def named(text_of: str, note: str) -> bool:
    names = [*head(note)["title"].values(), *(head(note).get("aliases") or [])]
    text = whole_text(text_of).split("---\n", 2)[2].lower()
    return any(re.search(rf"(?<![a-z0-9]){re.escape(name.lower())}(?![a-z0-9])", text) for name in names)


def made(make: Any) -> list[Item]:
    """Return all items of a maker: on every other note in English, on the others in Chinese."""
    return [
        item
        for number, note in enumerate(all_notes())
        for item in make(material(), note, LANGUAGES[number % 2], random.Random(note))
    ]


def holds(relation: str, source: str, target: str) -> bool:
    if relation == "prerequisite":
        return target in before(source)
    return (relation, source, target) in edges()


def must_not_hold(relation: str, source: str, target: str) -> None:
    """Assert that a relation is false by what the files say, not by their silence alone."""
    assert not holds(relation, source, target)
    if relation == "prerequisite" and source in before(target):
        return
    if relation in ONE_WAY and (relation, target, source) in edges():
        return
    apart = frozenset({source, target}) not in joined()
    assert apart and not named(source, target) and not named(target, source), (relation, source, target)


@pytest.mark.parametrize(
    "make",
    [graph_relation.make, graph_relation.make_order, graph_relation.make_several],
    ids=["one", "order", "several"],
)
def test_the_relation_holds_for_the_keys_and_for_no_other_option(make: Any) -> None:
    for item in made(make):
        relation, source, target = item.fact.split(":")
        outwards = item.concept == source
        for at, option in enumerate(item.options):
            note = by_title(item.language)[option]
            ends = (item.concept, note) if outwards else (note, item.concept)
            if at in item.key:
                assert holds(relation, *ends), item.fact
                assert "*" in (source, target) or ends == (source, target)
            else:
                must_not_hold(relation, *ends)


def test_a_statement_is_true_just_where_its_key_says_so() -> None:
    turned = swapped = true = 0
    for item in made(graph_relation.make_statement):
        relation, source, target = item.fact.split(":")
        if item.key == (0,):
            assert holds(relation, source, target)
            said = graph_relation.stated(material(), relation, source, target, item.language)
            assert said in item.stem
            true += 1
        elif graph_relation.stated(material(), relation, target, source, item.language) in item.stem:
            assert relation in ONE_WAY | {"prerequisite"} and not holds(relation, target, source)
            turned += 1
        else:
            (other,) = [
                note
                for note in all_notes()
                if graph_relation.stated(material(), relation, source, note, item.language) in item.stem
            ]
            must_not_hold(relation, source, other)
            swapped += 1
    assert min(turned, swapped) > 50 and 0.42 < true / (true + turned + swapped) < 0.58


def test_only_one_of_four_statements_is_not_turned_round() -> None:
    for item in made(graph_pair.make_turned):
        relation = item.fact.split(":")[0]
        said = {
            graph_relation.stated(material(), relation, source, target, item.language)
            for kind, source, target in edges()
            if kind == relation
        }
        assert [at for at, option in enumerate(item.options) if option in said] == list(item.key)


def test_each_pair_holds_and_no_other_pairing_does() -> None:
    for item in made(graph_pair.make_matching):
        relation = item.fact.split(":")[1]
        titles = by_title(item.language)
        for row, prompt in enumerate(item.prompts):
            for at, option in enumerate(item.options):
                if at == item.key[row]:
                    assert holds(relation, titles[prompt], titles[option])
                else:
                    must_not_hold(relation, titles[prompt], titles[option])


def filled(text: str, note: str, language: Language) -> bool:
    """Tell whether a text with blanks is made of a note's summary."""
    summary = re.sub(r"\s", "", head(note)["summary"][language])
    pieces = [re.escape(re.sub(r"\s", "", piece)) for piece in re.split(r"_{4}", text)]
    return re.fullmatch("(?:[Aa]n?)?" + ".*?".join(pieces).replace("VLLM", "vLLM"), summary) is not None


def test_a_description_is_the_summary_of_its_note_and_of_no_other() -> None:
    for item in made(graph_description.make):
        of = [n for n in all_notes() if any(filled(t, n, item.language) for t in texts_of(item))]
        if item.type == "single_choice" and item.stem.count(">"):
            key = by_title(item.language)[item.options[item.key[0]]]
            assert of == [key] == [item.concept]
        elif item.type == "single_choice":
            assert filled(item.options[item.key[0]], item.concept, item.language)
            assert len(of) == len(item.options)
        else:
            assert (of == [item.concept]) == (item.key == (0,)) and len(of) == 1


def texts_of(item: Item) -> list[str]:
    quoted = re.findall(r"(?m)^> (.+)$", item.stem)
    return quoted or list(item.options)


def test_each_description_to_match_is_the_summary_of_its_name() -> None:
    for item in made(graph_description.make_matching):
        for row, prompt in enumerate(item.prompts):
            fitting = [
                at for at, o in enumerate(item.options) if filled(o, by_title(item.language)[prompt], item.language)
            ]
            assert fitting == [item.key[row]]


def test_what_to_do_against_a_failure_stands_in_its_summary_and_in_that_of_no_related_one() -> None:
    for item in made(graph_fix.make):
        part, concept = item.fact.split(":")
        for at, option in enumerate(item.options):
            pieces = [piece.strip(" 。.").lower() for piece in option.split("____") if piece.strip(" 。.")]
            halves = {
                note: re.split("[;；]", head(note)["summary"][item.language], maxsplit=1)[part == "fix"].lower()
                for note in all_notes()
                if head(note)["kind"] == "pitfall" and re.search("[;；]", head(note)["summary"][item.language])
            }
            (owner,) = [note for note, half in halves.items() if all(spaceless(p) in spaceless(half) for p in pieces)]
            assert (owner == concept) == (at in item.key)
            if owner != concept:
                software = [{t for kind, s, t in edges() if s == n and kind == "occurs_in"} for n in (owner, concept)]
                assert not software[0] & software[1]


def spaceless(text: str) -> str:
    return re.sub(r"\s", "", text)


def test_a_licence_is_the_one_of_the_file_and_the_cited_sentence_names_it() -> None:
    licences = made(graph_tool.make_licence)
    assert len(licences) > 20
    for item in licences:
        assert item.options[item.key[0]] == head(item.concept)["tool"]["licence"]
        assert item.options[item.key[0]].split("-")[0] in item.citations[0].quote


def test_no_other_tool_of_an_item_shares_a_task_with_any_tool_made_for_the_asked_one() -> None:
    tasks = {note: set((head(note).get("tool") or {}).get("tasks") or []) for note in all_notes()}
    for item in made(graph_tool.make_task):
        task = item.fact.split(":")[2]
        rivals = set().union(*(t for t in tasks.values() if task in t))
        for at, option in enumerate(item.options):
            note = by_title(item.language)[option]
            assert (task in tasks[note]) == (at in item.key)
            assert at in item.key or not tasks[note] & rivals
