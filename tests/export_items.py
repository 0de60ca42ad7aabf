"""Items of every type in both languages, with all the signs that some format takes for its own.

items()  # all of them
item("cloze", "zh")
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from knowledge.citation import Citation
from knowledge.note import Note
from knowledge.vocabulary import LANGUAGES, Language
from tools.quiz.item import TYPES, Exhibit, Item, ItemType, Level, Misconception, Origin, Point, Quantity, identity

NASTY = (
    "\"quoted\", 'single' <script>alert(1)</script> {{c1::no}} :: $x_1 = 2$ ~ = # { } \\ [sound:x.mp3] % -> 🦙 &amp; @"
)
LOG = "$ run --a=1\nE  {c1} ~ # = : <tag> \\n end\n\n\ttab ::done:: [latex]x[/latex]"
FIGURE: dict[str, Any] = {
    "data": [
        {"type": "scatter", "mode": "lines", "name": "roof <1>", "x": [1, 10, 100, 1000], "y": [2, 20, 200, 200]},
        {"type": "scatter", "mode": "markers+text", "name": "decode", "x": [5], "y": [9], "text": ["A & B"]},
    ],
    "layout": {
        "title": {"text": "Roofline"},
        "xaxis": {"type": "log", "title": {"text": "FLOP/byte"}},
        "yaxis": {"type": "log", "title": {"text": "FLOP/s"}},
    },
}
_ZH = "显存里的 KV 缓存按块分配，“块”里有 16 个 token。"
NOTES = {
    "vllm": Note(
        "vllm", {"en": "vLLM", "zh": "vLLM"}, "tool", "inference", (), {}, (), (), None, None, (), None, False, ()
    )
}


def citation(language: Language, n: int = 1) -> Citation:
    quote = "vLLM wastes <4% & keeps {{blocks}}." if language == "en" else _ZH
    return Citation(
        n, "vllm", "vLLM", "How it works", quote, 10 * n, 10 * n + 9, "https://docs.vllm.ai/?a=1&b=2", "v.md"
    )


def item(item_type: ItemType, language: Language, **changes: Any) -> Item:
    """One item of a type."""
    text = f"Which {item_type}? {NASTY}" if language == "en" else f"下面哪一个（{item_type}）？{_ZH} {NASTY}"
    made = Item(
        id=identity("test", item_type, item_type, language),
        fact=f"test:{item_type}",
        type=item_type,
        concept="vllm",
        level=_level(item_type),
        language=language,
        origin=_origin(item_type),
        stem=text,
        explanation=f"Because of **this**. {NASTY}",
        citations=(citation(language), citation(language, 2)),
        hints=(f"A hint {NASTY}", "A stronger one"),
        checks={"key": True, "score": 0.5, "why": "=proof"},
    )
    return replace(made, **(_parts(item_type, language) | changes))


@cache
def items() -> tuple[Item, ...]:
    """Every type in both languages, and a reading of each kind of exhibit."""
    plots = [
        item("reading", language, id=identity(kind, "f", "reading", language), fact=f"test:{kind}", exhibit=exhibit)
        for language in LANGUAGES
        for kind, exhibit in (("command", Exhibit("command", "vllm serve <m> --x={y}")), ("plot", PLOT))
    ]
    return (*(item(item_type, language) for language in LANGUAGES for item_type in TYPES), *plots)


PLOT = Exhibit("plot", "A roofline with one point [sound:y.mp3] {{c1::z}}", FIGURE)


def _parts(item_type: ItemType, language: Language) -> dict[str, Any]:
    options = ("`--tp 2` = a ~ b", f"<b>B</b> {{{{c2::x}}}} -> :: {_ZH}", "-5 # }", "[html] $y^2$")
    wrong = tuple(Misconception(option, f"no: {NASTY}") for option in options)
    match item_type:
        case "single_choice":
            return {"options": options, "key": (1,), "misconceptions": (wrong[0], *wrong[2:])}
        case "multiple_choice":
            return {"options": options, "key": (0, 1, 3), "misconceptions": (wrong[2],)}
        case "true_false":
            told = ("True", "False") if language == "en" else ("正确", "错误")
            point = Point("names the block # 1", (("block", "块"),))
            return {
                "options": told,
                "key": (1,),
                "misconceptions": (Misconception(told[0], NASTY),),
                "points": (point,),
            }
        case "cloze":
            return {"stem": f"____ keeps KV in blocks. {NASTY}", "accepted": ("a::b}} {x} ~=#", "*paged*", "-1 -> x")}
        case "matching":
            return {"prompts": ("p1 -> {", "p2 $z$", "=p3"), "options": (*options[:3], "extra"), "key": (2, 0, 1)}
        case "ordering":
            return {"options": options, "key": (3, 1, 0, 2)}
        case "numeric":
            value = Misconception("forgot the factor 2", f"why {NASTY}", 6.25)
            return {"quantity": Quantity(12.5, "GiB", 0.05), "misconceptions": (value,)}
        case "short_answer":
            points = (Point("says blocks", (("block",),)), Point("says on demand {~}", (("demand",),)))
            return {"accepted": (f"Model answer {NASTY}\nsecond line",), "points": points}
        case "reading":
            return {"exhibit": Exhibit("log", LOG), "options": options, "key": (2,), "misconceptions": wrong[:2]}


def _level(item_type: ItemType) -> Level:
    levels: Sequence[Level] = (1, 2, 3)
    return levels[len(item_type) % 3]


def _origin(item_type: ItemType) -> Origin:
    return "calculator" if item_type == "numeric" else "model" if item_type == "short_answer" else "graph"
