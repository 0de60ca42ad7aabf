"""Who may answer, and how to change it: what the line at the head of the page opens."""

from html import escape
from typing import Final

from agents.weights import DEFAULT
from knowledge.vocabulary import Language
from ui import messages

_ENDPOINT: Final = ".venv/bin/atlas ui --base-url http://127.0.0.1:11434/v1 --model qwen3:8b"
_PULL: Final = ".venv/bin/atlas model pull"


def ways(language: Language) -> str:
    """Return the popover with the three ways to be answered, each with what there is to do for it."""

    def say(key: str) -> str:
        text = escape(messages.say(key, language, mb=f"{DEFAULT.bytes / 1e6:,.0f}"))
        return text.replace("**", "<b>", 1).replace("**", "</b>", 1)

    commands = {"way_notes": "", "way_embedded": _PULL, "way_endpoint": _ENDPOINT}
    listed = "".join(f"<li><p>{say(key)}</p>{_command(text, language)}</li>" for key, text in commands.items())
    return (
        f'<div id="ways" popover role="dialog" aria-labelledby="ways-title"><h2 id="ways-title">{say("ways")}</h2>'
        f'<ol>{listed}</ol><button type="button" class="close" popovertarget="ways" popovertargetaction="hide">'
        f"{say('ways_close')}</button></div>"
    )


def _command(text: str, language: Language) -> str:
    if not text:
        return ""
    copy, copied = (escape(messages.say(key, language)) for key in ("copy", "copied"))
    return (
        f'<div class="command"><pre tabindex="0"><code>{escape(text)}</code></pre>'
        f'<button type="button" class="copy" data-copied="{copied}">{copy}</button></div>'
    )
