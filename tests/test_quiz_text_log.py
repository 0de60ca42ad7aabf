"""Logs to read: the key's signature stands in the log, and no other option's failure fits it."""

import random
import re
from functools import cache

import pytest
from quiz_material import material

from knowledge.note import Note
from knowledge.vocabulary import LANGUAGES, Language
from tools.quiz.item import Item
from tools.quiz.text_log import is_another, logs

PITFALLS = [note for note in material().notes if note.pitfall is not None]


@cache
def items(language: Language, seed: int = 1) -> tuple[Item, ...]:
    return tuple(item for note in PITFALLS for item in logs(material(), note.id, language, random.Random(seed)))


def has_signature(text: str, note: Note) -> bool:
    """Tell whether a signature stands in a text, told without the product's own matcher."""
    assert note.pitfall is not None
    for signature in note.pitfall.signatures:
        at, found = 0, True
        for part in signature.split("<*>"):
            place = text.lower().find(part.lower(), at)
            found, at = found and place >= 0, place + len(part)
        if found:
            return True
    return False


def pitfall_of(option: str, language: Language) -> Note:
    """Return the failure whose title or summary has an option's words."""
    bare = option.lower()
    return next(
        note for note in PITFALLS if bare == note.title_in(language).lower() or bare in note.summary[language].lower()
    )


def text(item: Item) -> str:
    assert item.exhibit is not None
    return item.exhibit.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_pitfall_has_a_log_to_read(language: Language) -> None:
    assert {item.concept for item in items(language)} == {note.id for note in PITFALLS}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_key_is_the_failure_whose_signature_stands_in_the_log(language: Language) -> None:
    for item in items(language):
        key = pitfall_of(item.options[item.key[0]], language)
        assert key.id == item.concept
        assert any(has_signature(line, key) for line in text(item).split("\n"))


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_wrong_option_is_a_failure_that_the_log_shows(language: Language, seed: int) -> None:
    for item in items(language, seed):
        for at, option in enumerate(item.options):
            if at not in item.key:
                other = pitfall_of(option, language)
                assert not any(has_signature(line, other) for line in text(item).split("\n")), (item.concept, other.id)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_two_options_belong_to_kindred_failures(seed: int) -> None:
    for item in items("en", seed):
        notes = [pitfall_of(option, "en") for option in item.options]
        assert len({note.id for note in notes}) == 4
        assert all(is_another(material(), one, other) for one in notes for other in notes if one is not other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("disk-full", "shared-memory-too-small"),
        ("shared-memory-too-small", "dataloader-worker-killed"),
        ("disk-full", "dataloader-worker-killed"),
        ("zero3-empty-weights", "size-mismatch-loading"),
        ("cuda-out-of-memory", "no-memory-for-kv-cache-blocks"),
        ("transformers-too-old-for-model", "aimv2-already-registered"),
        ("rate-limit-exceeded", "api-connection-refused"),
    ],
)
def test_these_failures_are_kin(one: str, other: str) -> None:
    notes = material().graph.notes
    assert not is_another(material(), notes[one], notes[other])
    assert not is_another(material(), notes[other], notes[one])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_log_does_not_say_the_key(language: Language) -> None:
    for item in items(language):
        key = item.options[item.key[0]]
        assert key.lower() not in text(item).lower()
        if item.fact.endswith(":remedy"):
            assert not [o for o in re.findall(r"--[a-z][\w-]+|\b[A-Z]+_[A-Z_]+\b", key) if o in text(item)]


def test_a_remedy_can_be_understood_without_the_failure_before_it() -> None:
    for item in items("en"):
        if item.fact.endswith(":remedy"):
            leaning = [o for o in item.options if re.match(r"\w+ (?:it|its|them|that process)\b", o)]
            assert leaning == [], leaning


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_log_is_short_enough_to_read(language: Language) -> None:
    for item in items(language):
        assert len(text(item).split("\n")) <= 8
        assert max(map(len, text(item).split("\n"))) <= 330
