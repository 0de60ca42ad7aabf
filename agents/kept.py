"""A finished answer as it is kept with its session: whole, so that it can be shown again as it was."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from agents.events import Answer, Calculated, ModelCall, Opens, Step, Timings, Usage
from knowledge.citation import Citation
from knowledge.errors import UserMistake
from knowledge.evidence import Evidence
from knowledge.language import text_language
from tools.calculators.calculation import calculate

_VERSION: Final = 1  # rises with every change that an older program could not read
_MANY: Final = ("unsupported", "next", "notices")


@dataclass(frozen=True, slots=True)
class Kept:
    """One question of a session with all that came of it.

    `is_whole` is False for a turn of which only the words were stored; `at` is in seconds since 1970.
    """

    id: str
    question: str
    searched: str
    at: float
    answer: Answer
    steps: tuple[Step, ...] = ()
    calculated: Calculated | None = None
    is_whole: bool = True


def packed(answer: Answer, steps: Sequence[Step], calculated: Calculated | None) -> str:
    """Return what is kept of an answer beside its question, as JSON; of a calculation, what was asked for."""
    record: dict[str, Any] = {
        "version": _VERSION,
        "answer": asdict(replace(answer, calculation=None)),
        "steps": [asdict(step) for step in steps],
    }
    if calculated is not None:
        made = calculated.calculation
        record["calculated"] = {
            "kind": made.kind,
            "inputs": {name: value for name, value in made.inputs.items() if value is not None},
            "head": calculated.head,
            "derivation": calculated.derivation,
            "language": calculated.language,
        }
    return json.dumps(record, ensure_ascii=False)


def unpacked(id_: str, question: str, searched: str, text: str, at: float, record: str | None) -> Kept:
    """Return a kept turn; of one without a record that this program reads, its words."""
    read: dict[str, Any] = json.loads(record) if record else {}
    if read.get("version") != _VERSION:
        bare = Answer(text, (), (), abstained=False, rung="notes", language=text_language(text), id=id_)
        return Kept(id_, question, searched, at, bare, is_whole=False)
    calculated = _calculated(read["calculated"]) if "calculated" in read else None
    answer = replace(_answer(read["answer"]), calculation=calculated.calculation if calculated else None)
    steps = tuple(Step(**step) for step in read["steps"])
    return Kept(id_, question, searched, at, answer, steps, calculated)


def _answer(fields: Mapping[str, Any]) -> Answer:
    usage = fields["usage"]
    nested: dict[str, Any] = {
        "citations": tuple(Citation(**citation) for citation in fields["citations"]),
        "evidence": tuple(Evidence(**passage) for passage in fields["evidence"]),
        "usage": Usage(**usage | {"spent": tuple(ModelCall(**call) for call in usage["spent"])}),
        "timings": Timings(**fields["timings"]),
        "opens": Opens(**fields["opens"] | {"tools": tuple(fields["opens"]["tools"])}) if fields["opens"] else None,
    }
    plain: dict[str, Any] = {name: tuple(fields[name]) for name in _MANY}
    return Answer(**{**fields, **plain, **nested})


def _calculated(fields: Mapping[str, Any]) -> Calculated | None:
    """Return a calculation made again; None where this program no longer makes it, and its figures are words only."""
    try:
        made = calculate(fields["kind"], fields["inputs"])
    except UserMistake:
        return None
    return Calculated(made, fields["head"], fields["derivation"], fields["language"])
