"""The journey of a question that a calculator answers: figures first, then what the notes and the tutor say to them."""

import json
from collections.abc import Generator, Iterable, Sequence
from dataclasses import replace
from typing import Final

from agents import computed, conversation
from agents import reply as replies
from agents.conversation import Conversation
from agents.desk import Turn
from agents.events import Answer, Calculated, Event, Rung, Step, Token
from agents.house import House
from agents.house import Request as Message
from agents.phrases import say
from agents.reply import Reply
from agents.stop import Stop
from knowledge import retrieval
from knowledge.errors import UserMistake
from knowledge.evidence import Evidence
from tools.calculators.calculation import Calculation, calculate
from tools.calculators.derivation import Text
from tools.calculators.request import Request, changed

_QUOTED: Final = 3  # sentences of the notes beside figures that no model explains
_EXPLAINING: Final = 2  # passages of the note that explains a calculation


class Calculating(Conversation):
    """A request with its calculation. The figures are the calculator's own, whoever explains them.

    Raises UserMistake where the calculation cannot be made.
    """

    def __init__(self, house: House, message: Message, stop: Stop, asked: Request) -> None:
        super().__init__(house, message, stop)
        began = house.clock()
        self._calculation: Calculation = calculate(asked.kind, asked.arguments)
        self._calculation_s = house.clock() - began
        self._figures = json.dumps({"kind": asked.kind, "arguments": dict(asked.arguments)})
        self._block = computed.block(self._calculation, self._assumed(asked), self._language)

    def calculate(self) -> Generator[Event]:
        """Calculate, then explain: with the best model that answers, or with the notes' own words."""
        yield from self._gather()
        title = say("step_calculate", self._language)
        yield Step(
            "calculate", "calculator", title, "done", self._calculation_s, self._calculation.summary(self._language)
        )
        yield Calculated(self._calculation, self._block.head, self._block.derivation, self._language)
        self._first_token_s = self._house.clock() - self._began
        yield Token(self._head())
        yield from self._explain()

    # --- where this journey differs -----------------------------------------------------------------------------

    def _find(self) -> tuple[Evidence, ...]:
        """Search as for learning; the note that explains the calculation is among the passages."""
        found = super()._find()
        if found and found[0].ground < conversation.GROUNDED:
            found = ()
        note = self._house.graph.notes.get(self._calculation.note)
        if note is None or any(evidence.note == note.id for evidence in found):
            return found
        hits = retrieval.search(self._house.index, note.title_in(self._language), conversation.SEARCHED)
        own = [hit for hit in hits if hit.note == note.id]
        own.sort(key=lambda hit: hit.language != self._language)
        return (*found[: conversation.SHOWN - _EXPLAINING], *own[:_EXPLAINING])

    def _anew(self) -> Iterable[Event]:
        return (Token(self._head()),)

    def _material(self) -> tuple[Evidence, ...]:
        return (computed.passage(self._calculation, self._language, derived=False), *self._evidence)

    def _grounds(self, passages: Sequence[Evidence]) -> list[Evidence]:
        """Claims may rest on the whole derivation, of which the prompt has only the results."""
        return [computed.passage(self._calculation, self._language, derived=True), *passages[1:]]

    def _composed(self, reply: Reply) -> str:
        return f"{self._head()}{reply.text()}".rstrip()

    def _finished(self, answer: Answer) -> Answer:
        return replace(answer, text=f"{answer.text}\n\n{self._block.derivation}", calculation=self._calculation)

    def _quote(self, rung: Rung, unsupported: tuple[str, ...] = ()) -> Generator[Event]:
        """Put the notes' own sentences below the figures; below the figures alone, where a model has said nothing."""
        own = [passage for passage in self._evidence if passage.language == self._language]
        reply = replies.from_notes((own or list(self._evidence))[:2], limit=_QUOTED)
        said = rung == "notes"
        if said and reply.text():
            yield Token(reply.text())
        yield from self._end(reply, rung, said=said, unsupported=unsupported)

    def _head(self) -> str:
        return f"{self._block.head}\n\n"

    def _assumed(self, asked: Request) -> tuple[Text, ...]:
        """Return what was taken for granted: by the reading of the question, and by the calculator's defaults."""
        inputs, texts = self._calculation.inputs, asked.assumed
        for name, key in (("context", "assumed_context"), ("sequence", "assumed_context")):
            if name in inputs and name not in asked.arguments:
                n = f"{inputs[name]:,}"
                texts += (Text(say(key, "en", n=n), say(key, "zh", n=n)),)
        return texts


def follow_up(message: str, turns: Sequence[Turn]) -> Request | None:
    """Return the session's last calculation with what a message changes of it, or None where it changes nothing.

    Advice that was given since then is meant instead.
    """
    latest = next((turn for turn in reversed(turns) if turn.calculation or turn.consultation), None)
    if latest is None or not latest.calculation:
        return None
    before = json.loads(latest.calculation)
    return changed(message, before["kind"], before["arguments"])


class _Refused(Conversation):
    """A question whose calculation cannot be made: the reason is the answer, and the notes say more."""

    def __init__(self, house: House, message: Message, stop: Stop, reason: str) -> None:
        super().__init__(house, message, stop)
        self._reason = reason

    def _composed(self, reply: Reply) -> str:
        return f"{self._reason}\n\n{reply.text()}".rstrip()

    def _abstention(self) -> Reply:
        return Reply("")

    def _finished(self, answer: Answer) -> Answer:
        return replace(answer, abstained=False)


def calculating(house: House, message: Message, stop: Stop, asked: Request) -> Generator[Event]:
    """Answer with a calculation.

    Where it cannot be made, a command is refused with UserMistake; of a question, the reason is the answer.
    """
    try:
        journey = Calculating(house, message, stop, asked)
    except UserMistake as mistake:
        if asked.is_command:
            raise
        return _Refused(house, message, stop, mistake.told(message.language)).learn()
    return journey.calculate()
