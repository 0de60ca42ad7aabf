"""The words of the Map page, in the languages of its readers."""

from typing import Final

from knowledge.vocabulary import KINDS, RELATIONS, Language

_MESSAGES: Final[dict[str, tuple[str, str]]] = {
    "title": ("Map", "知识地图"),
    "waiting": ("Opening the notes …", "正在打开笔记……"),
    "drawing": ("Drawing the map …", "正在绘制地图……"),
    "no_drawing": (
        "This browser cannot draw the map; the list below says the same.",
        "当前浏览器无法绘制地图，下面的列表内容相同。",
    ),
    "nothing": ("There are no notes yet.", "还没有笔记。"),
    # tools
    "skip": ("Skip to the list", "跳到列表"),
    "search": ("Find a note", "查找笔记"),
    "no_match": ("No note of this name", "没有这个名称的笔记"),
    "stage": ("Stage", "阶段"),
    "all_stages": ("All stages", "全部阶段"),
    "kind": ("Kind", "类型"),
    "all_kinds": ("All kinds", "全部类型"),
    "by": ("Colour", "着色"),
    "by_mastery": ("Mastery", "掌握度"),
    "by_due": ("Due for review", "复习时间"),
    "by_stage": ("Stage", "阶段"),
    "view_map": ("Map", "地图"),
    "view_list": ("List", "列表"),
    "shown": ("{n} of {of} notes", "{n}/{of} 篇笔记"),
    "zoom_in": ("Zoom in", "放大"),
    "zoom_out": ("Zoom out", "缩小"),
    "fit": ("Show all of it", "显示全部"),
    "canvas": ("Map of the notes", "笔记地图"),
    "keys": (
        "Arrow keys go from note to note, Enter opens one, Escape closes it; + and − zoom, 0 shows all, / finds.",
        "方向键在笔记间移动，回车打开，Esc 关闭；+ 和 − 缩放，0 显示全部，/ 查找。",
    ),
    "legend": ("Legend", "图例"),
    "lines": ("Lines", "连线"),
    "shapes": ("Shapes", "形状"),
    # standing
    "m_new": ("Not tried", "未学"),
    "m_begun": ("Begun", "学过"),
    "m_half": ("Half-way", "过半"),
    "m_known": ("Known", "已掌握"),
    "d_none": ("Nothing to review", "无需复习"),
    "d_now": ("Due now", "现在到期"),
    "d_week": ("Within a week", "一周内"),
    "d_later": ("Later", "更晚"),
    "mastery": ("Mastery {percent} after {n} answers", "答过 {n} 次，掌握度 {percent}"),
    "due_in": ("next review in {n} days", "{n} 天后复习"),
    # a note's card
    "card": ("About {title}", "关于{title}"),
    "close": ("Close", "关闭"),
    "own": ("your note", "自己的笔记"),
    "open": ("Open the note", "打开笔记"),
    "ask": ("Ask", "提问"),
    "question": ("What is {title}?", "{title} 是什么？"),
    "quiz": ("Quiz me", "测验"),
    "path_here": ("Path to here", "学习路径"),
    "builds_on": ("Builds on", "先修"),
    "needed_by": ("Needed by", "后续"),
    "relations": ("Relations", "关系"),
    "prerequisites": ("Prerequisites", "先修关系"),
    "none": ("nothing", "无"),
    # the path
    "path": ("Path to {title}", "到“{title}”的路径"),
    "path_steps": ("{n} steps, {known} of them known", "共 {n} 步，已掌握 {known} 步"),
    "path_done": ("You know all of it.", "已经全部掌握。"),
    "path_next": ("Begin with {title}", "从“{title}”开始"),
    "path_close": ("Close the path", "关闭路径"),
    "step": ("step {n}", "第 {n} 步"),
}  # fmt: skip

_KINDS: Final[dict[str, tuple[str, str]]] = {
    "tool": ("Tool", "工具"),
    "platform": ("Platform", "平台"),
    "technique": ("Technique", "技术"),
    "concept": ("Concept", "概念"),
    "model": ("Model", "模型"),
    "dataset": ("Dataset", "数据集"),
    "benchmark": ("Benchmark", "基准"),
    "metric": ("Metric", "指标"),
    "pitfall": ("Pitfall", "故障"),
    "project": ("Project", "项目"),
}

# How a relation reads from the note that has it, and from the one it leads to.
_RELATIONS: Final[dict[str, tuple[tuple[str, str], tuple[str, str]]]] = {
    "is_a": (("is a kind of", "属于"), ("has the kinds", "包括")),
    "part_of": (("is part of", "组成"), ("has the parts", "组成部分")),
    "implements": (("implements", "实现"), ("implemented by", "实现它的有")),
    "uses": (("uses", "使用"), ("used by", "被使用于")),
    "extends": (("extends", "扩展自"), ("extended by", "扩展为")),
    "alternative_to": (("alternative to", "可替代"), ("alternative to", "可替代")),
    "works_with": (("works with", "常配合"), ("works with", "常配合")),
    "contrasts_with": (("compare with", "可对照"), ("compare with", "可对照")),
    "reads": (("reads", "读取"), ("read by", "读取它的有")),
    "produces": (("produces", "产出"), ("produced by", "产出它的有")),
    "serves": (("serves", "提供服务"), ("served by", "由其提供服务")),
    "trains": (("trains", "训练"), ("trained by", "由其训练")),
    "measures": (("measures", "衡量"), ("measured by", "由其衡量")),
    "mitigates": (("mitigates", "缓解"), ("mitigated by", "可由其缓解")),
    "causes": (("causes", "导致"), ("caused by", "起因")),
    "limits": (("limits", "限制"), ("limited by", "受限于")),
    "occurs_in": (("occurs in", "出现于"), ("known failures", "已知故障")),
    "mitigated_by": (("mitigated by", "可由其缓解"), ("mitigates", "缓解")),
    "drawn": (("leads to, in a diagram", "图中指向"), ("comes from, in a diagram", "图中来自")),
}

# The kinds of lines that the map tells apart, in the order of its legend.
LINES: Final[dict[str, tuple[tuple[str, str], frozenset[str]]]] = {
    "prerequisite": (("comes first", "先修"), frozenset({"prerequisite"})),
    "kin": (
        ("is, is part of, implements", "属于、组成、实现"),
        frozenset({"is_a", "part_of", "implements", "extends"}),
    ),
    "use": (
        ("uses, reads, serves, measures", "使用、读取、服务、衡量"),
        frozenset({"uses", "reads", "produces", "serves", "trains", "measures", "limits"}),
    ),
    "beside": (
        ("alternative, companion, contrast", "替代、配合、对照"),
        frozenset({"alternative_to", "works_with", "contrasts_with"}),
    ),
    "trouble": (("failure and remedy", "故障与对策"), frozenset({"occurs_in", "mitigates", "mitigated_by", "causes"})),
    "drawn": (("arrow of a diagram", "图中的箭头"), frozenset({"drawn"})),
}


def say(key: str, language: Language, **values: object) -> str:
    """Return a message with its values filled in."""
    english, chinese = _MESSAGES[key]
    return (chinese if language == "zh" else english).format(**values)


def words(language: Language) -> dict[str, str]:
    """Return every message of the page as it is, for its script to fill in."""
    return {key: texts[language == "zh"] for key, texts in _MESSAGES.items()}


def kinds(language: Language) -> dict[str, str]:
    """Return what each kind of note is called."""
    return {kind: _KINDS[kind][language == "zh"] for kind in KINDS}


def relations(language: Language) -> dict[str, tuple[str, str]]:
    """Return how each relation reads from its note, and from the note it leads to."""
    at = language == "zh"
    return {type_: (_RELATIONS[type_][0][at], _RELATIONS[type_][1][at]) for type_ in [*RELATIONS, "drawn"]}


def lines(language: Language) -> dict[str, str]:
    """Return what each kind of line stands for."""
    return {line: texts[language == "zh"] for line, (texts, _) in LINES.items()}


def line_of(type_: str) -> str:
    """Return the kind of line that a relation is drawn as."""
    return next((line for line, (_, types) in LINES.items() if type_ in types), "use")
