"""The page's own words, in the languages of its readers."""

from typing import Final

from knowledge.vocabulary import Language

LANGUAGES: Final[dict[Language, str]] = {"en": "English", "zh": "中文"}

_MESSAGES: Final[dict[str, dict[Language, str]]] = {
    "welcome": {"en": "What would you like to understand?", "zh": "想弄懂什么？"},
    "welcome_more": {
        "en": "LLM Atlas explains, calculates, advises and mends, from notes on the whole LLM stack: each number opens "
        "the sentence behind a claim. It works as it is; [a model of your choice](#ways) adds words of its own.",
        "zh": "LLM Atlas 依据覆盖大模型全栈的笔记来讲解、计算、选型和排错，点击编号即可查看依据的原句。"
        "开箱即用，接上[你选择的模型](#ways)后还会用自己的话讲解。",
    },
    "send": {"en": "Send", "zh": "发送"},
    "stop": {"en": "Stop", "zh": "停止"},
    "ask": {"en": "Ask in English or Chinese", "zh": "用中文或英文提问"},
    "places": {"en": "Places", "zh": "页面"},
    "lost": {
        "en": "LLM Atlas does not answer just now. What you wrote is kept, and the page goes on by itself.",
        "zh": "暂时连不上 LLM Atlas。已输入的内容会保留，恢复后页面会自动继续。",
    },
    "place_chat": {"en": "Learn", "zh": "学习"},
    "place_quiz": {"en": "Quiz", "zh": "测验"},
    "place_progress": {"en": "Progress", "zh": "进度"},
    "place_calculate": {"en": "Calculate", "zh": "计算"},
    "place_map": {"en": "Map", "zh": "图谱"},
    "place_notes": {"en": "Notes", "zh": "笔记"},
    "place_choose": {"en": "Choose", "zh": "选工具"},
    "place_fix": {"en": "Fix", "zh": "排错"},
    "place_observe": {"en": "Observe", "zh": "观测"},
    "trace": {"en": "How it was made", "zh": "生成过程"},
    "earlier": {"en": "Show earlier questions", "zh": "显示更早的问题"},
    "new": {"en": "New conversation", "zh": "新对话"},
    "language": {"en": "Language", "zh": "语言"},
    "sources": {"en": "Sources", "zh": "资料来源"},
    "no_sources": {
        "en": "The passages an answer rests on appear here before the answer does.",
        "zh": "回答所依据的段落会先于回答显示在这里。",
    },
    "found_none": {"en": "The notes have nothing on this.", "zh": "笔记里没有相关内容。"},
    "searched": {"en": "Searched for", "zh": "检索"},
    "own": {"en": "own note", "zh": "自己的笔记"},
    "checked": {"en": "checked {date}", "zh": "核对于 {date}"},
    "cite": {"en": "{title}: show the sentence", "zh": "{title}：查看原句"},
    "unsupported": {"en": "The notes do not support this sentence", "zh": "笔记不支持这句话"},
    "legend": {"en": "{mark} not supported by the notes", "zh": "{mark} 笔记中没有依据"},
    "abstained": {"en": "Not in the notes", "zh": "笔记中没有"},
    "stopped": {"en": "Stopped.", "zh": "已停止。"},
    "meta_notes": {"en": "from the notes alone", "zh": "仅依据笔记"},
    "meta_embedded": {"en": "embedded model", "zh": "内置模型"},
    "meta_endpoint": {"en": "model endpoint", "zh": "模型服务"},
    "seconds": {"en": "{n} s", "zh": "{n} 秒"},
    "thanks": {"en": "Thank you, that is noted.", "zh": "谢谢，已记录。"},
    "wrong": {"en": "It is wrong", "zh": "内容有误"},
    "missed": {"en": "Not what I asked", "zh": "答非所问"},
    "unclear": {"en": "Hard to understand", "zh": "难以理解"},
    "desk": {"en": "Front desk", "zh": "前台"},
    "researcher": {"en": "Researcher", "zh": "研究员"},
    "tutor": {"en": "Tutor", "zh": "导师"},
    "calculator": {"en": "Calculator", "zh": "计算器"},
    "checker": {"en": "Checker", "zh": "核查员"},
    "advisor": {"en": "Advisor", "zh": "选型顾问"},
    "mender": {"en": "Mender", "zh": "排错员"},
    "step_talk": {"en": "Read the message", "zh": "理解消息"},
    "step_rewrite": {"en": "Complete the question", "zh": "把追问补全"},
    "step_search": {"en": "Search the notes", "zh": "检索笔记"},
    "step_research": {"en": "Narrow the evidence", "zh": "筛选证据"},
    "step_calculate": {"en": "Calculate", "zh": "计算"},
    "derivation": {"en": "How it is calculated", "zh": "计算过程"},
    "open_choose": {"en": "Change the conditions on the Choose page", "zh": "在选工具页面修改条件"},
    "open_compare": {"en": "Add tools to the table on the Choose page", "zh": "在选工具页面调整对比"},
    "open_fix": {"en": "Open it on the Fix page", "zh": "在排错页面打开"},
    "open_unknown": {"en": "Found the fix? Add it on the Fix page", "zh": "找到解决办法了？在排错页面添加"},
    "change": {"en": "Change the inputs on the Calculate page", "zh": "在计算页面修改输入"},
    "step_teach": {"en": "Explain from the evidence", "zh": "依据证据讲解"},
    "step_check": {"en": "Check each sentence", "zh": "逐句核查"},
    "step_open": {"en": "Open the notes", "zh": "打开笔记"},
    "opening": {"en": "Opening the notes …", "zh": "正在打开笔记……"},
    "indexing": {"en": "Indexing {done} of {total}", "zh": "正在建立索引 {done}/{total}"},
    "broken": {"en": "The notes cannot be opened: {problem}", "zh": "笔记无法打开：{problem}"},
    "notes_only": {"en": "Notes only", "zh": "仅用笔记"},
    "rung_endpoint": {"en": "{model}", "zh": "{model}"},
    "rung_embedded": {"en": "Embedded model ready", "zh": "内置模型就绪"},
    "fetching": {"en": "Notes only; fetching the model, {percent} %", "zh": "目前仅用笔记，模型下载中 {percent}%"},
    "verifying": {
        "en": "Notes only; checking the model file, {percent} %",
        "zh": "目前仅用笔记，正在校验模型 {percent}%",
    },
    "waiting": {
        "en": "Notes only; another process is fetching the model",
        "zh": "目前仅用笔记，另一个进程正在下载模型",
    },
    "loading": {"en": "Notes only; the model is loading", "zh": "目前仅用笔记，模型加载中"},
    "asleep": {"en": "Embedded model, starts with the next question", "zh": "内置模型，下次提问时启动"},
    "missing": {
        "en": "Notes only; the model is not here (atlas model pull)",
        "zh": "仅用笔记，模型未下载（atlas model pull）",
    },
    "model_failed": {"en": "Notes only; {problem}", "zh": "仅用笔记，{problem}"},
    "endpoint_down": {"en": "{model} does not answer, next try in {n} s", "zh": "{model} 没有响应，{n} 秒后重试"},
    "action_copy": {"en": "Copy with sources", "zh": "复制（含出处）"},
    "action_again": {"en": "Answer again", "zh": "重新回答"},
    "action_edit": {"en": "Edit the question", "zh": "修改问题"},
    "editing": {
        "en": "You are changing an earlier question: what came after it goes.",
        "zh": "正在修改之前的问题，其后的对话会被移除。",
    },
    "edit_leave": {"en": "Leave it", "zh": "取消"},
    "lead_note": {"en": "Open the note: {title}", "zh": "打开笔记：{title}"},
    "lead_quiz": {"en": "Three questions on it", "zh": "来三道题"},
    "lead_map": {"en": "On the map", "zh": "在图谱中查看"},
    "lead_calculate": {"en": "Calculate it", "zh": "动手计算"},
    "guided": {"en": "Step by step: asks before it tells", "zh": "一步一步学：先提问，再讲解"},
    "example_explain": {"en": "How does PagedAttention save memory?", "zh": "PagedAttention 是怎样节省显存的？"},
    "example_calculate": {
        "en": "Does Qwen3-14B fit on a 4090 with 32k of context?",
        "zh": "Qwen3-14B 在 4090 上用 32k 上下文放得下吗？",
    },
    "example_fix": {
        "en": "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.",
        "zh": "报错 torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.",
    },
    "label_explain": {
        "en": "Explain: how does PagedAttention save memory?",
        "zh": "讲解：PagedAttention 怎样节省显存？",
    },
    "label_calculate": {
        "en": "Calculate: does Qwen3-14B fit on a 4090 with 32k of context?",
        "zh": "计算：Qwen3-14B 在 4090 上用 32k 上下文放得下吗？",
    },
    "label_fix": {
        "en": "Fix: torch.OutOfMemoryError: CUDA out of memory",
        "zh": "排错：torch.OutOfMemoryError: CUDA out of memory",
    },
    "ways": {"en": "Who answers, and how to change it", "zh": "由谁回答，怎样更换"},
    "ways_close": {"en": "Close", "zh": "关闭"},
    "way_notes": {
        "en": "**Notes alone.** Nothing to do: answers are the notes’ own sentences, at once and with their places.",
        "zh": "**仅用笔记。**无需任何操作：直接用笔记原句回答，立即给出并标明出处。",
    },
    "way_embedded": {
        "en": "**The embedded model** explains in its own words, on this machine. Fetch it once (about {mb} MB); "
        "the page shows how far it is:",
        "zh": "**内置模型**在本机用自己的话讲解。只需下载一次（约 {mb} MB），页面上会显示进度：",
    },
    "way_endpoint": {
        "en": "**A model of your own**, behind any OpenAI-compatible endpoint (Ollama, vLLM, a hosted one):",
        "zh": "**自己的模型**，任何兼容 OpenAI 接口的服务都可以（Ollama、vLLM 或云服务）：",
    },
    "copy": {"en": "Copy", "zh": "复制"},
    "copied": {"en": "Copied", "zh": "已复制"},
}


def say(key: str, language: Language, **values: object) -> str:
    """Return a message with its values filled in."""
    return _MESSAGES[key][language].format(**values)


def known(key: str) -> bool:
    """Tell whether there is such a message."""
    return key in _MESSAGES


def preferred(accept_language: str) -> Language:
    """Return the language of ours that an Accept-Language header asks for first."""
    ranked = sorted(_wishes(accept_language), key=lambda wish: -wish[1])
    ours: list[Language] = [
        language for name, _ in ranked for language in LANGUAGES if name.partition("-")[0] == language
    ]
    return ours[0] if ours else "en"


def _wishes(header: str) -> list[tuple[str, float]]:
    wishes: list[tuple[str, float]] = []
    for part in header.lower().split(","):
        name, _, quality = part.strip().partition(";q=")
        try:
            wishes.append((name, float(quality or 1)))
        except ValueError:  # not a number: the browser's mistake, and no reason to refuse the page
            wishes.append((name, 0.0))
    return wishes
