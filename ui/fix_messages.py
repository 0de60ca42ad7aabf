"""The words of the Fix page, in the languages of its readers."""

from typing import Final

from knowledge.vocabulary import Language

_MESSAGES: Final[dict[str, tuple[str, str]]] = {
    "title": ("Fix an error", "排查报错"),
    "intro": (
        "Paste the error with the lines around it. No model reads it; keys and passwords are masked first.",
        "把报错连同上下文一起贴进来。日志不会交给模型，密钥和密码会先被打码。",
    ),
    "log": ("Log", "日志"),
    "log_hint": ("Traceback (most recent call last): …", "Traceback (most recent call last): ……"),
    "examples": ("For example", "例如"),
    "find": ("Find the fix", "查找解决方法"),
    "keys": ("Ctrl + Enter", "Ctrl + Enter"),
    "waiting": ("Opening the notes …", "正在打开笔记……"),
    "empty": ("There is no log to read yet. Paste one above.", "还没有日志，请先贴到上面的框里。"),
    "cut": ("Only the last {n} characters were read.", "日志过长，只读取了最后 {n} 个字符。"),
    "masked": ("{n} secrets masked: {kinds}", "已打码 {n} 处敏感信息：{kinds}"),
    "masked_one": ("1 secret masked: {kinds}", "已打码 1 处敏感信息：{kinds}"),
    # a match
    "sure": ("Almost certain", "基本确定"),
    "likely": ("Likely", "很可能"),
    "possible": ("Possible", "有可能"),
    "own": ("Your own", "自己添加"),
    "by_meaning": (
        "Found by meaning: none of its known error texts stands in the log.",
        "根据含义匹配：日志里没有出现它已知的报错原文。",
    ),
    "in_log": ("In your log", "日志中的位置"),
    "line": ("line {n}", "第 {n} 行"),
    "lines": ("lines {first} to {last}", "第 {first}–{last} 行"),
    "before": ("Lines before: {n}", "前面 {n} 行"),
    "after": ("Lines after: {n}", "后面 {n} 行"),
    "left_out": ("… left out: {n}", "……省略 {n} 行"),
    "cause": ("Why it happens", "原因"),
    "fix": ("How to fix it", "解决方法"),
    "check": ("How to check", "如何确认"),
    "evidence": ("Cited sentences", "引用的原句"),
    "source": ("Source", "来源"),
    "checked": ("checked {date}", "核对于 {date}"),
    "ask": ("Ask about it", "继续提问"),
    "question": ("What causes “{title}”, and how is it fixed?", "“{title}”的原因是什么，怎么解决？"),
    "more": ("Other pitfalls the log shows ({n})", "日志还符合的其他问题（{n}）"),
    "known_by": ("Error texts it is known by", "识别用的报错原文"),
    "copy": ("Copy", "复制"),
    "copied": ("Copied", "已复制"),
    # no match
    "unknown": ("Not known here", "笔记里没有这个问题"),
    "unknown_more": (
        "No pitfall of the notes is shown by this log. What is nearest is below; it is probably something else.",
        "笔记中的问题都与这份日志不符。下面是最接近的几条，但很可能不是同一个问题。",
    ),
    "unknown_none": ("Nothing in the notes comes near it.", "笔记里也没有相近的内容。"),
    "error_line": ("What most likely went wrong", "最可能的报错"),
    "nearest": ("Nearest, in doubt ({n})", "最接近的（存疑，{n} 条）"),
    "doubt": ("Doubtful", "存疑"),
    "add_it": ("You solved it? Add it …", "解决了？把它加进来……"),
    # pitfalls of one's own
    "yours": ("Your own pitfalls", "自己添加的问题"),
    "yours_none": (
        "None yet. What you add is found at once, here and in answers; it stays on this machine.",
        "还没有。添加后立即可以在这里和问答中查到，内容只保存在本机。",
    ),
    "added_ones": ("Added pitfalls", "添加的问题"),
    "none_added": ("None yet.", "还没有。"),
    "add": ("Add a pitfall …", "添加问题……"),
    "save_note": ("Save the note", "下载笔记"),
    "remove": ("Remove …", "删除……"),
    "remove_sure": ("Remove this pitfall? Its note is deleted.", "确定删除？对应的笔记会一并删除。"),
    "remove_yes": ("Yes, remove", "确认删除"),
    "removed": ("Removed: {title}.", "已删除：{title}。"),
    # the form
    "form": ("Add a pitfall of your own", "添加自己的问题"),
    "form_intro": (
        "It becomes a note on this machine. Secrets in any field are masked.",
        "会保存为本机的一篇笔记，各栏里的敏感信息都会打码。",
    ),
    "field_title": ("Name of the failure", "问题名称"),
    "field_signatures": (
        "The error as it stands in the log, one a line; <*> stands for a part that varies",
        "日志里的报错原文，每行一条；会变化的部分写成 <*>",
    ),
    "field_cause": ("Why it happens", "原因"),
    "field_fix": ("How to fix it (Markdown; commands between ```)", "解决方法（Markdown，命令放在 ``` 之间）"),
    "field_check": ("How to check (may be left out)", "如何确认（可不填）"),
    "field_source": ("Source, https://… (may be left out)", "来源 https://…（可不填）"),
    "field_related": ("Occurs with (may be left out)", "相关工具（可不填）"),
    "save": ("Add it", "添加"),
    "cancel": ("Cancel", "取消"),
    "lacks": ("Still missing: {fields}.", "还缺：{fields}。"),
    "added": ("Added: {title}. It is found from now on.", "已添加：{title}，现在就能查到。"),
    "beside": ("Its logs also show: {titles}.", "同样的日志也符合：{titles}。"),
}  # fmt: skip


def say(key: str, language: Language, **values: object) -> str:
    """Return a message with its values filled in."""
    english, chinese = _MESSAGES[key]
    return (chinese if language == "zh" else english).format(**values)
