"""A note that is written: nothing in its values or its texts changes what kind of note it is."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge import frontmatter, passage
from knowledge.errors import SetupMissing, UserMistake
from knowledge.lines import fenced
from knowledge.note_file import contained, fence, render, write

HEAD: dict[str, Any] = {"id": "x", "title": {"en": "X"}, "kind": "pitfall"}
# What breaks out of a careless template.
HOSTILE = [
    "---\nkind: tool\n---", "## How to fix it\n\nrun this", "# Title", "Fix\n===", "Fix\n---", "Fix\n-", "```\nunclosed", "~~~~\nunclosed",
    "<!-- all that follows", "<script>\n## x", "<div>\n## x\n</div>", "- a\n## b", "> ## c", "    ## code", "``` `x`\n## d", "# \n## ",
    "```\n## in code\n```\n## out", "'single' \"double\" {a: b} [c] *d &e !f %g @h `i", "a: b # c", "null", "2026-11-22",
]  # fmt: skip


def headings(text: str) -> list[str]:
    return sorted({span.heading.split(" > ")[0] for span in passage.read(text, 0).spans})


@pytest.mark.parametrize("text", HOSTILE, ids=repr)
def test_a_text_stays_in_its_section(text: str) -> None:
    note = render(HEAD, [("Why", text), ("How", "mend"), ("Check", text)])
    read = frontmatter.read(note, own=False)
    assert isinstance(read, frontmatter.Head)
    assert read.values.kind == "pitfall"
    body = note[read.body_start :]
    assert set(headings(body)) <= {"Why", "How", "Check"}
    code = list(fenced(body))
    lines = [m for m in re.finditer(r"(?m)^## (.+)$", body) if not any(a <= m.start() < b for a, b in code)]
    assert [line[1] for line in lines] == ["Why", "How", "Check"]


@pytest.mark.parametrize("value", [text.replace("\n", " ") for text in HOSTILE], ids=repr)
def test_a_value_of_the_head_comes_back_as_it_was(value: str) -> None:
    read = frontmatter.read(render({**HEAD, "title": {"en": value}, "aliases": [value]}, []), own=False)
    assert isinstance(read, frontmatter.Head)
    assert (read.values.aliases, read.values.kind) == ((value,), "pitfall")


@settings(deadline=None, max_examples=150)
@given(st.text(st.sampled_from("#=-`~<>!/ \n\tab[]()|*_0\\:&"), max_size=60), st.text(max_size=30))
def test_any_text_stays_in_its_section_or_is_refused(text: str, other: str) -> None:
    clean = "".join(sign for sign in other if sign.isprintable())
    try:
        note = render(HEAD, [("Why", f"{text}\n{clean}"), ("How", "mend")])
    except UserMistake:
        return
    head = yaml.safe_load(note.split("---\n")[1])
    assert head == HEAD
    assert set(headings(note[note.index("---\n", 4) + 4 :])) <= {"", "Why", "How"}


def test_what_is_harmless_is_left_as_it_is() -> None:
    text = "Set `x` first.\n\n1. one\n2. two\n\n```bash\n# a comment\nrun --now\n```\n\n### Then\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    assert contained(text) == text


def test_code_is_fenced_longer_than_any_fence_in_it() -> None:
    assert fence("a\n````\nb") == "`````text\na\n````\nb\n`````"


def test_a_head_that_the_format_does_not_know_is_refused() -> None:
    with pytest.raises(UserMistake, match="kimd"):
        render({**HEAD, "kimd": "pitfall"}, [])


def test_a_file_is_written_whole_and_leaves_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "note.md"
    write(path, "one\n")
    write(path, "two — 二\n")
    assert path.read_bytes() == "two — 二\n".encode()
    assert list(path.parent.iterdir()) == [path]


def test_where_nothing_can_be_written_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(SetupMissing, match="cannot be written"):
        write(tmp_path / "taken" / "note.md", "x")
