"""Markdown that others wrote, made harmless: no raw HTML, no images, no links but to web pages.

The browser's sanitiser and the page's content policy stand behind this; neither is needed for it to hold.
"""

import re
from collections.abc import Callable
from html import escape
from typing import Final
from urllib.parse import urlsplit

# The delimiters of formulas, as Gradio takes them.
LATEX: Final[list[dict[str, str | bool]]] = [
    {"left": "$$", "right": "$$", "display": True},
    {"left": "$", "right": "$", "display": False},
]
_PIECE: Final = re.compile(
    r"^(?P<fence>[ ]{0,3}(?P<ticks>`{3,}|~{3,})(?P<info>[^\n]*)(?P<body>\n.*?)?(?:^[ ]{0,3}(?P=ticks)[`~]*[ \t]*$|\Z))"
    r"|(?P<span>(?<!`)(?P<tick>`+)(?!`)[^\n]*?(?<!`)(?P=tick)(?!`))"
    r"|(?P<math>\$\$.+?\$\$|\$[^$\n]+\$)",
    re.MULTILINE | re.DOTALL,
)
_IMAGE: Final = re.compile(r"!+(?=\[)")
_LOCAL_LINK: Final = re.compile(r"\[([^\[\]]*)\]\((?!\s*<?https?://)[^()]*(?:\([^()]*\)[^()]*)*\)", re.IGNORECASE)
_DEFINITION: Final = re.compile(r"^([ ]{0,3})\[(?=[^\]\n]+\]:)", re.MULTILINE)
_SIGN: Final = re.compile(r"[!-/:-@\[-`{-~]")
_INDENT: Final = re.compile(r"^[ \t]+", re.MULTILINE)


def plain(text: str) -> str:
    """Return a text as Markdown that shows it as it is, sign by sign."""
    unindented = _INDENT.sub(lambda match: "\u00a0" * len(match[0]), text)
    return _SIGN.sub(lambda match: f"&#{ord(match[0])};", unindented)


def neutral(markdown: str, prose: Callable[[str], str] = lambda text: text) -> str:
    """Return Markdown that keeps its form but neither runs nor loads anything.

    `prose` has the last word on what is neither code nor formula.
    """
    parts: list[str] = []
    at = 0
    for piece in _PIECE.finditer(markdown):
        parts += [prose(_neutral_prose(markdown[at : piece.start()])), _neutral_piece(piece)]
        at = piece.end()
    return "".join([*parts, prose(_neutral_prose(markdown[at:]))])


def inline(text: str) -> str:
    """Return a text for use inside an HTML element, on one line."""
    return escape(" ".join(text.split()))


def web_link(url: str) -> str:
    """Return an HTML link that shows where it leads, or an empty text for what is no web address."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return ""
    path = parts.path.rstrip("/")
    shown = parts.hostname.removeprefix("www.") + (path if len(path) <= 40 else path[:39] + "…")
    return f'<a href="{escape(url)}" target="_blank" rel="noopener noreferrer">{inline(shown)}</a>'


def _neutral_prose(text: str) -> str:
    text = _IMAGE.sub("", text.replace("<", "&lt;"))
    return _DEFINITION.sub(r"\1&#91;", _LOCAL_LINK.sub(r"\1", text))


def _neutral_piece(piece: re.Match[str]) -> str:
    if piece["math"]:
        return piece["math"].replace("<", r"\lt ")
    if piece["span"]:
        return piece["span"]
    # A diagram is shown as its text: drawing it would run its links and labels.
    if "mermaid" in piece["info"].lower():
        return piece[0].replace(piece["info"], "text", 1)
    return piece[0]
