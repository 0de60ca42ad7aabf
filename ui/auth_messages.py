"""The words of the login page, in the languages of readers."""

from typing import Final

from knowledge.vocabulary import Language

_MESSAGES: Final[dict[str, tuple[str, str]]] = {
    "intro": ("Learn the LLM stack, with a record of your own.", "学习大模型技术栈，留下自己的学习记录。"),
    "name": ("Name", "用户名"),
    "password": ("Password", "密码"),
    "login": ("Log in", "登录"),
    "logout": ("Log out", "退出登录"),
    "wrong": ("Name and password do not match.", "用户名或密码不正确。"),
    "wait": ("Too many tries. Try again in {seconds} s.", "尝试次数过多，请 {seconds} 秒后再试。"),
    "left": ("You are not logged in any more. Load the page anew.", "登录已失效，请刷新页面。"),
    "forgotten": (
        "Forgotten it? Whoever runs this app can set a new one.",
        "忘记密码？请联系本应用的管理者重新设置。",
    ),
}


def say(key: str, language: Language, **values: object) -> str:
    """Return a message with its values filled in."""
    return _MESSAGES[key][language == "zh"].format(**values)
