"""Prompts are data, strict about their variables."""

from string import Template

import pytest

from agents import prompt

TEXTS = [
    (name, key) for name in ("advisor", "desk", "judge", "researcher", "tools", "tutor") for key in prompt.load(name)
]


@pytest.mark.parametrize(("name", "key"), TEXTS, ids=[f"{name}.{key}" for name, key in TEXTS])
def test_every_prompt_renders_with_just_its_variables(name: str, key: str) -> None:
    variables = dict.fromkeys(Template(prompt.load(name)[key]).get_identifiers(), "{value} $5")
    text = prompt.render(name, key, **variables)
    assert text.count("{value} $5") == len(Template(prompt.load(name)[key]).get_identifiers())
    assert "${" not in text


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("manner", ["task", "guided"])
def test_tutor_has_a_task_for_each_manner_and_language(manner: str, language: str) -> None:
    text = prompt.render("tutor", f"{manner}_{language}", passages="PASSAGES", question="QUESTION")
    assert text.index("PASSAGES") < text.index("QUESTION")


def test_forgotten_variable_fails() -> None:
    with pytest.raises(KeyError, match="claim"):
        prompt.render("judge", "turn", passage="p")


def test_surplus_variable_fails() -> None:
    with pytest.raises(ValueError, match="colour"):
        prompt.render("judge", "turn", passage="p", claim="c", colour="red")


def test_unknown_prompt_fails() -> None:
    with pytest.raises(KeyError, match="nothing"):
        prompt.render("judge", "nothing")
