"""The form of a drafted question: its language, its stem, and options that are alike and distinct.

Each check returns what is wrong, or an empty text.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from rapidfuzz import fuzz

from knowledge.language import CJK
from knowledge.vocabulary import Language
from tools.claim_lexicon import LIGHT
from tools.claim_numbers import quantities
from tools.claim_text import clauses

Idea = tuple[str, bool]  # what is said, and whether it is denied

OPTION_WIDTH: Final = 110  # letters of an option, a Chinese character counted as two
ALIKE: Final = 88  # of 100; two options that are closer say the same, unless their numbers differ
_LONGEST: Final[dict[Language, int]] = {"en": 200, "zh": 80}  # characters of a stem
_VERSIONS: Final = 70  # of 100; names that differ by digits only, such as GPT-3 and GPT-4
_HALF: Final = 0.5  # share of the ideas of a key that a stem may have if the other options share less
_NAME: Final = 4  # Latin words that a name in Chinese text may have
_SLACK: Final = 8  # characters by which lengths of short options may always differ
_RATIO: Final = 1.5  # of the key's length to that of the longest or the shortest other option
_CHINESE: Final = re.compile(f"[{CJK}]")
_WORDS: Final = re.compile(r"[A-Za-z]{2,}")
_ASKS: Final[dict[Language, re.Pattern[str]]] = {
    "en": re.compile(r"\b(?:what|which|why|how|when|where|who|whose)\b", re.IGNORECASE),
    "zh": re.compile(r"什么|哪|为何|如何|怎样|怎么|多少|多大|多长|多久|几|谁"),
}
_ASKING: Final = re.compile(
    r"\b(?:what|which|why|how(?: many| much| long| large| often)?|when|where|who|whose|(?:kind|type|name)s? of|the name"
    r"|the reason|happens?|reason)\b|什么样?的?|哪[个种些项类里]?|为何|为什么|如何|怎样|怎么|多少|多大|多长|多久|名称"
    r"|类型|种类|原因",
    re.IGNORECASE,
)
# It speaks of the text it was made from, leans on something unsaid, or has more than one right answer by its form.
_LEANS: Final = re.compile(
    r"\b(?:passage|sentence|paragraph|text above|notes?|according to|mentioned|stated|described|the following|this"
    r"|these|those|it|its|they|their|here|above|below|not|except|an example|one of|one reason|the code|the command)\b"
    r"|文中|句子|段落|笔记|上述|下列|以下|上文|提到|根据|本文|它|其(?!他|中|余|它)|这|该(?!当)|例如|之一|不是|不属于|不正确|错误的是",
    re.IGNORECASE,
)
_OF_OTHERS: Final = re.compile(
    r"\b(?:all|none|both|any|either|neither) of (?:the|these|them)|\babove\b"
    r"|以上|上述|都(?:是|不是|对|正确)|均(?:正确|不)|选项",
    re.IGNORECASE,
)
_MARKS: Final = re.compile(r"[*_`\"“”‘’「」《》\s]+")
_ARTICLE: Final = re.compile(r"^(?:an?|the)\s+(?=\w)", re.IGNORECASE)
_CODE: Final = re.compile(r"[A-Za-z0-9][_./=][A-Za-z0-9]|^--?\w|\(\)|^[a-z]+[A-Z]")
_FINITE: Final = re.compile(r"(?<!that )(?<!which )\b(?:is|are|was|were|has|have|does|do|can|cannot|will|must)\b")
_YES: Final = frozenset(["yes", "no", "true", "false", "是", "否", "对", "错", "会", "不会", "能", "不能"])


def folded(text: str) -> str:
    """Returns a text without what does not count in comparing: case, space, marks, a leading article."""
    text = unicodedata.normalize("NFKC", text).strip().casefold()
    return _MARKS.sub(" ", _ARTICLE.sub("", text)).strip(" .,;:。，；：")


def ideas(text: str) -> frozenset[Idea]:
    """Returns what a text says, as names, numbers, ideas and words that are the same in all their forms."""
    return frozenset((t.key, t.denied) for clause in clauses(text) for t in clause.terms)


def asked_for(stem: str) -> frozenset[str]:
    """Returns the telling ideas of a question, without those that only ask."""
    return telling(_ASKING.sub(" ", stem))


def telling(text: str) -> frozenset[str]:
    """Returns the ideas of a text that say something by themselves."""
    return frozenset(key for key, _ in ideas(text) if key not in LIGHT)


def names(text: str) -> frozenset[str]:
    """Returns the names and numbers in a text."""
    return frozenset(t.key for clause in clauses(text) for t in clause.terms if t.kind in ("name", "title", "number"))


def strange(option: str, language: Language) -> str:
    """Tells whether an option is in another language; names and code are Latin in both."""
    if language == "en":
        return f"not English: {option!r}" if _CHINESE.search(option) else ""
    is_english = len(_WORDS.findall(option)) > _NAME and not _CHINESE.search(option)
    return f"not Chinese: {option!r}" if is_english else ""


def unasked(stem: str, language: Language) -> str:
    """Tells whether a stem is no question, in the language, that can be understood by itself."""
    if bool(_CHINESE.search(stem)) != (language == "zh"):
        return f"the stem is not in {language}"
    if stem[-1:] not in ("?", "？") or not _ASKS[language].search(stem):
        return "the stem asks nothing"
    if re.search(r"[.。!！;；?？]\s*\S", stem[:-1] + " ") and re.search(r"[。！；？]|[.!?;]\s", stem[:-1]):
        return "the stem is more than one sentence"
    if len(stem) > _LONGEST[language]:
        return "the stem is too long"
    leaning = _LEANS.search(stem)
    return f"the stem leans on {leaning[0]!r}" if leaning else ""


def unfit(option: str) -> str:
    """Tells whether an option is empty, too long, a question, speaks of other options, or only says yes or no."""
    if not any(character.isalnum() for character in option):
        return "an option is empty"
    if width(option) > OPTION_WIDTH:
        return f"an option is too long: {option[:30]!r}"
    if _OF_OTHERS.search(option):
        return f"an option speaks of others: {option!r}"
    if folded(option) in _YES:
        return f"an option only agrees or not: {option!r}"
    return f"an option is a question: {option!r}" if option[-1] in "?？" else ""


def uneven(correct: str, wrong: Sequence[str]) -> str:
    """Tells whether the key stands out by its length or its form."""
    sizes = [width(option) for option in wrong]
    size = width(correct)
    if size > _RATIO * max(sizes) and size > max(sizes) + _SLACK:
        return "the key is much the longest"
    if size * _RATIO < min(sizes) and size < min(sizes) - _SLACK:
        return "the key is much the shortest"
    if max(size, *sizes) > 3 * min(size, *sizes) and max(size, *sizes) > min(size, *sizes) + 2 * _SLACK:
        return "the options differ much in length"
    for name, form in (
        ("a number", is_number),
        ("code", _is_code),
        ("a denial", _is_denial),
        ("a sentence", _is_sentence),
    ):
        same = sum(form(option) == form(correct) for option in wrong)
        if same == 0 or (name in {"a number", "a sentence"} and same < len(wrong)):
            return f"only some options are {name}"
    return ""


def width(text: str) -> int:
    """Returns the width of a text in letters; a Chinese character is as wide as two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def is_number(text: str) -> bool:
    """Tells whether a text is a number with little beside it."""
    found = quantities(text)
    return bool(found) and sum(q.end - q.start for q in found) > 0.4 * len(text)


def _is_code(text: str) -> bool:
    return " " not in text.strip() and _CODE.search(text) is not None


def _is_denial(text: str) -> bool:
    return any(denied for _, denied in ideas(text))


def _is_sentence(text: str) -> bool:
    return _FINITE.search(text) is not None


def repeats(option: str, others: Sequence[str]) -> str:
    """Tells whether an option says what another says: alike letter by letter, or one's ideas are among the other's."""
    return next((reason for other in others if (reason := _twins(option, other))), "")


def _twins(one: str, other: str) -> str:
    a, b = folded(one), folded(other)
    if a == b:
        return f"two options are the same: {one!r}"
    if _differ_in_digits(one, other):
        return ""
    mine, theirs = ideas(one), ideas(other)
    if {key for key, _ in mine} == {key for key, _ in theirs}:
        return f"one option says or denies the other: {one!r} and {other!r}"
    if mine <= theirs or theirs <= mine or _holds(a, b) or _holds(b, a):
        return f"one option holds the other: {one!r} and {other!r}"
    if fuzz.ratio(a, b) >= ALIKE and not _is_code(one):
        return f"two options are nearly the same: {one!r} and {other!r}"
    return ""


def _differ_in_digits(one: str, other: str) -> bool:
    """Tells whether two options are two numbers, or two versions of a name: alike in all but their digits."""
    mine, theirs = ([(q.low, q.high, q.dimension) for q in quantities(text)] for text in (one, other))
    if mine and theirs:
        return mine != theirs
    digits = ["".join(character for character in text if character.isdigit()) for text in (one, other)]
    return all(digits) and digits[0] != digits[1] and fuzz.ratio(one, other) > _VERSIONS


def _holds(text: str, part: str) -> bool:
    if _CHINESE.search(part):
        return part in text
    return re.search(rf"(?<!\w){re.escape(part)}(?!\w)", text) is not None


def given_away(stem: str, correct: str, wrong: Sequence[str]) -> str:
    """Tells whether the stem holds the key, or shares more with it than with every other option."""
    if folded(correct) in folded(stem):
        return "the stem holds the key"
    asked, held = telling(stem), telling(correct)
    shared = len(held & asked)
    if shared and shared >= _HALF * len(held) and shared > max(len(telling(option) & asked) for option in wrong):
        return "the stem shares more with the key than with the other options"
    return ""
