"""The Markdown of items as HTML and as plain text, and as Markdown that runs and loads nothing."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape, unescape
from typing import Any, Final

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

GAP: Final = "____"  # in the stem of a cloze
_GAP: Final = re.compile(r"_{4,}")
_GAP_MARK: Final = "\ue000"  # for private use: it stands in no text, and underscores are Markdown
_MATH: Final = re.compile(r"\$\$(?P<block>[^$]+)\$\$|\$(?![\s$])(?P<line>[^$\n]*?(?<![\s\\]))\$(?!\d)")
_TAGS: Final = frozenset({
    "p", "br", "hr", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a",
    "table", "thead", "tbody", "tr", "th", "td", "h1", "h2", "h3", "h4", "h5", "h6",
})  # fmt: skip
_VERBATIM: Final = re.compile(
    r"^(?P<ticks>`{3,})[^`\n]*\n(?:.*?\n)??(?P=ticks)`*[ \t]*$"
    r"|(?<![\\`])(?P<tick>`+)(?!`)[^\n]*?(?<!`)(?P=tick)(?!`)"
    r"|<https?://[^\s<>]*>",
    re.MULTILINE | re.DOTALL,
)
_NOT_WEB: Final = re.compile(r"\](?=\((?!\s*<?https?://)|\[|:)", re.IGNORECASE)
_SIGN: Final = re.compile(r"[\\`*_\[\]<>#|~$&]|^[-+=]|(?<=^\d)[.)]|(?<=^\d\d)[.)]")
_END: Final = "end"


def html(markdown: str, gap: str = GAP) -> str:
    """Return Markdown as HTML without scripts, images or links but to web pages; formulas stand in \\( \\) or \\[ \\].

    `gap` is the HTML that takes the place of a cloze's gap.
    """
    return _clean(_parser().render(_marked(markdown), {"math": ("\\(", "\\)", "\\[", "\\]")}), gap)


def inline(markdown: str) -> str:
    """Return the Markdown of one line as HTML without a paragraph around it."""
    return _clean(_parser().renderInline(_marked(markdown), {"math": ("\\(", "\\)", "\\[", "\\]")}), GAP)


def plain(markdown: str) -> str:
    """Return what a reader of the Markdown sees, as text; formulas keep their dollar signs."""
    shown = _clean(_parser().render(_marked(markdown), {"math": ("$", "$", "$$", "$$")}), GAP)
    return unescape(nh3.clean(shown, tags=set())).strip()


def harmless(markdown: str) -> str:
    """Return Markdown that means the same but holds no HTML, no images and no links but to web pages.

    What a viewer would still take for more than that, or what would swallow the text after it, is shown sign by sign.
    """
    text = markdown.replace("\r\n", "\n").replace("\r", "\n")
    parts: list[str] = []
    at = 0
    for verbatim in _VERBATIM.finditer(text):
        parts += [_harmless(text[at : verbatim.start()]), verbatim[0]]
        at = verbatim.end()
    made = "".join([*parts, _harmless(text[at:])])
    return made if _is_harmless(made) else literal(text)


def literal(text: str) -> str:
    """Return plain text as Markdown that shows it sign by sign."""
    return "\n".join(_SIGN.sub(r"\\\g<0>", line.strip()) for line in text.split("\n"))


def fenced(text: str) -> str:
    """Return a text as a code block of Markdown."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text.strip(chr(10))}\n{fence}"


def _harmless(text: str) -> str:
    text = text.replace("<", "&lt;").replace("![", "\\![")
    return _GAP.sub(r"\\_\\_\\_\\_", _NOT_WEB.sub(r"\\]", text))


def _is_harmless(markdown: str) -> bool:
    """Tell by the grammar that viewers follow whether Markdown is harmless, and ends where it ends."""
    blocks = _viewer().parse(f"{markdown}\n\n{_END}")
    tokens = [token for block in blocks for token in [block, *(block.children or ())]]
    if len(blocks) < 3 or blocks[-2].content != _END or blocks[-2].level != 1:
        return False
    links = [str(token.attrs.get("href", "")) for token in tokens if token.type == "link_open"]
    return all(map(_is_web, links)) and not any(
        token.type in {"html_block", "html_inline", "image"} for token in tokens
    )


@cache
def _viewer() -> MarkdownIt:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


def _marked(markdown: str) -> str:
    return _GAP.sub(_GAP_MARK, markdown.replace(_GAP_MARK, ""))


def _clean(rendered: str, gap: str) -> str:
    cleaned = nh3.clean(
        rendered, tags=set(_TAGS), attributes={"a": {"href"}}, url_schemes={"http", "https"}, link_rel=None
    )
    return cleaned.strip().replace(_GAP_MARK, gap)


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable("image")
    parser.validateLink = _is_web  # pyright: ignore[reportAttributeAccessIssue] - the documented way to narrow links
    parser.inline.ruler.before("escape", "math", _math)
    parser.add_render_rule("math", _math_as_text)
    return parser


def _is_web(url: str) -> bool:
    return url.lower().startswith(("http://", "https://"))


def _math(state: StateInline, silent: bool) -> bool:
    match = _MATH.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    if not silent:
        token = state.push("math", "", 0)
        token.content = match["block"] or match["line"]
        token.meta = {"block": match["block"] is not None}
    state.pos = match.end()
    return True


def _math_as_text(_renderer: object, tokens: Sequence[Token], at: int, _options: object, env: Mapping[str, Any]) -> str:
    opening, closing, opening_block, closing_block = env["math"]
    token = tokens[at]
    if token.meta["block"]:
        return f"{opening_block}{escape(token.content, quote=False)}{closing_block}"
    return f"{opening}{escape(token.content, quote=False)}{closing}"
