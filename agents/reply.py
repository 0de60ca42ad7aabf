"""The text of an answer: its sentences, what was found of each, and the marks they earn."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from agents.events import Verdict
from knowledge.citation import Citation
from knowledge.evidence import Evidence
from knowledge.language import CJK
from knowledge.sentence import sentences

UNSUPPORTED_MARK: Final = "[?]"
_MARKUP: Final = re.compile(r"\[\d+\]|[*_`#>|]+")
_NO_CLAIM: Final = re.compile(r"[?？]\s*$|^```")
_WORDS: Final = re.compile(rf"[A-Za-z0-9]+|[{CJK}]")


@dataclass(frozen=True, slots=True)
class Place:
    """The sentence of a passage that a claim rests on: `start` and `end` are offsets within the passage's text."""

    evidence: Evidence
    start: int
    end: int


class Reply:
    """The answer as it is checked. Sentences keep their places; only marks are added, or a false sentence removed."""

    def __init__(self, text: str, cited: Sequence[Citation] = ()) -> None:
        """Take the text; `cited` are the citations of what stands before it, whose numbers go on."""
        self._text = text.strip()
        self._spans = sentences(self._text)
        self._verdicts: dict[int, tuple[Verdict, Place | None]] = {}
        self._citations = list(cited)

    @property
    def claims(self) -> list[tuple[int, str]]:
        """The sentences that claim something, with their numbers: not questions, code or a word or two."""
        found = [(i, self._text[start:end]) for i, (start, end) in enumerate(self._spans)]
        return [(i, plain(text)) for i, text in found if not _NO_CLAIM.search(text) and len(_WORDS.findall(text)) > 2]

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The citations earned so far."""
        return tuple(self._citations)

    @property
    def unsupported(self) -> tuple[str, ...]:
        """The sentences that no passage supports."""
        return tuple(text for i, text in self.claims if i in self._verdicts and self._verdicts[i][0] != "supported")

    @property
    def supported(self) -> int:
        """How many sentences are supported."""
        return sum(verdict == "supported" for verdict, _ in self._verdicts.values())

    def judge(self, number: int, verdict: Verdict, place: Place | None) -> None:
        """Note what was found of a sentence, and cite the place it rests on."""
        self._verdicts[number] = (verdict, place)
        if verdict == "supported" and place is not None and self._number_of(place) is None:
            self._citations.append(citation(len(self._citations) + 1, place))

    def text(self, *, supported_only: bool = False) -> str:
        """Return the answer as Markdown with the marks earned so far; contradicted sentences are left out.

        With `supported_only` so is all that no passage supports.
        """
        parts: list[str] = []
        at = 0
        for i, (start, end) in enumerate(self._spans):
            verdict, place = self._verdicts.get(i, (None, None))
            if verdict == "contradicted" or (supported_only and verdict != "supported"):
                parts.append(self._text[at:start])
            else:
                parts.append(self._text[at:start] + _marked(self._text[start:end], self._mark(verdict, place)))
            at = end
        parts.append(self._text[at:])
        # A Chinese sentence follows the one before without a space; a mark between them needs one.
        return re.sub(r"(\[[\d?]+\])(?=[^\s\[])", r"\1 ", re.sub(r"[ \t]{2,}", " ", "".join(parts))).strip()

    def _mark(self, verdict: Verdict | None, place: Place | None) -> str:
        if verdict == "supported" and place is not None:
            return f"[{self._number_of(place)}]"
        return UNSUPPORTED_MARK if verdict == "not_found" else ""

    def _number_of(self, place: Place) -> int | None:
        start, end = place.evidence.start + place.start, place.evidence.start + place.end
        return next(
            (c.n for c in self._citations if (c.path, c.start, c.end) == (place.evidence.path, start, end)), None
        )


def plain(text: str) -> str:
    """Return a sentence without Markdown signs and citation marks, for a reader who checks what it says."""
    return " ".join(_MARKUP.sub("", text).split())


def from_notes(evidence: Sequence[Evidence], limit: int = 6, cited: Sequence[Citation] = ()) -> Reply:
    """Return an answer made of the notes' own sentences, each citing itself: the best passage, then what adds to it.

    `cited` are the citations of what stands before it.
    """
    quotes: list[tuple[str, Place]] = []
    paragraphs: list[str] = []
    seen: set[str] = set()
    for rank, passage in enumerate(evidence):
        chosen: list[str] = []
        for start, end in sentences(passage.text)[: limit if rank == 0 else 2]:
            text = passage.text[start:end]
            if text in seen or (rank and len(_WORDS.findall(text)) < 3):
                continue
            seen.add(text)
            chosen.append(text)
            quotes.append((plain(text), Place(passage, start, end)))
        if chosen:
            paragraphs.append(_paragraph(chosen))
        if len(quotes) >= limit:
            break
    reply = Reply("\n\n".join(paragraphs), cited)
    remaining = list(quotes)
    for number, claim in reply.claims:
        match = next((quote for quote in remaining if quote[0] == claim), None)
        if match is not None:
            remaining.remove(match)
            reply.judge(number, "supported", match[1])
    return reply


def _paragraph(parts: Sequence[str]) -> str:
    """Join sentences as their language does; code and lists stand on lines of their own."""
    text = ""
    for part in parts:
        is_block = part.startswith(("```", "~~~", "|"))
        gap = "" if not text else "\n\n" if is_block or text.endswith("```") else "" if text[-1] in "。！？" else " "
        text += gap + part
    return text


def _marked(sentence: str, mark: str) -> str:
    """Put a mark behind a sentence."""
    if not mark:
        return sentence
    return f"{sentence}{mark}" if sentence[-1] in "。！？" else f"{sentence} {mark}"


def citation(number: int, place: Place) -> Citation:
    """Return the citation of a place under a number."""
    evidence = place.evidence
    return Citation(
        n=number,
        note=evidence.note,
        title=evidence.title,
        heading=evidence.heading,
        quote=evidence.text[place.start : place.end],
        start=evidence.start + place.start,
        end=evidence.start + place.end,
        source=evidence.source,
        path=evidence.path,
    )
