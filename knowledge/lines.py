"""Lines of Markdown text: where they end, and which of them are fenced code."""

import re
from collections.abc import Iterator
from typing import Final

# The opening line of back quotes holds no other back quote (CommonMark 4.5); else it is inline code.
_FENCE: Final = re.compile(
    r"^[ ]{0,3}(?:(`{3,})[^`\n]*|(~{3,})[^\n]*)(?:\n.*?(?:^[ ]{0,3}(?:\1`*|\2~*)[ \t]*$|\Z)|\Z)",
    re.MULTILINE | re.DOTALL,
)


def unified(text: str) -> str:
    r"""Return the text with every line ending in `\n` and every offset unchanged."""
    return text.replace("\r\n", " \n").replace("\r", "\n")


def fenced(text: str) -> Iterator[tuple[int, int]]:
    """Yield the (start, end) offsets of fenced code, fences included; a fence without end reaches to the end."""
    return ((match.start(), match.end()) for match in _FENCE.finditer(unified(text)))
