"""What the team says without a model, in the reader's language."""

from typing import Final

from knowledge.vocabulary import Language

_PHRASES: Final[dict[str, dict[Language, str]]] = {
    "nothing_found": {
        "en": "I don't know: the notes say nothing on this.",
        "zh": "我不知道：笔记里没有关于这个问题的内容。",
    },
    "nearest": {"en": "The nearest notes are: {titles}.", "zh": "最接近的笔记是：{titles}。"},
    "hello": {
        "en": "Hello! Ask me anything about large language models: "
        "how they are built, trained, served, used and measured.",
        "zh": "你好！关于大语言模型的任何问题都可以问我：结构、训练、推理部署、应用和评估。",
    },
    "help": {
        "en": "Ask a question in English or Chinese. `/check CLAIM` tells whether the notes support a claim, "
        "`/search WORDS` lists passages, `/calc memory qwen3-8b 4090 16k` calculates, "
        "`/ask QUESTION` always asks the team.",
        "zh": "用中文或英文提问即可。`/check 说法` 判断笔记是否支持一个说法，`/search 词语` 列出相关段落，"
        "`/calc 显存 qwen3-8b 4090 16k` 直接计算，`/ask 问题` 直接向团队提问。",
    },
    "supported": {"en": "The notes support this.", "zh": "笔记支持这个说法。"},
    "contradicted": {"en": "The notes contradict this.", "zh": "笔记与这个说法矛盾。"},
    "not_found": {
        "en": "The notes neither support nor contradict this.",
        "zh": "笔记里找不到支持或反对这个说法的内容。",
    },
    "next_notes": {"en": "Answering from the notes alone.", "zh": "改为只用笔记回答。"},
    "mostly_unsupported": {
        "en": "Most of what the model said is not in the notes; here is what the notes say.",
        "zh": "模型的回答大多没有笔记依据，以下是笔记中的原文。",
    },
    "partial_index": {
        "en": "The notes are still being indexed ({done} of {total} passages): this answer may miss some.",
        "zh": "笔记仍在建立索引（{done}/{total} 段），答案可能不完整。",
    },
    "other_language": {
        "en": "The notes have this only in Chinese.",
        "zh": "这部分笔记目前只有英文。",
    },
    "stale": {
        "en": "The facts on {title} were last checked on {date}.",
        "zh": "关于 {title} 的内容最后核对于 {date}。",
    },
    "assumed_context": {"en": "each sequence has {n} tokens.", "zh": "每个序列 {n} token。"},
    "ask_what": {"en": "What is {title}?", "zh": "{title} 是什么？"},
    "ask_difference": {"en": "How do {title} and {other} differ?", "zh": "{title} 和 {other} 有什么区别？"},
    "ask_how": {"en": "How does {title} work?", "zh": "{title} 是怎样工作的？"},
    "step_desk": {"en": "Read the question", "zh": "理解问题"},
    "step_rewrite": {"en": "Make the question stand alone", "zh": "把追问补全成完整问题"},
    "step_search": {"en": "Search the notes", "zh": "检索笔记"},
    "step_research": {"en": "Narrow the evidence", "zh": "筛选证据"},
    "step_calculate": {"en": "Calculate", "zh": "计算"},
    "step_teach": {"en": "Explain from the evidence", "zh": "依据证据讲解"},
    "step_check": {"en": "Check each sentence", "zh": "逐句核查"},
}


def say(key: str, language: Language, **values: str) -> str:
    """Return a phrase with its values filled in."""
    return _PHRASES[key][language].format(**values)
