"""The words of the Learn page before a question is asked, and those of its thumbs."""

from typing import Final

from knowledge.vocabulary import Language
from ui import messages

REASONS: Final = ("wrong", "missed", "unclear")


def welcome(language: Language) -> str:
    """Return what the empty page says."""
    return f"## {messages.say('welcome', language)}\n\n{messages.say('welcome_more', language)}"


def examples(language: Language) -> list[dict[str, str]]:
    """Return questions to begin with, each of which shows another power."""
    return [
        {"text": messages.say(f"example_{key}", language), "display_text": messages.say(f"label_{key}", language)}
        for key in ("explain", "calculate", "fix")
    ]


def reason(label: str) -> str:
    """Return the reason a label stands for, in whichever language it was shown."""
    return next((key for key in REASONS for code in messages.LANGUAGES if messages.say(key, code) == label), label[:80])
