"""What was understood of a task, as HTML: its goals, what matters, and each condition with the words it came from."""

from collections.abc import Callable, Mapping
from html import escape
from typing import Final, cast

from knowledge.vocabulary import Language
from tools.recommend.advice import Advice
from tools.recommend.constraints import Constraints, Said
from tools.recommend.task import goal_of
from tools.recommend.wording import load
from tools.recommend.wording import say as advise
from ui.advice_messages import named, say
from ui.advice_query import Choice
from ui.markdown import inline

_YES: Final = frozenset({"cpu_only", "offline", "no_docker"})  # their names say all
_TOOLS: Final = frozenset({"named", "used", "excluded"})

Titles = Callable[[str], str]  # the title of a note


def understood_html(
    advice: Advice, choice: Choice, titles: Titles, language: Language, *, is_read: bool = False
) -> str:
    """Return what was understood, with the way to take each condition away; `is_read`: a model reads the task now."""
    rows: list[tuple[str, str]] = []
    told = say("reading", language) if is_read else "" if advice.is_sure else say("guessed", language)
    guessed = f'<q class="guess" role="status">{escape(told)}</q>' if told else ""
    if advice.goals or guessed:
        goals = "".join(f"<li>{inline(advise(f'goal_{goal.name}', language))}</li>" for goal in advice.goals)
        rows.append((say("looking_for", language), f'<ul class="choose-goals">{goals}</ul>{guessed}'))
    if advice.needs:
        labels = ((str(load("needs")[need.name][language]), need.words) for need in advice.needs)
        needs = "".join(f"<li>{inline(label)} {_words(words, language)}</li>" for label, words in labels)
        rows.append((say("needs", language), f'<ul class="choose-needs">{needs}</ul>'))
    rows.append((say("conditions", language), _chips(advice.constraints, choice, titles, language)))
    if advice.unread:
        lines = "".join(f"<li>“{inline(words)}”</li>" for words in advice.unread)
        told = f"<q>{escape(say('unread_more', language))}</q>"
        rows.append((say("unread", language), f'<ul class="choose-unread">{lines}</ul>{told}'))
    listed = "".join(f"<div><dt>{escape(name)}</dt><dd>{html}</dd></div>" for name, html in rows)
    return f'<h3 tabindex="-1">{escape(say("understood", language))}</h3><dl class="choose-understood">{listed}</dl>'


def condition(name: str, constraints: Constraints, titles: Titles, language: Language) -> str:
    """Return a condition in words: "GPU: 2 × RTX 4090 (24 GB)"."""
    field, value = say(f"field_{name}", language), _value(name, constraints, titles, language)
    gap = ": " if language == "en" else "："
    return f"{field}{gap}{value}" if value else field


def shown(constraints: Constraints) -> Mapping[str, Said]:
    """Return the conditions that are worth a line: cards tell their kind themselves."""
    hidden = {"device"} if constraints.accelerators else set[str]()
    return {name: said for name, said in constraints.said.items() if name not in hidden}


def _chips(constraints: Constraints, choice: Choice, titles: Titles, language: Language) -> str:
    found = shown(constraints)
    reset = ""
    if choice.changes:
        address = escape(Choice(choice.task, {}, choice.compare).query())
        reset = f'<a class="choose-reset" href="{address}">{escape(say("reset", language))}</a>'
    if not found:
        return f'<p class="empty">{escape(say("no_conditions", language))}</p>{reset}'
    chips = (_chip(name, said, constraints, choice, titles, language) for name, said in found.items())
    return f'<ul class="choose-chips">{"".join(chips)}</ul>{reset}'


def _chip(name: str, said: Said, constraints: Constraints, choice: Choice, titles: Titles, language: Language) -> str:
    words = condition(name, constraints, titles, language)
    remove = escape(say("remove", language, name=words if language == "en" else f"“{words}”"))
    taken = [card.taken_for for card in constraints.accelerators if card.taken_for] if name == "accelerators" else []
    if said.words and taken:
        origin = f"<q>{inline(say('taken_for', language, words=said.words))}</q>"
    else:
        origin = _words(said.words, language)
    return (
        f'<li class="{said.strength}" data-name="{name}"><i>{escape(say(said.strength, language))}</i> '
        f"<b>{inline(words)}</b> {origin} "
        f'<a href="{escape(choice.without(name).query())}" aria-label="{remove}" title="{remove}">×</a></li>'
    )


def _words(words: str, language: Language) -> str:
    said = say("read_from", language, words=words) if words else say("set_by_you", language)
    return f"<q>{inline(said)}</q>"


def _value(name: str, constraints: Constraints, titles: Titles, language: Language) -> str:
    if name in _YES:
        return ""
    gap = ", " if language == "en" else "、"
    if name == "accelerators":
        return gap.join(
            say("cards", language, n=card.count, name=card.name, memory=card.memory_gb)
            for card in constraints.accelerators
        )
    value: object = getattr(constraints, name)
    if isinstance(value, tuple):
        parts = cast("tuple[str, ...]", value)
        if name == "tasks":
            return gap.join(dict.fromkeys(advise(f"goal_{goal_of(task)}", language) for task in parts))
        return gap.join(titles(one) if name in _TOOLS else named(one, language) for one in parts)
    if isinstance(value, int):
        return say("tokens", language, n=f"{value:,}") if name == "context" else f"{value:,}"
    return named(str(value), language)
