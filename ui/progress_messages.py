"""The words of the Progress page, in the languages of its readers."""

from typing import Final

from knowledge.vocabulary import Language

_MESSAGES: Final[dict[str, tuple[str, str]]] = {
    "title": ("Your progress", "学习进度"),
    "waiting": ("Opening the notes …", "正在打开笔记……"),
    "looking": ("Looking up your record …", "正在读取学习记录……"),
    "nothing_yet": (
        "Nothing here yet. After the first quiz you see what you know, what is weak and what comes back when.",
        "还没有记录。做完第一次测验，这里会显示已掌握的内容、薄弱环节和复习安排。",
    ),
    "first_quiz": ("Take a first quiz", "开始第一次测验"),
    # figures
    "due_now": ("Due now", "现在到期"),
    "known": ("Known concepts", "已掌握的概念"),
    "tried": ("Concepts tried", "答过的概念"),
    "answers": ("Answers", "作答数"),
    "right_share": ("right", "答对"),
    "streak": ("Days in a row", "连续天数"),
    "review_due": ("Review what is due", "复习到期内容"),
    # lists
    "due_today": ("Due today", "今日复习"),
    "nothing_due": ("Nothing today. The next review comes by itself.", "今天没有到期内容，到时会自动出现。"),
    "recalled": ("{percent} chance that you still recall it", "仍记得的可能性 {percent}"),
    "more_due": ("and {n} more", "另有 {n} 项"),
    "weak": ("Weak spots", "薄弱环节"),
    "no_weak": ("None at the moment.", "目前没有。"),
    "quiz_weak": ("Quiz on all of them", "针对薄弱环节测验"),
    "weak_wrong_lately": ("{n} of the last answers wrong", "最近答错 {n} 次"),
    "weak_low_mastery": ("{percent} after {n} answers", "答过 {n} 次，掌握度 {percent}"),
    "weak_prerequisite": ("“{title}” builds on it", "“{title}”的基础"),
    # plots
    "course": ("Mastery by stage over time", "各阶段掌握度的变化"),
    "stages": ("Mastery by stage now", "当前各阶段掌握度"),
    "stage_tried": ("{tried} of {all} tried, {known} known", "答过 {tried}/{all}，已掌握 {known}"),
    "forecast": ("Reviews in the next 30 days", "未来 30 天的复习"),
    "history": ("Your answers, day by day", "每日作答"),
    "right": ("right", "答对"),
    "wrong": ("wrong", "答错"),
    "reviews": ("concepts due", "到期概念"),
    # the path
    "path": ("Path to a goal", "学习路径"),
    "goal": ("What do you want to understand?", "想弄懂什么？"),
    "path_done": ("You know all of it.", "已经全部掌握。"),
    "path_map": ("Show it on the map", "在地图上查看"),
    "time_left": (
        "{time} left at your pace of {weekly} answers a week, if all of them go to this path: "
        "{answers} answers{minutes}.",
        "按每周 {weekly} 题的节奏、全部用于这条路径，还需{time}：{answers} 题{minutes}。",
    ),
    "time_answering": (", about {minutes} of answering", "，作答约 {minutes}"),
    "time_unknown": (
        "Not enough data yet to say how long it takes: that needs three known concepts and a week of answers.",
        "数据不足，暂时无法估计所需时间：至少要掌握三个概念，并有一周的作答记录。",
    ),
    "at_least": ("at least {time}", "至少 {time}"),
    "day": ("{n} day", "{n} 天"),
    "days": ("{n} days", "{n} 天"),
    "week": ("{n} week", "{n} 周"),
    "weeks": ("{n} weeks", "{n} 周"),
    "month": ("{n} month", "{n} 个月"),
    "months": ("{n} months", "{n} 个月"),
    "minute": ("{n} minute", "{n} 分钟"),
    "minutes": ("{n} minutes", "{n} 分钟"),
    "hour": ("{n} hour", "{n} 小时"),
    "hours": ("{n} hours", "{n} 小时"),
    "path_steps": ("{n} steps, what comes first at the top", "共 {n} 步，从上往下学"),
    "state_new": ("new", "未学"),
    "state_weak": ("begun", "学过"),
    "state_refresh": ("due", "待复习"),
    "for_step": ("for {title}", "用于：{title}"),
    # the list of concepts
    "concepts": ("All concepts you have tried", "答过的全部概念"),
    "concept": ("Concept", "概念"),
    "stage": ("Stage", "阶段"),
    "mastery": ("Mastery", "掌握度"),
    "of_answers": ("Right", "答对"),
    "due": ("Next review", "下次复习"),
    "filter": ("Filter by name", "按名称筛选"),
    "all_stages": ("All stages", "全部阶段"),
    "shown": ("{n} of {of}", "{n}/{of}"),
    "range": ("between {low} and {high}", "介于 {low} 与 {high} 之间"),
    # the learner
    "record": ("Your record", "学习记录"),
    "anonymous": (
        "It belongs to this browser. Whoever uses another browser has a record of their own.",
        "记录属于当前浏览器，换一个浏览器就是另一份记录。",
    ),
    "by_name": ("You learn as {name}.", "当前学习者：{name}。"),
    "name": ("Name", "名字"),
    "name_more": (
        "Under a name, the same record can be used from another browser and from the command line (--learner).",
        "使用名字后，可以在其他浏览器和命令行（--learner）中使用同一份记录。",
    ),
    "switch": ("Use this name", "使用这个名字"),
    "bring": ("Take this record along", "把当前记录一并带过去"),
    "leave_name": ("Learn without a name", "不再使用名字"),
    "export": ("Download my record", "下载我的记录"),
    "import": ("Add a downloaded record", "导入记录"),
    "delete": ("Delete my record …", "删除我的记录……"),
    "delete_sure": (
        "Delete all {n} answers with their schedule? This cannot be undone.",
        "删除全部 {n} 次作答和复习安排？此操作无法撤销。",
    ),
    "delete_yes": ("Yes, delete", "确认删除"),
    "delete_no": ("Keep it", "保留"),
    "deleted": ("Deleted: {n} answers.", "已删除 {n} 次作答。"),
    "switched": ("You learn as {name} now.", "现在的学习者：{name}。"),
    "left": ("You learn without a name now, with a new record.", "现在不使用名字，从新的记录开始。"),
    "imported": ("{added} answers added, {known} were there already.", "新增 {added} 次作答，{known} 次已存在。"),
    "refused": ("{n} could not be taken; line {line}: {reason}", "{n} 条无法导入，第 {line} 行：{reason}"),
    "unknown": ("{n} are on concepts there is no note of.", "{n} 次作答所属的概念没有对应笔记。"),
    "too_large": (
        "The file is larger than {mib} MiB. Use the command line: atlas import-attempts FILE",
        "文件超过 {mib} MiB，请使用命令行：atlas import-attempts FILE",
    ),
}  # fmt: skip


def say(key: str, language: Language, **values: object) -> str:
    """Return a message with its values filled in."""
    english, chinese = _MESSAGES[key]
    return (chinese if language == "zh" else english).format(**values)
