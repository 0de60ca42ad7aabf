"""Markdown of items as HTML, as text and as Markdown: nothing in it runs, loads or swallows what follows."""

import re
from html.parser import HTMLParser

import pytest
from export_items import NOTES, item
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tools.export import markdown, prose

PIECES = [
    "`", "``", "```", "```a`", "~~~", "\n", "\n\n", "\n    ", "\n- ", "\n> ", "\n1. ", "\n# ", "\\", "$", "$$", "<script>",
    "<b ", "</b>", "<!--", "-->", "<?", "<![CDATA[", "<https://a.example>", "<javascript:x>", "[x]", "(javascript:x)",
    "(https://a.example)", "\n[x]: data:x", "\n[x]: https://a.example", "![", "]", "(", ")", "&lt;", "&#60;", "|", "\n|-|\n",
    "*", "_", "____", "a", " ", "块", "\r", "\t", "{{c1::x}}", "=", "\n---\n", "\n===\n",
]  # fmt: skip
evil = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)


class Tags(HTMLParser):
    """The tags and attributes of HTML, by the parser of the standard library."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, attrs))


def viewed(text: str) -> str:
    """The HTML that a viewer which trusts its Markdown makes of it."""
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text)


def dangers(html: str) -> list[str]:
    known = {"p", "br", "hr", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a", "table", "thead",
             "tbody", "tr", "th", "td", "h1", "h2", "h3", "h4", "h5", "h6"}  # fmt: skip
    found: list[str] = []
    for tag, attributes in Tags(html).found:
        links = [value or "" for name, value in attributes if name == "href"]
        found += [tag] if tag not in known else []
        found += [link for link in links if not link.lower().startswith(("http://", "https://"))]
        found += [name for name, _ in attributes if name not in {"href", "class", "start", "style"}]
    return found


@settings(max_examples=300, deadline=None)
@given(evil)
def test_no_markdown_becomes_html_that_runs(text: str) -> None:
    assert not dangers(prose.html(text))
    assert not dangers(f"<p>{prose.inline(text)}</p>")


@settings(max_examples=300, deadline=None)
@given(evil, evil)
def test_no_markdown_runs_in_a_viewer_or_reaches_into_what_follows(first: str, second: str) -> None:
    page = f"{prose.harmless(first)}\n\n{prose.harmless(second)}\n\n# end"
    shown = viewed(page)
    assert not dangers(shown)
    assert shown.rstrip().endswith("<h1>end</h1>")


@settings(max_examples=100, deadline=None)
@given(evil, evil, evil)
def test_a_page_of_questions_keeps_its_form_whatever_they_say(stem: str, option: str, why: str) -> None:
    asked = item("single_choice", "en", stem=stem, options=(option, "b"), key=(1,), explanation=why, misconceptions=())
    shown = viewed(markdown.page([asked, asked], NOTES, "en"))
    assert not dangers(shown)
    assert {"Questions", "Answers"} <= {*re.findall("<h2>(.*?)</h2>", shown)}
    assert shown.count("<h3>Question 2</h3>") == 1


@pytest.mark.parametrize(
    ("markdown", "html", "plain"),
    [
        ("a *b* `c`", "<p>a <em>b</em> <code>c</code></p>", "a b c"),
        ("$a_1 * b_2 * c$", r"<p>\(a_1 * b_2 * c\)</p>", "$a_1 * b_2 * c$"),
        ("$$\\frac{a}{b} < 1$$", r"<p>\[\frac{a}{b} &lt; 1\]</p>", "$$\\frac{a}{b} < 1$$"),
        ("from $5 to $10", "<p>from $5 to $10</p>", "from $5 to $10"),
        (r"costs \$5 or 5$", "<p>costs $5 or 5$</p>", "costs $5 or 5$"),
        ("`$x$` and <b>", "<p><code>$x$</code> and &lt;b&gt;</p>", "$x$ and <b>"),
        ("____ and `--____`", "<p>____ and <code>--____</code></p>", "____ and --____"),
        ("[a](https://b.example) [c](file:///d)",
         '<p><a href="https://b.example">a</a> [c](file:///d)</p>', "a [c](file:///d)"),
    ],
)  # fmt: skip
def test_markdown_is_shown_as_it_is_meant(markdown: str, html: str, plain: str) -> None:
    assert prose.html(markdown) == html
    assert prose.plain(markdown) == plain


@pytest.mark.parametrize(
    "text",
    ["a *b* `c <d>`", "$x_1$ and **bold**", "- one\n- two", "```bash\nls <x>\n```", "| a | b |\n|---|---|\n| 1 | 2 |"],
)
def test_harmless_markdown_stays_as_it_is(text: str) -> None:
    assert prose.harmless(text) == text


def test_a_fence_is_longer_than_any_in_its_text() -> None:
    assert prose.fenced("a\n````\nb") == "`````text\na\n````\nb\n`````"
