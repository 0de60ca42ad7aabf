"""What to ask next: questions the graph suggests after an answer."""

from collections.abc import Sequence
from typing import Final

from agents.phrases import say
from knowledge.graph import Graph
from knowledge.vocabulary import Language
from tools.fault.fault import Match
from tools.recommend.advice import Advice

_PLANNED: Final = frozenset({"vllm", "sglang"})  # engines whose serving the calculators plan


def next_questions(graph: Graph, notes: Sequence[str], language: Language, limit: int = 3) -> tuple[str, ...]:
    """Return questions on the neighbourhood of the notes an answer rests on, the first note first.

    A note to set beside the topic comes first, then what it is built from, then other neighbours.
    """
    questions: dict[str, str] = {}  # by the note that is new in it: nothing is asked about twice
    known = [note for note in notes if note in graph.notes]
    for note in known[:2]:
        title = graph.notes[note].title_in(language)
        for edge in graph.edges_from(note, "alternative_to", "contrasts_with")[:1]:
            other = graph.notes[edge.target].title_in(language)
            questions.setdefault(edge.target, say("ask_difference", language, title=title, other=other))
        for edge in graph.edges_from(note, "implements", "uses", "part_of", "extends")[:2]:
            if edge.target not in known:
                how = say("ask_how", language, title=graph.notes[edge.target].title_in(language))
                questions.setdefault(edge.target, how)
        for other_id in [*graph.notes[note].prerequisites, *graph.neighbours(note)]:
            if other_id not in known:
                what = say("ask_what", language, title=graph.notes[other_id].title_in(language))
                questions.setdefault(other_id, what)
    return tuple(questions.values())[:limit]


def advice_offers(advice: Advice, limit: int = 4) -> tuple[str, ...]:
    """Return how to go on from advice: the best two side by side, a plan for serving, another constraint, how to begin.

    Each can be said as it is.
    """
    language, picks = advice.language, advice.recommendations
    offers: list[str] = []
    same = [one for one in picks if one.goal == picks[0].goal] if picks else []
    if len(same) > 1:
        offers.append(say("offer_choice", language, title=same[0].title, other=same[1].title))
    plan = _plan(advice)
    if plan:
        offers.append(plan)
    if picks and not advice.constraints.offline:
        offers.append(say("offer_offline", language))
    offers += [say("ask_what", language, title=one.title) for one in picks[:2]]
    return tuple(offers[:limit])


def fault_offers(match: Match, language: Language) -> tuple[str, ...]:
    """Return how to go on from a pitfall that was found: why it happens, and whether it was understood."""
    return (say("offer_why", language, title=match.title), say("ask_quiz", language, title=match.title))


def _plan(advice: Advice) -> str:
    """Return the command that plans the serving of the task's model on its cards, where both are named."""
    constraints = advice.constraints
    serves = any(one.tool in _PLANNED for one in advice.recommendations)
    if not serves or not constraints.model or not constraints.accelerators:
        return ""
    card = constraints.accelerators[0]
    return f"/calc serve {constraints.model} {card.count}x {card.name}"
