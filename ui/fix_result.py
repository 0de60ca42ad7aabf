"""What the Fix page shows of a log, or of one pitfall, as HTML."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final
from urllib.parse import quote, urlencode

from knowledge.citation import Citation
from knowledge.errors import AtlasError
from knowledge.note import Note
from knowledge.vocabulary import Language
from tools.fault.fault import Diagnosis, Match
from ui.fix_log import log_html
from ui.fix_messages import say
from ui.fix_prose import prose_html
from ui.markdown import inline, web_link

PLACE: Final = "?place=fix"
_SURE, _LIKELY = 0.9, 0.7


def address(pitfall: str = "") -> str:
    """Return the link to the page, or to one pitfall on it; a log never stands in it."""
    return f"{PLACE}&{urlencode({'pitfall': pitfall})}" if pitfall else PLACE


def state_html(state: str, said: str = "") -> str:
    """Return the mark by which the page's script knows what is shown, and what it says to a screen reader."""
    return f'<div class="fix-now" data-state="{state}" data-said="{escape(said)}" hidden></div>'


def diagnosis_html(found: Diagnosis, language: Language, added: Mapping[str, str], *, adds: bool = True) -> str:
    """Return what a log shows; `added` are the notes of the pitfalls that can be removed here.

    Whoever `adds` is offered to add one that is not known.
    """
    if found.abstained:
        return _unknown(found, language, added, adds=adds)
    first, *others = found.matches
    said = f"{confidence(first, language)}: {first.title}"
    blocks = [
        state_html("found", said),
        _masked(found.masked, language),
        _article(first, found.log, language, added),
        _more(say("more", language, n=len(others)), others, found.log, language, added) if others else "",
    ]
    return "".join(blocks)


def pitfall_html(match: Match, known_by: Sequence[str], language: Language, added: Mapping[str, str]) -> str:
    """Return what is known of one pitfall, apart from any log."""
    texts = "".join(f"<li><code>{inline(text)}</code></li>" for text in known_by)
    known = f"<details><summary>{escape(say('known_by', language))}</summary><ul>{texts}</ul></details>"
    return state_html("pitfall", match.title) + _article(match, "", language, added, known, graded=False)


def problem_html(error: AtlasError, language: Language) -> str:
    """Return why nothing could be found."""
    return state_html("problem") + f'<div class="problem" role="alert">{inline(error.told(language))}</div>'


def hint_html(key: str, language: Language, state: str) -> str:
    """Return one quiet line in the place of a result."""
    words = say(key, language)
    return state_html(state, words) + f'<p class="fix-hint">{escape(words)}</p>'


def own_html(added: Sequence[Note], language: Language, kept: str = "") -> str:
    """Return the list of the reader's own pitfalls, and the way to another, or why it is `kept` from the reader."""
    rows = "".join(
        f'<li><a href="{escape(address(note.id))}">{inline(note.title_in(language))}</a>'
        f"<small>{inline(note.summary_in(language))}</small></li>"
        for note in added
    )
    none = say("none_added" if kept else "yours_none", language)
    listed = f"<ul>{rows}</ul>" if rows else f'<p class="empty">{escape(none)}</p>'
    count = f" <small>{len(added)}</small>" if added else ""
    add = f'<button type="button" class="plain" data-fix="form">{escape(say("add", language))}</button>'
    way = f'<p class="kept">{inline(kept)}</p>' if kept else add
    title = say("added_ones" if kept else "yours", language)
    return f"<section><h3>{escape(title)}{count}</h3>{listed}{way}</section>"


def confidence(match: Match, language: Language) -> str:
    """Return how sure a match is, in words and as a number."""
    key = "sure" if match.score >= _SURE else "likely" if match.score >= _LIKELY else "possible"
    return f"{say(key, language)} · {match.score:.0%}"


def _unknown(found: Diagnosis, language: Language, added: Mapping[str, str], *, adds: bool) -> str:
    error = ""
    if found.error is not None:
        error = log_html(found.log, [found.error], language, say("error_line", language))
    told = say("unknown_more" if found.nearest else "unknown_none", language)
    near = ""
    if found.nearest:
        title = say("nearest", language, n=len(found.nearest))
        near = _more(title, found.nearest, found.log, language, added, graded=False)
    add = f'<button type="button" class="plain" data-fix="form">{escape(say("add_it", language))}</button>'
    return (
        f"{state_html('unknown', say('unknown', language))}{_masked(found.masked, language)}"
        f'<article class="fix-card fix-unknown"><h2 tabindex="-1">{escape(say("unknown", language))}</h2>'
        f"<p>{escape(told)}</p>{error}{add if adds else ''}</article>{near}"
    )


def _masked(kinds: Mapping[str, int], language: Language) -> str:
    total = sum(kinds.values())
    if not total:
        return ""
    names = ", ".join(name if n == 1 else f"{name} × {n}" for name, n in kinds.items())
    words = say("masked_one" if total == 1 else "masked", language, n=total, kinds=names)
    return f'<p class="fix-masked">{escape(words)}</p>'


def _article(
    match: Match,
    log: str,
    language: Language,
    added: Mapping[str, str],
    more: str = "",
    *,
    graded: bool = True,
    heading: str = "h2",
) -> str:
    pills = f'<span class="pill {_tone(match)}">{escape(confidence(match, language))}</span>' if graded else ""
    pills += f'<span class="pill own">{escape(say("own", language))}</span>' if match.own else ""
    summary = f"<p>{inline(match.summary)}</p>" if match.summary and match.summary not in {match.fix} else ""
    by_meaning = f'<p class="fix-hint">{escape(say("by_meaning", language))}</p>' if match.by == "meaning" else ""
    parts = "".join(
        f"<section><h3>{escape(say(key, language))}</h3>{prose_html(text, language)}</section>"
        for key, text in (("cause", match.cause), ("fix", match.fix), ("check", match.check))
        if text
    )
    return (
        f'<article class="fix-card" data-pitfall="{escape(match.pitfall)}"><header><div class="pills">{pills}</div>'
        f'<{heading} tabindex="-1">{inline(match.title)}</{heading}>{summary}{by_meaning if graded else ""}</header>'
        f"{log_html(log, match.lines, language)}{parts}{more}{_foot(match, language)}"
        f"{_own_actions(match, added[match.pitfall], language) if match.pitfall in added else ''}</article>"
    )


def _tone(match: Match) -> str:
    return "ok" if match.score >= _SURE else "doubt"


def _foot(match: Match, language: Language) -> str:
    link = web_link(match.source)
    source = f"<span>{escape(say('source', language))}: {link}</span>" if link else ""
    checked = f"<span>{escape(say('checked', language, date=match.checked))}</span>" if match.checked else ""
    question = escape(say("question", language, title=match.title))
    ask = f'<a href="?" data-ask="{question}">{escape(say("ask", language))}</a>'
    return f'{_cited(match.citations, language)}<footer class="fix-foot">{source}{checked}{ask}</footer>'


def _cited(citations: Sequence[Citation], language: Language) -> str:
    if not citations:
        return ""
    rows = "".join(
        f'<li value="{one.n}"><q>{inline(one.quote)}</q> '
        f"<small>{inline(one.title)} › {inline(one.heading)}</small></li>"
        for one in citations
    )
    return f'<details class="fix-cited"><summary>{escape(say("evidence", language))}</summary><ol>{rows}</ol></details>'


def _more(
    title: str, matches: Sequence[Match], log: str, language: Language, added: Mapping[str, str], *, graded: bool = True
) -> str:
    """Return further pitfalls, each folded."""
    rows: list[str] = []
    for match in matches:
        grade = confidence(match, language) if graded else say("doubt", language)
        body = _article(match, log, language, added, graded=False, heading="h4")
        head = f"<b>{inline(match.title)}</b> <small>{escape(grade)}</small>"
        rows.append(f"<details><summary>{head}</summary>{body}</details>")
    return f'<section class="fix-more"><h3>{escape(title)}</h3>{"".join(rows)}</section>'


def _own_actions(match: Match, note: str, language: Language) -> str:
    href = f"data:text/markdown;charset=utf-8,{quote(note)}"
    yes = f'<button type="button" class="plain bad" data-fix="remove" data-pitfall="{escape(match.pitfall)}">'
    return (
        f'<div class="fix-own"><a class="plain" download="{escape(match.pitfall)}.md" href="{escape(href)}">'
        f"{escape(say('save_note', language))}</a>"
        f'<details class="sure"><summary class="plain bad">{escape(say("remove", language))}</summary>'
        f"<p>{escape(say('remove_sure', language))}</p>{yes}{escape(say('remove_yes', language))}</button>"
        "</details></div>"
    )
