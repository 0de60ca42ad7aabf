"""Commands to read: what is shown has the option or is the command, and nothing offered does nearly the same."""

import random
from functools import cache
from itertools import combinations

import pytest
from quiz_material import material

from knowledge.vocabulary import LANGUAGES, Language
from tools.quiz.item import Item
from tools.quiz.text_command import are_different as purposes_differ
from tools.quiz.text_command import commands, uses
from tools.quiz.text_flag import are_different as flags_differ
from tools.quiz.text_flag import flags, has_flag, is_used, known_flags, saying
from tools.quiz.wording import load, say


@cache
def on_flags(language: Language) -> tuple[Item, ...]:
    return tuple(i for note in material().notes for i in flags(material(), note.id, language, random.Random(1)))


@cache
def on_commands(language: Language) -> tuple[Item, ...]:
    return tuple(i for note in material().notes for i in commands(material(), note.id, language, random.Random(1)))


def flag_of(option: str, language: Language) -> set[str]:
    return {flag for flag in known_flags() if say("text_flag", flag, language) == option}


def shown(item: Item) -> str:
    assert item.exhibit is not None
    return item.exhibit.text


def test_every_option_that_we_know_is_told_of_in_a_note() -> None:
    untold = [flag for flag in known_flags() for language in LANGUAGES if not saying(material(), flag, language)]
    assert untold == []


def test_every_option_that_we_know_is_asked_for_somewhere() -> None:
    asked = {item.fact.split(":", 1)[1] for item in on_flags("en")}
    assert set(known_flags()) - asked == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_option_stands_in_the_command_and_in_the_cited_sentence(language: Language) -> None:
    for item in on_flags(language):
        flag = item.fact.split(":", 1)[1]
        assert has_flag(shown(item), flag)
        cited = item.citations[0].quote
        assert has_flag(cited, flag) or has_flag(cited, flag.replace("PYTORCH_ALLOC", "PYTORCH_CUDA_ALLOC"))
        assert flag in flag_of(item.options[item.key[0]], language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_options_offered_do_nearly_the_same(language: Language) -> None:
    for item in on_flags(language):
        told = [flag_of(option, language) for option in item.options]
        for one, other in combinations(told, 2):
            assert all(flags_differ(a, b) for a in one for b in other), item.options


def test_the_key_of_an_option_is_not_said_of_another_one_in_the_same_command() -> None:
    for item in on_flags("en"):
        key = item.fact.split(":", 1)[1]
        for at, option in enumerate(item.options):
            assert (at in item.key) == (key in flag_of(option, "en"))


@pytest.mark.parametrize(
    ("command", "flag", "used"),
    [
        ("llama-server -m model.gguf -c 32768", "-c", True),
        ("python -c 'import torch'", "-c", False),
        ("curl -s http://localhost:8000", "-s", False),
        ("unset PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF", False),
        ("vllm serve M --max-model-len 32000", "--max-model-len", True),
        ("vllm serve M --max-model-length 32000", "--max-model-len", False),
    ],
)
def test_an_option_is_known_by_the_program_beside_it(command: str, flag: str, *, used: bool) -> None:
    assert is_used(command, flag) is used


def test_every_command_that_we_know_still_stands_in_its_note() -> None:
    assert {use.key for use in uses(material())} == {key for key in load("text_command") if "|" in key}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_command_stands_in_the_cited_block_and_its_purpose_is_the_key(language: Language) -> None:
    known = {use.key: use for use in uses(material())}
    for item in on_commands(language):
        use = known[item.fact.split(":", 1)[1]]
        assert shown(item) == use.command
        assert use.command.split("\n")[0] in item.citations[0].quote
        assert item.options[item.key[0]] == say("text_command", use.key, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_purposes_offered_are_nearly_the_same(language: Language) -> None:
    by_text = {say("text_command", use.key, language): use for use in uses(material())}
    for item in on_commands(language):
        assert all(purposes_differ(by_text[a], by_text[b]) for a, b in combinations(item.options, 2))


@pytest.mark.parametrize("name", ["text_cloze", "text_ordering", "text_short", "text_log", "text_command", "text_flag"])
def test_every_text_is_there_in_both_languages_with_the_same_variables(name: str) -> None:
    for key, texts in load(name).items():
        assert set(texts) == {"en", "zh"}, key
        assert texts["en"].count("$") == texts["zh"].count("$"), key
