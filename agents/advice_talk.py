"""Advice in a chat: which tool for a task, and how named tools compare for it; what was said before is remembered."""

import re
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import replace
from typing import Final

from agents import advice_text, cited
from agents.advice_text import Head
from agents.advisor import Advisor, rivals
from agents.consultation import Consultation, FollowUp, kept
from agents.conversation import Conversation
from agents.events import Answer, Cited, Event, EvidenceFound, Marks, Opens, Rung, Step, Token, Usage
from agents.house import House, Request, Seat
from agents.phrases import say
from agents.recommending import Recommender
from agents.reply import Reply
from agents.stop import Stop
from agents.suggestion import advice_offers
from tools.recommend.advice import Advice
from tools.recommend.reading import read

_FOR: Final = re.compile(
    r"\s(?:for|to|when|if|on|with)\s+(?P<en>.+)$|(?:用于|用来|来做|针对|适合)\s*(?P<zh>.+)$", re.IGNORECASE | re.DOTALL
)
_BETWEEN: Final = re.compile(
    r"[\s,，、/]+(?:(?:and|or|vs\.?|versus|with|和|与|跟|还是|或)[\s,，、]+)?|(?<=\w)(?:和|与|跟|还是|或)(?=\w)"
)
_THIS: Final = re.compile(r"\b(?:this|that|it|these|them)\b|这|它|此", re.IGNORECASE)


class AdviceTalk(Conversation):
    """One request for advice: what rules and the notes say stands first, whoever adds to it."""

    def __init__(
        self, house: House, request: Request, stop: Stop, recommender: Recommender, before: Consultation | None = None
    ) -> None:
        super().__init__(house, request, stop)
        self._recommender = recommender
        self._before = before
        self._advice: Advice | None = None
        self._head = Head("")
        self._is_checked = False  # all that the advisor's model said
        self._offers: tuple[str, ...] = ()
        self._opens: Opens | None = None

    def recommend(self, *, is_sure: bool = True) -> Generator[Event]:
        """Advise on the task that the message is; one that may mean something else is taught on instead.

        Raises UserMistake for an overlong task.
        """
        yield from self._advise(Consultation(self._request.message, self._language), is_sure=is_sure)

    def compare(self) -> Generator[Event]:
        """Set the tools side by side that the message names, for the task it names.

        Raises UserMistake for fewer than two tools or a name that is none.
        """
        message = self._request.message
        found = read(message, self._house.index.library).named
        task = message if len(found) > 1 else ""
        if self._before is not None and _THIS.search(message) and len(found) > 1:
            task = self._before.task
        yield from self._compare(found if len(found) > 1 else _names(message), task)

    def compare_named(self) -> Generator[Event]:
        """Set the tools side by side that a command lists, for the task after "for".

        Raises UserMistake as `compare` does.
        """
        purpose = _FOR.search(f" {self._request.message}")
        listed = f" {self._request.message}"[: purpose.start() if purpose else None].strip()
        task = (purpose["en"] or purpose["zh"]) if purpose else ""
        names = _names(listed)
        library = self._house.index.library
        known = read(listed, library).named
        if len(known) > 1 and any(library.named(name) is None for name in names):
            names = known  # a name of several words
        yield from self._compare(names, task)

    def go_on(self, follow_up: FollowUp) -> Generator[Event]:
        """Advise anew with what the message adds to the task, or set another tool beside the one advised."""
        self._language = follow_up.consultation.language
        if follow_up.compared:
            yield from self._compare(follow_up.compared, follow_up.consultation.task)
        else:
            yield from self._advise(follow_up.consultation)

    # --- advice ---------------------------------------------------------------------------------------------------

    def _advise(self, consultation: Consultation, *, is_sure: bool = True) -> Generator[Event]:
        self._searched = consultation.task
        began = self._house.clock()
        advice = self._recommender.recommend(consultation.task, language=self._language)
        if advice.abstained and not is_sure:
            self._searched = self._request.message
            yield from self.learn()
            return
        self._take(consultation, advice)
        self._explaining = ("weigh", "advisor", "step_weigh")
        yield from self._begin("advise", self._house.clock() - began)
        rung: Rung = "notes"
        if not advice.is_sure:
            again = yield from self._reread(consultation)
            if again is not None:
                advice, rung = again, self._best_rung()
        if self._may_weigh(advice, rung):
            yield from self._explain()
        else:
            yield from self._close(rung)

    def _take(self, consultation: Consultation, advice: Advice) -> None:
        """Note what there is to say: the advice, or that there is none, and which notes come nearest."""
        self._advice = advice
        if advice.abstained:
            text = say("advice_outside", self._language)
            if advice.nearest:
                text += " " + say("nearest", self._language, titles=", ".join(title for _, title in advice.nearest))
            self._head = Head(text)
            return
        tools = tuple(one.tool for one in advice.recommendations)
        self._consultation = kept(replace(consultation, tools=tools, question=advice.question))
        self._opens = Opens("choose", consultation.task)
        self._offers = advice_offers(advice)
        self._head = advice_text.advised(advice, self._house.graph)

    def _reread(self, consultation: Consultation) -> Generator[Event, None, Advice | None]:
        """Have a model read a task that rules are not sure of; the advice that follows replaces what was said."""
        if self._best_rung() != "endpoint":  # a smaller model reads worse than the notes' own phrases do
            return None
        spent: list[Usage] = []
        again = yield from self._step(
            "reread", "advisor", "step_reread",
            lambda _: self._recommender.reread(
                consultation.task, language=self._language, stop=self._stop, spent=spent.append
            ),
        )  # fmt: skip
        self._usage = sum(spent, self._usage)
        if again is not None:
            self._take(consultation, again)
            self._evidence = cited.passages(self._head.citations, self._house.graph.notes)
            yield EvidenceFound(self._evidence, self._searched, self._language, self._house.clock() - self._began)
            yield Cited(self._composed(Reply("")), "", "supported", self._head.citations)
        return again

    def _may_weigh(self, advice: Advice, rung: Rung) -> bool:
        """Tell whether there is something to weigh; the embedded model has had its one call where it has read."""
        return rivals(advice) is not None and rung != "embedded"

    def _best_rung(self) -> Rung:
        seat = next(self._seats(), None)
        return "notes" if seat is None else seat.endpoint.rung

    # --- comparison -----------------------------------------------------------------------------------------------

    def _compare(self, names: Sequence[str], task: str) -> Generator[Event]:
        self._searched = task or self._request.message
        began = self._house.clock()
        table = self._recommender.compare(names, task, language=self._language)
        tools = tuple(tool for tool, _ in table.tools)
        if task:
            self._consultation = kept(Consultation(task, self._language, tools))
        self._opens = Opens("choose", task, tools)
        self._offers = tuple(say("ask_what", self._language, title=title) for _, title in table.tools[:3])
        self._head = advice_text.compared(table)
        if task and task != self._request.message:
            title = say("advice_compared", self._language, task=task)
            self._head = replace(self._head, text=f"{title}\n\n{self._head.text}")
        yield from self._begin("compare", self._house.clock() - began)
        yield from self._close("notes")

    # --- what both share ------------------------------------------------------------------------------------------

    def _begin(self, step: str, seconds: float) -> Generator[Event]:
        """Show what the words rest on, then the words."""
        self._evidence = cited.passages(self._head.citations, self._house.graph.notes)
        self._evidence_s = self._house.clock() - self._began
        yield EvidenceFound(self._evidence, self._searched, self._language, self._evidence_s)
        titles = ", ".join(dict.fromkeys(passage.title for passage in self._evidence))
        yield Step(step, "advisor", say(f"step_{step}", self._language), "done", seconds, titles)
        self._first_token_s = self._house.clock() - self._began
        yield from self._anew()

    def _close(self, rung: Rung) -> Generator[Event]:
        abstained = self._advice is not None and self._advice.abstained
        yield from self._end(Reply(""), rung, said=True, abstained=abstained, citations=self._head.citations)

    # --- where this journey differs -------------------------------------------------------------------------------

    def _teach(self, seat: Seat) -> Generator[Event]:
        if self._advice is None:  # a message that asks for no tool is taught on
            yield from super()._teach(seat)
        else:
            yield from self._weigh(seat, self._advice)

    def _weigh(self, seat: Seat, advice: Advice) -> Generator[Event]:
        """Have the advisor weigh the first tool against the next; only what the notes support is kept."""
        words: list[str] = []
        advisor = Advisor(seat.endpoint, seat.capabilities)
        self._stop.aborts(advisor.abort)

        def weigh(say_word: Callable[[str], None]) -> None:
            advisor.weigh(advice.task, advice, self._evidence, self._language, say_word)

        name, agent, title = self._explaining
        try:
            yield from self._step(name, agent, title, weigh, words=words)
        finally:
            self._usage += advisor.usage
        reply = Reply("".join(words), self._head.citations)
        yield from self._verify(reply, seat, self._evidence)
        self._is_checked = True
        yield from self._end(reply, seat.endpoint.rung if reply.supported else "notes", said=True)

    def _quote(self, rung: Rung, unsupported: tuple[str, ...] = ()) -> Generator[Event]:
        if self._advice is None:
            yield from super()._quote(rung, unsupported)
        else:
            yield from self._close("notes")

    def _anew(self) -> Iterable[Event]:
        if not self._head.text:
            return ()
        return (Marks(self._head.citations), Token(f"{self._head.text}\n\n"))

    def _composed(self, reply: Reply) -> str:
        if not self._head.text:
            return super()._composed(reply)
        return f"{self._head.text}\n\n{reply.text(supported_only=self._is_checked)}".strip()

    def _finished(self, answer: Answer) -> Answer:
        return replace(answer, next=self._offers or answer.next, opens=self._opens)


def _names(listed: str) -> list[str]:
    return [name for name in _BETWEEN.split(listed.strip(" .?。？")) if name.strip()]
