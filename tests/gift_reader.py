"""Reads GIFT by the rules that Moodle documents (https://docs.moodle.org/en/GIFT_format), to test what we write.

A sign after a backslash is text; blank lines part questions; `//` begins a comment; `$CATEGORY:` names a category;
`::name::` comes first, then the text, then `{answers}`; `####` begins the general feedback. The kind of a question
follows from its answers, in Moodle's order: none is an essay, `#` a number, `~` a choice, `=` with `->` a matching,
TRUE or FALSE, and else a short answer.
"""

import re
from dataclasses import dataclass, field

_PLACE = 0xF0000  # escaped signs are moved here while the others are looked for


@dataclass(frozen=True)
class Answer:
    text: str
    fraction: float = 1.0  # of the mark
    feedback: str = ""
    tolerance: float = 0.0
    match: str = ""


@dataclass(frozen=True)
class Question:
    category: str
    name: str
    kind: str
    text: str
    format: str
    answers: list[Answer] = field(default_factory=list)
    feedback: str = ""
    single: bool = True


def read(text: str) -> list[Question]:
    """Return the questions of a file. Raises ValueError where one has no form."""
    category = ""
    found: list[Question] = []
    for block in re.split(r"\n\s*\n", text.strip()):
        lines = [line for line in block.split("\n") if not line.strip().startswith("//")]
        body = _hidden("\n".join(lines).strip())
        if body.startswith("$CATEGORY:"):
            category = body.removeprefix("$CATEGORY:").strip()
        elif body:
            found.append(_question(body, category))
    return found


def _question(body: str, category: str) -> Question:
    match = re.fullmatch(r"::(.*?)::(?:\[(\w+)\])?(.*?)\{(.*?)\}", body, re.DOTALL)
    if match is None or "{" in match[3] or "}" in match[3]:
        raise ValueError(f"no question: {_shown(body)!r}")
    name, form, text, inner = match[1], match[2] or "moodle", match[3], match[4].strip()
    inner, _, feedback = inner.rpartition("####") if "####" in inner else (inner, "", "")
    kind, answers = _answers(inner.strip())
    single = kind != "choice" or any(answer.fraction == 1 for answer in answers if "=" in inner)
    return Question(category, _shown(name), kind, _shown(text), form, answers, _shown(feedback), single)


def _answers(inner: str) -> tuple[str, list[Answer]]:
    if not inner:
        return "essay", []
    if inner.startswith("#"):
        return "number", [_number(part) for part in _parts(inner[1:], "=")]
    if "~" in inner:
        return "choice", [_weighed(part, "~") for part in re.split(r"(?=[~=])", inner) if part.strip()]
    if "=" in inner and "->" in inner:
        pairs = [part.split("->", 1) for part in _parts(inner, "=")]
        return "matching", [Answer(_shown(left), match=_shown(right)) for left, right in pairs]
    told, *comments = inner.split("#")
    if told.strip() in {"T", "TRUE", "F", "FALSE"}:
        right = float(told.strip().startswith("T"))
        return "truth", [Answer("true", right, _shown(comments[0]) if comments else "")]
    return "text", [_weighed(f"={part}", "=") for part in _parts(inner, "=")]


def _parts(inner: str, sign: str) -> list[str]:
    return [part.strip() for part in inner.split(sign) if part.strip()]


def _weighed(part: str, wrong: str) -> Answer:
    sign, text = part[0], part[1:].strip()
    weight = re.match(r"%(-?\d{1,2}\.?\d*|-?100)%", text)
    fraction = float(weight[1]) / 100 if weight else float(sign == "=" or wrong == "=")
    text, _, feedback = text[weight.end() if weight else 0 :].partition("#")
    return Answer(re.sub(r"^\s*\[(?:plain|html)\]", "", _shown(text)).strip(), fraction, _shown(feedback))


def _number(part: str) -> Answer:
    answer = _weighed(f"={part}", "=")
    value, _, tolerance = answer.text.partition(":")
    return Answer(str(float(value)), answer.fraction, answer.feedback, float(tolerance))


def _hidden(text: str) -> str:
    return re.sub(r"\\([\\~=#{}:n])", lambda match: chr(_PLACE + ord(match[1])), text)


def _shown(text: str) -> str:
    signs = {_PLACE + ord(sign): sign for sign in "\\~=#{}:"} | {_PLACE + ord("n"): "\n"}
    return text.translate(signs).strip()
