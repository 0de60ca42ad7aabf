"""The form of the Choose page: the task, and the conditions that correct what was read from it.

The form is laid out once for each language; the page's script fills it with the values that come with an answer.
"""

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final, cast

from knowledge.vocabulary import TASKS, Language
from tools.calculators import accelerator, model_catalogue
from tools.recommend.constraints import CHOICES, Constraints
from tools.recommend.task import goal_of
from tools.recommend.wording import say as advise
from ui.advice_messages import named, say
from ui.advice_query import Choice, cards_of, split_cards
from ui.intro import intro_html

EXAMPLES: Final = ("serve", "windows", "local")
_LISTS: Final = ("system", "licence", "place", "offline", "budget", "language", "skill", "format")


def task_html(language: Language) -> str:
    """Return where the task is entered, with tasks to begin with."""
    label, hint = escape(say("task", language)), escape(say("placeholder", language))
    examples = "".join(
        f'<li><a href="{escape(Choice(text).query())}">{escape(text)}</a></li>'
        for text in (say(f"example_{key}", language) for key in EXAMPLES)
    )
    return (
        f"{intro_html(say, language)}"
        f'<form id="choose-form" autocomplete="off"><label for="choose-task">{label}</label><div class="asking">'
        f'<textarea id="choose-task" data-field="task" rows="2" maxlength="4000" placeholder="{hint}" '
        f'spellcheck="false"></textarea>'
        f'<button type="submit" class="choose-main">{escape(say("answer", language))}</button></div></form>'
        f'<div class="choose-examples examples"><span>{escape(say("examples", language))}</span>'
        f"<ul>{examples}</ul></div>"
    )


def conditions_html(language: Language) -> str:
    """Return the fields that set or correct conditions."""
    fields = [_task(language), _cards(language), _named("model", model_catalogue.names(), language)]
    fields += [_list(name, language) for name in _LISTS]
    return (
        f'<details id="choose-conditions"><summary>{escape(say("correct", language))}</summary>'
        f'<p class="quiz-note">{escape(say("correct_note", language))}</p>'
        f'<div class="choose-fields">{"".join(fields)}</div></details>'
    )


def values(choice: Choice, constraints: Constraints | None) -> str:
    """Return what the fields show, as JSON: what was understood, and over it what the reader has set."""
    found: dict[str, str] = dict.fromkeys(("accelerators", "model", *_LISTS), "")
    if constraints is not None:
        found = {name: _shown(getattr(constraints, name)) for name in found}
        found["accelerators"] = cards_of(constraints)
    found["tasks"] = ""  # what was understood stands above the form
    found |= {name: text for name, text in choice.changes.items() if name in found}
    count, name = split_cards(found["accelerators"])
    return json.dumps({**found, "accelerators": name, "count": count, "task": choice.task}, ensure_ascii=False)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, tuple):
        return next(iter(cast("tuple[str, ...]", value)), "")
    return str(value or "")


def _cards(language: Language) -> str:
    count = escape(say("count", language))
    number = f'<input data-field="count" type="number" min="1" max="1024" value="1" aria-label="{count}">'
    hint = escape(say("gpu_hint", language))
    typed = f'<input data-field="accelerators" type="text" list="choose-gpus" placeholder="{hint}" spellcheck="false">'
    suggested = _suggestions("choose-gpus", accelerator.names())
    return (
        f'<div class="choose-field"><label><span>{escape(say("field_accelerators", language))}</span>{typed}</label>'
        f'<span class="times" aria-hidden="true">×</span>{number}{suggested}</div>'
    )


def _named(name: str, names: Sequence[str], language: Language) -> str:
    return (
        f'<div class="choose-field"><label><span>{escape(say(f"field_{name}", language))}</span>'
        f'<input data-field="{name}" type="text" list="choose-{name}s" spellcheck="false"></label>'
        f"{_suggestions(f'choose-{name}s', names)}</div>"
    )


def _task(language: Language) -> str:
    goals: dict[str, str] = {}
    for task in TASKS:  # the first task of a goal stands for it
        goals.setdefault(goal_of(task), task)
    labels = {task: advise(f"goal_{goal}", language) for goal, task in goals.items()}
    return _select("tasks", say("as_understood", language), labels, language)


def _list(name: str, language: Language) -> str:
    if name not in CHOICES:
        return _select(name, say("any", language), {"yes": say("yes", language)}, language)
    labels = {value: named(value, language) for value in CHOICES[name]}
    return _select(name, say("any", language), labels, language)


def _select(name: str, empty: str, labels: Mapping[str, str], language: Language) -> str:
    offered = "".join(f'<option value="{escape(value)}">{escape(label)}</option>' for value, label in labels.items())
    return (
        f'<div class="choose-field"><label><span>{escape(say(f"field_{name}", language))}</span>'
        f'<select data-field="{name}"><option value="">{escape(empty)}</option>{offered}</select></label></div>'
    )


def _suggestions(name: str, suggested: Sequence[str]) -> str:
    offered = "".join(f'<option value="{escape(one)}"></option>' for one in suggested)
    return f'<datalist id="{name}">{offered}</datalist>'
