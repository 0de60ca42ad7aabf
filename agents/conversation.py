"""One message on its way from the desk to its answer: the journeys of learning, as generators of events."""

from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Final

from agents import reply as replies
from agents import route
from agents.clerk import Clerk
from agents.desk import joined_question
from agents.events import Cited, ClaimCheck, Event, EvidenceFound, Rung, Step, Usage
from agents.house import Seat
from agents.journey import Journey
from agents.judge import Judge
from agents.phrases import say
from agents.reply import Reply
from agents.stop import Stop
from agents.team import Nonsense, Team
from agents.verification import Checked, verify
from knowledge import retrieval
from knowledge.errors import ModelFailed
from knowledge.evidence import Evidence
from knowledge.translation import translated
from knowledge.vocabulary import Language

SEARCHED: Final = 12  # passages looked at for an answer
_DEEP: Final = 30  # passages among which the reader's language is looked for
SHOWN: Final = 6  # passages shown as evidence
GROUNDED: Final = 0.2  # a question to which the notes come less near is off our ground
CONFIDENT: Final = 0.9  # from here on the researcher has nothing to add
_OWN_LANGUAGE: Final = 0.5  # how much more a passage in the reader's language is worth to the tutor
_WITHIN: Final = 0.65  # passages that score less than this share of the best one are no evidence for the question
_QUOTED: Final = 0.8  # the same for what is quoted where no model explains


class Conversation(Journey):
    """The journeys that end in an answer from the notes."""

    _explaining = ("teach", "tutor", "step_teach")  # the step in which a model speaks: its name, whose it is, its title

    def learn(self) -> Generator[Event]:
        """Teach: evidence first, then the best model that answers, then the notes' own words."""
        yield from self._stand_alone()
        yield from self._gather()
        if not self._evidence or self._evidence[0].ground < GROUNDED:
            yield from self._end(self._abstention(), "notes", abstained=True)
            return
        yield from self._explain()

    def talk(self) -> Generator[Event]:
        """Reply to small talk, in words of the model where there is one."""
        text, rung = say("hello", self._language), "notes"
        seat = yield from self._next_seat(self._seats(), "talk", "desk", "step_desk")
        if seat is not None:
            clerk = self._clerk(seat)
            try:
                said = yield from self._step("talk", "desk", "step_desk", lambda _: clerk.talk(self._request.message))
                text, rung = said or text, seat.endpoint.rung
            except ModelFailed as error:
                yield self._fallen(seat, error)
            finally:
                self._usage += clerk.usage
        yield from self._end(Reply(text), rung)

    def help(self) -> Generator[Event]:
        """Say what can be asked."""
        yield from self._end(Reply(say("help", self._language)), "notes")

    def passages(self) -> Generator[Event]:
        """List the best passages, without a model."""
        yield from self._gather()
        if self._evidence:
            yield from self._end(replies.from_notes(self._evidence, limit=2 * SHOWN), "notes")
        else:
            yield from self._end(self._abstention(), "notes", abstained=True)

    def check(self, check: Callable[[str, Stop], tuple[ClaimCheck, Rung]]) -> Generator[Event]:
        """Tell whether the notes support a claim."""
        yield from self._gather()
        claim = self._request.message
        found, rung = yield from self._step("check", "checker", "step_check", lambda _: check(claim, self._stop))
        self._usage += Usage(checks=int("model" in found.scores))
        marks = "".join(f" [{citation.n}]" for citation in found.citations)
        reasons = [translated(reason, self._language) for reason in found.reasons]
        text = "\n\n".join([f"**{say(found.verdict, self._language)}**{marks}", *reasons])
        yield from self._end(Reply(text), rung, citations=found.citations)

    # --- the steps of learning ----------------------------------------------------------------------------------

    def _stand_alone(self) -> Generator[Event]:
        """Turn a follow-up into a question that stands alone, with the model where there is one."""
        if self._request.session is None:
            return
        message, notes = self._request.message, self._house.index.library.notes
        history = self._house.desk.history(self._request.session, self._request.reader)
        names_a_note = bool(self._house.index.library.mentioned(message))
        if not history or not route.leans_on_history(message, names_a_note=names_a_note):
            return
        topics = [notes[note].title_in(self._language) for note in history[-1].notes[:2] if note in notes]
        self._searched = joined_question(message, history, topics, self._language)
        seat = yield from self._next_seat(self._seats(), "rewrite", "desk", "step_rewrite")
        if seat is not None:
            yield from self._gather()  # something to read while the model rewrites
            clerk = self._clerk(seat)
            try:
                rewritten = yield from self._step(
                    "rewrite", "desk", "step_rewrite", lambda _: clerk.rewrite(message, history), detail=str
                )
                self._searched = rewritten or self._searched
            except ModelFailed as error:
                yield self._fallen(seat, error)
            finally:
                self._usage += clerk.usage

    def _gather(self) -> Generator[Event]:
        """Search the notes; what is found is shown before any model is asked."""
        self._evidence = self._find()
        self._evidence_s = self._house.clock() - self._began
        total, embedded = self._house.index.catalog.counts()
        partial = say("partial_index", self._language, done=str(embedded), total=str(total))
        if embedded < total and partial not in self._notices:
            self._notices += (partial,)
        yield EvidenceFound(self._evidence, self._searched, self._language, self._evidence_s)
        title = say("step_search", self._language)
        yield Step("search", "researcher", title, "done", self._evidence_s, _titles(self._evidence))

    def _find(self) -> tuple[Evidence, ...]:
        found = retrieval.search(self._house.index, self._searched, _DEEP)
        # Further down, only what the same notes say in the reader's language is of use.
        notes = {evidence.note for evidence in found[:SEARCHED]}
        further = [e for e in found[SEARCHED:] if e.note in notes and e.language == self._language]
        return _narrowed([*found[:SEARCHED], *further], self._language)

    def _explain(self) -> Generator[Event]:
        """Teach with the best model that answers, or quote the notes."""
        rungs = self._seats()
        while (seat := (yield from self._next_seat(rungs, *self._explaining))) is not None:
            try:
                yield from self._teach(seat)
                return
            except ModelFailed as error:
                yield self._fallen(seat, error)
                yield from self._anew()
        if self._notices:
            self._notices += (say("next_notes", self._language),)
        yield from self._quote("notes")

    def _teach(self, seat: Seat) -> Generator[Event]:
        """Have the team explain, and check what it says. Raises ModelFailed."""
        team = Team(seat.endpoint, seat.capabilities)
        self._stop.aborts(team.abort)
        words: list[str] = []
        try:
            if team.can_research and max((e.score for e in self._evidence), default=0.0) < CONFIDENT:
                yield from self._research(team)

            def teach(say_word: Callable[[str], None]) -> list[Evidence]:
                passages = team.fitting(self._material(), self._searched)
                team.teach(self._searched, passages, self._language, say_word, guided=self._request.guided)
                return passages

            passages = yield from self._step("teach", "tutor", "step_teach", teach, words=words)
        finally:
            self._usage += team.usage
        reply = Reply("".join(words))
        yield from self._verify(reply, seat, self._grounds(passages))
        # Only a guided lesson may consist of a question alone.
        if not reply.supported and (reply.claims or not self._request.guided):
            self._notices += (say("mostly_unsupported", self._language),)
            yield from self._quote(seat.endpoint.rung, reply.unsupported)
        else:
            yield from self._end(reply, seat.endpoint.rung, said=True)

    def _research(self, team: Team) -> Generator[Event]:
        def search(query: str) -> list[Evidence]:
            return retrieval.search(self._house.index, query, 3)

        try:
            found = yield from self._step(
                "research", "researcher", "step_research",
                lambda _: team.research(self._searched, self._evidence, search), detail=_titles,
            )  # fmt: skip
        except Nonsense as error:  # the tutor has the evidence as it was
            self._notices += (str(error),)
            return
        self._evidence = tuple(found[:SEARCHED])
        yield EvidenceFound(self._evidence, self._searched, self._language, self._house.clock() - self._began)

    def _verify(self, reply: Reply, seat: Seat, passages: Sequence[Evidence]) -> Generator[Event]:
        """Check each sentence; where the judge fails, code judges alone."""
        judge: Judge | None = Judge(seat.endpoint, seat.capabilities)
        self._stop.aborts(judge.abort)
        tally = judge.tally
        try:
            for count, (number, claim) in enumerate(reply.claims, 1):
                try:
                    found = yield from self._judged(claim, passages, judge, f"{count}/{len(reply.claims)}")
                except ModelFailed as error:
                    self._notices += (str(error),)
                    judge = None
                    found = verify(claim, passages, None)
                reply.judge(number, found.check.verdict, found.place)
                yield Cited(self._composed(reply), claim, found.check.verdict, reply.citations)
        finally:
            self._usage += tally.usage

    def _judged(
        self, claim: str, passages: Sequence[Evidence], judge: Judge | None, progress: str
    ) -> Generator[Event, None, Checked]:
        def work(_: Callable[[str], None]) -> Checked:
            return verify(claim, passages, judge)

        return (yield from self._step("check", "checker", "step_check", work, detail=lambda _: progress))

    def _quote(self, rung: Rung, unsupported: tuple[str, ...] = ()) -> Generator[Event]:
        """Answer with the notes' own sentences, in the reader's language where the notes have it."""
        own = [passage for passage in self._evidence if passage.language == self._language]
        if not own:
            self._notices += (say("other_language", self._language),)
        passages = own or list(self._evidence)
        near = [p for p in passages[1:] if p.score >= passages[0].score * _QUOTED]
        yield from self._end(replies.from_notes([passages[0], *near]), rung, unsupported=unsupported)

    # --- what a journey may do in its own way -------------------------------------------------------------------

    def _anew(self) -> Iterable[Event]:
        """Return what has to be said again when a failed model has voided all words."""
        return ()

    def _material(self) -> tuple[Evidence, ...]:
        """Return what the tutor may teach from, the best passage first."""
        return self._evidence

    def _grounds(self, passages: Sequence[Evidence]) -> list[Evidence]:
        """Return what the tutor's claims may rest on, given the passages in its prompt."""
        return list(passages)

    # --- parts ----------------------------------------------------------------------------------------------------

    def _clerk(self, seat: Seat) -> Clerk:
        clerk = Clerk(seat.endpoint)
        self._stop.aborts(clerk.abort)
        return clerk

    def _abstention(self) -> Reply:
        text = say("nothing_found", self._language)
        if self._evidence:
            text += " " + say("nearest", self._language, titles=_titles(self._evidence[:3]))
        return Reply(text)


def _narrowed(found: Sequence[Evidence], language: Language) -> tuple[Evidence, ...]:
    """Keep what is near the best passage; a passage in the reader's language is worth a little more."""
    worth = [(e.score + (_OWN_LANGUAGE if e.language == language else 0), e) for e in found]
    best = max((value for value, _ in worth), default=0.0)
    kept = sorted((pair for pair in worth if pair[0] >= best * _WITHIN), key=lambda pair: -pair[0])
    return tuple(evidence for _, evidence in kept[:SHOWN])


def _titles(evidence: Sequence[Evidence]) -> str:
    return ", ".join(dict.fromkeys(passage.title for passage in evidence))
