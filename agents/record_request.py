"""Plain words that ask for a quiz, a guided lesson, or for what one has shown to know."""

import re
from typing import Final, Literal

RecordJourney = Literal["quiz", "review", "progress", "path", "next", "guide"]

# Each pattern matches a whole message; its groups, joined, are what it is about.
_PATTERNS: Final[tuple[tuple[RecordJourney, str], ...]] = (
    ("quiz", r"(?:please |can you |could you )?(?:quiz|test|examine) me(?: (?:on|about|in|with))?(?:\s+(.+))?"),
    ("quiz", r"(?:please |can you )?(?:give|ask) me ((?:an?|some|\d+)(?: \w+)? (?:quiz|questions?|items?))"
             r"(?: (?:on|about|in|of) (.+))?"),
    ("quiz", r"(?:请)?(?:考考|考一考|考|测试|测验)(?:一下)?我(?:一下)?(?:关于|对)?"
             r"(.*?)(?:的(?:理解|掌握(?:程度)?|知识))?"),
    ("quiz", r"(?:请)?(?:给我)?(?:来|出)((?:几|一些|\d+)(?:道|个)?)(?:关于)?(.*?)的?(?:题目|测验题|测验|练习题|题)"),
    ("review", r"(?:what|anything) is due(?: for review)?(?: today)?|review what is due"),
    ("review", r"复习(?:一下)?到期的?(?:内容|题)?|今天(?:该|要)复习什么"),
    ("next", r"what (?:should|shall|can|do) i (?:learn|study|read) (?:next|now)|what(?:'s| is) next(?: for me)?"),
    ("next", r"(?:我)?(?:接下来|下一步|现在)(?:应该|该|要)?(?:接着)?学(?:习)?(?:些|点)?什么(?:好)?"),
    ("path", r"what (?:do|should|must) i (?:learn|know|study) (?:before|to understand) (.+)"),
    ("path", r"(?:show me )?(?:the |a )?(?:learning )?path to (.+)"),
    ("path", r"(?:要)?(?:学会|学懂|搞懂|理解)(.+?)[，,]?(?:需要|要|得)?先学(?:些)?什么|(.+?)的学习路径"),
    ("guide", r"(?:please |can you |could you )?(?:teach|show|tell|explain)(?: to)? me (?:about )?(.+?),? "
              r"(?:step[ -]by[ -]step|one step at a time)"),
    ("guide", r"(?:please |can you |could you )?(?:guide|walk|lead|take) me through (.+?)"
              r"(?:,? (?:step[ -]by[ -]step|one step at a time))?"),
    ("guide", r"(?:step[ -]by[ -]step|one step at a time)[:,] ?(.+)"),
    ("guide", r"(?:请|请你|你)?(?:一步一?步|循序渐进|手把手)(?:地|来)?"
              r"(?:教教?我|教一?下我?|带我学(?:习)?|讲解?|学(?:习)?)(?:一下)?(.+)"),
    ("guide", r"(?:请)?(?:教我|带我学(?:习)?)(.+?)[，, ]*(?:一步一?步(?:来|地来)?)"),
    ("progress", r"(?:show (?:me )?)?my progress|(?:看看|查看)?我的(?:学习)?进度(?:如何|怎么样)?"),
)  # fmt: skip
_COMPILED: Final[tuple[tuple[RecordJourney, re.Pattern[str]], ...]] = tuple(
    (journey, re.compile(text, re.IGNORECASE | re.DOTALL)) for journey, text in _PATTERNS
)


def record_request(message: str) -> tuple[RecordJourney, str] | None:
    """Return the journey that a message asks for and what it is about, or None."""
    words = message.strip(" .,!?~。！？，～")
    for journey, pattern in _COMPILED:
        asked = pattern.fullmatch(words)
        if asked:
            return journey, " ".join(part.strip() for part in asked.groups() if part).strip()
    return None
