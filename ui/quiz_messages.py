"""The words of the Quiz page, in the languages of its readers."""

from typing import Final

from knowledge.vocabulary import STAGE_TITLES, Language
from tools.quiz.item import ItemType, Level

_MESSAGES: Final[dict[str, tuple[str, str]]] = {
    # the form
    "title": ("Check what you know", "检验一下自己"),
    "intro": (
        "One question at a time. Each answer is explained, and comes back for review when you are about to forget it.",
        "一次一道题，每题都附讲解，快要忘记时会安排复习。",
    ),
    "source": ("Questions on", "出题范围"),
    "source_topic": ("A topic", "选定主题"),
    "source_due": ("What is due", "到期复习"),
    "source_weak": ("My weak spots", "薄弱环节"),
    "topic": ("Topic", "主题"),
    "topic_any": ("Anything", "不限主题"),
    "stage": ("Stage: {stage}", "阶段：{stage}"),
    "level": ("Level", "难度"),
    "level_any": ("Any", "不限"),
    "number": ("Questions", "题数"),
    "types": ("Kinds of question", "题型"),
    "start": ("Start", "开始"),
    "resume": (
        "You left a quiz on {topic} at question {n} of {of}.",
        "上次的测验“{topic}”停在第 {n} 题（共 {of} 题）。",
    ),
    "resume_link": ("Go on with it", "继续"),
    "whole": ("Everything", "全部内容"),
    # the card
    "count": ("Question {n} of {of}", "第 {n} 题，共 {of} 题"),
    "form_label": ("Your answer", "你的答案"),
    "choose_several": ("Choose all that are right", "选出所有正确的选项"),
    "reason": ("Why? (optional)", "理由（可不填）"),
    "match_choose": ("choose", "请选择"),
    "order_keys": (
        "Move a line with its arrows, or choose it and press ↑ or ↓.",
        "点箭头移动，或选中一行后按 ↑ ↓。",
    ),
    "up": ("Move up: {step}", "上移：{step}"),
    "down": ("Move down: {step}", "下移：{step}"),
    "moved": ("{step}, now at position {n} of {of}", "{step}，现在排在第 {n} 位，共 {of} 位"),
    "exhibit_log": ("Log", "日志"),
    "exhibit_command": ("Command", "命令"),
    "check": ("Check answer", "提交答案"),
    "dont_know": ("I don't know", "不知道"),
    "no_answer": ("none", "未作答"),
    "yours_at": ("you had it at {n}", "你排在第 {n} 位"),
    "hint": ("Hint", "提示"),
    "hint_left": ("Hint ({n} of {of})", "提示（{n}/{of}）"),
    "hints_used": ("Hints count a little against your mastery.", "看过提示的题，掌握度会少算一些。"),
    "incomplete": ("Answer first, then check.", "请先作答，再提交。"),
    "key_choose": ("choose", "选择"),
    "key_enter": ("check, go on", "提交、下一题"),
    "key_hint": ("hint", "提示"),
    "key_move": ("move", "移动"),
    # what came of it
    "right": ("Right", "答对了"),
    "wrong": ("Not quite", "答错了"),
    "partly": ("Partly right", "部分正确"),
    "passed": ("Here is the answer", "答案如下"),
    "right_answer": ("Right answer", "正确答案"),
    "your_answer": ("Your answer", "你的答案"),
    "your_choice": ("Your choice", "你的选择"),
    "because": ("From the notes", "笔记原文"),
    "to_note": ("Open the note", "打开笔记"),
    "ask_more": ("Ask the tutor about this", "向导师追问"),
    "ask_question": ("Explain this to me: {stem}", "给我讲讲这道题：{stem}"),
    "ask_concept": ("Explain {title}", "讲讲 {title}"),
    "overrule": ("I was right", "我答对了"),
    "overrule_more": (
        "Counts this answer as right. Use it when your words meant the same.",
        "把这次作答改判为正确。意思相同而措辞不同时，可以这样做。",
    ),
    "overruled": ("Counted as right, as you said.", "已按你的判断记为正确。"),
    "mastery": ("Mastery of {title}", "“{title}”的掌握度"),
    "mastery_change": ("{before} → {after}", "{before} → {after}"),
    "review": ("Next review {when}", "下次复习：{when}"),
    "today": ("today", "今天"),
    "tomorrow": ("tomorrow", "明天"),
    "on_day": ("on {date}", "{date}"),
    "in_days": ("in {n} days", "{n} 天后"),
    "next": ("Next question", "下一题"),
    "finish": ("See the result", "查看结果"),
    # the result
    "result": ("{right} of {of} right", "答对 {right}/{of}"),
    "result_all": ("All of it. Well done.", "全部答对，很好。"),
    "result_most": ("Most of it is there.", "大部分已经掌握。"),
    "result_some": ("A start. Each answer below says what was missing.", "已有基础，下面每道题都说明了缺在哪里。"),
    "by_concept": ("By concept", "按概念统计"),
    "concept": ("Concept", "概念"),
    "of_questions": ("Right", "答对"),
    "mastered": ("Mastery", "掌握度"),
    "due": ("Next review", "下次复习"),
    "answers": ("Your answers", "作答情况"),
    "learn_next": ("What to learn next", "接下来学什么"),
    "again_wrong": ("The wrong ones again", "重做错题"),
    "again": ("Another quiz like this", "再来一组"),
    "choose_other": ("Choose something else", "换个范围"),
    "to_progress": ("See your progress", "查看进度"),
    "quiz_on": ("Quiz", "测验"),
    "save": ("Keep these questions", "保存这些题"),
    "save_anki": ("Anki", "Anki"),
    "save_markdown": ("Markdown", "Markdown"),
    "save_csv": ("Table (CSV)", "表格（CSV）"),
    "save_json": ("JSON", "JSON"),
    # what may go wrong
    "waiting": ("Opening the notes …", "正在打开笔记……"),
    "lost": (
        "This quiz is no longer here: it belongs to someone else, or the program was started anew. "
        "Your answers are kept; begin a new one.",
        "这次测验已不在：可能属于其他学习者，也可能是程序重新启动过。已答的题都有记录，请重新开始一组。",
    ),
    "lost_title": ("Quiz not found", "找不到这次测验"),
    "nothing": ("There is nothing to ask.", "没有可出的题。"),
    "new_quiz": ("New quiz", "新测验"),
    # kinds of item
    "single_choice": ("Single choice", "单选"),
    "multiple_choice": ("Multiple choice", "多选"),
    "true_false": ("True or false", "判断"),
    "cloze_name": ("Fill the gap", "填空"),
    "matching": ("Matching", "连线"),
    "ordering": ("Ordering", "排序"),
    "numeric_name": ("Calculation", "计算"),
    "short_answer": ("Short answer", "简答"),
    "reading": ("Read a log, a command or a plot", "读日志、命令或图"),
    "no_stage": ("Other notes", "其他笔记"),
    "level_1": ("Recall", "记忆"),
    "level_2": ("Apply", "应用"),
    "level_3": ("Analyse", "分析"),
    "origin_model": ("written by the model, checked by code", "模型出题，程序核对"),
}  # fmt: skip


def say(key: str, language: Language, **values: object) -> str:
    """Return a message with its values filled in."""
    english, chinese = _MESSAGES[key]
    return (chinese if language == "zh" else english).format(**values)


def type_name(item_type: ItemType, language: Language) -> str:
    """Return what a kind of item is called."""
    return say(f"{item_type}_name" if f"{item_type}_name" in _MESSAGES else item_type, language)


def level_name(level: Level, language: Language) -> str:
    """Return what a level is called."""
    return say(f"level_{level}", language)


def stage_name(stage: str, language: Language) -> str:
    """Return what a stage is called; a stage of one's own notes has its own name."""
    titles = STAGE_TITLES.get(stage)
    return titles[language] if titles else stage or say("no_stage", language)
