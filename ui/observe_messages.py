"""The words of the Observe page, in the languages of its readers."""

from typing import Final

from knowledge.vocabulary import Language

_MESSAGES: Final[dict[str, dict[Language, str]]] = {
    "title": {"en": "Observe", "zh": "观测"},
    "intro": {
        "en": "What your answers took: calls, tokens, time. It stays on this machine.",
        "zh": "回答的开销：调用、token、时间。数据只保存在本机。",
    },
    "waiting": {"en": "Opening …", "zh": "正在打开……"},
    "none": {
        "en": "No answer yet. Ask something, and see here what it took.",
        "zh": "还没有回答。提问之后，这里会显示开销。",
    },
    "off": {"en": "No traces are kept here.", "zh": "这里不保存记录。"},
    "today": {"en": "Today", "zh": "今天"},
    "week": {"en": "Last 7 days", "zh": "最近 7 天"},
    "all": {"en": "Last 90 days", "zh": "最近 90 天"},
    "answers": {"en": "Answers", "zh": "回答"},
    "calls": {"en": "Model calls", "zh": "模型调用"},
    "checks": {"en": "One-token checks", "zh": "单 token 核查"},
    "prompt": {"en": "Tokens read", "zh": "输入 token"},
    "completion": {"en": "Tokens written", "zh": "输出 token"},
    "seconds": {"en": "Model time", "zh": "模型用时"},
    "median": {"en": "Median answer", "zh": "回答用时中位数"},
    "first_token": {"en": "First token, median", "zh": "首 token 中位数"},
    "cost": {"en": "Cost", "zh": "费用"},
    "by_day": {"en": "Tokens by day", "zh": "每日 token"},
    "by_agent": {"en": "By agent and model, last 90 days", "zh": "按智能体与模型（最近 90 天）"},
    "agent": {"en": "Agent", "zh": "智能体"},
    "model": {"en": "Model", "zh": "模型"},
    "slowest": {"en": "Slowest answers", "zh": "最慢的回答"},
    "latest": {"en": "Latest answers", "zh": "最近的回答"},
    "feedback": {"en": "Feedback", "zh": "反馈"},
    "no_feedback": {"en": "No thumbs yet.", "zh": "还没有反馈。"},
    "up": {"en": "Helpful", "zh": "有帮助"},
    "down": {"en": "Not helpful", "zh": "没帮助"},
    "untold": {"en": "(text not kept)", "zh": "（未保存文本）"},
    "price_none": {
        "en": "No price is set. For a paid endpoint: `atlas ui --price-in 0.15 --price-out 0.60` (per million tokens).",
        "zh": "未设置价格。收费接口可用：`atlas ui --price-in 0.15 --price-out 0.60`（每百万 token）。",
    },
    "price_set": {
        "en": "Prices per million tokens: {prompt} read, {completion} written. The embedded model costs nothing.",
        "zh": "每百万 token 价格：输入 {prompt}，输出 {completion}。内置模型免费。",
    },
    "texts": {"en": "Keep questions and answers with the traces", "zh": "在记录中保存问题与回答"},
    "texts_hint": {
        "en": "Switching it off also erases the texts stored so far. Conversations are not touched.",
        "zh": "关闭后会同时清除已保存的文本，对话不受影响。",
    },
    "delete": {"en": "Delete all traces", "zh": "删除全部记录"},
    "sure": {"en": "Delete {n} traces for good?", "zh": "确定永久删除 {n} 条记录？"},
    "yes": {"en": "Delete", "zh": "删除"},
    "no": {"en": "Keep", "zh": "保留"},
    "deleted": {"en": "{n} traces deleted.", "zh": "已删除 {n} 条记录。"},
    "back": {"en": "All answers", "zh": "全部回答"},
    "trace": {"en": "Trace of one answer", "zh": "一次回答的记录"},
    "unknown": {"en": "There is no trace of that answer.", "zh": "没有该回答的记录。"},
    "step": {"en": "Step", "zh": "步骤"},
    "began": {"en": "Began", "zh": "开始"},
    "took": {"en": "Took", "zh": "用时"},
    "tokens": {"en": "Tokens", "zh": "token"},
    "failed": {"en": "failed", "zh": "失败"},
    "stopped": {"en": "stopped", "zh": "已停止"},
    "done": {"en": "done", "zh": "完成"},
    "conversation": {"en": "Open the conversation", "zh": "打开对话"},
    "journey": {"en": "Answer", "zh": "回答"},
    "write": {"en": "writes", "zh": "写作"},
    "check": {"en": "checks", "zh": "核查"},
    "rung_notes": {"en": "notes alone", "zh": "仅笔记"},
    "rung_embedded": {"en": "embedded model", "zh": "内置模型"},
    "rung_endpoint": {"en": "endpoint", "zh": "模型服务"},
}  # fmt: skip


def say(key: str, language: Language, **values: object) -> str:
    """Return a message with its values filled in."""
    return _MESSAGES[key][language].format(**values)
