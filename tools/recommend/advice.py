"""The advice on a task: what was understood, which tools and why, what was ruled out, how they work together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from knowledge.citation import Citation
from knowledge.evidence import Evidence
from knowledge.language import question_language
from knowledge.library import STALE_AFTER
from knowledge.vocabulary import Language
from tools.quiz.material import Material
from tools.recommend import grounds
from tools.recommend.blocking import Blocking, blocked
from tools.recommend.command import first_command
from tools.recommend.constraints import Constraints
from tools.recommend.exclusion import Exclusion
from tools.recommend.fit import Fit, fit
from tools.recommend.question import question_back
from tools.recommend.reading import read
from tools.recommend.scoring import Need, Score, counted, needs, ranked
from tools.recommend.task import By, Goal, Means, Reading, understand
from tools.recommend.together import Joint, joints
from tools.recommend.tradeoff import trade_off
from tools.recommend.unread import unread
from tools.recommend.wording import load, say

Search = Callable[[str, int], Sequence[Evidence]]
_DEPTH: Final = 40  # passages that scores rest on
_BEHIND: Final = 1.2  # a tool so far behind the best is no advice
_MOST_OUT: Final = 6
_MOST: Final = 5  # tools for a task of many steps
_NEAREST: Final = 3


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A tool for a goal; `why` carries marks [n] of `evidence`, `score` compares tools of the same goal."""

    tool: str
    title: str
    goal: str
    score: float
    why: str
    evidence: tuple[Citation, ...]
    caveats: tuple[str, ...]
    trade_off: str
    fit: Fit | None
    first_command: str
    checked: str
    is_stale: bool


@dataclass(frozen=True, slots=True)
class Advice:
    """All of it, in one language. Without a recommendation, `nearest` are the notes that come closest.

    `abstained`: the task lies outside the notes. `question`: what the answer hangs on, empty where on nothing.
    `by`: how the task was understood. `blocking`: for goals without a tool, the constraints that rule all of them out.
    `unread`: demands of the text that no rule understands, in its words.
    """

    task: str
    language: Language
    constraints: Constraints
    goals: tuple[Goal, ...]
    needs: tuple[Need, ...]
    recommendations: tuple[Recommendation, ...]
    ruled_out: tuple[Exclusion, ...]
    together: tuple[Joint, ...]
    question: str
    abstained: bool
    nearest: tuple[tuple[str, str], ...]  # id, title
    by: By
    blocking: tuple[Blocking, ...]
    unread: tuple[str, ...]

    @property
    def is_sure(self) -> bool:
        """Whether the task was understood beyond doubt."""
        return Reading(self.goals, self.by).is_sure


def recommend(
    task: str,
    material: Material,
    search: Search,
    constraints: Constraints | None = None,
    limit: int = 3,
    language: Language | None = None,
    today: date | None = None,
    means: Means | None = None,
    reading: Reading | None = None,
) -> Advice:
    """Return the advice on a task; `constraints` replace those that are read from it, with a person's corrections.

    `means` tells what a text in everyday words means; `reading` is what another reader made of it.
    """
    speak = language or question_language(task)
    known = read(task, material.library) if constraints is None else constraints
    evidence = list(search(task, _DEPTH))
    reading = reading or understand(task, evidence, material.graph, known, means)
    wishes = needs(task, known)
    lists = [ranked(goal, wishes, known, evidence, material.graph) for goal in reading.goals]
    picks = _picked([scores for scores, _ in lists], limit, known.named)
    when = today or date.today()  # noqa: DTZ011 - notes carry the reader's own days
    recommendations: list[Recommendation] = []
    for score, rival in picks:
        number = 1 + sum(len(one.evidence) for one in recommendations)
        recommendations.append(_recommendation(score, rival, task, known, material, evidence, speak, number, when))
    chosen = {one.tool for one in recommendations}
    out = {one.tool: one for _, found in lists for one in found if one.tool not in chosen}
    return Advice(
        task,
        speak,
        known,
        reading.goals,
        counted(wishes, reading.goals),
        tuple(recommendations),
        tuple(_weightiest(list(out.values()), evidence)),
        joints([(one.tool, one.goal) for one in recommendations], material.graph),
        question_back([goal.name for goal in reading.goals], known, wishes, [s for s, _ in lists], speak),
        not reading.goals,
        () if recommendations else _nearest(evidence, material, speak),
        reading.by,
        tuple(
            blocked(goal, wishes, known, evidence, material.graph)
            for goal, (scores, _) in zip(reading.goals, lists, strict=True)
            if not scores
        ),
        unread(task, known, material.library),
    )


def _picked(lists: Sequence[Sequence[Score]], limit: int, named: Sequence[str]) -> list[tuple[Score, Score | None]]:
    """Return the best tools: one for each goal in order, or for a single goal those close to the best; with rivals."""
    filled = [scores for scores in lists if scores]
    picks: list[tuple[Score, Score | None]] = []
    taken: set[str] = set()
    for scores in filled[:_MOST]:
        first = next((score for score in scores if score.note.id not in taken), None)
        if first is not None:
            rest = [score for score in scores if score.note.id != first.note.id]
            picks.append((first, rest[0] if rest else None))
            taken.add(first.note.id)
    if len(filled) == 1:
        # What the notes say is no choice for a need that the best tool answers is no alternative, unless it is named.
        needed = {need.name for need in filled[0][0].answers}
        scores = [
            score for score in filled[0] if score.note.id in named or not needed & {need.name for need in score.poor}
        ]
        for place, score in enumerate(scores[1:limit], 1):
            if scores[0].total - score.total > _BEHIND:
                break
            picks.append((score, scores[place + 1] if place + 1 < len(scores) else None))
    return picks


def _recommendation(
    score: Score,
    rival: Score | None,
    task: str,
    constraints: Constraints,
    material: Material,
    evidence: Sequence[Evidence],
    language: Language,
    number: int,
    today: date,
) -> Recommendation:
    note = score.note
    found = grounds.reasons(score, material, evidence, language)
    cited = tuple(grounds.citation(ground, material, number + at) for at, ground in enumerate(found))
    sentences: list[str] = []
    for ground, citation in zip(found, cited, strict=True):
        quote = citation.quote.strip()
        if ground.need:
            label = str(load("needs")[ground.need][language])
            sentences.append(f"{say('why_need', language, need=label, quote=quote)} [{citation.n}]")
        else:
            sentences.append(f"{say('why_task', language, quote=quote)} [{citation.n}]")
    fitted = fit(note.id, score.goal.name, constraints)
    stale = note.checked is not None and today - note.checked > STALE_AFTER
    return Recommendation(
        note.id,
        note.title_in(language),
        score.goal.name,
        score.total,
        " ".join(sentences),
        cited,
        _caveats(score, task, constraints, material, fitted, language, is_stale=stale),
        trade_off(score, rival, material.graph, language) if rival else "",
        fitted,
        first_command(note, score.goal.name, constraints, fitted),
        note.checked.isoformat() if note.checked else "",
        stale,
    )


def _caveats(
    score: Score,
    task: str,
    constraints: Constraints,
    material: Material,
    fitted: Fit | None,
    language: Language,
    *,
    is_stale: bool,
) -> tuple[str, ...]:
    """Return what speaks against a tool in this case, in the words of its note."""
    note, said = score.note, list[str]()
    assert note.tool
    if fitted and fitted.verdict == "does not fit":
        cards = ", ".join(f"{card.count} × {card.name}" for card in constraints.accelerators)
        said.append(say("caveat_unfit", language, model=constraints.model, cards=cards))
    quoted: set[int] = set()
    for need in score.poor:
        ground = grounds.quoted(score, need, "against", material)
        if ground and ground.sentence.start not in quoted:
            quoted.add(ground.sentence.start)
            label = str(load("needs")[need.name][language])
            said.append(say("caveat_poor", language, need=label, quote=ground.sentence.text.strip()))
    for ground in grounds.limits(note.id, material, task, language):
        if ground.sentence.start not in quoted:
            said.append(say("caveat_limit", language, quote=ground.sentence.text.strip()))
    if any(word in note.tool.licence for word in ("condition", "excepted", "Elastic")):
        said.append(say("caveat_conditions", language, licence=note.tool.licence))
    if note.tool.first_command.startswith("docker"):
        if constraints.is_hard("no_docker"):
            said.append(say("caveat_no_docker", language, source=note.sources[0] if note.sources else note.id))
        else:
            said.append(say("caveat_docker", language))
    managed = load("traits")["self-managed"].get(note.id)
    if managed and constraints.place == "own":
        said.append(say("caveat_self_managed", language, quote=managed))
    if is_stale and note.checked:
        said.append(say("caveat_stale", language, date=note.checked.isoformat()))
    return tuple(said)


def _weightiest(out: list[Exclusion], evidence: Sequence[Evidence]) -> list[Exclusion]:
    """Return the tools whose absence needs a reason most: the ones not wanted, then those nearest to the task."""
    place = {one.note: at for at, one in reversed(list(enumerate(evidence)))}
    return sorted(out, key=lambda one: (one.code != "excluded", place.get(one.tool, len(evidence)), one.tool))[
        :_MOST_OUT
    ]


def _nearest(evidence: Sequence[Evidence], material: Material, language: Language) -> tuple[tuple[str, str], ...]:
    ids = list(dict.fromkeys(one.note for one in evidence))[:_NEAREST]
    return tuple((one, material.graph.notes[one].title_in(language)) for one in ids)
