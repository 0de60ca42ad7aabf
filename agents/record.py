"""What the team says, as JSON objects: for scripts, and for agents of other programs."""

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # they load the index and what reads a language, which not every command needs
    from agents.events import Answer, ClaimCheck
    from knowledge.evidence import Evidence
    from knowledge.note import Note
    from tools.calculators.calculation import Calculation
    from tools.fault.fault import Diagnosis


def answer_json(answer: "Answer") -> dict[str, Any]:
    """Return an answer in the form that scripts read."""
    fields = asdict(replace(answer, calculation=None))
    fields["calculation"] = None if answer.calculation is None else calculation_json(answer.calculation)
    fields["answer"] = fields.pop("text")
    del fields["usage"]["spent"]  # `atlas observe` tells who spent what
    fields["evidence"] = [evidence_json(evidence) for evidence in answer.evidence]
    return fields


def calculation_json(calculation: "Calculation") -> dict[str, Any]:
    """Return the calculation that an answer rests on in the form that scripts read."""
    return {
        "kind": calculation.kind,
        "inputs": dict(calculation.inputs),
        "values": dict(calculation.values),
        "note": calculation.note,
    }


def evidence_json(evidence: "Evidence") -> dict[str, Any]:
    """Return a passage in the form that scripts read."""
    return asdict(evidence)


def check_json(check: "ClaimCheck") -> dict[str, Any]:
    """Return what was found of a claim in the form that scripts read."""
    return asdict(check) | {"scores": dict(check.scores)}


def diagnosis_json(diagnosis: "Diagnosis") -> dict[str, Any]:
    """Return what a log shows in the form that scripts read; the log itself is left out."""
    return {
        "matches": [asdict(match) for match in diagnosis.matches],
        "nearest": [asdict(match) for match in diagnosis.nearest],
        "abstained": diagnosis.abstained,
        "masked": dict(diagnosis.masked),
        "error": asdict(diagnosis.error) if diagnosis.error else None,
    }


def note_json(note: "Note") -> dict[str, str]:
    """Return what a list of notes says of one."""
    return {"id": note.id, "title": note.title_in("en"), "stage": note.stage, "kind": note.kind}
