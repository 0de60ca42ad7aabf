"""A learner's answer, as it is read from what they typed or clicked."""

import json
import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Final, cast

from knowledge.errors import UserMistake
from tools.quiz.item import Item
from tools.quiz.response_number import Number, read_number
from tools.quiz.response_option import LETTERS, bare, option_of, options_of, position_of, run_together, without_lead
from tools.quiz.wording import say

_LABEL_ALONE: Final = re.compile(r"[(\[]?([A-Za-z]|\d)[)\]]?(?=[.,:;\s]|因为)")
_PAIR: Final = re.compile(r"\s*(?:->|=>|→|–|—|[:=>-])\s*")
_BETWEEN_PAIRS: Final = tuple(map(re.compile, (r"\s*\n\s*", r"\s*[\n;|]\s*", r"\s*[\n;,]\s*", r"[\s;,]+")))
_COMPACT: Final = re.compile(r"\(?(\d{1,2})\)?\s*(?:->|=>|→|[-–—:=>.)]|配|对|选)?\s*\(?([A-Za-z])\)?")
_SHOWN: Final = 60  # characters of a wrong answer that an error repeats
_TRUE: Final = "true t yes y right correct ✓ √ 对 对的 正确 正确的 是 是的 真 没错 成立"
_FALSE: Final = "false f no n wrong incorrect × ✗ ✘ 错 错的 错误 错误的 不对 不正确 否 不 不是 假 不成立"
_VERDICTS: Final = dict.fromkeys(_TRUE.split(), True) | dict.fromkeys(
    [*_FALSE.split(), "not true", "not correct", "not right"], False
)
_VERDICT: Final = re.compile(
    r"(?:(?:that|this|the statement|it)(?:'s|\s+is)\s+|这(?:个说法|句话|种说法)?是)?"
    rf"(?P<word>{'|'.join(sorted(map(re.escape, _VERDICTS), key=len, reverse=True))})(?![a-z])",
    re.IGNORECASE,
)
_REASON: Final = re.compile(
    r"(?:\s*[,.;:!。\n–—-]|(?<=true)\s|(?<=false)\s|(?<=wrong)\s|(?<=correct)\s"
    r"|\s*(?=because|since|as\s|因为|由于|原因|理由|[(]))[\s,.;:–—-]*"
    r"(?:(?:because|since|as|reason)\b|因为|由于|原因是?|理由是?)?[\s,:]*(?P<reason>.*)",
    re.IGNORECASE | re.DOTALL,
)
_PASS: Final = re.compile(
    r"\?+|idk|(?:i\s+)?(?:don'?t|do not) know|no idea|not sure|pass|skip|我?(?:不知道|不清楚|不会|不确定)|跳过|忘了",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Response:
    """An answer that is possible for its item.

    `chosen` are positions of options: those chosen, in rising order; for matching, one for each prompt; for ordering,
    all of them in the order given. It is empty, and `number` None, where the learner says that they don't know.
    """

    text: str  # as typed
    chosen: tuple[int, ...] = ()
    number: Number | None = None
    reason: str = ""  # why a statement is true or false, where the learner says


def response_of(item: Item, text: str) -> Response:
    """Read an answer to an item: letters, numbers, the options' own words, pairs, an amount, or free text.

    Raises UserMistake, in the item's language, for an answer that the item does not allow.
    """
    plain = _plain(text)
    if not plain:
        raise _mistake("empty", item, text)
    if _PASS.fullmatch(plain.rstrip(".!。")):
        return Response(text)
    if item.type == "numeric":
        return Response(text, number=read_number(text, item.quantity.unit if item.quantity else "", item.language))
    if item.type == "true_false":
        return _judged(item, plain, text)
    return Response(text, _chosen(item, plain, text))


def _chosen(item: Item, plain: str, text: str) -> tuple[int, ...]:
    match item.type:
        case "multiple_choice":
            return tuple(sorted(set(_several(item, plain, text))))
        case "matching":
            return _matched(item, plain, text)
        case "ordering":
            return _ordered(item, plain, text)
        case "cloze" | "short_answer":
            return ()
        case _:
            return (_single(item, plain, text),)


def said(item: Item, response: Response) -> str:
    """Return an answer in words, for storing and showing."""
    words = [item.options[position] for position in response.chosen]
    match item.type:
        case "matching" if words:
            return "; ".join(f"{prompt} → {word}" for prompt, word in zip(item.prompts, words, strict=True))
        case "ordering" if words:
            return " → ".join(words)
        case _ if words:
            chosen = "; ".join(words)
            return f"{chosen} ({response.reason})" if response.reason else chosen
        case _:
            return response.text.strip()


def letters_of(item: Item) -> str:
    """Return the labels of an item's options: "A to D"."""
    last = LETTERS[len(item.options) - 1]
    return say("grading", "letters", item.language, first="A", last=last)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace("’", "'").replace("；", ";").strip()


def _single(item: Item, plain: str, text: str) -> int:
    position = option_of(item, plain)
    if position is not None:
        return position
    several = options_of(item, without_lead(plain))
    if several and len(set(several)) > 1:
        raise _mistake("too_many", item, text, letters=letters_of(item))
    if several:
        return several[0]
    raise _unknown_option(item, plain, text)


def _several(item: Item, plain: str, text: str) -> list[int]:
    positions = options_of(item, plain) or options_of(item, without_lead(plain))
    if not positions:
        raise _unknown_option(item, plain, text)
    return positions


def _ordered(item: Item, plain: str, text: str) -> tuple[int, ...]:
    positions = _from_json(item, plain) or _several(item, plain, text)
    twice = next((p for i, p in enumerate(positions) if p in positions[:i]), None)
    if twice is not None:
        raise _mistake("twice", item, text, letter=LETTERS[twice])
    missing = [LETTERS[p] for p in range(len(item.options)) if p not in positions]
    if missing:
        raise _mistake("missing", item, text, missing=", ".join(missing))
    return tuple(positions)


def _judged(item: Item, plain: str, text: str) -> Response:
    """Read a verdict, and the reason where one follows."""
    plain = without_lead(plain)
    verdict = _VERDICT.match(plain)
    reason = _reason(plain, verdict) if verdict else None
    of_word = {_VERDICTS.get(option.strip().lower()): at for at, option in enumerate(item.options)}
    if verdict and reason is not None and _VERDICTS[verdict["word"].lower()] in of_word:
        position = of_word[_VERDICTS[verdict["word"].lower()]]
        return Response(text, (position,), reason=reason)
    labelled = _LABEL_ALONE.match(plain)
    reason = _reason(plain, labelled) if labelled else None
    position = position_of(item, labelled[1]) if labelled else None
    if reason is not None and position is not None:
        return Response(text, (position,), reason=reason)
    whole = option_of(item, plain)
    if whole is not None:
        return Response(text, (whole,))
    raise _mistake("no_verdict", item, text, first=item.options[0], second=item.options[1])


def _reason(plain: str, verdict: re.Match[str]) -> str | None:
    """Return what is said after a verdict; None where the text goes on as if that were none ("对于", "no GPU")."""
    if not plain[verdict.end() :].strip(" .!。"):
        return ""
    reason = _REASON.fullmatch(plain, verdict.end())
    return reason["reason"].strip(" ()") if reason else None


def _matched(item: Item, plain: str, text: str) -> tuple[int, ...]:
    """Read one option for each prompt: pairs in any order, or the options in the order of the prompts."""
    plain = without_lead(plain)
    pairs = _json_pairs(plain) or _compact_pairs(plain) or _written_pairs(item, plain)
    if not pairs:
        positions = _from_json(item, plain) or options_of(item, plain)
        if not positions:
            raise _unknown_option(item, plain, text)
        pairs = [(str(n), LETTERS[position]) for n, position in enumerate(positions, 1)]
    chosen: dict[int, int] = {}
    for prompt, option in pairs:
        at = _prompt(item, prompt)
        position = option_of(item, option)
        if at is None:
            raise _mistake("no_prompt", item, prompt, last=str(len(item.prompts)))
        if position is None:
            raise _unknown_option(item, option, option)
        if chosen.get(at, position) != position:
            raise _mistake("two_for_one", item, text, prompt=str(at + 1))
        chosen[at] = position
    missing = [str(n + 1) for n in range(len(item.prompts)) if n not in chosen]
    if missing:
        raise _mistake("missing", item, text, missing=", ".join(missing))
    return tuple(chosen[n] for n in range(len(item.prompts)))


def _json_pairs(plain: str) -> list[tuple[str, str]]:
    read = _json(plain)
    if not isinstance(read, dict):
        return []
    return [(str(prompt), str(option)) for prompt, option in cast("dict[str, Any]", read).items()]


def _from_json(item: Item, plain: str) -> list[int]:
    """Read a JSON list of labels or options."""
    read = _json(plain)
    if not isinstance(read, list):
        return []
    positions = [option_of(item, str(entry)) for entry in cast("list[Any]", read)]
    return [p for p in positions if p is not None] if None not in positions else []


def _json(plain: str) -> object:
    if not plain.startswith(("{", "[")):
        return None
    try:
        return json.loads(plain)
    except (ValueError, RecursionError):
        return None  # a bracket in ordinary text


def _compact_pairs(plain: str) -> list[tuple[str, str]]:
    """Read "1-c 2-a" or "1c2a": numbers each with a letter, and nothing but separators between them."""
    pairs = _COMPACT.findall(plain)
    return pairs if pairs and not re.search(r"\w", _COMPACT.sub("", plain)) else []


def _written_pairs(item: Item, plain: str) -> list[tuple[str, str]]:
    """Read pairs whose sides may be written out: one a line, or separated by semicolons or commas."""
    plausible: list[tuple[str, str]] = []
    for separator in _BETWEEN_PAIRS:
        parts = [part for part in separator.split(plain) if part]
        pairs = [pair for part in parts if (pair := _pair(item, part))]
        if len(pairs) == len(parts):
            if all(option_of(item, option) is not None for _, option in pairs):
                return pairs
            plausible = plausible or pairs
    return plausible


def _pair(item: Item, part: str) -> tuple[str, str] | None:
    """Cut a pair where both sides are known, else where the first one is."""
    cuts = [(part[: sign.start()], part[sign.end() :]) for sign in _PAIR.finditer(part)]
    cuts = [cut for cut in cuts if _prompt(item, cut[0]) is not None]
    return next((cut for cut in cuts if option_of(item, cut[1]) is not None), cuts[0] if cuts else None)


def _prompt(item: Item, text: str) -> int | None:
    """Return the prompt that a text names by its number or its own words."""
    own = [at for at, prompt in enumerate(item.prompts) if bare(prompt) == bare(text)]
    if len(own) == 1:
        return own[0]
    number = re.fullmatch(r"\s*\(?(\d{1,2})[).]?\s*", text)
    return int(number[1]) - 1 if number and 1 <= int(number[1]) <= len(item.prompts) else None


def _unknown_option(item: Item, plain: str, text: str) -> UserMistake:
    """Name the first part of an answer that is no option."""
    parts = re.split(r"[\s,、;/&+>]+", without_lead(plain))
    strange = [part for part in parts if part and option_of(item, part) is None and run_together(item, part) is None]
    value = strange[0] if strange and all(len(part) <= 2 for part in parts) else text.strip()
    return _mistake("no_option", item, value, letters=letters_of(item))


def _mistake(key: str, item: Item, value: str, **variables: str) -> UserMistake:
    shown = value.strip()
    shown = shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 3]}..."
    message = say("grading", key, item.language, value=repr(shown), **variables)
    return UserMistake(message, say("grading", f"{key}_remedy", item.language))
