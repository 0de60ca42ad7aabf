"""The words of the list of conversations, in the languages of its readers."""

from typing import Final

from knowledge.vocabulary import Language

_MESSAGES: Final[dict[str, dict[Language, str]]] = {
    "title": {"en": "Conversations", "zh": "对话"},
    "search": {"en": "Search conversations", "zh": "搜索对话"},
    "waiting": {"en": "Opening …", "zh": "正在打开……"},
    "none": {"en": "Conversations you have will be listed here.", "zh": "你的对话会列在这里。"},
    "found_none": {"en": "No conversation has these words.", "zh": "没有对话包含这些字词。"},
    "today": {"en": "Today", "zh": "今天"},
    "yesterday": {"en": "Yesterday", "zh": "昨天"},
    "questions": {"en": "{n} questions", "zh": "{n} 个问题"},
    "question": {"en": "1 question", "zh": "1 个问题"},
    "more": {"en": "Show more", "zh": "显示更多"},
    "actions": {"en": "Actions for “{title}”", "zh": "“{title}”的操作"},
    "rename": {"en": "Rename", "zh": "重命名"},
    "new_title": {"en": "New title", "zh": "新标题"},
    "markdown": {"en": "Save as Markdown", "zh": "存为 Markdown"},
    "notebook": {"en": "Save as notebook", "zh": "存为 Notebook"},
    "delete": {"en": "Delete", "zh": "删除"},
    "deleted": {"en": "Deleted “{title}”.", "zh": "已删除“{title}”。"},
    "undo": {"en": "Undo", "zh": "撤销"},
    "unknown": {
        "en": "That conversation is not here: it was deleted, or belongs to another browser.",
        "zh": "这里没有该对话：它已被删除，或属于另一个浏览器。",
    },
    "too_late": {"en": "It can no longer be brought back.", "zh": "已无法恢复。"},
    "sources": {"en": "Sources", "zh": "资料来源"},
    "asked": {"en": "Question", "zh": "问题"},
    "exported": {"en": "From LLM Atlas, {date}", "zh": "来自 LLM Atlas，{date}"},
    "unsupported": {
        "en": "`[?]` marks what the notes do not support.",
        "zh": "`[?]` 标出笔记中没有依据的内容。",
    },
}


def say(key: str, language: Language, **values: object) -> str:
    """Return a message with its values filled in."""
    return _MESSAGES[key][language].format(**values)
