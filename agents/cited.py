"""The passages in which cited sentences stand, for answers that were not searched for but put together by rules."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from knowledge.citation import Citation
from knowledge.evidence import Evidence
from knowledge.language import text_language
from knowledge.note import Note


def passages(citations: Iterable[Citation], notes: Mapping[str, Note]) -> tuple[Evidence, ...]:
    """Return the paragraph of each citation, once; a sentence of a note's head stands alone."""
    found: dict[tuple[str, int], Evidence] = {}
    for citation in citations:
        passage = _passage(citation, notes.get(citation.note))
        found.setdefault((passage.path, passage.start), passage)
    return tuple(found.values())


def _passage(citation: Citation, note: Note | None) -> Evidence:
    text, start = citation.quote, citation.start
    if citation.heading:
        text, start = _paragraph(citation) or (text, start)
    return Evidence(
        note=citation.note,
        title=citation.title,
        heading=citation.heading,
        text=text,
        start=start,
        end=start + len(text),
        language=text_language(citation.quote),
        score=1.0,
        source=citation.source,
        path=citation.path,
        own=note.own if note is not None else False,
        checked=note.checked.isoformat() if note is not None and note.checked else "",
    )


def _paragraph(citation: Citation) -> tuple[str, int] | None:
    """Return the paragraph around a citation with its start; None where the file is gone or has changed since."""
    try:
        text = Path(citation.path).read_text(encoding="utf-8")
    except OSError:
        return None
    if text[citation.start : citation.end] != citation.quote:
        return None
    before = text.rfind("\n\n", 0, citation.start)
    first = before + 2 if before >= 0 else 0
    last = text.find("\n\n", citation.end)
    return text[first : last if last >= 0 else len(text)].rstrip(), first
