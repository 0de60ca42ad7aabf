"""An error in a chat: what the pasted log shows, why it happens and how it is mended."""

from collections.abc import Generator, Iterable
from dataclasses import replace
from typing import Final

from agents import cited, fault_text
from agents import reply as replies
from agents.advice_text import Head
from agents.conversation import Conversation
from agents.events import Answer, Event, EvidenceFound, Marks, Opens, Step, Token
from agents.house import House, Request
from agents.journey import masked
from agents.mending import Mender
from agents.pasted_log import excerpt, language_around
from agents.phrases import say
from agents.reply import Reply
from agents.stop import Stop
from agents.suggestion import fault_offers
from knowledge.language import question_language
from knowledge.vocabulary import Language
from tools.fault.fault import Diagnosis, query_of
from tools.fault.normalise import lines_of

_NEAR: Final = 0.5  # how near the notes as a whole have to come to the words of an error that no pitfall explains
_QUOTED: Final = 3  # passages of the notes on such words


class FaultTalk(Conversation):
    """One log, whose secrets are masked already. No model is asked: the fix is the notes' own."""

    def __init__(self, house: House, request: Request, stop: Stop, mender: Mender) -> None:
        # What is kept of a log is its beginning and its end.
        super().__init__(house, replace(request, message=excerpt(request.message)), stop)
        self._log = request.message
        self._mender = mender
        self._head = Head("")
        self._offers: tuple[str, ...] = ()
        self._opens: Opens | None = None
        self._language = language_around(self._log) or self._spoken()
        self._notices = masked(request.masked, self._language)

    def fix(self) -> Generator[Event]:
        """Tell what the log shows, or that it shows nothing known."""
        began = self._house.clock()
        diagnosis = self._mender.diagnose(self._log, self._language)
        took = self._house.clock() - began
        if diagnosis.abstained:
            yield from self._unknown(diagnosis, took)
            return
        first = diagnosis.matches[0]
        self._searched = first.title
        self._opens = Opens("fix", first.pitfall)
        self._offers = fault_offers(first, self._language)
        self._head = fault_text.diagnosed(diagnosis, self._language)
        self._evidence = cited.passages(self._head.citations, self._house.graph.notes)
        yield from self._begin(took, first.title)
        yield from self._end(Reply(""), "notes", said=True, citations=self._head.citations)

    def _unknown(self, diagnosis: Diagnosis, took: float) -> Generator[Event]:
        """Say so; quote the notes where they speak of the error's own words."""
        self._searched = query_of(lines_of(self._log)) or self._request.message[:200]
        self._head = fault_text.unknown(diagnosis, self._language)
        self._opens = Opens("fix", "")
        near = tuple(e for e in self._find() if e.ground >= _NEAR)[:_QUOTED]
        self._evidence = near or cited.passages(self._head.citations, self._house.graph.notes)
        yield from self._begin(took, "")
        if not near:
            yield from self._end(Reply(""), "notes", said=True, abstained=True, citations=self._head.citations)
            return
        self._head = replace(self._head, text=f"{self._head.text}\n\n**{say('fault_related', self._language)}**")
        reply = replies.from_notes(near, limit=_QUOTED, cited=self._head.citations)
        yield from self._end(reply, "notes", said=True, abstained=True)

    def _begin(self, seconds: float, detail: str) -> Generator[Event]:
        """Show what the words rest on, then the words."""
        self._evidence_s = self._house.clock() - self._began
        yield EvidenceFound(self._evidence, self._searched, self._language, self._evidence_s)
        yield Step("diagnose", "mender", say("step_diagnose", self._language), "done", seconds, detail)
        self._first_token_s = self._house.clock() - self._began
        yield from self._anew()

    def _spoken(self) -> Language:
        """Return the language that the session speaks, or that the page is in: a log is in none."""
        if self._request.session is not None:
            history = self._house.desk.history(self._request.session, self._request.reader)
            if history:
                return question_language(history[-1].question)
        return self._request.spoken or "en"

    # --- where this journey differs -------------------------------------------------------------------------------

    def _anew(self) -> Iterable[Event]:
        return (Marks(self._head.citations), Token(f"{self._head.text}\n\n"))

    def _composed(self, reply: Reply) -> str:
        return f"{self._head.text}\n\n{reply.text()}".strip()

    def _finished(self, answer: Answer) -> Answer:
        return replace(answer, next=self._offers, opens=self._opens)
