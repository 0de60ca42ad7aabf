"""Exports as a page to read."""

import re

import pytest
from export_items import LOG, NOTES, item, items
from markdown_it import MarkdownIt

from knowledge.citation import Citation
from knowledge.vocabulary import LANGUAGES, Language
from tools.export import markdown
from tools.quiz.item import TYPES, Item, ItemType


def shown(text: str) -> str:
    """The page as a viewer that trusts its Markdown renders it: HTML in it would be HTML."""
    return MarkdownIt("commonmark", {"html": True}).enable("table").render(text)


def questions_and_answers(asked: list[Item], language: Language) -> tuple[str, str]:
    questions, answers = re.split("\n## (?:Answers|答案)\n", markdown.page(asked, NOTES, language))
    return questions, answers


@pytest.mark.parametrize("language", LANGUAGES)
def test_answers_come_after_all_questions(language: Language) -> None:
    asked = [i for i in items() if i.language == language]
    questions, answers = questions_and_answers(asked, language)
    assert len(re.findall(r"^### \d+\. vLLM", questions, re.MULTILINE)) == len(asked)
    assert len(re.findall(r"^### (?:Question \d+|第 \d+ 题)$", answers, re.MULTILINE)) == len(asked)
    assert "Because of" not in questions
    assert "docs.vllm.ai" not in questions


@pytest.mark.parametrize("item_type", TYPES)
def test_the_key_and_the_sources_stand_with_the_answer(item_type: ItemType) -> None:
    _, answers = questions_and_answers([item(item_type, "en")], "en")
    expected = {
        "single_choice": "<strong>Answer:</strong> B. &lt;b&gt;B&lt;/b&gt; {{c2::x}}",
        "multiple_choice": "<li>A. <code>--tp 2</code> = a ~ b</li>",
        "true_false": "<strong>Answer:</strong> B. False",
        "cloze": "<li>also: *paged*, -1 -&gt; x</li>",
        "matching": "<li>p1 -&gt; { → -5 # }</li>",
        "ordering": "<li>3. <code>--tp 2</code> = a ~ b</li>",
        "numeric": "<strong>Answer:</strong> 12.5 GiB (±5 %)",
        "short_answer": "<li>says on demand {~}</li>",
        "reading": "<strong>Answer:</strong> C. -5 # }",
    }
    assert expected[item_type] in shown(answers)
    assert shown(answers).count('<a href="https://docs.vllm.ai/?a=1&amp;b=2">vLLM &gt; How it works</a>') == 2


def test_nothing_in_an_item_becomes_html_or_loads_anything() -> None:
    evil = (
        '<img src=x onerror=alert(1)> ![i](https://e.example/x.png) [x](javascript:alert(1)) [y]: data:text/html,x\n\n'
        "<iframe>\n\n[z][y] `<b>` $a<b$ <https://ok.example>"
    )  # fmt: skip
    asked = item("single_choice", "en", stem=evil, explanation=evil, options=(evil, evil))
    page = shown(markdown.page([asked], NOTES, "en"))
    assert not re.search(r"<(?:img|iframe|script|b)\b", page)
    assert not re.search(r'(?:href|src)="(?!https?://)', page)
    assert "<code>&lt;b&gt;</code>" in page
    assert '<a href="https://ok.example">' in page


def test_a_log_keeps_its_lines_and_a_plot_is_a_picture() -> None:
    log, _ = questions_and_answers([item("reading", "en", exhibit=None), item("reading", "en")], "en")
    assert f"```text\n{LOG}\n```" in log
    plot = next(asked for asked in items() if asked.exhibit is not None and asked.exhibit.kind == "plot")
    assert "![A roofline with one point \\[sound:y.mp3\\] {{c1::z}}](data:image/svg+xml;base64," in markdown.page(
        [plot], NOTES, "en"
    )


def test_a_source_on_this_machine_is_named_without_its_path() -> None:
    own = Citation(1, "mine", "Mine", "", "It is so.", 0, 9, "/home/me/notes/mine.md", "/home/me/notes/mine.md")
    page = markdown.page([item("single_choice", "en", citations=(own,))], NOTES, "en")
    assert "“It is so.” Mine" in page
    assert "/home/me" not in page


@pytest.mark.parametrize("gap", ["____ starts", "in `--____ 2`", "在____中"])
def test_a_gap_stays_a_gap(gap: str) -> None:
    questions, _ = questions_and_answers([item("cloze", "en", stem=gap)], "en")
    assert "____" in shown(questions)
    assert "<hr" not in shown(questions)
