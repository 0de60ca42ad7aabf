"""What to ask next: questions the graph suggests after an answer."""

from collections.abc import Sequence

from agents.phrases import say
from knowledge.graph import Graph
from knowledge.vocabulary import Language


def next_questions(graph: Graph, notes: Sequence[str], language: Language, limit: int = 3) -> tuple[str, ...]:
    """Return questions on the neighbourhood of the notes an answer rests on, the first note first.

    A note to set beside the topic comes first, then what it is built from, then other neighbours.
    """
    questions: list[str] = []
    known = [note for note in notes if note in graph.notes]
    for note in known[:2]:
        title = graph.notes[note].title_in(language)
        for edge in graph.edges_from(note, "alternative_to", "contrasts_with")[:1]:
            other = graph.notes[edge.target].title_in(language)
            questions.append(say("ask_difference", language, title=title, other=other))
        for edge in graph.edges_from(note, "implements", "uses", "part_of", "extends")[:2]:
            if edge.target not in known:
                questions.append(say("ask_how", language, title=graph.notes[edge.target].title_in(language)))
        for other_id in [*graph.notes[note].prerequisites, *graph.neighbours(note)]:
            if other_id not in known:
                questions.append(say("ask_what", language, title=graph.notes[other_id].title_in(language)))
    return tuple(dict.fromkeys(questions))[:limit]
