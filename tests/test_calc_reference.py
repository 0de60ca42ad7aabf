"""Every published figure of the reference: within its tolerance, or listed with the reason why ours is right.

A file `rows_<subject>.py` beside this one answers the rows of its subject: `COMPUTE` maps a quantity to a function from
row to number in base units (bytes, seconds, FLOP/s), which returns None for a row of another subject; `OURS_IS_RIGHT`
maps the id of a row that we contradict to the reason.
"""

from importlib import import_module
from pathlib import Path

import pytest
from calculator_rows import Row, rows

ROWS = rows()
SUBJECTS = [import_module(path.stem) for path in sorted(Path(__file__).parent.glob("rows_*.py"))]
REASONS: dict[str, str] = {key: reason for subject in SUBJECTS for key, reason in subject.OURS_IS_RIGHT.items()}


def _answer(row: Row) -> float | None:
    for subject in SUBJECTS:
        compute = subject.COMPUTE.get(row.quantity)
        found = None if compute is None else compute(row)
        if found is not None:
            return found
    return None


@pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
def test_a_published_figure_is_reproduced(row: Row) -> None:
    ours = _answer(row)
    assert ours is not None, f"no calculator answers {row.quantity} of {row.model} ({row.setting})"
    if row.id in REASONS:
        assert not row.accepts(ours), f"{row.id} is listed as contradicted, yet {ours} is within its tolerance"
    else:
        assert row.accepts(ours), f"{ours} is not {row.expected} ({row.tolerance}); source: {row.source}"


def test_every_contradicted_figure_is_one_of_the_reference() -> None:
    assert REASONS.keys() <= {row.id for row in ROWS}
