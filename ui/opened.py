"""The links below an answer to the places of the page where it can be changed, looked at further, or practised."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from agents.events import Opens
from knowledge.vocabulary import Language
from tools.calculators.calculation import Kind
from ui import messages
from ui.advice_query import Choice
from ui.chat import Turn
from ui.markdown import inline
from ui.notes_query import note_query

_ITEMS: Final = 3  # of a quiz on one note
# The notes whose subject a calculation turns into numbers, by the calculation.
_NOTES: Final[Mapping[Kind, tuple[str, ...]]] = {
    "memory": ("kv-cache", "vllm-memory", "paged-attention", "kv-cache-quantization", "quantization", "context-window"),
    "roofline": ("roofline-model", "arithmetic-intensity", "memory-bandwidth", "prefill", "decode"),
    "train": ("lora", "qlora", "zero", "mixed-precision", "fine-tuning", "gradient-checkpointing"),
    "serve": ("inference-serving", "vllm", "sglang", "continuous-batching", "tensor-parallelism"),
}
CALCULATED: Final[Mapping[str, Kind]] = {note: kind for kind, notes in _NOTES.items() for note in notes}
_LONGEST: Final = 1500  # characters of a task in a link


def rows(turn: Turn, language: Language) -> list[dict[str, Any]]:
    """Return the message with the link; none where the answer has nowhere to lead to."""
    if turn.answer is None or turn.answer.opens is None:
        return []
    where = turn.answer.opens
    said = inline(messages.say(_words(where), language))
    return [{"role": "assistant", "content": f'<a class="calculate" href="{inline(link(where))}">{said}</a>'}]


def leads(turn: Turn, language: Language) -> str:
    """Return the links to what the page can do with the note that an answer rests on first."""
    if turn.outcome != "done" or not turn.citations or (turn.answer is not None and turn.answer.abstained):
        return ""
    first = turn.citations[0]
    found = {"note": note_query(first.note, first.path, first.start, first.end)}
    if turn.searched:  # an answer to a question; a quiz asks on by itself
        found["quiz"] = "?" + urlencode({"place": "quiz", "topic": first.note, "n": _ITEMS})
        found["map"] = "?" + urlencode({"place": "map", "note": first.note})
    kind = CALCULATED.get(first.note)
    if kind and turn.searched and turn.calculated is None:
        found["calculate"] = "?" + urlencode({"place": "calculate", "kind": kind})
    links = "".join(
        f'<a href="{inline(query)}">{inline(messages.say(f"lead_{name}", language, title=first.title))}</a>'
        for name, query in found.items()
    )
    return f'<div class="leads">{links}</div>'


def link(where: Opens) -> str:
    """Return the query that opens a place with what an answer is about."""
    if where.place == "choose":
        return Choice(where.subject[:_LONGEST], compare=where.tools or None).query()
    return "?" + urlencode({"place": "fix", **({"pitfall": where.subject} if where.subject else {})})


def _words(where: Opens) -> str:
    if where.place == "choose":
        return "open_compare" if where.tools else "open_choose"
    return "open_fix" if where.subject else "open_unknown"
