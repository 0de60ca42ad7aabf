"""What a learner has shown to know, told in a chat."""

from collections.abc import Generator, Sequence
from dataclasses import replace

from agents.events import Answer, Event
from agents.house import House, Request
from agents.journey import Journey
from agents.phrases import say
from agents.reply import Reply
from agents.standing import Standing
from agents.stop import Stop
from knowledge.vocabulary import STAGE_TITLES


class RecordTalk(Journey):
    """One question on the learner's own record, answered without a model."""

    def __init__(self, house: House, request: Request, stop: Stop, standing: Standing) -> None:
        super().__init__(house, request, stop)
        self._standing = standing
        self._offers: tuple[str, ...] = ()

    def progress(self) -> Generator[Event]:
        """Tell what was answered, how far each stage is mastered, and what is weak."""
        found = self._standing.progress(self._request.learner)
        if not found.attempts:
            yield from self._say([say("progress_none", self._language)])
            return
        counts = {"attempts": found.attempts, "correct": found.correct, "concepts": len(found.mastery)}
        counts |= {"due": len(found.due), "streak": found.streak}
        lines = [say("progress_all", self._language, **{name: str(count) for name, count in counts.items()}), ""]
        for stage in found.stages:
            title = STAGE_TITLES.get(stage.stage, {}).get(self._language, stage.stage)
            share = {"mastery": f"{stage.mastery:.0%}", "studied": str(stage.studied), "concepts": str(stage.concepts)}
            lines.append("- " + say("progress_stage", self._language, title=title, **share))
        notes = self._house.graph.notes
        weak = [notes[one.concept].title_in(self._language) for one in found.weak[:5] if one.concept in notes]
        if weak:
            lines += ["", say("progress_weak", self._language, titles=", ".join(weak))]
        self._offers = tuple(say("ask_quiz", self._language, title=title) for title in weak[:3])
        yield from self._say(lines)

    def path(self) -> Generator[Event]:
        """Tell what is missing for a goal, and in which order to learn it.

        Raises UserMistake for a goal the notes have nothing on.
        """
        goal = self._request.message
        steps = self._standing.path(goal, self._request.learner, self._language)
        if not steps:
            yield from self._say([say("path_known", self._language, title=goal)])
            return
        title = {"title": steps[-1].title, "n": str(len(steps))}
        lines = [say("path_title", self._language, **title), ""]
        for number, step in enumerate(steps, 1):
            lines.append(f"{number}. {step.title} ({say(f'path_{step.state}', self._language)})")
        self._offers = (
            say("ask_what", self._language, title=steps[0].title),
            say("ask_quiz", self._language, title=steps[0].title),
        )
        yield from self._say(lines)

    def next(self) -> Generator[Event]:
        """Tell what to learn next, and why."""
        found = self._standing.next(self._request.learner, (), self._language)
        lines = [say("next_title", self._language), "", *(f"- **{one.title}**: {one.why}" for one in found)]
        self._offers = tuple(say("ask_what", self._language, title=one.title) for one in found[:3])
        yield from self._say(lines)

    def _say(self, lines: Sequence[str]) -> Generator[Event]:
        yield from self._end(Reply("\n".join(lines)), "notes")

    def _finished(self, answer: Answer) -> Answer:
        return replace(answer, next=self._offers)
