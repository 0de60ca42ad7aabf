"""The sentences of a note that can stand in a question: whole, readable, and clear without their neighbours."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import log
from typing import Final

from knowledge.language import CJK, content_terms
from knowledge.vocabulary import Language
from tools.quiz.material import Material, Sentence

GAP: Final = "____"
SHELL: Final = ("```bash", "```sh", "```console")
_LENGTHS: Final[dict[Language, tuple[int, int]]] = {"en": (40, 330), "zh": (16, 170)}
_END: Final = re.compile(r"[.!?。！？][\"'”’」』）)`*_]*$")
_PAIRS: Final = ("()", "[]", "（）", "“”", "「」", "《》", "{}")
# What points at a place outside the sentence.
_OPENINGS_EN: Final = (
    "It|They|This|These|Those|That|Such|Both|Here|Then|There|Its|Their|He|She|One|Another|Set|"
    "The (?:other|same|result|rest|first|second|third|next|last|former|latter|two|three|four|script|code|command|"
    "program)s?|In (?:that|this|these|such)|Of (?:these|those)"
)
_WITHIN_EN: Final = (
    "below|above|following|notes? (?:on|says?)|mentioned|(?:last|first) (?:line|command)|earlier example|"
    "the same (?:experiment|paper|study|source|test|table|comparison|time|run)|"
    r"(?:this|these|that|those) (?:\w+ )?(?:example|case|setting|note|table|diagram|figure|option|method|way|run|paper|"
    "command|number|file|order|name|model|advice|value|step|list)s?"
)
_LEANING: Final[dict[Language, re.Pattern[str]]] = {
    "en": re.compile(rf"^(?:{_OPENINGS_EN})\b|\b(?:{_WITHIN_EN})\b"),
    "zh": re.compile(
        r"^(?:它|这|那|该|其|此|两者|二者|前者|后者|另|同|上|下|随后|然后|因此|所以|于是|由此|其中|但|而|不过|否则|脚本|"
        r"代码|命令)|下面|上面|以上|以下|如下|上述|前述|最后一行|第一行|一条[。用给讲]|一文|同一(?:实验|论文|篇)|两条[。笔]|"
        r"该笔记|(?:这|那)(?:里|个|种|些|一|段|条|样|份|组)"
    ),
}


@lru_cache(maxsize=4096)
def stands_alone(sentence: Sentence) -> bool:
    """Tell whether a sentence is whole prose that needs no other sentence to be understood."""
    text = sentence.text
    shortest, longest = _LENGTHS[sentence.language]
    if text.startswith("```") or not shortest <= len(text) <= longest or not _END.search(text) or "\n" in text:
        return False
    if text.count("`") % 2 or text.count("**") % 2 or text.count('"') % 2 or "$" in text or "|" in text or "[[" in text:
        return False
    if any(text.count(pair[0]) != text.count(pair[1]) for pair in _PAIRS):
        return False
    return not sentence.is_summary and not _LEANING[sentence.language].search(text)


def refers(text: str) -> bool:
    """Tell whether a text speaks of its own note, as summaries of working notes do."""
    return re.search(r"\b(?:the|this) note\b|本(?:条|文|笔记)|笔记", text) is not None


def prose(material: Material, note: str, language: Language) -> Iterator[Sentence]:
    """Yield the sentences of a note's text that stand alone, in their order."""
    return (s for s in material.sentences(note, language) if stands_alone(s) and _begins(material, s))


def _begins(material: Material, sentence: Sentence) -> bool:
    """Tell whether a sentence has its beginning: a small letter begins only a name or code."""
    first = sentence.text[0]
    if not ("a" <= first <= "z"):
        return True
    lower = sentence.text.lower()
    return any(lower.startswith(name.lower()) for note in material.notes for name in note.names if name[0].islower())


def bare_code(fence: str) -> str:
    """Return what stands between the fences of a code block."""
    return re.sub(r"^(?:`{3,}|~{3,})[^\n]*\n?", "", fence, flags=re.MULTILINE).rstrip()


def has_chinese(text: str) -> bool:
    """Tell whether a Chinese character stands in a text."""
    return re.search(f"[{CJK}]", text) is not None


@dataclass(frozen=True, slots=True)
class Index:
    """How often terms are used, and in which sentences; `rarity` is in nats, greater for a rarer term."""

    rarity: dict[str, float]
    places: dict[str, tuple[int, ...]]
    users: dict[str, frozenset[str]]  # the notes that use a term
    notes: tuple[str, ...]  # of each sentence

    def weight(self, terms: set[str]) -> float:
        """Return how much these terms tell together."""
        return sum(self.rarity.get(term, 0.0) for term in terms)

    def covered(self, terms: set[str], note: str) -> float:
        """Return which share of these terms, by rarity, a note uses anywhere."""
        return self.weight({term for term in terms if note in self.users.get(term, ())}) / (self.weight(terms) or 1.0)

    def like(self, terms: set[str], note: str) -> float:
        """Return which share of these terms, by rarity, the most similar sentence of any other note has."""
        weights = {term: self.rarity[term] for term in terms if term in self.rarity}
        whole = sum(weights.values())
        found: Counter[int] = Counter()
        for term, weight in weights.items():
            for place in self.places[term]:
                if self.notes[place] != note:
                    found[place] += weight  # pyright: ignore[reportArgumentType] - a counter may count in parts
        return max(found.values(), default=0) / whole if whole else 1.0


# Two for each language: the notes as they are, and as they were while someone still has a quiz on those.
@lru_cache(maxsize=4)
def index(material: Material, language: Language) -> Index:
    """Return the index of all notes in a language; the first call reads all of them."""
    return _read(material, language)


def _read(material: Material, language: Language) -> Index:
    places: dict[str, list[int]] = defaultdict(list)
    users: dict[str, set[str]] = defaultdict(set)
    notes: list[str] = []
    for note in material.notes:
        for sentence in material.sentences(note.id, language):
            if sentence.text.startswith("```"):
                continue
            for term in content_terms(sentence.text):
                places[term].append(len(notes))
                users[term].add(note.id)
            notes.append(note.id)
    rarity = {term: log(len(material.notes) / len(found)) + 0.1 for term, found in users.items()}
    return Index(
        rarity,
        {term: tuple(found) for term, found in places.items()},
        {term: frozenset(found) for term, found in users.items()},
        tuple(notes),
    )
