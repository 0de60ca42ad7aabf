"""A pitfall of the reader's own: what they know of an error, checked and drafted as a note."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, Literal

from knowledge import frontmatter, note_file, reader
from knowledge.errors import UserMistake
from knowledge.language import CJK
from knowledge.library import Library
from knowledge.sentence import sentences
from knowledge.vocabulary import Language
from tools.fault.casebook import Casebook, data, part_of, words
from tools.fault.mask import mask
from tools.fault.normalise import Line, folded, lines_of, without_values
from tools.fault.signature import WILDCARD, LogText, Signature, is_weak

Field = Literal["title", "signatures", "cause", "fix", "check", "source", "related"]

MOST_SIGNATURES: Final = 20
LONGEST: Final[Mapping[str, int]] = {
    "title": 120, "signatures": 400, "cause": 20_000, "fix": 20_000, "check": 20_000, "source": 500,
}  # fmt: skip
_SHORTEST_TITLE: Final = 5  # characters; a name that stands in every other question is no name
_LONGEST_ID: Final = 60  # characters
_HEADINGS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {"seen": "What you see", "cause": "Why it happens", "fix": "How to fix it", "check": "How to check"},
    "zh": {"seen": "现象", "cause": "原因", "fix": "解决方法", "check": "如何确认"},
}
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs"})  # control and format characters, halves of surrogate pairs
_PLACEHOLDER: Final = re.compile(r"‹masked:[\w-]+›")
_GAPS: Final = re.compile(r"(?:<\*>\s*){2,}")
_LATIN: Final = re.compile(r"[a-z]{2,}")
_CHINESE: Final = re.compile(f"[{CJK}]")
_PLAIN_ID: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_SAMPLE: Final = "/opt/x7 3.14"  # stands for what a wildcard stands for


@dataclass(frozen=True, slots=True)
class OwnPitfall:
    """What a reader knows of an error; `cause`, `fix` and `check` are Markdown, `related` the ids of what it occurs in.

    In a signature `<*>` stands for a part that varies.
    """

    title: str
    signatures: tuple[str, ...]
    cause: str
    fix: str
    check: str = ""
    source: str = ""
    language: Language = "en"
    related: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """A checked pitfall as a note's text.

    `masked` counts the secrets that were taken out, by kind; `beside` are the known pitfalls that its logs show too.
    """

    id: str
    title: str
    text: str
    masked: Mapping[str, int]
    beside: tuple[str, ...]


def drafted(pitfall: OwnPitfall, library: Library, casebook: Casebook, today: date) -> Draft:
    """Check a pitfall against the notes and draft its note.

    Raises UserMistake that names what is missing, too long, too general or taken.
    """
    kinds: Counter[str] = Counter()
    safe = _without_secrets(pitfall, kinds)
    _check_fields(safe, library)
    beside = {title for signature in safe.signatures for title in _beside(signature, casebook)}
    head: dict[str, Any] = {
        "id": _free_id(safe, library),
        "title": {safe.language: safe.title},
        "kind": "pitfall",
        "summary": {safe.language: _summary(safe)},
        "relations": [{"type": "occurs_in", "target": target} for target in safe.related],
        "pitfall": {"signatures": list(safe.signatures)},
        "sources": [safe.source] if safe.source else [],
        "checked": today,
    }
    text = note_file.render({name: value for name, value in head.items() if value}, _sections(safe))
    return Draft(head["id"], safe.title, text, dict(kinds), tuple(sorted(beside)))


def parsed(text: str) -> OwnPitfall:
    """Read a pitfall from a note's text, as it was exported.

    Raises UserMistake where it is no note of a pitfall.
    """
    head = frontmatter.read(text, own=True)
    if isinstance(head, list):
        raise UserMistake(f"line {head[0].line}: {head[0].message}", head[0].remedy)
    if head.values.pitfall is None:
        raise UserMistake("the text is no note of a pitfall.", "Give a note with `pitfall: signatures:` in its head.")
    titles = head.values.title
    named = {"en": titles} if isinstance(titles, str) else titles.model_dump() if titles else {}
    parts: dict[str, str] = {}
    for part in ("cause", "fix", "check"):
        found = part_of(text, part)
        parts[part] = text[found[1] : found[2]] if found else ""
    return OwnPitfall(
        title=named.get("en") or named.get("zh") or "",
        signatures=head.values.pitfall.signatures,
        **parts,
        source=next(iter(head.values.sources), ""),
        language="en" if named.get("en") or not named else "zh",
        related=tuple(r.target for r in head.values.relations if r.type == "occurs_in"),
    )


def signature_of(line: Line) -> str:
    """Return what an error's line has in common with the next one like it."""
    text = _PLACEHOLDER.sub(WILDCARD, without_values(line.text, WILDCARD))
    return _GAPS.sub(f"{WILDCARD} ", text[: LONGEST["signatures"]]).strip()


def _without_secrets(pitfall: OwnPitfall, kinds: Counter[str]) -> OwnPitfall:
    """Return a pitfall tidied up; a secret in a signature varies, elsewhere it is masked."""

    def safe(text: str) -> str:
        masked = mask(text)
        kinds.update(masked.kinds)
        return masked.text

    signatures = (_PLACEHOLDER.sub(WILDCARD, safe(_stripped(signature))) for signature in pitfall.signatures)
    read = (" ".join(" ".join(line.text for line in lines_of(text)).split()) for text in signatures)
    return replace(
        pitfall,
        title=" ".join(safe(_stripped(pitfall.title)).split()),
        signatures=tuple(
            dict.fromkeys(text for signature in read if (text := _GAPS.sub(f"{WILDCARD} ", signature).strip()))
        ),
        cause=safe(_stripped(pitfall.cause)),
        fix=safe(_stripped(pitfall.fix)),
        check=safe(_stripped(pitfall.check)),
        source=safe(_stripped(pitfall.source)),
        related=tuple(dict.fromkeys(pitfall.related)),
    )


def _stripped(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    return "".join(sign for sign in text if sign in "\n\t" or unicodedata.category(sign) not in _HIDDEN).strip()


def _check_fields(pitfall: OwnPitfall, library: Library) -> None:
    for name in ("title", "signatures", "cause", "fix"):
        if not getattr(pitfall, name):
            raise UserMistake(f"the {name.removesuffix('s')} is empty.", f"Say it: {_ASKS[name]}")
    for name, most in LONGEST.items():
        value: str | tuple[str, ...] = getattr(pitfall, name)
        for text in (value,) if isinstance(value, str) else value:
            if len(text) > most:
                raise UserMistake(
                    f"the {name.removesuffix('s')} has {len(text):,} characters.", f"Write at most {most:,}."
                )
    if len(pitfall.signatures) > MOST_SIGNATURES:
        raise UserMistake(f"there are {len(pitfall.signatures)} signatures.", f"Give at most {MOST_SIGNATURES}.")
    if len(pitfall.title) < _SHORTEST_TITLE or not any(sign.isalnum() for sign in pitfall.title):
        raise UserMistake(f"the title {pitfall.title!r} is too short.", "Name the failure in a few words.")
    if (known := library.named(pitfall.title)) is not None:
        raise UserMistake(f"there is a note {known.title_in('en')!r} already.", "Choose another title.")
    if _PLACEHOLDER.search(pitfall.source):
        raise UserMistake("the source holds a secret.", "Give an address without a password or a key.")
    for target in pitfall.related:
        if target not in library.notes:
            raise UserMistake(f"there is no note {target!r}.", "Name a tool by its note's id, as in vllm.")


_ASKS: Final[Mapping[str, str]] = {
    "title": "name the failure in a few words.",
    "signatures": "the error as it stands in the log; <*> stands for a part that varies.",
    "cause": "why it happens.",
    "fix": "what mends it.",
}


def _beside(text: str, casebook: Casebook) -> Iterable[str]:
    """Yield the titles of known pitfalls whose error text stands in this one.

    Raises UserMistake for a signature that would also match the logs of other failures.
    """
    _check_words(text)
    mine, log = Signature("", text), LogText(lines_of(_stated(text)))
    if log.find(mine) is None:
        raise UserMistake(f"{text!r} cannot be found in a log.", "Copy the error's own line, with <*> for what varies.")
    remedy = "Add what is particular to your error."
    for line in data()["boilerplate"]:
        if LogText(lines_of(line)).find(mine):
            raise UserMistake(f"{text!r} stands in the logs of many failures, as in {line!r}.", remedy)
    for case in casebook.cases.values():
        title = case.note.title_in("en")
        seen = case.section("seen", "en")
        examples = [*(_stated(signature.text) for signature in case.signatures), *([seen.text] if seen else [])]
        if any(LogText(lines_of(example)).find(mine) for example in examples):
            raise UserMistake(f"{text!r} matches what is known as {title!r} ({case.note.id}) already.", remedy)
        if any(log.find(signature) for signature in case.signatures):
            yield title


def _check_words(text: str) -> None:
    """Raise UserMistake for an error text that is made of what any program says."""
    has_words = bool(_LATIN.search(folded(text)))
    if not (has_words or _CHINESE.search(text)):
        raise UserMistake(f"{text!r} has no words.", "Copy what the error says, not its numbers.")
    if has_words and is_weak(text, words("general")):
        raise UserMistake(
            f"{text!r} is too general: the errors of any program are made of these words.",
            "Add a name that stands beside it in your log: a program, a file, a host.",
        )


def _stated(signature: str) -> str:
    return signature.replace(WILDCARD, _SAMPLE)


def _summary(pitfall: OwnPitfall) -> str:
    """Return the first sentence of the cause, on one line."""
    start, end = next(iter(sentences(pitfall.cause)), (0, len(pitfall.cause)))
    return " ".join(pitfall.cause[start:end].split())


def _sections(pitfall: OwnPitfall) -> list[note_file.Section]:
    headings = _HEADINGS[pitfall.language]
    seen = note_file.fence("\n".join(pitfall.signatures))
    parts = {"seen": seen, "cause": pitfall.cause, "fix": pitfall.fix, "check": pitfall.check}
    return [(headings[name], text) for name, text in parts.items() if text]


def _free_id(pitfall: OwnPitfall, library: Library) -> str:
    """Return an id that no note has, made of the title's Latin words, or of the first signature's."""
    names = (reader.slug(text)[:_LONGEST_ID].strip("-") for text in (pitfall.title, *pitfall.signatures))
    name = next((name for name in names if _PLAIN_ID.fullmatch(name)), "pitfall")
    number = 1
    while (found := name if number == 1 else f"{name}-{number}") in library.notes:
        number += 1
    return found
