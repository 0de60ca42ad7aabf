"""Which language a text is in, and the terms by which it can be looked up."""

import re
import unicodedata
from threading import local
from typing import Any, Final, cast

import Stemmer

from knowledge.vocabulary import Language

CJK: Final = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_CJK_RUN: Final = re.compile(f"[{CJK}]+")
_WORD: Final = re.compile(r"[a-z0-9]+(?:[._+#-][a-z0-9]+)*\+*")
_PART: Final = re.compile(r"[a-z0-9]+")
_LATIN_WORD: Final = re.compile(r"[A-Za-z]{2,}")

_of_thread: Final = local()  # a stemmer serves one thread at a time

# Words that say how something is asked, not what; bigrams for Chinese, as `terms` yields them.
_FUNCTION_WORDS: Final = frozenset(
    """
    a an the of in on at to for from by with and or not is are be was were do does did can could should would how what
    why which who when where it its this that these those as into than then there i we you my our your me about between
    什么 怎么 怎样 如何 为什 为何 哪些 哪个 多少 是什 可以 能否 的是 么是 有什 么用 用什 它的 请问 之间 一下 介绍
    """.split()  # noqa: SIM905 - a list of quoted words is harder to read
)


def question_language(text: str) -> Language:
    """Return the language a reader asks in: Chinese as soon as one Chinese character stands in it."""
    return "zh" if _CJK_RUN.search(text) else "en"


def text_language(text: str) -> Language:
    """Return the language most of a longer text is written in; code and product names are Latin in both."""
    chinese = sum(len(run) for run in _CJK_RUN.findall(text))
    return "zh" if chinese > len(_LATIN_WORD.findall(text)) else "en"


def terms(text: str) -> list[str]:
    """Return lower-case terms: words, the parts of compound words, and bigrams of Chinese characters.

    Bigrams index Chinese as well as a segmenter does on notes of this kind, and need no dictionary.
    """
    text = unicodedata.normalize("NFKC", text).lower()
    found: list[str] = []
    for word in _WORD.findall(text):
        found.append(word)
        parts = _PART.findall(word)
        if len(parts) > 1:
            found.extend(parts)
    for run in _CJK_RUN.findall(text):
        found.extend([run] if len(run) == 1 else [run[i : i + 2] for i in range(len(run) - 1)])
    return found


def stems(text: str) -> list[str]:
    """Return the terms of a text with their English endings cut off, so that "served" meets "serving"."""
    return [stem(term) for term in terms(text)]


def stem(term: str) -> str:
    """Return a term without its English ending; Chinese and names with digits or signs stay as they are."""
    return str(_stemmer().stemWord(term)) if term.isascii() and term.isalpha() else term


def _stemmer() -> Any:  # noqa: ANN401 - PyStemmer has no types
    if not hasattr(_of_thread, "stemmer"):
        _of_thread.stemmer = Stemmer.Stemmer("english")  # pyright: ignore[reportUnknownMemberType] - as above
    return cast("Any", _of_thread).stemmer


def content_terms(text: str) -> list[str]:
    """Return the terms that say what a question is about, in order and without repeats."""
    return [term for term in dict.fromkeys(terms(text)) if term not in _FUNCTION_WORDS]


def mentions(name: str, text: str) -> bool:
    """Tell whether `text` names `name`: as whole words, or anywhere for a Chinese name. Both in lower case."""
    if _CJK_RUN.search(name):
        return name in text
    start = text.find(name)
    while start >= 0:
        end = start + len(name)
        before, after = text[start - 1 : start], text[end : end + 1]
        if not _is_latin(before) and not _is_latin(after):
            return True
        start = text.find(name, start + 1)
    return False


def _is_latin(character: str) -> bool:
    return character.isascii() and character.isalnum()
