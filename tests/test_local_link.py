from pathlib import Path

import pytest

from knowledge.local_link import dead


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        pytest.param("[there](there.md)", [], id="a file beside it"),
        pytest.param("[there](./there.md#part)", [], id="a part of a file"),
        pytest.param("[there](with%20space.md)", [], id="a name with a space"),
        pytest.param(
            "[web](https://example.org/gone.md) [mail](mailto:a@example.org) [part](#part)", [], id="not a file"
        ),
        pytest.param("`[code](gone.md)`\n\n```\n[code](gone.md)\n```", [], id="code"),
        pytest.param("[gone](gone.md)", [1], id="a file that is not there"),
        pytest.param("Text.\n\n![gone](pictures/gone.png)", [3], id="a picture that is not there"),
        pytest.param("| a |\n|---|\n| [gone](gone.md) |", [3], id="in a table"),
    ],
)
def test_links_that_lead_nowhere_are_named_with_their_line(tmp_path: Path, text: str, lines: list[int]) -> None:
    for name in ("there.md", "with space.md"):
        (tmp_path / name).write_text("here")
    note = tmp_path / "note.md"
    note.write_text(text)
    assert [problem.line for problem in dead(note)] == lines
