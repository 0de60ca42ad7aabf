"""The login page as HTML: one form, in the reader's language, without scripts."""

from html import escape
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from knowledge.vocabulary import Language
from ui.auth_messages import say
from ui.messages import LANGUAGES

_TAGS: Final[dict[Language, str]] = {"en": "en", "zh": "zh-CN"}
_STYLE: Final = Path(__file__).with_name("login.css")
LANGUAGE: Final = "login-language"  # the query's name for a language chosen on this page


def login_html(language: Language, query: str = "", problem: str = "", name: str = "") -> str:
    """Return the page; `query` is the address that it leads to, and `name` what was entered before."""
    told = f'<p class="problem" role="alert">{escape(problem)}</p>' if problem else ""
    focus = ("", " autofocus") if name else (" autofocus", "")
    return f"""<!doctype html>
<html lang="{_TAGS[language]}">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>LLM Atlas · {escape(say("login", language))}</title>
<style>{_STYLE.read_text(encoding="utf-8")}</style>
</head>
<body><main>
<h1>LLM Atlas</h1>
<p class="intro">{escape(say("intro", language))}</p>
{told}<form method="post" action="login?{escape(urlencode({LANGUAGE: language}))}">
<input type="hidden" name="next" value="{escape(query)}">
<label>{escape(say("name", language))}
<input name="name" value="{escape(name)}" autocomplete="username" autocapitalize="none" required{focus[0]}></label>
<label>{escape(say("password", language))}
<input name="password" type="password" autocomplete="current-password" required{focus[1]}></label>
<button>{escape(say("login", language))}</button>
</form>
<p class="more"><span>{escape(say("forgotten", language))}</span>{_other(language, query)}</p>
</main></body>
</html>
"""


def account_html(learner: str, language: Language) -> str:
    """Return whose record grows, and the button that ends the login."""
    return (
        f'<form class="account" method="post" action="logout"><span class="who">{escape(learner)}</span>'
        f'<button class="plain">{escape(say("logout", language))}</button></form>'
    )


def _other(language: Language, query: str) -> str:
    """Return the link to the page in the other language."""
    links = [
        f'<a lang="{_TAGS[code]}" href="./?{escape(urlencode({LANGUAGE: code, "next": query}))}">{escape(title)}</a>'
        for code, title in LANGUAGES.items()
        if code != language
    ]
    return "".join(links)
