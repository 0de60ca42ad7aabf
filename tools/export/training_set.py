"""A training set: examples of several templates mixed, none twice, as lines of JSON in a format that trainers read.

openai: {"messages": [{"role", "content"}, ...]}; alpaca: {"instruction", "input", "output"}; chatml: {"text"} with the
control tokens of ChatML.
"""

import hashlib
import json
import random
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from knowledge.vocabulary import Language
from tools.export import instruction_items, instruction_notes, sheet
from tools.export.instruction import Example, TemplateName
from tools.export.section import Section, of_notes
from tools.quiz.item import Item

Form = Literal["openai", "alpaca", "chatml"]
FORMS: Final[tuple[Form, ...]] = get_args(Form)

# Of ChatML and its relatives: in a text they would end a turn, whatever stands around them.
_CONTROL: Final = re.compile(r"<\|[^<>|\s]{1,40}\|>")

Supply = Callable[[Language, random.Random], Iterable[Item]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a training set is to hold; the same seed gives the same set."""

    templates: Collection[TemplateName]
    languages: Collection[Language]
    seed: int


def examples(wanted: Wanted, sections: Sequence[Section], items: Supply) -> Iterator[Example]:
    """Yield examples of each template and language in turn, each instruction once, until there are no more.

    Only what is being made is in memory, and eight bytes for each example that was.
    """
    running = [
        _of(template, language, wanted.seed, sections, items)
        for template in wanted.templates
        for language in wanted.languages
    ]
    seen: set[bytes] = set()
    while running:
        for source in list(running):
            made = next((one for one in source if _is_new(one, seen)), None)
            if made is None:
                running.remove(source)
            else:
                yield made


def line(example: Example, form: Form, *, metadata: bool = False) -> str | None:
    """Return an example as a line, or None where this format cannot hold its text; `metadata` adds its sources."""
    texts = (example.system, example.instruction, example.input, example.output)
    if form == "chatml" and any(_CONTROL.search(text) for text in texts):
        return None
    stored = _FORMS[form](example)
    if metadata:
        stored["metadata"] = _metadata(example)
    return json.dumps(stored, ensure_ascii=False) + "\n"


def _of(
    template: TemplateName, language: Language, seed: int, sections: Sequence[Section], items: Supply
) -> Iterator[Example]:
    rng = random.Random(f"{seed}:{template}:{language}")  # noqa: S311 - no secret
    if template in instruction_items.MAKERS:
        yield from instruction_items.MAKERS[template](items(language, rng), rng)
        return
    notes = list(of_notes(sections, language))
    rng.shuffle(notes)
    for of_note in notes:
        yield from instruction_notes.MAKERS[template](of_note, rng)


def _is_new(example: Example, seen: set[bytes]) -> bool:
    if not (example.instruction.strip() and example.output.strip()):
        return False
    asked = " ".join(f"{example.instruction} {example.input}".casefold().split())
    digest = hashlib.sha256(asked.encode()).digest()[:8]
    if digest in seen:
        return False
    seen.add(digest)
    return True


def _prompt(example: Example) -> str:
    return f"{example.instruction}\n\n{example.input}".strip()


def _openai(example: Example) -> dict[str, Any]:
    roles = {"system": example.system, "user": _prompt(example), "assistant": example.output}
    return {"messages": [{"role": role, "content": content} for role, content in roles.items()]}


def _alpaca(example: Example) -> dict[str, Any]:
    return {"instruction": example.instruction, "input": example.input, "output": example.output}


def _chatml(example: Example) -> dict[str, Any]:
    turns = {"system": example.system, "user": _prompt(example), "assistant": example.output}
    return {"text": "".join(f"<|im_start|>{role}\n{content}<|im_end|>\n" for role, content in turns.items())}


_FORMS: Final[Mapping[Form, Callable[[Example], dict[str, Any]]]] = {
    "openai": _openai,
    "alpaca": _alpaca,
    "chatml": _chatml,
}


def _metadata(example: Example) -> dict[str, Any]:
    sources = [
        {
            "note": c.note,
            "title": c.title,
            "heading": c.heading,
            "start": c.start,
            "end": c.end,
            "url": sheet.web_address(c),
        }
        for c in example.sources
    ]
    return {
        "template": example.template,
        "language": example.language,
        "concept": example.concept,
        "sources": sources,
    }
