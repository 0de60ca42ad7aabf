"""What the team says without a model, in the reader's language."""

import re
from typing import Final

from knowledge.language import CJK
from knowledge.vocabulary import Language

_BETWEEN_CHINESE: Final = re.compile(f"(?<=[{CJK}]) (?=[{CJK}])")
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
        "`/recommend TASK` advises on tools, `/compare vLLM SGLang for TASK` sets them side by side, "
        "`/fix LOG` (or just the pasted error) says what is wrong and how to mend it, "
        "`/guide TOPIC` teaches step by step, `/quiz TOPIC` tests you, `/review` asks what is due, "
        "`/progress`, `/path GOAL` and `/next` tell where you "
        "stand, `/ask QUESTION` always asks the team.",
        "zh": "用中文或英文提问即可。`/check 说法` 判断笔记是否支持一个说法，`/search 词语` 列出相关段落，"
        "`/calc 显存 qwen3-8b 4090 16k` 直接计算，`/recommend 任务` 推荐工具，"
        "`/compare vLLM SGLang 用于 任务` 对比工具，"
        "`/fix 日志`（或直接粘贴报错）分析错误原因和解决方法，"
        "`/guide 主题` 一步一步地教，`/quiz 主题` 出题测验，`/review` 复习到期内容，"
        "`/progress`、`/path 目标`、`/next` 查看进度和下一步，`/ask 问题` 直接向团队提问。",
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
    "topic_due": {"en": "What is due", "zh": "到期复习"},
    "topic_weak": {"en": "Weak spots", "zh": "薄弱点"},
    "nothing_due": {"en": "Nothing is due for review.", "zh": "目前没有到期需要复习的内容。"},
    "nothing_weak": {"en": "There are no weak spots yet.", "zh": "目前没有发现薄弱点。"},
    "nothing_topic": {"en": "There are no notes to ask about.", "zh": "没有可以出题的笔记。"},
    "fewer_items": {
        "en": "The notes yield {n} items of this kind, not {wanted}.",
        "zh": "笔记中这类题目只有 {n} 道，不足 {wanted} 道。",
    },
    "why_due": {"en": "due for review", "zh": "该复习了"},
    "why_weak": {"en": "not firm yet", "zh": "还不牢固"},
    "why_prerequisite_of": {"en": "{title} builds on it", "zh": "{title} 以它为基础"},
    "why_ready": {"en": "you know what it builds on", "zh": "它的前置知识你已经掌握"},
    "why_first": {"en": "everything begins here", "zh": "一切从这里开始"},
    "quiz_mixed": {"en": "all notes", "zh": "全部笔记"},
    "quiz_begins": {"en": "A quiz on {title}: {n} items.", "zh": "{title} 小测验，共 {n} 题。"},
    "quiz_number": {"en": "Question {n} of {total} · {level}", "zh": "第 {n} 题，共 {total} 题 · {level}"},
    "quiz_right": {"en": "✓ Right.", "zh": "✓ 正确。"},
    "quiz_partly": {"en": "◐ Partly right. The answer: {answer}", "zh": "◐ 部分正确。答案：{answer}"},
    "quiz_wrong": {"en": "✗ Not right. The answer: {answer}", "zh": "✗ 不对。答案：{answer}"},
    "quiz_key": {"en": "**The answer:** {answer}", "zh": "**答案：**{answer}"},
    "quiz_hint": {"en": "💡 {hint}", "zh": "💡 {hint}"},
    "quiz_no_hint": {"en": "There is no further hint.", "zh": "没有更多提示了。"},
    "quiz_offer_hint": {"en": "hint", "zh": "提示"},
    "quiz_offer_unknown": {"en": "I don't know", "zh": "不知道"},
    "quiz_offer_right": {"en": "I was right", "zh": "我答对了"},
    "quiz_practice": {
        "en": "_Practice: you have answered this question before, and your first answer is the one that counts._",
        "zh": "_这是练习：这道题你已经答过，计入记录的是第一次的回答。_",
    },
    "quiz_overruled": {"en": "It counts as right, because you say so.", "zh": "已按你的判断记为正确。"},
    "quiz_not_overruled": {"en": "There is no wrong answer to overrule.", "zh": "没有可以改判的答案。"},
    "quiz_mastery": {"en": "_Mastery of {title}: {before} → {after}_", "zh": "_{title} 的掌握度：{before} → {after}_"},
    "quiz_over": {
        "en": "**The quiz is over: {right} of {total} right.**",
        "zh": "**测验结束：{total} 题中答对 {right} 题。**",
    },
    "quiz_stopped": {"en": "The quiz is over.", "zh": "测验已结束。"},
    "next_title": {"en": "What to learn next:", "zh": "接下来可以学："},
    "path_title": {"en": "The way to {title}, {n} steps:", "zh": "通往 {title} 的学习路径，共 {n} 步："},
    "path_known": {"en": "You know {title}, and it is not due.", "zh": "你已经掌握 {title}，暂时不需要复习。"},
    "path_new": {"en": "new", "zh": "未学"},
    "path_weak": {"en": "not firm yet", "zh": "还不牢固"},
    "path_refresh": {"en": "to refresh", "zh": "需要复习"},
    "progress_none": {
        "en": "You have not answered any question yet. `/quiz` begins one.",
        "zh": "还没有答题记录。输入 `/quiz` 开始测验。",
    },
    "progress_all": {
        "en": "**{attempts} answers, {correct} right; {concepts} concepts studied, {due} due now; "
        "{streak} days in a row.**",
        "zh": "**共答 {attempts} 题，答对 {correct} 题；学过 {concepts} 个概念，{due} 个到期；连续 {streak} 天。**",
    },
    "progress_stage": {
        "en": "{title}: {mastery} ({studied} of {concepts} concepts studied)",
        "zh": "{title}：{mastery}（学过 {studied}/{concepts} 个概念）",
    },
    "progress_weak": {"en": "Weak spots: {titles}", "zh": "薄弱点：{titles}"},
    "ask_guide": {"en": "Teach me {title} step by step", "zh": "一步一步教我 {title}"},
    "ask_quiz": {"en": "Test me on {title}", "zh": "考考我 {title}"},
    "level_recall": {"en": "recall", "zh": "识记"},
    "level_apply": {"en": "apply", "zh": "应用"},
    "level_analyse": {"en": "analyse", "zh": "分析"},
    "guided_begins": {
        "en": "**{title}, step by step.** First {n} short questions, to find out where to begin. "
        "“I don't know” is a good answer too.",
        "zh": "**一步一步学 {title}。**先用 {n} 个小问题看看从哪里开始，答“不知道”也很好。",
    },
    "guided_probe": {"en": "To begin with: question {n} of {total}", "zh": "起点诊断：第 {n} 题，共 {total} 题"},
    "guided_not_yet": {"en": "Not yet: we will come to it.", "zh": "还没掌握，后面会讲到。"},
    "guided_showed": {"en": "You already showed: {titles}.", "zh": "你已经掌握：{titles}。"},
    "guided_plan": {"en": "**The way:** {titles}", "zh": "**学习路线：**{titles}"},
    "guided_rest": {
        "en": "What comes before these steps: `/path {title}` tells.",
        "zh": "更前面的内容见 `/path {title}`。",
    },
    "guided_step": {"en": "Step {n} of {total}: {title}", "zh": "第 {n} 步，共 {total} 步：{title}"},
    "guided_try": {"en": "Before I explain: what do you think?", "zh": "先不讲解：你觉得呢？"},
    "guided_question": {
        "en": "{question} Explain it to a beginner in exactly three short sentences.",
        "zh": "{question}请用三个短句讲给初学者听，不分点。",
    },
    "guided_wrong": {"en": "Not quite. Here is a hint; try again.", "zh": "还不对。看看提示，再试一次。"},
    "guided_hint_again": {
        "en": "Say “hint” again for more, “I don't know” to be shown.",
        "zh": "再说“提示”可以看下一条，说“不知道”就直接讲解。",
    },
    "guided_hint_last": {
        "en": "Try again, or say “I don't know” to be shown.",
        "zh": "请再试一次，或者说“不知道”直接看讲解。",
    },
    "guided_skipped": {"en": "Skipped: {title}.", "zh": "已跳过：{title}。"},
    "guided_over": {"en": "**You have come through to {title}.**", "zh": "**{title} 学完了。**"},
    "guided_paused": {
        "en": "**We stop here.** Say “go on with the lesson” to take it up again, also on another day.",
        "zh": "**先到这里。**说“继续课程”就能接着学，改天也可以。",
    },
    "guided_shown": {
        "en": "- **{title}**: {right} of {asked} right, mastery {before} → {after}, back on {due}",
        "zh": "- **{title}**：{asked} 题答对 {right} 题，掌握度 {before} → {after}，{due} 复习",
    },
    "guided_weak": {"en": "Not firm yet: {titles}.", "zh": "还不牢固：{titles}。"},
    "guided_left": {"en": "Left out: {titles}.", "zh": "跳过的：{titles}。"},
    "guided_none": {
        "en": "No lesson is open. `/guide TOPIC` begins one.",
        "zh": "现在没有进行中的课程。输入 `/guide 主题` 开始。",
    },
    "guided_go_on": {"en": "Go on with the lesson", "zh": "继续课程"},
    "guided_offer_skip": {"en": "skip", "zh": "跳过"},
    "guided_offer_stop": {"en": "stop", "zh": "结束"},
    "masked": {
        "en": "Secrets were taken out before anything else read the message: {n} ({kinds}).",
        "zh": "消息中的密钥在处理前已被隐去：{n} 处（{kinds}）。",
    },
    "advice_understood": {"en": "Understood:", "zh": "理解的内容："},
    "advice_unread": {"en": "I did not use: {clauses}.", "zh": "以下要求没有用上：{clauses}。"},
    "advice_correct": {
        "en": "Say what is different, for example “on a Mac instead” or “it has to be offline”.",
        "zh": "如有不同请直接补充，例如“换成 Mac”或“必须离线”。",
    },
    "advice_soft": {"en": "{words} (a wish)", "zh": "{words}（倾向）"},
    "advice_named": {"en": "asked about: {tools}", "zh": "提到：{tools}"},
    "advice_used": {"en": "in use: {tools}", "zh": "已在使用：{tools}"},
    "advice_excluded": {"en": "not wanted: {tools}", "zh": "不想用：{tools}"},
    "advice_fit": {"en": "Does it fit?", "zh": "显存够吗？"},
    "advice_fit_same": {"en": "As for the tool above.", "zh": "与上一个工具相同。"},
    "advice_begin": {"en": "Begin with:", "zh": "第一步："},
    "advice_together": {"en": "How they work together", "zh": "如何配合"},
    "advice_ruled_out": {"en": "Ruled out", "zh": "已排除"},
    "advice_question": {"en": "One question back:", "zh": "想再确认一点："},
    "advice_outside": {
        "en": "I don't know a tool for this: it is not what the notes are about.",
        "zh": "我不知道适合的工具：这不在笔记的范围内。",
    },
    "advice_compared": {"en": "For: {task}", "zh": "针对：{task}"},
    "offer_choice": {"en": "{title} or {other} for this?", "zh": "这个任务选 {title} 还是 {other}？"},
    "offer_offline": {"en": "And if it has to be offline?", "zh": "如果必须离线呢？"},
    "offer_why": {"en": "Why does this happen: {title}?", "zh": "为什么会出现：{title}？"},
    "fault_sure": {"en": "this is it ({score})", "zh": "确定是它（{score}）"},
    "fault_likely": {"en": "very likely ({score})", "zh": "很可能（{score}）"},
    "fault_perhaps": {"en": "perhaps ({score})", "zh": "可能（{score}）"},
    "fault_meaning": {
        "en": "found by what the log means, not by its error text ({score})",
        "zh": "根据日志含义判断，并非报错原文匹配（{score}）",
    },
    "fault_cause": {"en": "Why it happens", "zh": "原因"},
    "fault_fix": {"en": "How to fix it", "zh": "解决方法"},
    "fault_check": {"en": "How to check", "zh": "如何确认"},
    "fault_source": {"en": "Source: {source}", "zh": "来源：{source}"},
    "fault_others": {"en": "The log also shows", "zh": "日志里还有"},
    "fault_unknown": {
        "en": "I don't know this error: no pitfall of the notes is in the log.",
        "zh": "我不认识这个错误：笔记里的已知问题都没有出现在日志中。",
    },
    "fault_nearest": {
        "en": "The nearest known problems, which this need not be:",
        "zh": "最接近的已知问题，但不一定就是它：",
    },
    "fault_related": {"en": "What the notes say on these words:", "zh": "笔记中与这些词有关的内容："},
    "step_advise": {"en": "Weigh the tools", "zh": "比较工具"},
    "step_compare": {"en": "Set the tools side by side", "zh": "并排比较"},
    "step_weigh": {"en": "Weigh the first against the next", "zh": "权衡前两名"},
    "step_reread": {"en": "Read the task again", "zh": "重新理解任务"},
    "step_diagnose": {"en": "Find what the log shows", "zh": "分析日志"},
    "step_desk": {"en": "Read the question", "zh": "理解问题"},
    "step_rewrite": {"en": "Make the question stand alone", "zh": "把追问补全成完整问题"},
    "step_search": {"en": "Search the notes", "zh": "检索笔记"},
    "step_research": {"en": "Narrow the evidence", "zh": "筛选证据"},
    "step_calculate": {"en": "Calculate", "zh": "计算"},
    "step_teach": {"en": "Explain from the evidence", "zh": "依据证据讲解"},
    "step_check": {"en": "Check each sentence", "zh": "逐句核查"},
}


def say(key: str, language: Language, **values: str) -> str:
    """Return a phrase with its values filled in; the space beside a Latin name goes where the name is Chinese."""
    return _BETWEEN_CHINESE.sub("", _PHRASES[key][language].format(**values))
