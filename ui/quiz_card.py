"""The card of one item as HTML: where it stands, what it shows, what is entered. No key is on it before the answer."""

import re
from collections.abc import Callable, Sequence
from html import escape
from typing import Final

from knowledge.vocabulary import Language
from tools.quiz.item import Item, ItemType
from tools.quiz.response import LETTERS
from ui.quiz_messages import level_name, say, type_name
from ui.quiz_response import LONGEST
from ui.quiz_sitting import Place, View

_CODE: Final = re.compile(r"`([^`\n]+)`")
_PROMPTS: Final[dict[ItemType, str]] = {"multiple_choice": "choose_several"}


def words(text: str) -> str:
    """Return a text of a note as HTML on one line: nothing in it runs, and `code` is shown as code."""
    return _CODE.sub(r"<code>\1</code>", escape(" ".join(text.split())))


def head_html(view: View, language: Language) -> str:
    """Return where the reader is in the quiz."""
    total = len(view.places)
    now = min(view.at + 1, total)
    count = say("count", language, n=now, of=total)
    return (
        f'<div class="quiz-now" data-quiz="{view.id}" data-at="{view.at}" data-state="{_state(view)}">'
        f'<div class="quiz-where"><span class="quiz-topic">{words(view.quiz.topic or say("whole", language))}</span>'
        f'<span class="quiz-count" aria-label="{escape(count)}">{now} / {total}</span></div>'
        f'<div class="quiz-bar" role="progressbar" aria-valuemin="0" aria-valuemax="{total}" '
        f'aria-valuenow="{len(view.answered)}" aria-label="{escape(count)}">{_segments(view)}</div></div>'
    )


def chips_html(item: Item, language: Language) -> str:
    """Return what kind of item this is. Its concept may be the answer, and is not said."""
    names = [type_name(item.type, language), level_name(item.level, language)]
    if item.origin == "model":
        names.append(say("origin_model", language))
    return '<div class="chips">' + "".join(f"<span>{words(name)}</span>" for name in names) + "</div>"


def form_html(view: View, language: Language) -> str:
    """Return what the item shows beside its stem, and what is entered, or after the answer what was."""
    place = view.place
    shown = _exhibit(place.item, language)
    if place.outcome is not None:
        return shown + answered_html(place, language)
    prompt = say(_PROMPTS.get(place.item.type, "form_label"), language)
    told = "" if place.item.type in _PROMPTS else ' class="unseen"'  # else the question itself says it
    return (
        f'{shown}<form class="answer" data-type="{place.item.type}" autocomplete="off">'
        f'<fieldset tabindex="-1"><legend{told}>{escape(prompt)}</legend>'
        f"{_ENTRIES[place.item.type](place.item, language)}</fieldset></form>"
    )


def hints_html(place: Place, language: Language) -> str:
    """Return the hints that have been asked for."""
    if not place.hints or place.outcome is not None:
        return ""
    lines = "".join(f"<li>{words(hint)}</li>" for hint in place.item.hints[: place.hints])
    return f'<ul class="hints">{lines}</ul><p class="quiz-note">{escape(say("hints_used", language))}</p>'


def actions_html(view: View, language: Language) -> str:
    """Return the buttons below an item that is open."""
    place = view.place
    if place.outcome is not None:
        return ""
    hints = len(place.item.hints)
    hint = ""
    if place.hints < hints:
        label = say("hint_left", language, n=place.hints + 1, of=hints) if hints > 1 else say("hint", language)
        hint = f'<button type="button" class="plain" data-do="hint" aria-keyshortcuts="h">{escape(label)}</button>'
    return (
        '<div class="quiz-actions"><button type="button" class="main" data-do="answer" aria-keyshortcuts="Enter">'
        f'{escape(say("check", language))}</button>{hint}<button type="button" class="plain" data-do="pass">'
        f"{escape(say('dont_know', language))}</button>"
        f'<p class="quiz-incomplete" role="alert" hidden>{escape(say("incomplete", language))}</p></div>'
        f"{_keys(place.item, language)}"
    )


def answered_html(place: Place, language: Language) -> str:
    """Return what was entered beside the key."""
    item, given = place.item, place.given
    chosen = given.chosen if given is not None else ()
    match item.type:
        case "single_choice" | "multiple_choice" | "true_false" | "reading":
            reason = f'<p class="reason">{escape(given.text)}</p>' if given is not None and given.text else ""
            return f'<ul class="options">{_judged(item, chosen, language)}</ul>{reason}'
        case "matching":
            return f'<ul class="pairs">{_matched(item, chosen, language)}</ul>'
        case "ordering":
            return f'<ol class="order">{_ordered(item, chosen, language)}</ol>'
        case "cloze" | "numeric" | "short_answer":
            return _written(place, language)


def _state(view: View) -> str:
    if view.is_done:
        return "done"
    return "open" if view.place.outcome is None else "answered"


def _segments(view: View) -> str:
    def kind(at: int, place: Place) -> str:
        if place.outcome is None:
            return "now" if at == view.at else ""
        return "right" if place.outcome.grade.correct else "wrong"

    return "".join(f'<i class="{kind(at, place)}"></i>' for at, place in enumerate(view.places))


def _exhibit(item: Item, language: Language) -> str:
    if item.exhibit is None or item.exhibit.kind == "plot":
        return ""
    title = escape(say(f"exhibit_{item.exhibit.kind}", language))
    return (
        f'<figure class="exhibit {item.exhibit.kind}"><figcaption>{title}</figcaption>'
        f'<pre tabindex="0"><code>{escape(item.exhibit.text)}</code></pre></figure>'
    )


# --- entering -------------------------------------------------------------------------------------------------------


def _choices(kind: str, item: Item) -> str:
    return '<div class="options">' + "".join(
        f'<label class="option"><input type="{kind}" name="choice" value="{at}"><b class="letter">{LETTERS[at]}</b>'
        f"<span>{words(option)}</span></label>"
        for at, option in enumerate(item.options)
    ) + "</div>"  # fmt: skip


def _one(item: Item, _: Language) -> str:
    return _choices("radio", item)


def _several(item: Item, _: Language) -> str:
    return _choices("checkbox", item)


def _truth(item: Item, language: Language) -> str:
    label = escape(say("reason", language))
    return (
        _choices("radio", item) + f'<label class="field"><span>{label}</span>'
        f'<textarea class="text" rows="2" maxlength="{LONGEST}"></textarea></label>'
    )


def _line(_: Item, language: Language) -> str:
    label = escape(say("form_label", language))
    return f'<input class="text" type="text" maxlength="200" aria-label="{label}" spellcheck="false">'


def _number(item: Item, language: Language) -> str:
    unit = item.quantity.unit if item.quantity is not None else ""
    label = escape(say("form_label", language))
    return (
        f'<div class="number"><input class="text" type="text" inputmode="decimal" maxlength="80" spellcheck="false" '
        f'aria-label="{label}" aria-describedby="quiz-unit"><span id="quiz-unit">{escape(unit)}</span></div>'
    )


def _prose(_: Item, language: Language) -> str:
    label = escape(say("form_label", language))
    return f'<textarea class="text" rows="3" maxlength="{LONGEST}" aria-label="{label}"></textarea>'


def _pairs(item: Item, language: Language) -> str:
    offered = "".join(
        f'<option value="{at}">{LETTERS[at]}. {escape(option)}</option>' for at, option in enumerate(item.options)
    )
    empty = escape(say("match_choose", language))
    rows = "".join(
        f'<label class="pair"><span>{words(prompt)}</span>'
        f'<select><option value="">{empty}</option>{offered}</select></label>'
        for prompt in item.prompts
    )
    return f'<div class="pairs">{rows}</div>'


def _order(item: Item, language: Language) -> str:
    steps: list[str] = []
    for at, option in enumerate(item.options):
        said = " ".join(option.split())
        up, down = (escape(say(way, language, step=said)) for way in ("up", "down"))
        steps.append(
            f'<li class="step" tabindex="0" data-option="{at}"><span class="words">{words(option)}</span>'
            f'<span class="movers"><button type="button" class="up" aria-label="{up}" tabindex="-1">↑</button>'
            f'<button type="button" class="down" aria-label="{down}" tabindex="-1">↓</button></span></li>'
        )
    moved = escape(say("moved", language, step="{step}", n="{n}", of="{of}"))
    note = escape(say("order_keys", language))
    return f'<ol class="order" data-moved="{moved}">{"".join(steps)}</ol><p class="quiz-note">{note}</p>'


_ENTRIES: Final[dict[ItemType, Callable[[Item, Language], str]]] = {
    "single_choice": _one, "reading": _one, "multiple_choice": _several, "true_false": _truth, "cloze": _line,
    "numeric": _number, "short_answer": _prose, "matching": _pairs, "ordering": _order,
}  # fmt: skip


def _keys(item: Item, language: Language) -> str:
    """Return a line on the keys, for readers who have a keyboard."""
    pairs: list[tuple[str, str]] = []
    if item.options and item.type != "matching":
        last = min(len(item.options), 9)
        pairs.append((f"1–{last}", say("key_choose", language)))
    if item.type == "ordering":
        pairs.append(("↑ ↓", say("key_move", language)))
    pairs.append(("Enter", say("key_enter", language)))
    if item.hints:
        pairs.append(("H", say("key_hint", language)))
    shown = "".join(f"<span><kbd>{key}</kbd> {escape(does)}</span>" for key, does in pairs)
    return f'<p class="keys" aria-hidden="true">{shown}</p>'


# --- answered -------------------------------------------------------------------------------------------------------


def _judged(item: Item, chosen: Sequence[int], language: Language) -> str:
    lines: list[str] = []
    for at, option in enumerate(item.options):
        is_key, is_chosen = at in item.key, at in chosen
        kind = "right" if is_key else "wrong" if is_chosen else "other"
        mark = {"right": "✓", "wrong": "✗", "other": ""}[kind]
        notes = [say("right_answer", language)] if is_key else []
        notes += [say("your_choice", language)] if is_chosen else []
        told = f"<em>{escape(' · '.join(notes))}</em>" if notes else ""
        lines.append(
            f'<li class="option {kind}{" chosen" if is_chosen else ""}"><b class="letter">{LETTERS[at]}</b>'
            f'<span>{words(option)}{told}</span><b class="mark" aria-hidden="true">{mark}</b></li>'
        )
    return "".join(lines)


def _matched(item: Item, chosen: Sequence[int], language: Language) -> str:
    lines: list[str] = []
    for at, (prompt, key) in enumerate(zip(item.prompts, item.key, strict=True)):
        own = chosen[at] if at < len(chosen) else None
        is_right = own == key
        wrong = "" if is_right or own is None else f"<del>{words(item.options[own])}</del> "
        lines.append(
            f'<li class="pair {"right" if is_right else "wrong"}"><span>{words(prompt)}</span>'
            f"<span>{wrong}<ins>{words(item.options[key])}</ins></span>"
            f'<b class="mark">{_mark(is_right, language)}</b></li>'
        )
    return "".join(lines)


def _ordered(item: Item, chosen: Sequence[int], language: Language) -> str:
    lines: list[str] = []
    for at, key in enumerate(item.key):
        own = chosen.index(key) + 1 if key in chosen else None
        is_right = own == at + 1
        told = "" if is_right or own is None else f"<em>{escape(say('yours_at', language, n=own))}</em>"
        lines.append(
            f'<li class="step {"right" if is_right else "wrong"}"><span class="words">{words(item.options[key])}{told}'
            f'</span><b class="mark">{_mark(is_right, language)}</b></li>'
        )
    return "".join(lines)


def _written(place: Place, language: Language) -> str:
    outcome, given = place.outcome, place.given
    text = given.text if given is not None else ""
    unit = f" {place.item.quantity.unit}" if place.item.quantity is not None and _is_bare(text) else ""
    kind = "right" if outcome is not None and outcome.grade.correct else "wrong"
    label = escape(say("your_answer", language))
    said = escape(text + unit) if text else escape(say("no_answer", language))
    return f'<p class="written {kind}"><b>{label}</b><span>{said}</span></p>'


def _mark(is_right: bool, language: Language) -> str:
    sign, told = ("✓", "right") if is_right else ("✗", "wrong")
    return f'<span aria-hidden="true">{sign}</span><span class="unseen">{escape(say(told, language))}</span>'


def _is_bare(text: str) -> bool:
    """Tell whether a number was typed without its unit."""
    return re.fullmatch(r"[\d.,\s]+", text) is not None
