"""The reader's own notes: where files and folders are added, what there is, what is wrong with it, what is indexed."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from knowledge import translation
from knowledge.index import Standing
from knowledge.note import Problem
from knowledge.shelf import LARGEST, Linked, Stored
from knowledge.vocabulary import Language
from ui.markdown import inline
from ui.notes_messages import say
from ui.notes_query import note_query

_MEGABYTE = 1_000_000
_SHOWN = 8  # problems of one folder


def adding_html(language: Language, *, folders: bool) -> str:
    """Return where files are dropped and, where `folders` can be linked, where one is named."""
    largest = {ending: size // _MEGABYTE for ending, size in LARGEST.items()}
    accepted = ",".join([*LARGEST, "text/markdown", "text/plain", "application/pdf"])
    told = {name: say(name, language, name="{name}", n="{n}") for name in ("sending", "too_large", "no_type", "lost")}
    data = " ".join(f'data-{name.replace("_", "-")}="{escape(text)}"' for name, text in told.items())
    most = " ".join(f'data-most-{ending[1:]}="{size}"' for ending, size in LARGEST.items())
    kinds = escape(say("drop_kinds", language, text=largest[".md"], pdf=largest[".pdf"]))
    parts = [
        f"<h2>{escape(say('own_notes', language))}</h2><p>{escape(say('shelf_intro', language))}</p>",
        "" if folders else f"<p>{escape(say('shared', language))}</p>",
        f'<label class="drop" {data} {most}><input type="file" multiple accept="{escape(accepted)}">'
        f"<b>{escape(say('drop', language))}</b><small>{kinds}</small></label>",
        '<div class="sending" role="status" aria-live="polite"></div>',
        _folder_form(language) if folders else "",
    ]
    return f'<section class="adding">{"".join(parts)}</section>'


def kept_html(reason: str, language: Language) -> str:
    """Return why this reader cannot add any."""
    title, shared = escape(say("added_notes", language)), escape(say("shared", language))
    return f'<section class="adding"><h2>{title}</h2><p>{shared}</p><p class="kept">{inline(reason)}</p></section>'


def shelf_html(
    files: Sequence[Stored], folders: Sequence[Linked], standing: str, told: str, language: Language, token: str, *,
    fixed: bool = False,
) -> str:  # fmt: skip
    """Return what there is of the reader's own; `standing` tells how far it is indexed, `told` what was just done.

    What is `fixed` cannot be removed by this reader.
    """
    lines = "".join(_file(stored, language, fixed=fixed) for stored in files)
    linked = "".join(_folder(folder, language, fixed=fixed) for folder in folders)
    parts = [
        told,
        standing,
        _section("files", lines or f'<li class="empty">{escape(say("no_files", language))}</li>', language),
        _section("folders", linked, language) if linked else "",
    ]
    return f'<div class="shelf" data-token="{token}">{"".join(parts)}</div>'


def standing_html(standing: Standing, pending: tuple[int, int], language: Language, *, waits: bool = False) -> str:
    """Return how far indexing is; `pending` are the passages that have their vectors, and all of them."""
    done, total = pending
    if standing.busy:
        is_counted = standing.total > standing.done or done < total
        words = say("embedding", language, done=done, total=total) if is_counted else say("indexing", language)
        share = done / total if total else 0.0
        bar = f'<progress max="1" value="{share:.3f}" aria-label="{escape(words)}"></progress>' if is_counted else ""
        return f'<div class="standing busy" data-state="busy" role="status">{bar}<span>{escape(words)}</span></div>'
    if standing.problem:
        told = inline(say("index_failed", language, problem=translation.translated(standing.problem, language)))
        return f'<p class="problem" data-state="failed" role="alert">{told}</p>'
    if waits or done < total:
        return f'<div class="standing" data-state="waits" role="status">{escape(say("index_waits", language))}</div>'
    return f'<div class="standing" data-state="done" role="status">{escape(say("indexed", language))}</div>'


def told_html(words: str) -> str:
    """Return what was just done."""
    return f'<p class="told" role="status">{inline(words)}</p>'


def problem_html(words: str) -> str:
    """Return what went wrong."""
    return f'<p class="problem" role="alert">{inline(words)}</p>'


def taken_html(name: str, language: Language) -> str:
    """Return what is asked where a file's name is taken."""
    buttons = "".join(
        f'<button type="button" class="plain" data-clash="{clash}">{escape(say(clash, language))}</button>'
        for clash in ("replace", "both", "skip")
    )
    return f'<div class="taken" role="alertdialog" aria-label="{inline(say("taken", language, name=name))}">' + (
        f"<p>{inline(say('taken', language, name=name))}</p><p>{buttons}</p></div>"
    )


def _folder_form(language: Language) -> str:
    label, hint = escape(say("folder", language)), escape(say("folder_hint", language))
    return (
        f'<form class="linking"><label>{label}<input type="text" name="folder" placeholder="{hint}" autocomplete="off" '
        f'spellcheck="false"></label><button type="submit" class="main">{escape(say("folder_do", language))}</button>'
        f"<small>{escape(say('folder_more', language))}</small></form>"
    )


def _section(key: str, lines: str, language: Language) -> str:
    return f"<section><h3>{escape(say(key, language))}</h3><ul>{lines}</ul></section>"


def _file(stored: Stored, language: Language, *, fixed: bool) -> str:
    name = inline(stored.name)
    title = f"<b>{name}</b>"
    if stored.note is not None:
        query = note_query(stored.note.id)
        title = f'<a href="{escape(query)}">{inline(stored.note.title_in(language))}</a><small>{name}</small>'
    state = ""
    if stored.note is None:
        kind, key = ("bad", "broken") if stored.is_read else ("wait", "unread_yet")
        state = f'<span class="pill {kind}">{escape(say(key, language))}</span>'
    remove = "" if fixed else _remove(stored.name, "sure_file", language)
    return f"<li><span>{title}{state}</span>{remove}{_problems(stored.problems, language)}</li>"


def _folder(folder: Linked, language: Language, *, fixed: bool) -> str:
    count = escape(say("folder_files", language, n=folder.files))
    pill = f'<span class="pill">{escape(say("fixed", language))}</span>' if folder.is_fixed else ""
    remove = "" if fixed or folder.is_fixed else _remove(str(folder.path), "sure_folder", language)
    title = f"<b>{inline(str(folder.path))}</b><small>{count}</small>{pill}"
    return f"<li><span>{title}</span>{remove}{_problems(folder.problems, language)}</li>"


def _remove(name: str, warning: str, language: Language) -> str:
    remove = say("remove", language)
    label = escape(f"{remove}: {Path(name).name}")
    return (
        f'<details class="take-away"><summary class="plain" aria-label="{label}">{escape(remove)}</summary>'
        f"<p>{escape(say(warning, language))}</p>"
        f'<button type="button" class="plain bad" data-remove="{escape(name)}">{escape(say("sure", language))}</button>'
        f'<button type="button" class="plain" data-keep>{escape(say("keep", language))}</button></details>'
    )


def _problems(problems: Sequence[Problem], language: Language) -> str:
    if not problems:
        return ""
    lines = "".join(_problem(problem, language) for problem in problems[:_SHOWN])
    if len(problems) > _SHOWN:
        lines += f"<li>{escape(say('more_problems', language, n=len(problems) - _SHOWN))}</li>"
    return f'<ul class="problems">{lines}</ul>'


def _problem(problem: Problem, language: Language) -> str:
    line = f", {say('line', language, n=problem.line)}" if problem.line else ""
    where = f"{problem.path.name}{line}"
    said = translation.told(problem.message, problem.remedy, language)
    return f'<li class="{escape(problem.severity)}"><b>{inline(where)}</b> {inline(said)}</li>'
