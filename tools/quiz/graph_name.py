"""What a note is called in the middle of a sentence, and a summary that doesn't say whose it is."""

import re
from collections import Counter
from functools import cached_property
from typing import Final
from weakref import WeakKeyDictionary

from knowledge.glossary import ideas
from knowledge.language import CJK, content_terms, mentions, stem
from knowledge.note import Note
from knowledge.vocabulary import LANGUAGES, Language
from tools.quiz.graph_truth import GROUPS
from tools.quiz.material import Material

BLANK: Final = "____"
_CODE: Final = re.compile(r"`[^`]*`")
_SEAM: Final = re.compile(rf"(?<=[{CJK}])(?=[A-Za-z0-9_`])|(?<=[A-Za-z0-9_`])(?=[{CJK}])")
_IDENTIFIER: Final = re.compile(r"[A-Za-z](?:[A-Za-z0-9.+#_-]*[A-Za-z0-9+#])?")
_MOST_BLANKS: Final = 4
_WIDESPREAD: Final = 36  # summaries; a word that more have (model, token) points to none of them
# Stems that tell no title; a gap in the place of "only" would itself tell that "decoder-only" is meant.
_EMPTY: Final = frozenset({"use", "need", "fail", "miss", "onli", "使用", "需要", "没有", "不能", "阶段"})
_GENERAL: Final = _EMPTY | {"model", "模型", "data", "数据"}  # words that titles share without being related
_SHORTEST_SENTENCE: Final = 6  # terms that must remain for a summary without its names to say something


def spaced(text: str) -> str:
    """Return a Chinese text with a space wherever Chinese meets Latin letters or digits."""
    return _SEAM.sub(" ", text)


class Names:
    """How the notes of a material are named and described; what was worked out once is remembered."""

    def __init__(self, material: Material) -> None:
        self._material = material
        self._nouns: dict[str, tuple[str, str]] = {}
        self._blanked: dict[tuple[str, Language], str | None] = {}
        self._stems: dict[tuple[str, Language], frozenset[str]] = {}
        self._telling: dict[tuple[str, str], bool] = {}
        self._nameless: dict[tuple[str, Language, str], str] = {}
        self._spoken: dict[tuple[str, str], bool] = {}
        self._said: dict[str, str] = {}

    def option(self, note: str, language: Language) -> str:
        """Return a note's title as an option shows it."""
        return self._material.graph.notes[note].title_in(language)

    def noun(self, note: str, language: Language, *, bare: bool = False) -> str:
        """Return what a note is called inside a sentence: with the article its own text gives it, unless `bare`.

        A failure stands in quotes, as its title is a sentence.
        """
        found = self._material.graph.notes[note]
        title = found.title_in(language)
        if found.kind == "pitfall":
            return f"“{title}”"
        if language == "zh":
            return title
        if note not in self._nouns:
            self._nouns[note] = self._article(found)
        article, noun = self._nouns[note]
        return noun if bare or not article else f"{article} {noun}"

    def blanked(self, note: str, language: Language) -> str | None:
        """Return a summary with a blank for each word that gives its title away; None where too little would remain."""
        key = (note, language)
        if key not in self._blanked:
            summary = self._material.summary(note, language)
            told = self.without_names(note, language, summary.text) if summary else ""
            said = content_terms(told.replace(BLANK, " "))
            too_little = told.count(BLANK) > _MOST_BLANKS or len(said) < _SHORTEST_SENTENCE
            self._blanked[key] = None if too_little else told
        return self._blanked[key]

    def without_names(self, note: str, language: Language, text: str) -> str:
        """Return a text with a blank for each word that gives a note's title away."""
        key = (note, language, text)
        if key not in self._nameless:
            self._nameless[key] = self._without_names(note, language, text)
        return self._nameless[key]

    def _without_names(self, note: str, language: Language, text: str) -> str:
        found = self._material.graph.notes[note]
        telling = [*found.title.values(), note, note.replace("-", " "), *_spelt_out(found), *self._in_title(note)]
        told = text
        for name in sorted(set(telling), key=len, reverse=True):
            told = _name_pattern(name).sub(BLANK, told)
        told = self._without_title_words(found, language, told)
        told = re.sub(rf"{BLANK}(?:[ -]?{BLANK})+", BLANK, told)
        told = re.sub(rf"\b[Aa]n? {BLANK}", BLANK, told)  # the article would tell how the name begins
        return spaced(told) if language == "zh" else told

    def shared(self, one: str, other: str) -> float:
        """Return how much of the shorter of two summaries the other also says, in the language where it is more."""
        return max(self._shared(one, other, language) for language in LANGUAGES)

    def gives_away(self, asked: str, key: str) -> bool:
        """Tell whether the title of one note has a telling word of the other's names, in any language."""
        known = self._telling.get((asked, key))
        if known is None:
            titles = self._material.graph.notes[asked].title.values()
            named = any(
                mentions(name.lower(), title.lower())
                for title in titles
                for name in self._material.graph.notes[key].names
            )
            telling = {s for s in self._title_stems(key) if len(s) > (2 if s.isascii() else 1)} - _GENERAL
            known = self._telling[asked, key] = named or bool(telling & self._title_stems(asked))
        return known

    def leaks(self, note: str, told: str, language: Language) -> bool:
        """Tell whether a text that should not name a note still has a telling word of its title."""
        title = _stems(self._material.graph.notes[note].title_in(language))
        return any(self._spread[s] <= _WIDESPREAD and len(s) > 1 and s.isalpha() for s in title & _stems(told))

    def speaks_of(self, one: str, other: str) -> bool:
        """Tell whether the summary of one note, in any language, names another."""
        known = self._spoken.get((one, other))
        if known is None:
            said = self._summaries(one)
            known = any(mentions(name.lower(), said) for name in self._material.graph.notes[other].names)
            self._spoken[one, other] = known
        return known

    def _summaries(self, note: str) -> str:
        if note not in self._said:
            found = [self._material.summary(note, language) for language in LANGUAGES]
            self._said[note] = "\n".join(summary.text for summary in found if summary is not None).lower()
        return self._said[note]

    def terms_of(self, text: str, language: Language) -> list[str]:
        """Return the terms of the field that a text in a language has, with what they are called in the other one.

        The names of notes come first, then words that occur in the names of notes.
        """
        said = text.lower()
        found = list(self._material.library.mentioned(text).values())
        for forms in ideas():
            here = [
                form for form in forms[LANGUAGES.index(language)] if _says(said, form) and _stems(form) <= self._field
            ]
            found += [form for side in forms for form in side if _is_word(form)] if here else []
        if language == "en":
            found += [term for term in content_terms(said) if len(term) > 4 and _stems(term) <= self._field]
        return list(dict.fromkeys(found))

    @cached_property
    def _field(self) -> frozenset[str]:
        """The words in the names of notes other than failures."""
        notes = self._material.notes
        return frozenset(s for note in notes if note.kind != "pitfall" for name in note.names for s in _stems(name))

    def _shared(self, one: str, other: str, language: Language) -> float:
        first, second = self._summary_stems(one, language), self._summary_stems(other, language)
        return len(first & second) / max(1, min(len(first), len(second)))

    def _summary_stems(self, note: str, language: Language) -> frozenset[str]:
        key = (note, language)
        if key not in self._stems:
            summary = self._material.summary(note, language)
            self._stems[key] = _stems(summary.text) if summary else frozenset()
        return self._stems[key]

    def _title_stems(self, note: str) -> frozenset[str]:
        return frozenset(s for title in self._material.graph.notes[note].title.values() for s in _stems(title))

    @cached_property
    def _spread(self) -> Counter[str]:
        """In how many summaries each stem occurs."""
        notes = self._material.graph.notes
        return Counter(s for note in notes for language in LANGUAGES for s in self._summary_stems(note, language))

    def _article(self, note: Note) -> tuple[str, str]:
        title = note.title_in("en")
        prose = " ".join(_CODE.sub("", s.text) for s in self._material.sentences(note.id, "en") if "```" not in s.text)
        common = GROUPS.get(note.kind) in {"idea", "measure"} or note.kind == "model"
        first = re.split(r"[ -]", title)[0]
        lower = title[:1].lower() + title[1:]
        if common and first[1:].islower() and re.search(rf"(?<!\w){re.escape(first.lower())}\b", prose):
            title = lower
        total = len(re.findall(rf"(?<![\w-]){re.escape(title)}\b(?!-)", prose, re.IGNORECASE))
        a = len(re.findall(rf"\b(?:an?|each|one|every|another) {re.escape(title)}\b", prose, re.IGNORECASE))
        the = len(re.findall(rf"\bthe {re.escape(title)}\b", prose, re.IGNORECASE))
        if not total or title.endswith("s"):
            return "", title
        if not common:
            return ("the" if the >= 0.9 * total else ""), title
        if max(a, the) < total / 2 and a + the < 0.75 * total:
            return "", title
        return ("the" if the > a else "an" if title[0].lower() in "aeiou" else "a"), title

    def _in_title(self, note: str) -> list[str]:
        """Return the titles of the notes that a note's title names."""
        notes, library = self._material.graph.notes, self._material.library
        named = {other for title in notes[note].title.values() for other in library.mentioned(title)} - {note}
        return [title for other in sorted(named) for title in notes[other].title.values()]

    def _without_title_words(self, note: Note, language: Language, told: str) -> str:
        title = note.title_in(language)
        rare = {s for s in _stems(title) if self._spread[s] <= _WIDESPREAD and len(s) > (2 if s.isascii() else 1)}
        rare -= _EMPTY

        def word(match: re.Match[str]) -> str:
            return BLANK if _stems(match[0]) & rare else match[0]

        told = _IDENTIFIER.sub(word, told)
        for piece in _pieces(title):
            if len(_stems(piece) & rare) * 2 >= len(_stems(piece)):
                told = told.replace(piece, BLANK)
        return told


def _stems(text: str) -> frozenset[str]:
    return frozenset(stem(term) for term in content_terms(text))


def _says(said: str, form: str) -> bool:
    return _is_word(form) and mentions(form, said)


def _is_word(form: str) -> bool:
    return len(form) > (3 if form.isascii() else 1) and "," not in form


def _pieces(title: str) -> list[str]:
    """Return the pieces of a title's Chinese that have two characters or more, the longest first."""
    pieces = {
        run[start:end]
        for run in re.findall(f"[{CJK}]+", title)
        for start in range(len(run))
        for end in range(start + 2, len(run) + 1)
    }
    whole = {piece for piece in pieces if not piece.startswith("的") and not piece.endswith("的")}
    return sorted(whole, key=lambda piece: (-len(piece), piece))


def _name_pattern(name: str) -> re.Pattern[str]:
    escaped = re.escape(name)
    if re.search(f"[{CJK}]", name):
        return re.compile(escaped)
    return re.compile(rf"(?<![A-Za-z0-9_-]){escaped}(?:s|es)?(?![A-Za-z0-9_-])", re.IGNORECASE)


def _spelt_out(note: Note) -> list[str]:
    """Return the aliases that a title abbreviates, and those that contain it."""
    titles = [title.lower() for title in note.title.values()]

    def initials(alias: str) -> str:
        return "".join(word[0] for word in re.split(r"[ -]", alias.lower()) if word)

    return [
        alias
        for alias in note.aliases
        if any(title in alias.lower() or (len(title) > 2 and initials(alias).startswith(title)) for title in titles)
    ]


_known: Final[WeakKeyDictionary[Material, Names]] = WeakKeyDictionary()


def names(material: Material) -> Names:
    """Return the names over a material, the same at every call."""
    found = _known.get(material)
    if found is None:
        found = _known[material] = Names(material)
    return found
