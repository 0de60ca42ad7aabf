import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.sentence import sentences


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"], id="English ends"),
        pytest.param("一句话。第二句！第三句？好", ["一句话。", "第二句！", "第三句？", "好"], id="Chinese ends"),
        pytest.param("他说“好。”然后走了。", ["他说“好。”", "然后走了。"], id="a closing quote stays"),
        pytest.param('He said "yes." Then left.', ['He said "yes."', "Then left."], id="an English quote"),
        pytest.param("Use version 2.5 of e.g. vLLM. Done.", ["Use version 2.5 of e.g. vLLM.", "Done."], id="points"),
        pytest.param("See J. Smith vs. Wu et al. for it.", ["See J. Smith vs. Wu et al. for it."], id="abbreviations"),
        pytest.param("One\nline goes on. Two", ["One\nline goes on.", "Two"], id="a line break goes on"),
        pytest.param("One\n\nTwo", ["One", "Two"], id="a blank line"),
        pytest.param("- one\n- two\n  - three", ["one", "two", "three"], id="a nested list"),
        pytest.param("1. one\n2. two\n10) ten", ["one", "two", "ten"], id="a numbered list"),
        pytest.param("It began in\n2019. It ended.", ["It began in\n2019.", "It ended."], id="a year ends a line"),
        pytest.param("Yes. 42. That is all.", ["Yes.", "42.", "That is all."], id="a number alone"),
        pytest.param("> quoted\n> on. More", ["quoted\n> on.", "More"], id="a quotation"),
        pytest.param("| a | b |\n|---|---|\n| 1 | 2 |", ["| a | b |\n|---|---|", "| 1 | 2 |"], id="table rows"),
        pytest.param("Look:\n\n```sh\na. b. c.\n```\n\nEnd.", ["Look:", "```sh\na. b. c.\n```", "End."], id="a fence"),
        pytest.param("~~~\n```\nx. y.\n~~~\nEnd.", ["~~~\n```\nx. y.\n~~~", "End."], id="a fence in a fence"),
        pytest.param("````\n```\nx. y.\n`````\nEnd.", ["````\n```\nx. y.\n`````", "End."], id="a longer closing fence"),
        pytest.param("```a``` is code. Yes.", ["```a``` is code.", "Yes."], id="inline code of three quotes"),
        pytest.param("One.\r\n\r\n```\r\nx. y.\r\n```\r\nTwo.", ["One.", "```\r\nx. y.\r\n```", "Two."], id="CR LF"),
        pytest.param("One.\r\r```\rx. y.\r```\rTwo.", ["One.", "```\rx. y.\r```", "Two."], id="CR alone"),
        pytest.param("", [], id="nothing"),
        pytest.param("---\n\n***", [], id="signs only"),
    ],
)  # fmt: skip
def test_sentences_of(text: str, expected: list[str]) -> None:
    assert [sentence.rstrip() for sentence in cut(text)] == expected


PROSE = st.lists(
    st.one_of(
        st.text(alphabet="ab Z1.!?,;:()'\"*_`", min_size=1, max_size=30),
        st.text(alphabet="模型推理。！？，“”（） ", min_size=1, max_size=20),
        st.sampled_from(["e.g.", "vs.", "Dr.", "3.5", "v2.", "42.", "\n", "\n\n", "\r\n", "\r", ". ", "。"]),
    ),
    max_size=20,
).map("".join)


@given(PROSE)
def test_sentences_are_in_order_and_hold_all_of_a_prose_text_once(text: str) -> None:
    text = re.sub(r"`{3,}", "`", text)  # prose, not code
    spans = sentences(text)
    assert all(start < end for start, end in spans)
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    covered = {i for start, end in spans for i in range(start, end)}
    left_out = [i for i, character in enumerate(text) if character.isalnum() and i not in covered]
    numbers = re.finditer(r"(?m)^[ \t>*+-]*(\d{1,9})[.)]\s", text.replace("\r", "\n"))  # of list items stay outside
    assert set(left_out) <= {i for number in numbers for i in range(*number.span(1))}
