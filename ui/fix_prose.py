"""The Markdown of a note as HTML: commands to copy, links to web pages only, and nothing that runs or loads."""

from collections.abc import Sequence
from html import escape
from typing import Any, Final
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from knowledge.vocabulary import Language
from ui.fix_messages import say

_SHELLS: Final = frozenset({"bash", "sh", "shell", "console", "zsh", "powershell"})


class _Renderer(RendererHTML):
    """Writes code with a button that copies it, and links that open beside the page."""

    def fence(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:  # noqa: ANN401 - as inherited
        """Write fenced code."""
        return code_html(tokens[idx].content, tokens[idx].info.split(maxsplit=1)[0] if tokens[idx].info else "", env)

    def code_block(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:  # noqa: ANN401
        """Write indented code."""
        return code_html(tokens[idx].content, "", env)

    def link_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:  # noqa: ANN401
        """Write the beginning of a link."""
        return f'<a href="{escape(str(tokens[idx].attrs["href"]))}" target="_blank" rel="noopener noreferrer">'


def prose_html(markdown: str, language: Language) -> str:
    """Return Markdown as HTML; raw HTML in it is shown as text, and so are pictures and local links."""
    parser = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer).enable("table").disable("image")
    parser.validateLink = _is_web
    tokens = parser.parse(markdown)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = "h4"  # below the headings of the page
    return parser.renderer.render(tokens, parser.options, {"language": language})


def code_html(code: str, kind: str, env: dict[str, Any]) -> str:
    """Return code with its kind and a button that copies it."""
    language: Language = env["language"]
    name = escape(kind) if kind not in _SHELLS else "$"
    return (
        f'<figure class="command"><figcaption><span>{name}</span>'
        f'<button type="button" class="copy" data-copied="{escape(say("copied", language))}">'
        f"{escape(say('copy', language))}</button></figcaption>"
        f'<pre tabindex="0"><code>{escape(code.rstrip())}</code></pre></figure>'
    )


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
