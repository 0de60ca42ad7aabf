"""A quiz in a chat: one item a turn, each graded and stored before the next is asked."""

import re
from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Final

from agents.events import Answer, Event, Rung
from agents.house import House, Request
from agents.journey import Journey
from agents.phrases import say
from agents.quizzing import Examiner, Outcome
from agents.reply import Reply
from agents.sitting import Sitting, kept
from agents.stop import Stop
from knowledge.citation import Citation
from knowledge.errors import UserMistake
from tools.quiz.asked import asked
from tools.quiz.item import LEVELS, Item
from tools.quiz.response import LETTERS, response_of
from tools.quiz.wish import Source, wished

_WORDS: Final[dict[str, frozenset[str]]] = {
    "hint": frozenset({"hint", "a hint", "give me a hint", "提示", "给个提示"}),
    "skip": frozenset({"skip", "next", "跳过", "下一题"}),
    "unknown": frozenset(
        {
            "i don't know",
            "i do not know",
            "don't know",
            "dont know",
            "i dont know",
            "no idea",
            "idk",
            "no clue",
            "i'm not sure",
            "not sure",
            "i give up",
            "pass",
            "不知道",
            "我不知道",
            "不会",
            "不清楚",
            "不确定",
            "不懂",
            "我放弃",
        }
    ),
    "stop": frozenset({"stop", "quit", "end", "exit", "结束", "停止", "不做了", "退出"}),
    "right": frozenset({"i was right", "my answer was right", "我答对了", "我是对的", "我的答案是对的"}),
}
# Words of one who tries to answer; what cannot be graded is asked for in another form rather than looked up.
_OPINION: Final = re.compile(
    r"(?:(?:hmm+|well|ok|so|maybe|perhaps|probably)[,.]? )?(?:i(?:'d| would)? (?:think|guess|believe|suppose|say)\b"
    r"|i(?: a|')m (?:not sure|sure)|maybe\b|perhaps\b|probably\b|because\b|my (?:answer|guess)\b"
    r"|it(?: i|')s\b|the answer\b)|我(?:觉得|认为|想是|猜|选|的答案)|应该(?:是|选)|可能(?:是|选)?|大概|因为|答案|选",
    re.IGNORECASE,
)
_FREE: Final = frozenset({"short_answer", "cloze"})  # any words may be the answer
_PICKED: Final = frozenset({"single_choice", "true_false", "reading"})  # one letter is the whole answer
_LONGEST_GAP: Final = 60  # characters that fill a gap
_SLIP: Final = 12  # characters; a shorter text that is no possible answer is a slip, not a question


def is_reply(sitting: Sitting, message: str) -> bool:
    """Tell whether a message goes on with the quiz that a session is in, rather than asking something else."""
    if message.startswith("/"):
        return False
    if _word(message) is not None:
        return True
    item = sitting.items[0] if sitting.items else None
    if item is None or message.rstrip().endswith(("?", "？")):
        return False
    return bool(_OPINION.match(message.strip())) or _may_answer(item, message)


def _may_answer(item: Item, message: str) -> bool:
    """Tell whether a text may be an answer to an item, or a slip of the keyboard in one."""
    if item.type in _FREE:
        return item.type == "short_answer" or len(message) <= _LONGEST_GAP
    try:
        response_of(item, message)
    except UserMistake:
        return len(message) <= _SLIP
    return True


class QuizTalk(Journey):
    """A turn of a quiz."""

    def __init__(self, house: House, request: Request, stop: Stop, examiner: Examiner) -> None:
        super().__init__(house, request, stop)
        self._examiner = examiner
        self._text = ""
        self._offers: tuple[str, ...] = ()

    def begin(self, source: Source = "topic") -> Generator[Event]:
        """Begin a quiz on what the message names, or on what the learner's record brings up.

        Raises UserMistake where the notes have nothing on it.
        """
        wish = replace(wished(self._request.message, self._language), source=source)
        quiz = self._examiner.quiz(wish, self._request.learner)
        said = list(quiz.notices)
        if quiz.items:
            sitting = Sitting(quiz.id, self._language, quiz.items)
            title = quiz.topic or say("quiz_mixed", self._language)
            said = [say("quiz_begins", self._language, title=title, n=str(sitting.total)), *said]
            yield from self._ask(sitting, said)
        else:
            self._sitting = kept(None)
            yield from self._say(said, ())

    def go_on(self, sitting: Sitting) -> Generator[Event]:
        """Grade the answer that the message is, or do what it says: hint, skip, stop, I was right."""
        message = self._request.message
        self._language = sitting.language  # a letter is in none
        match _word(message):
            case "hint":
                yield from self._hint(sitting)
            case "stop":
                yield from self._sum_up(sitting, [])
            case "skip" if sitting.items:
                yield from self._after(replace(sitting, items=sitting.items[1:], hints=0), [])
            case "unknown" if sitting.items:
                item = sitting.items[0]
                outcome = self._examiner.give_up(
                    item, self._request.learner, hints=sitting.hints, quiz=sitting.quiz, tries=0
                )
                key = say("quiz_key", self._language, answer=outcome.grade.right)
                said = [key, *self._told(item, outcome)]
                yield from self._after(sitting.moved(right=False), said, item.citations)
            case "right" if not sitting.attempt:
                yield from self._after(sitting, [say("quiz_not_overruled", self._language)])
            case "right":
                self._examiner.overrule(sitting.attempt, self._request.learner)
                sitting = replace(sitting, right=sitting.right + 1, missed=sitting.missed[:-1], attempt="")
                yield from self._after(sitting, [say("quiz_overruled", self._language)])
            case _:
                yield from self._answer(sitting, message)

    def _answer(self, sitting: Sitting, message: str) -> Generator[Event]:
        if not sitting.items:
            yield from self._sum_up(sitting, [])
            return
        item = sitting.items[0]
        try:
            outcome = self._examiner.answer(
                item, message, self._request.learner, hints=sitting.hints, quiz=sitting.quiz, tries=0, stop=self._stop
            )
        except UserMistake as mistake:
            yield from self._ask(sitting, [mistake.told(self._language)])
            return
        self._usage += outcome.usage
        grade = outcome.grade
        moved = sitting.moved(right=grade.correct, attempt="" if grade.correct else outcome.attempt)
        yield from self._after(moved, self._verdict(item, outcome), item.citations, outcome.rung)

    def _verdict(self, item: Item, outcome: Outcome) -> list[str]:
        grade = outcome.grade
        if grade.correct:
            verdict = say("quiz_right", self._language)
        else:
            verdict = say("quiz_partly" if grade.score else "quiz_wrong", self._language, answer=grade.right)
        return [f"**{verdict}**", *self._told(item, outcome)]

    def _told(self, item: Item, outcome: Outcome) -> list[str]:
        """Return why the key is right, and what the answer changed."""
        marks = "".join(f" [{citation.n}]" for citation in item.citations)
        note = self._house.graph.notes.get(item.concept)
        title = note.title_in(self._language) if note else item.concept
        before, after = f"{outcome.before.value:.0%}", f"{outcome.after.value:.0%}"
        mastery = say("quiz_mastery", self._language, title=title, before=before, after=after)
        changed = say("quiz_practice", self._language) if outcome.is_practice else mastery
        return [f"{outcome.grade.feedback}{marks}", changed]

    def _hint(self, sitting: Sitting) -> Generator[Event]:
        hints = sitting.items[0].hints if sitting.items else ()
        if sitting.hints >= len(hints):
            yield from self._ask(sitting, [say("quiz_no_hint", self._language)])
            return
        hint = say("quiz_hint", self._language, hint=hints[sitting.hints])
        yield from self._ask(replace(sitting, hints=sitting.hints + 1), [hint])

    def _after(
        self, sitting: Sitting, said: Sequence[str], citations: tuple[Citation, ...] = (), rung: Rung = "notes"
    ) -> Generator[Event]:
        if sitting.items:
            yield from self._ask(sitting, said, citations, rung)
        else:
            yield from self._sum_up(sitting, said, citations, rung)

    def _ask(
        self,
        sitting: Sitting,
        said: Sequence[str],
        citations: tuple[Citation, ...] = (),
        rung: Rung = "notes",
    ) -> Generator[Event]:
        item = sitting.items[0]
        self._sitting = kept(sitting)
        level = say(f"level_{LEVELS[item.level]}", self._language)
        number = say("quiz_number", self._language, n=str(sitting.asked + 1), total=str(sitting.total), level=level)
        rule = ["---"] if said else []
        letters = tuple(LETTERS[: len(item.options)]) if item.type in _PICKED else ()
        offers = [*letters, *(["hint"] if item.hints[sitting.hints :] else []), "unknown"]
        offers += ["right"] if sitting.attempt else []
        yield from self._say([*said, *rule, f"**{number}**", asked(item)], citations, rung, self._offered(offers))

    def _sum_up(
        self, sitting: Sitting, said: Sequence[str], citations: tuple[Citation, ...] = (), rung: Rung = "notes"
    ) -> Generator[Event]:
        # The last answer may still be overruled, so the quiz stays open for that alone.
        self._sitting = kept(replace(sitting, items=()) if sitting.attempt else None)
        lines = [*said, *(["---"] if said else [])]
        lines.append(say("quiz_over", self._language, right=str(sitting.right), total=str(sitting.asked)))
        suggested = self._examiner.next(self._request.learner, sitting.missed, self._language)
        lines += [f"- {suggestion.title}: {suggestion.why}" for suggestion in suggested[:3]]
        offers = tuple(say("ask_what", self._language, title=suggestion.title) for suggestion in suggested[:3])
        right = self._offered(["right"] if sitting.attempt else [])
        yield from self._say(lines, citations, rung, (*right, *offers))

    def _offered(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return the replies that are offered: letters as they are, words in the learner's language."""
        return tuple(name if name in LETTERS else say(f"quiz_offer_{name}", self._language) for name in names)

    def _say(
        self,
        paragraphs: Sequence[str],
        citations: tuple[Citation, ...],
        rung: Rung = "notes",
        offers: tuple[str, ...] = (),
    ) -> Generator[Event]:
        self._text, self._offers = "\n\n".join(paragraphs), offers
        yield from self._end(Reply(self._text), rung, citations=citations)

    # --- where this journey differs -----------------------------------------------------------------------------

    def _composed(self, reply: Reply) -> str:
        """Return the text as it is: in logs and commands white space matters."""
        return self._text

    def _finished(self, answer: Answer) -> Answer:
        return replace(answer, next=self._offers)


def _word(message: str) -> str | None:
    said = message.strip(" .,!。，！").replace("’", "'").lower()
    return next((name for name, words in _WORDS.items() if said in words), None)
