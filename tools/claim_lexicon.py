"""Words of the field in English and Chinese that mean the same, and words that exclude one another."""

import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from knowledge.glossary import ideas

_FILE: Final = Path(__file__).with_suffix(".toml")


# Ideas of more and of less: a clause that says one of them contradicts a clause that says the other of the same thing.
UPWARD: Final = frozenset(
    ["large", "increase", "high", "many", "longer", "faster", "above", "up", "maximum", "speed", "improve", "length"]
)
DOWNWARD: Final = frozenset(
    ["small", "decrease", "low", "few", "short", "slower", "below", "down", "minimum", "slow", "bad"]
)
# What these are measured in; the others go with any of them.
MEASURES: Final[dict[str, str]] = {
    "large": "size", "small": "size", "many": "count", "few": "count", "length": "length", "longer": "length",
    "short": "length", "speed": "speed", "faster": "speed", "slow": "speed", "slower": "speed", "improve": "worth",
    "bad": "worth",
}  # fmt: skip

# Ideas that say too little to carry a denial or a match by themselves.
LIGHT: Final = frozenset(
    ["need", "can", "use", "support", "provide", "model", "many", "usually", "run", "language model", "all", "only"]
) | {"always", "then", "first", "automatic", "each"}
UNIVERSAL: Final = frozenset(["all", "only", "always"])

_STOP_ZH: Final = re.compile(
    "[的了是在与和及或也都就而但且并把被将由从向到于以及其它该这那此每个种些为有对中上下里会让使给]"
)


@lru_cache(maxsize=1)
def _blocks() -> dict[str, str]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def _irregular() -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in _blocks()["irregular"].split())


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """Returns what the forms of an English word have in common; rough, but the same for all of them."""
    word = _irregular().get(word, word)
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif re.search(r"(?:[sxz]|ch|sh)es$", word) and len(word) > 4:
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
        word = word[:-1]
    for suffix in ("ingly", "ing", "edly", "ed"):
        if word.endswith(suffix) and len(word) - len(suffix) >= 3 and re.search("[aeiouy]", word[: -len(suffix)]):
            word = word[: -len(suffix)]
            if word[-1] == word[-2] and word[-1] not in "sl":
                word = word[:-1]
            break
    return re.sub(r"is$", "iz", word.removesuffix("e")) if len(word) > 3 else word


class Lexicon(NamedTuple):
    """The forms of ideas: English ones as tuples of stems, Chinese ones as strings, and what excludes what."""

    english: dict[tuple[str, ...], str]
    chinese: dict[str, str]
    names: dict[str, str]
    opposites: dict[str, frozenset[str]]
    counterparts: dict[str, frozenset[str]]
    filler: frozenset[str]
    finite: frozenset[str]
    longest_chinese: int


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """Returns the lexicon, built on first use."""
    blocks = _blocks()
    english: dict[tuple[str, ...], str] = {}
    chinese: dict[str, str] = {}
    for english_forms, chinese_forms in ideas():
        for form in english_forms:
            english.setdefault(tuple(stem(word) for word in re.split(r"[ -]", form)), english_forms[0])
        for form in filter(None, chinese_forms):
            chinese.setdefault(form, english_forms[0])
    names = {
        form: line.partition(" = ")[0]
        for line in blocks["names"].strip().splitlines()
        for form in line.partition(" = ")[2].split("|")
    }
    return Lexicon(
        english,
        chinese,
        names,
        _pairs(blocks["opposites"]),
        _pairs(blocks["counterparts"]),
        frozenset(blocks["filler"].split()),
        frozenset(blocks["finite"].split()),
        max(map(len, (*chinese, *names))),
    )


def _pairs(block: str) -> dict[str, frozenset[str]]:
    pairs: dict[str, frozenset[str]] = {}
    for line in block.strip().splitlines():
        one, other = line.split(" <> ")
        pairs[one] = pairs.get(one, frozenset()) | {other}
        pairs[other] = pairs.get(other, frozenset()) | {one}
    return pairs


def is_filler(word: str) -> bool:
    """Tells whether an English word says nothing by itself."""
    return word in lexicon().filler


def without_filler(run: str) -> list[str]:
    """Returns the parts of a run of Chinese characters that say something."""
    return [part for part in _STOP_ZH.split(run) if part]
