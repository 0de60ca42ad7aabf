"""The panel beside the chat: the passages an answer rests on, with the sentences it cites."""

from collections.abc import Sequence
from html import escape
from typing import Final

from knowledge.citation import Citation
from knowledge.evidence import Evidence
from knowledge.vocabulary import Language
from ui import messages
from ui.chat import Turn
from ui.markdown import inline, neutral, web_link
from ui.notes_messages import say
from ui.notes_query import note_query

# A sentence that begins so is a block of its own: a mark inside it would break the block.
_BLOCKS: Final = ("```", "~~~", "|", "$$")


def panel(turn: Turn | None, language: Language) -> str:
    """Return the passages of a turn as Markdown, each cited sentence marked with its number."""
    if turn is None:
        return _hint("no_sources", language)
    passages = [*turn.evidence, *_quotes(turn)]
    if not passages:
        none = "found_none" if turn.searched else "no_sources"  # nothing was looked for
        return _hint(none, language) if turn.outcome != "open" else ""
    searched = ""
    if turn.searched and turn.searched != turn.question:
        searched = (
            f'<div class="searched">{inline(messages.say("searched", language))}: {inline(turn.searched)}</div>\n\n'
        )
    articles = [_article(passage, _within(turn.citations, passage), language) for passage in passages]
    return f'<div class="turn turn-{turn.id}"></div>\n\n' + searched + "\n\n".join(articles)


def _hint(key: str, language: Language) -> str:
    return f'<div class="hint">{inline(messages.say(key, language))}</div>'


def _article(passage: Evidence, cited: Sequence[Citation], language: Language) -> str:
    heading = f' <span class="heading">{inline(passage.heading)}</span>' if passage.heading else ""
    own = f' <span class="own">{inline(messages.say("own", language))}</span>' if passage.own else ""
    whole = " whole" if any(_is_block(passage, citation) for citation in cited) else ""
    numbers = "".join(f'<span class="num n-{citation.n}">{citation.n}</span>' for citation in cited)
    kind = f"passage cited{whole}" if cited else "passage"
    return (
        f'<div class="{kind}">\n<div class="where">{numbers}<b>{inline(passage.title)}</b>{heading}{own}</div>\n\n'
        f"{_marked(passage, cited)}\n\n"
        f'<div class="source">{_source(passage, cited, language)}</div>\n</div>'
    )


def _marked(passage: Evidence, cited: Sequence[Citation]) -> str:
    parts: list[str] = []
    at = 0
    for citation in cited:
        start, end = citation.start - passage.start, citation.end - passage.start
        if start < at or _is_block(passage, citation):
            continue
        sentence = neutral(passage.text[start:end])
        parts += [neutral(passage.text[at:start]), f'<mark class="n-{citation.n}">{sentence}</mark>']
        at = end
    return "".join([*parts, neutral(passage.text[at:])])


def _is_block(passage: Evidence, citation: Citation) -> bool:
    sentence = passage.text[citation.start - passage.start : citation.end - passage.start]
    return sentence.startswith(_BLOCKS) or "\n\n" in sentence


def _source(passage: Evidence, cited: Sequence[Citation], language: Language) -> str:
    start, end = (cited[0].start, cited[0].end) if cited else (passage.start, passage.end)
    note = note_query(passage.note, passage.path, start, end)
    parts = [f'<a href="{escape(note)}">{inline(say("open", language))}</a>', web_link(passage.source)]
    if passage.checked:
        parts.append(inline(messages.say("checked", language, date=passage.checked)))
    return " · ".join(part for part in parts if part)


def _within(citations: Sequence[Citation], passage: Evidence) -> list[Citation]:
    """Return the citations that stand in a passage, in the order of its text."""
    found = [c for c in citations if c.path == passage.path and passage.start <= c.start and c.end <= passage.end]
    return sorted(found, key=lambda citation: citation.start)


def _quotes(turn: Turn) -> list[Evidence]:
    """Return the cited sentences that stand in none of the passages, as passages of their own."""
    return [
        Evidence(
            note=citation.note,
            title=citation.title,
            heading=citation.heading,
            text=citation.quote,
            start=citation.start,
            end=citation.end,
            language="en",
            score=0.0,
            source=citation.source,
            path=citation.path,
        )
        for citation in turn.citations
        if not any(_within([citation], passage) for passage in turn.evidence)
    ]
