"""The lists of the Progress page as HTML: figures, what is due, weak and next, the way to a goal, all concepts."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from html import escape
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from knowledge.note import Note
from knowledge.vocabulary import Language
from learner.mastery import Mastery
from learner.progress import KNOWN, Due, Progress, Weak
from ui.markdown import inline
from ui.progress_messages import say
from ui.quiz_feedback import day_words, percent
from ui.quiz_messages import stage_name
from ui.quiz_next import advice_html, concept_links, title_of

if TYPE_CHECKING:
    from agents.standing import Advice, PathStep

Notes = Mapping[str, Note]

_TILES: Final = 4
_DUE_SHOWN: Final = 5
_WEAK_SHOWN: Final = 5


def head_html(progress: Progress, language: Language) -> str:
    """Return the figures that matter, and the way to the reviews that are due."""
    title = f"<h2>{escape(say('title', language))}</h2>"
    if not progress.attempts:
        quiz = f'<a class="main" href="?place=quiz">{escape(say("first_quiz", language))}</a>'
        return f'<div class="intro">{title}<p>{escape(say("nothing_yet", language))}</p></div>{quiz}'
    known = sum(one.settled >= KNOWN for one in progress.mastery.values())
    share = percent(progress.correct / progress.attempts)
    tiles = [
        ("due_now", str(len(progress.due)), ""),
        ("known", str(known), ""),
        ("tried", str(len(progress.mastery)), ""),
        ("answers", f"{progress.attempts:,}", f" <small>{share} {escape(say('right_share', language))}</small>"),
    ]
    if progress.streak > 1:  # told where it is good news; a day without answers is nobody's fault
        tiles.append(("streak", str(progress.streak), ""))
    shown = "".join(
        f"<div><dt>{escape(say(key, language))}</dt><dd>{figure}{more}</dd></div>" for key, figure, more in tiles
    )
    review = f'<a class="main" href="?place=quiz&amp;source=due">{escape(say("review_due", language))}</a>'
    return (
        f'<div class="progress-title intro">{title}{review if progress.due else ""}</div><dl class="tiles">{shown}</dl>'
    )


def sketch_html(language: Language) -> str:
    """Return what stands there until the figures are known: the same frames, still empty."""
    title, looking = escape(say("title", language)), escape(say("looking", language))
    return (
        f'<div class="progress-title intro"><h2>{title}</h2></div><p class="unseen" role="status">{looking}</p>'
        f'<div class="tiles sketch" aria-hidden="true">{"<div></div>" * _TILES}</div>'
        f'<div class="beside-each-other sketch" aria-hidden="true"><div></div><div></div></div>'
    )


def next_html(advice: "Sequence[Advice]", progress: Progress, notes: Notes, language: Language) -> str:
    """Return what is due today, what is weak and what to learn next, beside each other."""
    if not progress.attempts:
        return f'<div class="beside-each-other">{advice_html(advice, language)}</div>'
    due = {one.concept for one in progress.due}
    new = [one for one in advice if one.concept not in due]
    parts = (
        _due_today(progress.due, notes, language),
        _weak(progress.weak, notes, language),
        advice_html(new, language),
    )
    return f'<div class="beside-each-other">{"".join(parts)}</div>'


def path_html(
    steps: "Sequence[PathStep] | None", notes: Notes, language: Language, *, time: str = "", goal: str = ""
) -> str:
    """Return the way to a goal, None where none is chosen; `time` says how long it takes."""
    if steps is None:
        return ""
    if not steps:
        return f'<p class="empty">{escape(say("path_done", language))}</p>'
    lines: list[str] = []
    for step in steps:
        title, quiz = concept_links(step.concept, notes, language)
        needed = say("for_step", language, title=title_of(step.needed_by, notes, language)) if step.needed_by else ""
        more = " · ".join(part for part in (stage_name(step.stage, language), needed) if part)
        state = f'<span class="state-{step.state}">{escape(say(f"state_{step.state}", language))}</span>'
        lines.append(f"<li><span>{title}<small>{escape(more)}</small></span>{state}{quiz}</li>")
    told = escape(say("path_steps", language, n=len(steps)))
    on_map = escape(f"?{urlencode({'place': 'map', 'goal': goal})}")
    drawn = f' · <a href="{on_map}">{escape(say("path_map", language))}</a>' if goal else ""
    left = f'<p class="quiz-note left">{escape(time)}</p>' if time else ""
    return f'<p class="quiz-note">{told}{drawn}</p>{left}<ol class="path">{"".join(lines)}</ol>'


def concepts_html(progress: Progress, notes: Notes, language: Language, today: date) -> str:
    """Return all concepts with their mastery, to be sorted and filtered in the browser."""
    if not progress.mastery:
        return ""
    known = sorted(progress.mastery.items(), key=lambda entry: (entry[1].value, entry[0]))
    rows = "".join(_row(concept, mastery, notes, language, today) for concept, mastery in known)
    stages = dict.fromkeys(_stage(concept, notes, language) for concept, _ in known)
    options = "".join(f'<option value="{escape(stage)}">{escape(stage)}</option>' for stage in sorted(stages))
    heads = "".join(
        f'<th scope="col"{" aria-sort=ascending" if key == "mastery" else ""}><button type="button" data-sort="{at}">'
        f"{escape(say(key, language))}</button></th>"
        for at, key in enumerate(("concept", "stage", "mastery", "of_answers", "due"))
    )
    sieve = escape(say("filter", language))
    count = escape(say("shown", language, n="{n}", of="{of}"))
    return (
        f'<section><h3>{escape(say("concepts", language))}</h3><div class="sieve" data-token="{uuid.uuid4().hex}">'
        f'<input type="search" placeholder="{sieve}" aria-label="{sieve}">'
        f'<select aria-label="{escape(say("stage", language))}"><option value="">{escape(say("all_stages", language))}'
        f'</option>{options}</select><span role="status" data-count="{count}"></span></div>'
        f'<div class="beside" tabindex="0" role="region" aria-label="{escape(say("concepts", language))}">'
        f'<table class="by-concept"><thead><tr>{heads}<td></td></tr></thead><tbody>{rows}</tbody></table></div>'
        "</section>"
    )


def mastery_bar(mastery: Mastery, language: Language) -> str:
    """Return a mastery as a bar that shows how sure it is, and as a percentage."""
    told = say("range", language, low=percent(mastery.low), high=percent(mastery.high))
    return (
        f'<span class="mastery" title="{escape(told)}" style="--before: 0; --now: {mastery.value:.3f}; '
        f'--low: {mastery.low:.3f}; --high: {mastery.high:.3f}"><i></i><i></i></span><b>{percent(mastery.value)}</b>'
        f'<span class="unseen">{escape(told)}</span>'
    )


def _due_today(due: Sequence[Due], notes: Notes, language: Language) -> str:
    title = f"<h3>{escape(say('due_today', language))}</h3>"
    if not due:
        return f'<section>{title}<p class="empty">{escape(say("nothing_due", language))}</p></section>'
    lines: list[str] = []
    for one in due[:_DUE_SHOWN]:
        linked, quiz = concept_links(one.concept, notes, language)
        recalled = escape(say("recalled", language, percent=percent(one.recall)))
        lines.append(f"<li><span>{linked}<small>{recalled}</small></span>{quiz}</li>")
    review = f'<a class="plain" href="?place=quiz&amp;source=due">{escape(say("review_due", language))}</a>'
    rest = len(due) - _DUE_SHOWN
    more = f" <small>{escape(say('more_due', language, n=rest))}</small>" if rest > 0 else ""
    return f'<section>{title}<ul class="advice">{"".join(lines)}</ul><p>{review}{more}</p></section>'


def _weak(weak: Sequence[Weak], notes: Notes, language: Language) -> str:
    title = f"<h3>{escape(say('weak', language))}</h3>"
    if not weak:
        return f'<section>{title}<p class="empty">{escape(say("no_weak", language))}</p></section>'
    lines: list[str] = []
    for one in weak[:_WEAK_SHOWN]:
        linked, quiz = concept_links(one.concept, notes, language)
        why = say(
            f"weak_{one.reason}", language, n=one.wrong if one.reason == "wrong_lately" else one.mastery.attempts,
            percent=percent(one.mastery.value), title=title_of(one.needed_by, notes, language),
        )  # fmt: skip
        lines.append(f"<li><span>{linked}<small>{escape(why)}</small></span>{quiz}</li>")
    all_of_them = f'<a class="plain" href="?place=quiz&amp;source=weak">{escape(say("quiz_weak", language))}</a>'
    return f'<section>{title}<ul class="advice">{"".join(lines)}</ul><p>{all_of_them}</p></section>'


def _row(concept: str, mastery: Mastery, notes: Notes, language: Language, today: date) -> str:
    title, quiz = concept_links(concept, notes, language)
    stage = _stage(concept, notes, language)
    name = title_of(concept, notes, language)
    share = mastery.correct / mastery.attempts if mastery.attempts else 0.0
    cells = [
        f'<th scope="row" data-value="{inline(name.lower())}">{title}</th>',
        f'<td data-value="{escape(stage)}">{escape(stage)}</td>',
        f'<td data-value="{mastery.value:.4f}">{mastery_bar(mastery, language)}</td>',
        f'<td data-value="{share:.4f}">{mastery.correct}/{mastery.attempts}</td>',
        _due(mastery.due, today, language),
        f"<td>{quiz}</td>",
    ]
    return f"<tr>{''.join(cells)}</tr>"


def _due(due: datetime | None, today: date, language: Language) -> str:
    if due is None:
        return '<td data-value=""></td>'
    day = due.astimezone().date()
    kind = ' class="overdue"' if day <= today else ""
    return f'<td data-value="{due.timestamp():.0f}"{kind}>{escape(day_words(due, today, language))}</td>'


def _stage(concept: str, notes: Notes, language: Language) -> str:
    return stage_name(notes[concept].stage if concept in notes else "", language)
