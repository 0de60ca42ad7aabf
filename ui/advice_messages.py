"""The words of the Choose page, in the languages of its readers."""

from typing import Final

from knowledge.vocabulary import Language
from tools.recommend import wording

_MESSAGES: Final[dict[str, tuple[str, str]]] = {
    # the form
    "title": ("Choose a tool", "选择工具"),
    "intro": (
        "Say what you want to do and what you have. The tools that fit come back with reasons, sources and a first "
        "command; what does not fit is ruled out with its reason.",
        "说说要做什么、手头有什么。页面会给出合适的工具、理由、来源和第一条命令，并说明为什么排除其他工具。",
    ),
    "task": ("What do you want to do?", "想做什么？"),
    "placeholder": (
        "In English or Chinese, with your hardware, licence, budget …",
        "中英文均可，可写明硬件、许可、预算等条件",
    ),
    "answer": ("Find tools", "查找工具"),
    "examples": ("For example", "例如"),
    "example_serve": (
        "Serve Qwen3-14B to 200 users on 2x RTX 4090",
        "用两张 RTX 4090 部署 Qwen3-14B，供 200 人同时使用",
    ),
    "example_windows": (
        "Serve Qwen3-8B to 10 people on a Windows PC with an RTX 4090",
        "在装有 RTX 4090 的 Windows 电脑上部署 Qwen3-8B，供 10 人使用",
    ),
    "example_local": (
        "vLLM or Ollama or llama.cpp for a laptop without a GPU?",
        "没有显卡的笔记本电脑，用 vLLM、Ollama 还是 llama.cpp？",
    ),
    "correct": ("Set or correct the conditions", "补充或更正条件"),
    "correct_note": (
        "Each change answers again at once. What you set here is binding.",
        "每次修改都会立即重新回答，这里设置的都是硬性条件。",
    ),
    "count": ("How many", "数量"),
    "gpu_hint": ("a name, or cpu for none", "型号，没有显卡填 cpu"),
    "any": ("not set", "不限"),
    "yes": ("yes", "是"),
    # what was understood
    "understood": ("Understood", "理解的内容"),
    "looking_for": ("Task", "任务"),
    "needs": ("Matters here", "看重"),
    "conditions": ("Conditions", "条件"),
    "no_conditions": ("None were read from your words.", "没有从描述中读到条件。"),
    "reading": ("a guess so far: a model is reading the task …", "暂为推测，模型正在阅读任务……"),
    "guess": ("a guess", "推测"),
    "guessed": ("a guess: set the task below if it is another", "推测的结果，如有误请在下方更正"),
    "unread": ("Not understood", "未理解"),
    "unread_more": ("not taken into account", "未纳入考虑"),
    "as_understood": ("as understood", "按理解"),
    "hard": ("must", "硬性"),
    "soft": ("weighed", "参考"),
    "read_from": ("read from “{words}”", "读自“{words}”"),
    "set_by_you": ("set by you", "由您设置"),
    "taken_for": ("taken for “{words}”", "由“{words}”推定"),
    "remove": ("Remove {name}", "移除{name}"),
    "reset": ("Back to what your words say", "恢复为描述中的条件"),
    # the conditions
    "field_tasks": ("Task", "任务"),
    "field_accelerators": ("GPU", "显卡"),
    "field_device": ("Accelerator", "加速卡"),
    "field_cpu_only": ("No GPU", "没有显卡"),
    "field_system": ("System", "系统"),
    "field_licence": ("Licence", "许可"),
    "field_place": ("Where it runs", "运行位置"),
    "field_offline": ("Works offline", "可离线使用"),
    "field_budget": ("Budget", "预算"),
    "field_no_docker": ("Without Docker", "不用 Docker"),
    "field_language": ("Programming language", "编程语言"),
    "field_skill": ("Skill", "经验"),
    "field_format": ("File format", "文件格式"),
    "field_users": ("Users at once", "同时使用人数"),
    "field_items": ("Documents or vectors", "文档或向量数"),
    "field_context": ("Context", "上下文"),
    "field_method": ("Method", "训练方式"),
    "field_quant": ("Quantization", "量化"),
    "field_model": ("Model", "模型"),
    "field_named": ("To compare", "要比较的"),
    "field_used": ("In use already", "已在使用"),
    "field_excluded": ("Not wanted", "不使用"),
    "tokens": ("{n} tokens", "{n} token"),
    "cards": ("{n} × {name} ({memory:g} GB)", "{n} × {name}（{memory:g} GB）"),
    # their values
    "own": ("on one's own machines", "自己的机器"),
    "hosted": ("hosted by a provider", "由服务商托管"),
    "free": ("free", "免费"),
    "paid": ("may cost money", "可以付费"),
    "python": ("Python", "Python"),
    "no code": ("no code", "不写代码"),
    "beginner": ("beginner", "初学者"),
    "gguf": ("GGUF", "GGUF"),
    "safetensors": ("safetensors", "safetensors"),
    "full": ("full fine-tuning", "全参数微调"),
    "lora": ("LoRA", "LoRA"),
    "qlora": ("QLoRA", "QLoRA"),
    # the answer
    "found": ("{n} tools fit: {titles}", "{n} 个合适的工具：{titles}"),
    "found_one": ("One tool fits: {titles}", "1 个合适的工具：{titles}"),
    "why": ("Why", "理由"),
    "caveats": ("Caveats", "注意"),
    "against": ("Against the next best", "与次优相比"),
    "fit": ("Fit to the hardware", "硬件是否够用"),
    "fits": ("It fits", "放得下"),
    "does not fit": ("It does not fit", "放不下"),
    "size only": ("Size computed", "已算出大小"),
    "not computed": ("Not computed", "未计算"),
    "derivation": ("How this was calculated", "计算过程"),
    "plan": ("The serving plan, with its command", "部署方案与启动命令"),
    "calculate": ("Change the numbers on the Calculate page", "在计算页面修改数值"),
    "command": ("First command", "第一条命令"),
    "copy": ("Copy", "复制"),
    "copied": ("Copied", "已复制"),
    "checked": ("Facts checked on {date}", "内容核对于 {date}"),
    "stale": ("may be out of date", "可能已过时"),
    "evidence": ("Evidence", "依据"),
    "cite": ("Evidence {n}: {quote}", "依据 {n}：{quote}"),
    "summary": ("Summary of the note", "笔记摘要"),
    "question": ("One question first", "还有一个问题"),
    "question_then": (
        "The answer below may change with yours.",
        "您的回答可能改变下面的结果。",
    ),
    "ruled_out": ("Ruled out", "已排除"),
    "because": ("by “{words}”", "依据“{words}”"),
    "by_setting": ("by what you set", "依据您的设置"),
    "together": ("How they work together", "如何配合"),
    # no answer
    "abstained": ("The notes know no tool for this", "笔记中没有适合此事的工具"),
    "abstained_more": (
        "This page chooses among tools for building, training, running and watching language models.",
        "本页只在构建、训练、运行和观测大语言模型的工具中选择。",
    ),
    "nearest": ("The nearest notes", "最接近的笔记"),
    "ask_about": ("What is {title}?", "什么是 {title}？"),
    "empty": ("{goal}: no tool of the notes meets all of this", "{goal}：没有工具同时满足全部条件"),
    "empty_nothing": ("{goal}: the notes know no tool for this", "{goal}：笔记中没有用于此的工具"),
    "drop_one": ("Without one of these conditions there is an answer:", "去掉以下任一条件即有结果："),
    "drop_all": ("Only without all of these conditions together is there an answer:", "只有同时去掉以下条件才有结果："),
    "drop_gives": ("without “{name}”: {titles}", "去掉“{name}”：{titles}"),
    "and": (" and ", "、"),
    "waiting": ("Opening the notes … the answer comes as soon as they are open.", "正在打开笔记……打开后立即回答。"),
    "problem": ("This cannot be answered", "无法回答"),
    # quick answers
    "quick_laptop": ("A laptop without a GPU, for me alone", "没有显卡的电脑，自己用"),
    "quick_card": ("One RTX 4090", "一张 RTX 4090"),
    "quick_server": ("A server with 8 × H100, many users", "8 × H100 服务器，多人使用"),
    "quick_mac": ("A Mac", "一台 Mac"),
    "quick_t4": ("One T4 (16 GB)", "一张 T4（16 GB）"),
    "quick_h100": ("8 × H100", "8 × H100"),
    "quick_few": ("A few thousand, one machine", "几千条，单机"),
    "quick_million": ("About a million, one machine", "约一百万条，单机"),
    "quick_huge": ("Hundreds of millions", "几亿条"),
    "quick_leave": ("They may leave", "可以"),
    "quick_stay": ("They stay on our machines", "不可以"),
    # the comparison
    "compare": ("Compare", "比较"),
    "compare_these": ("Compare them side by side", "并排比较"),
    "compare_more": ("Add a tool", "添加工具"),
    "add": ("Add", "添加"),
    "close": ("Close the comparison", "收起比较"),
    "criterion": ("Criterion", "标准"),
    "table": ("Comparison of {titles}", "{titles} 的比较"),
    "source": ("source", "来源"),
    "not_said": ("the note does not say", "笔记未说明"),
    "needs_two": ("A comparison needs two tools: add another one.", "比较需要两个工具，请再添加一个。"),
}  # fmt: skip


def say(key: str, language: Language, **values: object) -> str:
    """Return a message with its values filled in."""
    english, chinese = _MESSAGES[key]
    return (chinese if language == "zh" else english).format(**values)


def named(value: str, language: Language) -> str:
    """Return the name of a value of a constraint; one that has none stands for itself."""
    return say(value, language) if value in _MESSAGES else wording.named(value, language)
