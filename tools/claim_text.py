"""A text as clauses of ideas: words, names and numbers that can be compared across English and Chinese."""

import re
from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import dropwhile, pairwise, takewhile
from typing import Final, Literal

from knowledge.sentence import sentences
from tools.claim_lexicon import is_filler, lexicon, stem, without_filler
from tools.claim_numbers import Quantity, quantities

Kind = Literal["idea", "word", "name", "title", "number"]

_CLAUSE: Final = re.compile(
    # Not before an apposition ("X, a kind of Y") or within a list ("tools, resources and prompts").
    r"(?:[,;:，；：）、。！？—]|\((?!\))|(?<!\()\))\s+(?!an?\s|[\w-]+(?:,| and| or)\s)|[;，；：（）。！？—]"
    r"|,(?=[^\d\s])|\.(?=\s|$)|\sand\s(?=(?:the|an?|it|its|they)\s|\w+s\s(?:the|an?|its|their|them)\s)"
    r"|\s(?:while|whereas|but|although|so that|so|which|because|and then|since)\s|而(?!是|非|不)|但|因此|所以"
    r"|从而|随后",
    re.IGNORECASE,
)
_SHORT_CLAUSE: Final = 2
# Terms that a negation denies: fewer in Chinese, which sets it right before them, and after "instead of".
_REACH, _REACH_ZH, _REACH_BESIDE = 5, 3, 2
_TOKEN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_+#.&/@=]*(?:-[A-Za-z0-9]+)*|[\u3400-\u9fff]+|%")
_NOT_EN: Final = re.compile(
    r"\b(?:rather than|instead of|not|no|never|without|cannot|neither|nor|none|nothing|nobody"
    r"|lacks?|lacking|omits?|hardly|barely|scarcely|drops|does without|do without|independent of"
    r"|free of)\b|n['’]t\b",
    re.IGNORECASE,
)
# What follows is set beside the subject, not said of it.
_BESIDE: Final = re.compile(
    r"\b(?:unlike|rather than|instead of|as opposed to|in contrast to|compared (?:with|to)|than|where)\b"
    r"|不同于|不像|相比|而不是|而非"
    r"|与(?=[^,，]{1,20}(?:不同|相比))|比(?![例值率特较如])",
    re.IGNORECASE,
)
_NOT_ZH: Final = re.compile(
    r"而不是|而非|不需要|不需|不用|不能|不可|不会|不是|没有|无需|无须|几乎不|无法|并非|不|没|无|未|非(?!常)|脱离"
)
_PRONOUN: Final = re.compile(
    r"\b(?:it|its|they|their|this|these|the (?:model|method|library|tool|engine))\b|[它该其]|这", re.IGNORECASE
)
_LEAD: Final = 6  # letters of a pronoun before the first term of its clause
_NAMED: Final = ("name", "title")
_CJK: Final = re.compile("[\u3400-\u9fff]")
_PASSIVE: Final = re.compile(r"\bby\b|被|由|受", re.IGNORECASE)
# Capitals or digits within a word, and signs that only code and names have.
_ODD_SHAPE: Final = re.compile(
    r"[A-Za-z0-9][A-Z]|[A-Za-z][^a-zA-Z-]*\d|\d[^a-zA-Z-]*[A-Za-z]|(?<=[A-Za-z0-9])[._=@](?=[A-Za-z])"
)
_COMMON_ENDING: Final = re.compile("(?:ing|ed|ly|[^aius]s)$")
_SUFFIX: Final = frozenset(
    ["based", "style", "like", "compatible", "native", "only", "level", "free", "side", "specific", "parallel", "bound"]
) | {"ready", "aware", "driven"}


@dataclass(frozen=True, slots=True)
class Term:
    """One idea at a place: `key` is the same for all its forms.

    It is `denied` within the reach of a negation, and `beside` where something is only compared with it.
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
    return _with_subjects(text, found)


def _pieces(text: str, start: int, end: int) -> list[tuple[int, int]]:
    cuts = [
        start,
        *(
            match.start() if match[0].strip(" ,;:，；：、").isalpha() else match.end()
            for match in _CLAUSE.finditer(text, start, end)
        ),
        end,
    ]
    return [(a, b) for a, b in pairwise(cuts) if a < b]


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
    matches = _NOT_ZH.finditer(text, start, end)
    return [
        m.end() for m in matches if not (known := _known_chinese(text, m.start())) or known.end <= m.end() - m.start()
    ]


def _with_subjects(text: str, found: list[Clause]) -> tuple[Clause, ...]:
    """Lends each clause that opens with no name of its own the subject of the clauses before it."""
    subject, head = tuple[Term, ...](), tuple[Term, ...]()
    sentence = -1
    done: list[Clause] = []
    for clause in found:
        if not subject or _opens_subject(text, clause, first=sentence != clause.sentence):
            subject = _leading(clause)
            done.append(clause)
        else:
            lent = (*subject, *head) if sentence == clause.sentence else subject
            done.append(replace(clause, inherited=tuple(t for t in dict.fromkeys(lent) if t not in clause.terms)))
        if sentence != clause.sentence:
            head = tuple(term for term in clause.terms[:1] if term.kind == "idea")
        sentence = clause.sentence
    return tuple(done)


def _opens_subject(text: str, clause: Clause, *, first: bool) -> bool:
    """Tells whether a clause speaks of something else than the clauses before it."""
    named = clause.terms[0].kind in _NAMED and not clause.terms[0].beside
    if not first:
        return named
    if _PRONOUN.search(text, max(0, clause.start - _LEAD), clause.end):
        return False
    return named or any(term.kind in _NAMED and not term.beside for term in clause.terms[:4])


def _leading(clause: Clause) -> tuple[Term, ...]:
    """Returns what a clause that opens a subject speaks of: the names it starts with, else its first term."""
    own = [term for term in clause.terms if not term.beside]
    from_name = list(dropwhile(lambda term: term.kind not in _NAMED, own[:4]))
    names = list(takewhile(lambda term: term.kind in _NAMED, from_name))
    return tuple(names[:2] or own[:1])


def _terms(text: str, start: int, end: int, numbers: tuple[Quantity, ...]) -> tuple[Term, ...]:
    """Returns the terms between two offsets, with negation spread over what follows it."""
    here = [q for q in numbers if start <= q.start < end]
    found = [Term(_number_key(q), "number", q.start, q.end, text[q.start : q.end], quantity=q) for q in here]
    negations = [
        (match.end(), _REACH_BESIDE if _BESIDE.fullmatch(match[0]) else _REACH)
        for match in _NOT_EN.finditer(text, start, end)
    ]
    negations += [(at, _REACH_ZH) for at in _denials(text, start, end)]
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
        replace(term, beside=any(0 <= term.start - at < 24 for at in besides)) for term in _signed(found, negations)
    )


def _signed(terms: list[Term], negations: list[tuple[int, int]]) -> list[Term]:
    """Marks what each negation reaches: a few terms of its clause; two that reach the same cancel out."""
    reached: Counter[int] = Counter()
    for at, reach in negations:
        after = [index for index, term in enumerate(terms) if term.start >= at]
        reached.update(after[:reach])
    return [replace(term, denied=reached[index] % 2 == 1) for index, term in enumerate(terms)]


def _number_key(quantity: Quantity) -> str:
    return f"{quantity.low:g}-{quantity.high:g} {quantity.dimension}"


Word = tuple[str, int, int, bool]  # surface, start, end, whether it looks like a name


def _latin(tokens: list[tuple[str, int, int]], opening: int) -> list[Term]:
    """Reads a run of Latin words: names whole, ideas by the longest form in the lexicon, other words by their stem.

    `opening` is where a sentence begins that is not Chinese, else -1.
    """
    words = [word for token in tokens for word in _words(*token)]
    found: list[Term] = []
    index = 0
    while index < len(words):
        surface, start, end, named = words[index]
        size, key = _idea(words, index)
        if named and size < 2:
            following = words[index + 1][0] if index + 1 < len(words) else ""
            found.append(_name(surface, start, end, _name_kind(surface, following, opens=start == opening)))
        elif key:
            found.append(Term(key, "idea", start, words[index + size - 1][2], surface))
        elif len(surface) > 1 and not is_filler(surface.lower()) and not _NOT_EN.fullmatch(surface):
            found.append(Term(stem(surface.lower()), "word", start, end, surface))
        index += size
    return found


def _words(surface: str, start: int, end: int) -> list[Word]:
    """Returns a token as one name, or as the parts of a compound."""
    if _is_name(surface):
        return [(surface, start, end, True)]
    parts: list[Word] = []
    for part in re.split(r"[-/]", surface):
        parts.append((part, start, start + len(part), False))
        start += len(part) + 1
    return parts


def _name_kind(surface: str, following: str, *, opens: bool) -> Kind:
    """Returns what a capitalised word is: at the head of a sentence it is a name only where a verb follows."""
    if not (opens and surface.istitle() and surface.isalpha()):
        return "name"
    following = following.lower()
    finite = following in lexicon().finite or following.endswith("ed") or following[:1].isdigit()
    return "title" if finite else "word"


def _idea(words: list[Word], index: int) -> tuple[int, str]:
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
    described = len(parts) > 1 and all(part.islower() for part in parts[1:])
    if described and (parts[0].isdigit() or parts[0].istitle()):  # "65-billion", "Fixed-size"
        return False
    if _ODD_SHAPE.search(surface):
        return not all(_known(part) or is_filler(part.lower()) for part in parts)
    return surface[0].isupper() and not _COMMON_ENDING.search(surface) and not all(map(_known, parts))


def _known(word: str) -> bool:
    return (stem(word.lower()),) in lexicon().english


def _name(surface: str, start: int, end: int, kind: Kind) -> Term:
    """Returns a name as a term, a describing suffix ("PPO-based") left off."""
    if kind == "word":
        return Term(stem(surface.lower()), kind, start, end, surface)
    head, _, tail = surface.rpartition("-")
    if head and tail.lower() in _SUFFIX:
        surface, end = head, start + len(head)
    return Term(name_key(surface), kind, start, end, surface)


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
