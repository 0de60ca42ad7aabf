"""The words to a reader who goes too fast, in the languages of readers."""

from typing import Final

from knowledge.vocabulary import Language

_MESSAGES: Final[dict[str, tuple[str, str]]] = {
    "too_fast": (
        "That was a lot of questions in a minute. Ask again in {seconds} s; nothing is lost.",
        "这一分钟提问太多了，请 {seconds} 秒后再问；已有内容都还在。",
    ),
    "at_once": (
        "{n} of your questions are still being answered. Wait for one of them, or stop it.",
        "你已有 {n} 个问题正在回答，请等其中一个答完，或先停止它。",
    ),
    "requests": (
        "Too many requests. Wait {seconds} s and go on; nothing is lost.",
        "请求过于频繁，请 {seconds} 秒后继续；已有内容都还在。",
    ),
    "too_large": (
        "That is too large: at most {most} MB can be sent at once.",
        "内容过大：一次最多发送 {most} MB。",
    ),
}


def say(key: str, language: Language, **values: object) -> str:
    """Return a message with its values filled in."""
    return _MESSAGES[key][language == "zh"].format(**values)
