import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.passage import LONGEST, Body, read


def texts(text: str, body_start: int = 0) -> list[tuple[str, str]]:
    return [(span.heading, text[span.start : span.end]) for span in read(text, body_start).spans]


LONG = "This paragraph is long enough that it need not join the next one, as a short one would."


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"], ids=["LF", "CR LF", "CR"])
def test_a_paragraph_is_a_passage_under_its_headings(ending: str) -> None:
    text = f"# T\n\n{LONG}\n\n## How\n\n{LONG}\n\n### Deep\n\n{LONG}\n\n## Next\n\n{LONG}\n".replace("\n", ending)
    assert texts(text) == [("", LONG), ("How", LONG), ("How > Deep", LONG), ("Next", LONG)]
    assert read(text, 0).title == "T"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(f"{LONG}\n\n- a\n  - b\n- c", [f"{LONG}\n\n- a\n  - b\n- c"], id="a nested list joins its lead"),
        pytest.param(f"{LONG}\n\n| a |\n|---|\n| 1 |", [f"{LONG}\n\n| a |\n|---|\n| 1 |"], id="a table joins"),
        pytest.param(f"{LONG}\n\n```\n# no heading\n```", [f"{LONG}\n\n```\n# no heading\n```"], id="code joins"),
        pytest.param("~~~md\n```\n# x\n```\n~~~", ["~~~md\n```\n# x\n```\n~~~"], id="a tilde fence holds a fence"),
        pytest.param("```\nno end\n\n# x", ["```\nno end\n\n# x"], id="a fence without end"),
        pytest.param(f"Short.\n\n{LONG}", [f"Short.\n\n{LONG}"], id="a short paragraph joins the next"),
        pytest.param(f"Short.\n\n## H\n\n{LONG}", ["Short.", LONG], id="but not across a heading"),
        pytest.param(f"## H\n\nShort.\n\n## H\n\n{LONG}", ["Short.", LONG], id="nor across one of the same name"),
        pytest.param("<!-- a\n\nb -->\n\nText.", ["Text."], id="a comment is no passage"),
        pytest.param("<!-- a -->Text.", ["<!-- a -->Text."], id="text after a comment is"),
        pytest.param("Short.\n\n<!-- a -->\n\n- b", ["Short.", "- b"], id="nothing joins across a comment"),
        pytest.param(f"{LONG}\n\n```mermaid\ngraph TD\n```\n\n- b", [LONG, "- b"], id="nor across a diagram"),
        pytest.param("> quoted\n> text", ["> quoted\n> text"], id="a quotation"),
        pytest.param("<div>\nhtml\n</div>", ["<div>\nhtml\n</div>"], id="HTML"),
        pytest.param("Title\n=====\n\nText.", ["Text."], id="an underlined heading"),
        pytest.param("  indented\n\n", ["indented"], id="white space stays outside"),
        pytest.param("# only a heading", [], id="only a heading"),
        pytest.param("---\n\n***", [], id="rules"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_passages_of(text: str, expected: list[str]) -> None:
    assert [passage for _, passage in texts(text)] == expected


def test_a_diagram_is_found_with_its_line_and_is_no_passage() -> None:
    text = "---\ntitle: x\n---\nText.\n\n``` mermaid\ngraph TD\n  A --> B\n```\n"
    body = read(text, text.index("Text."))
    (diagram,) = body.diagrams
    assert text.splitlines()[diagram.line - 1] == "graph TD"
    assert diagram.source == "graph TD\n  A --> B\n"
    assert len(body.spans) == 1


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("A sentence of about forty characters. " * 100, id="sentences"),
        pytest.param("这是一个大约二十个字的中文句子，用来测试切分。" * 100, id="Chinese sentences"),
        pytest.param("word " * 2000, id="no full stop"),
        pytest.param("x" * 5000, id="no space"),
        pytest.param("```\n" + "a line of a log\n" * 400 + "```", id="a log"),
        pytest.param("| a | b |\n|---|---|\n" + "| one | two |\n" * 300, id="a table"),
        pytest.param("x. " + "-" * 5000, id="signs without end"),
        pytest.param("- item\n" * 800, id="a list"),
    ],
)
def test_what_is_too_long_is_cut_without_losing_anything(text: str) -> None:
    passages = [passage for _, passage in texts(text)]
    assert all(len(passage) <= LONGEST for passage in passages)
    assert all(passage == passage.strip() for passage in passages)
    assert re.sub(r"\s", "", "".join(passages)) == re.sub(r"\s", "", text)


def test_a_log_is_cut_between_its_lines() -> None:
    line = "E torch.cuda.OutOfMemoryError: CUDA out of memory."
    passages = [passage for _, passage in texts("```\n" + f"{line}\n" * 100 + "```")]
    assert len(passages) > 3
    assert {each for passage in passages for each in passage.splitlines()} == {"```", line}


BLOCKS = st.sampled_from([
    "# Title", "## Same", "## Same", "### Deep", LONG, "Short.", "一句中文。第二句。", "- a\n- b\n  - c", "1. a\n2. b",
    "| a | b |\n|---|---|\n| 1 | 2 |", "```\n# x\n```", "~~~\n```\n~~~", "```mermaid\ngraph TD\nA-->B\n```",
    "```\nopen",
    "<!-- note -->", "<!-- open", "> quote\n> on", "---", "***", "Under\n-----", "    code", "<b>html</b>",
    "[[link|x]]",
    "$$x^2$$", "[a]: http://x", "\t- tab", "🙂 emoji 🙂", "a  \nbreak", "word " * 400, LONG * 20, "&nbsp;",
    "\u2028x", "\f",
])  # fmt: skip


@given(
    blocks=st.lists(st.one_of(BLOCKS, st.text(max_size=40)), max_size=12),
    gap=st.sampled_from(["\n", "\n\n", "\n\n\n"]),
    ending=st.sampled_from(["\n", "\r\n", "\r"]),
    start=st.sampled_from(["", "---\ntitle: x\n---\n", "\ufeff"]),
)
def test_spans_are_exact_in_order_and_within_the_body(blocks: list[str], gap: str, ending: str, start: str) -> None:
    text = (start + gap.join(blocks)).replace("\n", ending)
    body: Body = read(text, len(start.replace("\n", ending)))
    spans = body.spans
    assert all(len(start) <= span.start < span.end <= len(text) for span in spans)
    assert all(span.end - span.start <= LONGEST for span in spans)
    assert all(one.end <= other.start for one, other in pairwise(spans))
    assert all(text[span.start : span.end] == text[span.start : span.end].strip() for span in spans)
