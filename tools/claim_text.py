"""A text as clauses of ideas: words, names and numbers that can be compared across English and Chinese."""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import takewhile
from typing import Final, Literal

from knowledge.sentence import sentences
from tools.claim_lexicon import is_filler, lexicon, stem, without_filler
from tools.claim_numbers import Quantity, quantities

Kind = Literal["idea", "word", "name", "title", "number"]

_CLAUSE: Final = re.compile(
    r"(?:[,;:，；：）、。！？—]|\((?!\))|(?<!\()\))\s+(?!an?\s|[\w-]+(?:,| and| or)\s)|[;，；：（）。！？—]|,(?=[^\d\s])|\.(?=\s|$)"
    r"|\sand\s(?=(?:the|an?|it|its|they)\s|\w+s\s(?:the|an?|its|their|them)\s)"
    r"|\s(?:while|whereas|but|although|so that|so|which|because|and then|since)\s|而(?!是|非|不)|但|因此|所以|从而|随后",
    re.IGNORECASE,
)
_SHORT_CLAUSE: Final = 2
_TOKEN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_+#.&/@=]*(?:-[A-Za-z0-9]+)*|[\u3400-\u9fff]+|%")
_NOT_EN: Final = re.compile(
    r"\b(?:rather than|instead of|not|no|never|without|cannot|neither|nor|none|nothing|nobody"
    r"|lacks?|lacking|omits?|avoids?|hardly|barely|scarcely|drops|does without|do without|independent of|free of)\b|n['’]t\b",
    re.IGNORECASE,
)
# What follows is set beside the subject, not said of it.
_BESIDE: Final = re.compile(
    r"\b(?:unlike|rather than|instead of|as opposed to|in contrast to|compared (?:with|to)|than|where)\b|不同于|不像|相比|而不是|而非"
    r"|与(?=[^,，]{1,20}(?:不同|相比))|比(?![例值率特较如])",
    re.IGNORECASE,
)
_NOT_ZH: Final = re.compile(
    r"而不是|而非|不需要|不需|不用|不能|不可|不会|不是|没有|无需|无须|几乎不|无法|并非|不|没|无|未|非(?!常)|避免|省去|免去|脱离"
)
_PRONOUN: Final = re.compile(
    r"\s*(?:it|its|they|their|this|these|those|he|she|the (?:model|method|library|tool|engine))\b|\s*(?:它|该|其|这)",
    re.IGNORECASE,
)
_CJK: Final = re.compile("[\u3400-\u9fff]")
_PASSIVE: Final = re.compile(r"\bby\b|被|由|受", re.IGNORECASE)
_COMMON_ENDING: Final = re.compile("(?:ing|ed|ly|[^aius]s)$")
# After one of these a capitalised first word of a sentence is taken for a name, not for an adjective.
_FINITE: Final = re.compile(
    r"s|is|was|has|had|can|does|will|may|must|\w+ed|supports|runs|uses|provides|offers|needs|lets|stores|keeps|gives|makes|trains|serves|computes"
    r"|reads|writes|works|connects|converts|combines|adds|allows|requires|records|covers|contains|tests|measures|comes|beats|finds|scales|hides"
    r"|splits|adapts|detects|reuses|batches|organises|organizes|listens|replaces|reduces|compiles|quantizes|shards|samples|speeds|scores|evaluates"
)
_SUFFIX: Final = frozenset(
    "based style like compatible native only level free side specific parallel bound ready aware driven".split()
)


@dataclass(frozen=True, slots=True)
class Term:
    """One idea at a place: `key` is the same for all its forms; `denied` within the reach of a negation,
    `beside` where it is only compared with.
    """

    key: str
    kind: Kind
    start: int
    end: int
    surface: str
    denied: bool = False
    beside: bool = False
    quantity: Quantity | None = None


@dataclass(frozen=True, slots=True)
class Clause:
    """The terms of one clause in order, with what its sentence speaks of if the clause does not say it."""

    terms: tuple[Term, ...]
    start: int
    end: int
    sentence: int
    inherited: tuple[Term, ...] = ()
    passive: bool = False
    negated: bool = False


Piece = tuple[int, int, tuple[Term, ...]]


@lru_cache(maxsize=512)
def clauses(text: str) -> tuple[Clause, ...]:
    """Returns the clauses of a text by place; offsets are into `text`."""
    numbers = quantities(text)
    found: list[Clause] = []
    for index, (start, end) in enumerate(sentences(text)):
        pieces = [(begin, stop, _terms(text, begin, stop, numbers)) for begin, stop in _pieces(text, start, end)]
        for begin, stop, terms in _joined(pieces):
            passive = _PASSIVE.search(text, begin, stop) is not None
            negated = _NOT_EN.search(text, begin, stop) is not None or any(_denials(text, begin, stop))
            found.append(Clause(terms, terms[0].start, terms[-1].end, index, passive=passive, negated=negated))
    return _with_subjects(found, {i: bool(_PRONOUN.match(text, start)) for i, (start, _) in enumerate(sentences(text))})


def _pieces(text: str, start: int, end: int) -> list[tuple[int, int]]:
    cuts = [
        start,
        *(
            match.start() if match[0].strip(" ,;:，；：、").isalpha() else match.end()
            for match in _CLAUSE.finditer(text, start, end)
        ),
        end,
    ]
    return [(a, b) for a, b in zip(cuts, cuts[1:], strict=False) if a < b]


def _joined(pieces: list[Piece]) -> list[Piece]:
    """Joins pieces too short to say something, such as members of a list, to the one before."""
    joined: list[Piece] = []
    for begin, stop, terms in pieces:
        if joined and (len(terms) < _SHORT_CLAUSE or len(joined[-1][2]) < _SHORT_CLAUSE):
            joined[-1] = (joined[-1][0], stop, (*joined[-1][2], *terms))
        else:
            joined.append((begin, stop, terms))
    return [piece for piece in joined if piece[2]]


def _denials(text: str, start: int, end: int) -> list[int]:
    """Returns where Chinese negations end; "不同" and other ideas that only begin like one are none."""
    found: list[int] = []
    for match in _NOT_ZH.finditer(text, start, end):
        longest = max(
            (
                n
                for n in range(1, lexicon().longest_chinese + 1)
                if text[match.start() : match.start() + n] in lexicon().chinese
            ),
            default=0,
        )
        if longest <= match.end() - match.start():
            found.append(match.end())
    return found


def _with_subjects(found: list[Clause], pronouns: dict[int, bool]) -> tuple[Clause, ...]:
    """Lends each clause that opens with no name of its own the subject of the clauses before it."""
    subject: tuple[Term, ...] = ()
    sentence = -1
    done: list[Clause] = []
    for clause in found:
        opens = sentence != clause.sentence
        first = clause.terms[0]
        inherits = bool(subject) and (
            first.kind not in ("name", "title") or first.beside or (opens and pronouns[clause.sentence])
        )
        if not inherits:
            subject = _leading(clause)
        done.append(
            replace(clause, inherited=tuple(t for t in subject if t not in clause.terms)) if inherits else clause
        )
        sentence = clause.sentence
    return tuple(done)


def _leading(clause: Clause) -> tuple[Term, ...]:
    """Returns what a clause that opens a subject speaks of: the names it starts with, else its first two terms."""
    own = [term for term in clause.terms if not term.beside]
    names = list(takewhile(lambda term: term.kind in ("name", "title"), own))
    later = [term for term in own[:4] if term.kind in ("name", "title")]
    return tuple(names[:2] or later[:1] or own[:2])


def _terms(text: str, start: int, end: int, numbers: tuple[Quantity, ...]) -> tuple[Term, ...]:
    """Returns the terms between two offsets, with negation spread over what follows it."""
    here = [q for q in numbers if start <= q.start < end]
    found = [Term(_number_key(q), "number", q.start, q.end, text[q.start : q.end], quantity=q) for q in here]
    negations = sorted([match.end() for match in _NOT_EN.finditer(text, start, end)] + _denials(text, start, end))
    tokens: list[tuple[str, int, int]] = []
    for match in _TOKEN.finditer(text, start, end):
        if any(q.start <= match.start() and match.start() + len(match[0].rstrip(".&/")) <= q.end for q in here):
            continue
        if "\u3400" <= match[0][0] <= "\u9fff":
            found.extend(_latin(tokens, opening=-1))
            tokens = []
            found.extend(
                t for t in _chinese(match[0], match.start()) if all(t.end <= q.start or t.start >= q.end for q in here)
            )
        else:
            tokens.append((match[0].rstrip(".&/"), match.start(), match.end()))
    found.extend(_latin(tokens, opening=-1 if _CJK.search(text, start, end) else start))
    found.sort(key=lambda term: term.start)
    besides = [match.end() for match in _BESIDE.finditer(text, start, end)]
    return tuple(
        replace(_signed(term, negations), beside=any(0 <= term.start - at < 24 for at in besides)) for term in found
    )


def _signed(term: Term, negations: list[int]) -> Term:
    before = [at for at in negations if at <= term.start]
    return replace(term, denied=len(before) % 2 == 1)


def _number_key(quantity: Quantity) -> str:
    return f"{quantity.low:g}-{quantity.high:g} {quantity.dimension}"


def _latin(tokens: list[tuple[str, int, int]], opening: int) -> list[Term]:
    """Reads a run of Latin words: names whole, ideas by the longest form in the lexicon, other words by their stem."""
    words: list[tuple[str, int, int, bool]] = []
    for surface, start, end in tokens:
        if _is_name(surface):
            words.append((surface, start, end, True))
            continue
        at = start
        for part in re.split(r"[-/]", surface):
            words.append((part, at, at + len(part), False))
            at += len(part) + 1
    found: list[Term] = []
    index = 0
    while index < len(words):
        surface, start, end, named = words[index]
        size, key = _idea(words, index)
        if named and size < 2:
            kind: Kind = "title" if start == opening and surface.istitle() and surface.isalpha() else "name"
            following = words[index + 1][0].lower() if index + 1 < len(words) else ""
            if kind == "title" and not (_FINITE.fullmatch(following) or following[:1].isdigit()):
                found.append(Term(stem(surface.lower()), "word", start, end, surface))
                index += 1
                continue
            found.extend(_name(surface, start, end, kind))
        elif key:
            found.append(Term(key, "idea", start, words[index + size - 1][2], surface))
        elif surface and not is_filler(surface.lower()) and not _NOT_EN.fullmatch(surface) and len(surface) > 1:
            found.append(Term(stem(surface.lower()), "word", start, end, surface))
        index += size
    return found


def _idea(words: list[tuple[str, int, int, bool]], index: int) -> tuple[int, str]:
    stems = tuple(stem(surface.lower()) for surface, _, _, _ in words[index : index + 4])
    for size in range(len(stems), 0, -1):
        key = lexicon().english.get(stems[:size])
        if key and not (size == 1 and is_filler(words[index][0].lower())):
            return size, key
    return 1, ""


def _is_name(surface: str) -> bool:
    """Tells whether a word is a proper name by its shape."""
    parts = [part for part in re.split("[-/]", surface) if part]
    if not parts or is_filler(surface.lower()) or _NOT_EN.fullmatch(surface):
        return False
    if tuple(stem(part.lower()) for part in parts) in lexicon().english:
        return False
    if any(c.isupper() for part in parts for c in part[1:]) or (
        any(map(str.isdigit, surface)) and any(map(str.isalpha, surface))
    ):
        return not all(_known(part) or is_filler(part.lower()) for part in parts)
    if any(mark in surface.strip("._") for mark in "._"):
        return any(map(str.isalpha, surface))
    if len(parts) > 1 and parts[0].istitle() and all(part.islower() for part in parts[1:]):
        return False
    return parts[0][0].isupper() and not _COMMON_ENDING.search(surface) and not all(map(_known, parts))


def _known(word: str) -> bool:
    return (stem(word.lower()),) in lexicon().english


def _name(surface: str, start: int, end: int, kind: Kind) -> list[Term]:
    """Splits a describing suffix ("PPO-based") from a name."""
    head, _, tail = surface.rpartition("-")
    if head and tail.lower() in _SUFFIX:
        surface, end = head, start + len(head)
    for suffix in ("'s", "’s"):
        surface = surface.removesuffix(suffix)
    return [Term(name_key(surface), kind, start, end, surface)]


def name_key(name: str) -> str:
    """Returns the form in which two spellings of a name are equal."""
    key = re.sub(r"[-_ /.&]", "", name.lower())
    return key[:-1] if name[-1:] == "s" and name[:-1].isupper() and len(name) > 2 else key


def _chinese(run: str, offset: int) -> list[Term]:
    """Reads a run of Chinese: names and ideas by the longest form, and what lies between as bigrams."""
    found: list[Term] = []
    at = rest = 0
    while at < len(run):
        known = _known_chinese(run, at)
        denial = _NOT_ZH.match(run, at)
        if known and (not denial or known.end > denial.end() - at):
            found.extend(_bigrams(run, rest, at, offset))
            found.append(replace(known, start=offset + at, end=offset + at + known.end))
            at = rest = at + known.end
        elif denial:
            found.extend(_bigrams(run, rest, at, offset))
            at = rest = denial.end()
        else:
            at += 1
    return [*found, *_bigrams(run, rest, len(run), offset)]


def _known_chinese(run: str, at: int) -> Term | None:
    """Returns the longest known form that begins at a place, with its length as `end`."""
    words = lexicon()
    for size in range(min(words.longest_chinese, len(run) - at), 0, -1):
        form = run[at : at + size]
        if form in words.names:
            return Term(words.names[form], "name", 0, size, form)
        if form in words.chinese:
            return Term(words.chinese[form], "idea", 0, size, form)
    return None


def _bigrams(run: str, start: int, end: int, offset: int) -> list[Term]:
    found: list[Term] = []
    for part in without_filler(run[start:end]):
        begin = run.index(part, start)
        for i in range(max(1, len(part) - 1)):
            gram = part[i : i + 2]
            found.append(Term(gram, "word", offset + begin + i, offset + begin + i + len(gram), gram))
    return found
