"""Examples from the notes themselves: sections explained, quoted, and the logs and commands in them."""

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from knowledge.catalog import Passage
from knowledge.citation import Citation
from knowledge.vocabulary import Language
from tools.export import sheet
from tools.export.instruction import Example, TemplateName, example, heading_question
from tools.export.section import Section, codes, prose_of

_LOG: Final = frozenset({"What you see", "现象"})
_CAUSE: Final = frozenset({"Why it happens", "原因"})
_FIX: Final = frozenset({"How to fix it", "解决方法"})
_SHELLS: Final = frozenset({"bash", "sh", "shell", "console", "powershell"})
_LONGEST: Final = 2400  # characters of an output; more would be cut in training
_OTHERS: Final = 2  # passages beside the one that holds the answer
# The code stands in the input, above the answer.
_BELOW: Final = re.compile(r"\b(?P<what>commands?|lines?|script|program|example|code|request) below\b|下面的?|以下")


def explained(sections: Sequence[Section], rng: random.Random) -> Iterator[Example]:
    """Yield each section of a note as the answer to the question that its heading asks, with its sources."""
    for section in sections:
        citations = section.citations()
        told = [f"{passage.text}{_mark(passage, n)}" for n, passage in enumerate(section.passages, 1)]
        passages = "\n\n".join(told)
        if section.heading.rpartition(" > ")[2] not in _LOG and len(passages) <= _LONGEST:
            question = heading_question(section.heading, section.name, section.language, rng)
            sources = "\n".join(f"[{citation.n}] {_source(citation, section.language)}" for citation in citations)
            yield example(
                "explain", section.language, section.note.id, citations, rng,
                {"question": question, "passages": passages, "sources": sources},
            )  # fmt: skip


def quoted(sections: Sequence[Section], rng: random.Random) -> Iterator[Example]:
    """Yield each section of a note as a question on its first passage and some others of the note."""
    prose = [section for section in sections if section.heading and not codes(section.passages[0].text)]
    for section in prose:
        others = [other.passages[0] for other in prose if other.heading != section.heading]
        if len(others) < _OTHERS or section.heading.rpartition(" > ")[2] in _LOG:
            continue
        shown = [section.passages[0], *rng.sample(others, _OTHERS)]
        rng.shuffle(shown)
        at = shown.index(section.passages[0]) + 1
        yield example(
            "quote", section.language, section.note.id, section.citations()[:1], rng,
            {
                "question": heading_question(section.heading, section.name, section.language, rng),
                "passages": "\n\n".join(f"[{n}] {passage.text}" for n, passage in enumerate(shown, 1)),
                "answer": f"{section.passages[0].text}{_mark(section.passages[0], at)}",
            },
        )  # fmt: skip


def diagnosed(sections: Sequence[Section], rng: random.Random) -> Iterator[Example]:
    """Yield each log of a pitfall with its name, its cause and its fix."""
    cause, fix = _first(sections, _CAUSE), _first(sections, _FIX)
    if cause is None or fix is None:
        return
    for section in sections:
        logs = [code for passage in section.passages for code in codes(passage.text)]
        for log in logs if section.heading in _LOG else ():
            citations = [cause.citations()[0], fix.citations()[0]]
            yield example(
                "diagnosis", section.language, section.note.id, citations, rng,
                {
                    "log": log.text, "title": section.title, "cause": cause.passages[0].text,
                    "fix": fix.passages[0].text, "source": _source(citations[1], section.language),
                },
            )  # fmt: skip


def commanded(sections: Sequence[Section], rng: random.Random) -> Iterator[Example]:
    """Yield each shell command of a note with what is said of it."""
    for section in sections:
        for passage, citation in zip(section.passages, section.citations(), strict=True):
            shells = [code for code in codes(passage.text) if code.kind in _SHELLS]
            said = _BELOW.sub(_here, prose_of(passage.text))
            if len(shells) == len(codes(passage.text)) == 1 and said:
                yield example(
                    "command", section.language, section.note.id, [citation], rng,
                    {
                        "command": f"```{shells[0].kind}\n{shells[0].text}\n```", "title": section.name,
                        "explanation": said, "source": _source(citation, section.language),
                    },
                )  # fmt: skip


def _first(sections: Sequence[Section], headings: frozenset[str]) -> Section | None:
    return next((section for section in sections if section.heading in headings), None)


def _mark(passage: Passage, n: int) -> str:
    if passage.text.endswith(("```", "~~~")):
        return f"\n[{n}]"
    return f"[{n}]" if passage.language == "zh" else f" [{n}]"


def _here(match: re.Match[str]) -> str:
    return match["what"] or "这里的"


def _source(citation: Citation, language: Language) -> str:
    separator = "，" if language == "zh" else ", "
    return separator.join(filter(None, [sheet.place(citation), sheet.web_address(citation)]))


MAKERS: Final[Mapping[TemplateName, Callable[[Sequence[Section], random.Random], Iterator[Example]]]] = {
    "explain": explained,
    "quote": quoted,
    "diagnosis": diagnosed,
    "command": commanded,
}
