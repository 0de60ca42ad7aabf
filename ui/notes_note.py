"""A note as the page shows it: what it is above its text, and what it is related to beside it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from html import escape
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from knowledge import frontmatter
from knowledge.graph import Graph
from knowledge.library import STALE_AFTER, Library
from knowledge.note import Document, Note
from knowledge.translation import translated
from knowledge.vocabulary import Language
from learner.mastery import Mastery
from ui import map_messages
from ui.markdown import inline, web_link
from ui.notes_messages import say
from ui.notes_query import Wanted, language_of, note_query
from ui.notes_text import note_markdown, resolver
from ui.progress_html import mastery_bar
from ui.quiz_messages import stage_name
from ui.quiz_next import ask_link

_SOURCES: Final = 8


@dataclass(frozen=True, slots=True)
class Page:
    """A note to be shown: the file of it that is read, its text, and what of it is marked."""

    note: Note
    document: Document
    text: str
    body_start: int
    summaries: Mapping[str, tuple[int, int]]
    at: tuple[int, int] | None = None
    problem: str = ""  # why there is no text


def page_of(note: Note, wanted: Wanted, language: Language) -> Page:
    """Return a note in the language that is asked for, else in the reader's; a broken file is told, not raised."""
    document = _document(note, wanted, language)
    try:
        text = Path(document.path).read_bytes().decode()  # as the index reads it: offsets count from there
    except (OSError, UnicodeDecodeError) as error:
        return Page(note, document, "", 0, {}, problem=getattr(error, "strerror", None) or str(error))
    head = frontmatter.read(text, own=document.own)
    if isinstance(head, list):  # it has been broken since it was read
        return Page(note, document, "", 0, {}, problem=head[0].message)
    at = wanted.at if wanted.at and wanted.at[1] <= len(text) else None
    return Page(note, document, text, head.body_start, head.summary_spans, at)


def text_markdown(page: Page, library: Library, language: Language) -> str:
    """Return the text of a note as Markdown."""
    return note_markdown(
        page.text, page.body_start, language, title=_title(page), at=page.at,
        resolve=resolver(library, page.document.path),
    )  # fmt: skip


def head_html(page: Page, wanted: Wanted, mastery: Mastery | None, language: Language, today: date) -> str:
    """Return what stands above the text: where the note belongs, its title, summary and age, and what can be done."""
    note = page.note
    stage = Wanted(stage=note.stage).query()
    where = [f'<a href="?place=notes">{escape(say("title", language))}</a>']
    if note.stage:
        where.append(f'<a href="{escape(stage)}">{escape(stage_name(note.stage, language))}</a>')
    pills = [f'<span class="pill">{escape(map_messages.kinds(language).get(note.kind, note.kind))}</span>']
    if note.own:
        pills.append(f'<span class="pill own">{escape(say("own", language))}</span>')
    parts = [
        f'<nav class="where" aria-label="{escape(say("where", language))}">{" › ".join(where)}</nav>',
        f'<div class="pills">{"".join(pills)}</div>',
        f'<h2 tabindex="-1">{inline(note.title_in(language))}</h2>',
        _summary(page, language),
        _doing(page, wanted, language),
        _standing(note, mastery, language, today),
        _warnings(page, wanted, language),
    ]
    return f'<header class="note-head" lang="{_html_language(language)}">{"".join(parts)}</header>'


def side_html(page: Page, graph: Graph, language: Language) -> str:
    """Return what stands beside the text: the notes it builds on, those it is related to, its tool, its sources."""
    note = page.note
    sections = [
        _linked(say("builds_on", language), note.prerequisites, graph, language),
        *_relations(note, graph, language),
        _linked(
            say("needed_by", language), (e.source for e in graph.edges_to(note.id, "prerequisite")), graph, language
        ),
        _tool(note, language),
        _sources(page, language),
    ]
    return "".join(sections)


def gone_html(note: str, near: Iterable[Note], language: Language) -> str:
    """Return what is shown where there is no such note."""
    links = "".join(f"<li>{_link(one, language)}</li>" for one in near)
    hint = f"<p>{escape(say('near', language))}</p><ul>{links}</ul>" if links else ""
    back = f'<p><a href="?place=notes">{escape(say("all_notes", language))}</a></p>'
    return f'<div class="gone"><h2>{inline(say("gone", language, note=note))}</h2>{hint}{back}</div>'


def _document(note: Note, wanted: Wanted, language: Language) -> Document:
    """Return the file of a note that is asked for; a place whose file is not named stands in the main one."""
    by_language = {document.language: document for document in reversed(note.documents)}
    if wanted.language:
        named = (one for one in note.documents if language_of(one.path) == wanted.language)
        return next(named, by_language.get(wanted.language, note.documents[0]))
    return note.documents[0] if wanted.at else by_language.get(language, note.documents[0])


def _title(page: Page) -> str:
    return page.note.title.get(page.document.language) or page.note.title_in(page.document.language)


def _summary(page: Page, language: Language) -> str:
    note, at = page.note, page.at
    cited = [key for key, (start, end) in page.summaries.items() if at and at[0] < end and start < at[1]]
    shown: Language = "zh" if "zh" in cited else "en" if "en" in cited else language
    summary = note.summary_in(shown)
    if not summary:
        return ""
    words = inline(summary)
    return f'<p class="summary">{f"<mark class=at>{words}</mark>" if cited else words}</p>'


def _standing(note: Note, mastery: Mastery | None, language: Language, today: date) -> str:
    parts: list[str] = []
    if note.checked:
        told = escape(say("checked", language, date=note.checked.isoformat()))
        if today - note.checked > STALE_AFTER:
            told += f' <strong class="stale">{escape(say("stale", language))}</strong>'
        parts.append(f"<span>{told}</span>")
    known = mastery_bar(mastery, language) if mastery and mastery.attempts else escape(say("not_tried", language))
    parts.append(f'<span class="how-well">{escape(say("mastery", language))}: {known}</span>')
    return f'<p class="standing">{"".join(parts)}</p>'


def _doing(page: Page, wanted: Wanted, language: Language) -> str:
    note = page.note
    title = note.title_in(language)
    quiz = urlencode({"place": "quiz", "topic": note.id, "n": 3})
    map_ = urlencode({"place": "map", "note": note.id})
    links = [
        ask_link(say("question", language, title=title), say("ask", language), "main"),
        f'<a class="plain" href="?{escape(quiz)}">{escape(say("quiz", language))}</a>',
        f'<a class="plain" href="?{escape(map_)}">{escape(say("map", language))}</a>',
    ]
    for other in note.documents:
        if other.language != page.document.language:
            query = Wanted(note.id, language=other.language).query()
            links.append(
                f'<a class="plain" href="{escape(query)}" hreflang="{_html_language(other.language)}">'
                f"{escape(say(f'read_{other.language}', language))}</a>"
            )
    return f'<div class="doing">{"".join(links)}</div>'


def _warnings(page: Page, wanted: Wanted, language: Language) -> str:
    told: list[str] = []
    if page.problem:
        problem = say("unread", language, problem=translated(page.problem, language))
        told.append(f'<p class="problem" role="alert">{inline(problem)}</p>')
    elif wanted.at and page.at is None:
        told.append(f'<p class="problem">{escape(say("moved", language))}</p>')
    if page.document.language != language and len(page.note.documents) == 1:
        told.append(f'<p class="hint">{escape(say(f"only_{page.document.language}", language))}</p>')
    return "".join(told)


def _relations(note: Note, graph: Graph, language: Language) -> list[str]:
    """Return a section for each way in which the note is related to others, from either side."""
    words = map_messages.relations(language)
    found: dict[str, dict[str, str]] = {}
    for edge in graph.edges_from(note.id):
        if edge.type in words and edge.target != note.id:
            found.setdefault(words[edge.type][0], {}).setdefault(edge.target, edge.note)
    for edge in graph.edges_to(note.id):
        if edge.type in words and edge.source != note.id:
            found.setdefault(words[edge.type][1], {}).setdefault(edge.source, edge.note)
    return [_linked(label, targets, graph, language, targets) for label, targets in found.items()]


def _linked(
    label: str, targets: Iterable[str], graph: Graph, language: Language, remarks: Mapping[str, str] | None = None
) -> str:
    lines: list[str] = []
    for target in dict.fromkeys(targets):
        remark = (remarks or {}).get(target, "")
        more = f" <small>{inline(remark)}</small>" if remark else ""
        lines.append(f"<li>{_link(graph.notes[target], language)}{more}</li>")
    return f"<section><h3>{inline(label)}</h3><ul>{''.join(lines)}</ul></section>" if lines else ""


def _link(note: Note, language: Language) -> str:
    return f'<a href="{escape(note_query(note.id))}">{inline(note.title_in(language))}</a>'


def _tool(note: Note, language: Language) -> str:
    if note.tool is None:
        return ""
    facts = {"licence": note.tool.licence, "runs_on": ", ".join(note.tool.runs_on)}
    rows = "".join(
        f"<dt>{escape(say(key, language))}</dt><dd>{inline(value)}</dd>" for key, value in facts.items() if value
    )
    command = ""
    if note.tool.first_command:
        command = (
            f'<figure class="command"><figcaption><span>{escape(say("command", language))}</span>'
            f'<button type="button" class="copy" data-copied="{escape(say("copied", language))}">'
            f"{escape(say('copy', language))}</button></figcaption>"
            f'<pre tabindex="0"><code>{escape(note.tool.first_command)}</code></pre></figure>'
        )
    return f"<section><dl>{rows}</dl>{command}</section>" if rows or command else ""


def _sources(page: Page, language: Language) -> str:
    links = [web_link(source) for source in page.note.sources[:_SOURCES]]
    lines = "".join(f"<li>{link}</li>" for link in links if link)
    sources = f"<h3>{escape(say('sources', language))}</h3><ul>{lines}</ul>" if lines else ""
    file = ""
    if page.note.own:
        file = f"<h3>{escape(say('file', language))}</h3><p class=file-name>{inline(Path(page.document.path).name)}</p>"
    return f'<section class="from">{sources}{file}</section>' if sources or file else ""


def _html_language(language: Language) -> str:
    return "zh-CN" if language == "zh" else "en"
