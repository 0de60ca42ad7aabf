"""The notes as a list by stage, to be narrowed in the browser, and the passages that a search has found."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Final

from knowledge.evidence import Evidence
from knowledge.note import Note
from knowledge.vocabulary import STAGES, Language
from learner.mastery import Mastery
from ui import map_messages
from ui.markdown import inline
from ui.notes_messages import say
from ui.notes_query import Wanted, note_query
from ui.quiz_messages import stage_name

_SNIPPET: Final = 320  # characters of a passage
_GROUND: Final = 0.5  # below which the notes hardly speak of what is searched for

Masteries = Mapping[str, Mastery]


def top_html(language: Language) -> str:
    """Return what stands above every view: the search, and the ways to all notes and to one's own."""
    search, title = escape(say("search", language)), escape(say("title", language))
    ways = "".join(
        f'<a href="{escape(query)}" data-view="{view}">{escape(say(f"{key}_notes", language))}</a>'
        for view, key, query in (("list", "all", Wanted().query()), ("own", "own", Wanted(own=True).query()))
    )
    return (
        f'<div class="notes-bar"><nav aria-label="{title}">{ways}</nav>'
        f'<form role="search"><input type="search" name="q" maxlength="300" placeholder="{search}" '
        f'aria-label="{search}" autocomplete="off"><button type="submit">{escape(say("search_do", language))}</button>'
        "</form></div>"
    )


def list_html(notes: Mapping[str, Note], mastery: Masteries, language: Language, token: str) -> str:
    """Return all notes by stage; each tells what it can be narrowed by."""
    if not notes:
        return f'<p class="empty">{escape(say("nothing", language))}</p>'
    groups = _by_stage(notes.values(), language)
    sections = "".join(_section(stage, group, mastery, language) for stage, group in groups.items())
    own = sum(note.own for note in notes.values())
    counts = escape(say("intro", language, n=len(notes), own=own))
    head = f"<h2>{escape(say('title', language))} <small>{counts}</small></h2>"
    none_left = f'<p class="empty none-left" hidden>{escape(say("none_left", language))}</p>'
    return f'{head}{_sieve(groups, language, token)}<div class="stages">{sections}</div>{none_left}'


def hits_html(words: str, hits: Sequence[Evidence], kinds: Mapping[str, str], language: Language) -> str:
    """Return the passages that were found, each leading to its place; `kinds` tells the kind of each note."""
    if not hits:
        return f'<p class="empty" role="status">{inline(say("found_none", language, words=words))}</p>'
    key = "found" if hits[0].ground >= _GROUND else "found_near"
    told = f'<h2 class="found">{inline(say(key, language, n=len(hits), words=words))}</h2>'
    names = map_messages.kinds(language)
    lines: list[str] = []
    for hit in hits:
        query = note_query(hit.note, hit.path, hit.start, hit.end)
        heading = f'<span class="heading">{inline(hit.heading)}</span>' if hit.heading else ""
        own = f'<span class="pill own">{escape(say("own", language))}</span>' if hit.own else ""
        kind = f'<span class="pill">{escape(names.get(kinds.get(hit.note, ""), ""))}</span>' if not hit.own else own
        text = hit.text if len(hit.text) <= _SNIPPET else hit.text[:_SNIPPET].rstrip() + " …"
        lines.append(
            f'<li><h3><a href="{escape(query)}">{inline(hit.title)}</a>{heading}{kind}</h3><p>{inline(text)}</p></li>'
        )
    return f'{told}<ol class="hits">{"".join(lines)}</ol>'


def _by_stage(notes: Iterable[Note], language: Language) -> dict[str, list[Note]]:
    """Return the notes of each stage by title; stages of the reader's own come after those that are known."""
    found: dict[str, list[Note]] = {stage: [] for stage in STAGES}
    for note in sorted(notes, key=lambda note: note.title_in(language).casefold()):
        found.setdefault(note.stage, []).append(note)
    return {stage: group for stage, group in found.items() if group}


def _sieve(groups: Mapping[str, Sequence[Note]], language: Language, token: str) -> str:
    present = {note.kind for group in groups.values() for note in group}
    kinds = {kind: name for kind, name in map_messages.kinds(language).items() if kind in present}
    stages = {stage: stage_name(stage, language) if stage else say("no_stage", language) for stage in groups}
    count = escape(say("shown", language, n="{n}", of="{of}"))
    name = escape(say("filter", language))
    return (
        f'<div class="sieve" data-token="{token}"><input type="search" data-sieve="named" placeholder="{name}" '
        f'aria-label="{name}">{_choice("stage", stages, language)}{_choice("kind", kinds, language)}'
        f'<span role="status" data-count="{count}"></span></div>'
    )


def _choice(key: str, names: Mapping[str, str], language: Language) -> str:
    every = f'<option value="">{escape(say(f"all_{key}s", language))}</option>'
    options = "".join(f'<option value="{escape(one)}">{escape(name)}</option>' for one, name in names.items() if one)
    return f'<select data-sieve="{key}" aria-label="{escape(say(key, language))}">{every}{options}</select>'


def _section(stage: str, notes: Sequence[Note], mastery: Masteries, language: Language) -> str:
    name = stage_name(stage, language) if stage else say("no_stage", language)
    lines = "".join(_line(note, mastery.get(note.id), language) for note in notes)
    head = f"<h3>{inline(name)} <small>{len(notes)}</small></h3>"
    return f'<section data-stage="{escape(stage)}">{head}<ul>{lines}</ul></section>'


def _line(note: Note, mastery: Mastery | None, language: Language) -> str:
    kind = escape(map_messages.kinds(language).get(note.kind, note.kind))
    own = f'<span class="pill own">{escape(say("own", language))}</span>' if note.own else ""
    known = ""
    if mastery is not None and mastery.attempts:
        percent = f"{mastery.value:.0%}"
        told = f"{say('mastery', language)} {percent}"
        known = (
            f'<i class="known" style="--now: {mastery.value:.2f}" title="{escape(told)}">'
            f'<span class="unseen">{escape(told)}</span></i>'
        )
    summary = note.summary_in(language)
    names = inline(" ".join(note.names).lower())
    return (
        f'<li data-kind="{escape(note.kind)}" data-names="{names}"><a href="{escape(note_query(note.id))}">'
        f"{inline(note.title_in(language))}</a>{own}{known}<small>{kind}</small>"
        f"{f'<p>{inline(summary)}</p>' if summary else ''}</li>"
    )
